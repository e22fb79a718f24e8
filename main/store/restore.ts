import { copyFileSync, existsSync, linkSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { ensureDirectory } from '../durable-directory.ts';
import { replaceFile, syncDirectory } from '../settings/atomic-file.ts';
import { BACKUP_FOLDER, keepBeforeMigration, listBackups, syncFile } from './backup.ts';
import { DATABASE_FILE, type Database, DatabaseError, migrate, openDatabase, problemsOf } from './database.ts';
import { MIGRATIONS } from './migrations.ts';
import { type Salvage, salvageRows } from './salvage.ts';

/** What was done about a damaged database. */
export interface Restoration extends Salvage {
  /** What SQLite said. */
  reason: string;
  /** Folder, inside the data directory, that holds the damaged files. */
  setAside: string;
  /** Name of the backup that is the base of the new database; null when there was none. */
  backup: string | null;
}

export interface RestoreOptions {
  directory: string;
  backupDirectory: string;
  /** Wall clock, ms since 1970. */
  now(): number;
}

/** The new database while it is made, and from the moment it is complete until it has its name. */
const RESTORING = 'box.db.restoring';
const RESTORED = 'box.db.restored';
const QUARANTINE_FOLDER = 'quarantine';

/**
 * Opens the database. One that is damaged is set aside as it is, and a new one is made from the newest sound backup and from every row
 * of the damaged one that can still be read; a box must not wait for somebody with a terminal, and it loses nothing that is not lost
 * already. A kill or power cut in the middle is harmless: the next call goes on.
 * @throws DatabaseError as `openDatabase`, except for damage
 */
export function openOrRestore(options: RestoreOptions): { db: Database; restored: Restoration | null } {
  const { directory } = options;
  ensureDirectory(directory, 0o700);
  finishRestoring(directory);
  const open = () => openDatabase(directory, { beforeMigrating: (db) => keepOldSchema(options, db) });
  try {
    return { db: open(), restored: null };
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== 'DATABASE_DAMAGED') throw error;
    const restored = restore(options, error.message);
    return { db: open(), restored };
  }
}

/** A backup disk that is away must not keep the box from starting: the copy is then made beside the database. */
function keepOldSchema({ directory, backupDirectory, now }: RestoreOptions, db: Database): void {
  try {
    keepBeforeMigration(db, backupDirectory, now());
  } catch {
    keepBeforeMigration(db, join(directory, BACKUP_FOLDER), now());
  }
}

function restore({ directory, backupDirectory, now }: RestoreOptions, reason: string): Restoration {
  const setAside = setDamagedAside(directory, reason, now());
  const restoring = join(directory, RESTORING);
  removeWithLogs(restoring);
  const backup = copyNewestSound([backupDirectory, join(directory, BACKUP_FOLDER)], restoring);
  const db = new BetterSqlite3(restoring);
  let salvage: Salvage;
  try {
    // Restoring is all or nothing by the rename below.
    db.pragma('journal_mode = DELETE');
    migrate(db, MIGRATIONS);
    salvage = salvageRows(join(directory, DATABASE_FILE), db, now);
  } finally {
    db.close();
  }
  syncFile(restoring);
  renameSync(restoring, join(directory, RESTORED));
  syncDirectory(directory);
  finishRestoring(directory);
  return { reason, setAside, backup, ...salvage };
}

/** Puts a complete new database into its place. The old log has to go first: SQLite would apply it to the new file. */
function finishRestoring(directory: string): void {
  const restored = join(directory, RESTORED);
  if (!existsSync(restored)) return;
  const file = join(directory, DATABASE_FILE);
  rmSync(`${file}-wal`, { force: true });
  rmSync(`${file}-shm`, { force: true });
  syncDirectory(directory);
  renameSync(restored, file);
  syncDirectory(directory);
}

/** The damaged files keep their place until the new database takes it; here they get a second name. */
function setDamagedAside(directory: string, reason: string, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replaceAll(':', '-');
  const name = join(QUARANTINE_FOLDER, `database-${stamp}`);
  const folder = join(directory, name);
  ensureDirectory(folder, 0o700);
  for (const suffix of ['', '-wal']) {
    const file = join(directory, `${DATABASE_FILE}${suffix}`);
    if (existsSync(file)) secondName(file, join(folder, basename(file)));
  }
  const note = { file: DATABASE_FILE, reason, atMs: nowMs };
  replaceFile(join(folder, `${DATABASE_FILE}.json`), `${JSON.stringify(note, null, 2)}\n`);
  syncDirectory(folder);
  return name;
}

function secondName(file: string, target: string): void {
  rmSync(target, { force: true });
  try {
    linkSync(file, target);
  } catch {
    // A file system without links.
    copyFileSync(file, target);
    syncFile(target);
  }
}

/** @returns the backup's name, or null when there is no sound one and `target` was not made */
function copyNewestSound(directories: readonly string[], target: string): string | null {
  const backups = [...new Set(directories)].flatMap(listBackups).sort((a, b) => b.atMs - a.atMs);
  for (const { file } of backups) {
    copyFileSync(file, target);
    if (isSound(target)) return basename(file);
    removeWithLogs(target);
  }
  return null;
}

function isSound(file: string): boolean {
  try {
    const db = new BetterSqlite3(file);
    try {
      return problemsOf(db, 'integrity_check').length === 0;
    } finally {
      db.close();
    }
  } catch {
    return false;
  }
}

function removeWithLogs(file: string): void {
  for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
}
