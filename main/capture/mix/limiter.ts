import { ATTACK, LOOK_AHEAD, PEAK_DELAY, UNITY } from './kernel/sound.ts';
import type { SoundKernel } from './kernel/sound-kernel.ts';
import { MOST_OVERSHOOT } from './true-peak.ts';

/** Samples before a new one that the points between samples are made of as well. */
const BEFORE_PEAK = 2 * PEAK_DELAY - 1;

/** Highest levels allowed, in the unit of the samples. */
export interface Ceiling {
  sample: number;
  /** Of the sound between the samples; Infinity when only samples count. */
  truePeak: number;
}

/**
 * Keeps peaks below a ceiling without clipping: the gain goes down smoothly over the 5 ms before a peak and comes back slowly.
 * While nothing exceeds the ceiling, samples pass unchanged. Output is the input `LOOK_AHEAD` samples ago.
 */
export class Limiter {
  readonly #kernel: SoundKernel;
  /** The last samples, which wait for their gain. */
  readonly #delayed = new Float32Array(LOOK_AHEAD);
  /** The gains that they need, and those that they would have got before averaging. */
  readonly #needs = new Int32Array(ATTACK).fill(UNITY);
  readonly #gains = new Int32Array(ATTACK).fill(UNITY);
  /** Nothing is turned down, so nothing among the last samples has to be. */
  #isFull = true;

  constructor(kernel: SoundKernel) {
    this.#kernel = kernel;
  }

  /** Replaces `samples`, at most `MOST_SAMPLES`, by what comes out. */
  process(samples: Float32Array, ceiling: Ceiling): void {
    const { line, sound } = this.#kernel.scratch;
    const count = samples.length;
    line.set(this.#delayed);
    line.set(samples, LOOK_AHEAD);
    this.#delayed.set(line.subarray(count, count + LOOK_AHEAD));
    if (this.#isFull && this.#isBelow(count, ceiling)) {
      samples.set(line.subarray(0, count));
      return;
    }
    this.#limit(count, ceiling);
    samples.set(sound.subarray(0, count));
  }

  /** No sample taken last, nor the sound up to it, is above the ceiling. Quiet sound is not looked at closely. */
  #isBelow(count: number, { sample, truePeak }: Ceiling): boolean {
    const loudest = this.#kernel.highest('line', LOOK_AHEAD - BEFORE_PEAK, BEFORE_PEAK + count);
    if (loudest <= sample && loudest * MOST_OVERSHOOT <= truePeak) return true;
    return this.#kernel.findPeaks(count) <= Math.min(sample, truePeak);
  }

  #limit(count: number, { sample, truePeak }: Ceiling): void {
    const { needs, gains } = this.#kernel.scratch;
    if (!this.#isFull) this.#kernel.findPeaks(count);
    needs.set(this.#needs);
    gains.set(this.#gains);
    this.#isFull = this.#kernel.limit(count, sample, truePeak);
    this.#needs.set(needs.subarray(count, count + ATTACK));
    this.#gains.set(gains.subarray(count, count + ATTACK));
  }
}
