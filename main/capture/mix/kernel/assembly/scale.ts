// The scaler. What is written out for 4, 6 and 8 taps is what pictures made larger, and smaller by up to half as much again, need; loops do the rest.

/** Rows of the destination that are made together. */
const TOGETHER = 8;
/** Bytes of one pair of columns in the band between the passes: two 16-bit samples of each of the rows. */
const PAIR_BYTES: usize = 32;

/**
 * Added to every sum of the vertical pass: half of what its shift drops, and half a grey level, which all weights of the horizontal pass
 * together hand on as it is, so that nothing has to be added there.
 */
const BIAS = 128 + (32 << 8);

/** Eight samples of two source rows, side by side, weighed and added up: of columns 0 to 3. */
// @ts-ignore: decorator
@inline
function weighLow(upper: v128, lower: v128, weights: v128): v128 {
  return i32x4.dot_i16x8_s(v128.shuffle<i16>(upper, lower, 0, 8, 1, 9, 2, 10, 3, 11), weights);
}

/** The same of columns 4 to 7. */
// @ts-ignore: decorator
@inline
function weighHigh(upper: v128, lower: v128, weights: v128): v128 {
  return i32x4.dot_i16x8_s(v128.shuffle<i16>(upper, lower, 4, 12, 5, 13, 6, 14, 7, 15), weights);
}

/** Eight columns of one destination row after the vertical pass, as 16-bit samples of 64 units per grey level. */
// @ts-ignore: decorator
@inline
function columnsOfTwoPairs(from: usize, stride: usize, bias: v128, first: v128, second: v128): v128 {
  const a = v128.load8x8_u(from);
  const b = v128.load8x8_u(from + stride);
  const c = v128.load8x8_u(from + stride * 2);
  const d = v128.load8x8_u(from + stride * 3);
  const low = i32x4.add(i32x4.add(bias, weighLow(a, b, first)), weighLow(c, d, second));
  const high = i32x4.add(i32x4.add(bias, weighHigh(a, b, first)), weighHigh(c, d, second));
  return i16x8.narrow_i32x4_s(i32x4.shr_s(low, 8), i32x4.shr_s(high, 8));
}

// @ts-ignore: decorator
@inline
function columnsOfThreePairs(
  from: usize,
  stride: usize,
  bias: v128,
  first: v128,
  second: v128,
  third: v128,
): v128 {
  const a = v128.load8x8_u(from);
  const b = v128.load8x8_u(from + stride);
  const c = v128.load8x8_u(from + stride * 2);
  const d = v128.load8x8_u(from + stride * 3);
  const e = v128.load8x8_u(from + stride * 4);
  const f = v128.load8x8_u(from + stride * 5);
  const low = i32x4.add(
    i32x4.add(bias, weighLow(a, b, first)),
    i32x4.add(weighLow(c, d, second), weighLow(e, f, third)),
  );
  const high = i32x4.add(
    i32x4.add(bias, weighHigh(a, b, first)),
    i32x4.add(weighHigh(c, d, second), weighHigh(e, f, third)),
  );
  return i16x8.narrow_i32x4_s(i32x4.shr_s(low, 8), i32x4.shr_s(high, 8));
}

// @ts-ignore: decorator
@inline
function columnsOfPairs(from: usize, stride: usize, bias: v128, weights: usize, taps: i32): v128 {
  let low = bias;
  let high = low;
  const end = weights + (<usize>taps << 1);
  for (let pair = weights; pair < end; pair += 4) {
    const both = v128.load32_splat(pair);
    const upper = v128.load8x8_u(from);
    const lower = v128.load8x8_u(from + stride);
    low = i32x4.add(low, weighLow(upper, lower, both));
    high = i32x4.add(high, weighHigh(upper, lower, both));
    from += stride << 1;
  }
  return i16x8.narrow_i32x4_s(i32x4.shr_s(low, 8), i32x4.shr_s(high, 8));
}

