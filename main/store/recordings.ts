import { randomUUID } from 'node:crypto';
import { CAPTURING_STATES, type EndReason, type RecordingState } from '../../shared/recording.ts';
import { canMove, isTerminal } from '../recordings/transitions.ts';
import type { SecretBox } from '../settings/secrets.ts';
import { assignments, defineColumns, insertSql, type SqlValue } from './columns.ts';
import type { Database } from './database.ts';
import type { EventsTable } from './events.ts';
import type { IdempotencyTable } from './idempotency.ts';
import type { NewRecording, RecordingPatch, RecordingRow, RecordingSecrets } from './rows.ts';

/** What became of a request; only `created` wrote anything. */
export type CreateResult =
  | { kind: 'created'; recording: RecordingRow }
  /** The idempotency key was used with the same body before: this is the recording it made. */
  | { kind: 'replayed'; recording: RecordingRow }
  /** The idempotency key was used with another body before. */
  | { kind: 'idempotencyMismatch' }
  /** The same user is recording the same room already; TRTC would kick the first. */
  | { kind: 'alreadyRecording'; runningId: string }
  | { kind: 'atCapacity'; running: number };

export interface CreateOptions {
  idempotency?: { key: string; bodyHash: string } | undefined;
  /** Refuse when this many recordings are being captured. */
  maxCapturing?: number | undefined;
}

export interface RecordingsTable {
  /** Writes the recording, its sealed secrets, its `accepted` event and its idempotency key in one transaction, or nothing. */
  create(request: NewRecording, secrets: RecordingSecrets, options?: CreateOptions): CreateResult;
  get(id: string): RecordingRow | undefined;
  /** Newest first. `before` is the id of the last recording of the previous page; `limit` defaults to 50. */
  list(options?: {
    state?: RecordingState | readonly RecordingState[] | undefined;
    limit?: number | undefined;
    before?: string | undefined;
  }): RecordingRow[];
  /** Recordings whose capture process should be running, oldest first. */
  capturing(): RecordingRow[];
  /**
   * Moves a recording from one state to another, applies `patch` and appends a `state` event (with `data`), in one transaction.
   * A move starts the next step afresh: attempts, next time, block and last error are reset unless `patch` says otherwise.
   * Entering a terminal state deletes the recording's secrets.
   * @returns whether it moved: false when the recording is not in `from` any more.
   * @throws TypeError when the transition table does not know the move.
   */
  move(
    id: string,
    from: RecordingState,
    to: RecordingState,
    patch?: RecordingPatch,
    data?: Record<string, unknown>,
  ): boolean;
  /** Changes facts that are not the state. @returns false when there is no such recording. */
  update(id: string, patch: RecordingPatch): boolean;
  /** Notes that the recording shall stop. @returns false when a stop was asked for before or it is not being captured any more. */
  requestStop(id: string, reason: EndReason): boolean;
  /** The secrets, or null when they were deleted because the recording has ended. @throws SecretError when they cannot be opened. */
  secrets(id: string): RecordingSecrets | null;
  /** Recordings in `state` to work on now, longest due first. A time further away than `maxWaitMs` comes from a wrong clock and counts as due. */
  due(state: RecordingState, nowMs: number, limit: number, maxWaitMs: number): RecordingRow[];
  /** When the next recording in one of `states` becomes due after `nowMs`; null when none waits for a time. */
  nextDueAtMs(states: readonly RecordingState[], nowMs: number): number | null;
  /** Recordings in one of `states` that wait for a time or for somebody, in the order of their requests. */
  waiting(states: readonly RecordingState[]): RecordingRow[];
  /** How many recordings are in each state that occurs. */
  counts(): Partial<Record<RecordingState, number>>;
}

