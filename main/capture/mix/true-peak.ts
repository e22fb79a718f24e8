/** Points looked at per sample: the sample itself and three between it and the next. */
const OVERSAMPLING = 4;
/** Samples to either side of a point that its value is made of. */
const REACH = 12;
const TAPS = 2 * REACH;
/** Samples before a new one that its points are made of as well. */
const HISTORY = TAPS - 1;
/** Highest sum of the sizes of one point's weights: between samples of level 1 nothing can be higher. */
export const MOST_OVERSHOOT = 2.4;

/** How many samples later a peak is known. */
export const PEAK_DELAY = REACH;

/** Weights of one of the points between two samples, a sinc under a raised cosine. */
function pointWeights(point: number): Float64Array {
  const fraction = point / OVERSAMPLING;
  const weights = Float64Array.from({ length: TAPS }, (_, tap) => {
    const distance = tap - (REACH - 1) - fraction;
    const window = Math.cos((Math.PI * distance) / (2 * REACH + 1)) ** 2;
    return (Math.sin(Math.PI * distance) / (Math.PI * distance)) * window;
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

const FIRST = pointWeights(1);
const MIDDLE = pointWeights(2);
const LAST = pointWeights(3);
/** The nearest three samples to either side make up most of a point's value. */
const NEAR_FROM = REACH - 3;
const NEAR_TO = REACH + 3;
/** Highest sum of the sizes of one point's other weights: what those samples can add. */
const MOST_FROM_FAR = 0.43;

/**
 * Finds the level that sound reaches between its samples, which is what a converter puts out and a lossy coder starts from; it can be
 * decibels above every sample. Four points per sample, as loudness meters have it.
 */
export class TruePeak {
  /** The last `HISTORY` samples before the newest ones, and behind them those. */
  #line = new Float32Array(HISTORY + 1024);
  /** How many newest ones there are. */
  #count = 0;
  /** Samples since one was loud enough to matter. */
  #quiet = TAPS;

  /** Nothing that was loud enough to matter is among the samples looked at. */
  get isQuiet(): boolean {
    return this.#quiet >= TAPS;
  }

  /** The sample `PEAK_DELAY` before the one of this index among those taken last. */
  sampleAt(index: number): number {
    return this.#line[index + HISTORY - PEAK_DELAY]!;
  }

  /** Takes the next samples. */
  take(samples: Float32Array): void {
    if (this.#line.length < HISTORY + samples.length) {
      const longer = new Float32Array(HISTORY + 2 * samples.length);
      longer.set(this.#line);
      this.#line = longer;
    }
    this.#line.copyWithin(0, this.#count, this.#count + HISTORY);
    this.#line.set(samples, HISTORY);
    this.#count = samples.length;
  }

  /**
   * Looks for the peaks of the samples taken last, once.
   * @param floor levels up to this do not interest: a lower answer may come out too low
   * @param peaks gets, for each sample, the highest level from the sample `PEAK_DELAY` before it up to the one after that
   * @returns the highest of them
   */
  measure(floor: number, peaks: Float64Array): number {
    let highest = 0;
    for (let from = 0; from < this.#count; from += TAPS) {
      highest = Math.max(highest, this.#measure(from, Math.min(this.#count, from + TAPS), floor, peaks));
    }
    return highest;
  }

  /** Samples that are looked at together, because what is loud enough to matter is mostly found in few places. */
  #measure(from: number, to: number, floor: number, peaks: Float64Array): number {
    const line = this.#line;
    const loudest = highestOf(line, from, to + HISTORY);
    const isQuiet = loudest * MOST_OVERSHOOT <= floor;
    const fromFar = loudest * MOST_FROM_FAR;
    let quiet = this.#quiet;
    let highest = 0;
    for (let index = from; index < to; index++) {
      quiet = Math.abs(line[index + HISTORY]!) * MOST_OVERSHOOT > floor ? 0 : quiet + 1;
      let peak = Math.abs(line[index + HISTORY - PEAK_DELAY]!);
      if (!isQuiet && quiet < TAPS && pointsBetween(line, index, NEAR_FROM, NEAR_TO) + fromFar > floor) {
        peak = Math.max(peak, pointsBetween(line, index, 0, TAPS));
      }
      peaks[index] = peak;
      if (peak > highest) highest = peak;
    }
    this.#quiet = quiet;
    return highest;
  }
}

/** Highest level from sample `from` up to `to`. */
export function highestOf(samples: Float32Array, from = 0, to = samples.length): number {
  let highest = 0;
  for (let index = from; index < to; index++) {
    const level = Math.abs(samples[index]!);
    if (level > highest) highest = level;
  }
  return highest;
}

/** Highest of three points, made of the taps from `from` up to `to` alone. Three sums at once: one alone would wait for its own additions. */
function pointsBetween(line: Float32Array, oldest: number, from: number, to: number): number {
  let first = 0;
  let middle = 0;
  let last = 0;
  for (let tap = from; tap < to; tap++) {
    const value = line[oldest + tap]!;
    first += FIRST[tap]! * value;
    middle += MIDDLE[tap]! * value;
    last += LAST[tap]! * value;
  }
  return Math.max(Math.abs(first), Math.abs(middle), Math.abs(last));
}
