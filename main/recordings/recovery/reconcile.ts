import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { OutputName } from '../../capture/messages.ts';
import type { MediaFileRow, RecordingRow } from '../../store/rows.ts';
import type { Store } from '../../store/store.ts';
import { mediaKind } from '../naming.ts';
import { noteLostEnds } from './lost-ends.ts';
import { lostBeginning, lostGap, mayHoldUntold } from './lost-news.ts';
import { baseName, type FolderEntry, planRepairs, type Repair } from './plan.ts';
import { type QuarantineFiles, quarantineFile } from './quarantine-file.ts';

export interface ReconcileDeps {
  store: Pick<Store, 'recordings' | 'segments' | 'gaps' | 'files' | 'events' | 'transaction'>;
  /** Folder of a recording's segments and files. */
  directoryOf(recordingId: string): string;
  /** Has the folder for files that nobody understands. */
  dataDirectory: string;
  /** Wall clock, ms since 1970. */
  now(): number;
  quarantineFiles?: QuarantineFiles;
}

/**
 * Brings a recording's rows in line with its folder: segments whose rows were lost are adopted, what cannot be understood is set aside
 * with its reason, nothing is deleted, and each repair is an event of the recording. To be called when none of its processes writes:
 * before the next one starts, and before the segments are joined. Harmless to repeat. Rejects with errors of the disk and of the store.
 */
export async function reconcile(deps: ReconcileDeps, recording: RecordingRow): Promise<Repair[]> {
  const { store, directoryOf } = deps;
  const directory = directoryOf(recording.id);
  const repairs = planRepairs({
    kind: mediaKind(recording.mode),
    folder: await entriesOf(directory),
    segments: store.segments.list(recording.id),
    finished: finishedOutputs(store.files.list(recording.id)),
  });
  for (const repair of repairs) await carryOut(deps, recording, directory, repair);
  await noteLostEnds(store, recording, directory);
  return repairs;
}

/**
 * A recording of which nobody told any media is given up as empty. That must not happen because the box died before it could write the
 * news down, so this is to be called for a recording that goes on after the box was down. Rejects with errors of the store.
 */
export async function noteUntoldMedia(
  { store, directoryOf }: Pick<ReconcileDeps, 'store' | 'directoryOf'>,
  recordingId: string,
): Promise<void> {
  if (store.recordings.get(recordingId)?.firstMediaAtMs !== null) return;
  const directory = directoryOf(recordingId);
  for (const { segment, file, startMs, openedAtMs, closedAtMs } of store.segments.list(recordingId)) {
    const facts = await stat(path.join(directory, baseName(file))).catch(() => null);
    if (facts === null || facts.size === 0) continue;
    if (!mayHoldUntold({ openedAtMs, closedAtMs, writtenAtMs: facts.mtimeMs })) continue;
    store.transaction(() => {
      store.recordings.update(recordingId, { firstMediaAtMs: startMs });
      store.events.append('recovered', recordingId, { what: 'firstMedia', segment, startMs });
    });
    return;
  }
}

async function carryOut(
  { store, dataDirectory, now, quarantineFiles }: ReconcileDeps,
  { id: recordingId, firstMediaAtMs, createdAtMs }: RecordingRow,
  directory: string,
  repair: Repair,
): Promise<void> {
  switch (repair.kind) {
    case 'adopt': {
      const { segment, output, file, startMs, bytes } = repair;
      const bornAtMs = (await stat(path.join(directory, file))).birthtimeMs;
      store.transaction(() => {
        store.segments.open({ recordingId, segment, output, file, startMs });
        store.segments.close(recordingId, segment, bytes, false);
        // With the row the news of the first picture may have been lost; what may hold something is not thrown away for it.
        if (firstMediaAtMs === null) store.recordings.update(recordingId, { firstMediaAtMs: startMs });
        store.events.append('recovered', recordingId, { what: 'segment', segment, output, file, startMs, bytes });
        const known = store.recordings.get(recordingId)?.startedAtMs ?? null;
        const startedAtMs = known ?? lostBeginning({ createdAtMs, startMs, bornAtMs });
        if (known !== startedAtMs) store.recordings.update(recordingId, { startedAtMs });
        const gap = lostGap({ startedAtMs, startMs, bornAtMs, gaps: store.gaps.list(recordingId) });
        if (gap === null) return;
        store.gaps.add(recordingId, gap);
        store.events.append('gap', recordingId, { ...gap });
      });
      return;
    }
    case 'setRowAside': {
      const { segment, reason } = repair;
      store.transaction(() => {
        store.segments.setAside(recordingId, segment, reason);
        store.events.append('quarantined', recordingId, { what: 'row', segment, reason });
      });
      return;
    }
    case 'setFileAside': {
      const { file, reason, bytes } = repair;
      const note = { recordingId, file, reason, bytes, atMs: now() };
      try {
        await quarantineFile(path.join(directory, file), note, dataDirectory, quarantineFiles);
      } catch {
        // It stays where it is, which harms nobody, and is tried again the next time: no reason to hold up the recording.
        return;
      }
      store.events.append('quarantined', recordingId, { what: 'file', file, bytes, reason });
      return;
    }
  }
}

/** Files only; a folder that is not there holds none. */
async function entriesOf(directory: string): Promise<FolderEntry[]> {
  const names = await readdir(directory).catch(emptyWhenMissing);
  const entries = await Promise.all(
    names.map(async (name) => {
      const facts = await stat(path.join(directory, name)).catch(() => null);
      return facts?.isFile() ? [{ name, bytes: facts.size }] : [];
    }),
  );
  return entries.flat();
}

function emptyWhenMissing(error: unknown): string[] {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
  throw error;
}

/** The outputs whose files were made; one that could not be encoded may still be. */
export function finishedOutputs(files: readonly MediaFileRow[]): OutputName[] {
  return files
    .filter(({ bytes }) => bytes > 0)
    .map(({ stream, userId }) => (stream === 'mix' ? 'mix' : (`${stream}:${userId}` as const)));
}
