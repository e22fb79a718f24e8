import type { Gap } from '../../shared/recording.ts';
import type { OutputName } from '../capture/messages.ts';
import { assignments, defineColumns, insertSql, type SqlValue } from './columns.ts';
import type { Database } from './database.ts';
import { quarantine } from './events.ts';
import type { GapRow, SegmentRow, StayRow } from './rows.ts';
import { keepStatements } from './statements.ts';

/** Who was in the room. Times are milliseconds on the recording's timeline. */
export interface StaysTable {
  /** Begins a stay. When one is open already (the capture process was restarted) it goes on, in the given slot, beyond doubt. */
  enter(recordingId: string, userId: string, atMs: number, slot: number | null): void;
  /** Changes the slot of the open stay. Harmless without one. */
  slot(recordingId: string, userId: string, slot: number | null): void;
  /** Ends the open stay. Harmless without one. */
  leave(recordingId: string, userId: string, atMs: number): void;
  /** Ends all open stays; those in doubt when their users were last seen. */
  leaveAll(recordingId: string, atMs: number): void;
  /** Another process looks at the room: whether the users of the open stays are still there is in doubt until they `enter` again. */
  doubt(recordingId: string, lastSeenMs: number): void;
  /** Ends the stays still in doubt when their users were last seen, and tells which. */
  leaveDoubted(recordingId: string): { userId: string; leftAtMs: number }[];
  /** In order of entering. */
  list(recordingId: string): StayRow[];
}

/** Segment files of a recording, in the order of their opening. */
export interface SegmentsTable {
  /** Notes a segment before its file gets content. A number that was noted before is taken over (its process died early). */
  open(segment: {
    recordingId: string;
    segment: number;
    /** The mix unless told. */
    output?: OutputName;
    file: string;
    startMs: number;
  }): void;
  close(recordingId: string, segment: number, bytes: number | null, clean: boolean): void;
  /** Takes a row out that makes no sense and keeps its content in quarantine. Harmless without one. */
  setAside(recordingId: string, segment: number, reason: string): void;
  list(recordingId: string): SegmentRow[];
  /** Number that the next segment gets. */
  next(recordingId: string): number;
}

export interface GapsTable {
  /** The same gap told twice (same start, reason and cut) is kept once, with the newer length. */
  add(recordingId: string, gap: Gap): void;
  list(recordingId: string): GapRow[];
}

const STAY = defineColumns<StayRow>({
  recordingId: 'value',
  userId: 'value',
  enteredAtMs: 'value',
  leftAtMs: 'value',
  slot: 'value',
});
const SEGMENT = defineColumns<SegmentRow>({
  recordingId: 'value',
  segment: 'value',
  output: 'value',
  file: 'value',
  startMs: 'value',
  bytes: 'value',
  clean: 'flag',
  openedAtMs: 'value',
  closedAtMs: 'value',
});
const GAP = defineColumns<GapRow>({
  recordingId: 'value',
  atMs: 'value',
  durationMs: 'value',
  reason: 'value',
  cut: 'flag',
});

type Raw = Record<string, SqlValue>;

