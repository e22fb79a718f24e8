/** How far the limiter looks ahead, in samples at 48 kHz: 5 ms. Also its delay. */
export const LOOK_AHEAD = 240;

/** Gains are whole numbers of this part of one, so that a sum of them is exact and full gain is exactly one. */
const UNITY = 1 << 20;
/** Release: share of the missing gain that comes back per sample, a time constant of 80 ms. */
const RELEASE = 1 / (0.08 * 48_000);

/**
 * Keeps peaks below a ceiling without clipping: the gain goes down smoothly over the 5 ms before a peak and comes back slowly.
 * While nothing exceeds the ceiling, samples pass unchanged. Output is the input `LOOK_AHEAD` samples ago.
 */
export class Limiter {
  /** Samples whose gain is not known yet; both rings are indexed by sample number modulo `LOOK_AHEAD`. */
  readonly #delayed = new Float32Array(LOOK_AHEAD);
  readonly #held = new Int32Array(LOOK_AHEAD).fill(UNITY);
  #heldSum = LOOK_AHEAD * UNITY;
  #place = 0;
  #gain = UNITY;
  /** Candidates for the lowest gain needed in the look-ahead window, rising; `#numbers` says by which sample. */
  readonly #needs = new Int32Array(LOOK_AHEAD + 1);
  readonly #numbers = new Float64Array(LOOK_AHEAD + 1);
  #first = 0;
  #candidates = 0;
  #number = 0;

  /** Replaces `samples` by what comes out. `ceiling` is the highest level allowed, in the unit of the samples. */
  process(samples: Float32Array, ceiling: number): void {
    for (let index = 0; index < samples.length; index++) {
      const input = samples[index]!;
      const size = Math.abs(input);
      this.#need(size > ceiling ? Math.floor((ceiling / size) * UNITY) : UNITY);
      // Lowest gain needed by any sample from the one that leaves now to the newest, then released slowly.
      const lowest = this.#needs[this.#first]!;
      const released = this.#gain + Math.ceil((UNITY - this.#gain) * RELEASE);
      this.#gain = Math.min(lowest, released);
      this.#heldSum += this.#gain - this.#held[this.#place]!;
      this.#held[this.#place] = this.#gain;
      const output = this.#delayed[this.#place]!;
      this.#delayed[this.#place] = input;
      this.#place = (this.#place + 1) % LOOK_AHEAD;
      // Every gain in the average was held while the leaving sample was in the window: the average is low enough for it.
      const full = this.#heldSum === LOOK_AHEAD * UNITY;
      samples[index] = full ? output : output * (this.#heldSum / (LOOK_AHEAD * UNITY));
    }
  }

  /** Adds one sample's need to the sliding minimum over the last `LOOK_AHEAD + 1` samples. */
  #need(gain: number): void {
    const size = LOOK_AHEAD + 1;
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
