import type { Static } from 'typebox';
import type { ListQuerySchema } from '../../shared/api/recording-routes.ts';
import type { SqlValue } from './columns.ts';
import type { Database } from './database.ts';
import { RECORDING_COLUMNS } from './recording-queries.ts';
import type { RecordingRow } from './rows.ts';
import { ROOM_SQL, STARTED_SQL, STATE_RANK_SQL } from './sorting-columns.ts';

/** What to look for; every filter that is given has to hold. */
export type RecordingFilters = Omit<Static<typeof ListQuerySchema>, 'limit' | 'before' | 'after' | 'sort' | 'order'>;

/** In which order. */
export type RecordingOrder = Pick<Static<typeof ListQuerySchema>, 'sort' | 'order'>;

/** One page of what was found: the first one, or the one behind or before a place. */
export interface SearchPage extends RecordingOrder {
  limit: number;
  /** Where the page before ended: an id, or a place that an earlier page told. An unknown one finds nothing. */
  before?: string | undefined;
  /** Where the page behind begins, in the same form; `before` counts first. */
  after?: string | undefined;
}

/** The rows of a page, where its neighbours go on, and how many rows there are on all pages. */
export interface FoundPage {
  rows: RecordingRow[];
  total: number;
  /** Place of the last row; null when nothing follows it. */
  before: string | null;
  /** Place of the first row; null for the first page, and when the page has no rows. */
  after: string | null;
}

export interface RecordingSearch {
  /** Newest first unless told. */
  search(filters: RecordingFilters, page: SearchPage): FoundPage;
}

/** SQL with the values for its question marks. */
export interface Query {
  sql: string;
  values: SqlValue[];
}

/**
 * Up to so many finds are read and sorted; where there are more, the index of the order is read from its place on, because every few rows
 * of it are finds.
 */
const SORTED_AT_MOST = 5000;

export function createRecordingSearch(db: Database): RecordingSearch {
  const { list: columns, fromSql } = RECORDING_COLUMNS;
  const totalOf = (filters: RecordingFilters): number => {
    const { sql, values } = countQuery(filters);
    return db
      .prepare<SqlValue[]>(sql)
      .pluck()
      .get(...values) as number;
  };
  return {
    search(filters, page) {
      const total = totalOf(filters);
      const { key, direction } = orderOf(page);
      const { sql, values } = pageQuery(filters, page, total);
      // The numbers come from indexes alone; only the rows of the page are read from the wide table.
      const found = db
        .prepare<SqlValue[], Record<string, SqlValue>>(
          `SELECT ${columns}, ${key ?? 'seq'} AS place, seq FROM recordings WHERE seq IN (${sql})
           ORDER BY ${key === null ? '' : `place ${direction}, `}seq ${direction}`,
        )
        .all(...values);
      const placeAt = (index: number): string | null => {
        const raw = found.at(index);
        if (raw === undefined) return null;
        return key === null ? String(raw.id) : placeText(raw.place ?? null, Number(raw.seq));
      };
      const isFull = found.length === page.limit;
      const goesBack = page.before === undefined && page.after !== undefined;
      return {
        rows: found.map(fromSql),
        total,
        before: isFull || goesBack ? placeAt(-1) : null,
        after: page.before === undefined && (!goesBack || !isFull) ? null : placeAt(0),
      };
    },
  };
}

/** What each order sorts by; of equal ones, and by default, the number tells. */
const SORT_KEYS: Record<NonNullable<RecordingOrder['sort']>, string | null> = {
  created: null,
  started: STARTED_SQL,
  length: 'timeline_ms',
  size: 'size_bytes',
  room: ROOM_SQL,
  state: STATE_RANK_SQL,
};

function orderOf({ sort = 'created', order = 'desc' }: RecordingOrder): {
  key: string | null;
  direction: 'ASC' | 'DESC';
} {
  return { key: SORT_KEYS[sort], direction: order === 'asc' ? 'ASC' : 'DESC' };
}

/** A place in an order, for whoever asks for the next page: it holds its own values, so that a row that changes or goes moves no page. */
function placeText(value: SqlValue, seq: number): string {
  return Buffer.from(JSON.stringify([value, seq]), 'utf8').toString('base64url');
}

/** Null for what is no place. */
function readPlace(text: string): [string | number, number] | null {
  try {
    const place: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (!Array.isArray(place) || place.length !== 2) return null;
    const [value, seq] = place as unknown[];
    const isPlace = (typeof value === 'string' || typeof value === 'number') && Number.isSafeInteger(seq);
    return isPlace ? [value, seq as number] : null;
  } catch {
    return null;
  }
}

