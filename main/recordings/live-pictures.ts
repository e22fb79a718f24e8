import { CAPTURING_STATES, mediaOf } from '../../shared/recording.ts';
import type { Clock } from '../delivery/clock.ts';
import type { ProblemResult } from '../http/box-api.ts';
import type { LivePictureApi } from '../http/live-picture-api.ts';
import type { RecordingRow } from '../store/rows.ts';

export interface LivePicturesDeps {
  recordingOf(recordingId: string): Pick<RecordingRow, 'state' | 'mode'> | undefined;
  /** Makes a running recording show itself for so long; harmless for others. */
  watch(recordingId: string, forMs: number): void;
  clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>;
  /** Monotonic milliseconds. */
  monotonicMs(): number;
}

/** Whoever looks asks each second; who stayed away for this long has gone. */
const WATCH_MS = 5000;
/** A recording that shows itself anyway is told again only when so much of that time is over. */
const WATCH_AGAIN_MS = 2000;
const FIRST_PICTURE_MS = 2000;
/** A picture each second, and time for a machine that is busy. */
const STALE_MS = 3000;

interface Watched {
  toldAtMs: number;
  picture: { jpeg: Uint8Array; atMs: number } | null;
  waiting: Set<() => void>;
}

/** The newest picture of each recording that somebody looks at. In memory only, and only while somebody does. */
export class LivePictures implements LivePictureApi {
  readonly #deps: LivePicturesDeps;
  readonly #watched = new Map<string, Watched>();

  constructor(deps: LivePicturesDeps) {
    this.#deps = deps;
  }

  /** Takes over what a recording shows. */
  take(recordingId: string, jpeg: Uint8Array): void {
    const watched = this.#watched.get(recordingId);
    if (!watched) return;
    watched.picture = { jpeg, atMs: this.#deps.monotonicMs() };
    for (const wake of watched.waiting) wake();
  }

  async picture(recordingId: string): Promise<{ kind: 'livePicture'; jpeg: Uint8Array } | ProblemResult> {
    this.#forgetOthers();
    const row = this.#deps.recordingOf(recordingId);
    if (!row) return { kind: 'problem', code: 'NOT_FOUND' };
    // Whoever looks hears of the end a moment after it: until then the last picture stands.
    const last = this.#fresh(this.#watched.get(recordingId));
    const isRunning = (CAPTURING_STATES as readonly string[]).includes(row.state);
    if (!isRunning && last) return { kind: 'livePicture', jpeg: last };
    if (!isRunning || !mediaOf(row.mode).video) return { kind: 'problem', code: 'NO_LIVE_PICTURE' };
    const watched = this.#watch(recordingId);
    if (!this.#fresh(watched)) await this.#next(watched);
    const jpeg = this.#fresh(watched);
    return jpeg ? { kind: 'livePicture', jpeg } : { kind: 'problem', code: 'LIVE_PICTURE_NOT_YET' };
  }

  #watch(recordingId: string): Watched {
    const nowMs = this.#deps.monotonicMs();
    const known = this.#watched.get(recordingId);
    const watched = known ?? { toldAtMs: nowMs, picture: null, waiting: new Set() };
    // Without a picture the process may be a new one, which was not told yet.
    if (!known || nowMs - watched.toldAtMs >= WATCH_AGAIN_MS || !this.#fresh(watched)) {
      watched.toldAtMs = nowMs;
      this.#watched.set(recordingId, watched);
      this.#deps.watch(recordingId, WATCH_MS);
    }
    return watched;
  }

  #fresh(watched: Watched | undefined): Uint8Array | null {
    const picture = watched?.picture;
    return picture && this.#deps.monotonicMs() - picture.atMs < STALE_MS ? picture.jpeg : null;
  }

  async #next(watched: Watched): Promise<void> {
    const { clock } = this.#deps;
    const { promise, resolve } = Promise.withResolvers<void>();
    watched.waiting.add(resolve);
    const deadline = clock.setTimeout(resolve, FIRST_PICTURE_MS);
    await promise;
    clock.clearTimeout(deadline);
    watched.waiting.delete(resolve);
  }

  /** Keeps nothing of recordings that nobody has looked at for a while. */
  #forgetOthers(): void {
    const nowMs = this.#deps.monotonicMs();
    for (const [id, { toldAtMs, waiting }] of this.#watched) {
      if (nowMs - toldAtMs > WATCH_MS && waiting.size === 0) this.#watched.delete(id);
    }
  }
}
