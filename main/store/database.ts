import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { ensureDirectory } from '../durable-directory.ts';
import { syncDirectory } from '../settings/atomic-file.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';

export type Database = BetterSqlite3.Database;

/** Name of the database file inside the data directory. */
export const DATABASE_FILE = 'box.db';

/** How long a statement waits for another process that holds the file (a backup tool, a second CLI). */
const BUSY_TIMEOUT_MS = 5000;

/** Why the database cannot be used, with what to do about it. */
export class DatabaseError extends Error {
  /** `DATABASE_DAMAGED`: the file can be read, but what is in it is no sound database. `DATABASE_TOO_OLD`: only when nothing may be written. */
  readonly code: 'DATABASE_TOO_NEW' | 'DATABASE_TOO_OLD' | 'DATABASE_DAMAGED' | 'DATABASE_UNREADABLE';
  constructor(code: DatabaseError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DatabaseError';
    this.code = code;
  }
}

export interface OpenOptions {
  /** Called before an older schema is changed, with the database as it was; what it throws keeps the database as it is. */
  beforeMigrating?: (db: Database, version: number) => void;
}

/**
 * Opens (and when needed creates) the database in `directory`, looks whether it is sound and brings it to the newest schema.
 * @throws DatabaseError when the file was written by a newer program, is damaged or cannot be read.
 */
export function openDatabase(directory: string, { beforeMigrating }: OpenOptions = {}): Database {
  ensureDirectory(directory, 0o700);
  const path = join(directory, DATABASE_FILE);
  let db: Database | undefined;
  try {
    // SQLite gives its WAL files the mode of the database file, so the file has to be private before SQLite sees it.
    const isNew = !existsSync(path);
    closeSync(openSync(path, 'a', 0o600));
    if (isNew) syncDirectory(directory);
    chmodSync(path, 0o600);
    db = new BetterSqlite3(path, { timeout: BUSY_TIMEOUT_MS });
    db.pragma('journal_mode = WAL');
    // The library's default for WAL is NORMAL, which may lose the last commits in a power cut: an accepted request must not be lost.
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    db.pragma('secure_delete = ON');
    expectSound(db, path);
    const version = versionOf(db);
    if (version > 0 && version < newestVersion(MIGRATIONS)) beforeMigrating?.(db, version);
    migrate(db, MIGRATIONS);
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof DatabaseError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    if (isDamage(error)) throw damaged(path, reason, error);
    throw new DatabaseError(
      'DATABASE_UNREADABLE',
      `The database ${path} cannot be opened: ${reason}. Keep the file, free disk space or restore a copy of it, then start again.`,
      { cause: error },
    );
  }
}

/**
 * Opens the database only to look at it, also while a box works on it. Its soundness is for the caller to ask.
 * @throws DatabaseError when there is none, when it cannot be read, or when it has another schema than this program's.
 */
export function openDatabaseReadOnly(directory: string): Database {
  return openExisting(directory, true);
}

/**
 * Opens the database of a running box to change single rows beside it.
 * @throws DatabaseError as `openDatabaseReadOnly` does.
 */
export function openDatabaseBeside(directory: string): Database {
  const db = openExisting(directory, false);
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  db.pragma('secure_delete = ON');
  return db;
}

function openExisting(directory: string, readonly: boolean): Database {
  const path = join(directory, DATABASE_FILE);
  let db: Database | undefined;
  try {
    db = new BetterSqlite3(path, { readonly, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    const [version, known] = [versionOf(db), newestVersion(MIGRATIONS)];
    if (version > known) throw tooNew(version, known);
    if (version < known) {
      const message = `The database has schema version ${version}, this program ${known}. Start the box once: it brings it up to date.`;
      throw new DatabaseError('DATABASE_TOO_OLD', message);
    }
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof DatabaseError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    if (isDamage(error)) throw damaged(path, reason, error);
    throw new DatabaseError('DATABASE_UNREADABLE', `The database ${path} cannot be read: ${reason}.`, { cause: error });
  }
}

function tooNew(found: number, known: number): DatabaseError {
  const message = `The database has schema version ${found}, this program knows ${known}. Start the newer version of the program again.`;
  return new DatabaseError('DATABASE_TOO_NEW', message);
}

/** Whether SQLite complained about the content of the file, not about the disk below it. */
function isDamage(error: unknown): boolean {
  return error instanceof BetterSqlite3.SqliteError && /^SQLITE_(CORRUPT|NOTADB|FORMAT)/.test(error.code);
}

function damaged(path: string, reason: string, cause?: unknown): DatabaseError {
  return new DatabaseError('DATABASE_DAMAGED', `The database ${path} is damaged: ${reason}.`, { cause });
}

/** @throws DatabaseError when pages are torn or lost. Indexes are not compared with their tables: that takes long, the doctor does it. */
function expectSound(db: Database, path: string): void {
  const [first] = problemsOf(db, 'quick_check');
  if (first !== undefined) throw damaged(path, first);
}

/** What SQLite finds wrong with a database; empty when it is sound. @throws SqliteError when it cannot be read at all. */
export function problemsOf(db: Database, check: 'quick_check' | 'integrity_check'): string[] {
  const rows = db.pragma(`${check}(20)`) as Record<string, string>[];
  return rows.map((row) => row[check] ?? '').filter((problem) => problem !== 'ok');
}

/** The schema's version; 0 for a new database. */
export function versionOf(db: Database): number {
  return Number(db.pragma('user_version', { simple: true }));
}

export function newestVersion(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.version ?? 0;
}

/**
 * Applies the missing migrations, each in one transaction together with its `user_version`: what is interrupted leaves the version before.
 * @throws DatabaseError when the database is newer than the newest migration; nothing is touched then.
 */
export function migrate(db: Database, migrations: readonly Migration[]): void {
  const known = newestVersion(migrations);
  const found = versionOf(db);
  if (found > known) throw tooNew(found, known);
  for (const migration of migrations) {
    if (migration.version <= found) continue;
    db.transaction(() => {
      db.exec(migration.sql);
      db.pragma(`user_version = ${migration.version}`);
    }).immediate();
  }
}

/** Rows that point to rows that are not there, as `table → parent`, with their numbers. */
export function danglingRows(db: Database): string[] {
  const rows = db.pragma('foreign_key_check') as { table: string; rowid: number; parent: string }[];
  return rows.map(({ table, rowid, parent }) => `row ${rowid} of ${table} misses its row in ${parent}`);
}
