import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createFakeClock } from '../../test/support/fake-clock.ts';
import { addRecording } from '../../test/support/new-recording.ts';
import { openStore, type Store } from '../store/store.ts';
import { createEventPruning } from './pruning.ts';

const DAY_MS = 24 * 3_600_000;
let directory: string;
let store: Store;
let nowMs: number;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pruning-'));
  nowMs = Date.UTC(2030, 0, 1);
  store = openStore(directory, { now: () => nowMs });
});
afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

const typesOf = (recordingId: string | null): string[] =>
  store.events.list().flatMap((event) => (event.recordingId === recordingId ? [event.type] : []));

/** One recording that is over, one that waits, one that is gone, and events of the box. */
function past(): { over: string; waiting: string } {
  const over = addRecording(store, { roomId: 1 }).id;
  const waiting = addRecording(store, { roomId: 2 }).id;
  store.transaction(() => {
    for (const id of [over, waiting]) {
      for (const [from, to] of [
        ['accepted', 'joining'],
        ['joining', 'waiting'],
        ['waiting', 'recording'],
        ['recording', 'finalizing'],
        ['finalizing', 'uploading'],
      ] as const) {
        store.recordings.move(id, from, to);
      }
      store.events.append('participant.entered', id, { userId: 'a' });
    }
    store.events.append('uploaded', over, { bytes: 5 });
    store.recordings.move(over, 'uploading', 'notifying', { outcome: 'delivered' });
    store.recordings.move(over, 'notifying', 'done');
    store.events.append('participant.left', 'gone-long-ago', {});
    store.events.append('deleted', 'gone-long-ago', {});
    store.events.append('backupMade', null, {});
  });
  return { over, waiting };
}

async function roundsOf(keepDays: number | null): Promise<void> {
  const clock = createFakeClock(nowMs);
  const settings = { keepDays };
  const log = { info: () => {}, error: (facts: object) => expect.unreachable(JSON.stringify(facts)) };
  const pruning = createEventPruning({ events: store.events, settings, clock, log });
  pruning.start();
  await clock.advance(10 * 60_000);
  pruning.stop();
  await clock.advance(7 * DAY_MS);
}

it('forgets what is old of recordings that are over, never what became of them, and nothing of those that are not', async () => {
  const { over, waiting } = past();
  const ofWaiting = typesOf(waiting);
  nowMs += 31 * DAY_MS;
  store.events.append('lineBack', null);
  const last = store.events.lastSeq();
  await roundsOf(30);
  expect(typesOf(over)).toEqual(['accepted', 'uploaded', 'state']);
  expect(store.events.list({ recordingId: over }).at(-1)?.data).toMatchObject({ to: 'done' });
  expect(typesOf(waiting)).toEqual(ofWaiting);
  expect(typesOf('gone-long-ago')).toEqual(['deleted']);
  expect(typesOf(null)).toEqual(['lineBack']);
  expect(store.events.lastSeq()).toBe(last);
});

it('keeps what is younger, and with null everything', async () => {
  past();
  const before = store.events.list();
  nowMs += 29 * DAY_MS;
  await roundsOf(30);
  nowMs += 1000 * DAY_MS;
  await roundsOf(null);
  expect(store.events.list()).toEqual(before);
});

it('goes through many events in batches, past those that stay', () => {
  const { waiting } = past();
  store.transaction(() => {
    for (let n = 0; n < 2500; n += 1) store.events.append('gap', n % 2 === 0 ? waiting : null, { n });
  });
  nowMs += 31 * DAY_MS;
  let calls = 0;
  let removed = 0;
  for (let next: number | null = 0; next !== null; calls += 1) {
    const pruned = store.events.prune(nowMs - 30 * DAY_MS, next);
    removed += pruned.removed;
    next = pruned.nextSeq;
  }
  expect(calls).toBe(4);
  expect(removed).toBeGreaterThan(1250);
  expect(store.events.list({ limit: 5000 }).filter(({ type }) => type === 'gap')).toHaveLength(1250);
});
