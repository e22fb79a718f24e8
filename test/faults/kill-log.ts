import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { RecordingView } from '../../shared/view.ts';
import type { KillMark } from './loss.ts';
import type { Accepted } from './site.ts';

/** A kill that was carried out. */
export interface Kill {
  /** From 1. */
  n: number;
  /** Process and phase, for people. */
  what: string;
  epochMs: number;
  /** The recording whose process was killed; null for the box itself, which concerns all. */
  recordingId: string | null;
  /** Where on its timeline each recording's running process had begun, just before the kill. */
  beganAtMs: ReadonlyMap<string, number>;
}

/** All kills of a run, and which recordings they concern. */
export class KillLog {
  readonly kills: Kill[] = [];

  /** The kills that concern a recording, in the order of time. */
  marksOf(accepted: Accepted): KillMark[] {
    return this.#concerning(accepted).map(({ n, epochMs, beganAtMs }) => {
      return { n, epochMs, beganAtMs: beganAtMs.get(accepted.id) ?? null };
    });
  }

  /** A problem of a recording together with what happened to it. */
  describe(accepted: Accepted, problem: string): string {
    const kills = this.#concerning(accepted).map(({ n, what }) => `${n} ${what}`);
    const shown = kills.length > 8 ? [...kills.slice(0, 8), '…'] : kills;
    return `recording ${accepted.number} (${accepted.id}): ${problem} [kills since it was asked for: ${shown.join(', ') || 'none'}]`;
  }

  /** Writes down which kill came when, for whoever looks into a kept directory. */
  async save(directory: string): Promise<void> {
    const kills = this.kills.map(({ n, what, epochMs, recordingId, beganAtMs }) => {
      return { n, what, at: new Date(epochMs).toISOString(), recordingId, beganAtMs: Object.fromEntries(beganAtMs) };
    });
    await writeFile(path.join(directory, 'kills.json'), `${JSON.stringify(kills, null, 1)}\n`);
  }

  /** The caller's wish may be on the disk before he is answered, so what counts is when he asked. */
  #concerning({ id, askedAtMs }: Accepted): Kill[] {
    return this.kills
      .filter(({ recordingId, epochMs }) => (recordingId === null || recordingId === id) && epochMs >= askedAtMs)
      .sort((a, b) => a.epochMs - b.epochMs);
  }
}

/** Where the running process of each recording began: at 0, or where the last declared gap ends. */
export function beganAt(views: readonly RecordingView[]): Map<string, number> {
  const recording = views.filter(({ state }) => state === 'recording' || state === 'waiting');
  return new Map(recording.map(({ id, gaps }) => [id, Math.max(0, ...gaps.map((gap) => gap.atMs + gap.durationMs))]));
}
