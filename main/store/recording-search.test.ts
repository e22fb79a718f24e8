import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RECORDING_SORTS } from '../../shared/api/recording-routes.ts';
import { RECORDING_STATES } from '../../shared/recording.ts';
import { addRecording } from '../../test/support/new-recording.ts';
import { type Database, openDatabase } from './database.ts';
import { countQuery, pageQuery, type RecordingFilters, type RecordingOrder } from './recording-search.ts';
import type { RecordingRow } from './rows.ts';
import { openStore, type Store } from './store.ts';

const START_MS = Date.UTC(2026, 0, 1);

let directory: string;
let store: Store;
let nowMs: number;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'box-search-'));
  nowMs = START_MS;
  store = openStore(directory, { now: () => nowMs });
});
afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

const idsOf = (filters: RecordingFilters): string[] =>
  store.recordings.search(filters, { limit: 500 }).rows.map(({ id }) => id);

function putFile(recordingId: string, objectKey: string): void {
  store.files.put({
    ...{ recordingId, fileIndex: 0, userId: 'u', localPath: '/x', bytes: 1, durationMs: 1 },
    ...{ objectKey, url: 'https://x' },
  });
}

describe('text', () => {
  it('is found in id, room, user, names, participants, file names and errors, in any script and case', () => {
    const other = addRecording(store, { roomId: 1, userId: 'nobody' });
    const { id } = addRecording(store, {
      ...{
        roomId: undefined,
        strRoomId: 'Weekly_100%',
        userId: 'rec_Board',
        names: { host: '张三丰', guest: 'Zoë "Z"' },
      },
    });
    store.recordings.move(id, 'accepted', 'joining');
    store.recordings.move(id, 'joining', 'waiting');
    store.stays.enter(id, '李四-mobile', 0, 0);
    putFile(id, 'trtc/会议记录/1400000000_x.mp4');
    store.recordings.update(id, { lastError: 'NETWORK: 网络不可用' });
    const found = [
      'weekly_',
      '_100%',
      'REC_board',
      '张三',
      'Zoë',
      '四',
      '李四-mob',
      '会议',
      '_x.mp4',
      '网络',
      id.slice(9, 20),
    ];
    for (const text of found) expect([text, idsOf({ text })]).toEqual([text, [id]]);
    for (const text of ['%', '_100_', 'x%mp4', '\\', '张三四', 'weekly_100%\nrec']) {
      expect([text, idsOf({ text }).includes(other.id)]).toEqual([text, false]);
    }
    expect(idsOf({ text: '%' })).toEqual([id]);
  });

  it('follows every change, and the deletion', () => {
    const { id } = addRecording(store);
    store.recordings.update(id, { lastError: 'first trouble' });
    expect(idsOf({ text: 'first trouble' })).toEqual([id]);
    store.recordings.move(id, 'accepted', 'joining');
    expect(idsOf({ text: 'first trouble' })).toEqual([]);
    putFile(id, 'a/old-name.mp4');
    putFile(id, 'a/new-name.mp4');
    expect(idsOf({ text: 'old-name' })).toEqual([]);
    expect(idsOf({ text: 'new-name' })).toEqual([id]);
    store.stays.enter(id, 'guest', 0, 0);
    store.stays.leave(id, 'guest', 5);
    store.stays.enter(id, 'guest', 9, 0);
    expect(idsOf({ user: 'guest', text: 'guest' })).toEqual([id]);
    store.recordings.move(id, 'joining', 'notifying', { outcome: 'failed', failureMessage: '房间不存在' });
    expect(idsOf({ text: '房间' })).toEqual([id]);
    store.deletions.forget(id, {});
    for (const filters of [{}, { text: '房间' }, { user: 'guest' }]) expect(idsOf(filters)).toEqual([]);
    expect(store.problems()).toEqual([]);
  });
});

interface Plain {
  id: string;
  createdAtMs: number;
  room: string;
  mode: string;
  state: string;
  users: string[];
  needsSomebody: boolean;
}

/** What each filter means, in a form that cannot be fast. */
function matches(one: Plain, filters: RecordingFilters): boolean {
  const { state, mode, room, user, attention, from, to, text } = filters;
  return (
    (state === undefined || one.state === state) &&
    (mode === undefined || one.mode === mode) &&
    (room === undefined || one.room === room) &&
    (user === undefined || one.users.includes(user)) &&
    (attention === undefined || one.needsSomebody === attention) &&
    (from === undefined || one.createdAtMs >= Date.parse(from)) &&
    (to === undefined || one.createdAtMs < Date.parse(to)) &&
    (text === undefined || [one.id, one.room, ...one.users].some((value) => value.includes(text)))
  );
}

