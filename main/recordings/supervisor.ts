import type { EndReason } from '../../shared/recording.ts';
import type { CaptureStats } from '../capture/messages.ts';
import { CaptureRun, type CaptureRunDeps } from './capture-run.ts';

export type SupervisorDeps = Omit<CaptureRunDeps, 'onPicture'>;

/** More than the ladder of a single run takes: its preparation, its stop deadline, its end by force. */
const DRAIN_TIMEOUT_MS = 60_000;

/**
 * Keeps a capture run for every recording whose row says that one should be running: after a start of the box, after a request,
 * after a death. The rows are the truth; this is their shadow in memory.
 */
export class Supervisor {
  readonly #deps: CaptureRunDeps;
  readonly #runs = new Map<string, CaptureRun>();
  #idle: (() => void) | null = null;
  #isDraining = false;
  #takePicture: CaptureRunDeps['onPicture'] = () => {};

  constructor(deps: SupervisorDeps) {
    this.#deps = {
      ...deps,
      onPicture: (id, jpeg) => this.#takePicture(id, jpeg),
      onFinished: (id) => {
        this.#runs.delete(id);
        if (this.#runs.size === 0) this.#idle?.();
        deps.onFinished(id);
      },
    };
  }

  /** Picks up every recording that was under way when the box last ended. */
  recover(): number {
    const rows = this.#deps.store.recordings.capturing();
    for (const row of rows) this.launch(row.id);
    return rows.length;
  }

  /**
   * Starts capturing an accepted recording. Harmless when its capture runs already. While the box ends, the recording is left to its next
   * start.
   */
  launch(recordingId: string): void {
    if (this.#isDraining || this.#runs.has(recordingId)) return;
    const run = new CaptureRun(recordingId, this.#deps);
    this.#runs.set(recordingId, run);
    run.start();
  }

  /** Asks a recording to end: the wish becomes a row first. Harmless when it has ended or was asked before. */
  stop(recordingId: string, reason: Extract<EndReason, 'stopped' | 'shutdown' | 'disk'>): void {
    if (this.#deps.store.recordings.requestStop(recordingId, reason)) this.#runs.get(recordingId)?.stop(reason);
  }

  /** Live statistics of a running capture, or null. */
  stats(recordingId: string): CaptureStats | null {
    return this.#runs.get(recordingId)?.stats ?? null;
  }

  /** How many recordings are encoded more lightly than set now. */
  get relieved(): number {
    return [...this.#runs.values()].filter(({ stats }) => stats?.relief).length;
  }

  /** Somebody looks at a recording for the next `forMs`: its pictures come meanwhile. Harmless when it is not captured. */
  watch(recordingId: string, forMs: number): void {
    this.#runs.get(recordingId)?.watch(forMs);
  }

  /** Who gets the pictures of recordings that are watched. */
  followPictures(take: CaptureRunDeps['onPicture']): void {
    this.#takePicture = take;
  }

  /** Pids of the capture processes running now, by recording. */
  processes(): Map<string, number> {
    const pids = new Map<string, number>();
    for (const [id, run] of this.#runs) if (run.pid !== undefined) pids.set(id, run.pid);
    return pids;
  }

  get running(): number {
    return this.#runs.size;
  }

  /**
   * Ends all recordings in order and resolves when the last one is out of its capturing states, or when one that cannot be brought there
   * has used up its time; the next start of the box goes on with it.
   */
  async drain(reason: 'shutdown'): Promise<void> {
    this.#isDraining = true;
    if (this.#runs.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#idle = resolve;
    const timer = setTimeout(resolve, DRAIN_TIMEOUT_MS);
    for (const id of [...this.#runs.keys()]) this.stop(id, reason);
    await promise;
    clearTimeout(timer);
  }
}
