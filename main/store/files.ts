import { assignments, defineColumns, insertSql, type SqlValue } from './columns.ts';
import type { Database } from './database.ts';
import type { FileRow, MediaFileRow } from './rows.ts';

/** A finished file; what is left out makes it a mix from the beginning that is not uploaded. */
export type NewFile = Pick<
  FileRow,
  'recordingId' | 'fileIndex' | 'userId' | 'localPath' | 'bytes' | 'durationMs' | 'objectKey' | 'url'
> &
  Partial<FileRow>;

export interface FilesTable {
  /** Writes the whole row, also over an earlier one with the same index (finalizing was repeated). */
  put(file: NewFile): void;
  update(recordingId: string, fileIndex: number, patch: Partial<Omit<FileRow, 'recordingId' | 'fileIndex'>>): void;
  /** The files with media, in the order of their index. */
  list(recordingId: string): MediaFileRow[];
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
} as const satisfies Partial<FileRow>;

function isMedia(file: FileRow): file is MediaFileRow {
  return file.stream !== 'manifest';
}

export function createFilesTable(db: Database): FilesTable {
  const select = db.prepare<[string], Record<string, SqlValue>>(
    `SELECT ${FILE.list} FROM files WHERE recording_id = ? ORDER BY file_index`,
  );
  return {
    put(file) {
      const values = FILE.toSql({ ...NEW_FILE, ...file });
      db.prepare(
        `${insertSql('files', values)} ON CONFLICT (recording_id, file_index) DO UPDATE SET ${assignments(values)}`,
      ).run(values);
    },
    update(recordingId, fileIndex, patch) {
      const values = FILE.toSql(patch);
      if (Object.keys(values).length === 0) return;
      db.prepare(
        `UPDATE files SET ${assignments(values)} WHERE recording_id = @guardId AND file_index = @guardIndex`,
      ).run({ ...values, guardId: recordingId, guardIndex: fileIndex });
    },
    list: (recordingId) => select.all(recordingId).map(FILE.fromSql).filter(isMedia),
    manifest: (recordingId) =>
      select
        .all(recordingId)
        .map(FILE.fromSql)
        .find((file) => !isMedia(file)),
  };
}
