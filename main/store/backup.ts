import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { ensureDirectory } from '../durable-directory.ts';
import type { Logger } from '../logging.ts';
import { syncDirectory } from '../settings/atomic-file.ts';
import type { Settings } from '../settings/settings.ts';
import { type Database, problemsOf, versionOf } from './database.ts';
import type { EventsTable } from './events.ts';

/** Name of the folder for backups inside the data directory, unless the settings name another. */
export const BACKUP_FOLDER = 'backups';

const HOUR_MS = 3_600_000;
/** How often it is looked whether a backup is due; also the pause after one that failed. */
const CHECK_EVERY_MS = 10 * 60_000;
const TEMPORARY_SUFFIX = '.partial';
const NAME = /^box-(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})Z(-before-v\d+)?\.db$/;

/** A complete copy of the database. */
export interface Backup {
  file: string;
  /** Wall clock, ms since 1970, from its name. */
  atMs: number;
  /** Made before the schema was changed; such a copy does not count towards `backup.keep`. */
  isBeforeMigration: boolean;
  bytes: number;
}

/** Complete backups in a folder, newest first; none when there is no folder. */
export function listBackups(directory: string): Backup[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .flatMap((name): Backup[] => {
      const found = NAME.exec(name);
      if (!found) return [];
      const file = join(directory, name);
      const atMs = Date.parse(`${found[1]}T${found[2]}:${found[3]}:${found[4]}Z`);
      return [{ file, atMs, isBeforeMigration: found[5] !== undefined, bytes: statSync(file).size }];
    })
    .sort((a, b) => b.atMs - a.atMs || Number(a.isBeforeMigration) - Number(b.isBeforeMigration));
}

function backupName(nowMs: number, suffix = ''): string {
  const stamp = new Date(nowMs).toISOString().slice(0, 19).replaceAll(':', '-');
  return `box-${stamp}Z${suffix}.db`;
}

/**
 * Copies a database that is in use, a few pages at a time so that nobody waits. The copy appears under its name complete, checked and
 * synced, or not at all. Sealed secrets in it stay sealed; their key is not copied. Rejects with SQLite's or the system's error.
 */
export async function backupDatabase(db: Database, file: string): Promise<void> {
  const partial = preparePartial(file);
  try {
    await db.backup(partial);
    publishCopy(partial, file);
  } catch (error) {
    removeQuietly(partial);
    throw error;
  }
}

/**
 * Keeps a database as it is before its schema is changed. Harmless to repeat: a copy of the same version that was made already is enough,
 * because an interrupted migration changes nothing. @throws SQLite's or the system's error
 */
export function keepBeforeMigration(db: Database, directory: string, nowMs: number): void {
  const suffix = `-before-v${versionOf(db) + 1}`;
  ensureDirectory(directory, 0o700);
  if (listBackups(directory).some(({ file }) => file.endsWith(`${suffix}.db`))) return;
  const file = join(directory, backupName(nowMs, suffix));
  const partial = preparePartial(file);
  try {
    db.prepare('VACUUM INTO ?').run(partial);
    publishCopy(partial, file);
  } catch (error) {
    removeQuietly(partial);
    throw error;
  }
}

/** An empty private file: SQLite writes into it what would otherwise be readable for all. */
function preparePartial(file: string): string {
  const partial = `${file}${TEMPORARY_SUFFIX}`;
  removeQuietly(partial);
  writeFileSync(partial, '', { mode: 0o600, flag: 'wx' });
  return partial;
}

function publishCopy(partial: string, file: string): void {
  const copy = new BetterSqlite3(partial);
  try {
    // One file that can be moved about, without a write-ahead log beside it.
    copy.pragma('journal_mode = DELETE');
    const [problem] = problemsOf(copy, 'integrity_check');
    if (problem !== undefined) throw new Error(`the copy is not sound: ${problem}`);
  } finally {
    copy.close();
  }
  chmodSync(partial, 0o600);
  syncFile(partial);
  renameSync(partial, file);
  syncDirectory(dirname(file));
}

