import type { CosCredentials } from '../settings/environment.ts';
import type { SecretBox } from '../settings/secrets.ts';
import type { SqlValue } from './columns.ts';
import type { Database } from './database.ts';
import type { RecordingSecrets } from './rows.ts';

/** An upload that nobody will finish and that COS bills until it is aborted. */
export interface StrayUpload {
  id: number;
  recordingId: string;
  fileIndex: number;
  bucket: string;
  region: string;
  key: string;
  /** Null when it never arrived here: whatever is open under the key is a stray then. */
  uploadId: string | null;
  /** Tries that failed. */
  attempts: number;
  createdAtMs: number;
}

export interface StrayUploadsTable {
  /** Strays to remove now, oldest first. One without an id counts only when its file is not being uploaded any more. */
  due(nowMs: number, limit: number): StrayUpload[];
  /** Keys of a recording that has ended, kept for its strays; null when it brought none. @throws SecretError when they cannot be opened. */
  credentials(stray: StrayUpload): CosCredentials | null;
  /** COS holds it no more, or it was given up. */
  remove(id: number): void;
  /** The try failed; `nextAtMs` is when to try again. */
  postpone(id: number, nextAtMs: number): void;
  /** Makes all due: the line is back, or keys were changed. */
  retryAll(): void;
  count(): number;
}

const COLUMNS = `id, recording_id AS recordingId, file_index AS fileIndex, bucket, region, key, upload_id AS uploadId,
  attempts, created_at_ms AS createdAtMs`;

const contextOf = (recordingId: string): string => `strays:${recordingId}`;

/** Keeps the COS keys, and nothing else, of a recording that has ended for as long as it has strays. */
export function createSealForStrays(
  db: Database,
  secretBox: SecretBox,
): (recordingId: string, secrets: RecordingSecrets) => void {
  const update = db.prepare<SqlValue[]>('UPDATE stray_uploads SET sealed = ? WHERE recording_id = ?');
  return (recordingId, { secretId, secretKey, token }) => {
    update.run(secretBox.seal(JSON.stringify({ secretId, secretKey, token }), contextOf(recordingId)), recordingId);
  };
}

export function createStrayUploadsTable(db: Database, secretBox: SecretBox): StrayUploadsTable {
  const selectDue = db.prepare<SqlValue[], StrayUpload>(
    `SELECT ${COLUMNS} FROM stray_uploads WHERE next_at_ms <= ? AND (upload_id IS NOT NULL OR NOT EXISTS (
       SELECT 1 FROM files JOIN recordings ON recordings.id = files.recording_id
       WHERE files.recording_id = stray_uploads.recording_id AND files.file_index = stray_uploads.file_index
         AND files.state IN ('local', 'uploading') AND recordings.state NOT IN ('done', 'failed'))
       AND NOT EXISTS (
       SELECT 1 FROM live_uploads AS live JOIN recordings ON recordings.id = live.recording_id
       WHERE live.recording_id = stray_uploads.recording_id AND stray_uploads.file_index = 0
         AND recordings.state NOT IN ('uploading', 'notifying', 'done', 'failed')))
     ORDER BY next_at_ms, id LIMIT ?`,
  );
  const selectSealed = db.prepare<[number], { sealed: Buffer | null }>('SELECT sealed FROM stray_uploads WHERE id = ?');
  const remove = db.prepare<[number]>('DELETE FROM stray_uploads WHERE id = ?');
  const postpone = db.prepare<SqlValue[]>(
    'UPDATE stray_uploads SET attempts = attempts + 1, next_at_ms = ? WHERE id = ?',
  );
  return {
    due: (nowMs, limit) => selectDue.all(nowMs, limit),
    credentials({ id, recordingId }) {
      const sealed = selectSealed.get(id)?.sealed;
      return sealed ? (JSON.parse(secretBox.open(sealed, contextOf(recordingId))) as CosCredentials) : null;
    },
    remove: (id) => void remove.run(id),
    postpone: (id, nextAtMs) => void postpone.run(nextAtMs, id),
    retryAll: () => void db.prepare('UPDATE stray_uploads SET next_at_ms = 0').run(),
    count: () => db.prepare<[], { n: number }>('SELECT count(*) AS n FROM stray_uploads').get()?.n ?? 0,
  };
}
