import { randomUUID } from 'node:crypto';
import { type CallbackTries, createCallbackTries } from './callback-tries.ts';
import { assignments, defineColumns, insertSql, type SqlValue } from './columns.ts';
import type { Database } from './database.ts';
import type { CallbackRow, CallbackState } from './rows.ts';
import { keepStatements } from './statements.ts';

/** An event on its way to the caller, as it goes into the outbox. */
export type NewCallbackEvent = Pick<CallbackRow, 'recordingId' | 'url' | 'body' | 'deliveryId'> & { event: string };

/**
 * The outbox: what callers are to be told. The rows of one recording are a queue in the order of their writing; only its head is sent,
 * so that a caller hears of his recording in order.
 */
export interface CallbacksTable extends CallbackTries {
  /** Writes the result's row with a new delivery id, unless there is one: then that one is returned unchanged, body and all. */
  ensure(recordingId: string, url: string, body: string): CallbackRow;
  /** Puts an event behind what is in the recording's queue. */
  append(event: NewCallbackEvent): void;
  /** Calls `onNews` when an event is put into a queue, or a queue is to be sent again, inside the transaction that does it. */
  follow(onNews: () => void): void;
  /** The result's row. */
  get(recordingId: string): CallbackRow | undefined;
  /** All rows of a recording, in their order. */
  listOf(recordingId: string): CallbackRow[];
  /** Rows in a state, oldest first. */
  list(state: CallbackState, limit?: number): CallbackRow[];
  /** How many rows are in each state that occurs. */
  counts(): Partial<Record<CallbackState, number>>;
  /** The row that is sent next of a recording: its first pending one. */
  head(recordingId: string): CallbackRow | undefined;
  /**
   * Heads that are due, longest due first; not those of recordings to be deleted. A time further away than `maxWaitMs` comes from a wrong clock and counts as due.
   */
  due(nowMs: number, maxWaitMs: number): CallbackRow[];
  /** When the next row that waits for a time becomes due after `nowMs`; null when none does. */
  nextDueAtMs(nowMs: number): number | null;
  update(deliveryId: string, patch: CallbackPatch): void;
  /** Makes the head of this recording's queue, or of all, due now. */
  makeDue(recordingId?: string): void;
  /**
   * Puts the result, and what was parked before it, back into the queue: for a caller who lost it or was away for too long.
   * @returns false when there is no result yet.
   */
  resend(recordingId: string): boolean;
}

/** What may be changed of a row. */
export type CallbackPatch = Partial<
  Pick<CallbackRow, 'attempts' | 'state' | 'nextAtMs' | 'refusedSinceAtMs' | 'lastStatus' | 'lastError' | 'endedAtMs'>
>;

const CALLBACK = defineColumns<CallbackRow>({
  recordingId: 'value',
  deliveryId: 'value',
  event: 'value',
  url: 'value',
  body: 'value',
  attempts: 'value',
  state: 'value',
  nextAtMs: 'value',
  refusedSinceAtMs: 'value',
  lastStatus: 'value',
  lastError: 'value',
  createdAtMs: 'value',
  queuedAtMs: 'value',
  endedAtMs: 'value',
});

type Raw = Record<string, SqlValue>;
const { list: COLUMNS, fromSql, toSql } = CALLBACK;
const HEAD = `seq = (SELECT min(seq) FROM callbacks AS other
  WHERE other.recording_id = callbacks.recording_id AND other.state = 'pending')`;

function newRow(row: Omit<NewCallbackEvent, 'event'> & { event: string | null }, nowMs: number): Raw {
  return toSql({ ...row, state: 'pending', attempts: 0, createdAtMs: nowMs, queuedAtMs: nowMs });
}

