/** Points looked at per sample: the sample itself and three between it and the next. */
const OVERSAMPLING = 4;
/** Samples to either side of a point that its value is made of. */
const REACH = 12;
const TAPS = 2 * REACH;
/** Highest sum of the sizes of one point's weights: between samples of level 1 nothing can be higher. */
export const MOST_OVERSHOOT = 2.4;

/** How many samples later a peak is known. */
export const PEAK_DELAY = REACH;

/** Weights of the points between two samples, a sinc under a raised cosine. */
function pointWeights(): Float64Array[] {
  return Array.from({ length: OVERSAMPLING - 1 }, (_, index) => {
    const fraction = (index + 1) / OVERSAMPLING;
    const weights = Float64Array.from({ length: TAPS }, (__, tap) => {
      const distance = tap - (REACH - 1) - fraction;
      const window = Math.cos((Math.PI * distance) / (2 * REACH + 1)) ** 2;
      return (Math.sin(Math.PI * distance) / (Math.PI * distance)) * window;
    });
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight) => weight / total);
  });
}

const WEIGHTS = pointWeights();

/**
 * Finds the level that sound reaches between its samples, which is what a converter puts out and a lossy coder starts from; it can be
 * decibels above every sample. Four points per sample, as loudness meters have it.
 */
export class TruePeak {
  /** The last `TAPS` samples, twice, so that they can be read in one run. */
  readonly #recent = new Float32Array(2 * TAPS);
  #place = 0;
  /** Samples since one was loud enough to matter. */
  #quiet = TAPS;

  /** The sample `PEAK_DELAY` before the newest. */
  get sample(): number {
    return this.#recent[this.#place + REACH - 1]!;
  }

  /** Nothing that was loud enough to matter is among the samples looked at. */
  get isQuiet(): boolean {
    return this.#quiet >= TAPS;
  }

  /** Takes samples whose peaks do not interest. */
  skip(samples: Float32Array): void {
    for (let index = Math.max(0, samples.length - TAPS); index < samples.length; index++) {
      this.push(samples[index]!, Number.POSITIVE_INFINITY);
    }
  }

  /**
   * Takes the next sample.
   * @param floor levels up to this do not interest: a lower answer may come out too low
   * @returns highest level from the sample `PEAK_DELAY` before up to the one after that
   */
  push(sample: number, floor: number): number {
    const recent = this.#recent;
    recent[this.#place] = sample;
    recent[this.#place + TAPS] = sample;
    this.#place = (this.#place + 1) % TAPS;
    this.#quiet = Math.abs(sample) * MOST_OVERSHOOT > floor ? 0 : this.#quiet + 1;
    const oldest = this.#place;
    let peak = Math.abs(this.sample);
    if (this.isQuiet) return peak;
    for (const weights of WEIGHTS) {
      let sum = 0;
      for (let tap = 0; tap < TAPS; tap++) sum += weights[tap]! * recent[oldest + tap]!;
      peak = Math.max(peak, Math.abs(sum));
    }
    return peak;
  }
}