function add(index: number): Plain {
  nowMs = START_MS + index * 1000;
  const strRoomId = index % 4 === 0 ? `room-${index % 3}` : undefined;
  const roomId = strRoomId === undefined ? (index % 5) + 1 : undefined;
  const mode = (['10', '12', '02'] as const)[index % 3] ?? '10';
  const row = addRecording(store, { roomId, strRoomId, mode, userId: `rec_${index}` });
  const users = [`rec_${index}`, ...['ann', 'bob', '王五'].filter((_, user) => (index >> user) % 2 === 1)];
  for (const user of users.slice(1)) store.stays.enter(row.id, user, 0, null);
  store.recordings.move(row.id, 'accepted', 'joining');
  if (index % 6 === 0) store.recordings.update(row.id, { blockedCode: 'X' });
  if (index % 7 === 0) {
    const { deliveryId } = store.callbacks.ensure(row.id, 'https://c', '{}');
    store.callbacks.update(deliveryId, { state: 'parked' });
  }
  const fails = index % 2 === 0;
  if (fails) {
    const patch = { outcome: 'failed', blockedCode: index % 6 === 0 ? 'X' : null } as const;
    store.recordings.move(row.id, 'joining', 'notifying', patch);
  }
  const room = strRoomId ?? String(roomId);
  const state = fails ? 'notifying' : 'joining';
  const needsSomebody = index % 6 === 0 || index % 7 === 0;
  return { id: row.id, createdAtMs: nowMs, room, mode, state, users, needsSomebody };
}

const at = (index: number): string => new Date(START_MS + index * 1000).toISOString();
const anyFilters: fc.Arbitrary<RecordingFilters> = fc.record(
  {
    state: fc.constantFrom('joining', 'notifying', 'done'),
    mode: fc.constantFrom('10', '12', '02', '11'),
    room: fc.constantFrom('room-0', 'room-1', '1', '3', '99'),
    user: fc.constantFrom('ann', 'bob', '王五', 'rec_7', 'nobody'),
    attention: fc.boolean(),
    from: fc.nat(60).map(at),
    to: fc.nat(60).map(at),
    text: fc.constantFrom('ann', '王', 'rec_1', 'room', '-', 'zzz'),
  },
  { requiredKeys: [] },
);

it('any filters find what a model finds, page by page, newest first', () => {
  const all = Array.from({ length: 60 }, (_, index) => add(index)).reverse();
  fc.assert(
    fc.property(anyFilters, fc.integer({ min: 1, max: 40 }), (filters, limit) => {
      const expected = all.filter((one) => matches(one, filters)).map(({ id }) => id);
      const found: string[] = [];
      for (let before: string | undefined; ; before = found.at(-1)) {
        const { rows, total } = store.recordings.search(filters, { limit, before });
        expect(total).toBe(expected.length);
        found.push(...rows.map(({ id }) => id));
        if (rows.length < limit) break;
      }
      expect(found).toEqual(expected);
    }),
    { numRuns: 300 },
  );
  expect(store.recordings.search({}, { limit: 5, before: 'unknown' })).toEqual({
    rows: [],
    total: 60,
    before: null,
    after: null,
  });
});

/** What a row is sorted by, in a form that cannot be fast. */
function sortValueOf(row: RecordingRow, sort: NonNullable<RecordingOrder['sort']>): number | string {
  switch (sort) {
    case 'length':
      return row.timelineMs;
    case 'size':
      return store.files.list(row.id).reduce((sum, { bytes }) => sum + bytes, 0);
    case 'room':
      return row.strRoomId ?? String(row.roomId);
    case 'state':
      return RECORDING_STATES.indexOf(row.state);
    case 'started':
      return row.startedAtMs ?? row.createdAtMs;
    default:
      return row.createdAtMs;
  }
}