export function createStaysTable(db: Database): StaysTable {
  const enter = db.prepare<SqlValue[]>(
    `INSERT INTO stays (recording_id, user_id, entered_at_ms, slot) VALUES (?, ?, ?, ?)
     ON CONFLICT (recording_id, user_id) WHERE left_at_ms IS NULL DO UPDATE SET slot = excluded.slot, last_seen_ms = NULL`,
  );
  const slot = db.prepare<SqlValue[]>(
    'UPDATE stays SET slot = ? WHERE recording_id = ? AND user_id = ? AND left_at_ms IS NULL',
  );
  const leave = db.prepare<SqlValue[]>(
    'UPDATE stays SET left_at_ms = max(?, entered_at_ms) WHERE recording_id = ? AND user_id = ? AND left_at_ms IS NULL',
  );
  const leaveAll = db.prepare<SqlValue[]>(
    `UPDATE stays SET left_at_ms = max(ifnull(last_seen_ms, ?), entered_at_ms)
     WHERE recording_id = ? AND left_at_ms IS NULL`,
  );
  const doubt = db.prepare<SqlValue[]>(
    'UPDATE stays SET last_seen_ms = ? WHERE recording_id = ? AND left_at_ms IS NULL AND last_seen_ms IS NULL',
  );
  const leaveDoubted = db.prepare<[string], { userId: string; leftAtMs: number }>(
    `UPDATE stays SET left_at_ms = max(last_seen_ms, entered_at_ms)
     WHERE recording_id = ? AND left_at_ms IS NULL AND last_seen_ms IS NOT NULL
     RETURNING user_id AS userId, left_at_ms AS leftAtMs`,
  );
  const select = db.prepare<[string], Raw>(`SELECT ${STAY.list} FROM stays WHERE recording_id = ? ORDER BY id`);
  return {
    enter: (recordingId, userId, atMs, at) => {
      enter.run(recordingId, userId, atMs, at);
    },
    slot: (recordingId, userId, at) => {
      slot.run(at, recordingId, userId);
    },
    leave: (recordingId, userId, atMs) => {
      leave.run(atMs, recordingId, userId);
    },
    leaveAll: (recordingId, atMs) => {
      leaveAll.run(atMs, recordingId);
    },
    doubt: (recordingId, lastSeenMs) => {
      doubt.run(lastSeenMs, recordingId);
    },
    leaveDoubted: (recordingId) => leaveDoubted.all(recordingId),
    list: (recordingId) => select.all(recordingId).map(STAY.fromSql),
  };
}

export function createSegmentsTable(db: Database, now: () => number): SegmentsTable {
  const close = db.prepare<SqlValue[]>(
    'UPDATE segments SET bytes = ?, clean = ?, closed_at_ms = ? WHERE recording_id = ? AND segment = ?',
  );
  const select = db.prepare<[string], Raw>(
    `SELECT ${SEGMENT.list} FROM segments WHERE recording_id = ? ORDER BY segment`,
  );
  const remove = db.prepare<[string, number], Raw>(
    `DELETE FROM segments WHERE recording_id = ? AND segment = ? RETURNING ${SEGMENT.list}`,
  );
  const next = db.prepare<[string], { n: number }>(
    'SELECT ifnull(max(segment) + 1, 0) AS n FROM segments WHERE recording_id = ?',
  );
  const statement = keepStatements(db);
  return {
    open(segment) {
      const values = SEGMENT.toSql({
        output: 'mix',
        ...segment,
        bytes: null,
        clean: null,
        openedAtMs: now(),
        closedAtMs: null,
      });
      statement(
        `${insertSql('segments', values)} ON CONFLICT (recording_id, segment) DO UPDATE SET ${assignments(values)}`,
      ).run(values);
    },
    close: (recordingId, segment, bytes, clean) => {
      close.run(bytes, Number(clean), now(), recordingId, segment);
    },
    setAside: (recordingId, segment, reason) =>
      db
        .transaction(() => {
          const content = remove.get(recordingId, segment);
          if (!content) return;
          quarantine(db, now, { table: 'segments', key: `${recordingId} ${segment}`, reason, content });
        })
        .immediate(),
    list: (recordingId) => select.all(recordingId).map(SEGMENT.fromSql),
    next: (recordingId) => next.get(recordingId)?.n ?? 0,
  };
}

export function createGapsTable(db: Database): GapsTable {
  const insert = db.prepare<SqlValue[]>(
    `INSERT INTO gaps (recording_id, at_ms, duration_ms, reason, cut) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (recording_id, at_ms, reason, cut) DO UPDATE SET duration_ms = excluded.duration_ms`,
  );
  const select = db.prepare<[string], Raw>(`SELECT ${GAP.list} FROM gaps WHERE recording_id = ? ORDER BY at_ms, id`);
  return {
    add: (recordingId, gap) => {
      insert.run(recordingId, gap.atMs, gap.durationMs, gap.reason, Number(gap.cut));
    },
    list: (recordingId) => select.all(recordingId).map(GAP.fromSql),
  };
}
