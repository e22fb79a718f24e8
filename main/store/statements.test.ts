import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { addRecording } from '../../test/support/new-recording.ts';
import { openStore, type Store } from './store.ts';

let directory: string;
let store: Store;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'box-statements-'));
  store = openStore(directory, { now: Date.now });
});
afterEach(() => {
  vi.restoreAllMocks();
  store.close();
  rmSync(directory, { recursive: true });
});

/** What a recording writes and asks from its request to its end, in short. */
function live(roomId: number): void {
  const { id } = addRecording(store, { roomId, callbackUrl: 'http://127.0.0.1:9/', events: ['recording.started'] });
  store.recordings.move(id, 'accepted', 'joining', { captureAttempts: 1 });
  store.recordings.move(id, 'joining', 'waiting', { startedAtMs: 1000, idleSinceAtMs: 1000 });
  store.stays.enter(id, 'alice', 0, 0);
  store.recordings.move(id, 'waiting', 'recording');
  store.segments.open({ recordingId: id, segment: 0, file: 'segment-0000.mix.0.mp4', startMs: 0 });
  for (let row = 1; row < 4; row += 1)
    store.recordings.update(id, { timelineMs: row * 10_000, picturesSent: row * 150 });
  store.recordings.capturing();
  store.recordings.requestStop(id, 'stopped');
  store.recordings.move(id, 'recording', 'finalizing', { endReason: 'stopped' });
  store.recordings.list({ state: 'finalizing' });
  store.recordings.due('finalizing', 0, 1, 1000);
  store.recordings.nextDueAtMs(['finalizing', 'uploading', 'notifying'], 0);
  const file = {
    recordingId: id,
    fileIndex: 0,
    userId: 'alice',
    localPath: '/a.mp4',
    objectKey: 'a.mp4',
    url: 'https://a/a.mp4',
  };
  store.files.put({ ...file, bytes: 1, durationMs: 1 });
  store.recordings.move(id, 'finalizing', 'uploading');
  store.files.update(id, 0, { state: 'uploaded' });
  store.recordings.move(id, 'uploading', 'notifying', { outcome: 'delivered' });
  const { deliveryId } = store.callbacks.ensure(id, 'http://127.0.0.1:9/', '{}');
  store.callbacks.due(0, 1000);
  store.callbacks.noteTry({ deliveryId, attempt: 1, atMs: 0, tookMs: 1, status: 200, error: null, answer: null });
  store.callbacks.update(deliveryId, { state: 'delivered' });
  store.recordings.move(id, 'notifying', 'done');
}

it('of the life of a recording are compiled once for all recordings', () => {
  live(1);
  const prepare = vi.spyOn(BetterSqlite3.prototype, 'prepare');
  live(2);
  expect(prepare.mock.calls.map(([sql]) => sql)).toEqual([]);
  expect(store.recordings.list().map(({ state }) => state)).toEqual(['done', 'done']);
});
