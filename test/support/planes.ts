import type { Rect } from '../../main/capture/mix/types.ts';

/** One plane of a picture, tight. */
export interface Plane {
  samples: Uint8Array;
  width: number;
  height: number;
}

/** Y, U and V of an area of a tight I420 picture, copied out. */
export function planesOf(picture: Uint8Array, width: number, height: number, area?: Rect): [Plane, Plane, Plane] {
  const { x, y, width: w, height: h } = area ?? { x: 0, y: 0, width, height };
  const cut = (offset: number, divisor: number): Plane => {
    const samples = new Uint8Array((w * h) / divisor / divisor);
    for (let row = 0; row < h / divisor; row++) {
      const from = offset + (y / divisor + row) * (width / divisor) + x / divisor;
      samples.set(picture.subarray(from, from + w / divisor), (row * w) / divisor);
    }
    return { samples, width: w / divisor, height: h / divisor };
  };
  const luma = width * height;
  return [cut(0, 1), cut(luma, 2), cut(luma * 1.25, 2)];
}
