// Work on sound: 32-bit floats at multiples of 4 bytes. Where a function works on four samples at a time, it reads and writes up to
// three beyond the last; what is there does not change the others. Lowest and highest are pmin and pmax, one instruction each: there is no
// NaN, and no zero with a sign, to be looked after.

const INTERPOLATOR_TAPS: i32 = 48;
/** Taps of a point between two samples, taken in pairs from the outside in. */
const POINT_PAIRS: i32 = 12;
/** Samples from the first that a point is made of to the one that it comes after. */
const POINT_DELAY: usize = 11;

const ATTACK: i32 = 228;
const UNITY: i32 = 1 << 20;
const RELEASE_SAMPLES: u32 = 3840;

// @ts-ignore: decorator
@inline
function addedUp(lanes: v128): f32 {
  const halves = f32x4.add(lanes, v128.shuffle<f32>(lanes, lanes, 2, 3, 0, 1));
  return f32x4.extract_lane(halves, 0) + f32x4.extract_lane(halves, 1);
}

// @ts-ignore: decorator
@inline
function highestLane(lanes: v128): f32 {
  const halves = f32x4.pmax(lanes, v128.shuffle<f32>(lanes, lanes, 2, 3, 0, 1));
  return max(f32x4.extract_lane(halves, 0), f32x4.extract_lane(halves, 1));
}

export function convert(
  input: usize,
  weights: usize,
  phases: i32,
  step: i32,
  phase: i32,
  count: i32,
  output: usize,
): void {
  const end = output + (<usize>count << 2);
  for (; output < end; output += 4) {
    const row = weights + (<usize>(phase * INTERPOLATOR_TAPS) << 2);
    let lanes = f32x4.mul(v128.load(row), v128.load(input));
    lanes = f32x4.add(lanes, f32x4.mul(v128.load(row, 16), v128.load(input, 16)));
    lanes = f32x4.add(lanes, f32x4.mul(v128.load(row, 32), v128.load(input, 32)));
    lanes = f32x4.add(lanes, f32x4.mul(v128.load(row, 48), v128.load(input, 48)));
    lanes = f32x4.add(lanes, f32x4.mul(v128.load(row, 64), v128.load(input, 64)));
    lanes = f32x4.add(lanes, f32x4.mul(v128.load(row, 80), v128.load(input, 80)));
    lanes = f32x4.add(lanes, f32x4.mul(v128.load(row, 96), v128.load(input, 96)));
    lanes = f32x4.add(lanes, f32x4.mul(v128.load(row, 112), v128.load(input, 112)));
    lanes = f32x4.add(lanes, f32x4.mul(v128.load(row, 128), v128.load(input, 128)));
    lanes = f32x4.add(lanes, f32x4.mul(v128.load(row, 144), v128.load(input, 144)));
    lanes = f32x4.add(lanes, f32x4.mul(v128.load(row, 160), v128.load(input, 160)));
    lanes = f32x4.add(lanes, f32x4.mul(v128.load(row, 176), v128.load(input, 176)));
    store<f32>(output, addedUp(lanes));
    phase += step;
    if (phase >= phases) {
      phase -= phases;
      input += 4;
    }
  }
}

export function highest(samples: usize, count: i32): f32 {
  const end = samples + (<usize>count << 2);
  const vectorEnd = samples + (<usize>(count & ~3) << 2);
  let lanes = f32x4.splat(0);
  for (; samples < vectorEnd; samples += 16) lanes = f32x4.pmax(lanes, f32x4.abs(v128.load(samples)));
  let most = highestLane(lanes);
  for (; samples < end; samples += 4) most = max(most, abs(load<f32>(samples)));
  return most;
}

export function findPeaks(line: usize, weights: usize, count: i32, peaks: usize): void {
  const end = peaks + (<usize>count << 2);
  for (; peaks < end; peaks += 16) {
    let middle = f32x4.splat(0);
    let even = middle;
    let odd = middle;
    let left = line;
    let right = line + (<usize>(2 * POINT_PAIRS - 1) << 2);
    let pair = weights;
    for (; left < right; left += 4, right -= 4, pair += 12) {
      const a = v128.load(left);
      const b = v128.load(right);
      const sum = f32x4.add(a, b);
      middle = f32x4.add(middle, f32x4.mul(v128.load32_splat(pair), sum));
      even = f32x4.add(even, f32x4.mul(v128.load32_splat(pair, 4), sum));
      odd = f32x4.add(odd, f32x4.mul(v128.load32_splat(pair, 8), f32x4.sub(a, b)));
    }
    const outer = f32x4.add(f32x4.abs(even), f32x4.abs(odd));
    const sample = f32x4.abs(v128.load(line, POINT_DELAY << 2));
    v128.store(peaks, f32x4.pmax(f32x4.pmax(outer, f32x4.abs(middle)), sample));
    line += 16;
  }
}

