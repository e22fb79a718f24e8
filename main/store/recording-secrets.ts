import type { SecretBox } from '../settings/secrets.ts';
import type { SqlValue } from './columns.ts';
import type { Database } from './database.ts';
import type { RecordingSecrets } from './rows.ts';

/** Seals and opens the secrets of recordings. A blob is bound to its recording: it does not open for another one. */
export function createRecordingSecrets(db: Database, secretBox: SecretBox) {
  const insert = db.prepare<SqlValue[]>('INSERT INTO recording_secrets (recording_id, sealed) VALUES (?, ?)');
  const select = db.prepare<[string], { sealed: Buffer }>(
    'SELECT sealed FROM recording_secrets WHERE recording_id = ?',
  );
  const remove = db.prepare<[string]>('DELETE FROM recording_secrets WHERE recording_id = ?');
  const context = (id: string): string => `recording:${id}`;
  return {
    put: (id: string, secrets: RecordingSecrets) => {
      insert.run(id, secretBox.seal(JSON.stringify(secrets), context(id)));
    },
    get: (id: string): RecordingSecrets | null => {
      const row = select.get(id);
      return row === undefined ? null : (JSON.parse(secretBox.open(row.sealed, context(id))) as RecordingSecrets);
    },
    remove: (id: string) => {
      remove.run(id);
    },
  };
}
