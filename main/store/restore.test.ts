import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addRecording } from '../../test/support/new-recording.ts';
import { DATABASE_FILE } from './database.ts';
import { openStore, type Store } from './store.ts';

let directory: string;
let file: string;
let store: Store;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'box-restore-'));
  file = join(directory, DATABASE_FILE);
  store = openStore(directory, { now: Date.now });
});
afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

/** Ends the store, lets the test change the file and opens it again. */
function afterChange(change: (bytes: Buffer) => Buffer): Store {
  store.close();
  writeFileSync(file, change(readFileSync(file)));
  store = openStore(directory, { now: Date.now });
  return store;
}

const backup = () => store.backup(join(directory, 'backups', 'box-2026-01-01T12-00-00Z.db'));
const ids = () => store.recordings.list({ limit: 500 }).map(({ id }) => id);
const garbage = (bytes: Buffer) => Buffer.alloc(bytes.length, 'no database ');

function pageSizeOf(bytes: Buffer): number {
  return bytes.readUInt16BE(16);
}

/** Pages that hold rows of a table, not its inner pages. */
function leavesOf(table: string): number[] {
  const db = new BetterSqlite3(file, { readonly: true });
  const pages = db
    .prepare<[string], number>("SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY pageno")
    .pluck()
    .all(table) as number[];
  db.close();
  return pages;
}

function folderOf(restored: Store['restored']): string {
  return join(directory, restored?.setAside ?? 'nothing');
}

describe('a damaged database', () => {
  it('is set aside with its reason, and the newest sound backup takes its place', async () => {
    const { id } = addRecording(store);
    mkdirSync(join(directory, 'backups'));
    await backup();
    writeFileSync(join(directory, 'backups', 'box-2026-01-02T12-00-00Z.db'), 'a newer backup, not sound');
    addRecording(store, { roomId: 2 });
    afterChange(garbage);
    expect(store.restored).toMatchObject({ backup: 'box-2026-01-01T12-00-00Z.db', rowsRead: 0 });
    expect(ids()).toEqual([id]);
    expect(store.recordings.secrets(id)?.userSig).toBeTruthy();
    expect(readFileSync(join(folderOf(store.restored), DATABASE_FILE), 'latin1')).toMatch(/^no database/);
    const note = readFileSync(join(folderOf(store.restored), `${DATABASE_FILE}.json`), 'utf8');
    expect(JSON.parse(note)).toMatchObject({ reason: expect.stringContaining('is damaged') });
    expect(store.events.list().filter(({ type }) => type === 'databaseRestored')).toHaveLength(1);
  });

  it('without a backup makes room for an empty one; nothing is deleted', () => {
    addRecording(store);
    afterChange(garbage);
    expect(store.restored).toMatchObject({ backup: null, rowsRead: 0 });
    expect(ids()).toEqual([]);
    expect(readdirSync(folderOf(store.restored)).sort()).toEqual([DATABASE_FILE, `${DATABASE_FILE}.json`]);
    store.close();
    store = openStore(directory, { now: Date.now });
    expect(store.restored).toBeNull();
  });

  it('with one torn page gives back every row that can still be read', () => {
    const wanted = Array.from({ length: 60 }, (_, index) => addRecording(store, { roomId: index + 1 }).id);
    for (const id of wanted) {
      for (let event = 0; event < 10; event += 1) store.events.append('test', id, { text: 'x'.repeat(100) });
    }
    store.close();
    const leaves = leavesOf('events');
    expect(leaves.length).toBeGreaterThan(10);
    const torn = leaves[Math.floor(leaves.length / 2)] ?? 0;
    afterChange((bytes) => bytes.fill(0, (torn - 1) * pageSizeOf(bytes), torn * pageSizeOf(bytes)));
    expect(store.restored).toMatchObject({ backup: null, tablesWithHoles: ['events'], rowsSetAside: 0 });
    expect(ids().sort()).toEqual(wanted.sort());
    const kept = store.events.list({ limit: 10_000 }).filter(({ type }) => type === 'test').length;
    expect(kept).toBeGreaterThan(500);
    expect(kept).toBeLessThan(600);
    expect(wanted.every((id) => store.recordings.secrets(id)?.userSig)).toBe(true);
  });

  it('whose recordings are torn keeps what belonged to them in quarantine', () => {
    for (let room = 1; room <= 60; room += 1) addRecording(store, { roomId: room });
    store.close();
    const [torn = 0] = leavesOf('recordings').slice(1);
    afterChange((bytes) => bytes.fill(0, (torn - 1) * pageSizeOf(bytes), torn * pageSizeOf(bytes)));
    const saved = ids().length;
    expect(saved).toBeGreaterThan(30);
    expect(saved).toBeLessThan(60);
    const lost = store.quarantine.list().filter(({ tableName }) => tableName === 'recording_secrets');
    expect(lost).toHaveLength(60 - saved);
    expect(lost[0]?.reason).toBe('its row in recordings is lost');
  });

  it('restoring that was interrupted goes on at the next start', () => {
    const { id } = addRecording(store);
    store.close();
    // As after a cut between the commit of the new database and the removal of the old log.
    renameSync(file, join(directory, 'box.db.restored'));
    writeFileSync(file, 'damaged');
    writeFileSync(`${file}-wal`, 'log of the damaged one');
    store = openStore(directory, { now: Date.now });
    expect(store.restored).toBeNull();
    expect(ids()).toEqual([id]);
    expect(readdirSync(directory).filter((name) => name.includes('resto'))).toEqual([]);
  });
});
