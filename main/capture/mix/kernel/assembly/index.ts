// The mixing kernel: plain work on 8-bit planes and on sound in linear memory. No allocation, no state: the host owns the memory layout
// and hands in pointers. Every function that is exported has a byte-exact twin in ../reference.ts or ../sound-reference.ts.

export { scalePlane } from './scale';
export { add, convert, findPeaks, highest, limit, toPcm } from './sound';

/** Copies a plane row by row. */
export function copyPlane(
  source: usize,
  sourceStride: i32,
  destination: usize,
  destinationStride: i32,
  width: i32,
  height: i32,
): void {
  if (sourceStride == width && destinationStride == width) {
    memory.copy(destination, source, <usize>(width * height));
    return;
  }
  for (let y = 0; y < height; y++) {
    memory.copy(destination, source, <usize>width);
    source += <usize>sourceStride;
    destination += <usize>destinationStride;
  }
}

/** Sets every byte of a plane to one value. */
export function fillPlane(destination: usize, stride: i32, width: i32, height: i32, value: i32): void {
  for (let y = 0; y < height; y++) {
    memory.fill(destination, <u8>value, <usize>width);
    destination += <usize>stride;
  }
}

/** Writes the plane turned clockwise by 1, 2 or 3 quarters, tightly packed. */
export function rotatePlane(
  source: usize,
  sourceStride: i32,
  width: i32,
  height: i32,
  destination: usize,
  quarterTurns: i32,
): void {
  // The step through the source that corresponds to one step right and one step down in the turned plane.
  let origin: isize = 0;
  let right: isize = 0;
  let down: isize = 0;
  let turnedWidth = width;
  let turnedHeight = height;
  if (quarterTurns == 1) {
    origin = <isize>((height - 1) * sourceStride);
    right = -(<isize>sourceStride);
    down = 1;
  } else if (quarterTurns == 2) {
    origin = <isize>((height - 1) * sourceStride + width - 1);
    right = -1;
    down = -(<isize>sourceStride);
  } else {
    origin = <isize>(width - 1);
    right = <isize>sourceStride;
    down = -1;
  }
  if (quarterTurns != 2) {
    turnedWidth = height;
    turnedHeight = width;
  }
  // Bands of 32 columns keep the source lines of a quarter turn in the cache while the rows go by.
  for (let band = 0; band < turnedWidth; band += 32) {
    const bandEnd = min(band + 32, turnedWidth);
    for (let y = 0; y < turnedHeight; y++) {
      let from: isize = <isize>source + origin + <isize>y * down + <isize>band * right;
      const row = destination + <usize>(y * turnedWidth);
      for (let x = band; x < bandEnd; x++) {
        store<u8>(row + <usize>x, load<u8>(<usize>from));
        from += right;
      }
    }
  }
}
