import { randomUUID } from 'node:crypto';
import { assignments, defineColumns, type SqlValue } from './columns.ts';
import type { Database } from './database.ts';
import type { CallbackRow, CallbackState } from './rows.ts';

/** The outbox: one result per recording on its way to the caller. When it is tried next stands in the recording's row. */
export interface CallbacksTable {
  /** Writes the row with a new delivery id, unless there is one: then that one is returned unchanged, body and all. */
  ensure(recordingId: string, url: string, body: string): CallbackRow;
  get(recordingId: string): CallbackRow | undefined;
  /** Rows in a state, oldest first. */
  list(state: CallbackState, limit?: number): CallbackRow[];
  update(
    recordingId: string,
    patch: Partial<Pick<CallbackRow, 'attempts' | 'state' | 'lastStatus' | 'lastError' | 'endedAtMs'>>,
  ): void;
}

const CALLBACK = defineColumns<CallbackRow>({
  recordingId: 'value',
  deliveryId: 'value',
  url: 'value',
  body: 'value',
  attempts: 'value',
  state: 'value',
  lastStatus: 'value',
  lastError: 'value',
  createdAtMs: 'value',
  endedAtMs: 'value',
});

export function createCallbacksTable(db: Database, now: () => number): CallbacksTable {
  const insert = db.prepare<SqlValue[]>(
    `INSERT INTO callbacks (recording_id, delivery_id, url, body, state, created_at_ms)
     VALUES (?, ?, ?, ?, 'pending', ?) ON CONFLICT (recording_id) DO NOTHING`,
  );
  const selectOne = db.prepare<[string], Record<string, SqlValue>>(
    `SELECT ${CALLBACK.list} FROM callbacks WHERE recording_id = ?`,
  );
  const selectState = db.prepare<[string, number], Record<string, SqlValue>>(
    `SELECT ${CALLBACK.list} FROM callbacks WHERE state = ? ORDER BY created_at_ms LIMIT ?`,
  );
  const get = (recordingId: string): CallbackRow | undefined => {
    const raw = selectOne.get(recordingId);
    return raw && CALLBACK.fromSql(raw);
  };
  return {
    ensure(recordingId, url, body) {
      insert.run(recordingId, randomUUID(), url, body, now());
      const row = get(recordingId);
      if (row === undefined) throw new Error(`callback of recording ${recordingId} is missing`);
      return row;
    },
    get,
    list: (state, limit = 100) => selectState.all(state, limit).map(CALLBACK.fromSql),
    update(recordingId, patch) {
      const values = CALLBACK.toSql(patch);
      if (Object.keys(values).length === 0) return;
      db.prepare(`UPDATE callbacks SET ${assignments(values)} WHERE recording_id = @guardId`).run({
        ...values,
        guardId: recordingId,
      });
    },
  };
}
