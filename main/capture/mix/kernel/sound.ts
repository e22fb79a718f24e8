/** How far the limiter looks ahead, in samples at 48 kHz: 5 ms. Also its delay. */
export const LOOK_AHEAD = 240;
/** How many samples later a peak between samples is known. */
export const PEAK_DELAY = 12;
/** What is left of the look-ahead when a peak is known: so many gains are averaged. */
export const ATTACK = LOOK_AHEAD - PEAK_DELAY;
/** Gains are whole numbers of this part of one, so that a sum of them is exact and full gain is exactly one. */
export const UNITY = 1 << 20;
/** Release: a part of the missing gain comes back per sample, one in so many, a time constant of 80 ms. */
export const RELEASE_SAMPLES = 0.08 * 48_000;

/**
 * Work on sound inside one linear memory. Pointers are byte offsets into it: of 32-bit floats, multiples of 4, or where it is said of
 * 32-bit or 16-bit whole numbers; counts are samples. All arithmetic is in 32 bits. Implemented by the WebAssembly module and, bit for
 * bit the same, by the reference. Up to three samples beyond the last are read and written; what is there changes no other.
 */
export interface SoundFunctions {
  /** May be grown by its user; every view of its buffer is void afterwards. */
  readonly memory: WebAssembly.Memory;
  /**
   * Writes `count` samples of another rate, each the sum of `SINC_TAPS` input samples under one row of weights. The first comes from row
   * `phase` at `input`; for each further one the row moves on by `step` of `phases`, and the input by one sample when the rows are through.
   */
  convert(
    input: number,
    weights: number,
    phases: number,
    step: number,
    phase: number,
    count: number,
    output: number,
  ): void;
  /** Highest size of `count` samples. */
  highest(samples: number, count: number): number;
  /**
   * Writes, for each of `count` windows of `2 · PEAK_DELAY` samples that begin at `line` and at the samples after it, the highest size of
   * the window's sample `PEAK_DELAY - 1` and of three points between it and the next, made by the weights of `pointPairs`.
   */
  findPeaks(line: number, weights: number, count: number, peaks: number): void;
  /**
   * Writes `count` samples of `line` with a gain of their own, which keeps them below the ceilings.
   * @param line `LOOK_AHEAD` samples and, behind them, `count` new ones
   * @param peaks of the new ones, as `findPeaks` gives them
   * @param sampleCeiling highest size allowed of a sample
   * @param peakCeiling highest peak allowed; Infinity when only samples count
   * @param needs 32-bit: gains needed by the last `ATTACK` samples; those needed by the new ones are written behind them
   * @param lows room for as many
   * @param gains 32-bit: the last `ATTACK` gains before they were averaged; new ones are written behind them
   * @returns the sum of the last `ATTACK` gains
   */
  limit(
    line: number,
    peaks: number,
    count: number,
    sampleCeiling: number,
    peakCeiling: number,
    needs: number,
    lows: number,
    gains: number,
    output: number,
  ): number;
  /** Adds `count` samples to those at `into`. @returns the sum of their squares */
  add(samples: number, count: number, into: number): number;
  /** Writes `count` samples, a multiple of four, as 16-bit numbers, rounded half up, within their range. @returns the sum of their squares */
  toPcm(samples: number, count: number, pcm: number): number;
}
