import type { Database } from './database.ts';

/** Which recordings go to COS while they are recorded; their uploads are in the journal of file 0. */
export interface LiveUploadsTable {
  /** To be called before COS is asked for the upload. @returns false when it had begun. */
  begin(recordingId: string): boolean;
  has(recordingId: string): boolean;
  /** The recording goes the ordinary way from here on. @returns whether it had begun. */
  remove(recordingId: string): boolean;
}

export function createLiveUploadsTable(db: Database, now: () => number): LiveUploadsTable {
  const insert = db.prepare<[string, number]>(
    'INSERT INTO live_uploads (recording_id, began_at_ms) VALUES (?, ?) ON CONFLICT DO NOTHING',
  );
  const select = db.prepare<[string], number>('SELECT 1 FROM live_uploads WHERE recording_id = ?').pluck();
  const remove = db.prepare<[string]>('DELETE FROM live_uploads WHERE recording_id = ?');
  return {
    begin: (recordingId) => insert.run(recordingId, now()).changes === 1,
    has: (recordingId) => select.get(recordingId) !== undefined,
    remove: (recordingId) => remove.run(recordingId).changes === 1,
  };
}
