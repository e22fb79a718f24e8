import type { Rect } from './types.ts';

/**
 * A partly transparent picture, to be blended over others. Colour samples are straight, not multiplied by their alpha, and mean what
 * the canvas's samples mean. Planes are tight; `u`, `v` and `alphaUV` have half the width and height.
 */
export interface Overlay {
  /** Even, in pixels. */
  width: number;
  /** Even, in pixels. */
  height: number;
  y: Uint8Array;
  u: Uint8Array;
  v: Uint8Array;
  /** 0 leaves the picture below as it is, 255 hides it. */
  alphaY: Uint8Array;
  alphaUV: Uint8Array;
}

/** An overlay of which nothing is visible yet. Sizes are even, in pixels. */
export function emptyOverlay(width: number, height: number): Overlay {
  const area = width * height;
  return {
    width,
    height,
    y: new Uint8Array(area),
    u: new Uint8Array(area / 4),
    v: new Uint8Array(area / 4),
    alphaY: new Uint8Array(area),
    alphaUV: new Uint8Array(area / 4),
  };
}

/** Where on the canvas an overlay stands. */
export type Corner = 'topLeft' | 'topRight' | 'bottomLeft' | 'bottomRight';

/** A plane of the picture below, and what of an overlay's plane lies on it. */
interface Window {
  /** Sample of the picture under the first one that is used. */
  to: number;
  toStride: number;
  from: number;
  fromStride: number;
  width: number;
  height: number;
}

/**
 * Blends an overlay into a tight I420 picture, in place. What lies beyond the picture is cut off. Integer arithmetic, every sample
 * rounded to the nearest.
 * @param x left edge on the picture, even, may be negative
 * @param y top edge on the picture, even, may be negative
 * @throws RangeError when the picture does not have the size, or a position or size is odd
 */
export function blendOverlay(
  picture: Uint8Array,
  canvasWidth: number,
  canvasHeight: number,
  overlay: Overlay,
  x: number,
  y: number,
): void {
  const area = canvasWidth * canvasHeight;
  if (picture.length !== area * 1.5) {
    throw new RangeError(`a picture of ${canvasWidth}x${canvasHeight} cannot have ${picture.length} bytes`);
  }
  for (const value of [canvasWidth, canvasHeight, overlay.width, overlay.height, x, y]) {
    if (!Number.isInteger(value / 2)) throw new RangeError(`an overlay needs even sizes and places, got ${value}`);
  }
  const left = Math.max(0, x);
  const top = Math.max(0, y);
  const width = Math.min(canvasWidth, x + overlay.width) - left;
  const height = Math.min(canvasHeight, y + overlay.height) - top;
  if (width <= 0 || height <= 0) return;
  const window = (divisor: 1 | 2): Window => ({
    to: (top / divisor) * (canvasWidth / divisor) + left / divisor,
    toStride: canvasWidth / divisor,
    from: ((top - y) / divisor) * (overlay.width / divisor) + (left - x) / divisor,
    fromStride: overlay.width / divisor,
    width: width / divisor,
    height: height / divisor,
  });
  const chroma = window(2);
  blendPlane(picture.subarray(0, area), overlay.y, overlay.alphaY, window(1));
  blendPlane(picture.subarray(area, area * 1.25), overlay.u, overlay.alphaUV, chroma);
  blendPlane(picture.subarray(area * 1.25), overlay.v, overlay.alphaUV, chroma);
}

/** Left and top edge of something in a corner of the canvas, `margin` pixels off its edges; even, for `blendOverlay`. */
export function placeInCorner(
  corner: Corner,
  canvasWidth: number,
  canvasHeight: number,
  size: Pick<Rect, 'width' | 'height'>,
  margin: number,
): Pick<Rect, 'x' | 'y'> {
  const inset = Math.round(margin / 2) * 2;
  return {
    x: corner.endsWith('Left') ? inset : canvasWidth - size.width - inset,
    y: corner.startsWith('top') ? inset : canvasHeight - size.height - inset,
  };
}

function blendPlane(plane: Uint8Array, colour: Uint8Array, alpha: Uint8Array, window: Window): void {
  for (let row = 0; row < window.height; row++) {
    let to = window.to + row * window.toStride;
    let from = window.from + row * window.fromStride;
    for (const end = from + window.width; from < end; from++, to++) {
      const opacity = alpha[from]!;
      if (opacity === 0) continue;
      const sum = plane[to]! * (255 - opacity) + colour[from]! * opacity + 128;
      // The rounded quotient by 255, exact for every sum that can occur.
      plane[to] = (sum + (sum >> 8)) >> 8;
    }
  }
}
