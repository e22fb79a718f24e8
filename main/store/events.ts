import type { SqlValue } from './columns.ts';
import type { Database } from './database.ts';
import type { EventRow, QuarantineRow } from './rows.ts';

/**
 * Append-only history; it outlives the recordings it tells of. What goes in must hold no secret: it is shown in the console and goes into
 * diagnostics.
 */
export interface EventsTable {
  append(type: string, recordingId: string | null, data?: Record<string, unknown>): void;
  /** Oldest first. `afterSeq` continues a listing. An event whose data cannot be read is moved to quarantine and left out. */
  list(options?: { recordingId?: string; afterSeq?: number; limit?: number }): EventRow[];
  /** The highest `seq` that was ever given, 0 before the first event; less than before only when the database was restored. */
  lastSeq(): number;
  /**
   * Looks at the next events behind `afterSeq` and removes those from before `beforeAtMs` that `FACTS` does not keep and whose recording
   * is over or gone. A call is short; the next one goes on at `nextSeq`, which is null when nothing that old is left.
   */
  prune(beforeAtMs: number, afterSeq: number): { removed: number; nextSeq: number | null };
}

/**
 * Types of events that stay for ever beside the moves to `done` and `failed`: that a recording was wanted, where it went, and what
 * became of it.
 */
const FACTS = [
  'accepted',
  'uploaded',
  'evicted',
  'callbackDelivered',
  'callbackParked',
  'deletionAsked',
  'deleted',
  'databaseRestored',
] as const;

/** Events looked at by one call of `prune`. */
const PRUNE_BATCH = 1000;

/** Rows that could not be read, kept for inspection instead of being deleted. */
export interface QuarantineTable {
  list(): QuarantineRow[];
}

interface RawEvent {
  seq: number;
  at_ms: number;
  recording_id: string | null;
  type: string;
  data_json: string;
}

/** Parses a JSON object, or tells why the text is none. */
export function parseObject(
  text: string,
): { ok: true; value: Record<string, unknown> } | { ok: false; reason: string } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return { ok: true, value: value as Record<string, unknown> };
    }
    return { ok: false, reason: 'not a JSON object' };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Copies a row's raw content into the quarantine table; the caller deletes the original in the same transaction. */
export function quarantine(
  db: Database,
  now: () => number,
  row: { table: string; key: string; reason: string; content: unknown },
): void {
  db.prepare('INSERT INTO quarantine (table_name, row_key, reason, content, at_ms) VALUES (?, ?, ?, ?, ?)').run(
    row.table,
    row.key,
    row.reason,
    JSON.stringify(row.content),
    now(),
  );
}

function createPruning(db: Database): EventsTable['prune'] {
  const selectBatch = db.prepare<[number, number], { lastSeq: number | null; oldestAtMs: number | null }>(
    `SELECT max(seq) AS lastSeq, min(at_ms) AS oldestAtMs FROM
       (SELECT seq, at_ms FROM events WHERE seq > ? ORDER BY seq LIMIT ?)`,
  );
  const remove = db.prepare<{ afterSeq: number; lastSeq: number; beforeAtMs: number }>(
    `DELETE FROM events WHERE seq > @afterSeq AND seq <= @lastSeq AND at_ms < @beforeAtMs
       AND type NOT IN (${FACTS.map((type) => `'${type}'`).join(', ')})
       AND NOT (type = 'state' AND json_valid(data_json) AND json_extract(data_json, '$.to') IN ('done', 'failed'))
       AND NOT EXISTS (SELECT 1 FROM recordings AS r WHERE r.id = events.recording_id AND r.state NOT IN ('done', 'failed'))`,
  );
  return (beforeAtMs, afterSeq) => {
    const { lastSeq = null, oldestAtMs = null } = selectBatch.get(afterSeq, PRUNE_BATCH) ?? {};
    if (lastSeq === null || oldestAtMs === null || oldestAtMs >= beforeAtMs) return { removed: 0, nextSeq: null };
    const { changes } = remove.run({ afterSeq, lastSeq, beforeAtMs });
    return { removed: changes, nextSeq: lastSeq };
  };
}

export function createEventsTable(db: Database, now: () => number): EventsTable {
  const insert = db.prepare<SqlValue[]>(
    'INSERT INTO events (at_ms, recording_id, type, data_json) VALUES (?, ?, ?, ?)',
  );
  const columns = 'seq, at_ms, recording_id, type, data_json';
  const selectAll = db.prepare<[number, number], RawEvent>(
    `SELECT ${columns} FROM events WHERE seq > ? ORDER BY seq LIMIT ?`,
  );
  const selectOf = db.prepare<[string, number, number], RawEvent>(
    `SELECT ${columns} FROM events WHERE recording_id = ? AND seq > ? ORDER BY seq LIMIT ?`,
  );
  const remove = db.prepare<[number]>('DELETE FROM events WHERE seq = ?');
  const setAside = (raw: RawEvent, reason: string): void => {
    db.transaction(() => {
      quarantine(db, now, { table: 'events', key: String(raw.seq), reason, content: raw });
      remove.run(raw.seq);
    }).immediate();
  };
  const selectLast = db.prepare<[], { seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'events'");
  return {
    lastSeq: () => selectLast.get()?.seq ?? 0,
    prune: createPruning(db),
    append(type, recordingId, data = {}) {
      insert.run(now(), recordingId, type, JSON.stringify(data));
    },
    list({ recordingId, afterSeq = 0, limit = 1000 } = {}) {
      const rows: EventRow[] = [];
      const raws =
        recordingId === undefined ? selectAll.all(afterSeq, limit) : selectOf.all(recordingId, afterSeq, limit);
      for (const raw of raws) {
        const data = parseObject(raw.data_json);
        if (!data.ok) {
          setAside(raw, data.reason);
          continue;
        }
        rows.push({ seq: raw.seq, atMs: raw.at_ms, recordingId: raw.recording_id, type: raw.type, data: data.value });
      }
      return rows;
    },
  };
}

export function createQuarantineTable(db: Database): QuarantineTable {
  const select = db.prepare<[], QuarantineRow>(
    `SELECT id, table_name AS tableName, row_key AS rowKey, reason, content, at_ms AS atMs FROM quarantine ORDER BY id`,
  );
  return { list: () => select.all() };
}
