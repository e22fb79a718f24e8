import { MOST_OVERSHOOT, PEAK_DELAY, TruePeak } from './true-peak.ts';

/** How far the limiter looks ahead, in samples at 48 kHz: 5 ms. Also its delay. */
export const LOOK_AHEAD = 240;
/** What is left of it when a peak between samples is known. */
const ATTACK = LOOK_AHEAD - PEAK_DELAY;

/** Gains are whole numbers of this part of one, so that a sum of them is exact and full gain is exactly one. */
const UNITY = 1 << 20;
/** Release: share of the missing gain that comes back per sample, a time constant of 80 ms. */
const RELEASE = 1 / (0.08 * 48_000);

function peakOf(samples: Float32Array): number {
  let peak = 0;
  for (let index = 0; index < samples.length; index++) {
    const sample = samples[index]!;
    if (sample > peak) peak = sample;
    else if (-sample > peak) peak = -sample;
  }
  return peak;
}

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
  /** Candidates for the lowest gain needed in the look-ahead window, rising; `#numbers` says by which sample. */
  readonly #needs = new Int32Array(ATTACK + 1);
  readonly #numbers = new Float64Array(ATTACK + 1);
  #first = 0;
  #candidates = 0;
  #number = 0;

  /** Replaces `samples` by what comes out. */
  process(samples: Float32Array, ceiling: Ceiling): void {
    if (this.#isIdle && peakOf(samples) * MOST_OVERSHOOT <= Math.min(ceiling.sample, ceiling.truePeak)) {
      this.#delay(samples);
      return;
    }
    for (let index = 0; index < samples.length; index++) {
      const input = samples[index]!;
      this.#need(this.#gainFor(input, ceiling));
      // Lowest gain needed by any sample from the one that leaves now to the newest, then released slowly.
      const lowest = this.#needs[this.#first]!;
      const released = this.#gain + Math.ceil((UNITY - this.#gain) * RELEASE);
      this.#gain = Math.min(lowest, released);
      this.#heldSum += this.#gain - this.#held[this.#heldPlace]!;
      this.#held[this.#heldPlace] = this.#gain;
      this.#heldPlace = (this.#heldPlace + 1) % ATTACK;
      const output = this.#delayed[this.#place]!;
      this.#delayed[this.#place] = input;
      this.#place = (this.#place + 1) % LOOK_AHEAD;
      // Every gain in the average was held while the leaving sample was in the window: the average is low enough for it.
      const full = this.#heldSum === ATTACK * UNITY;
      samples[index] = full ? output : output * (this.#heldSum / (ATTACK * UNITY));
    }
  }

  /** Nothing is turned down and nothing that came in lately has to be. */
  get #isIdle(): boolean {
    return this.#gain === UNITY && this.#heldSum === ATTACK * UNITY && this.#truePeak.isQuiet;
  }

  /** Gives back earlier samples unchanged: the short way for what is far below the ceiling, which most sound is. */
  #delay(samples: Float32Array): void {
    this.#truePeak.skip(samples);
    const delayed = this.#delayed;
    let place = this.#place;
    for (let index = 0; index < samples.length; index++) {
      const output = delayed[place]!;
      delayed[place] = samples[index]!;
      place = place + 1 === LOOK_AHEAD ? 0 : place + 1;
      samples[index] = output;
    }
    this.#place = place;
    // No sample in the window needs anything, and the newest stands for them all.
    this.#number += samples.length;
    this.#candidates = 0;
    this.#need(UNITY);
  }

  /** Gain that brings the sample `PEAK_DELAY` before this one, and the sound up to the next, below the ceiling. */
  #gainFor(input: number, { sample, truePeak }: Ceiling): number {
    const peak = this.#truePeak.push(input, truePeak);
    const level = Math.abs(this.#truePeak.sample);
    let gain = UNITY;
    if (level > sample) gain = Math.floor((sample / level) * UNITY);
    if (peak > truePeak) gain = Math.min(gain, Math.floor((truePeak / peak) * UNITY));
    return gain;
  }

  /** Adds one sample's need to the sliding minimum over the last `ATTACK + 1` samples. */
  #need(gain: number): void {
    const size = ATTACK + 1;
    if (this.#candidates > 0 && this.#numbers[this.#first]! <= this.#number - size) {
      this.#first = (this.#first + 1) % size;
      this.#candidates--;
    }
    while (this.#candidates > 0 && this.#needs[(this.#first + this.#candidates - 1) % size]! >= gain)
      this.#candidates--;
    const slot = (this.#first + this.#candidates) % size;
    this.#needs[slot] = gain;
    this.#numbers[slot] = this.#number++;
    this.#candidates++;
  }
}
