import type { Static } from 'typebox';
import type { ListQuerySchema } from '../../shared/api/recording-routes.ts';
import type { SqlValue } from './columns.ts';
import type { Database } from './database.ts';
import { RECORDING_COLUMNS } from './recording-queries.ts';
import type { RecordingRow } from './rows.ts';

/** What to look for; every filter that is given has to hold. */
export type RecordingFilters = Omit<Static<typeof ListQuerySchema>, 'limit' | 'before'>;

export interface RecordingSearch {
  /**
   * Newest first.
   * @param page.before id of the last recording of the page before; an unknown one finds nothing
   * @returns the rows of the page, and how many there are with these filters on all pages
   */
  search(
    filters: RecordingFilters,
    page: { limit: number; before?: string | undefined },
  ): {
    rows: RecordingRow[];
    total: number;
  };
}

interface Condition {
  sql: string;
  values: SqlValue[];
}

const TEXT_COLUMNS = ['r.id', 'r.room_id', 'r.str_room_id', 'r.user_id', 'r.last_error', 'r.failure_message'];

export function createRecordingSearch(db: Database): RecordingSearch {
  const { list: columns, fromSql } = RECORDING_COLUMNS;
  const count = (conditions: readonly Condition[]): number => {
    const row = db
      .prepare<SqlValue[], { n: number }>(`SELECT count(*) AS n FROM recordings AS r ${where(conditions)}`)
      .get(...valuesOf(conditions));
    return row?.n ?? 0;
  };
  return {
    search(filters, { limit, before }) {
      const conditions = conditionsOf(filters);
      const paged =
        before === undefined
          ? conditions
          : [...conditions, { sql: 'r.seq < (SELECT seq FROM recordings WHERE id = ?)', values: [before] }];
      const rows = db
        .prepare<SqlValue[], Record<string, SqlValue>>(
          `SELECT ${columns} FROM recordings AS r ${where(paged)} ORDER BY r.seq DESC LIMIT ?`,
        )
        .all(...valuesOf(paged), limit)
        .map(fromSql);
      return { rows, total: count(conditions) };
    },
  };
}

function where(conditions: readonly Condition[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`;
}

function valuesOf(conditions: readonly Condition[]): SqlValue[] {
  return conditions.flatMap(({ values }) => values);
}

function conditionsOf({ state, attention, room, user, mode, from, to, text }: RecordingFilters): Condition[] {
  const conditions: Condition[] = [];
  const add = (sql: string, ...values: SqlValue[]) => conditions.push({ sql, values });
  if (state !== undefined) add('r.state = ?', state);
  if (mode !== undefined) add('r.mode = ?', mode);
  if (attention !== undefined) {
    const needsSomebody =
      "(r.blocked_code IS NOT NULL OR EXISTS (SELECT 1 FROM callbacks AS c WHERE c.recording_id = r.id AND c.state = 'parked'))";
    add(attention ? needsSomebody : `NOT ${needsSomebody}`);
  }
  if (room !== undefined) add('(r.str_room_id = ? OR CAST(r.room_id AS TEXT) = ?)', room, room);
  if (user !== undefined) {
    const stayed = 'EXISTS (SELECT 1 FROM stays AS s WHERE s.recording_id = r.id AND s.user_id = ?)';
    add(`(r.user_id = ? OR ${stayed})`, user, user);
  }
  if (from !== undefined) add('r.created_at_ms >= ?', Date.parse(from));
  if (to !== undefined) add('r.created_at_ms < ?', Date.parse(to));
  if (text !== undefined) {
    const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`;
    const own = TEXT_COLUMNS.map((column) => `${column} LIKE ? ESCAPE '\\'`).join(' OR ');
    const file = "EXISTS (SELECT 1 FROM files AS f WHERE f.recording_id = r.id AND f.object_key LIKE ? ESCAPE '\\')";
    add(`(${own} OR ${file})`, ...TEXT_COLUMNS.map(() => pattern), pattern);
  }
  return conditions;
}
