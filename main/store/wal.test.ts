import { appendFileSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addRecording } from '../../test/support/new-recording.ts';
import { DATABASE_FILE } from './database.ts';
import { openStore, type Store } from './store.ts';

const WAL = `${DATABASE_FILE}-wal`;
const ROOMS = [1, 2, 3, 4, 5, 6];

let root: string;
let store: Store;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'box-wal-'));
  store = openStore(join(root, 'live'), { now: Date.now });
  for (const roomId of ROOMS) addRecording(store, { roomId });
});
afterEach(() => {
  store.close();
  rmSync(root, { recursive: true });
});

/** What lies on the disk while the box runs: the image that a power cut leaves. `spoil` changes the log in it. */
function image(spoil?: (wal: string) => void): string {
  const directory = join(root, 'image');
  mkdirSync(directory);
  for (const name of [DATABASE_FILE, WAL, 'secret.key']) copyFileSync(join(root, 'live', name), join(directory, name));
  expect(statSync(join(directory, WAL)).size).toBeGreaterThan(10_000);
  spoil?.(join(directory, WAL));
  return directory;
}

function roomsIn(directory: string): (number | null)[] {
  const copy = openStore(directory, { now: Date.now });
  try {
    return copy.recordings
      .list()
      .map(({ roomId }) => roomId)
      .reverse();
  } finally {
    copy.close();
  }
}

describe('a write-ahead log left behind', () => {
  it('holds what was accepted, and it is all there again', () => {
    expect(roomsIn(image())).toEqual(ROOMS);
  });

  it('is what holds it: without the log nothing would be there', () => {
    expect(roomsIn(image((wal) => rmSync(wal)))).toEqual([]);
  });

  it('with a torn end loses only what was being written', () => {
    const torn = image((wal) => truncateSync(wal, statSync(wal).size - 100));
    expect(roomsIn(torn)).toEqual(ROOMS.slice(0, -1));
  });

  it.each([Buffer.alloc(9_000), Buffer.alloc(9_000, 0xa5)])(
    'with a tail of %# that was never written is read to its end',
    (tail) => {
      expect(roomsIn(image((wal) => appendFileSync(wal, tail)))).toEqual(ROOMS);
    },
  );
});
