import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { captureJob } from '../../test/support/capture-session.ts';
import { addRecording } from '../../test/support/new-recording.ts';
import { createSessionHost, type SessionHost } from '../../test/support/session-host.ts';
import { generatedSetup, manualClock, roomEvent, turns } from '../../test/support/simulated-parts.ts';
import { configureSetup, type SimulationFaults } from '../capture/room/simulated/configuration.ts';
import type { RoomEvent } from '../capture/room/simulated/scenario.ts';
import { loadSdk } from '../capture/room/trtc/sdk.ts';
import { createTrtcRoom } from '../capture/room/trtc/trtc-room.ts';
import { silentLogger } from '../logging.ts';
import type { RecordingRow } from '../store/rows.ts';
import { openStore, type Store } from '../store/store.ts';
import { enterVerdict } from './enter-policy.ts';
import { Supervisor } from './supervisor.ts';

// Accepted means known: whatever the SDK answers to entering, or when it does not answer at all, everybody can see within seconds what has
// become of the request. The vendor's JavaScript runs over the simulated addon, which answers with one code of the SDK's table after the other.

const KNOWN_WITHIN_MS = 15_000;
const ENTER_TIMEOUT_MS = 10_000;
const IDLE_MS = 300_000;

let directory: string;
let store: Store;
let supervisor: Supervisor;
let finished: string[];
let host: SessionHost;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
  directory = mkdtempSync(path.join(tmpdir(), 'entering-'));
  store = openStore(directory, { now: Date.now });
  finished = [];
});
afterEach(async () => {
  const drained = supervisor.drain('shutdown');
  await pass(4_000);
  await drained;
  vi.useRealTimers();
  store.close();
  rmSync(directory, { recursive: true });
});

/** Lets time pass for box, session and SDK alike. */
async function pass(durationMs: number, stepMs = 1_000): Promise<void> {
  for (let ms = 0; ms < durationMs; ms += stepMs) {
    await quiet();
    await vi.advanceTimersByTimeAsync(Math.min(stepMs, durationMs - ms));
  }
  await quiet();
}

/** What needs no time to pass has happened. */
async function quiet(): Promise<void> {
  await turns();
  await host.started();
  await turns();
}

/** A recording whose room is entered over the vendor's JavaScript. */
async function accepted(events: RoomEvent[], faults: SimulationFaults = {}): Promise<string> {
  const statePath = path.join(directory, 'room.json');
  host = createSessionHost(async (listener) => {
    configureSetup(generatedSetup({ events }, { clock: manualClock(Date.now()), statePath, faults }));
    const sdk = await loadSdk({ rooms: 'simulated', log: () => undefined });
    return createTrtcRoom(sdk, listener, { simulated: true, log: () => undefined });
  });
  supervisor = new Supervisor({
    ...{ store, host, now: Date.now, log: silentLogger() },
    prepareJob: async () =>
      captureJob(
        { room: { sdkAppId: 1, roomId: 43474, userId: 'rec', userSig: 'sig', scene: 'live' }, rooms: { kind: 'trtc' } },
        { enterTimeoutMs: ENTER_TIMEOUT_MS, exitTimeoutMs: 1_000, idleMs: IDLE_MS },
      ),
    onFinished: (id) => finished.push(id),
  });
  const { id } = addRecording(store);
  supervisor.launch(id);
  await quiet();
  return id;
}

function row(id: string): RecordingRow {
  const found = store.recordings.get(id);
  if (!found) throw new Error(`no recording ${id}`);
  return found;
}

/** In the room, over, or waiting for a next try whose time and reason are known. */
function isKnown(id: string): boolean {
  const { state, lastError, nextAtMs } = row(id);
  return !['accepted', 'joining'].includes(state) || (lastError !== null && nextAtMs !== null);
}

/** How long it takes until everybody can see what has become of the request. */
async function untilKnown(id: string): Promise<number> {
  const startMs = Date.now();
  while (!isKnown(id)) {
    if (Date.now() - startMs > 60_000) throw new Error(`nothing is known of ${JSON.stringify(row(id))}`);
    await pass(1_000);
  }
  return Date.now() - startMs;
}

const RETRIED = [
  ...[-3301, -3302, -3303, -3304, -3306, -3307, -3308, -3340, -70500, -102006, -102052, -102056],
  ...[-101003, -102005, -102010, -100018, -70001, -70347, -101000, -101001, -101002, -102003, -102004, -99],
];
const REFUSED = [
  ...[-3316, -3317, -3318, -3319, -3320, -100006, -100010, -100011, -100013, -100014, -100015],
  ...[-70003, -70004, -70005, -70006, -70007, -70008, -70009, -70010, -70013, -70014, -70020, -70051, -70052],
  ...[-102001, -102008, -102011, -102018, -102029, -102030, -102055],
];

describe('a refusal that may pass', () => {
  it.each(RETRIED)('%i: the next try is announced with its reason, and the second one comes in', async (code) => {
    const id = await accepted([roomEvent(0, 'enterError', { code, times: 1 })]);
    expect(await untilKnown(id)).toBeLessThan(KNOWN_WITHIN_MS);
    expect(row(id)).toMatchObject({ state: 'joining', attempts: 1, lastError: expect.stringContaining(`${code}`) });
    await pass((row(id).nextAtMs ?? 0) - Date.now());
    expect(await untilKnown(id)).toBeLessThan(KNOWN_WITHIN_MS);
    expect(row(id)).toMatchObject({ state: 'waiting', attempts: 0, nextAtMs: null, lastError: null });
    expect(finished).toEqual([]);
  });
});

describe('a refusal for good', () => {
  it.each(REFUSED)('%i: is told at once, with code and meaning, and exactly once', async (code) => {
    const id = await accepted([roomEvent(0, 'enterError', { code })]);
    expect(await untilKnown(id)).toBeLessThan(KNOWN_WITHIN_MS);
    expect(row(id)).toMatchObject({
      state: 'notifying',
      outcome: 'failed',
      failureKind: 'recording',
      endReason: 'error',
      failureCode: `ENTER_ROOM_${code}`,
      failureMessage: expect.stringContaining(enterVerdict(code).meaning),
    });
    await pass(30_000, 30_000);
    expect(finished).toEqual([id]);
  });
});

describe('no answer at all', () => {
  it('is an answer at the deadline, every time, until it is given up', async () => {
    const id = await accepted([], { noEnterAnswer: true });
    expect(await untilKnown(id)).toBeLessThanOrEqual(ENTER_TIMEOUT_MS + KNOWN_WITHIN_MS);
    expect(row(id).lastError).toBe('ENTER_ROOM_-3308: the SDK gave no answer to enterRoom');
    await pass(600_000);
    expect(row(id)).toMatchObject({ state: 'notifying', failureCode: 'ENTER_ROOM_-3308', captureAttempts: 10 });
    expect(finished).toEqual([id]);
  });
});

describe('a room that nobody opens', () => {
  it('is waited for as long as for an anchor, then that is the reason', async () => {
    const id = await accepted([roomEvent(0, 'enterError', { code: -102010 })]);
    await pass(IDLE_MS - 1_000);
    expect(row(id)).toMatchObject({ state: 'joining', lastError: expect.stringContaining('-102010') });
    await pass(30_000);
    expect(row(id)).toMatchObject({ state: 'notifying', endReason: 'idle', failureCode: 'ENTER_ROOM_-102010' });
    expect(finished).toEqual([id]);
  });
});
