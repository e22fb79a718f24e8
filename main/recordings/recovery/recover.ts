import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '../../logging.ts';
import type { MediaFileRow, RecordingRow } from '../../store/rows.ts';
import type { Store } from '../../store/store.ts';
import { describeOutput } from '../outputs.ts';
import { baseName } from './plan.ts';

export interface RecoverDeps {
  store: Pick<Store, 'recordings' | 'segments' | 'files' | 'events' | 'transaction'>;
  /** Folder of a recording's segments and files. */
  directoryOf(recordingId: string): string;
  /** Wall clock, ms since 1970. */
  now(): number;
  log: Pick<Logger, 'info' | 'warn'>;
}

/** What a start found out of order in rows that wait for delivery. */
export interface Recovery {
  /** How far the clock is behind what rows say; 0 when it is not. */
  clockBehindMs: number;
  /** Recordings whose next try was set for a time that only a wrong clock can have meant. */
  timesReset: number;
  /** Recordings that go back to finalizing: a file of theirs is gone or too short, and its segments are there. */
  remade: number;
  /** Files that are too short and cannot be made again. */
  lost: number;
}

/** Smaller steps are what time servers do every day. */
const CLOCK_TOLERANCE_MS = 60_000;
/** No step waits longer: the widest pause of an upload window is under a day. */
const LONGEST_PLANNED_WAIT_MS = 48 * 3_600_000;

/**
 * Looks once, at the start of a box, through everything that is neither captured nor finalized and not over yet; capturing and finalizing
 * reconcile each recording themselves, when nobody writes into its folder any more. While the disk is away no file is looked at: what
 * cannot be seen is not lost. Rejects with errors of the store.
 */
export async function recoverAtStart(deps: RecoverDeps, disk: 'present' | 'away'): Promise<Recovery> {
  const { store, log } = deps;
  const waiting = store.recordings.delivering();
  const recovery: Recovery = {
    clockBehindMs: noteClock(deps, [...waiting, ...store.recordings.capturing()]),
    timesReset: waiting.filter((row) => resetTime(deps, row)).length,
    remade: 0,
    lost: 0,
  };
  for (const row of disk === 'away' ? [] : waiting.filter(({ state }) => state === 'uploading')) {
    const { remade, lost } = await checkFiles(deps, row);
    recovery.remade += Number(remade);
    recovery.lost += lost;
  }
  const isNews = Object.values(recovery).some((count) => count > 0);
  if (isNews) log.warn({ ...recovery }, 'found out of order at the start and put right');
  return recovery;
}

function noteClock({ store, now }: RecoverDeps, rows: readonly RecordingRow[]): number {
  const lastMs = Math.max(0, ...rows.map(({ updatedAtMs }) => updatedAtMs));
  const behindMs = lastMs - now();
  if (behindMs <= CLOCK_TOLERANCE_MS) return 0;
  store.events.append('clockBehind', null, { behindMs });
  return behindMs;
}

function resetTime({ store, now }: RecoverDeps, { id, nextAtMs }: RecordingRow): boolean {
  if (nextAtMs === null || nextAtMs - now() <= LONGEST_PLANNED_WAIT_MS) return false;
  store.transaction(() => {
    store.recordings.update(id, { nextAtMs: null });
    store.events.append('recovered', id, { what: 'time', nextAtMs });
  });
  return true;
}

async function checkFiles(deps: RecoverDeps, row: RecordingRow): Promise<{ remade: boolean; lost: number }> {
  const { store, directoryOf } = deps;
  const folder = directoryOf(row.id);
  // A folder that is not there may be on its way back; the step that needs it waits for it.
  if ((await sizeOf(folder)) === null) return { remade: false, lost: 0 };
  let remade = false;
  let lost = 0;
  for (const file of store.files.list(row.id)) {
    if ((file.state !== 'local' && file.state !== 'uploading') || file.evictedAtMs !== null) continue;
    const bytes = await sizeOf(file.localPath);
    if (bytes === file.bytes) continue;
    const facts = { file: file.fileIndex, bytes: file.bytes, found: bytes };
    if (await hasSegments(deps, folder, file)) {
      store.events.append('recovered', row.id, { what: 'file', ...facts });
      remade = true;
    } else if (bytes !== null) {
      const message = `the finished file has ${bytes} instead of ${file.bytes} bytes, and its segments are gone`;
      store.transaction(() => {
        store.files.update(row.id, file.fileIndex, { state: 'failed', failureCode: 'FILE_DAMAGED', message });
        store.events.append('fileDamaged', row.id, facts);
      });
      lost += 1;
    }
  }
  if (remade) store.recordings.move(row.id, 'uploading', 'finalizing', {}, { because: 'a file has to be made again' });
  return { remade, lost };
}

async function hasSegments({ store }: RecoverDeps, folder: string, file: MediaFileRow): Promise<boolean> {
  const own = store.segments.list(file.recordingId).filter(({ output }) => {
    const { stream, userId } = describeOutput(output);
    return stream === file.stream && (userId === null || userId === file.userId);
  });
  const sizes = await Promise.all(own.map((segment) => sizeOf(path.join(folder, baseName(segment.file)))));
  return sizes.some((bytes) => bytes !== null && bytes > 0);
}

/** Null when there is nothing at the place, or nothing that can be asked for its size. */
async function sizeOf(place: string): Promise<number | null> {
  try {
    return (await stat(place)).size;
  } catch {
    return null;
  }
}
