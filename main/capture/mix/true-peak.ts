import { PEAK_DELAY } from './kernel/sound.ts';

/** Points looked at per sample: the sample itself and three between it and the next. */
const OVERSAMPLING = 4;
/** Samples that a point's value is made of: as many to either side. */
const TAPS = 2 * PEAK_DELAY;
/** Highest sum of the sizes of one point's weights: between samples of level 1 nothing can be higher. */
export const MOST_OVERSHOOT = 2.4;

/** Weights of one of the points between two samples, a sinc under a raised cosine. */
export function pointWeights(point: number): Float64Array {
  const fraction = point / OVERSAMPLING;
  const weights = Float64Array.from({ length: TAPS }, (_, tap) => {
    const distance = tap - (PEAK_DELAY - 1) - fraction;
    const window = Math.cos((Math.PI * distance) / (TAPS + 1)) ** 2;
    return (Math.sin(Math.PI * distance) / (Math.PI * distance)) * window;
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/**
 * The weights of all three points, for finding the level that sound reaches between its samples: that is what a converter puts out and a
 * lossy coder starts from, and can be decibels above every sample. Four points per sample, as loudness meters have it.
 *
 * The middle point's weights are the same from both ends, the last one's are the first one's backwards. So three numbers are enough for
 * each pair of samples as far from the middle as each other: the middle point's weight of their sum, and what the sum and the difference add
 * to the first point. The last point is the one less the other; the higher of both is the sum of their sizes.
 */
export function pointPairs(): Float64Array {
  const [first, middle] = [pointWeights(1), pointWeights(2)];
  return Float64Array.from({ length: 3 * PEAK_DELAY }, (_, index) => {
    const pair = Math.floor(index / 3);
    const [left, right] = [first[pair]!, first[TAPS - 1 - pair]!];
    return [middle[pair]!, (left + right) / 2, (left - right) / 2][index % 3]!;
  });
}
