import type { Progress } from '../../shared/api/messages.ts';

/** Drawing is done in so many portions, so that whoever types gets his turn in between. */
const PORTIONS = 4;
const SMALLEST_PORTION = 2;

/**
 * The newest progress of each recording, outside of what React keeps: news of a recording draw only what shows that recording, many of
 * them in a row draw it once, and of many recordings a few at a time.
 */
export class LiveStore {
  readonly #schedule: (work: () => void) => void;
  readonly #progress = new Map<string, Progress>();
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #changed = new Set<string>();

  /** @param schedule runs work before one of the next pictures of the screen */
  constructor(schedule: (work: () => void) => void) {
    this.#schedule = schedule;
  }

  get(recordingId: string): Progress | null {
    return this.#progress.get(recordingId) ?? null;
  }

  set(progress: Progress): void {
    this.#progress.set(progress.recordingId, progress);
    this.#note(progress.recordingId);
  }

  /** Forgets everything: the box began anew, or was away. */
  clear(): void {
    const known = [...this.#progress.keys()];
    this.#progress.clear();
    for (const id of known) this.#note(id);
  }

  /** @returns ends it */
  subscribe(recordingId: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(recordingId) ?? new Set();
    this.#listeners.set(recordingId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(recordingId) === listeners) this.#listeners.delete(recordingId);
    };
  }

  #note(recordingId: string): void {
    const isPlanned = this.#changed.size > 0;
    this.#changed.add(recordingId);
    if (!isPlanned) this.#schedule(() => this.#tell());
  }

  #tell(): void {
    const count = Math.max(SMALLEST_PORTION, Math.ceil(this.#changed.size / PORTIONS));
    const portion = [...this.#changed].slice(0, count);
    for (const id of portion) this.#changed.delete(id);
    if (this.#changed.size > 0) this.#schedule(() => this.#tell());
    for (const id of portion) for (const listener of this.#listeners.get(id) ?? []) listener();
  }
}
