import type { CosCredentials } from '../settings/environment.ts';
import type { SecretBox } from '../settings/secrets.ts';
import type { SqlValue } from './columns.ts';
import type { Database } from './database.ts';
import type { RecordingSecrets } from './rows.ts';
import { createSealForStrays } from './stray-uploads.ts';

/** Seals and opens the secrets of recordings. A blob is bound to its recording: it does not open for another one. */
export function createRecordingSecrets(db: Database, secretBox: SecretBox) {
  const insert = db.prepare<SqlValue[]>('INSERT INTO recording_secrets (recording_id, sealed) VALUES (?, ?)');
  const replace = db.prepare<SqlValue[]>('UPDATE recording_secrets SET sealed = ? WHERE recording_id = ?');
  const select = db.prepare<[string], { sealed: Buffer }>(
    'SELECT sealed FROM recording_secrets WHERE recording_id = ?',
  );
  const remove = db.prepare<[string]>('DELETE FROM recording_secrets WHERE recording_id = ?');
  const sealForStrays = createSealForStrays(db, secretBox);
  const context = (id: string): string => `recording:${id}`;
  const get = (id: string): RecordingSecrets | null => {
    const row = select.get(id);
    return row === undefined ? null : (JSON.parse(secretBox.open(row.sealed, context(id))) as RecordingSecrets);
  };
  /** The secrets, or null also when they cannot be opened: what stands in for them must work without. */
  const readable = (id: string): RecordingSecrets | null => {
    try {
      return get(id);
    } catch {
      return null;
    }
  };
  return {
    put: (id: string, secrets: RecordingSecrets) => {
      insert.run(id, secretBox.seal(JSON.stringify(secrets), context(id)));
    },
    get,
    /** Replaces the COS credentials alone. A UserSig that cannot be opened any more is lost with its key; the file is not. */
    setCredentials: (id: string, credentials: CosCredentials | null) => {
      const { secretId = null, secretKey = null, token = null } = credentials ?? {};
      const secrets: RecordingSecrets = { userSig: readable(id)?.userSig ?? '', secretId, secretKey, token };
      replace.run(secretBox.seal(JSON.stringify(secrets), context(id)), id);
    },
    /** Deletes the secrets of a recording that has ended. Only what is needed to remove strays from COS stays, sealed, beside those. */
    retire: (id: string) => {
      const secrets = readable(id);
      if (secrets?.secretId && secrets.secretKey) sealForStrays(id, secrets);
      remove.run(id);
    },
  };
}
