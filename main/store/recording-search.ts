import type { Static } from 'typebox';
import type { ListQuerySchema } from '../../shared/api/recording-routes.ts';
import type { SqlValue } from './columns.ts';
import type { Database } from './database.ts';
import { RECORDING_COLUMNS } from './recording-queries.ts';
import type { RecordingRow } from './rows.ts';

/** What to look for; every filter that is given has to hold. */
export type RecordingFilters = Omit<Static<typeof ListQuerySchema>, 'limit' | 'before'>;

/** One page of what was found. */
export interface SearchPage {
  limit: number;
  /** Id of the last recording of the page before; an unknown one finds nothing. */
  before?: string | undefined;
}

export interface RecordingSearch {
  /**
   * Newest first.
   * @returns the rows of the page, and how many there are with these filters on all pages
   */
  search(filters: RecordingFilters, page: SearchPage): { rows: RecordingRow[]; total: number };
}

/** SQL with the values for its question marks. */
export interface Query {
  sql: string;
  values: SqlValue[];
}

export function createRecordingSearch(db: Database): RecordingSearch {
  const { list: columns, fromSql } = RECORDING_COLUMNS;
  return {
    search(filters, page) {
      const { sql, values } = pageQuery(filters, page);
      // The numbers come from indexes alone; only the rows of the page are read from the wide table.
      const rows = db
        .prepare<SqlValue[], Record<string, SqlValue>>(
          `SELECT ${columns} FROM recordings WHERE seq IN (${sql}) ORDER BY seq DESC`,
        )
        .all(...values)
        .map(fromSql);
      const count = countQuery(filters);
      const total = db
        .prepare<SqlValue[]>(count.sql)
        .pluck()
        .get(...count.values) as number;
      return { rows, total };
    },
  };
}

/** Numbers (`seq`) of the recordings of one page. */
export function pageQuery(filters: RecordingFilters, { limit, before }: SearchPage): Query {
  const { from, key, where } = sourceOf(filters);
  const older = { sql: `${key} < (SELECT seq FROM recordings WHERE id = ?)`, values: [before ?? ''] };
  const paged = before === undefined ? where : [...where, older];
  return {
    sql: `SELECT ${key} FROM ${from} ${clause(paged)} ORDER BY ${key} DESC LIMIT ?`,
    values: [...paged.flatMap(({ values }) => values), limit],
  };
}

/** How many recordings there are on all pages. */
export function countQuery(filters: RecordingFilters): Query {
  const { from, where } = sourceOf(filters);
  return { sql: `SELECT count(*) FROM ${from} ${clause(where)}`, values: where.flatMap(({ values }) => values) };
}

function clause(conditions: readonly Query[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`;
}

/** The word for the room that its index uses, letter by letter. */
const ROOM = 'ifnull(r.str_room_id, CAST(r.room_id AS TEXT))';

/** Needs somebody: its delivery stands still, or its caller could not be told. Few do, so they are looked up first. */
const NEEDS_SOMEBODY = `(SELECT seq FROM recordings WHERE blocked_code IS NOT NULL UNION ALL
  SELECT p.seq FROM callbacks AS c JOIN recordings AS p ON p.id = c.recording_id WHERE c.state = 'parked')`;

/**
 * Where to look, the narrowest first: CROSS JOIN keeps SQLite from beginning with another table. Tables of which nothing is asked are left
 * out.
 */
function sourceOf(filters: RecordingFilters): { from: string; key: string; where: Query[] } {
  const { user, text } = filters;
  const own = recordingConditions(filters);
  const sources = [
    { alias: 'u', table: 'recording_users', where: user === undefined ? null : [is('u.user_id = ?', user)] },
    { alias: 't', table: 'recording_texts', where: text === undefined ? null : [is(CONTAINS, patternOf(text))] },
    { alias: 'r', table: 'recordings', where: own.length === 0 && (user ?? text) !== undefined ? null : own },
  ].filter(({ where }) => where !== null);
  const [first] = sources;
  const key = `${first?.alias}.seq`;
  const from = sources.map(({ alias, table }, index) =>
    index === 0 ? `${table} AS ${alias}` : `CROSS JOIN ${table} AS ${alias} ON ${alias}.seq = ${key}`,
  );
  return { from: from.join(' '), key, where: sources.flatMap(({ where }) => where ?? []) };
}

const CONTAINS = `t.text LIKE ? ESCAPE '\\'`;

/** Any text with this one in it, whatever it means to LIKE. */
function patternOf(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}

function is(sql: string, ...values: SqlValue[]): Query {
  return { sql, values };
}

function recordingConditions({ state, attention, room, mode, from, to }: RecordingFilters): Query[] {
  // The plus keeps SQLite from looking by state and mode, which many recordings share, where the index of rooms or times tells both.
  const wide = (room ?? from ?? to) === undefined ? 'r' : '+r';
  return [
    ...(state === undefined ? [] : [is(`${wide}.state = ?`, state)]),
    ...(mode === undefined ? [] : [is(`${wide}.mode = ?`, mode)]),
    ...(attention === undefined ? [] : [is(`r.seq ${attention ? 'IN' : 'NOT IN'} ${NEEDS_SOMEBODY}`)]),
    ...(room === undefined ? [] : [is(`${ROOM} = ?`, room)]),
    ...(from === undefined ? [] : [is('r.created_at_ms >= ?', Date.parse(from))]),
    ...(to === undefined ? [] : [is('r.created_at_ms < ?', Date.parse(to))]),
  ];
}