/** Reading single rows and queues. */
function createReads(
  db: Database,
): Pick<CallbacksTable, 'get' | 'listOf' | 'list' | 'counts' | 'head' | 'due' | 'nextDueAtMs'> {
  const one = (where: string) => {
    const select = db.prepare<[string], Raw>(`SELECT ${COLUMNS} FROM callbacks WHERE ${where}`);
    return (recordingId: string): CallbackRow | undefined => {
      const raw = select.get(recordingId);
      return raw && fromSql(raw);
    };
  };
  const selectOf = db.prepare<[string], Raw>(`SELECT ${COLUMNS} FROM callbacks WHERE recording_id = ? ORDER BY seq`);
  const selectState = db.prepare<[string, number], Raw>(
    `SELECT ${COLUMNS} FROM callbacks WHERE state = ? ORDER BY created_at_ms, seq LIMIT ?`,
  );
  const selectCounts = db.prepare<[], { state: CallbackState; n: number }>(
    'SELECT state, count(*) AS n FROM callbacks GROUP BY state',
  );
  const selectDue = db.prepare<{ nowMs: number; farMs: number }, Raw>(
    `SELECT ${COLUMNS} FROM callbacks WHERE state = 'pending' AND ${HEAD}
     AND recording_id NOT IN (SELECT recording_id FROM deletions)
     AND (next_at_ms IS NULL OR next_at_ms <= @nowMs OR next_at_ms > @farMs) ORDER BY ifnull(next_at_ms, 0), seq`,
  );
  const selectNext = db.prepare<[number], { at: number | null }>(
    "SELECT min(next_at_ms) AS at FROM callbacks WHERE state = 'pending' AND next_at_ms > ?",
  );
  return {
    nextDueAtMs: (nowMs) => selectNext.get(nowMs)?.at ?? null,
    get: one('recording_id = ? AND event IS NULL'),
    head: one("recording_id = ? AND state = 'pending' ORDER BY seq LIMIT 1"),
    listOf: (recordingId) => selectOf.all(recordingId).map(fromSql),
    list: (state, limit = 100) => selectState.all(state, limit).map(fromSql),
    counts: () => Object.fromEntries(selectCounts.all().map(({ state, n }) => [state, n])),
    due: (nowMs, maxWaitMs) => selectDue.all({ nowMs, farMs: nowMs + maxWaitMs }).map(fromSql),
  };
}

export function createCallbacksTable(db: Database, now: () => number): CallbacksTable {
  const reads = createReads(db);
  const makeAllDue = db.prepare<[]>(
    `UPDATE callbacks SET next_at_ms = NULL WHERE state = 'pending' AND next_at_ms IS NOT NULL`,
  );
  const makeOneDue = db.prepare<[string]>(
    `UPDATE callbacks SET next_at_ms = NULL WHERE recording_id = ? AND state = 'pending' AND next_at_ms IS NOT NULL`,
  );
  const requeue = db.prepare<[number, string]>(
    `UPDATE callbacks SET state = 'pending', next_at_ms = NULL, refused_since_at_ms = NULL, ended_at_ms = NULL, queued_at_ms = ?
     WHERE recording_id = ? AND (event IS NULL OR state = 'parked')`,
  );
  const statement = keepStatements(db);
  const followers: (() => void)[] = [];
  const tellFollowers = (): void => {
    for (const tell of followers) tell();
  };
  return {
    ...reads,
    ...createCallbackTries(db),
    follow: (onNews) => void followers.push(onNews),
    ensure(recordingId, url, body) {
      const row = newRow({ recordingId, deliveryId: randomUUID(), event: null, url, body }, now());
      statement(`${insertSql('callbacks', row)} ON CONFLICT (recording_id) WHERE event IS NULL DO NOTHING`).run(row);
      const written = reads.get(recordingId);
      if (written === undefined) throw new Error(`callback of recording ${recordingId} is missing`);
      return written;
    },
    append(event) {
      const row = newRow(event, now());
      statement(insertSql('callbacks', row)).run(row);
      tellFollowers();
    },
    update(deliveryId, patch) {
      const values = toSql(patch);
      if (Object.keys(values).length === 0) return;
      statement(`UPDATE callbacks SET ${assignments(values)} WHERE delivery_id = @guardId`).run({
        ...values,
        guardId: deliveryId,
      });
    },
    makeDue(recordingId) {
      if (recordingId === undefined) makeAllDue.run();
      else makeOneDue.run(recordingId);
    },
    resend: (recordingId) =>
      db
        .transaction(() => {
          if (reads.get(recordingId) === undefined) return false;
          requeue.run(now(), recordingId);
          tellFollowers();
          return true;
        })
        .immediate(),
  };
}
