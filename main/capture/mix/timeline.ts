/** Length of one audio block; 960 samples at 48 kHz. */
export const AUDIO_BLOCK_MS = 20;
/** How long pictures and sound wait before they are mixed, so that late callbacks still make it. */
export const MIXING_DELAY_MS = 200;

const AUDIO_BLOCKS_PER_SECOND = 1000 / AUDIO_BLOCK_MS;
const AUDIO_BLOCK_NS = 20_000_000;
const SECOND_NS = 1_000_000_000;
/** Forgives rounding in the clock's sums, so that what is due at `nextDueMs` is handed out then. */
const ROUNDING = 1e-6;

export interface TimelineOptions {
  /** Whole pictures per second; null for a recording without pictures. */
  fps: number | null;
  /** Monotonic milliseconds of t=0. */
  t0Ms: number;
  mixingDelayMs?: number;
  /** First video tick and audio block of this stretch; from `alignedStart` when a recording goes on. */
  firstTick?: number;
  firstBlock?: number;
}

/** Half-open ranges of what has to be made now; `from === to` is nothing. */
export interface DueWork {
  ticks: { from: number; to: number };
  blocks: { from: number; to: number };
}

/** Presentation time of video tick k: k/fps to the nearest nanosecond, exact for as long as anybody can record. */
export function videoTimestampNs(tick: number, fps: number): number {
  const seconds = Math.floor(tick / fps);
  return seconds * SECOND_NS + Math.round(((tick - seconds * fps) * SECOND_NS) / fps);
}

/** The moment that the picture of tick k shows, in ms on the timeline: the middle of its time. */
export function pictureMomentMs(tick: number, fps: number): number {
  return ((tick + 0.5) * 1000) / fps;
}

/** When the picture of tick k is made, in ms on the timeline. */
export function pictureDueMs(tick: number, fps: number, mixingDelayMs = MIXING_DELAY_MS): number {
  return pictureMomentMs(tick, fps) + mixingDelayMs;
}

/** Presentation time of audio block n. */
export function audioTimestampNs(block: number): number {
  return block * AUDIO_BLOCK_NS;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/**
 * The first position at or after `positionMs` where a video tick and an audio block begin together, so that a new segment starts
 * with both. At 15 fps that is every 200 ms. A position up to 1 ms behind such a point counts as being there.
 */
export function alignedStart(
  fps: number | null,
  positionMs: number,
): { firstTick: number; firstBlock: number; positionMs: number } {
  const ticksPerStep = fps === null ? 1 : fps / greatestCommonDivisor(fps, AUDIO_BLOCKS_PER_SECOND);
  const ticksPerSecond = fps ?? AUDIO_BLOCKS_PER_SECOND;
  const steps = Math.max(0, Math.ceil(((positionMs - 1) * ticksPerSecond) / 1000 / ticksPerStep));
  const tick = steps * ticksPerStep;
  const firstBlock = Math.round((tick * AUDIO_BLOCKS_PER_SECOND) / ticksPerSecond);
  return { firstTick: fps === null ? 0 : tick, firstBlock, positionMs: firstBlock * AUDIO_BLOCK_MS };
}

/**
 * Counts video ticks and audio blocks against a monotonic clock that the caller reads. Picture k stands for [k/fps, (k+1)/fps) and shows
 * the middle of that time; it is made when that moment is `mixingDelayMs` in the past, as audio block n is when its end is. Nothing is
 * measured or added up, so nothing drifts. Whoever comes late gets everything he missed in one range.
 */
export class Timeline {
  readonly #fps: number | null;
  readonly #t0Ms: number;
  readonly #mixingDelayMs: number;
  #nextTick: number;
  #nextBlock: number;

  constructor(options: TimelineOptions) {
    if (options.fps !== null && !(Number.isInteger(options.fps) && options.fps > 0)) {
      throw new RangeError(`pictures per second must be a whole number above 0, got ${options.fps}`);
    }
    this.#fps = options.fps;
    this.#t0Ms = options.t0Ms;
    this.#mixingDelayMs = options.mixingDelayMs ?? MIXING_DELAY_MS;
    this.#nextTick = options.firstTick ?? 0;
    this.#nextBlock = options.firstBlock ?? 0;
  }

  /** First tick not handed out yet. */
  get nextTick(): number {
    return this.#nextTick;
  }

  /** First block not handed out yet. */
  get nextBlock(): number {
    return this.#nextBlock;
  }

  /** Position on the timeline of a moment of the monotonic clock. */
  positionMs(nowMs: number): number {
    return nowMs - this.#t0Ms;
  }

  /** Monotonic time at which something will be due next. */
  get nextDueMs(): number {
    const blockMs = this.#t0Ms + (this.#nextBlock + 1) * AUDIO_BLOCK_MS + this.#mixingDelayMs;
    if (this.#fps === null) return blockMs;
    return Math.min(blockMs, this.#t0Ms + pictureDueMs(this.#nextTick, this.#fps, this.#mixingDelayMs));
  }

  /** Hands out what is due at `nowMs`, each number exactly once. A clock that went backwards gets nothing. */
  advance(nowMs: number): DueWork {
    const elapsedMs = nowMs - this.#t0Ms - this.#mixingDelayMs;
    const ticks = this.#fps === null ? 0 : Math.floor((elapsedMs * this.#fps) / 1000 + 0.5 + ROUNDING);
    const blocks = Math.floor(elapsedMs / AUDIO_BLOCK_MS + ROUNDING);
    return this.#handOut(ticks, blocks);
  }

  /**
   * Hands out everything that is left of a recording that ends at `endMs` on the monotonic clock. With pictures, the end is that of
   * the last picture and the sound ends within half a block of it.
   */
  flush(endMs: number): DueWork {
    const lengthMs = Math.max(0, endMs - this.#t0Ms);
    if (this.#fps === null) return this.#handOut(0, Math.round(lengthMs / AUDIO_BLOCK_MS));
    const ticks = Math.max(this.#nextTick, Math.round((lengthMs * this.#fps) / 1000));
    return this.#handOut(ticks, Math.round((ticks * AUDIO_BLOCKS_PER_SECOND) / this.#fps));
  }

  #handOut(ticksEnd: number, blocksEnd: number): DueWork {
    const ticks = { from: this.#nextTick, to: Math.max(this.#nextTick, ticksEnd) };
    const blocks = { from: this.#nextBlock, to: Math.max(this.#nextBlock, blocksEnd) };
    this.#nextTick = ticks.to;
    this.#nextBlock = blocks.to;
    return { ticks, blocks };
  }
}