/** Puts eight columns of two rows into the band, where the rows' samples of a pair of columns lie together. */
// @ts-ignore: decorator
@inline
function storePairs(to: usize, upper: v128, lower: v128): void {
  const left = v128.shuffle<i32>(upper, lower, 0, 4, 1, 5);
  const right = v128.shuffle<i32>(upper, lower, 2, 6, 3, 7);
  v128.store_lane<u64>(to, left, 0);
  v128.store_lane<u64>(to, left, 1, PAIR_BYTES);
  v128.store_lane<u64>(to, right, 0, PAIR_BYTES * 2);
  v128.store_lane<u64>(to, right, 1, PAIR_BYTES * 3);
}

/**
 * Two rows of the vertical pass: weighs `taps` source rows (an even number) from `upper` and as many from `lower`. Works on 8 columns at a
 * time and so reads up to 7 bytes beyond the width.
 */
function filterRows(
  upper: usize,
  lower: usize,
  stride: usize,
  width: i32,
  upperWeights: usize,
  lowerWeights: usize,
  taps: i32,
  band: usize,
): void {
  const end = upper + <usize>width;
  // By way of memory: V8 would build a constant vector anew wherever it is used.
  store<i32>(band, BIAS);
  const bias = v128.load32_splat(band);
  if (taps == 4) {
    const upper0 = v128.load32_splat(upperWeights);
    const upper1 = v128.load32_splat(upperWeights, 4);
    const lower0 = v128.load32_splat(lowerWeights);
    const lower1 = v128.load32_splat(lowerWeights, 4);
    for (; upper < end; upper += 8, lower += 8, band += PAIR_BYTES * 4) {
      storePairs(
        band,
        columnsOfTwoPairs(upper, stride, bias, upper0, upper1),
        columnsOfTwoPairs(lower, stride, bias, lower0, lower1),
      );
    }
  } else if (taps == 6) {
    const upper0 = v128.load32_splat(upperWeights);
    const upper1 = v128.load32_splat(upperWeights, 4);
    const upper2 = v128.load32_splat(upperWeights, 8);
    const lower0 = v128.load32_splat(lowerWeights);
    const lower1 = v128.load32_splat(lowerWeights, 4);
    const lower2 = v128.load32_splat(lowerWeights, 8);
    for (; upper < end; upper += 8, lower += 8, band += PAIR_BYTES * 4) {
      storePairs(
        band,
        columnsOfThreePairs(upper, stride, bias, upper0, upper1, upper2),
        columnsOfThreePairs(lower, stride, bias, lower0, lower1, lower2),
      );
    }
  } else {
    for (; upper < end; upper += 8, lower += 8, band += PAIR_BYTES * 4) {
      storePairs(
        band,
        columnsOfPairs(upper, stride, bias, upperWeights, taps),
        columnsOfPairs(lower, stride, bias, lowerWeights, taps),
      );
    }
  }
}

/** Grey levels of one column, not yet limited to 0…255, from the sums of rows 0 to 3 and 4 to 7. */
// @ts-ignore: decorator
@inline
function levels(upper: v128, lower: v128): v128 {
  return i16x8.narrow_i32x4_s(i32x4.shr_s(upper, 20), i32x4.shr_s(lower, 20));
}

/** One pair of a column's weights, for all rows. */
// @ts-ignore: decorator
@inline
function pairOf(weights: v128, index: i32): v128 {
  if (index == 0) return v128.shuffle<i32>(weights, weights, 0, 0, 0, 0);
  if (index == 1) return v128.shuffle<i32>(weights, weights, 1, 1, 1, 1);
  if (index == 2) return v128.shuffle<i32>(weights, weights, 2, 2, 2, 2);
  return v128.shuffle<i32>(weights, weights, 3, 3, 3, 3);
}

/** Weighs the pair of columns at `from`, of rows 0 to 3, or 4 to 7 sixteen bytes further on. */
// @ts-ignore: decorator
@inline
function weigh(from: usize, weights: v128, offset: usize): v128 {
  return i32x4.dot_i16x8_s(v128.load(from + offset), weights);
}

// @ts-ignore: decorator
@inline
function levelsOfTwoPairs(from: usize, at: usize): v128 {
  const weights = v128.load64_zero(at);
  const first = pairOf(weights, 0);
  const second = pairOf(weights, 1);
  return levels(
    i32x4.add(weigh(from, first, 0), weigh(from, second, PAIR_BYTES)),
    i32x4.add(weigh(from, first, 16), weigh(from, second, PAIR_BYTES + 16)),
  );
}

