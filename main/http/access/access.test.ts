import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Role } from '../../../shared/api/route.ts';
import { tokenRows } from '../../../test/support/access-rig.ts';
import { openStore, type Store } from '../../store/store.ts';
import { createAccess, createTokens, ensureAdmin, type TokenRows } from './access.ts';
import type { AccessApi } from './access-api.ts';

// The same promises over the real table and over the stand-in that other tests use.

const START_MS = Date.UTC(2030, 0, 1);
const DAY_MS = 86_400_000;

describe.each(['store', 'memory'] as const)('access over the %s', (kind) => {
  let directory: string;
  let store: Store;
  let rows: TokenRows;
  let nowMs: number;
  let notes: unknown[];
  let uses: number;

  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'box-access-'));
    store = openStore(directory, { now: () => nowMs });
    const real = kind === 'store' ? store.tokens : tokenRows();
    uses = 0;
    rows = {
      ...real,
      noteUse(hash, atMs) {
        uses += 1;
        real.noteUse(hash, atMs);
      },
    };
    nowMs = START_MS;
    notes = [];
  });
  afterEach(() => {
    store.close();
    rmSync(directory, { recursive: true });
  });

  function open(isRequired = true, ownToken?: string): AccessApi {
    return createAccess({
      ...{ rows, now: () => nowMs, randomBytes, isRequired, ownToken, boxId: '12345678-0000' },
      note: (type, facts) => notes.push({ type, ...facts }),
      onNoteFailed: (error) => notes.push(error),
    });
  }

  function make(access: AccessApi, name: string, role: Role): string {
    const made = access.tokens.create(name, role, 'boss');
    if (made.kind === 'problem') throw new Error(made.code);
    return made.token;
  }

  it("the desktop's own token opens as long as the process lives; it is in no row, no list and no note, and signs nobody in", () => {
    const own = `box_${'o'.repeat(43)}`;
    const access = open(true, own);
    const other = make(access, 'other', 'admin');
    const caller = access.byToken(own);
    expect(caller).toMatchObject({ name: 'this computer', role: 'admin' });
    expect([access.isCurrent(caller!), access.byToken(other)?.name]).toEqual([true, 'other']);
    expect(access.openSession(own)).toBeNull();
    expect([rows.list().map(({ name }) => name), access.tokens.list().length, uses]).toEqual([['other'], 1, 1]);
    expect(notes).toEqual([expect.objectContaining({ name: 'other' })]);
    // Somebody else still has to be able to come in.
    expect(access.tokens.remove('other', null)).toEqual({ code: 'LAST_ADMIN_TOKEN' });
    expect(
      [open(true, `box_${'p'.repeat(43)}`), open()].map((next) => [next.byToken(own), next.isCurrent(caller!)]),
    ).toEqual([
      [null, false],
      [null, false],
    ]);
  });

  it('a token opens under its name and role, and only its hash is kept', () => {
    const access = open();
    const token = make(access, 'ci', 'operate');
    expect(token).toMatch(/^box_[A-Za-z0-9_-]{43}$/);
    expect(access.byToken(token)).toMatchObject({ name: 'ci', role: 'operate' });
    for (const wrong of [
      '',
      token.slice(0, -1),
      `${token}x`,
      token.toUpperCase(),
      rows.list()[0]!.hash,
      'x'.repeat(1e6),
    ]) {
      expect(access.byToken(wrong)).toBeNull();
    }
    expect(JSON.stringify([rows.list(), access.tokens.list(), notes])).not.toContain(token.slice(4));
    expect(rows.list()[0]!.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(notes).toEqual([{ type: 'tokenCreated', name: 'ci', role: 'operate', by: 'boss' }]);
  });

  it('names are unique whatever their case', () => {
    const access = open();
    make(access, 'ci', 'record');
    expect(access.tokens.create('CI', 'admin', null)).toEqual({ kind: 'problem', code: 'TOKEN_EXISTS' });
    expect(access.tokens.list().map(({ name, role }) => [name, role])).toEqual([['ci', 'record']]);
  });

  it('rotating ends the old secret and the sessions that were opened with it', () => {
    const access = open();
    const old = make(access, 'ci', 'record');
    const session = access.openSession(old)!;
    const streaming = access.byToken(old)!;
    expect([access.isCurrent(streaming), access.isCurrent(session.caller)]).toEqual([true, true]);
    const made = access.tokens.rotate('Ci', null);
    if (made.kind === 'problem') throw new Error(made.code);
    expect(made).toMatchObject({ name: 'ci', role: 'record' });
    expect([access.byToken(old), access.bySession(session.cookie)]).toEqual([null, null]);
    expect([access.isCurrent(streaming), access.isCurrent(session.caller)]).toEqual([false, false]);
    expect(access.byToken(made.token)).toMatchObject({ name: 'ci', role: 'record' });
    expect(access.tokens.rotate('nobody', null)).toEqual({ kind: 'problem', code: 'TOKEN_NOT_FOUND' });
  });

  it('the last admin stays while one is needed', () => {
    const access = open();
    make(access, 'a', 'admin');
    make(access, 'b', 'operate');
    expect(access.tokens.remove('A', null)).toEqual({ code: 'LAST_ADMIN_TOKEN' });
    make(access, 'c', 'admin');
    expect(access.tokens.remove('A', null)).toBeNull();
    expect(access.tokens.remove('a', null)).toEqual({ code: 'TOKEN_NOT_FOUND' });
    expect(access.tokens.remove('c', null)).toEqual({ code: 'LAST_ADMIN_TOKEN' });
    expect(open(false).tokens.remove('c', null)).toBeNull();
  });

  it('the first token is made once, beside one that has its name', () => {
    const tokens = createTokens({ ...{ rows, now: () => nowMs, randomBytes, isRequired: true }, note: () => {} });
    expect(tokens.create('first', 'record', null).kind).toBe('made');
    expect(ensureAdmin({ rows, tokens })).toMatchObject({ name: 'first-2', role: 'admin' });
    expect(ensureAdmin({ rows, tokens })).toBeNull();
    expect(tokens.list()).toHaveLength(2);
  });

  it('the last use is kept to the minute and not written more often', () => {
    const access = open();
    const token = make(access, 'ci', 'record');
    const lastUse = () => access.tokens.list()[0]?.lastUsedAtMs;
    expect(lastUse()).toBeNull();
    for (let second = 0; second < 120; second += 1) {
      access.byToken(token);
      nowMs += 1000;
    }
    expect(uses).toBe(2);
    expect(lastUse()).toBe(START_MS + 60_000);
  });

  it('a use that cannot be written down does not keep anybody out', () => {
    rows = {
      ...rows,
      noteUse: () => {
        throw new Error('disk full');
      },
    };
    const access = open();
    expect(access.byToken(make(access, 'ci', 'record'))).not.toBeNull();
    expect(notes.at(-1)).toEqual(new Error('disk full'));
  });

  it('a session lasts a week, ends when it is closed, and there are only so many', () => {
    const access = open();
    const token = make(access, 'ci', 'operate');
    const first = access.openSession(token)!;
    expect(access.bySession(first.cookie)).toMatchObject({ name: 'ci', role: 'operate' });
    expect(access.bySession(token)).toBeNull();
    expect(access.byToken(first.cookie)).toBeNull();
    expect(access.openSession('wrong')).toBeNull();
    nowMs += 7 * DAY_MS - 1;
    expect(access.bySession(first.cookie)).not.toBeNull();
    nowMs += 1;
    expect(access.bySession(first.cookie)).toBeNull();

    const many = Array.from({ length: 60 }, () => access.openSession(token)!.cookie);
    expect(many.filter((cookie) => access.bySession(cookie) !== null)).toEqual(many.slice(10));
    access.closeSession(many.at(-1)!);
    expect(access.bySession(many.at(-1)!)).toBeNull();
    access.tokens.remove('ci', null);
    expect(access.bySession(many.at(-2)!)).toBeNull();
  });

  it('there are at most a hundred tokens', () => {
    const access = open();
    for (let index = 0; index < 100; index += 1) make(access, `t${index}`, 'record');
    expect(access.tokens.create('more', 'record', null)).toMatchObject({ code: 'INVALID_REQUEST' });
  });
});

it('tokens stay over a restart and nothing of a secret lies in the files', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'box-access-'));
  const now = () => START_MS;
  const deps = { randomBytes, isRequired: true, boxId: '12345678', note: () => {}, onNoteFailed: () => {}, now };
  let store = openStore(directory, { now });
  const made = createAccess({ ...deps, rows: store.tokens }).tokens.create('ci', 'admin', null);
  if (made.kind === 'problem') throw new Error(made.code);
  const { cookie } = createAccess({ ...deps, rows: store.tokens }).openSession(made.token)!;
  const bytes = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name)));
  for (const secret of [made.token.slice(4), cookie]) {
    expect(bytes.some((content) => content.includes(secret))).toBe(false);
  }
  store.close();
  store = openStore(directory, { now });
  const again = createAccess({ ...deps, rows: store.tokens });
  expect(again.byToken(made.token)).toMatchObject({ name: 'ci', role: 'admin' });
  expect(again.bySession(cookie)).toMatchObject({ name: 'ci' });
  store.close();
  rmSync(directory, { recursive: true });
});
