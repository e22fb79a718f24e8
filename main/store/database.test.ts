import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DATABASE_FILE, DatabaseError, migrate, openDatabase } from './database.ts';
import { MIGRATIONS } from './migrations.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'box-db-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

describe('openDatabase', () => {
  it('syncs every commit, checks references and keeps the files private', () => {
    const db = openDatabase(directory);
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(db.pragma('synchronous', { simple: true })).toBe(2);
    expect(db.pragma('foreign_keys', { simple: true })).toBe(1);
    expect(db.pragma('busy_timeout', { simple: true })).toBe(5000);
    for (const suffix of ['', '-wal', '-shm']) {
      expect(statSync(join(directory, DATABASE_FILE + suffix)).mode & 0o077).toBe(0);
    }
    db.close();
  });

  it('opens again without touching the schema', () => {
    openDatabase(directory).close();
    const db = openDatabase(directory);
    expect(db.pragma('user_version', { simple: true })).toBe(MIGRATIONS.at(-1)?.version);
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    db.close();
  });

  it('refuses a database of a newer program and leaves it as it was', () => {
    const db = openDatabase(directory);
    db.pragma('user_version = 999');
    db.close();
    expect(() => openDatabase(directory)).toThrow(expect.objectContaining({ code: 'DATABASE_TOO_NEW' }));
    const again = new BetterSqlite3(join(directory, DATABASE_FILE));
    expect(again.pragma('user_version', { simple: true })).toBe(999);
    again.close();
  });

  it('says which file is unreadable', () => {
    writeFileSync(
      join(directory, DATABASE_FILE),
      'this is not a database, but it is long enough to be looked at'.repeat(20),
    );
    expect(() => openDatabase(directory)).toThrow(DatabaseError);
    expect(() => openDatabase(directory)).toThrow(join(directory, DATABASE_FILE));
  });
});

describe('migrate', () => {
  it('applies what is missing, and nothing of a migration that fails', () => {
    const db = new BetterSqlite3(':memory:');
    const first = { version: 1, sql: 'CREATE TABLE a (x)' };
    migrate(db, [first]);
    const broken = { version: 3, sql: 'CREATE TABLE c (x); INSERT INTO missing VALUES (1)' };
    expect(() => migrate(db, [first, { version: 2, sql: 'CREATE TABLE b (x)' }, broken])).toThrow(/missing/);
    const tables = db.prepare('SELECT name FROM sqlite_master ORDER BY name').pluck().all();
    expect(tables).toEqual(['a', 'b']);
    expect(db.pragma('user_version', { simple: true })).toBe(2);
    db.close();
  });

  it('gives rows of the first schema what came later: they are parts and files of a mix', () => {
    const db = new BetterSqlite3(':memory:');
    migrate(db, MIGRATIONS.slice(0, 1));
    db.exec(`
      INSERT INTO recordings (id, state, created_at_ms, sdk_app_id, room_id, user_id, mode, is_reserve, cos_region, cos_bucket,
        cos_path, uses_stored_credentials, simulated, updated_at_ms) VALUES ('r', 'uploading', 1, 2, 3, 'u', '12', 1, 'a', 'b', '/', 0, 0, 1);
      INSERT INTO segments (recording_id, segment, file, start_ms, opened_at_ms) VALUES ('r', 0, 's.mp4', 0, 1);
      INSERT INTO files (recording_id, file_index, user_id, local_path, bytes, duration_ms, object_key, url, state)
        VALUES ('r', 0, 'u', '/x.mp4', 5, 6, 'x.mp4', 'https://x', 'local');`);
    migrate(db, MIGRATIONS);
    expect(db.prepare('SELECT output FROM segments').pluck().all()).toEqual(['mix']);
    expect(db.prepare('SELECT stream, start_offset_ms, sha256, bytes FROM files').get()).toEqual({
      stream: 'mix',
      start_offset_ms: 0,
      sha256: null,
      bytes: 5,
    });
    const row = db.prepare('SELECT also_single, layout, names_json, pictures_sent FROM recordings').get();
    expect(row).toEqual({ also_single: 0, layout: null, names_json: '{}', pictures_sent: 0 });
    db.close();
  });

  it('numbers the migrations without a hole', () => {
    expect(MIGRATIONS.map(({ version }) => version)).toEqual(MIGRATIONS.map((_, index) => index + 1));
  });
});