const COLUMNS = defineColumns<RecordingRow>({
  id: 'value',
  state: 'value',
  createdAtMs: 'value',
  sdkAppId: 'value',
  roomId: 'value',
  strRoomId: 'value',
  userId: 'value',
  mode: 'value',
  isReserve: 'flag',
  callbackUrl: 'value',
  cosRegion: 'value',
  cosBucket: 'value',
  cosPath: 'value',
  usesStoredCredentials: 'flag',
  simulated: 'flag',
  startedAtMs: 'value',
  endedAtMs: 'value',
  timelineMs: 'value',
  endReason: 'value',
  stopRequested: 'value',
  firstMediaAtMs: 'value',
  idleSinceAtMs: 'value',
  captureAttempts: 'value',
  outcome: 'value',
  failureKind: 'value',
  failureCode: 'value',
  failureMessage: 'value',
  attempts: 'value',
  nextAtMs: 'value',
  blockedCode: 'value',
  blockedRemedy: 'value',
  lastError: 'value',
  updatedAtMs: 'value',
});

const FRESH_STEP: RecordingPatch = {
  attempts: 0,
  nextAtMs: null,
  blockedCode: null,
  blockedRemedy: null,
  lastError: null,
};

const CAPTURING_SQL = CAPTURING_STATES.map((state) => `'${state}'`).join(', ');

export interface RecordingsDeps {
  db: Database;
  now: () => number;
  secretBox: SecretBox;
  events: EventsTable;
  idempotency: IdempotencyTable;
}

type Raw = Record<string, SqlValue>;

/** One placeholder per value. */
function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}

