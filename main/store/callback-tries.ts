import { defineColumns, insertSql, type SqlValue } from './columns.ts';
import type { Database } from './database.ts';
import type { CallbackTryRow } from './rows.ts';
import { keepStatements } from './statements.ts';

/** What came of each try to tell a caller. */
export interface CallbackTries {
  /** Writes a try down. Of a message that is tried for days the first tries and the last ones stay. */
  noteTry(row: CallbackTryRow): void;
  /** Tries of all messages of a recording, in the order of their counting. */
  triesOf(recordingId: string): CallbackTryRow[];
}

/** Tries kept of one message: how it began, and how it stands. */
export const KEPT_FIRST = 5;
export const KEPT_LAST = 20;

const TRY = defineColumns<CallbackTryRow>({
  deliveryId: 'value',
  attempt: 'value',
  atMs: 'value',
  tookMs: 'value',
  status: 'value',
  error: 'value',
  answer: 'value',
});

export function createCallbackTries(db: Database): CallbackTries {
  const statement = keepStatements(db);
  const forget = db.prepare<[string, number, number]>(
    'DELETE FROM callback_tries WHERE delivery_id = ? AND attempt > ? AND attempt <= ?',
  );
  const select = db.prepare<[string], Record<string, SqlValue>>(
    `SELECT ${TRY.list} FROM callback_tries WHERE delivery_id IN (SELECT delivery_id FROM callbacks WHERE recording_id = ?)
     ORDER BY delivery_id, attempt`,
  );
  return {
    noteTry(row) {
      const values = TRY.toSql(row);
      statement(`${insertSql('callback_tries', values)} ON CONFLICT DO NOTHING`).run(values);
      forget.run(row.deliveryId, KEPT_FIRST, row.attempt - KEPT_LAST);
    },
    triesOf: (recordingId) => select.all(recordingId).map(TRY.fromSql),
  };
}
