import type { Feed } from './feed.ts';
import type { SegmentSequence } from './segment-sequence.ts';

/** A missed stretch is fed in slices, so that the encoder is not handed seconds of pictures at once. */
const SLICE_MS = 500;
/** An encoder that needs this much longer than the missed stretch itself is too slow: it gets the rest at once and skips pictures. */
const ALLOWANCE_MS = 10_000;

/**
 * Brings the feed back to the present after a start behind it: for a resumed recording, or when an encoder was replaced. Pure: all times
 * are milliseconds on the timeline and come from outside.
 */
export class CatchUp {
  /** When catching up has to be over; null when nothing is missed. */
  #byMs: number | null = null;

  /** The feed begins anew at `startMs`. */
  begin(startMs: number, nowMs: number): void {
    this.#byMs = nowMs + Math.max(0, nowMs - startMs) + ALLOWANCE_MS;
  }

  /** Whether something is missed yet. */
  get isBehind(): boolean {
    return this.#byMs !== null;
  }

  /** Hands over what is due at `nowMs`, or as much of it as the encoder takes now. */
  feed(nowMs: number, feed: Feed, segments: SegmentSequence): void {
    if (!segments.isOpen) return;
    while (this.#byMs !== null && nowMs < this.#byMs) {
      if (segments.pipeBacklogMs > SLICE_MS) return;
      const sliceEndMs = feed.positionMs + SLICE_MS;
      if (sliceEndMs >= nowMs) this.#byMs = null;
      else feed.advance(sliceEndMs, segments);
    }
    this.#byMs = null;
    feed.advance(nowMs, segments);
  }
}
