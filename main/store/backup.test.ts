import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addRecording } from '../../test/support/new-recording.ts';
import { silentLogger } from '../logging.ts';
import { SECRET_KEY_FILE } from '../settings/secrets.ts';
import { type BackupScheduler, createBackupScheduler, keepBeforeMigration, listBackups } from './backup.ts';
import { openDatabase } from './database.ts';
import { openStore, type Store } from './store.ts';

const HOUR_MS = 3_600_000;
const NOON_MS = Date.UTC(2026, 0, 1, 12);

let directory: string;
let backups: string;
let store: Store;
let nowMs: number;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'box-backup-'));
  backups = join(directory, 'backups');
  nowMs = NOON_MS;
  store = openStore(directory, { now: () => nowMs });
});
afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

function scheduler(keep = 3, backup: Store['backup'] = store.backup): BackupScheduler {
  const settings = { keep, everyHours: 24, directory: null };
  const { events } = store;
  return createBackupScheduler({ backup, events, settings, directory: backups, now: () => nowMs, log: silentLogger() });
}

function eventsOf(type: string): Record<string, unknown>[] {
  return store.events
    .list()
    .filter((event) => event.type === type)
    .map(({ data }) => data);
}

describe('backups', () => {
  it('are whole, private, alone, and hold no key', async () => {
    const { id } = addRecording(store);
    await scheduler().check();
    const [backup] = listBackups(backups);
    expect(readdirSync(backups)).toEqual(['box-2026-01-01T12-00-00Z.db']);
    expect(backup).toMatchObject({ atMs: NOON_MS, isBeforeMigration: false });
    if (process.platform !== 'win32') expect(statSync(backup!.file).mode & 0o077).toBe(0);
    const copy = new BetterSqlite3(backup!.file, { readonly: true });
    expect(copy.prepare('SELECT id FROM recordings').pluck().all()).toEqual([id]);
    const sealed = copy.prepare('SELECT sealed FROM recording_secrets').pluck().get() as Buffer;
    copy.close();
    expect(sealed.toString('latin1')).not.toContain('SecretKey');
    expect(existsSync(join(backups, SECRET_KEY_FILE))).toBe(false);
    expect(eventsOf('backupMade')).toEqual([{ file: 'box-2026-01-01T12-00-00Z.db', bytes: backup!.bytes, removed: 0 }]);
  });

  it('come once a day, also when the box is started in between', async () => {
    for (const hours of [0, 1, 23.9, 24, 30, 48]) {
      nowMs = NOON_MS + hours * HOUR_MS;
      await scheduler().check();
    }
    expect(listBackups(backups).map(({ atMs }) => (atMs - NOON_MS) / HOUR_MS)).toEqual([48, 24, 0]);
  });

  it('are as many as the settings keep, oldest gone first; one from before a migration stays', async () => {
    mkdirSync(backups);
    writeFileSync(join(backups, 'box-2025-12-01T00-00-00Z-before-v4.db'), '');
    writeFileSync(join(backups, 'notes of the operator.db'), '');
    for (let day = 0; day < 5; day += 1) {
      nowMs = NOON_MS + day * 24 * HOUR_MS;
      await scheduler(2).check();
    }
    expect(readdirSync(backups).sort()).toEqual([
      'box-2025-12-01T00-00-00Z-before-v4.db',
      'box-2026-01-04T12-00-00Z.db',
      'box-2026-01-05T12-00-00Z.db',
      'notes of the operator.db',
    ]);
  });

  it('do not wait for a time that a wrong clock put into a name', async () => {
    mkdirSync(backups);
    writeFileSync(join(backups, 'box-2099-01-01T00-00-00Z.db'), '');
    await scheduler().check();
    expect(listBackups(backups)).toHaveLength(2);
  });

  it('that fail are an event, leave nothing behind and are tried again', async () => {
    const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    await scheduler(3, () => Promise.reject(full)).check();
    expect(eventsOf('backupFailed')).toEqual([{ code: 'SQLITE_FULL', message: 'database or disk is full' }]);
    writeFileSync(join(backups, 'box-2026-01-01T11-00-00Z.db.partial'), 'killed half-way');
    await scheduler().check();
    expect(readdirSync(backups)).toEqual(['box-2026-01-01T12-00-00Z.db']);
  });

  it('go on while rows are written', async () => {
    const made = scheduler().check();
    const ids = Array.from({ length: 20 }, (_, index) => addRecording(store, { roomId: index + 1 }).id);
    await made;
    const copy = new BetterSqlite3(listBackups(backups)[0]!.file, { readonly: true });
    const copied = copy.prepare('SELECT id FROM recordings').pluck().all();
    copy.close();
    expect(ids).toEqual(expect.arrayContaining(copied));
    expect(store.recordings.list({ limit: 50 })).toHaveLength(20);
  });
});

describe('before a migration', () => {
  it('the database is kept once per version, however often it is tried', () => {
    const db = openDatabase(directory);
    db.pragma('user_version = 2');
    keepBeforeMigration(db, backups, NOON_MS);
    keepBeforeMigration(db, backups, NOON_MS + HOUR_MS);
    db.pragma('user_version = 3');
    keepBeforeMigration(db, backups, NOON_MS);
    db.close();
    expect(readdirSync(backups).sort()).toEqual([
      'box-2026-01-01T12-00-00Z-before-v3.db',
      'box-2026-01-01T12-00-00Z-before-v4.db',
    ]);
    expect(listBackups(backups).every(({ isBeforeMigration }) => isBeforeMigration)).toBe(true);
  });
});
