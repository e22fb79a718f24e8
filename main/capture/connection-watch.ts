import type { Gap } from '../../shared/recording.ts';

/**
 * The connection to the room while the recorder is in it. The SDK reconnects without end; whoever waits for it longer than the limit does
 * better to enter anew. Times are milliseconds on the recording's timeline.
 */
export class ConnectionWatch {
  readonly #limitMs: number;
  #lostAtMs: number | null = null;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** What the SDK said. @returns the stretch without connection that is over with it, or null. */
  note(state: 'lost' | 'reconnecting' | 'recovered', atMs: number): Gap | null {
    if (state === 'lost') this.#lostAtMs ??= atMs;
    return state === 'recovered' ? this.end(atMs) : null;
  }

  get isLost(): boolean {
    return this.#lostAtMs !== null;
  }

  /** Whether the connection has been lost for longer than the limit. */
  isGivenUp(nowMs: number): boolean {
    return this.#lostAtMs !== null && nowMs - this.#lostAtMs >= this.#limitMs;
  }

  /** Nobody waits for the connection any more. @returns the stretch that was missed so far, or null. */
  end(atMs: number): Gap | null {
    if (this.#lostAtMs === null) return null;
    const lostAtMs = this.#lostAtMs;
    this.#lostAtMs = null;
    return { atMs: lostAtMs, durationMs: atMs - lostAtMs, reason: 'connectionLost', cut: false };
  }
}