/** Reads one pair of weights too many. */
// @ts-ignore: decorator
@inline
function levelsOfThreePairs(from: usize, at: usize): v128 {
  const weights = v128.load(at);
  const first = pairOf(weights, 0);
  const second = pairOf(weights, 1);
  const third = pairOf(weights, 2);
  return levels(
    i32x4.add(
      i32x4.add(weigh(from, first, 0), weigh(from, second, PAIR_BYTES)),
      weigh(from, third, PAIR_BYTES * 2),
    ),
    i32x4.add(
      i32x4.add(weigh(from, first, 16), weigh(from, second, PAIR_BYTES + 16)),
      weigh(from, third, PAIR_BYTES * 2 + 16),
    ),
  );
}

// @ts-ignore: decorator
@inline
function levelsOfFourPairs(from: usize, at: usize): v128 {
  const weights = v128.load(at);
  const first = pairOf(weights, 0);
  const second = pairOf(weights, 1);
  const third = pairOf(weights, 2);
  const fourth = pairOf(weights, 3);
  return levels(
    i32x4.add(
      i32x4.add(weigh(from, first, 0), weigh(from, second, PAIR_BYTES)),
      i32x4.add(weigh(from, third, PAIR_BYTES * 2), weigh(from, fourth, PAIR_BYTES * 3)),
    ),
    i32x4.add(
      i32x4.add(weigh(from, first, 16), weigh(from, second, PAIR_BYTES + 16)),
      i32x4.add(weigh(from, third, PAIR_BYTES * 2 + 16), weigh(from, fourth, PAIR_BYTES * 3 + 16)),
    ),
  );
}

// @ts-ignore: decorator
@inline
function levelsOfPairs(from: usize, at: usize, bytes: usize): v128 {
  let upper = i32x4.splat(0);
  let lower = upper;
  const end = at + bytes;
  for (; at < end; at += 4, from += PAIR_BYTES) {
    const both = v128.load32_splat(at);
    upper = i32x4.add(upper, weigh(from, both, 0));
    lower = i32x4.add(lower, weigh(from, both, 16));
  }
  return levels(upper, lower);
}

/** Where a column's first tap is in the band; it is always the first of a pair. */
// @ts-ignore: decorator
@inline
function tapsAt(band: usize, start: i32): usize {
  return band + (<usize>start << 4);
}

/** Stores a block of four columns of up to eight rows; `upper` has rows 0 to 3, `lower` rows 4 to 7. */
function storePart(upper: v128, lower: v128, destination: usize, stride: usize, columns: i32, rows: i32): void {
  for (let y = 0; y < rows; y++) {
    const bytes = i32x4.extract_lane(upper, 0);
    store<u8>(destination, <u8>bytes);
    if (columns > 1) store<u8>(destination, <u8>(bytes >> 8), 1);
    if (columns > 2) store<u8>(destination, <u8>(bytes >> 16), 2);
    if (columns > 3) store<u8>(destination, <u8>(bytes >> 24), 3);
    destination += stride;
    upper = v128.shuffle<i32>(upper, lower, 1, 2, 3, 4);
    lower = v128.shuffle<i32>(lower, lower, 1, 2, 3, 3);
  }
}

/**
 * The horizontal pass of a band: four destination columns of eight rows at a time.
 * @param taps even
 * @param rows that are wanted; what the band has beyond them is not stored
 */
