import type { EndReason, RecordingState } from '../../shared/recording.ts';
import { announcementsOf } from '../recordings/announcements.ts';
import { newRecordingId } from '../recordings/recording-id.ts';
import { canMove, isTerminal } from '../recordings/transitions.ts';
import type { CosCredentials } from '../settings/environment.ts';
import type { SecretBox } from '../settings/secrets.ts';
import type { AnnouncementsTable } from './announcements.ts';
import { assignments, insertSql, type SqlValue } from './columns.ts';
import type { Database } from './database.ts';
import type { EventsTable } from './events.ts';
import type { IdempotencyTable } from './idempotency.ts';
import {
  CAPTURING_SQL,
  createRecordingQueries,
  RECORDING_COLUMNS,
  type RecordingQueries,
} from './recording-queries.ts';
import { createRecordingSearch, type RecordingSearch } from './recording-search.ts';
import { createRecordingSecrets } from './recording-secrets.ts';
import type { NewRecording, RecordingPatch, RecordingRow, RecordingSecrets } from './rows.ts';
import { keepStatements } from './statements.ts';

/** What became of a request; only `created` wrote anything. */
export type CreateResult =
  | { kind: 'created'; recording: RecordingRow }
  /** The idempotency key was used with the same body before: this is the recording it made. */
  | { kind: 'replayed'; recording: RecordingRow }
  /** The idempotency key was used with another body before. */
  | { kind: 'idempotencyMismatch' }
  /** The same user is recording the same room already; TRTC would kick the first. */
  | { kind: 'alreadyRecording'; runningId: string }
  | { kind: 'atCapacity' };

export interface CreateOptions {
  idempotency?: { key: string; bodyHash: string } | undefined;
  /** Refuse when this many recordings are being captured. */
  /** Whether it may be captured beside those that are; asked in the same transaction. By default it may. */
  hasRoom?: ((capturing: readonly RecordingRow[]) => boolean) | undefined;
}

/** Reading recordings, and every way to change one. */
export interface RecordingsTable extends RecordingQueries, RecordingSearch {
  /** Writes the recording, its sealed secrets, its `accepted` event and its idempotency key in one transaction, or nothing. */
  create(request: NewRecording, secrets: RecordingSecrets, options?: CreateOptions): CreateResult;
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
  /**
   * Gives a recording other COS credentials; null means the box's own. Notes it, without them, as event `credentialsChanged`.
   * @returns false when the recording has ended, so that nothing needs them any more.
   */
  setCredentials(id: string, credentials: CosCredentials | null): boolean;
}

const FRESH_STEP: RecordingPatch = {
  attempts: 0,
  nextAtMs: null,
  blockedCode: null,
  blockedRemedy: null,
  lastError: null,
  waitRemedy: null,
  waitUntilAtMs: null,
  waitingSinceAtMs: null,
};

export interface RecordingsDeps {
  db: Database;
  now: () => number;
  secretBox: SecretBox;
  events: EventsTable;
  idempotency: IdempotencyTable;
  announcements: Pick<AnnouncementsTable, 'subscribe' | 'tell'>;
  /** Begins the ids of new recordings; null for none. */
  boxName: string | null;
}

function newRow(
  id: string,
  request: NewRecording,
  secrets: RecordingSecrets,
  nowMs: number,
): Partial<RecordingRow> & { id: string } {
  const roomId = request.roomId ?? null;
  return {
    id,
    state: 'accepted',
    createdAtMs: nowMs,
    sdkAppId: request.sdkAppId,
    roomId,
    strRoomId: roomId === null ? (request.strRoomId ?? null) : null,
    userId: request.userId,
    mode: request.mode,
    isReserve: request.isReserve,
    alsoSingle: request.alsoSingle ?? false,
    layout: request.layout ?? null,
    namesJson: JSON.stringify(request.names ?? {}),
    callbackUrl: request.callbackUrl ?? null,
    userSigExpiresAtMs: request.userSigExpiresAtMs ?? null,
    cosRegion: request.cosRegion,
    cosBucket: request.cosBucket,
    cosPath: request.cosPath,
    usesStoredCredentials: secrets.secretId === null,
    simulated: request.simulated,
    updatedAtMs: nowMs,
  };
}

