import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { CAPTURING_STATES } from '../../shared/recording.ts';
import { parseSegmentFileName } from '../capture/encode/segment-name.ts';
import { hashFile } from '../delivery/hash-file.ts';
import { manifestName } from '../delivery/manifest.ts';
import { PID_FILE, SIMULATION_STATE_FILE } from '../recordings/job.ts';
import { mediaKind } from '../recordings/naming.ts';
import { type FolderEntry, planRepairs, type Repair as RowRepair } from '../recordings/recovery/plan.ts';
import { QUARANTINE_FOLDER } from '../recordings/recovery/quarantine-file.ts';
import { finishedOutputs } from '../recordings/recovery/reconcile.ts';
import { isTerminal } from '../recordings/transitions.ts';
import type { FileRow, RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { allRecordings, type Finding, finding } from './finding.ts';

export interface FilesCheck {
  store: Store;
  recordingsDirectory: string;
  directoryOf(recordingId: string): string;
  /** Reads every file and compares its checksum. */
  deep: boolean;
  /** A box is at work: what it is recording and finalizing changes while one looks. */
  isBoxRunning: boolean;
}

/** Compares the recordings' folders with the rows, both ways. Changes nothing. */
export async function checkFiles(check: FilesCheck): Promise<Finding[]> {
  const { store, recordingsDirectory, directoryOf } = check;
  if (!existsSync(recordingsDirectory)) {
    if (store.recordings.list({ limit: 1 }).length === 0) return [finding('files', 'ok', 'nothing was recorded yet')];
    const remedy =
      'Mount its disk, or correct CFS_PATH or storage.directory; the box waits for it and goes on by itself.';
    return [
      finding('files', 'problem', 'the folder of the recordings is missing', { about: recordingsDirectory, remedy }),
    ];
  }
  const findings: Finding[] = [];
  // Those that are being deleted are the box's business: it goes on at its next start.
  const known = new Set(store.deletions.list().map(({ recordingId }) => path.basename(directoryOf(recordingId))));
  let whole = 0;
  for (const row of allRecordings(store)) {
    known.add(path.basename(directoryOf(row.id)));
    const found = await checkRecording(check, row);
    if (found.length === 0) whole += 1;
    findings.push(...found);
  }
  findings.push(...(await unknownFolders(recordingsDirectory, known)));
  return [finding('files', 'ok', `${whole} recordings have what their rows say`), ...findings];
}

async function checkRecording(check: FilesCheck, row: RecordingRow): Promise<Finding[]> {
  const { store, directoryOf, isBoxRunning } = check;
  const folder = await entriesOf(directoryOf(row.id));
  const rows = [...store.files.list(row.id), ...optional(store.files.manifest(row.id))];
  const findings: Finding[] = [];
  for (const file of rows) findings.push(...(await checkFile(check, row, file, folder)));
  if (isTerminal(row.state)) return [...findings, ...unknownFiles(row, rows, folder)];
  const isGrowing = row.state === 'finalizing' || (CAPTURING_STATES as readonly string[]).includes(row.state);
  if (!isGrowing || isBoxRunning) return findings;
  const repairs = planRepairs({
    kind: mediaKind(row.mode),
    folder,
    segments: store.segments.list(row.id),
    finished: finishedOutputs(store.files.list(row.id)),
  });
  const repair = { kind: 'reconcile', recordingId: row.id } as const;
  return [...findings, ...repairs.map((one) => finding('files', 'problem', textOf(one), { about: row.id, repair }))];
}

function textOf(repair: RowRepair): string {
  switch (repair.kind) {
    case 'adopt':
      return `${repair.file} has no row; it belongs at ${Math.round(repair.startMs)} ms of ${repair.output}`;
    case 'setRowAside':
      return `segment ${repair.segment}: ${repair.reason}`;
    case 'setFileAside':
      return `${repair.file}: ${repair.reason}`;
  }
}

async function checkFile(
  { deep, isBoxRunning }: FilesCheck,
  row: RecordingRow,
  file: FileRow,
  folder: readonly FolderEntry[],
): Promise<Finding[]> {
  if (file.bytes === 0 || file.evictedAtMs !== null) return [];
  const name = path.basename(file.localPath);
  const about = `${row.id}/${name}`;
  const facts = await stat(file.localPath).catch(() => null);
  const isDelivered = file.state === 'uploaded';
  if (!facts && isDelivered) {
    return [finding('files', 'note', 'the local copy is gone; its object was proven in COS', { about })];
  }
  if (!facts) {
    const hasSegments = folder.some((entry) => parseSegmentFileName(entry.name) !== null);
    const remedy =
      hasSegments && !isTerminal(row.state)
        ? 'Start the box: it makes the file again from the segments.'
        : 'Put a copy back, if there is one; it was not delivered.';
    return [finding('files', 'problem', 'is missing and was not delivered', { about, remedy })];
  }
  const wrong = await mismatch(file, facts.size, deep && !isBoxRunning);
  if (wrong === null) return [];
  const remedy = isDelivered
    ? 'The object in COS was proven when it was uploaded; fetch it from there.'
    : 'Start the box: it makes the file again when the segments are still there.';
  return [finding('files', 'problem', wrong, { about, remedy })];
}

async function mismatch(file: FileRow, bytes: number, deep: boolean): Promise<string | null> {
  if (bytes !== file.bytes) return `has ${bytes} bytes instead of ${file.bytes}`;
  if (!deep || file.crc64 === null) return null;
  try {
    const { crc64 } = await hashFile(file.localPath);
    return crc64 === file.crc64 ? null : 'has the right length and other bytes (CRC-64 differs)';
  } catch (error) {
    return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** Files in the folder of a recording that is over. Segments are understood: they stay where no file could be made of them. */
function unknownFiles(row: RecordingRow, rows: readonly FileRow[], folder: readonly FolderEntry[]): Finding[] {
  const names = rows.map(({ localPath }) => path.basename(localPath));
  const known = new Set([...names, ...names.map(manifestName), PID_FILE, SIMULATION_STATE_FILE]);
  return folder
    .filter(({ name }) => !known.has(name) && parseSegmentFileName(name) === null)
    .map(({ name }) =>
      finding('files', 'note', 'is no file of this recording', {
        about: `${row.id}/${name}`,
        repair: { kind: 'setFileAside', recordingId: row.id, file: name },
      }),
    );
}

const UNKNOWN_FOLDER =
  'The database does not know it, for instance because it was restored from an older backup. Its files can be played as they are; the doctor never touches them.';

async function unknownFolders(recordingsDirectory: string, known: ReadonlySet<string>): Promise<Finding[]> {
  const entries = await readdir(recordingsDirectory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && !known.has(entry.name) && entry.name !== QUARANTINE_FOLDER)
    .map(({ name }) =>
      finding('files', 'problem', 'a recording without a row', {
        about: path.join(recordingsDirectory, name),
        remedy: UNKNOWN_FOLDER,
      }),
    );
}

/** Files only; a folder that is not there holds none. */
async function entriesOf(directory: string): Promise<FolderEntry[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  return await Promise.all(
    files.map(async ({ name }) => ({
      name,
      bytes: (await stat(path.join(directory, name)).catch(() => ({ size: 0 }))).size,
    })),
  );
}

function optional<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}
