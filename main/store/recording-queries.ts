import { CAPTURING_STATES, type RecordingState } from '../../shared/recording.ts';
import { defineColumns, type SqlValue } from './columns.ts';
import type { Database } from './database.ts';
import type { RecordingRow } from './rows.ts';
import { keepStatements } from './statements.ts';

/** Reading recordings. */
export interface RecordingQueries {
  get(id: string): RecordingRow | undefined;
  /** Newest first. `before` is the id of the last recording of the previous page; `limit` defaults to 50. */
  list(options?: {
    state?: RecordingState | readonly RecordingState[] | undefined;
    limit?: number | undefined;
    before?: string | undefined;
  }): RecordingRow[];
  /** Recordings whose capture process should be running, oldest first. */
  capturing(): RecordingRow[];
  /** Recordings that have ended and are not over yet: to be finalized, uploaded, told of. Oldest first. */
  delivering(): RecordingRow[];
  /** Recordings in `state` to work on now, longest due first; those to be deleted are left out. A time further away than `maxWaitMs` comes from a wrong clock and counts as due. */
  due(state: RecordingState, nowMs: number, limit: number, maxWaitMs: number): RecordingRow[];
  /** When the next recording in one of `states` becomes due after `nowMs`; null when none waits for a time. */
  nextDueAtMs(states: readonly RecordingState[], nowMs: number): number | null;
  /** Recordings in one of `states` that wait for a time or for somebody, in the order of their requests. */
  waiting(states: readonly RecordingState[]): RecordingRow[];
  /** How many recordings are in each state that occurs. */
  counts(): Partial<Record<RecordingState, number>>;
}

export const RECORDING_COLUMNS = defineColumns<RecordingRow>({
  id: 'value',
  state: 'value',
  createdAtMs: 'value',
  sdkAppId: 'value',
  roomId: 'value',
  strRoomId: 'value',
  userId: 'value',
  mode: 'value',
  isReserve: 'flag',
  alsoSingle: 'flag',
  layout: 'value',
  namesJson: 'value',
  callbackUrl: 'value',
  cosRegion: 'value',
  cosBucket: 'value',
  cosPath: 'value',
  usesStoredCredentials: 'flag',
  simulated: 'flag',
  startedAtMs: 'value',
  userSigExpiresAtMs: 'value',
  endedAtMs: 'value',
  timelineMs: 'value',
  cutMs: 'value',
  endReason: 'value',
  stopRequested: 'value',
  firstMediaAtMs: 'value',
  idleSinceAtMs: 'value',
  captureAttempts: 'value',
  picturesSent: 'value',
  picturesSkipped: 'value',
  framesReceived: 'value',
  framesDropped: 'value',
  outcome: 'value',
  failureKind: 'value',
  failureCode: 'value',
  failureMessage: 'value',
  attempts: 'value',
  nextAtMs: 'value',
  blockedCode: 'value',
  blockedRemedy: 'value',
  lastError: 'value',
  waitRemedy: 'value',
  waitUntilAtMs: 'value',
  waitingSinceAtMs: 'value',
  uploadPace: 'value',
  updatedAtMs: 'value',
});

/** The capturing states as an SQL list. */
export const CAPTURING_SQL = CAPTURING_STATES.map((state) => `'${state}'`).join(', ');

type Raw = Record<string, SqlValue>;

/** One placeholder per value. */
function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}

export function createRecordingQueries(db: Database): RecordingQueries {
  const { list: columns, fromSql } = RECORDING_COLUMNS;
  const selectOne = db.prepare<[string], Raw>(`SELECT ${columns} FROM recordings WHERE id = ?`);
  const selectDue = db.prepare<[RecordingState, number, number, number], Raw>(
    `SELECT ${columns} FROM recordings WHERE state = ? AND (next_at_ms IS NULL OR next_at_ms <= ? OR next_at_ms > ?)
       AND id NOT IN (SELECT recording_id FROM deletions)
     ORDER BY ifnull(next_at_ms, 0), seq LIMIT ?`,
  );
  const statement = keepStatements(db);
  const selectCapturing = db.prepare<[], Raw>(
    `SELECT ${columns} FROM recordings WHERE state IN (${CAPTURING_SQL}) ORDER BY seq`,
  );
  const selectDelivering = db.prepare<[], Raw>(
    `SELECT ${columns} FROM recordings WHERE state IN ('finalizing', 'uploading', 'notifying') ORDER BY seq`,
  );
  const selectCounts = db.prepare<[], { state: RecordingState; n: number }>(
    'SELECT state, count(*) AS n FROM recordings GROUP BY state',
  );
  return {
    get(id) {
      const raw = selectOne.get(id);
      return raw && fromSql(raw);
    },
    list({ state, limit = 50, before } = {}) {
      const states = state === undefined ? [] : typeof state === 'string' ? [state] : state;
      const conditions = [
        ...(states.length > 0 ? [`state IN (${marks(states)})`] : []),
        ...(before === undefined ? [] : ['seq < (SELECT seq FROM recordings WHERE id = ?)']),
      ];
      const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
      return statement<SqlValue[], Raw>(`SELECT ${columns} FROM recordings ${where} ORDER BY seq DESC LIMIT ?`)
        .all(...states, ...(before === undefined ? [] : [before]), limit)
        .map(fromSql);
    },
    capturing: () => selectCapturing.all().map(fromSql),
    delivering: () => selectDelivering.all().map(fromSql),
    due: (state, nowMs, limit, maxWaitMs) => selectDue.all(state, nowMs, nowMs + maxWaitMs, limit).map(fromSql),
    nextDueAtMs(states, nowMs) {
      const row = statement<SqlValue[], { at: number | null }>(
        `SELECT min(next_at_ms) AS at FROM recordings WHERE state IN (${marks(states)}) AND next_at_ms > ?`,
      ).get(...states, nowMs);
      return row?.at ?? null;
    },
    waiting: (states) =>
      statement<SqlValue[], Raw>(
        `SELECT ${columns} FROM recordings WHERE state IN (${marks(states)}) AND next_at_ms IS NOT NULL ORDER BY seq`,
      )
        .all(...states)
        .map(fromSql),
    counts: () => Object.fromEntries(selectCounts.all().map(({ state, n }) => [state, n])),
  };
}
