/** Sound is delivered every 20 ms; so long without any is no hiccup. */
const MISSING_AFTER_MS = 5_000;

/** What is known at one moment; all sound of the room counts, because a sound device gives all of it or none. */
export interface SoundLook {
  /** Position on the timeline in milliseconds. */
  atMs: number;
  /** Blocks of sound that came since the process began. */
  blocks: number;
  /** Whether somebody who is recorded sends sound over a connection that stands. */
  isDue: boolean;
}

/**
 * Notices that no sound comes although the SDK says that somebody sends some. The SDK plays a room's sound to hand it out, so on a machine
 * without a sound device nothing is heard of it, and the recording would be silent without a word. To be asked once a second.
 */
export class SoundWatch {
  #blocks = 0;
  /** Since when sound is due and none came; null while it comes or nobody sends any. */
  #quietSinceMs: number | null = null;
  #missingSinceMs: number | null = null;

  /** Since when, on the timeline, sound is missing; null as long as it comes. Who falls silent meanwhile proves nothing. */
  get missingSinceMs(): number | null {
    return this.#missingSinceMs;
  }

  /** @returns what is new since the last look, or null */
  look({ atMs, blocks, isDue }: SoundLook): 'missing' | 'back' | null {
    const came = blocks !== this.#blocks;
    this.#blocks = blocks;
    if (came || !isDue) this.#quietSinceMs = null;
    else this.#quietSinceMs ??= atMs;
    if (came && this.#missingSinceMs !== null) {
      this.#missingSinceMs = null;
      return 'back';
    }
    const isMissing = this.#quietSinceMs !== null && atMs - this.#quietSinceMs >= MISSING_AFTER_MS;
    if (!isMissing || this.#missingSinceMs !== null) return null;
    this.#missingSinceMs = this.#quietSinceMs;
    return 'missing';
  }
}
