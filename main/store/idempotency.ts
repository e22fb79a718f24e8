import type { Database } from './database.ts';
import type { IdempotencyRow } from './rows.ts';

/** A key stands for its first request this long; after that it is as good as new. */
export const IDEMPOTENCY_LIFE_MS = 24 * 3_600_000;

/** Which request an `Idempotency-Key` made, so that its repetition gets the first answer. */
export interface IdempotencyTable {
  /** Undefined for a key that was never used or whose time is over. */
  get(key: string): IdempotencyRow | undefined;
  /** Called inside the transaction that creates the recording; forgets all keys whose time is over. */
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
  const prune = (beforeMs: number): number => remove.run(beforeMs).changes;
  return {
    get(key) {
      const row = select.get(key);
      return row && row.createdAtMs >= now() - IDEMPOTENCY_LIFE_MS ? row : undefined;
    },
    put: (key, bodyHash, recordingId) => {
      prune(now() - IDEMPOTENCY_LIFE_MS);
      insert.run(key, bodyHash, recordingId, now());
    },
    prune,
  };
}
