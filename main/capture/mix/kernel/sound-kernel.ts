import { SINC_TAPS, sincWeights } from '../sinc.ts';
import { pointPairs } from '../true-peak.ts';
import { ATTACK, LOOK_AHEAD, PEAK_DELAY, type SoundFunctions, UNITY } from './sound.ts';

/** Most samples that are worked on at a time. */
export const MOST_SAMPLES = 1024;
/** Most samples that come out for one that is converted: from 8 to 48 kHz. */
const MOST_CONVERTED = 6;

const PAGE_BYTES = 65_536;
/** The module keeps nothing at the start of its memory; the limiter looks a few bytes before its tables. */
const FIRST_BYTE = 1024;

/** Places in the kernel's memory. */
export interface Scratch {
  /** What is to be converted or limited: samples from before, then new ones. */
  readonly line: Float32Array;
  /** What is to be added, or what came out. */
  readonly sound: Float32Array;
  /** What the voices of a mix are added to. */
  readonly sum: Float32Array;
  readonly peaks: Float32Array;
  /** Gains of the limiter: `ATTACK` from before, then new ones. */
  readonly needs: Int32Array;
  readonly lows: Int32Array;
  readonly gains: Int32Array;
  readonly pcm: Int16Array;
  readonly pointWeights: Float32Array;
}

/**
 * The kernel's work on sound, in places that all voices and mixers of a process share: each copies in what it needs, takes out what came
 * of it and leaves nothing behind. Only the weights of sampling rates stay.
 */
export class SoundKernel {
  readonly #functions: SoundFunctions;
  /** Byte offsets by number of phases. */
  readonly #weights = new Map<number, number>();
  #scratch: Scratch;

  /** @param functions with memory of their own, of one page */
  constructor(functions: SoundFunctions) {
    this.#functions = functions;
    this.#scratch = layOut(functions.memory.buffer);
    this.#scratch.pointWeights.set(pointPairs());
  }

  /** Void after the next `weightsFor`, and overwritten by whoever works next. */
  get scratch(): Scratch {
    return this.#scratch;
  }

  /**
   * Weights for positions between two samples, made when they are asked for first.
   * @param phases how many positions there are, evenly spread
   * @returns what `convert` wants
   */
  weightsFor(phases: number): number {
    const known = this.#weights.get(phases);
    if (known !== undefined) return known;
    const { memory } = this.#functions;
    const pointer = memory.buffer.byteLength;
    memory.grow(Math.ceil((phases * SINC_TAPS * Float32Array.BYTES_PER_ELEMENT) / PAGE_BYTES));
    this.#scratch = layOut(memory.buffer);
    const rows = new Float32Array(memory.buffer, pointer, phases * SINC_TAPS);
    for (let phase = 0; phase < phases; phase++) rows.set(sincWeights(phase / phases), phase * SINC_TAPS);
    this.#weights.set(phases, pointer);
    return pointer;
  }

  /**
   * Writes `count` samples to `sound`. The first is made of the first `SINC_TAPS` samples of `line` and lies `phase` of `phases` after the
   * one in their middle, each further one `step` phases after that.
   */
  convert(weights: number, phases: number, step: number, phase: number, count: number): void {
    const { line, sound } = this.#scratch;
    this.#functions.convert(line.byteOffset, weights, phases, step, phase, count, sound.byteOffset);
  }

  /** Highest size of `count` samples of `place` from number `from` on. */
  highest(place: 'line' | 'sound', from: number, count: number): number {
    return this.#functions.highest(this.#scratch[place].byteOffset + from * Float32Array.BYTES_PER_ELEMENT, count);
  }

  /**
   * Looks for the level that the sound in `line` reaches between its samples: `peaks` get, for each of `count` samples behind the first
   * `LOOK_AHEAD`, the highest level from the sample `PEAK_DELAY` before it up to the one after that.
   * @returns the highest of them
   */
  findPeaks(count: number): number {
    const { line, peaks, pointWeights } = this.#scratch;
    const first = line.byteOffset + (LOOK_AHEAD + 1 - 2 * PEAK_DELAY) * Float32Array.BYTES_PER_ELEMENT;
    this.#functions.findPeaks(first, pointWeights.byteOffset, count, peaks.byteOffset);
    return this.#functions.highest(peaks.byteOffset, count);
  }

  /**
   * Writes the first `count` samples of `line` to `sound`, turned down where one of them or one of the `LOOK_AHEAD` samples behind it has
   * to be. What their gains are made of goes on in `needs` and `gains`.
   * @returns whether nothing is turned down any more
   */
  limit(count: number, sampleCeiling: number, peakCeiling: number): boolean {
    const { line, peaks, needs, lows, gains, sound } = this.#scratch;
    const sum = this.#functions.limit(
      line.byteOffset,
      peaks.byteOffset,
      count,
      sampleCeiling,
      peakCeiling,
      needs.byteOffset,
      lows.byteOffset,
      gains.byteOffset,
      sound.byteOffset,
    );
    return sum === ATTACK * UNITY;
  }

  /** Adds the first `count` samples of `sound` to `sum`, from `offset` on. @returns the sum of their squares */
  add(count: number, offset: number): number {
    const { sound, sum } = this.#scratch;
    return this.#functions.add(sound.byteOffset, count, sum.byteOffset + offset * Float32Array.BYTES_PER_ELEMENT);
  }

  /** Writes the first `count` samples of `sum`, a multiple of four, to `pcm`. @returns the sum of their squares */
  toPcm(count: number): number {
    const { sum, pcm } = this.#scratch;
    return this.#functions.toPcm(sum.byteOffset, count, pcm.byteOffset);
  }
}

function layOut(buffer: ArrayBufferLike): Scratch {
  let at = FIRST_BYTE;
  /** Places are 16 bytes longer than what is in them, which vectors may reach, and begin at a multiple of 16. */
  const place = (bytes: number) => {
    const offset = at;
    at += Math.ceil(bytes / 16) * 16 + 16;
    return offset;
  };
  const floats = (length: number) => new Float32Array(buffer, place(length * 4), length);
  const integers = (length: number) => new Int32Array(buffer, place(length * 4), length);
  return {
    line: floats(LOOK_AHEAD + MOST_SAMPLES),
    sound: floats(MOST_CONVERTED * (MOST_SAMPLES + 1)),
    sum: floats(MOST_SAMPLES),
    peaks: floats(MOST_SAMPLES),
    needs: integers(ATTACK + MOST_SAMPLES),
    lows: integers(ATTACK + MOST_SAMPLES),
    gains: integers(ATTACK + MOST_SAMPLES),
    pcm: new Int16Array(buffer, place(MOST_SAMPLES * 2), MOST_SAMPLES),
    pointWeights: floats(3 * PEAK_DELAY),
  };
}
