import { blueDifferenceOf, lumaOf, redDifferenceOf } from '../mix/colour.ts';
import { emptyOverlay, type Overlay } from '../mix/overlay.ts';
import type { I420Frame } from '../mix/types.ts';

/** A drawn image: four bytes a pixel, red, green, blue and alpha, the colours not multiplied by alpha. Width and height are even. */
export interface RgbaImage {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
}

/**
 * Converts a drawn image to the canvas's colour space, alpha kept. Chroma is level with the left luma sample of its pair and the mean
 * of what is visible around it: transparent pixels have no colour of their own.
 */
export function toOverlay(image: RgbaImage): Overlay {
  const { data, width, height } = image;
  const area = width * height;
  const overlay = emptyOverlay(width, height);
  for (let index = 0; index < area; index++) {
    const at = index * 4;
    overlay.y[index] = Math.round(lumaOf(data[at]!, data[at + 1]!, data[at + 2]!));
    overlay.alphaY[index] = data[at + 3]!;
  }
  convertChroma(image, overlay);
  return overlay;
}

/** Converts a drawn image that is opaque everywhere to a picture. */
export function toFrame(image: RgbaImage): I420Frame {
  const { y, u, v } = toOverlay(image);
  const data = new Uint8Array(y.length * 1.5);
  data.set(y);
  data.set(u, y.length);
  data.set(v, y.length * 1.25);
  return { data, width: image.width, height: image.height, rotation: 0 };
}

/** Weights 1, 2, 1 around the left luma column of each pair, over both of its rows. */
function convertChroma({ data, width, height }: RgbaImage, overlay: Overlay): void {
  let sample = 0;
  for (let row = 0; row < height; row += 2) {
    for (let column = 0; column < width; column += 2, sample++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      let alpha = 0;
      for (let line = row; line <= row + 1; line++) {
        for (let offset = -1; offset <= 1; offset++) {
          const at = (line * width + Math.max(0, column + offset)) * 4;
          const visible = (offset === 0 ? 2 : 1) * data[at + 3]!;
          red += visible * data[at]!;
          green += visible * data[at + 1]!;
          blue += visible * data[at + 2]!;
          alpha += visible;
        }
      }
      const share = alpha === 0 ? 0 : 1 / alpha;
      overlay.u[sample] = Math.round(blueDifferenceOf(red * share, green * share, blue * share));
      overlay.v[sample] = Math.round(redDifferenceOf(red * share, green * share, blue * share));
      overlay.alphaUV[sample] = Math.round(alpha / 8);
    }
  }
}
