import path from 'node:path';
import type { CosClient } from '../delivery/cos/cos-client.ts';
import { uploadObject } from '../delivery/cos/upload.ts';
import { ORPHAN_WAIT_MS, waitForOrphan } from '../recordings/job.ts';
import { quarantineFile } from '../recordings/recovery/quarantine-file.ts';
import { reconcile } from '../recordings/recovery/reconcile.ts';
import type { FileRow, RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import type { Repair } from './finding.ts';

export interface RepairDeps {
  store: Store;
  dataDirectory: string;
  directoryOf(recordingId: string): string;
  clientFor(recording: RecordingRow): CosClient | null;
  now(): number;
}

export interface RepairResult {
  done: boolean;
  text: string;
}

/** One file is given up after this long; what was sent is kept for the next try. */
const UPLOAD_WITHIN_MS = 60 * 60_000;
const MAX_UPLOAD_TRIES = 3;
const CALL_WITHIN_MS = 30_000;

/** Carries one repair out. No box may work on the directory. Never rejects: what went wrong is in the result. */
export async function carryOut(deps: RepairDeps, repair: Repair): Promise<RepairResult> {
  try {
    return await tryRepair(deps, repair);
  } catch (error) {
    return { done: false, text: error instanceof Error ? error.message : String(error) };
  }
}

async function tryRepair(deps: RepairDeps, repair: Repair): Promise<RepairResult> {
  const { store, directoryOf } = deps;
  if (repair.kind === 'restoreDatabase') {
    // Opening the store did it already.
    const { restored } = store;
    if (!restored) return { done: true, text: 'the database is sound' };
    const { backup, rowsRead, setAside } = restored;
    return {
      done: true,
      text: `made anew from ${backup ?? 'no backup'} and ${rowsRead} rows; the old one is in ${setAside}`,
    };
  }
  const row = store.recordings.get(repair.recordingId);
  if (!row) return { done: false, text: `there is no recording ${repair.recordingId}` };
  switch (repair.kind) {
    case 'reconcile': {
      if ((await waitForOrphan(directoryOf(row.id), ORPHAN_WAIT_MS)) === 'stillThere') {
        return { done: false, text: 'a process of it is still writing' };
      }
      const repairs = await reconcile(deps, row);
      return { done: true, text: `${repairs.length} repairs` };
    }
    case 'setFileAside': {
      const file = path.join(directoryOf(row.id), path.basename(repair.file));
      const note = {
        recordingId: row.id,
        file: repair.file,
        reason: 'no file of this recording',
        bytes: 0,
        atMs: deps.now(),
      };
      const place = await quarantineFile(file, note, deps.dataDirectory);
      store.events.append('quarantined', row.id, { what: 'file', file: repair.file, reason: note.reason });
      return { done: true, text: `now ${place}` };
    }
    case 'uploadAgain':
      return await withObject(deps, row, repair.fileIndex, (client, file) => uploadAgain(store, client, file));
    case 'abortUploads':
      return await withObject(deps, row, repair.fileIndex, abortUploads);
  }
}

async function withObject(
  { store, clientFor }: RepairDeps,
  row: RecordingRow,
  fileIndex: number,
  work: (client: CosClient, file: FileRow) => Promise<RepairResult>,
): Promise<RepairResult> {
  const manifest = store.files.manifest(row.id);
  const files = [...store.files.list(row.id), ...(manifest ? [manifest] : [])];
  const file = files.find((one) => one.fileIndex === fileIndex);
  const client = clientFor(row);
  if (!file || !client) return { done: false, text: file ? 'the box has no keys for it' : 'its row is gone' };
  try {
    return await work(client, file);
  } finally {
    client.close();
  }
}

async function uploadAgain(store: Store, client: CosClient, file: FileRow): Promise<RepairResult> {
  const journal = store.uploadJournal(file.recordingId, file.fileIndex);
  const plan = {
    path: file.localPath,
    key: file.objectKey,
    contentType: CONTENT_TYPES[path.extname(file.localPath)] ?? OTHER,
  };
  const signal = AbortSignal.timeout(UPLOAD_WITHIN_MS);
  for (let tries = 1; ; tries += 1) {
    const outcome = await uploadObject({ client, journal }, plan, signal);
    if (outcome.kind === 'done') {
      const { bytes, crc64, etag } = outcome;
      store.transaction(() => {
        store.files.update(file.recordingId, file.fileIndex, { state: 'uploaded', uploadedBytes: bytes, crc64, etag });
        store.events.append('uploadedAgain', file.recordingId, { file: file.fileIndex, bytes, crc64 });
        journal.clear();
      });
      return { done: true, text: `${bytes} bytes, proven by size and CRC-64` };
    }
    const isHopeless = outcome.kind === 'failed' || outcome.kind === 'blocked' || tries >= MAX_UPLOAD_TRIES;
    if (isHopeless) return { done: false, text: 'message' in outcome ? outcome.message : outcome.code };
  }
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.json': 'application/json',
};
const OTHER = 'application/octet-stream';

async function abortUploads(client: CosClient, file: FileRow): Promise<RepairResult> {
  const signal = AbortSignal.timeout(CALL_WITHIN_MS);
  const uploads = await client.listUploads(file.objectKey, signal);
  for (const uploadId of uploads) await client.abort(file.objectKey, uploadId, signal);
  return { done: true, text: `${uploads.length} aborted` };
}
