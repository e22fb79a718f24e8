import { ShortestDelay } from './shortest-delay.ts';

/** How far back delays tell where a stream belongs; that of sound is the same, so that both follow a changing line alike. */
const WINDOW_MS = 2500;
/** Pictures that are all later than expected by this … */
const CHANGED_BY_MS = 20;
/** … for this long show that the way has become longer for good. */
const CHANGED_FOR_MS = 800;
/** A delay that differs from the one before by this comes from a time stamp that jumped and not from the line. */
const JUMP_MS = 1000;

/**
 * Where the pictures of one stream belong on the timeline. Distances between pictures are those of their time stamps, the place of the
 * stream as a whole is that of the pictures which came quickest: so jitter does not show, and what is late is known to be late. Sound is
 * placed by its quickest blocks too, which keeps both together however unlike they travel.
 *
 * Only differences of time stamps count: the SDK does not promise a clock that pictures and sound share. Where stamps are missing or
 * stand still, pictures belong where they arrive.
 */
export class PictureTiming {
  readonly #shortest = new ShortestDelay(WINDOW_MS);
  #lastTimestampMs = Number.NEGATIVE_INFINITY;
  #lastDelayMs = 0;
  #lastPlaceMs = Number.NEGATIVE_INFINITY;
  /** The newest pictures, as long as all of them are later than expected. */
  #late: { delayMs: number; arrivalMs: number }[] = [];

  /**
   * @param timestampMs the picture's time stamp, by the sender's clock
   * @param arrivalMs when it came, on the timeline
   * @returns its place on the timeline: never after its arrival, never before the place of the picture before it
   */
  place(timestampMs: number, arrivalMs: number): number {
    const delayMs = arrivalMs - timestampMs;
    const goesOn = timestampMs > this.#lastTimestampMs && Math.abs(delayMs - this.#lastDelayMs) < JUMP_MS;
    this.#lastTimestampMs = timestampMs;
    this.#lastDelayMs = delayMs;
    if (!goesOn) this.#restart([]);
    this.#noteLate(delayMs, arrivalMs);
    this.#shortest.add(delayMs, arrivalMs);
    this.#lastPlaceMs = Math.max(this.#lastPlaceMs, timestampMs + this.#shortest.value);
    return this.#lastPlaceMs;
  }

  #noteLate(delayMs: number, arrivalMs: number): void {
    if (delayMs - this.#shortest.value <= CHANGED_BY_MS || this.#shortest.value === Number.POSITIVE_INFINITY) {
      this.#late = [];
      return;
    }
    this.#late.push({ delayMs, arrivalMs });
    if (arrivalMs - this.#late[0]!.arrivalMs > CHANGED_FOR_MS) this.#restart(this.#late);
  }

  #restart(from: readonly { delayMs: number; arrivalMs: number }[]): void {
    this.#shortest.clear();
    for (const { delayMs, arrivalMs } of from) this.#shortest.add(delayMs, arrivalMs);
    this.#late = [];
  }
}
