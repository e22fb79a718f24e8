import { highestOf, MOST_OVERSHOOT, PEAK_DELAY, TruePeak } from './true-peak.ts';

/** How far the limiter looks ahead, in samples at 48 kHz: 5 ms. Also its delay. */
export const LOOK_AHEAD = 240;
/** What is left of it when a peak between samples is known. */
const ATTACK = LOOK_AHEAD - PEAK_DELAY;

/** Places for one more candidate than `ATTACK`, a power of two less one. */
const CANDIDATES_MASK = 255;

/** Gains are whole numbers of this part of one, so that a sum of them is exact and full gain is exactly one. */
const UNITY = 1 << 20;
/** Release: share of the missing gain that comes back per sample, a time constant of 80 ms. */
const RELEASE = 1 / (0.08 * 48_000);

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
  /** Samples that wait for their gain, and the last gains; both indexed by sample number modulo their length. */
  readonly #delayed = new Float32Array(LOOK_AHEAD);
  readonly #held = new Int32Array(ATTACK).fill(UNITY);
  #heldSum = ATTACK * UNITY;
  #place = 0;
  #heldPlace = 0;
  #gain = UNITY;
  readonly #truePeak = new TruePeak();
  #peaks = new Float64Array(1024);
  /** Candidates for the lowest gain needed in the look-ahead window, rising; `#numbers` says by which sample. */
  readonly #needs = new Int32Array(CANDIDATES_MASK + 1);
  readonly #numbers = new Float64Array(CANDIDATES_MASK + 1);
  #first = 0;
  #candidates = 0;
  #number = 0;

  /** Replaces `samples` by what comes out. */
  process(samples: Float32Array, ceiling: Ceiling): void {
    const lowestCeiling = Math.min(ceiling.sample, ceiling.truePeak);
    if (this.#peaks.length < samples.length) this.#peaks = new Float64Array(2 * samples.length);
    this.#truePeak.take(samples);
    const isFull = this.#isFull;
    const isFar = isFull && this.#truePeak.isQuiet && highestOf(samples) * MOST_OVERSHOOT <= lowestCeiling;
    if (isFar || (this.#truePeak.measure(ceiling.truePeak, this.#peaks) <= lowestCeiling && isFull))
      this.#delay(samples);
    else this.#limit(samples, ceiling);
  }

  /** The long way: a gain for each sample. What is used for each is in variables of its own, which is much quicker than fields. */
  #limit(samples: Float32Array, ceiling: Ceiling): void {
    const lowestCeiling = Math.min(ceiling.sample, ceiling.truePeak);
    const [delayed, held, needs, numbers, peaks] = [this.#delayed, this.#held, this.#needs, this.#numbers, this.#peaks];
    let [place, heldPlace, gain, heldSum] = [this.#place, this.#heldPlace, this.#gain, this.#heldSum];
    let [first, candidates, number] = [this.#first, this.#candidates, this.#number];
    for (let index = 0; index < samples.length; index++) {
      // No sample is above its peak.
      const need = peaks[index]! <= lowestCeiling ? UNITY : this.#gainFor(index, ceiling);
      // Adds the sample's need to the sliding minimum over the last `ATTACK + 1` samples.
      if (candidates > 0 && numbers[first]! < number - ATTACK) {
        first = (first + 1) & CANDIDATES_MASK;
        candidates--;
      }
      while (candidates > 0 && needs[(first + candidates - 1) & CANDIDATES_MASK]! >= need) candidates--;
      const slot = (first + candidates) & CANDIDATES_MASK;
      needs[slot] = need;
      numbers[slot] = number++;
      candidates++;
      // Lowest gain needed by any sample from the one that leaves now to the newest, then released slowly.
      gain = Math.min(needs[first]!, gain + Math.ceil((UNITY - gain) * RELEASE));
      // Every gain in the average was held while the leaving sample was in the window: the average is low enough for it.
      heldSum += gain - held[heldPlace]!;
      held[heldPlace] = gain;
      heldPlace = heldPlace + 1 === ATTACK ? 0 : heldPlace + 1;
      const output = delayed[place]!;
      delayed[place] = samples[index]!;
      place = place + 1 === LOOK_AHEAD ? 0 : place + 1;
      samples[index] = heldSum === ATTACK * UNITY ? output : output * (heldSum / (ATTACK * UNITY));
    }
    [this.#place, this.#heldPlace, this.#gain, this.#heldSum] = [place, heldPlace, gain, heldSum];
    [this.#first, this.#candidates, this.#number] = [first, candidates, number];
  }

  /** Nothing is turned down, so nothing in the window has to be. */
  get #isFull(): boolean {
    return this.#gain === UNITY && this.#heldSum === ATTACK * UNITY;
  }

  /** Gives back earlier samples unchanged: the short way for what is far below the ceiling, which most sound is. */
  #delay(samples: Float32Array): void {
    const delayed = this.#delayed;
    let place = this.#place;
    for (let index = 0; index < samples.length; index++) {
      const output = delayed[place]!;
      delayed[place] = samples[index]!;
      place = place + 1 === LOOK_AHEAD ? 0 : place + 1;
      samples[index] = output;
    }
    this.#place = place;
    // No sample in the window needs anything.
    this.#candidates = 0;
  }

  /** Gain that brings the sample `PEAK_DELAY` before the one of this index, and the sound up to the next, below the ceiling. */
  #gainFor(index: number, { sample, truePeak }: Ceiling): number {
    const peak = this.#peaks[index]!;
    const level = Math.abs(this.#truePeak.sampleAt(index));
    let gain = UNITY;
    if (level > sample) gain = Math.floor((sample / level) * UNITY);
    if (peak > truePeak) gain = Math.min(gain, Math.floor((truePeak / peak) * UNITY));
    return gain;
  }
}