/** Decides over a request and writes it down. To be called inside a transaction. */
function createAcceptance({
  db,
  now,
  secretBox,
  events,
  idempotency,
  announcements,
  boxName,
}: RecordingsDeps): RecordingsTable['create'] {
  const sealed = createRecordingSecrets(db, secretBox);
  const { get, capturing } = createRecordingQueries(db);
  const selectRunning = db.prepare<SqlValue[], { id: string }>(
    `SELECT id FROM recordings WHERE state IN (${CAPTURING_SQL}) AND sdk_app_id = ? AND ifnull(room_id, 0) = ?
     AND ifnull(str_room_id, '') = ? AND user_id = ?`,
  );
  const statement = keepStatements(db);
  const existing = (id: string): RecordingRow => {
    const row = get(id);
    if (row === undefined) throw new Error(`recording ${id} is missing`);
    return row;
  };
  return (request, secrets, options = {}) => {
    const { idempotency: once, hasRoom } = options;
    const earlier = once && idempotency.get(once.key);
    if (once && earlier) {
      if (earlier.bodyHash !== once.bodyHash) return { kind: 'idempotencyMismatch' };
      return { kind: 'replayed', recording: existing(earlier.recordingId) };
    }
    const row = newRow(newRecordingId(boxName), request, secrets, now());
    const running = selectRunning.get(request.sdkAppId, row.roomId ?? 0, row.strRoomId ?? '', request.userId);
    if (running) return { kind: 'alreadyRecording', runningId: running.id };
    if (hasRoom && !hasRoom(capturing())) return { kind: 'atCapacity' };
    const values = RECORDING_COLUMNS.toSql(row);
    statement(insertSql('recordings', values)).run(values);
    sealed.put(row.id, secrets);
    if (once) idempotency.put(once.key, once.bodyHash, row.id);
    announcements.subscribe(row.id, request.events ?? []);
    events.append('accepted', row.id, { mode: request.mode });
    return { kind: 'created', recording: existing(row.id) };
  };
}

export function createRecordingsTable(deps: RecordingsDeps): RecordingsTable {
  const { db, now, secretBox, events, announcements } = deps;
  const sealed = createRecordingSecrets(db, secretBox);
  const accept = createAcceptance(deps);
  const statement = keepStatements(db);
  /** One guarded UPDATE; `from` limits it to that state. */
  const write = (id: string, patch: Partial<RecordingRow>, from?: RecordingState): boolean => {
    const values = RECORDING_COLUMNS.toSql({ ...patch, updatedAtMs: now() });
    const guard = from === undefined ? '' : ' AND state = @guardState';
    const result = statement(`UPDATE recordings SET ${assignments(values)} WHERE id = @guardId${guard}`).run({
      ...values,
      guardId: id,
      ...(from === undefined ? {} : { guardState: from }),
    });
    return result.changes === 1;
  };

  const askToStop = db.prepare<SqlValue[]>(
    `UPDATE recordings SET stop_requested = ?, updated_at_ms = ?
     WHERE id = ? AND stop_requested IS NULL AND state IN (${CAPTURING_SQL})`,
  );
  const queries = createRecordingQueries(db);
  return {
    ...queries,
    ...createRecordingSearch(db),
    create: (...args) => db.transaction(() => accept(...args)).immediate(),
    move(id, from, to, patch = {}, data = {}) {
      if (!canMove(from, to)) throw new TypeError(`a recording cannot move from ${from} to ${to}`);
      return db
        .transaction(() => {
          const before = queries.get(id);
          if (!before || !write(id, { ...FRESH_STEP, ...patch, state: to }, from)) return false;
          if (isTerminal(to)) sealed.retire(id);
          events.append('state', id, { ...data, from, to });
          for (const announcement of announcementsOf(before, to, patch)) announcements.tell(id, announcement);
          return true;
        })
        .immediate();
    },
    update: (id, patch) => write(id, patch),
    requestStop: (id, reason) =>
      db
        .transaction(() => {
          if (askToStop.run(reason, now(), id).changes === 0) return false;
          events.append('stopRequested', id, { reason });
          return true;
        })
        .immediate(),
    secrets: sealed.get,
    setCredentials: (id, credentials) =>
      db
        .transaction(() => {
          const row = queries.get(id);
          if (!row || isTerminal(row.state)) return false;
          sealed.setCredentials(id, credentials);
          write(id, { usesStoredCredentials: credentials === null });
          events.append('credentialsChanged', id, { source: credentials === null ? 'box' : 'recording' });
          return true;
        })
        .immediate(),
  };
}