function filterColumns(
  band: usize,
  starts: usize,
  weights: usize,
  taps: i32,
  destination: usize,
  stride: usize,
  width: i32,
  rows: i32,
): void {
  const step = <usize>taps << 1;
  for (let x = 0; x < width; x += 4) {
    const s = starts + (<usize>x << 2);
    const from0 = tapsAt(band, load<i32>(s));
    const from1 = tapsAt(band, load<i32>(s, 4));
    const from2 = tapsAt(band, load<i32>(s, 8));
    const from3 = tapsAt(band, load<i32>(s, 12));
    let left: v128;
    let right: v128;
    if (taps == 8) {
      left = i8x16.narrow_i16x8_u(levelsOfFourPairs(from0, weights), levelsOfFourPairs(from1, weights + 16));
      right = i8x16.narrow_i16x8_u(levelsOfFourPairs(from2, weights + 32), levelsOfFourPairs(from3, weights + 48));
    } else if (taps == 6) {
      left = i8x16.narrow_i16x8_u(levelsOfThreePairs(from0, weights), levelsOfThreePairs(from1, weights + 12));
      right = i8x16.narrow_i16x8_u(levelsOfThreePairs(from2, weights + 24), levelsOfThreePairs(from3, weights + 36));
    } else if (taps == 4) {
      left = i8x16.narrow_i16x8_u(levelsOfTwoPairs(from0, weights), levelsOfTwoPairs(from1, weights + 8));
      right = i8x16.narrow_i16x8_u(levelsOfTwoPairs(from2, weights + 16), levelsOfTwoPairs(from3, weights + 24));
    } else {
      left = i8x16.narrow_i16x8_u(levelsOfPairs(from0, weights, step), levelsOfPairs(from1, weights + step, step));
      right = i8x16.narrow_i16x8_u(
        levelsOfPairs(from2, weights + step * 2, step),
        levelsOfPairs(from3, weights + step * 3, step),
      );
    }
    weights += step << 2;
    // Columns of eight rows become rows of four columns.
    left = v128.shuffle<i8>(left, left, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
    right = v128.shuffle<i8>(right, right, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
    const upper = v128.shuffle<i16>(left, right, 0, 8, 1, 9, 2, 10, 3, 11);
    const lower = v128.shuffle<i16>(left, right, 4, 12, 5, 13, 6, 14, 7, 15);
    let to = destination + <usize>x;
    if (rows < TOGETHER || width - x < 4) {
      storePart(upper, lower, to, stride, width - x, rows);
      continue;
    }
    v128.store_lane<u32>(to, upper, 0);
    to += stride;
    v128.store_lane<u32>(to, upper, 1);
    to += stride;
    v128.store_lane<u32>(to, upper, 2);
    to += stride;
    v128.store_lane<u32>(to, upper, 3);
    to += stride;
    v128.store_lane<u32>(to, lower, 0);
    to += stride;
    v128.store_lane<u32>(to, lower, 1);
    to += stride;
    v128.store_lane<u32>(to, lower, 2);
    to += stride;
    v128.store_lane<u32>(to, lower, 3);
  }
}

/**
 * Scales a plane by two tap tables (see ../taps.ts for their layout), eight destination rows at a time. Rows are weighed first: what comes
 * of them is a band of 16-bit samples that never leaves the cache, and in which the eight rows' samples of two columns lie together, so
 * that the columns are then weighed for all rows at once. `band` points at room for it, see `bandBytes`.
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
  band: usize,
): void {
  const stride = <usize>sourceStride;
  const horizontalWeights = horizontal + (<usize>((destinationWidth + 3) & ~3) << 2);
  const verticalWeights = vertical + (<usize>((destinationHeight + 3) & ~3) << 2);
  const step = <usize>verticalTaps << 1;
  for (let y = 0; y < destinationHeight; y += TOGETHER) {
    const rows = min(TOGETHER, destinationHeight - y);
    for (let row = 0; row < rows; row += 2) {
      const upper = y + row;
      // An odd last row is made twice.
      const lower = min(upper + 1, destinationHeight - 1);
      filterRows(
        source + <usize>load<i32>(vertical + (<usize>upper << 2)) * stride,
        source + <usize>load<i32>(vertical + (<usize>lower << 2)) * stride,
        stride,
        sourceWidth,
        verticalWeights + <usize>upper * step,
        verticalWeights + <usize>lower * step,
        verticalTaps,
        band + (<usize>row << 2),
      );
    }
    filterColumns(
      band,
      horizontal,
      horizontalWeights,
      horizontalTaps,
      destination,
      <usize>destinationStride,
      destinationWidth,
      rows,
    );
    destination += <usize>destinationStride * TOGETHER;
  }
}
