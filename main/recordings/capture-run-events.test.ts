import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CALLBACK_EVENTS } from '../../shared/callback-events.ts';
import { captureJob } from '../../test/support/capture-session.ts';
import { statsAt } from '../../test/support/fake-host.ts';
import { addRecording } from '../../test/support/new-recording.ts';
import { createSupervised, type Supervised } from '../../test/support/supervised.ts';
import type { Absence } from '../capture/messages.ts';
import { soundWarnings, USER_SIG_NOTICE_MS, warningsOf } from './warnings.ts';

const HOUR_MS = 3_600_000;
let box: Supervised;

beforeEach(() => {
  box = createSupervised();
});
afterEach(() => box.close());

/** A recording in the room, whose caller wants to know everything. */
async function inRoom(userSigExpiresAtMs: number | null = null): Promise<string> {
  const { id } = addRecording(box.store, {
    callbackUrl: 'http://127.0.0.1/a',
    events: CALLBACK_EVENTS,
    userSigExpiresAtMs,
  });
  box.supervisor.launch(id);
  await box.advance(0);
  box.host.last.enter(0);
  box.host.last.tell({ type: 'participant', change: 'entered', userId: 'a', atMs: 0, slot: 0, anchors: 1 });
  return id;
}

function told(id: string): (string | null)[] {
  return box.store.callbacks.listOf(id).map(({ event }) => event);
}

describe('a connection that was given up', () => {
  it('makes the next process enter anew at once, with the reason of the hole, and the caller knows', async () => {
    const absences: Absence[] = [];
    box.prepare = async () => captureJob({}, { reenterMs: 60_000 });
    const prepare = box.prepare;
    box.prepare = async (row, absence) => {
      absences.push(absence);
      return await prepare(row, absence);
    };
    const id = await inRoom();
    const { last } = box.host;
    last.beat(1_000);
    last.tell(
      { type: 'connection', state: 'lost', atMs: 1_500 },
      { type: 'connection', state: 'reconnecting', atMs: 4_500 },
    );
    last.tell({ type: 'leftToReenter', timelineMs: 9_000 });
    last.exit(0);
    await box.advance(0);
    expect(box.host.started).toHaveLength(2);
    expect(absences).toEqual(['boxDown', 'connectionLost']);
    expect(box.row(id)).toMatchObject({ state: 'joining', timelineMs: 9_000 });
    expect(box.events(id, 'leftToReenter')).toEqual([{ timelineMs: 9_000 }]);
    expect(box.events(id, 'captureDied')).toEqual([]);
    box.host.last.enter(1, 12_000);
    expect(told(id)).toEqual(['recording.waiting', 'recording.started', 'recording.interrupted', 'recording.resumed']);
  });

  it('ends in error when the way back stays closed for as long as the setting says, with what there is', async () => {
    box.prepare = async () => captureJob({}, { reenterMs: 60_000 });
    const id = await inRoom();
    box.host.last.tell({ type: 'leftToReenter', timelineMs: 9_000 });
    box.host.last.exit(0);
    const leftAtMs = Date.now();
    for (let tries = 0; box.finished.length === 0 && tries < 50; tries += 1) {
      const known = box.host.started.length;
      box.host.last.tell({ type: 'ready', pid: 1 }, { type: 'enterFailed', code: -3308, message: 'no answer' });
      box.host.last.exit(0);
      for (let s = 0; s < 61 && box.host.started.length === known && box.finished.length === 0; s += 1)
        await box.advance(1_000);
    }
    expect(Date.now() - leftAtMs).toBeGreaterThanOrEqual(60_000);
    expect(Date.now() - leftAtMs).toBeLessThanOrEqual(130_000);
    expect(box.row(id)).toMatchObject({ state: 'finalizing', endReason: 'error', failureCode: 'ENTER_ROOM_-3308' });
  });

  it('is the end of the room when the room is gone meanwhile', async () => {
    const id = await inRoom();
    box.host.last.tell({ type: 'leftToReenter', timelineMs: 9_000 });
    box.host.last.exit(0);
    await box.advance(0);
    box.host.last.tell({ type: 'ready', pid: 1 }, { type: 'enterFailed', code: -102010, message: 'no such room' });
    box.host.last.exit(0);
    expect(box.row(id)).toMatchObject({ state: 'finalizing', endReason: 'dissolved', failureCode: null });
    expect(told(id).at(-1)).toBe('recording.ended');
  });

  it('and a stop in the same moment is a stop', async () => {
    const id = await inRoom();
    box.host.last.tell({ type: 'leftToReenter', timelineMs: 9_000 });
    box.supervisor.stop(id, 'stopped');
    box.host.last.exit(0);
    await box.advance(1_000);
    expect(box.row(id)).toMatchObject({ state: 'finalizing', endReason: 'stopped' });
    expect(box.host.started).toHaveLength(1);
  });
});

