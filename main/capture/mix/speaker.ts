/** A challenger has to be this much louder than the speaker, as a ratio of levels (3 dB). */
const CLEARLY_LOUDER = 10 ** (3 / 20);
/** One measurement speaks for this long at most: what was not listened to counts for nobody. */
const MAX_STEP_MS = 500;

/**
 * Chooses whose picture is large. The choice stays until somebody else has been clearly the loudest for `hysteresisMs` of talking in
 * total; pauses in between do not matter, but while the speaker himself talks, challengers lose what they had gained at the same rate.
 * So a cough or a "yes" changes nothing, and a choice made by talking stands for at least `hysteresisMs`.
 */
export class SpeakerChoice {
  readonly #hysteresisMs: number;
  readonly #thresholdRms: number;
  /** How long each challenger has been clearly the loudest, in milliseconds. */
  readonly #talkedMs = new Map<string, number>();
  #speaker: string | null = null;
  #lastMs: number | null = null;

  /** `thresholdRms`: quieter than this nobody is talking; in the unit of the levels. */
  constructor({ hysteresisMs = 2000, thresholdRms }: { hysteresisMs?: number; thresholdRms: number }) {
    this.#hysteresisMs = hysteresisMs;
    this.#thresholdRms = thresholdRms;
  }

  /**
   * Takes the levels of now and says whose picture is large until the next call.
   * @param levels root mean square of everybody who has a picture, silent ones with 0, in the order in which they are preferred when
   *   nobody talks; a speaker who is missing here is replaced at once
   * @param nowMs monotonic, milliseconds
   * @returns null when nobody has a picture
   */
  update(levels: ReadonlyMap<string, number>, nowMs: number): string | null {
    const stepMs = this.#lastMs === null ? 0 : Math.min(MAX_STEP_MS, Math.max(0, nowMs - this.#lastMs));
    this.#lastMs = nowMs;
    for (const userId of this.#talkedMs.keys()) if (!levels.has(userId)) this.#talkedMs.delete(userId);
    const loudest = this.#loudest(levels);
    if (this.#speaker === null || !levels.has(this.#speaker)) {
      return this.#choose(loudest ?? this.#mostTalked() ?? levels.keys().next().value ?? null);
    }
    if (loudest === null) return this.#speaker;
    const ownLevel = levels.get(this.#speaker)!;
    if (loudest !== this.#speaker && levels.get(loudest)! >= ownLevel * CLEARLY_LOUDER) {
      const talkedMs = (this.#talkedMs.get(loudest) ?? 0) + stepMs;
      this.#talkedMs.set(loudest, talkedMs);
      if (talkedMs >= this.#hysteresisMs) return this.#choose(loudest);
    } else if (ownLevel >= this.#thresholdRms) {
      for (const [userId, talkedMs] of this.#talkedMs) this.#talkedMs.set(userId, Math.max(0, talkedMs - stepMs));
    }
    return this.#speaker;
  }

  #choose(userId: string | null): string | null {
    this.#speaker = userId;
    this.#talkedMs.clear();
    return userId;
  }

  /** Who is loudest of those who talk at all; the speaker when he is level with another. */
  #loudest(levels: ReadonlyMap<string, number>): string | null {
    let best: string | null = null;
    let bestLevel = 0;
    for (const [userId, level] of levels) {
      if (level < this.#thresholdRms) continue;
      if (best === null || level > bestLevel || (level === bestLevel && userId === this.#speaker)) {
        best = userId;
        bestLevel = level;
      }
    }
    return best;
  }

  #mostTalked(): string | null {
    let best: string | null = null;
    let bestMs = 0;
    for (const [userId, talkedMs] of this.#talkedMs) {
      if (talkedMs > bestMs) {
        best = userId;
        bestMs = talkedMs;
      }
    }
    return best;
  }
}
