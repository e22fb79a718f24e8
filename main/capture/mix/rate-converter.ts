import { MOST_SAMPLES, type SoundKernel } from './kernel/sound-kernel.ts';
import { SINC_REACH, SINC_TAPS } from './sinc.ts';

/** Rate of everything behind the converter, Hz. */
export const MIX_RATE = 48_000;

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/**
 * Brings mono sound of one rate up to 48 kHz, continuously across blocks. Output sample n belongs to the moment of input sample
 * n·rate/48000 exactly; the last `SINC_REACH` input samples wait for their right-hand neighbours in the next block.
 */
export class RateConverter {
  readonly sampleRate: number;
  readonly #kernel: SoundKernel;
  /** Output sample n lies at n·step/phases input samples. */
  readonly #step: number;
  readonly #phases: number;
  readonly #weights: number;
  /** The last input samples, not used up yet. Silence before the first sample fills its left-hand side. */
  readonly #pending = new Float32Array(SINC_TAPS);
  #pendingCount = SINC_REACH - 1;
  #inputCount = 0;
  /** Number of the last input sample that is not zero. */
  #lastSound = -SINC_TAPS;
  #outputCount = 0;

  /** @throws RangeError for a rate above 48 kHz or one that is not a whole number */
  constructor(sampleRate: number, kernel: SoundKernel) {
    if (!Number.isInteger(sampleRate) || sampleRate < 8000 || sampleRate > MIX_RATE) {
      throw new RangeError(`sound of ${sampleRate} Hz cannot be mixed`);
    }
    const divisor = greatestCommonDivisor(sampleRate, MIX_RATE);
    this.sampleRate = sampleRate;
    this.#kernel = kernel;
    this.#step = sampleRate / divisor;
    this.#phases = MIX_RATE / divisor;
    this.#weights = this.#phases === 1 ? 0 : kernel.weightsFor(this.#phases);
  }

  /** Where the next input sample will be among the output samples; a fraction when the rates are not multiples. */
  get inputPosition(): number {
    return (this.#inputCount * this.#phases) / this.#step;
  }

  /**
   * Takes samples and writes what can be computed now to `output`, which must have room for `maxOutput(input.length)`.
   * @returns how many were written
   */
  convert(input: Float32Array | Int16Array, output: Float32Array): number {
    if (this.#phases === 1) {
      output.set(input);
      this.#inputCount += input.length;
      return input.length;
    }
    let written = 0;
    for (let from = 0; from < input.length; from += MOST_SAMPLES) {
      const isWhole = input.length <= MOST_SAMPLES;
      written += this.#convertPiece(isWhole ? input : input.subarray(from, from + MOST_SAMPLES), output, written);
    }
    return written;
  }

  /** Most samples that `convert` can write for `count` new ones. */
  maxOutput(count: number): number {
    return Math.ceil(((count + SINC_TAPS) * this.#phases) / this.#step) + 1;
  }

  #convertPiece(input: Float32Array | Int16Array, output: Float32Array, offset: number): number {
    const { line, sound } = this.#kernel.scratch;
    line.set(this.#pending);
    line.set(input, this.#pendingCount);
    const lineCount = this.#pendingCount + input.length;
    if (this.#kernel.highest('line', this.#pendingCount, input.length) > 0) {
      let last = input.length - 1;
      while (input[last] === 0) last--;
      this.#lastSound = this.#inputCount + last;
    }
    this.#inputCount += input.length;
    const phase = (this.#outputCount * this.#step) % this.#phases;
    const count = this.#newOutputsBefore(this.#inputCount - SINC_REACH);
    // Behind the last sample that is not zero lies silence, which most participants send most of the time.
    const sounding = Math.min(count, this.#newOutputsBefore(this.#lastSound + SINC_REACH));
    if (sounding > 0) {
      this.#kernel.convert(this.#weights, this.#phases, this.#step, phase, sounding);
      output.set(sound.subarray(0, sounding), offset);
    }
    output.fill(0, offset + sounding, offset + count);
    this.#outputCount += count;
    const next = Math.floor((this.#outputCount * this.#step) / this.#phases) - (SINC_REACH - 1);
    this.#pendingCount = this.#inputCount - next;
    this.#pending.set(line.subarray(lineCount - this.#pendingCount, lineCount));
    return count;
  }

  /** How many output samples that were not written yet lie before an input sample. */
  #newOutputsBefore(inputNumber: number): number {
    return Math.max(0, Math.ceil((inputNumber * this.#phases) / this.#step) - this.#outputCount);
  }
}
