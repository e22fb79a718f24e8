import type { Feed } from './feed.ts';
import type { SegmentSequence } from './segment-sequence.ts';

/** A missed stretch is fed in slices, so that the encoder is not handed minutes of sound at once. */
const SLICE_MS = 500;
/** With more than this before the encoder the next slice waits; less than it may have before it when it starts. */
const MOST_WAITING_MS = 1500;
/**
 * An encoder that needs longer than this and a share of the missed stretch is too slow: it gets the rest at once and skips pictures.
 * Until then what it shows is ahead of its sound.
 */
const ALLOWANCE_MS = 4_000;
const ALLOWED_SHARE = 0.25;

/**
 * Hands over what was missed before the present: for a resumed recording, or when an encoder was replaced. Pure: all times are
 * milliseconds on the timeline and come from outside.
 */
export class CatchUp {
  /** Where the present began, and when catching up has to be over; null when nothing is missed. */
  #missed: { untilMs: number; byMs: number } | null = null;

  /** The feed begins anew at `startMs`. */
  begin(startMs: number, nowMs: number): void {
    const allowedMs = ALLOWED_SHARE * Math.max(0, nowMs - startMs) + ALLOWANCE_MS;
    this.#missed = { untilMs: nowMs, byMs: nowMs + allowedMs };
  }

  /** Whether something is missed yet. */
  get isBehind(): boolean {
    return this.#missed !== null;
  }

  /** Hands over what is due at `nowMs`, or as much of what was missed as the encoder takes now. */
  feed(nowMs: number, feed: Feed, segments: SegmentSequence): void {
    if (!segments.isOpen) return;
    while (this.#missed !== null && nowMs < this.#missed.byMs) {
      if (segments.pipeBacklogMs > MOST_WAITING_MS) return;
      const sliceEndMs = feed.positionMs + SLICE_MS;
      // What is of the present has its place before the encoder, however slowly it starts.
      if (sliceEndMs >= this.#missed.untilMs) this.#missed = null;
      else feed.advance(sliceEndMs, segments);
    }
    this.#missed = null;
    feed.advance(nowMs, segments);
  }
}
