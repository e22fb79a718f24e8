import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { MIGRATIONS, type Migration } from './migrations.ts';

export type Database = BetterSqlite3.Database;

/** Name of the database file inside the data directory. */
export const DATABASE_FILE = 'box.db';

/** How long a statement waits for another process that holds the file (a backup tool, a second CLI). */
const BUSY_TIMEOUT_MS = 5000;

/** Why the database cannot be used, with what to do about it. */
export class DatabaseError extends Error {
  readonly code: 'DATABASE_TOO_NEW' | 'DATABASE_UNREADABLE';
  constructor(code: DatabaseError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DatabaseError';
    this.code = code;
  }
}

/**
 * Opens (and when needed creates) the database in `directory` and brings it to the newest schema.
 * @throws DatabaseError when the file was written by a newer program or is not a readable database.
 */
export function openDatabase(directory: string): Database {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, DATABASE_FILE);
  // SQLite gives its WAL files the mode of the database file, so the file has to be private before SQLite sees it.
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
  let db: Database | undefined;
  try {
    db = new BetterSqlite3(path, { timeout: BUSY_TIMEOUT_MS });
    db.pragma('journal_mode = WAL');
    // The library's default for WAL is NORMAL, which may lose the last commits in a power cut: an accepted request must not be lost.
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    db.pragma('secure_delete = ON');
    migrate(db, MIGRATIONS);
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof DatabaseError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new DatabaseError(
      'DATABASE_UNREADABLE',
      `The database ${path} cannot be opened: ${reason}. Keep the file, free disk space or restore a copy of it, then start again.`,
      { cause: error },
    );
  }
}

/**
 * Applies the missing migrations, each in one transaction together with its `user_version`.
 * @throws DatabaseError when the database is newer than the newest migration; nothing is touched then.
 */
export function migrate(db: Database, migrations: readonly Migration[]): void {
  const known = migrations.at(-1)?.version ?? 0;
  const found = Number(db.pragma('user_version', { simple: true }));
  if (found > known) {
    throw new DatabaseError(
      'DATABASE_TOO_NEW',
      `The database has schema version ${found}, this program knows ${known}. Start the newer version of the program again.`,
    );
  }
  for (const migration of migrations) {
    if (migration.version <= found) continue;
    db.transaction(() => {
      db.exec(migration.sql);
      db.pragma(`user_version = ${migration.version}`);
    }).immediate();
  }
}
