import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RECORDING_STATES, type RecordingState } from '../../shared/recording.ts';
import { addRecording, newRecording, SECRETS } from '../../test/support/new-recording.ts';
import { canMove } from '../recordings/transitions.ts';
import { DATABASE_FILE } from './database.ts';
import { IDEMPOTENCY_LIFE_MS } from './idempotency.ts';
import { openStore, type Store } from './store.ts';

const START_MS = Date.UTC(2026, 0, 1);
let directory: string;
let store: Store;
let nowMs: number;
const now = (): number => nowMs;

beforeEach(() => {
  nowMs = START_MS;
  directory = mkdtempSync(join(tmpdir(), 'box-store-'));
  store = openStore(directory, { now });
});
afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

function reopen(): void {
  store.close();
  store = openStore(directory, { now });
}

function eventTypes(recordingId: string): string[] {
  return store.events.list({ recordingId }).map(({ type }) => type);
}

/** Moves a recording through states; throws when one move is not possible. */
function walk(id: string, ...states: RecordingState[]): void {
  for (const to of states) {
    const from = store.recordings.get(id)?.state as RecordingState;
    expect(store.recordings.move(id, from, to)).toBe(true);
  }
}

describe('the box', () => {
  it('has an id of its own that stays', () => {
    const { boxId } = store;
    expect(boxId).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    reopen();
    expect(store.boxId).toBe(boxId);
    const elsewhere = mkdtempSync(join(tmpdir(), 'box-store-'));
    const other = openStore(elsewhere, { now });
    expect(other.boxId).not.toBe(boxId);
    other.close();
    rmSync(elsewhere, { recursive: true });
  });

  it('with a name begins the ids of new recordings with it; those before stay', () => {
    const before = addRecording(store);
    store.close();
    store = openStore(directory, { now, boxName: 'box1' });
    const named = addRecording(store, { userId: 'another' });
    expect(named.id).toMatch(/^box1-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect([before.id, named.id].map((id) => store.recordings.get(id)?.id)).toEqual([before.id, named.id]);
    expect(before.id).toMatch(/^[0-9a-f]{8}-/);
  });
});

describe('accepting a request', () => {
  it('keeps what was asked for across a restart', () => {
    const { id } = addRecording(store, { isReserve: true, callbackUrl: 'https:xxxxxxxx.com/post/xxx' });
    reopen();
    expect(store.recordings.get(id)).toMatchObject({
      ...newRecording({ isReserve: true, callbackUrl: 'https:xxxxxxxx.com/post/xxx' }),
      alsoSingle: false,
      layout: null,
      namesJson: '{}',
      state: 'accepted',
      strRoomId: null,
      usesStoredCredentials: false,
      createdAtMs: START_MS,
      attempts: 0,
    });
    expect(store.recordings.secrets(id)).toEqual(SECRETS);
    expect(eventTypes(id)).toEqual(['accepted']);
  });

  it('lets the integer room win and tells room 123 from room "123"', () => {
    const integer = addRecording(store, { roomId: 123, strRoomId: 'ignored' });
    const text = addRecording(store, { roomId: null, strRoomId: '123' });
    expect([integer.roomId, integer.strRoomId]).toEqual([123, null]);
    expect([text.roomId, text.strRoomId]).toEqual([null, '123']);
  });

  it('refuses the same user in the same room while one is being captured, and allows it afterwards', () => {
    const first = addRecording(store);
    for (const state of ['joining', 'recording', 'joining', 'waiting'] as const) {
      walk(first.id, state);
      expect(store.recordings.create(newRecording(), SECRETS)).toEqual({
        kind: 'alreadyRecording',
        runningId: first.id,
      });
    }
    walk(first.id, 'finalizing');
    expect(store.recordings.create(newRecording(), SECRETS).kind).toBe('created');
  });

  it('holds that rule in the database itself', () => {
    const { id } = addRecording(store);
    const db = new BetterSqlite3(join(directory, DATABASE_FILE));
    const columns = db.prepare(
      "SELECT group_concat(name) FROM pragma_table_info('recordings') WHERE name NOT IN ('seq', 'id')",
    );
    const list = String(columns.pluck().get());
    expect(() =>
      db.prepare(`INSERT INTO recordings (id, ${list}) SELECT 'other', ${list} FROM recordings WHERE id = ?`).run(id),
    ).toThrow(/recordings_one_capture/);
    db.close();
  });

  it('answers a repeated idempotency key with the first recording, and refuses it for another body', () => {
    const idempotency = { key: 'k1', bodyHash: 'h1' };
    const first = addRecording(store, {}, { idempotency });
    walk(first.id, 'joining');
    const again = store.recordings.create(newRecording(), SECRETS, { idempotency });
    expect(again).toMatchObject({ kind: 'replayed', recording: { id: first.id, state: 'joining' } });
    const other = store.recordings.create(newRecording(), SECRETS, { idempotency: { key: 'k1', bodyHash: 'h2' } });
    expect(other).toEqual({ kind: 'idempotencyMismatch' });
    nowMs += 1000;
    expect(store.idempotency.prune(nowMs)).toBe(1);
    expect(store.idempotency.get('k1')).toBeUndefined();
  });

  it('forgets an idempotency key after 24 hours, and not a moment before', () => {
    const first = addRecording(store, {}, { idempotency: { key: 'k1', bodyHash: 'h1' } });
    addRecording(store, { roomId: 2 }, { idempotency: { key: 'never asked again', bodyHash: 'h' } });
    nowMs += IDEMPOTENCY_LIFE_MS;
    const other = { idempotency: { key: 'k1', bodyHash: 'h2' } };
    expect(store.recordings.create(newRecording({ roomId: 3 }), SECRETS, other)).toEqual({
      kind: 'idempotencyMismatch',
    });
    nowMs += 1;
    const fresh = addRecording(store, { roomId: 3 }, other);
    expect(fresh.id).not.toBe(first.id);
    expect(store.idempotency.get('k1')).toMatchObject({ recordingId: fresh.id, bodyHash: 'h2' });
    expect(store.idempotency.prune(nowMs + 1)).toBe(1);
  });

  it('writes nothing at all when it refuses', () => {
    addRecording(store);
    const before = store.events.list().length;
    const options = {
      hasRoom: (capturing: readonly unknown[]) => capturing.length < 1,
      idempotency: { key: 'k', bodyHash: 'h' },
    };
    expect(store.recordings.create(newRecording({ roomId: 5 }), SECRETS, options)).toEqual({
      kind: 'atCapacity',
    });
    expect(store.recordings.list()).toHaveLength(1);
    expect(store.events.list()).toHaveLength(before);
    expect(store.idempotency.get('k')).toBeUndefined();
  });
});

describe('moving a recording', () => {
  it('moves once, with its facts and its event', () => {
    const { id } = addRecording(store);
    nowMs += 5;
    const patch = { startedAtMs: 42, timelineMs: 1.5 };
    expect(store.recordings.move(id, 'accepted', 'joining', patch, { why: 'test' })).toBe(true);
    expect(store.recordings.move(id, 'accepted', 'joining', { startedAtMs: 43 })).toBe(false);
    expect(store.recordings.get(id)).toMatchObject({ state: 'joining', ...patch, updatedAtMs: START_MS + 5 });
    expect(store.events.list({ recordingId: id }).at(-1)).toMatchObject({
      type: 'state',
      atMs: START_MS + 5,
      data: { from: 'accepted', to: 'joining', why: 'test' },
    });
    expect(eventTypes(id)).toHaveLength(2);
  });

  it('refuses every move that the table does not know', () => {
    const { id } = addRecording(store);
    fc.assert(
      fc.property(fc.constantFrom(...RECORDING_STATES), fc.constantFrom(...RECORDING_STATES), (from, to) => {
        fc.pre(!canMove(from, to));
        expect(() => store.recordings.move(id, from, to)).toThrow(TypeError);
      }),
    );
    expect(store.recordings.get(id)?.state).toBe('accepted');
  });

  it('starts each step afresh', () => {
    const { id } = addRecording(store);
    walk(id, 'joining', 'recording', 'finalizing');
    store.recordings.update(id, { attempts: 7, nextAtMs: 9, blockedCode: 'X', blockedRemedy: 'y', lastError: 'z' });
    walk(id, 'uploading');
    expect(store.recordings.get(id)).toMatchObject({
      attempts: 0,
      nextAtMs: null,
      blockedCode: null,
      blockedRemedy: null,
      lastError: null,
    });
  });

  it('deletes the secrets at the end, and not before', () => {
    const { id } = addRecording(store);
    walk(id, 'joining', 'notifying');
    expect(store.recordings.secrets(id)).toEqual(SECRETS);
    walk(id, 'failed');
    expect(store.recordings.secrets(id)).toBeNull();
  });

  it('takes the first stop request only, and none after capturing', () => {
    const { id } = addRecording(store);
    expect(store.recordings.requestStop(id, 'stopped')).toBe(true);
    expect(store.recordings.requestStop(id, 'shutdown')).toBe(false);
    expect(store.recordings.get(id)?.stopRequested).toBe('stopped');
    const other = addRecording(store, { roomId: 6 });
    walk(other.id, 'notifying');
    expect(store.recordings.requestStop(other.id, 'stopped')).toBe(false);
    expect(eventTypes(id)).toEqual(['accepted', 'stopRequested']);
  });

  it('undoes everything when a transaction throws', () => {
    const { id } = addRecording(store);
    expect(() =>
      store.transaction(() => {
        walk(id, 'joining');
        store.gaps.add(id, { atMs: 1, durationMs: 2, reason: 'boxDown', cut: false });
        throw new Error('stop here');
      }),
    ).toThrow('stop here');
    expect(store.recordings.get(id)?.state).toBe('accepted');
    expect(store.gaps.list(id)).toEqual([]);
  });
});

describe('listing', () => {
  it('pages newest first, by state', () => {
    const ids = [1, 2, 3, 4, 5].map((roomId) => addRecording(store, { roomId }).id);
    walk(ids[1] as string, 'joining');
    const first = store.recordings.list({ limit: 2 }).map(({ id }) => id);
    expect(first).toEqual([ids[4], ids[3]]);
    expect(store.recordings.list({ limit: 9, before: ids[3] as string }).map(({ id }) => id)).toEqual([
      ids[2],
      ids[1],
      ids[0],
    ]);
    expect(store.recordings.list({ state: 'joining' }).map(({ id }) => id)).toEqual([ids[1]]);
    expect(store.recordings.list({ state: ['joining', 'done'] })).toHaveLength(1);
    expect(store.recordings.list({ before: 'unknown' })).toEqual([]);
    expect(store.recordings.capturing()).toHaveLength(5);
    expect(store.recordings.counts()).toEqual({ accepted: 4, joining: 1 });
  });

  it('finds what is due, and does not wait for a time that only a wrong clock can have written', () => {
    const due = [1, 2, 3, 4].map((roomId) => addRecording(store, { roomId }).id) as [string, string, string, string];
    for (const id of due) walk(id, 'notifying');
    store.recordings.update(due[1], { nextAtMs: nowMs + 100 });
    store.recordings.update(due[2], { nextAtMs: nowMs - 100 });
    store.recordings.update(due[3], { nextAtMs: nowMs + 3_600_001 });
    const found = (atMs: number) => store.recordings.due('notifying', atMs, 10, 3_600_000).map(({ id }) => id);
    expect(found(nowMs)).toEqual([due[0], due[2], due[3]]);
    expect(found(nowMs + 100)).toContain(due[1]);
    expect(store.recordings.nextDueAtMs(['notifying'], nowMs)).toBe(nowMs + 100);
    expect(store.recordings.nextDueAtMs(['uploading'], nowMs)).toBeNull();
    expect(store.recordings.waiting(['notifying']).map(({ id }) => id)).toEqual([due[1], due[2], due[3]]);
  });
});

describe('what happened in the room', () => {
  it('keeps every stay, and one stay across a restarted capture process', () => {
    const { id } = addRecording(store);
    store.stays.enter(id, 'a', 0, 0);
    store.stays.leave(id, 'a', 10);
    store.stays.enter(id, 'a', 20, null);
    store.stays.slot(id, 'a', 1);
    store.stays.enter(id, 'a', 25, 2);
    store.stays.enter(id, 'b', 30, 3);
    store.stays.leave(id, 'unknown', 31);
    store.stays.leaveAll(id, 40);
    expect(store.stays.list(id).map(({ recordingId: _, ...stay }) => stay)).toEqual([
      { userId: 'a', enteredAtMs: 0, leftAtMs: 10, slot: 0 },
      { userId: 'a', enteredAtMs: 20, leftAtMs: 40, slot: 2 },
      { userId: 'b', enteredAtMs: 30, leftAtMs: 40, slot: 3 },
    ]);
  });

  it('numbers segments and keeps gaps once', () => {
    const { id } = addRecording(store);
    expect(store.segments.next(id)).toBe(0);
    store.segments.open({ recordingId: id, segment: 0, file: '0.mp4', startMs: 0 });
    store.segments.close(id, 0, 99, true);
    store.segments.open({ recordingId: id, segment: 1, file: '1.mp4', startMs: 1000.5 });
    expect(store.segments.next(id)).toBe(2);
    expect(store.segments.list(id)).toMatchObject([
      { segment: 0, bytes: 99, clean: true, startMs: 0 },
      { segment: 1, bytes: null, clean: null, startMs: 1000.5, closedAtMs: null },
    ]);
    const gap = { atMs: 5, durationMs: 1, reason: 'encoderDied', cut: false } as const;
    store.gaps.add(id, gap);
    store.gaps.add(id, { ...gap, durationMs: 7 });
    // What was left out and what was filled may begin at the same place.
    store.gaps.add(id, { ...gap, durationMs: 9, cut: true });
    expect(store.gaps.list(id)).toEqual([
      { recordingId: id, ...gap, durationMs: 7 },
      { recordingId: id, ...gap, durationMs: 9, cut: true },
    ]);
  });

  it('ends the stay of whoever was not seen again when he was last seen', () => {
    const { id } = addRecording(store);
    for (const [atMs, user] of ['a', 'b', 'c', 'd'].entries()) store.stays.enter(id, user, atMs, atMs);
    store.stays.leave(id, 'd', 50);
    store.stays.doubt(id, 100);
    // The next process died before it heard of anybody but a.
    store.stays.enter(id, 'a', 150, 0);
    store.stays.doubt(id, 200);
    store.stays.enter(id, 'b', 250, 1);
    expect(store.stays.leaveDoubted(id)).toEqual([
      { userId: 'a', leftAtMs: 200 },
      { userId: 'c', leftAtMs: 100 },
    ]);
    expect(store.stays.leaveDoubted(id)).toEqual([]);
    store.stays.doubt(id, 300);
    store.stays.leaveAll(id, 400);
    expect(store.stays.list(id).map(({ userId, leftAtMs }) => [userId, leftAtMs])).toEqual([
      ['a', 200],
      ['b', 300],
      ['c', 100],
      ['d', 50],
    ]);
  });

  it('sets a segment row aside whole', () => {
    const { id } = addRecording(store);
    store.segments.open({ recordingId: id, segment: 4, file: '4.mp4', startMs: -7 });
    store.segments.setAside(id, 4, 'it makes no sense');
    store.segments.setAside(id, 4, 'it makes no sense');
    expect(store.segments.list(id)).toEqual([]);
    expect(store.quarantine.list()).toMatchObject([
      { tableName: 'segments', rowKey: `${id} 4`, reason: 'it makes no sense', content: expect.stringContaining('-7') },
    ]);
  });
});
