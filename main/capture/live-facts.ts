import type { CaptureLive, ParticipantLive } from './messages.ts';
import type { Loudest } from './mix/audio-mixer.ts';
import type { OutputStats } from './output-stats.ts';
import type { Roster } from './roster.ts';

/** Quieter than this (0.001 of full scale) nothing is heard. */
const QUIETEST_DB = -60;
/** From this level on a user is talking; below it is what a room sounds like. */
const TALKING_DB = -40;
/** The speed of the encoder is that of so many looks, so that one late picture does not show. */
const SPEED_LOOKS = 5;

/** Decibels of full scale, whole; null when nothing is heard. */
export function decibels(rms: number): number | null {
  const level = Math.round(20 * Math.log10(rms));
  return level < QUIETEST_DB || Number.isNaN(level) ? null : Math.min(0, level);
}

/**
 * What those are told who watch a recording: how loud it is, who sends what, whether the encoder keeps up. Made of what is known anyway,
 * once a second.
 */
export class LiveFacts {
  /** What was due and what the encoders had taken in, at the last looks. */
  readonly #looks: { dueMs: number; takenMs: number }[] = [];

  look(roster: Pick<Roster, 'look'>, loudest: Loudest | null, stats: OutputStats): CaptureLive {
    const participants = roster.look().map((user): ParticipantLive => {
      const levelDb = user.isInRoom && user.audio ? decibels(loudest?.users.get(user.userId) ?? 0) : null;
      return { ...user, levelDb, talking: levelDb !== null && levelDb >= TALKING_DB };
    });
    return { levelDb: decibels(loudest?.mix ?? 0), participants, encoderSpeed: this.#speed(stats) };
  }

  /** What the encoders took in of what was due: 1 when they keep up. Null at the beginning. */
  #speed({ dueMs, handedMs, pipeBacklogMs }: OutputStats): number | null {
    const now = { dueMs, takenMs: handedMs - pipeBacklogMs };
    const before = this.#looks[0];
    this.#looks.push(now);
    if (this.#looks.length > SPEED_LOOKS) this.#looks.shift();
    if (!before || now.dueMs <= before.dueMs) return null;
    const share = (now.takenMs - before.takenMs) / (now.dueMs - before.dueMs);
    return Math.round(100 * Math.max(0, share)) / 100;
  }
}