/** Gains that the samples need. */
// @ts-ignore: decorator
@inline
function findNeeds(line: usize, peaks: usize, count: i32, sample: f32, peak: f32, needs: usize): void {
  const end = peaks + (<usize>count << 2);
  const unity = i32x4.splat(UNITY);
  const one = f32x4.splat(<f32>UNITY);
  const sampleCeiling = f32x4.splat(sample);
  const peakCeiling = f32x4.splat(peak);
  for (; peaks < end; peaks += 16, line += 16, needs += 16) {
    const bySample = f32x4.div(sampleCeiling, f32x4.abs(v128.load(line)));
    const byPeak = f32x4.div(peakCeiling, v128.load(peaks));
    const gain = i32x4.trunc_sat_f32x4_s(f32x4.mul(f32x4.pmin(bySample, byPeak), one));
    v128.store(needs, i32x4.min_s(gain, unity));
  }
}

/** Lowest of each number and the one `distance` numbers before it, from `first` on. May work in place: it goes backwards. */
// @ts-ignore: decorator
@inline
function lowestOfTwo(from: usize, first: usize, last: usize, distance: usize, to: usize): void {
  for (let at = last & ~15; at + 12 >= first; at -= 16) {
    v128.store(to + at, i32x4.min_s(v128.load(from + at), v128.load(from + at - distance)));
    if (at == 0) return;
  }
}

export function limit(
  line: usize,
  peaks: usize,
  count: i32,
  sampleCeiling: f32,
  peakCeiling: f32,
  needs: usize,
  lows: usize,
  gains: usize,
  output: usize,
): i32 {
  findNeeds(line + (<usize>ATTACK << 2), peaks, count, sampleCeiling, peakCeiling, needs + (<usize>ATTACK << 2));
  const last = <usize>(ATTACK + count - 1) << 2;
  // Windows of 2, 4 … 128 needs, then of 229.
  lowestOfTwo(needs, 4, last, 4, lows);
  for (let window: usize = 8; window <= 256; window <<= 1) lowestOfTwo(lows, 2 * window - 4, last, window, lows);
  lowestOfTwo(lows, <usize>ATTACK << 2, last, <usize>(ATTACK - 127) << 2, lows);

  let sum = 0;
  for (let at: usize = 0; at < <usize>ATTACK << 2; at += 4) sum += load<i32>(gains + at);
  let gain = load<i32>(gains, (ATTACK - 1) << 2);
  let sums = lows + (<usize>ATTACK << 2);
  for (let at: usize = 0; at < <usize>count << 2; at += 4) {
    const released = gain + <i32>((<u32>(UNITY - gain) + RELEASE_SAMPLES - 1) / RELEASE_SAMPLES);
    gain = min(load<i32>(sums + at), released);
    sum += gain - load<i32>(gains + at);
    store<i32>(gains + at, gain, ATTACK << 2);
    store<i32>(sums + at, sum);
  }

  const full = f32x4.splat(<f32>(ATTACK * UNITY));
  const end = output + (<usize>count << 2);
  for (; output < end; output += 16, line += 16, sums += 16) {
    const average = f32x4.div(f32x4.convert_i32x4_s(v128.load(sums)), full);
    v128.store(output, f32x4.mul(v128.load(line), average));
  }
  return sum;
}

export function add(samples: usize, count: i32, into: usize): f32 {
  const end = samples + (<usize>count << 2);
  const vectorEnd = samples + (<usize>(count & ~3) << 2);
  let lanes = f32x4.splat(0);
  for (; samples < vectorEnd; samples += 16, into += 16) {
    const added = v128.load(samples);
    lanes = f32x4.add(lanes, f32x4.mul(added, added));
    v128.store(into, f32x4.add(v128.load(into), added));
  }
  let energy = addedUp(lanes);
  for (; samples < end; samples += 4, into += 4) {
    const added = load<f32>(samples);
    energy += added * added;
    store<f32>(into, load<f32>(into) + added);
  }
  return energy;
}

export function toPcm(samples: usize, count: i32, pcm: usize): f32 {
  const end = samples + (<usize>count << 2);
  const half = f32x4.splat(0.5);
  let lanes = f32x4.splat(0);
  for (; samples < end; samples += 16, pcm += 8) {
    const whole = i32x4.trunc_sat_f32x4_s(f32x4.floor(f32x4.add(v128.load(samples), half)));
    const narrow = i16x8.narrow_i32x4_s(whole, whole);
    v128.store64_lane(pcm, narrow, 0);
    const level = f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(narrow));
    lanes = f32x4.add(lanes, f32x4.mul(level, level));
  }
  return addedUp(lanes);
}
