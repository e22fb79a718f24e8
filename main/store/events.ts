import type { SqlValue } from './columns.ts';
import type { Database } from './database.ts';
import type { EventRow, QuarantineRow } from './rows.ts';

/** Append-only history. What goes in must hold no secret: it is shown in the console and goes into diagnostics. */
export interface EventsTable {
  append(type: string, recordingId: string | null, data?: Record<string, unknown>): void;
  /** Oldest first. `afterSeq` continues a listing. An event whose data cannot be read is moved to quarantine and left out. */
  list(options?: { recordingId?: string; afterSeq?: number; limit?: number }): EventRow[];
}

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

export function createEventsTable(db: Database, now: () => number): EventsTable {
  const insert = db.prepare<SqlValue[]>(
    'INSERT INTO events (at_ms, recording_id, type, data_json) VALUES (?, ?, ?, ?)',
  );
  const select = db.prepare<{ recordingId: string | null; afterSeq: number; limit: number }, RawEvent>(
    `SELECT seq, at_ms, recording_id, type, data_json FROM events
     WHERE seq > @afterSeq AND (@recordingId IS NULL OR recording_id = @recordingId) ORDER BY seq LIMIT @limit`,
  );
  const remove = db.prepare<[number]>('DELETE FROM events WHERE seq = ?');
  const setAside = (raw: RawEvent, reason: string): void => {
    db.transaction(() => {
      quarantine(db, now, { table: 'events', key: String(raw.seq), reason, content: raw });
      remove.run(raw.seq);
    }).immediate();
  };
  return {
    append(type, recordingId, data = {}) {
      insert.run(now(), recordingId, type, JSON.stringify(data));
    },
    list({ recordingId, afterSeq = 0, limit = 1000 } = {}) {
      const rows: EventRow[] = [];
      for (const raw of select.all({ recordingId: recordingId ?? null, afterSeq, limit })) {
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
