import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { addRecording } from '../../test/support/new-recording.ts';
import { silentLogger } from '../logging.ts';
import { defaultSettings } from '../settings/settings.ts';
import { openStore, type Store } from '../store/store.ts';
import { createDiskCare, type DiskCare } from './disk-care.ts';
import { systemProbe } from './recordings-disk.ts';

const GIB = 1024 ** 3;
const { reserveBytes } = defaultSettings().disk;
let directory: string;
let store: Store;
let freeBytes: number;
let care: DiskCare;
/** Whose files were measured, in order. */
let measured: string[];
const stop = vi.fn();

beforeEach(async () => {
  // Of what happens by itself only the first look does: the next one and the age of what was measured need time to pass.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  directory = mkdtempSync(path.join(tmpdir(), 'disk-care-'));
  store = openStore(directory, { now: Date.now });
  freeBytes = 1000 * GIB;
  measured = [];
  const recordingsDirectory = path.join(directory, 'recordings');
  care = createDiskCare({
    store,
    settings: defaultSettings(),
    dataDirectory: directory,
    recordingsDirectory,
    directoryOf: (id) => {
      measured.push(id);
      return path.join(recordingsDirectory, id);
    },
    confirm: () => Promise.reject(new Error('nobody asks COS here')),
    log: silentLogger(),
    probe: { ...systemProbe, freeBytes: async () => freeBytes },
  });
  await care.open();
});
afterEach(async () => {
  await care.stop();
  vi.useRealTimers();
  store.close();
  rmSync(directory, { recursive: true });
  stop.mockReset();
});

/** A recording under way with so much in its segments. */
function recorded(roomId: number, bytes: number): string {
  const { id } = addRecording(store, { roomId });
  const folder = path.join(directory, 'recordings', id);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'segment-0000.mix.0.mp4'), Buffer.alloc(bytes));
  return id;
}

it('measures the files of recordings seldom while there is plenty of room, and each time when there is not', async () => {
  const first = recorded(1, 1000);
  care.watch({ stop }, { retryNow: () => true });
  // Its own first look; the next is some time away.
  vi.advanceTimersByTime(0);
  await expect.poll(() => measured).toEqual([first]);
  expect(await care.problems()).toEqual([]);
  measured = [];
  for (let look = 0; look < 5; look += 1) expect(await care.problems()).toEqual([]);
  expect(measured).toEqual([]);
  const second = recorded(2, 1000);
  expect(await care.problems()).toEqual([]);
  expect(measured.sort()).toEqual([first, second].sort());
  measured = [];
  freeBytes = reserveBytes + 0.1 * GIB;
  expect(await care.problems()).toEqual([]);
  expect(await care.problems()).toEqual([]);
  for (const id of [first, second]) expect(measured.filter((one) => one === id).length).toBeGreaterThanOrEqual(2);
  freeBytes = reserveBytes - 1;
  expect(await care.problems()).toEqual(['DISK_RESERVE']);
});