/** Numbers (`seq`) of the recordings of one page. `total`: how many there are on all pages. */
export function pageQuery(filters: RecordingFilters, page: SearchPage, total = 0): Query {
  const { limit, before, after } = page;
  const { key: sortKey, direction } = orderOf(page);
  const goesBack = before === undefined && after !== undefined;
  const walked = goesBack === (direction === 'ASC') ? 'DESC' : 'ASC';
  const beyond = walked === 'DESC' ? '<' : '>';
  const at = before ?? after;
  const isSorted = sortKey !== null;
  const { from, key, where } = sourceOf(filters, isSorted && (total === 0 || total > SORTED_AT_MOST), isSorted);
  const paged = at === undefined ? where : [...where, placeCondition(isSorted ? sortKey : null, key, beyond, at)];
  // The plus keeps SQLite from walking the order's index where few are found.
  const sorted = isSorted ? `${total > 0 && total <= SORTED_AT_MOST ? `+(${sortKey})` : sortKey} ${walked}, ` : '';
  return {
    sql: `SELECT ${key} FROM ${from} ${clause(paged)} ORDER BY ${sorted}${key} ${walked} LIMIT ?`,
    values: [...paged.flatMap(({ values }) => values), limit],
  };
}

/** Only what comes behind a place. */
function placeCondition(sortKey: string | null, key: string, beyond: '<' | '>', at: string): Query {
  if (sortKey === null) return is(`${key} ${beyond} (SELECT seq FROM recordings WHERE id = ?)`, at);
  const place = readPlace(at);
  if (place === null) return is('0');
  const [value, seq] = place;
  return is(`${sortKey} ${beyond}= ? AND (${sortKey} <> ? OR ${key} ${beyond} ?)`, value, value, seq);
}

/** How many recordings there are on all pages. */
export function countQuery(filters: RecordingFilters): Query {
  const { from, where } = sourceOf(filters, false, false);
  return { sql: `SELECT count(*) FROM ${from} ${clause(where)}`, values: where.flatMap(({ values }) => values) };
}

function clause(conditions: readonly Query[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}`;
}

/** Needs somebody: its delivery stands still, or its caller could not be told. Few do, so they are looked up first. */
const NEEDS_SOMEBODY = `(SELECT seq FROM recordings WHERE blocked_code IS NOT NULL UNION ALL
  SELECT p.seq FROM callbacks AS c JOIN recordings AS p ON p.id = c.recording_id WHERE c.state = 'parked')`;

/**
 * Where to look, the narrowest first, or the recordings first when their order is walked: CROSS JOIN keeps SQLite from beginning with another
 * table. Tables of which nothing is asked are left out.
 */
function sourceOf(
  filters: RecordingFilters,
  recordingsFirst: boolean,
  needsRecordings: boolean,
): { from: string; key: string; where: Query[] } {
  const { user, text } = filters;
  const own = recordingConditions(filters, recordingsFirst);
  const isIdle = own.length === 0 && !needsRecordings && (user ?? text) !== undefined;
  const narrow = [
    { alias: 'u', table: 'recording_users', where: user === undefined ? null : [is('u.user_id = ?', user)] },
    { alias: 't', table: 'recording_texts', where: text === undefined ? null : [is(CONTAINS, patternOf(text))] },
  ];
  const wide = { alias: 'r', table: 'recordings', where: isIdle ? null : own };
  const sources = (recordingsFirst ? [wide, ...narrow] : [...narrow, wide]).filter(({ where }) => where !== null);
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

/** `isWalked`: the recordings are read along the index of an order, and no other index is to be chosen. */
function recordingConditions({ state, attention, room, mode, from, to }: RecordingFilters, isWalked: boolean): Query[] {
  // The plus keeps SQLite from looking by state and mode, which many recordings share, where the index of rooms or times tells both.
  const plus = isWalked ? '+' : '';
  const wide = isWalked || (room ?? from ?? to) !== undefined ? '+' : '';
  return [
    ...(state === undefined ? [] : [is(`${wide}r.state = ?`, state)]),
    ...(mode === undefined ? [] : [is(`${wide}r.mode = ?`, mode)]),
    ...(attention === undefined ? [] : [is(`${plus}r.seq ${attention ? 'IN' : 'NOT IN'} ${NEEDS_SOMEBODY}`)]),
    ...(room === undefined ? [] : [is(`${plus}${ROOM_SQL} = ?`, room)]),
    ...(from === undefined ? [] : [is(`${plus}r.created_at_ms >= ?`, Date.parse(from))]),
    ...(to === undefined ? [] : [is(`${plus}r.created_at_ms < ?`, Date.parse(to))]),
  ];
}
