import BetterSqlite3 from 'better-sqlite3';
import type { SqlValue } from './columns.ts';
import type { Database } from './database.ts';
import { quarantine } from './events.ts';

/** How much of a damaged database was saved. */
export interface Salvage {
  rowsRead: number;
  /** Tables of which some rows could not be read. */
  tablesWithHoles: string[];
  /** Rows that were read and fit nowhere; they are in the table `quarantine`. */
  rowsSetAside: number;
}

interface Column {
  name: string;
  pk: number;
}

type Row = Record<string, SqlValue>;

/**
 * Copies every row that can still be read from a damaged database over those of `target`, which has the newest schema. Rows that do not
 * fit beside others, or whose recording is lost, go to the table `quarantine`. The damaged file is only read. Never throws for what is
 * wrong with it; throws SqliteError when `target` cannot be written.
 */
export function salvageRows(damagedFile: string, target: Database, now: () => number): Salvage {
  const salvage: Salvage = { rowsRead: 0, tablesWithHoles: [], rowsSetAside: 0 };
  const source = openDamaged(damagedFile);
  if (!source) return salvage;
  const setAside = (table: string, row: Row, reason: string): void => {
    salvage.rowsSetAside += 1;
    quarantine(target, now, { table, key: String(Object.values(row)[0] ?? ''), reason, content: row });
  };
  target.pragma('foreign_keys = OFF');
  try {
    target
      .transaction(() => {
        for (const table of tablesOf(target)) {
          const isWhole = copyTable({ source, target, table, setAside, onRow: () => (salvage.rowsRead += 1) });
          if (!isWhole) salvage.tablesWithHoles.push(table);
        }
        setOrphansAside(target, setAside);
      })
      .immediate();
  } finally {
    source.close();
    target.pragma('foreign_keys = ON');
  }
  return salvage;
}

function openDamaged(file: string): Database | null {
  try {
    const db = new BetterSqlite3(file, { readonly: true });
    db.pragma('user_version');
    return db;
  } catch {
    return null;
  }
}

function tablesOf(db: Database): string[] {
  return db
    .prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid",
    )
    .pluck()
    .all() as string[];
}

function columnsOf(db: Database, table: string): Column[] {
  return db.pragma(`table_info(${table})`) as Column[];
}

interface TableCopy {
  source: Database;
  target: Database;
  table: string;
  setAside(table: string, row: Row, reason: string): void;
  onRow(): void;
}

/** @returns whether every row could be read */
function copyTable({ source, target, table, setAside, onRow }: TableCopy): boolean {
  let there: Set<string>;
  try {
    there = new Set(columnsOf(source, table).map(({ name }) => name));
  } catch {
    return false;
  }
  const columns = columnsOf(target, table).filter(({ name }) => there.has(name));
  if (columns.length === 0) return there.size > 0;
  const names = columns.map(({ name }) => name);
  const keys = columns.filter(({ pk }) => pk > 0).map(({ name }) => name);
  const changes = names.filter((name) => !keys.includes(name)).map((name) => `${name} = excluded.${name}`);
  const onConflict = changes.length > 0 ? `DO UPDATE SET ${changes.join(', ')}` : 'DO NOTHING';
  const insert = target.prepare(
    `INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map((name) => `@${name}`).join(', ')})
     ON CONFLICT (${keys.join(', ')}) ${onConflict}`,
  );
  return readableRows(source, table, names, (row) => {
    onRow();
    try {
      insert.run(row);
    } catch (error) {
      if (!(error instanceof BetterSqlite3.SqliteError) || !error.code.startsWith('SQLITE_CONSTRAINT')) throw error;
      setAside(table, row, `it does not fit beside the rows of the backup: ${error.message}`);
    }
  });
}

/** Reads from both ends as far as the damage, so that one torn page costs the rows on it only. @returns whether there was none */
function readableRows(source: Database, table: string, names: readonly string[], take: (row: Row) => void): boolean {
  const select = `SELECT rowid AS "rowid!", ${names.join(', ')} FROM ${table} WHERE rowid > ? ORDER BY rowid`;
  let last: number = Number.MIN_SAFE_INTEGER;
  const isWhole = readUntilDamage(source, select, last, ({ 'rowid!': rowid, ...row }) => {
    last = Number(rowid);
    take(row);
  });
  if (!isWhole) readUntilDamage(source, `${select} DESC`, last, ({ 'rowid!': _, ...row }) => take(row));
  return isWhole;
}

/** Only reading is guarded: what `take` throws is thrown. @returns whether all rows could be read */
function readUntilDamage(source: Database, sql: string, above: number, take: (row: Row) => void): boolean {
  let rows: IterableIterator<Row> | undefined;
  try {
    for (;;) {
      let next: IteratorResult<Row>;
      try {
        rows ??= source.prepare<[number], Row>(sql).iterate(above);
        next = rows.next();
      } catch {
        return false;
      }
      if (next.done) return true;
      take(next.value);
    }
  } finally {
    rows?.return?.();
  }
}

/** Rows that belong to a recording that could not be saved. */
function setOrphansAside(target: Database, setAside: TableCopy['setAside']): void {
  const orphans = target.pragma('foreign_key_check') as { table: string; rowid: number; parent: string }[];
  for (const { table, rowid, parent } of orphans) {
    const row = target.prepare<[number], Row>(`SELECT * FROM ${table} WHERE rowid = ?`).get(rowid);
    if (!row) continue;
    setAside(table, row, `its row in ${parent} is lost`);
    target.prepare(`DELETE FROM ${table} WHERE rowid = ?`).run(rowid);
  }
}
