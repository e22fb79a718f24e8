import type { UploadedPart, UploadHead, UploadJournal } from '../delivery/cos/journal.ts';
import type { SqlValue } from './columns.ts';
import type { Database } from './database.ts';

type RawHead = Omit<UploadHead, 'identity'> & UploadHead['identity'];

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
  return (recordingId, fileIndex) => ({
    load() {
      const head = selectHead.get(recordingId, fileIndex);
      if (head === undefined) return null;
      const { size, mtimeNs, inode, ...rest } = head;
      return { ...rest, identity: { size, mtimeNs, inode }, parts: selectParts.all(recordingId, fileIndex) };
    },
    saveInit({ uploadId, bucket, region, key, partSize, identity }) {
      db.transaction(() => {
        // The parts of an earlier upload go with their head (ON DELETE CASCADE).
        remove.run(recordingId, fileIndex);
        const { size, mtimeNs, inode } = identity;
        insertHead.run(recordingId, fileIndex, uploadId, bucket, region, key, partSize, size, mtimeNs, inode, now());
      }).immediate();
    },
    savePart({ number, offset, length, md5, crc64, etag }) {
      insertPart.run(recordingId, fileIndex, number, offset, length, md5, crc64, etag);
    },
    clear() {
      remove.run(recordingId, fileIndex);
    },
  });
}
