import type { UploadedPart, UploadHead, UploadJournal, UploadTarget } from '../delivery/cos/journal.ts';
import type { SqlValue } from './columns.ts';
import type { Database } from './database.ts';

type RawHead = Omit<UploadHead, 'identity'> & UploadHead['identity'];

/** A stray is left to the attempt that made it for this long. */
const STRAY_REST_MS = 15_000;

/** Journals over the tables `uploads` and `upload_parts`; every write is durable when it returns. */
export function createUploadJournals(
  db: Database,
  now: () => number,
): (recordingId: string, fileIndex: number) => UploadJournal {
  const selectHead = db.prepare<SqlValue[], RawHead>(
    `SELECT upload_id AS uploadId, bucket, region, key, part_size AS partSize, size, mtime_ns AS mtimeNs, inode
     FROM uploads WHERE recording_id = ? AND file_index = ?`,
  );
  const selectParts = db.prepare<SqlValue[], UploadedPart>(
    `SELECT number, offset, length, md5, crc64, etag FROM upload_parts
     WHERE recording_id = ? AND file_index = ? ORDER BY number`,
  );
  const insertHead = db.prepare<SqlValue[]>(
    `INSERT INTO uploads (recording_id, file_index, upload_id, bucket, region, key, part_size, size, mtime_ns, inode,
       updated_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertPart = db.prepare<SqlValue[]>(
    `INSERT OR REPLACE INTO upload_parts (recording_id, file_index, number, offset, length, md5, crc64, etag)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const remove = db.prepare<SqlValue[]>('DELETE FROM uploads WHERE recording_id = ? AND file_index = ?');
  const noteStray = db.prepare<SqlValue[]>(
    `INSERT INTO stray_uploads (recording_id, file_index, bucket, region, key, upload_id, next_at_ms, created_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  const adopt = db.prepare<SqlValue[]>(
    'UPDATE uploads SET size = ?, mtime_ns = ?, inode = ?, updated_at_ms = ? WHERE recording_id = ? AND file_index = ?',
  );
  const removePart = db.prepare<SqlValue[]>(
    'DELETE FROM upload_parts WHERE recording_id = ? AND file_index = ? AND number = ?',
  );
  const aborted = db.prepare<SqlValue[]>(
    'DELETE FROM stray_uploads WHERE recording_id = ? AND file_index = ? AND upload_id = ?',
  );
  const swept = db.prepare<SqlValue[]>('DELETE FROM stray_uploads WHERE recording_id = ? AND file_index = ?');
  return (recordingId, fileIndex) => {
    const stray = ({ bucket, region, key }: UploadTarget, uploadId: string | null): void => {
      // The attempt itself removes it right away when it can; only what is left after that is looked for.
      noteStray.run(recordingId, fileIndex, bucket, region, key, uploadId, now() + STRAY_REST_MS, now());
    };
    const abandon = (): void => {
      const head = selectHead.get(recordingId, fileIndex);
      if (head !== undefined) stray(head, head.uploadId);
      // The parts go with their head (ON DELETE CASCADE).
      remove.run(recordingId, fileIndex);
    };
    return {
      load() {
        const head = selectHead.get(recordingId, fileIndex);
        if (head === undefined) return null;
        const { size, mtimeNs, inode, ...rest } = head;
        return { ...rest, identity: { size, mtimeNs, inode }, parts: selectParts.all(recordingId, fileIndex) };
      },
      announce: (target) => stray(target, null),
      saveInit({ uploadId, bucket, region, key, partSize, identity }) {
        db.transaction(() => {
          abandon();
          const { size, mtimeNs, inode } = identity;
          insertHead.run(recordingId, fileIndex, uploadId, bucket, region, key, partSize, size, mtimeNs, inode, now());
        }).immediate();
      },
      savePart({ number, offset, length, md5, crc64, etag }) {
        insertPart.run(recordingId, fileIndex, number, offset, length, md5, crc64, etag);
      },
      adopt({ size, mtimeNs, inode }, kept) {
        db.transaction(() => {
          adopt.run(size, mtimeNs, inode, now(), recordingId, fileIndex);
          const odd = selectParts.all(recordingId, fileIndex).filter(({ number }) => !kept.has(number));
          for (const { number } of odd) removePart.run(recordingId, fileIndex, number);
        }).immediate();
      },
      clear() {
        remove.run(recordingId, fileIndex);
      },
      abandon: () => db.transaction(abandon).immediate(),
      aborted: (uploadId) => void aborted.run(recordingId, fileIndex, uploadId),
      swept: () => void swept.run(recordingId, fileIndex),
    };
  };
}

/** Leaves what a recording has open in COS to those who look for strays. */
export function createAbandonUploads(db: Database, now: () => number): (recordingId: string) => void {
  const noteStrays = db.prepare<SqlValue[]>(
    `INSERT INTO stray_uploads (recording_id, file_index, bucket, region, key, upload_id, next_at_ms, created_at_ms)
     SELECT recording_id, file_index, bucket, region, key, upload_id, ?, ? FROM uploads WHERE recording_id = ?
     ON CONFLICT DO NOTHING`,
  );
  const remove = db.prepare<SqlValue[]>('DELETE FROM uploads WHERE recording_id = ?');
  return (recordingId) => {
    noteStrays.run(now(), now(), recordingId);
    remove.run(recordingId);
  };
}

/** Bytes of each file of a recording that COS has acknowledged in parts, by the file's index; files without an open upload are left out. */
export function createAcknowledgedBytes(db: Database): (recordingId: string) => Map<number, number> {
  const select = db.prepare<[string], { fileIndex: number; bytes: number }>(
    `SELECT file_index AS fileIndex, sum(length) AS bytes FROM upload_parts WHERE recording_id = ? GROUP BY file_index`,
  );
  return (recordingId) => new Map(select.all(recordingId).map(({ fileIndex, bytes }) => [fileIndex, bytes]));
}