describe('orders', () => {
  const ordered = (a: number | string, b: number | string): number => (a < b ? -1 : a > b ? 1 : 0);
  const anyOrder = fc.record({
    sort: fc.constantFrom(...RECORDING_SORTS),
    order: fc.constantFrom('asc' as const, 'desc' as const),
  });
  const fill = (): RecordingRow[] =>
    Array.from({ length: 40 }, (_, index) => {
      const { id } = add(index);
      store.recordings.update(id, { timelineMs: (index * 7) % 5 });
      if (index % 3 === 0) putFile(id, `k/${index}`);
      if (index % 3 === 0) store.files.put({ ...store.files.list(id)[0]!, bytes: (index % 4) * 1000 });
      if (index % 5 === 0) store.recordings.update(id, { startedAtMs: START_MS + ((index * 11) % 17) * 900 });
      return store.recordings.get(id)!;
    });

  it('are those of a model, leafed forth and back, whatever the filters and however many are found', () => {
    const all = fill();
    fc.assert(
      fc.property(anyFilters, anyOrder, fc.integer({ min: 1, max: 15 }), (filters, order, limit) => {
        const found = new Set(store.recordings.search(filters, { limit: 500 }).rows.map(({ id }) => id));
        const up = all
          .map((row, index) => ({ row, index, value: sortValueOf(row, order.sort) }))
          .filter(({ row }) => found.has(row.id))
          .sort((a, b) => ordered(a.value, b.value) || a.index - b.index)
          .map(({ row }) => row.id);
        const expected = order.order === 'asc' ? up : up.reverse();
        const pages: string[][] = [];
        let page = store.recordings.search(filters, { ...order, limit });
        let back: string | null = page.after;
        expect(back).toBeNull();
        for (;;) {
          pages.push(page.rows.map(({ id }) => id));
          expect(page.total).toBe(expected.length);
          if (page.before === null) break;
          page = store.recordings.search(filters, { ...order, limit, before: page.before });
          back = page.after;
        }
        expect(pages.flat()).toEqual(expected);
        for (let at = pages.length - 2; back !== null && at >= 0; at -= 1) {
          const earlier = store.recordings.search(filters, { ...order, limit, after: back });
          expect(earlier.rows.map(({ id }) => id)).toEqual(pages[at]);
          expect(earlier.before).not.toBeNull();
          back = earlier.after;
        }
      }),
      { numRuns: 150 },
    );
  });

  it('go on behind a row that changed or is gone meanwhile', () => {
    const rows = fill().sort((a, b) => b.timelineMs - a.timelineMs);
    const first = store.recordings.search({}, { sort: 'length', limit: 10 });
    const last = first.rows.at(-1)!;
    store.recordings.update(last.id, { timelineMs: 1e6 });
    const rest = store.recordings.search({}, { sort: 'length', limit: 100, before: first.before! });
    expect([...first.rows, ...rest.rows].map(({ id }) => id).sort()).toEqual(rows.map(({ id }) => id).sort());
    store.deletions.forget(last.id, {});
    expect(store.recordings.search({}, { sort: 'length', limit: 100, before: first.before! }).rows).toEqual(rest.rows);
    expect(store.recordings.search({}, { sort: 'length', limit: 100, before: 'no place' }).rows).toEqual([]);
  });

  it('by size follow the files, those of the manifest left out', () => {
    const { id } = addRecording(store);
    const size = (): unknown => store.recordings.search({}, { sort: 'size', limit: 1 }).after ?? sizeOf(id);
    putFile(id, 'a');
    expect(size()).toBe(1);
    store.files.put({ ...store.files.list(id)[0]!, fileIndex: 1, bytes: 500 });
    expect(size()).toBe(501);
  });
});

/** The column itself, past the store. */
function sizeOf(id: string): number {
  const db = openDatabase(directory);
  try {
    return db.prepare<[string]>('SELECT size_bytes FROM recordings WHERE id = ?').pluck().get(id) as number;
  } finally {
    db.close();
  }
}

describe('how SQLite looks', () => {
  let db: Database;
  beforeEach(() => {
    store.close();
    db = openDatabase(directory);
  });
  afterEach(() => {
    db.close();
    store = openStore(directory, { now: () => nowMs });
  });

  const period = { from: at(1), to: at(2) };
  const filters: RecordingFilters[] = [
    { state: 'done' },
    { mode: '12' },
    { room: 'r' },
    { user: 'u' },
    { attention: true },
    period,
    { text: 't' },
    { state: 'done', mode: '12', ...period },
    { room: 'r', state: 'done', mode: '12', ...period },
    { user: 'u', state: 'done', text: 't' },
    { attention: true, state: 'uploading' },
    { text: 't', state: 'done' },
  ];
  const planOf = ({ sql, values }: ReturnType<typeof countQuery>): string[] =>
    db
      .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
      .all(...values)
      .map(({ detail }) => detail);

  it.each(filters)('%j is counted without reading the recordings one by one', (one) => {
    const plan = planOf(countQuery(one));
    // Only the narrow table of texts is read from end to end.
    expect(plan.filter((step) => step.startsWith('SCAN') && step !== 'SCAN t')).toEqual([]);
  });

  it.each(filters)('%j is paged from an index, or newest first without sorting', (one) => {
    for (const before of [undefined, 'some-id']) {
      const plan = planOf(pageQuery(one, { limit: 100, before }));
      const walks = plan.some((step) => step === 'SCAN r' || step === 'SCAN t');
      const sorts = plan.some((step) => step.includes('TEMP B-TREE'));
      expect([plan, walks && sorts]).toEqual([plan, false]);
    }
  });

  it.each(RECORDING_SORTS)('all of them by %s are walked along an index, to any page', (sort) => {
    const place = Buffer.from('[1,1]').toString('base64url');
    for (const [order, page] of [
      ['asc', {}],
      ['desc', { before: place }],
      ['asc', { after: place }],
    ] as const) {
      const plan = planOf(pageQuery({}, { limit: 50, sort, order, ...page }));
      expect([plan, plan.some((step) => step.includes('TEMP B-TREE'))]).toEqual([plan, false]);
    }
  });

  it('events of one recording come from their index', () => {
    const [step] = planOf({
      sql: 'SELECT * FROM events WHERE recording_id = ? AND seq > ? ORDER BY seq',
      values: ['r', 0],
    });
    expect(step).toBe('SEARCH events USING INDEX events_by_recording (recording_id=? AND seq>?)');
  });
});
