import type { Database } from './database.ts';
import type { IdempotencyRow } from './rows.ts';

/** Which request an `Idempotency-Key` made, so that its repetition gets the first answer. */
export interface IdempotencyTable {
  get(key: string): IdempotencyRow | undefined;
  /** Called inside the transaction that creates the recording. */
  put(key: string, bodyHash: string, recordingId: string): void;
  /** Forgets keys created before `beforeMs`. @returns how many. */
  prune(beforeMs: number): number;
}

export function createIdempotencyTable(db: Database, now: () => number): IdempotencyTable {
  const select = db.prepare<[string], IdempotencyRow>(
    `SELECT key, body_hash AS bodyHash, recording_id AS recordingId, created_at_ms AS createdAtMs
     FROM idempotency WHERE key = ?`,
  );
  const insert = db.prepare<[string, string, string, number]>(
    'INSERT INTO idempotency (key, body_hash, recording_id, created_at_ms) VALUES (?, ?, ?, ?)',
  );
  const remove = db.prepare<[number]>('DELETE FROM idempotency WHERE created_at_ms < ?');
  return {
    get: (key) => select.get(key),
    put: (key, bodyHash, recordingId) => {
      insert.run(key, bodyHash, recordingId, now());
    },
    prune: (beforeMs) => remove.run(beforeMs).changes,
  };
}
