import { SINC_REACH, SINC_TAPS, sincWeights } from './sinc.ts';

/** Rate of everything behind the converter, Hz. */
export const MIX_RATE = 48_000;

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** One set of weights per position that an output sample can have between two input samples: 3 at 16 kHz, 160 at 44.1 kHz. */
const phaseTables = new Map<number, Float64Array[]>();

function phasesFor(sampleRate: number, phases: number): Float64Array[] {
  let table = phaseTables.get(sampleRate);
  if (table === undefined) {
    table = Array.from({ length: phases }, (_, phase) => sincWeights(phase / phases));
    phaseTables.set(sampleRate, table);
  }
  return table;
}

/**
 * Brings mono sound of one rate up to 48 kHz, continuously across blocks. Output sample n belongs to the moment of input sample
 * n·rate/48000 exactly; the last `SINC_REACH` input samples wait for their right-hand neighbours in the next block.
 */
export class RateConverter {
  readonly sampleRate: number;
  /** Output sample n lies at n·step/phases input samples. */
  readonly #step: number;
  readonly #phases: number;
  readonly #weights: Float64Array[];
  /** Input samples not used up yet, from input number `#firstInput` on. */
  #pending: Float32Array;
  #pendingCount: number;
  #firstInput: number;
  #inputCount = 0;
  /** Number of the last input sample that is not zero. */
  #lastSound = -SINC_TAPS;
  #outputCount = 0;

  /** @throws RangeError for a rate above 48 kHz or one that is not a whole number */
  constructor(sampleRate: number) {
    if (!Number.isInteger(sampleRate) || sampleRate < 8000 || sampleRate > MIX_RATE) {
      throw new RangeError(`sound of ${sampleRate} Hz cannot be mixed`);
    }
    const divisor = greatestCommonDivisor(sampleRate, MIX_RATE);
    this.sampleRate = sampleRate;
    this.#step = sampleRate / divisor;
    this.#phases = MIX_RATE / divisor;
    this.#weights = this.#phases === 1 ? [] : phasesFor(sampleRate, this.#phases);
    this.#pending = new Float32Array(4096);
    // Silence before the first sample fills its left-hand side.
    this.#firstInput = -SINC_REACH;
    this.#pendingCount = SINC_REACH;
  }

  /** Where the next input sample will be among the output samples; a fraction when the rates are not multiples. */
  get inputPosition(): number {
    return (this.#inputCount * this.#phases) / this.#step;
  }

  /**
   * Takes `count` samples and writes what can be computed now to `output`, which must have room for `maxOutput(count)`.
   * @returns how many were written
   */
  convert(input: Float32Array, count: number, output: Float32Array): number {
    this.#inputCount += count;
    if (this.#phases === 1) {
      output.set(count === input.length ? input : input.subarray(0, count));
      this.#outputCount += count;
      return count;
    }
    this.#append(input, count);
    let written = 0;
    for (;;) {
      const place = this.#outputCount * this.#step;
      const whole = Math.floor(place / this.#phases);
      const from = whole - (SINC_REACH - 1) - this.#firstInput;
      if (from + SINC_TAPS > this.#pendingCount) break;
      const weights = this.#weights[place - whole * this.#phases]!;
      let sum = 0;
      // Behind the last sample that is not zero lies silence, which most participants send most of the time.
      const taps = whole - (SINC_REACH - 1) > this.#lastSound ? 0 : SINC_TAPS;
      for (let tap = 0; tap < taps; tap++) sum += weights[tap]! * this.#pending[from + tap]!;
      output[written++] = sum;
      this.#outputCount++;
    }
    const used = Math.floor((this.#outputCount * this.#step) / this.#phases) - (SINC_REACH - 1) - this.#firstInput;
    if (used > 0) {
      this.#pending.copyWithin(0, used, this.#pendingCount);
      this.#pendingCount -= used;
      this.#firstInput += used;
    }
    return written;
  }

  /** Most samples that `convert` can write for `count` new ones. */
  maxOutput(count: number): number {
    return Math.ceil(((count + SINC_TAPS) * this.#phases) / this.#step) + 1;
  }

  #append(input: Float32Array, count: number): void {
    for (let index = count - 1; index >= 0; index--) {
      if (input[index] === 0) continue;
      this.#lastSound = this.#inputCount - count + index;
      break;
    }
    if (this.#pendingCount + count > this.#pending.length) {
      const larger = new Float32Array((this.#pendingCount + count) * 2);
      larger.set(this.#pending.subarray(0, this.#pendingCount));
      this.#pending = larger;
    }
    this.#pending.set(input.subarray(0, count), this.#pendingCount);
    this.#pendingCount += count;
  }
}
