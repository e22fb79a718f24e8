import type { Database } from './database.ts';

/** In which folder each recording has its own. */
export interface RecordingFoldersTable {
  /** The folder as it was noted; null for the one that new recordings go to, and for recordings that are not known. */
  baseOf(recordingId: string): string | null;
  /**
   * New recordings go to another folder from now on: notes `before` for all recordings without a note, and none for those that lie in
   * `after`, in one transaction with the fact `key`.
   * @returns how many recordings stay in `before`
   */
  change(before: string, after: string, fact: { key: string; value: string }): number;
}

export function createRecordingFoldersTable(
  db: Database,
  setFact: (key: string, value: string) => void,
): RecordingFoldersTable {
  const select = db.prepare<[string], string | null>('SELECT base_directory FROM recordings WHERE id = ?').pluck();
  const note = db.prepare<[string]>('UPDATE recordings SET base_directory = ? WHERE base_directory IS NULL');
  const forget = db.prepare<[string]>('UPDATE recordings SET base_directory = NULL WHERE base_directory = ?');
  return {
    baseOf: (recordingId) => select.get(recordingId) ?? null,
    change: (before, after, { key, value }) =>
      db
        .transaction(() => {
          const { changes } = note.run(before);
          forget.run(after);
          setFact(key, value);
          return changes;
        })
        .immediate(),
  };
}