/** Makes what is in a file survive a power cut. Throws the system's error. */
export function syncFile(file: string): void {
  const handle = openSync(file, 'r+');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function removeQuietly(file: string): void {
  for (const suffix of ['', '-journal', '-wal', '-shm']) {
    try {
      rmSync(`${file}${suffix}`, { force: true });
    } catch {
      // Left over, and removed before the next copy is made; that says so when it still cannot be.
    }
  }
}

export interface BackupSchedulerDeps {
  /** Makes one backup. */
  backup(file: string): Promise<void>;
  events: Pick<EventsTable, 'append'>;
  settings: Settings['backup'];
  /** Where backups are kept. */
  directory: string;
  /** Wall clock, ms since 1970. */
  now(): number;
  log: Logger;
}

export interface BackupScheduler {
  /** Looks at once and then every ten minutes whether a backup is due. What was made is read from the folder, so a restart changes nothing. */
  start(): void;
  /** Makes a backup if one is due. Never rejects: a backup that fails is an event and a line in the log, and is tried again. */
  check(): Promise<void>;
  /** Waits for a backup that is being made. */
  stop(): Promise<void>;
}

/** Keeps copies of the database, `settings.keep` of them, one every `settings.everyHours`. */
export function createBackupScheduler(deps: BackupSchedulerDeps): BackupScheduler {
  const { settings, directory, now, log, events } = deps;
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> = Promise.resolve();

  const isDue = (): boolean => {
    const [newest] = listBackups(directory).filter(({ isBeforeMigration }) => !isBeforeMigration);
    // A backup from the future was named by a clock that was wrong; without a new one there would be none until then.
    return !newest || newest.atMs > now() || now() - newest.atMs >= settings.everyHours * HOUR_MS;
  };
  const make = async (): Promise<void> => {
    const file = join(directory, backupName(now()));
    try {
      if (!isDue()) return;
      ensureDirectory(directory, 0o700);
      removeLeftovers(directory);
      await deps.backup(file);
      const removed = removeOld(directory, settings.keep, file);
      events.append('backupMade', null, { file: basename(file), bytes: statSync(file).size, removed });
      log.info({ file: basename(file), removed }, 'database backed up');
    } catch (error) {
      log.error({ err: error, directory }, 'the database could not be backed up; recording is not affected');
      noteFailure(events, error);
    }
  };
  const check = (): Promise<void> => {
    running = running.then(make);
    return running;
  };
  return {
    check,
    start() {
      void check();
      timer ??= setInterval(() => void check(), CHECK_EVERY_MS);
      timer.unref();
    },
    async stop() {
      if (timer) clearInterval(timer);
      timer = null;
      await running;
    },
  };
}

/** On a full disk the event cannot be written either; the line in the log has to do. */
function noteFailure(events: Pick<EventsTable, 'append'>, error: unknown): void {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNEXPECTED';
  try {
    events.append('backupFailed', null, { code, message: error instanceof Error ? error.message : String(error) });
  } catch {
    // Told in the log.
  }
}

/** Copies that a kill left unfinished. */
function removeLeftovers(directory: string): void {
  const names = readdirSync(directory).filter((name) => name.includes(`.db${TEMPORARY_SUFFIX}`));
  for (const name of names) rmSync(join(directory, name), { force: true });
}

/** Keeps the newest `keep` backups and the newest copy from before a migration. @returns how many went */
function removeOld(directory: string, keep: number, newest: string): number {
  const backups = listBackups(directory).filter(({ file }) => file !== newest);
  const regular = backups.filter(({ isBeforeMigration }) => !isBeforeMigration).slice(keep - 1);
  const before = backups.filter(({ isBeforeMigration }) => isBeforeMigration).slice(1);
  for (const { file } of [...regular, ...before]) rmSync(file, { force: true });
  return regular.length + before.length;
}
