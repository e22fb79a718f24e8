/** After entering, users are given this long to be announced before the room counts as empty. */
const ANNOUNCE_MS = 5_000;

/**
 * How long nobody with media rights has been in the room. Measured on the monotonic clock, so that setting the wall clock neither ends
 * nor prolongs a recording.
 */
export class IdleWatch {
  readonly #idleMs: number;
  /** Monotonic milliseconds; null while somebody is there. */
  #sinceMs: number | null = null;

  constructor(idleMs: number) {
    this.#idleMs = idleMs;
  }

  /** The room was entered at `nowMs`; an earlier process had counted `countedMs` without anybody. */
  begin(nowMs: number, countedMs: number): void {
    const mostMs = Math.max(0, this.#idleMs - ANNOUNCE_MS);
    this.#sinceMs = nowMs - Math.min(Math.max(0, countedMs), mostMs);
  }

  /** How many are there changed. */
  note(anchors: number, nowMs: number): void {
    if (anchors > 0) this.#sinceMs = null;
    else this.#sinceMs ??= nowMs;
  }

  /** Whether nobody has been there for the idle limit. */
  isOver(nowMs: number): boolean {
    return this.#sinceMs !== null && nowMs - this.#sinceMs >= this.#idleMs;
  }
}
