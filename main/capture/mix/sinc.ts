/** Samples that the interpolator looks at to either side of a position. */
export const SINC_REACH = 24;
/** Weights per position. */
export const SINC_TAPS = 2 * SINC_REACH;

/** Half-power point in parts of the source's Nyquist frequency. */
const CUTOFF = 0.92;
/** Kaiser window shape: stop band 80 dB down. */
const KAISER_BETA = 8;
const TABLE_STEPS = 256;

/** Modified Bessel function of the first kind, order zero. */
function bessel0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/**
 * Weights that give the value `fraction` (0…1) of a sample after sample number `SINC_REACH - 1` of a window of `SINC_TAPS`.
 * They add up to one, so that a constant stays constant.
 */
export function sincWeights(fraction: number): Float64Array {
  const weights = new Float64Array(SINC_TAPS);
  let total = 0;
  for (let tap = 0; tap < SINC_TAPS; tap++) {
    const distance = tap - (SINC_REACH - 1) - fraction;
    const angle = Math.PI * CUTOFF * distance;
    const edge = distance / SINC_REACH;
    const window = bessel0(KAISER_BETA * Math.sqrt(Math.max(0, 1 - edge * edge)));
    const weight = (Math.abs(angle) < 1e-9 ? 1 : Math.sin(angle) / angle) * window;
    weights[tap] = weight;
    total += weight;
  }
  for (let tap = 0; tap < SINC_TAPS; tap++) weights[tap]! /= total;
  return weights;
}

/** Weights for `TABLE_STEPS + 1` positions from 0 to 1, made when the first stream needs correcting. */
let table: Float64Array | null = null;

function fractionTable(): Float64Array {
  if (table === null) {
    table = new Float64Array((TABLE_STEPS + 1) * SINC_TAPS);
    for (let step = 0; step <= TABLE_STEPS; step++) table.set(sincWeights(step / TABLE_STEPS), step * SINC_TAPS);
  }
  return table;
}

/** Value at any `fraction` (0…1) after sample `SINC_REACH - 1` of `window`, between the two nearest positions of a fixed table. */
export function sincAt(window: Float32Array, offset: number, fraction: number): number {
  const weights = fractionTable();
  const place = fraction * TABLE_STEPS;
  const step = Math.min(TABLE_STEPS - 1, Math.floor(place));
  const part = place - step;
  const low = step * SINC_TAPS;
  let before = 0;
  let after = 0;
  for (let tap = 0; tap < SINC_TAPS; tap++) {
    const sample = window[offset + tap]!;
    before += sample * weights[low + tap]!;
    after += sample * weights[low + SINC_TAPS + tap]!;
  }
  return before + (after - before) * part;
}
