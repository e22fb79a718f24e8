// The mixing kernel: plain work on 8-bit planes in linear memory. No allocation, no state: the host owns the memory layout and
// hands in pointers. Every function here has a byte-exact twin in ../reference.ts.

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

/**
 * One row of the vertical pass: weighs `taps` source rows (an even number) into 16-bit samples of 64 units per grey level.
 * Works on 16 columns at a time and so reads up to 15 bytes and writes up to 15 samples beyond the width.
 */
// @ts-ignore: decorator
@inline
function filterRows(source: usize, stride: usize, width: i32, coefficients: usize, taps: i32, row: usize): void {
  const half = i32x4.splat(128);
  for (let x = 0; x < width; x += 16) {
    let sum0 = half;
    let sum1 = half;
    let sum2 = half;
    let sum3 = half;
    let from = source + <usize>x;
    let pair = coefficients;
    const end = coefficients + (<usize>taps << 1);
    while (pair < end) {
      const weights = v128.load32_splat(pair);
      const upper = v128.load(from);
      const lower = v128.load(from + stride);
      const low = v128.shuffle<u8>(upper, lower, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const high = v128.shuffle<u8>(upper, lower, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      sum0 = i32x4.add(sum0, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(low), weights));
      sum1 = i32x4.add(sum1, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(low), weights));
      sum2 = i32x4.add(sum2, i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(high), weights));
      sum3 = i32x4.add(sum3, i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(high), weights));
      from += stride << 1;
      pair += 4;
    }
    const to = row + (<usize>x << 1);
    v128.store(to, i16x8.narrow_i32x4_s(i32x4.shr_s(sum0, 8), i32x4.shr_s(sum1, 8)));
    v128.store(to, i16x8.narrow_i32x4_s(i32x4.shr_s(sum2, 8), i32x4.shr_s(sum3, 8)), 16);
  }
}

/** Adds up the four lanes of four vectors: lane n of the result is the sum of vector n. */
// @ts-ignore: decorator
@inline
function sumLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 4, 1, 5), v128.shuffle<i32>(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 4, 1, 5), v128.shuffle<i32>(c, d, 2, 6, 3, 7));
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 1, 4, 5), v128.shuffle<i32>(ab, cd, 2, 3, 6, 7));
}

// @ts-ignore: decorator
@inline
function dot(row: usize, start: i32, coefficients: usize): v128 {
  return i32x4.dot_i16x8_s(v128.load(row + (<usize>start << 1)), v128.load(coefficients));
}

// @ts-ignore: decorator
@inline
function dotLong(row: usize, start: i32, coefficients: usize, bytes: usize): v128 {
  let sum = i32x4.splat(0);
  const from = row + (<usize>start << 1);
  for (let offset: usize = 0; offset < bytes; offset += 16) {
    sum = i32x4.add(sum, i32x4.dot_i16x8_s(v128.load(from + offset), v128.load(coefficients + offset)));
  }
  return sum;
}

/** One row of the horizontal pass: four destination pixels at a time, `taps` a multiple of 8. */
// @ts-ignore: decorator
@inline
function filterColumns(row: usize, starts: usize, coefficients: usize, taps: i32, destination: usize, width: i32): void {
  const half = i32x4.splat(1 << 19);
  const step = <usize>taps << 1;
  let weights = coefficients;
  for (let x = 0; x < width; x += 4) {
    const s = starts + (<usize>x << 2);
    let sum: v128;
    if (taps == 8) {
      sum = sumLanes(
        dot(row, load<i32>(s), weights),
        dot(row, load<i32>(s, 4), weights + 16),
        dot(row, load<i32>(s, 8), weights + 32),
        dot(row, load<i32>(s, 12), weights + 48),
      );
    } else {
      sum = sumLanes(
        dotLong(row, load<i32>(s), weights, step),
        dotLong(row, load<i32>(s, 4), weights + step, step),
        dotLong(row, load<i32>(s, 8), weights + step * 2, step),
        dotLong(row, load<i32>(s, 12), weights + step * 3, step),
      );
    }
    weights += step << 2;
    const levels = i32x4.shr_s(i32x4.add(sum, half), 20);
    const words = i16x8.narrow_i32x4_s(levels, levels);
    const bytes = i8x16.narrow_i16x8_u(words, words);
    const to = destination + <usize>x;
    const left = width - x;
    if (left >= 4) {
      v128.store_lane<u32>(to, bytes, 0);
    } else {
      store<u8>(to, <u8>i8x16.extract_lane_u(bytes, 0));
      if (left > 1) store<u8>(to, <u8>i8x16.extract_lane_u(bytes, 1), 1);
      if (left > 2) store<u8>(to, <u8>i8x16.extract_lane_u(bytes, 2), 2);
    }
  }
}

/**
 * Scales a plane by two tap tables (see ../taps.ts for their layout). Rows first, because the intermediate result is then a
 * single row that never leaves the cache. `row` points at room for the source width rounded up to 16, or for the horizontal taps
 * if those are more, in 16-bit samples.
 */
export function scalePlane(
  source: usize,
  sourceStride: i32,
  sourceWidth: i32,
  destination: usize,
  destinationStride: i32,
  destinationWidth: i32,
  destinationHeight: i32,
  horizontal: usize,
  horizontalTaps: i32,
  vertical: usize,
  verticalTaps: i32,
  row: usize,
): void {
  const horizontalWeights = horizontal + (<usize>((destinationWidth + 3) & ~3) << 2);
  let verticalWeights = vertical + (<usize>((destinationHeight + 3) & ~3) << 2);
  for (let y = 0; y < destinationHeight; y++) {
    const first = source + <usize>load<i32>(vertical + (<usize>y << 2)) * <usize>sourceStride;
    filterRows(first, <usize>sourceStride, sourceWidth, verticalWeights, verticalTaps, row);
    filterColumns(row, horizontal, horizontalWeights, horizontalTaps, destination, destinationWidth);
    verticalWeights += <usize>verticalTaps << 1;
    destination += <usize>destinationStride;
  }
}
