import type { YuvColour } from '../../main/capture/mix/colour.ts';
import type { I420Frame, Rect } from '../../main/capture/mix/types.ts';
import type { TextRenderer } from '../../main/capture/text/text-renderer.ts';

/** A picture of one colour. */
export function plainFrame(colour: YuvColour, width: number, height: number): I420Frame {
  const area = width * height;
  const data = new Uint8Array(area * 1.5).fill(colour.y, 0, area).fill(colour.u, area, area * 1.25);
  return { data: data.fill(colour.v, area * 1.25), width, height, rotation: 0 };
}

/** Fills an area of a tight I420 picture with one colour. */
export function paint(picture: Uint8Array, canvasWidth: number, canvasHeight: number, area: Rect, colour: YuvColour) {
  const luma = canvasWidth * canvasHeight;
  const planes = [
    [0, 1, colour.y],
    [luma, 2, colour.u],
    [luma * 1.25, 2, colour.v],
  ] as const;
  for (const [offset, divisor, value] of planes) {
    for (let row = 0; row < area.height / divisor; row++) {
      const from = offset + ((area.y / divisor + row) * canvasWidth + area.x) / divisor;
      picture.fill(value, from, from + area.width / divisor);
    }
  }
}

/** The colour in which `plainRenderer` draws the strip or the tile of a name, told apart by the name. */
export function plainColour(kind: 'strip' | 'tile', name: string): YuvColour {
  const number = [...name].reduce((sum, sign) => (sum * 7 + sign.codePointAt(0)!) % 97, 0);
  return { y: kind === 'strip' ? 180 : 60, u: 60 + number, v: 190 - number };
}

/** Draws names as plain colours, so that places can be checked by sums alone. No stamp, no watermark. */
export function plainRenderer(): TextRenderer {
  const refuse = () => {
    throw new Error('plain colours have no overlays');
  };
  return {
    renderStrip: ({ text, width, height }) => plainFrame(plainColour('strip', text), width, height),
    renderTile: ({ text, width, height }) => plainFrame(plainColour('tile', text), width, height),
    renderStamp: refuse,
    loadWatermark: refuse,
  };
}

/** The colour of one pixel of a tight I420 picture. */
export function colourAt(picture: Uint8Array, width: number, height: number, x: number, y: number): YuvColour {
  const chroma = width * height + (y >> 1) * (width / 2) + (x >> 1);
  return { y: picture[y * width + x]!, u: picture[chroma]!, v: picture[chroma + (width * height) / 4]! };
}
