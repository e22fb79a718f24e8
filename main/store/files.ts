import { assignments, defineColumns, insertSql, type SqlValue } from './columns.ts';
import type { Database } from './database.ts';
import type { FileRow, MediaFileRow } from './rows.ts';
import { keepStatements } from './statements.ts';

/** A finished file; what is left out makes it a mix from the beginning that is not uploaded. */
export type NewFile = Pick<
  FileRow,
  'recordingId' | 'fileIndex' | 'userId' | 'localPath' | 'bytes' | 'durationMs' | 'objectKey' | 'url'
> &
  Partial<FileRow>;

/** A local file that COS is known to hold, too. */
export interface ProvenFile
  extends Pick<MediaFileRow, 'recordingId' | 'fileIndex' | 'localPath' | 'bytes' | 'objectKey'> {
  /** As COS confirmed it. */
  crc64: string;
  /** When its recording ended, ms since 1970. */
  endedAtMs: number;
}

export interface FilesTable {
  /** Writes the whole row, also over an earlier one with the same index (finalizing was repeated). */
  put(file: NewFile): void;
  update(recordingId: string, fileIndex: number, patch: Partial<Omit<FileRow, 'recordingId' | 'fileIndex'>>): void;
  /** The files with media, in the order of their index. */
  list(recordingId: string): MediaFileRow[];
  /**
   * Media files whose object in COS was proven and whose local copy is still there, of recordings whose delivery is over or only
   * waits for the caller to be told; those that ended first come first. No file of a recording before that is ever in it.
   */
  proven(limit: number): ProvenFile[];
  /** Files given up since a moment (ms since 1970): a box that died in between may have left them on the disk. */
  evictedSince(atMs: number): Pick<FileRow, 'recordingId' | 'fileIndex' | 'localPath'>[];
  /**
   * Finished files that are not in COS yet, without what COS has acknowledged of them in parts. `oldestEndedAtMs` is when the first
   * of the recordings that are to be finished or uploaded ended; null when there is none.
   */
  backlog(): { files: number; bytes: number; oldestEndedAtMs: number | null };
  /** The manifest when it is to be uploaded. */
  manifest(recordingId: string): FileRow | undefined;
}

const FILE = defineColumns<FileRow>({
  recordingId: 'value',
  fileIndex: 'value',
  userId: 'value',
  stream: 'value',
  startOffsetMs: 'value',
  localPath: 'value',
  bytes: 'value',
  durationMs: 'value',
  objectKey: 'value',
  url: 'value',
  uploadedBytes: 'value',
  crc64: 'value',
  sha256: 'value',
  etag: 'value',
  state: 'value',
  failureCode: 'value',
  message: 'value',
  evictedAtMs: 'value',
});

const NEW_FILE = {
  stream: 'mix',
  startOffsetMs: 0,
  uploadedBytes: 0,
  crc64: null,
  sha256: null,
  etag: null,
  state: 'local',
  failureCode: null,
  message: null,
  evictedAtMs: null,
} as const satisfies Partial<FileRow>;

function isMedia(file: FileRow): file is MediaFileRow {
  return file.stream !== 'manifest';
}

export function createFilesTable(db: Database): FilesTable {
  const select = db.prepare<[string], Record<string, SqlValue>>(
    `SELECT ${FILE.list} FROM files WHERE recording_id = ? ORDER BY file_index`,
  );
  const selectProven = db.prepare<[number], ProvenFile>(
    `SELECT f.recording_id AS recordingId, f.file_index AS fileIndex, f.local_path AS localPath, f.bytes, f.object_key AS objectKey,
       f.crc64, ifnull(r.ended_at_ms, r.created_at_ms) AS endedAtMs
     FROM files f JOIN recordings r ON r.id = f.recording_id
     WHERE f.state = 'uploaded' AND f.evicted_at_ms IS NULL AND f.stream <> 'manifest' AND f.crc64 IS NOT NULL
       AND f.uploaded_bytes = f.bytes AND f.bytes > 0 AND r.state IN ('notifying', 'done', 'failed')
     ORDER BY endedAtMs, r.seq, f.file_index LIMIT ?`,
  );
  const selectEvicted = db.prepare<[number], Pick<FileRow, 'recordingId' | 'fileIndex' | 'localPath'>>(
    `SELECT recording_id AS recordingId, file_index AS fileIndex, local_path AS localPath FROM files
     WHERE state = 'uploaded' AND evicted_at_ms >= ?`,
  );
  const selectBacklog = db.prepare<[], { files: number; bytes: number; oldestEndedAtMs: number | null }>(
    `SELECT count(f.file_index) AS files, min(ifnull(r.ended_at_ms, r.created_at_ms)) AS oldestEndedAtMs,
       ifnull(sum(f.bytes - min(f.bytes, ifnull((SELECT sum(p.length) FROM upload_parts AS p
         WHERE p.recording_id = f.recording_id AND p.file_index = f.file_index), 0))), 0) AS bytes
     FROM recordings AS r LEFT JOIN files AS f ON f.recording_id = r.id AND f.state IN ('local', 'uploading')
     WHERE r.state IN ('finalizing', 'uploading')`,
  );
  const statement = keepStatements(db);
  return {
    backlog: () => selectBacklog.get() ?? { files: 0, bytes: 0, oldestEndedAtMs: null },
    put(file) {
      const values = FILE.toSql({ ...NEW_FILE, ...file });
      statement(
        `${insertSql('files', values)} ON CONFLICT (recording_id, file_index) DO UPDATE SET ${assignments(values)}`,
      ).run(values);
    },
    update(recordingId, fileIndex, patch) {
      const values = FILE.toSql(patch);
      if (Object.keys(values).length === 0) return;
      statement(
        `UPDATE files SET ${assignments(values)} WHERE recording_id = @guardId AND file_index = @guardIndex`,
      ).run({ ...values, guardId: recordingId, guardIndex: fileIndex });
    },
    list: (recordingId) => select.all(recordingId).map(FILE.fromSql).filter(isMedia),
    proven: (limit) => selectProven.all(limit),
    evictedSince: (atMs) => selectEvicted.all(atMs),
    manifest: (recordingId) =>
      select
        .all(recordingId)
        .map(FILE.fromSql)
        .find((file) => !isMedia(file)),
  };
}
