/**
 * Filter tables for scaling along one axis: bicubic with the sharpness that swscale uses by default, widened when the picture gets
 * smaller so that no detail aliases. Coefficients have 14 fractional bits and add up to exactly one.
 */

const ONE = 1 << 14;
const SHARPNESS = -0.6;
/** Reach of the bicubic curve to either side, in samples of the coarser grid. */
const REACH = 2;

/**
 * Where samples sit inside their cell of the grid along one axis, 0…1. Luma and vertical chroma sit in the middle. Horizontal chroma
 * of MPEG video is level with the left luma sample of its pair, that is at a quarter; a turned picture carries it elsewhere.
 */
export const PHASE_MIDDLE = 0.5;
export const PHASE_LEFT = 0.25;
export const PHASE_RIGHT = 0.75;

/** What one table is for. Equal values give equal tables. */
export interface TapsRequest {
  sourceLength: number;
  destinationLength: number;
  sourcePhase: number;
  destinationPhase: number;
  /** Taps begin at samples whose index is a multiple of this: 1 for the vertical pass, 2 for the horizontal one. */
  startMultiple: 1 | 2;
}

/** Destination sample n is the sum of `coefficients[n*tapCount + k] * source[starts[n] + k]`. */
export interface Taps {
  /** Even. */
  tapCount: number;
  starts: Int32Array;
  coefficients: Int16Array;
}

/** Keys' cubic with parameter `SHARPNESS`. */
function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x >= REACH) return 0;
  if (x >= 1) return SHARPNESS * (((x - 5) * x + 8) * x - 4);
  return ((SHARPNESS + 2) * x - (SHARPNESS + 3)) * x * x + 1;
}

/** Integer weights of one destination sample by source index; samples beyond an edge count for the edge. */
function weightsAround(centre: number, widening: number, sourceLength: number): { first: number; weights: number[] } {
  const reach = REACH * widening;
  const from = Math.floor(centre - reach) + 1;
  const to = Math.ceil(centre + reach) - 1;
  const clamp = (index: number) => Math.min(sourceLength - 1, Math.max(0, index));
  const first = clamp(from);
  const exact = new Array<number>(clamp(to) - first + 1).fill(0);
  let total = 0;
  for (let index = from; index <= to; index++) {
    const weight = cubic((index - centre) / widening);
    exact[clamp(index) - first]! += weight;
    total += weight;
  }
  const weights = exact.map((weight) => Math.round((weight / total) * ONE));
  const largest = weights.indexOf(Math.max(...weights));
  weights[largest]! += ONE - weights.reduce((sum, weight) => sum + weight, 0);
  let lead = 0;
  while (weights[lead] === 0) lead++;
  let end = weights.length;
  while (weights[end - 1] === 0) end--;
  return { first: first + lead, weights: weights.slice(lead, end) };
}

/**
 * Computes the table for one axis. Taps stay inside the source, but for one with weight zero where the source's length is odd and starts are
 * even; only when the source has fewer samples than taps do the last ones lie further beyond it, with weight zero too.
 */
export function computeTaps(request: TapsRequest): Taps {
  const { sourceLength, destinationLength, startMultiple } = request;
  const ratio = sourceLength / destinationLength;
  const widening = Math.max(1, ratio);
  const rows = Array.from({ length: destinationLength }, (_, index) =>
    weightsAround((index + request.destinationPhase) * ratio - request.sourcePhase, widening, sourceLength),
  );
  const aligned = (index: number) => index - (index % startMultiple);
  const longest = rows.reduce((most, { first, weights }) => Math.max(most, first - aligned(first) + weights.length), 1);
  const tapCount = Math.ceil(longest / 2) * 2;
  const starts = new Int32Array(destinationLength);
  const coefficients = new Int16Array(destinationLength * tapCount);
  const lastStart = Math.max(0, sourceLength + startMultiple - 1 - tapCount);
  for (const [index, row] of rows.entries()) {
    const start = aligned(Math.min(row.first, lastStart));
    starts[index] = start;
    coefficients.set(row.weights, index * tapCount + row.first - start);
  }
  return { tapCount, starts, coefficients };
}

/** Entries that a table has in memory: the kernel's horizontal pass works on four destination samples at a time. */
function paddedLength(taps: Taps): number {
  return (taps.starts.length + 3) & ~3;
}

/** Bytes that `writeTaps` fills. */
export function tapsBytes(taps: Taps): number {
  return paddedLength(taps) * (4 + 2 * taps.tapCount);
}

/** Lays a table out for the kernel: the starts as 32-bit numbers, then the coefficients, both padded with zeros to a multiple of 4. */
export function writeTaps(taps: Taps, buffer: ArrayBufferLike, offset: number): void {
  const length = paddedLength(taps);
  const starts = new Int32Array(buffer, offset, length);
  starts.fill(0);
  starts.set(taps.starts);
  const coefficients = new Int16Array(buffer, offset + length * 4, length * taps.tapCount);
  coefficients.fill(0);
  coefficients.set(taps.coefficients);
}