describe('sound that is missing', () => {
  it('is an event, and a warning as long as it is missing', async () => {
    const id = await inRoom();
    const beat = (timelineMs: number, soundMissingSinceMs: number | null) =>
      box.host.last.tell({ type: 'stats', stats: { ...statsAt(timelineMs), soundMissingSinceMs } });
    const warnings = () => soundWarnings(box.row(id), box.supervisor.stats(id)?.soundMissingSinceMs ?? null);
    beat(1_000, null);
    expect(warnings()).toEqual([]);
    box.host.last.tell({ type: 'sound', state: 'missing', atMs: 2_000 });
    beat(7_000, 2_000);
    const at = new Date((box.row(id).startedAtMs ?? 0) + 2_000).toISOString();
    expect(warnings()).toMatchObject([
      { code: 'SOUND_MISSING', at, message: { en: expect.stringContaining('sound') } },
    ]);
    box.host.last.tell({ type: 'sound', state: 'back', atMs: 9_000 });
    beat(9_000, null);
    expect(warnings()).toEqual([]);
    expect([box.events(id, 'soundMissing'), box.events(id, 'soundBack')]).toEqual([
      [{ atMs: 2_000 }],
      [{ atMs: 9_000 }],
    ]);
  });
});

describe('a UserSig that expires', () => {
  it('is told of ten minutes before, once: to the caller, in the history, and in the view', async () => {
    const expiresAtMs = Date.now() + HOUR_MS;
    const id = await inRoom(expiresAtMs);
    for (let minutes = 0; minutes < 75; minutes += 0.2) {
      await box.advance(12_000);
      box.host.last.beat(minutes * 60_000);
      const isDue = Date.now() >= expiresAtMs - USER_SIG_NOTICE_MS;
      expect(box.events(id, 'userSigExpiring')).toHaveLength(isDue ? 1 : 0);
    }
    expect(told(id).filter((event) => event === 'usersig.expiring')).toHaveLength(1);
    const body = JSON.parse(box.store.callbacks.listOf(id).at(-1)?.body ?? '');
    expect(body.Data).toEqual({ ExpiresAt: new Date(expiresAtMs).toISOString() });
    expect(warningsOf(box.row(id), 24 * HOUR_MS, Date.now())[0]?.message.en).toContain('has expired');
  });

  it('is shown from the beginning when it comes before the maximum length, and not after the end', async () => {
    const expiresAtMs = Date.now() + 2 * HOUR_MS;
    const id = await inRoom(expiresAtMs);
    const [warning, ...more] = warningsOf(box.row(id), 24 * HOUR_MS, Date.now() + 30 * 60_000);
    expect(more).toEqual([]);
    expect(warning).toMatchObject({ code: 'USERSIG_EXPIRES', at: new Date(expiresAtMs).toISOString() });
    expect(warning?.message.en).toContain('expires in 1:30 h, 22:00 h before the maximum length');
    expect(warning?.message.zh).toContain('1:30 h');
    expect(warningsOf(box.row(id), HOUR_MS, Date.now())).toEqual([]);
    expect(warningsOf({ ...box.row(id), userSigExpiresAtMs: null }, 24 * HOUR_MS, Date.now())).toEqual([]);
    expect(warningsOf({ ...box.row(id), state: 'uploading' }, 24 * HOUR_MS, Date.now())).toEqual([]);
  });

  it('is told of at the next heartbeat when the store cannot be written at that moment', async () => {
    const id = await inRoom(Date.now() + 60_000);
    const { transaction } = box.store;
    Object.assign(box.store, {
      transaction: () => {
        throw new Error('database is locked');
      },
    });
    box.host.last.beat(1_000);
    Object.assign(box.store, { transaction });
    expect(box.events(id, 'userSigExpiring')).toEqual([]);
    box.host.last.beat(2_000);
    box.host.last.beat(3_000);
    expect(box.events(id, 'userSigExpiring')).toHaveLength(1);
  });
});
