import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listBackups } from './backup.ts';
import { DATABASE_FILE, type Database, migrate, problemsOf, versionOf } from './database.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';
import { openStore } from './store.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'box-migrations-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A recording on its way with a row in every table of the first schema. */
const ROWS = `
  INSERT INTO recordings (id, state, created_at_ms, sdk_app_id, room_id, user_id, mode, is_reserve, callback_url, cos_region, cos_bucket,
    cos_path, uses_stored_credentials, simulated, updated_at_ms)
    VALUES ('r', 'uploading', 1, 2, 3, 'u', '12', 1, 'https://c', 'a', 'b', '/', 0, 0, 1);
  INSERT INTO recording_secrets VALUES ('r', x'0102');
  INSERT INTO stays (recording_id, user_id, entered_at_ms) VALUES ('r', 'a', 5);
  INSERT INTO segments (recording_id, segment, file, start_ms, opened_at_ms) VALUES ('r', 0, 's.mp4', 0, 1);
  INSERT INTO gaps (recording_id, at_ms, duration_ms, reason, cut) VALUES ('r', 7, 8, 'captureDied', 0);
  INSERT INTO files (recording_id, file_index, user_id, local_path, bytes, duration_ms, object_key, url, state)
    VALUES ('r', 0, 'u', '/x.mp4', 5, 6, 'x.mp4', 'https://x', 'local');
  INSERT INTO uploads VALUES ('r', 0, 'up', 'b', 'a', 'x.mp4', 1048576, 5, '1', '2', 1);
  INSERT INTO upload_parts VALUES ('r', 0, 1, 0, 5, 'm', '1', 'e');
  INSERT INTO callbacks (recording_id, delivery_id, url, body, state, created_at_ms) VALUES ('r', 'd', 'https://c', '{}', 'pending', 1);
  INSERT INTO events (at_ms, recording_id, type, data_json) VALUES (1, 'r', 'accepted', '{}');
  INSERT INTO idempotency VALUES ('k', 'h', 'r', 1);
  INSERT INTO quarantine (table_name, row_key, reason, content, at_ms) VALUES ('events', '1', 'why', '{}', 1);`;

function openAt(version: number, file = ':memory:'): Database {
  const db = new BetterSqlite3(file);
  db.pragma('foreign_keys = ON');
  migrate(db, MIGRATIONS.slice(0, 1));
  db.exec(ROWS);
  migrate(
    db,
    MIGRATIONS.filter((step) => step.version <= version),
  );
  return db;
}

/** Schema and every row, as text. */
function contentOf(db: Database): string {
  const schema = db.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all();
  const tables = db
    .prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .pluck()
    .all();
  return JSON.stringify([versionOf(db), schema, tables.map((table) => db.prepare(`SELECT * FROM ${table}`).all())]);
}

const statementsOf = ({ sql }: Migration) => sql.split(/;\s*\n/).filter((statement) => statement.trim() !== '');
const later = MIGRATIONS.slice(1);
const before = ({ version }: Migration): readonly Migration[] => MIGRATIONS.filter((step) => step.version < version);

describe('a migration that is interrupted', () => {
  it.each(later)(
    'to version $version: a failure after any statement leaves schema and rows as they were, and the next start finishes',
    (migration) => {
      const whole = openAt(migration.version);
      const statements = statementsOf(migration);
      for (let done = 0; done <= statements.length; done += 1) {
        const db = openAt(before(migration).at(-1)?.version ?? 0);
        const untouched = contentOf(db);
        const sql = [...statements.slice(0, done), 'INSERT INTO not_there VALUES (1)'].join(';\n');
        expect(() => migrate(db, [...before(migration), { ...migration, sql }])).toThrow('not_there');
        expect(contentOf(db)).toBe(untouched);
        migrate(db, [...before(migration), migration]);
        expect(contentOf(db)).toBe(contentOf(whole));
        db.close();
      }
      whole.close();
    },
  );

  it('by SIGKILL after any statement of the whole way leaves a sound database of a known version', () => {
    const steps = later.flatMap((migration) =>
      statementsOf(migration).map((_, index) => ({ migration, done: index + 1 })),
    );
    const picked = steps.filter((_, index) => index % Math.ceil(steps.length / 6) === 0);
    for (const [index, { migration, done }] of picked.entries()) {
      const file = join(directory, `${index}.db`);
      const db = openAt(before(migration).at(-1)?.version ?? 0, file);
      db.pragma('journal_mode = WAL');
      const untouched = contentOf(db);
      db.close();
      const sql = [...statementsOf(migration).slice(0, done), 'SELECT die()'].join(';\n');
      const script = `
        const { default: BetterSqlite3 } = await import(${JSON.stringify(import.meta.resolve('better-sqlite3'))});
        const { migrate } = await import(${JSON.stringify(new URL('./database.ts', import.meta.url).href)});
        const db = new BetterSqlite3(process.argv[1]);
        db.pragma('journal_mode = WAL');
        db.function('die', () => process.kill(process.pid, 'SIGKILL'));
        migrate(db, JSON.parse(process.argv[2]));`;
      const migrations = [...before(migration), { ...migration, sql }];
      const args = ['--input-type=module', '-e', script, file, JSON.stringify(migrations)];
      expect(spawnSync(process.execPath, args).signal).toBe('SIGKILL');
      const after = new BetterSqlite3(file);
      expect(problemsOf(after, 'integrity_check')).toEqual([]);
      expect(contentOf(after)).toBe(untouched);
      migrate(after, MIGRATIONS);
      expect(after.pragma('foreign_key_check')).toEqual([]);
      after.close();
    }
  });
});

it('the store keeps a copy of the old schema before it changes it', () => {
  openAt(2, join(directory, DATABASE_FILE)).close();
  const store = openStore(directory, { now: Date.now });
  expect(store.recordings.get('r')).toMatchObject({ state: 'uploading', roomId: 3 });
  store.close();
  const [backup] = listBackups(join(directory, 'backups'));
  expect(readdirSync(join(directory, 'backups'))).toHaveLength(1);
  expect(backup?.file).toMatch(/-before-v3\.db$/);
  const old = new BetterSqlite3(backup?.file ?? '', { readonly: true });
  expect(versionOf(old)).toBe(2);
  expect(old.prepare('SELECT delivery_id FROM callbacks').pluck().all()).toEqual(['d']);
  old.close();
});