/** Seals and opens the secrets of recordings. A blob is bound to its recording: it does not open for another one. */
function createSecretsAccess(db: Database, secretBox: SecretBox) {
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

function newRow(
  request: NewRecording,
  secrets: RecordingSecrets,
  nowMs: number,
): Partial<RecordingRow> & { id: string } {
  const roomId = request.roomId ?? null;
  return {
    id: randomUUID(),
    state: 'accepted',
    createdAtMs: nowMs,
    sdkAppId: request.sdkAppId,
    roomId,
    strRoomId: roomId === null ? (request.strRoomId ?? null) : null,
    userId: request.userId,
    mode: request.mode,
    isReserve: request.isReserve,
    callbackUrl: request.callbackUrl ?? null,
    cosRegion: request.cosRegion,
    cosBucket: request.cosBucket,
    cosPath: request.cosPath,
    usesStoredCredentials: secrets.secretId === null,
    simulated: request.simulated,
    updatedAtMs: nowMs,
  };
}

export function createRecordingsTable({ db, now, secretBox, events, idempotency }: RecordingsDeps): RecordingsTable {
  const sealed = createSecretsAccess(db, secretBox);
  const selectOne = db.prepare<[string], Raw>(`SELECT ${COLUMNS.list} FROM recordings WHERE id = ?`);
  const selectRunning = db.prepare<SqlValue[], { id: string }>(
    `SELECT id FROM recordings WHERE state IN (${CAPTURING_SQL}) AND sdk_app_id = ? AND ifnull(room_id, 0) = ?
     AND ifnull(str_room_id, '') = ? AND user_id = ?`,
  );
  const countCapturing = db.prepare<[], { n: number }>(
    `SELECT count(*) AS n FROM recordings WHERE state IN (${CAPTURING_SQL})`,
  );
  const selectDue = db.prepare<[RecordingState, number, number, number], Raw>(
    `SELECT ${COLUMNS.list} FROM recordings WHERE state = ? AND (next_at_ms IS NULL OR next_at_ms <= ? OR next_at_ms > ?)
     ORDER BY ifnull(next_at_ms, 0), seq LIMIT ?`,
  );
  const get = (id: string): RecordingRow | undefined => {
    const raw = selectOne.get(id);
    return raw && COLUMNS.fromSql(raw);
  };
  const existing = (id: string): RecordingRow => {
    const row = get(id);
    if (row === undefined) throw new Error(`recording ${id} is missing`);
    return row;
  };
  /** One guarded UPDATE; `from` limits it to that state. */
  const write = (id: string, patch: Partial<RecordingRow>, from?: RecordingState): boolean => {
    const values = COLUMNS.toSql({ ...patch, updatedAtMs: now() });
    const guard = from === undefined ? '' : ' AND state = @guardState';
    const result = db
      .prepare(`UPDATE recordings SET ${assignments(values)} WHERE id = @guardId${guard}`)
      .run({ ...values, guardId: id, ...(from === undefined ? {} : { guardState: from }) });
    return result.changes === 1;
  };

  const create = (request: NewRecording, secrets: RecordingSecrets, options: CreateOptions): CreateResult => {
    const { idempotency: once, maxCapturing } = options;
    const earlier = once && idempotency.get(once.key);
    if (once && earlier) {
      if (earlier.bodyHash !== once.bodyHash) return { kind: 'idempotencyMismatch' };
      return { kind: 'replayed', recording: existing(earlier.recordingId) };
    }
    const row = newRow(request, secrets, now());
    const running = selectRunning.get(request.sdkAppId, row.roomId ?? 0, row.strRoomId ?? '', request.userId);
    if (running) return { kind: 'alreadyRecording', runningId: running.id };
    const capturing = countCapturing.get()?.n ?? 0;
    if (maxCapturing !== undefined && capturing >= maxCapturing) return { kind: 'atCapacity', running: capturing };
    const values = COLUMNS.toSql(row);
    db.prepare(insertSql('recordings', values)).run(values);
    sealed.put(row.id, secrets);
    if (once) idempotency.put(once.key, once.bodyHash, row.id);
    events.append('accepted', row.id, { mode: request.mode });
    return { kind: 'created', recording: existing(row.id) };
  };

  return {
    create: (request, secrets, options = {}) => db.transaction(() => create(request, secrets, options)).immediate(),
    get,
    list({ state, limit = 50, before } = {}) {
      const states = state === undefined ? [] : typeof state === 'string' ? [state] : state;
      const conditions = [
        ...(states.length > 0 ? [`state IN (${marks(states)})`] : []),
        ...(before === undefined ? [] : ['seq < (SELECT seq FROM recordings WHERE id = ?)']),
      ];
      const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
      return db
        .prepare<SqlValue[], Raw>(`SELECT ${COLUMNS.list} FROM recordings ${where} ORDER BY seq DESC LIMIT ?`)
        .all(...states, ...(before === undefined ? [] : [before]), limit)
        .map(COLUMNS.fromSql);
    },
    capturing: () =>
      db
        .prepare<[], Raw>(`SELECT ${COLUMNS.list} FROM recordings WHERE state IN (${CAPTURING_SQL}) ORDER BY seq`)
        .all()
        .map(COLUMNS.fromSql),
    move(id, from, to, patch = {}, data = {}) {
      if (!canMove(from, to)) throw new TypeError(`a recording cannot move from ${from} to ${to}`);
      return db
        .transaction(() => {
          if (!write(id, { ...FRESH_STEP, ...patch, state: to }, from)) return false;
          if (isTerminal(to)) sealed.remove(id);
          events.append('state', id, { ...data, from, to });
          return true;
        })
        .immediate();
    },
    update: (id, patch) => write(id, patch),
    requestStop: (id, reason) =>
      db
        .transaction(() => {
          const asked = db
            .prepare<SqlValue[]>(
              `UPDATE recordings SET stop_requested = ?, updated_at_ms = ?
               WHERE id = ? AND stop_requested IS NULL AND state IN (${CAPTURING_SQL})`,
            )
            .run(reason, now(), id);
          if (asked.changes === 0) return false;
          events.append('stopRequested', id, { reason });
          return true;
        })
        .immediate(),
    secrets: sealed.get,
    due: (state, nowMs, limit, maxWaitMs) => selectDue.all(state, nowMs, nowMs + maxWaitMs, limit).map(COLUMNS.fromSql),
    nextDueAtMs(states, nowMs) {
      const row = db
        .prepare<SqlValue[], { at: number | null }>(
          `SELECT min(next_at_ms) AS at FROM recordings WHERE state IN (${marks(states)}) AND next_at_ms > ?`,
        )
        .get(...states, nowMs);
      return row?.at ?? null;
    },
    waiting: (states) =>
      db
        .prepare<SqlValue[], Raw>(
          `SELECT ${COLUMNS.list} FROM recordings WHERE state IN (${marks(states)}) AND next_at_ms IS NOT NULL ORDER BY seq`,
        )
        .all(...states)
        .map(COLUMNS.fromSql),
    counts() {
      const rows = db
        .prepare<[], { state: RecordingState; n: number }>('SELECT state, count(*) AS n FROM recordings GROUP BY state')
        .all();
      return Object.fromEntries(rows.map(({ state, n }) => [state, n]));
    },
  };
}
