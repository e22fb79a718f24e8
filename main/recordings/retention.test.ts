import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemError } from '../../test/support/failing-calls.ts';
import { addRecording } from '../../test/support/new-recording.ts';
import { silentLogger } from '../logging.ts';
import { defaultSettings, type Settings } from '../settings/settings.ts';
import type { ProvenFile } from '../store/files.ts';
import type { FileRow } from '../store/rows.ts';
import { openStore, type Store } from '../store/store.ts';
import { recordingView } from '../store/view.ts';
import { expiredFiles, type ObjectAnswer, Retention, type RetentionDeps, realRetentionFiles } from './retention.ts';

const DAY_MS = 24 * 3_600_000;
const NOW_MS = Date.UTC(2026, 5, 1);
const BYTES = 1000;

let root: string;
let recordings: string;
let store: Store;
let answers: Map<string, ObjectAnswer>;
let asked: string[];

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'retention-'));
  recordings = path.join(root, 'recordings');
  mkdirSync(recordings);
  store = openStore(root, { now: () => NOW_MS });
  answers = new Map();
  asked = [];
});
afterEach(() => {
  store.close();
  rmSync(root, { recursive: true });
});

/** A recording that ended so many days ago, with its file and its manifest on the disk. */
function delivered(daysAgo: number, changes: Partial<FileRow> = {}, end: 'done' | 'uploading' = 'done'): string {
  const { id } = addRecording(store, { roomId: Math.round(daysAgo * 1000) + 1 });
  const directory = path.join(recordings, id);
  mkdirSync(directory);
  const localPath = path.join(directory, 'a.mp4');
  writeFileSync(localPath, Buffer.alloc(BYTES));
  writeFileSync(`${localPath}.json`, '{}');
  store.recordings.move(id, 'accepted', 'joining');
  store.recordings.move(id, 'joining', 'finalizing', { endedAtMs: NOW_MS - daysAgo * DAY_MS });
  store.recordings.move(id, 'finalizing', 'uploading');
  const file = {
    recordingId: id,
    fileIndex: 0,
    userId: 'u',
    localPath,
    bytes: BYTES,
    durationMs: 1,
    objectKey: id,
    url: 'x',
  };
  store.files.put({ ...file, state: 'uploaded', uploadedBytes: BYTES, crc64: '7', etag: '"e"', ...changes });
  if (end === 'done') {
    store.recordings.move(id, 'uploading', 'notifying', { outcome: 'delivered' });
    store.recordings.move(id, 'notifying', 'done');
  }
  return id;
}

function retention(settings: Partial<Settings['retention']> = {}, changes: Partial<RetentionDeps> = {}): Retention {
  return new Retention({
    store,
    settings: { ...defaultSettings().retention, ...settings },
    isFolderAway: async (folder) => !existsSync(folder),
    confirm: async ({ recordingId }) => {
      asked.push(recordingId);
      return answers.get(recordingId) ?? 'same';
    },
    now: () => NOW_MS,
    log: silentLogger(),
    ...changes,
  });
}

const fileOf = (id: string) => path.join(recordings, id, 'a.mp4');
const isHere = (id: string): boolean => existsSync(fileOf(id));
const never = new AbortController().signal;
const eventsOf = (id: string, type: string) =>
  store.events
    .list({ recordingId: id })
    .filter((event) => event.type === type)
    .map(({ data }) => data);

describe('the policy', () => {
  const file = (days: number, bytes = BYTES): ProvenFile => ({
    ...{ recordingId: `${days}`, fileIndex: 0, localPath: '/x', bytes, objectKey: 'k', crc64: '1' },
    endedAtMs: NOW_MS - days * DAY_MS,
  });
  const files = [file(40), file(31), file(30), file(1)];

  it('keeps all unless told otherwise', () => {
    const settings = defaultSettings().retention;
    expect(settings).toEqual({ policy: 'keepAll', keepDays: 30, keepBytes: 100e9, evictAtReserve: true });
    expect(expiredFiles(files, settings, NOW_MS)).toEqual([]);
  });

  it('by days, by bytes', () => {
    const settings = { ...defaultSettings().retention, keepDays: 30, keepBytes: 1500 };
    const of = (policy: Settings['retention']['policy']) =>
      expiredFiles(files, { ...settings, policy }, NOW_MS).map(({ recordingId }) => recordingId);
    expect(of('keepDays')).toEqual(['40', '31']);
    expect(of('keepGb')).toEqual(['40', '31', '30']);
  });

  it('by bytes: what stays fits, and one file fewer would not', () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 20 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 0, max: 20_000 }), (all, keepBytes) => {
        const given = all.map((bytes, index) => file(index, bytes));
        const settings = { ...defaultSettings().retention, policy: 'keepGb' as const, keepBytes };
        const gone = expiredFiles(given, settings, NOW_MS);
        expect(gone).toEqual(given.slice(0, gone.length));
        const total = (some: ProvenFile[]) => some.reduce((sum, { bytes }) => sum + bytes, 0);
        const staying = total(given) - total(gone);
        expect(staying).toBeLessThanOrEqual(keepBytes);
        if (gone.length > 0) expect(staying + gone.at(-1)!.bytes).toBeGreaterThan(keepBytes);
      }),
    );
  });
});

describe('giving up local files', () => {
  it('only those that COS proves to hold, the oldest first, no more than needed; manifests stay', async () => {
    const [young, old, middle] = [delivered(1), delivered(9), delivered(5)];
    expect(await retention().makeRoom(BYTES + 1)).toBe(2 * BYTES);
    expect(asked).toEqual([old, middle]);
    expect([old, middle, young].map(isHere)).toEqual([false, false, true]);
    expect(existsSync(`${fileOf(old)}.json`)).toBe(true);
    expect(eventsOf(old, 'evicted')).toEqual([
      { file: 0, bytes: BYTES, crc64: '7', why: 'reserve', proof: 'askedNow' },
    ]);
    const view = recordingView(store, store.recordings.get(old)!);
    expect(view.files[0]).toMatchObject({
      localPath: null,
      evictedAt: new Date(NOW_MS).toISOString(),
      state: 'uploaded',
    });
    expect(recordingView(store, store.recordings.get(young)!).files[0]).toMatchObject({ evictedAt: null });
  });

  it('never what is not delivered, not proven, changed since, or known to no row', async () => {
    const ids = [
      delivered(9, {}, 'uploading'),
      delivered(8, { state: 'local' }),
      delivered(7, { state: 'failed' }),
      delivered(6, { crc64: null }),
      delivered(5, { uploadedBytes: BYTES - 1 }),
      delivered(4),
    ];
    writeFileSync(fileOf(ids[5]!), Buffer.alloc(BYTES + 1));
    const stranger = path.join(recordings, 'stranger');
    mkdirSync(stranger);
    writeFileSync(path.join(stranger, 'a.mp4'), 'x');
    for (const policy of ['keepDays', 'keepGb'] as const) {
      expect(await retention({ policy, keepDays: 0, keepBytes: 0 }).applyPolicy(never)).toBe(0);
    }
    expect(await retention().makeRoom(1e12)).toBe(0);
    expect(ids.map(isHere)).toEqual(ids.map(() => true));
    expect(existsSync(path.join(stranger, 'a.mp4'))).toBe(true);
    expect(eventsOf(ids[5]!, 'evictionRefused')[0]).toMatchObject({ reason: 'localDiffers' });
  });

  it.each(['gone', 'different'] as const)(
    'not when COS says now that the object is %s; asked once a day',
    async (answer) => {
      const id = delivered(9);
      answers.set(id, answer);
      const one = retention({ policy: 'keepDays' as const, keepDays: 1 });
      expect([await one.makeRoom(1), await one.makeRoom(1), await one.applyPolicy(never)]).toEqual([0, 0, 0]);
      expect(asked).toEqual([id]);
      expect(isHere(id)).toBe(true);
      expect(eventsOf(id, 'evictionRefused')).toEqual([{ file: 0, bytes: BYTES, reason: answer }]);
    },
  );

  it('by age only with COS at hand; for space the proof of the upload is enough', async () => {
    const [a, b] = [delivered(9), delivered(8)];
    answers.set(a, 'offline');
    const one = retention({ policy: 'keepDays', keepDays: 1 });
    expect(await one.applyPolicy(never)).toBe(0);
    expect(await one.makeRoom(2 * BYTES)).toBe(2 * BYTES);
    // Once offline is known nobody waits for the same answer again.
    expect(asked).toEqual([a, a]);
    expect(eventsOf(b, 'evicted')[0]).toMatchObject({ proof: 'atUpload' });
  });

  it('keys that may not look any more are no obstacle: what they proved at the upload holds', async () => {
    const id = delivered(9);
    answers.set(id, 'denied');
    expect(await retention({ policy: 'keepDays', keepDays: 1 }).applyPolicy(never)).toBe(BYTES);
    expect(isHere(id)).toBe(false);
  });

  it('is a setting where space is short', async () => {
    const id = delivered(9);
    expect(await retention({ evictAtReserve: false }).makeRoom(1)).toBe(0);
    expect(isHere(id)).toBe(true);
  });

  it('a file that cannot be removed stays in its row, one that a crash left is removed at the next start', async () => {
    const [stuck, left] = [delivered(9), delivered(8)];
    const files = {
      ...realRetentionFiles,
      remove: async (file: string) => {
        if (file.includes(stuck)) throw systemError('EIO', 'unlink');
        throw Object.assign(new Error('killed'), { code: 'ENOENT' });
      },
    };
    expect(await retention({}, { files }).makeRoom(1)).toBe(BYTES);
    expect(store.files.list(stuck)[0]!.evictedAtMs).toBeNull();
    expect(eventsOf(stuck, 'evictionRefused')[0]).toMatchObject({ reason: 'EIO' });
    expect(store.files.list(left)[0]!.evictedAtMs).toBe(NOW_MS);
    expect(isHere(left)).toBe(true);
    await retention().finishEarlier();
    expect([isHere(stuck), isHere(left)]).toEqual([true, false]);
  });

  it('a file removed by hand is noted; one whose disk is away is not', async () => {
    const [removed, away] = [delivered(9), delivered(8)];
    rmSync(fileOf(removed));
    renameSync(path.dirname(fileOf(away)), `${path.dirname(fileOf(away))}.away`);
    expect(await retention().makeRoom(1)).toBe(0);
    expect(eventsOf(removed, 'evicted')[0]).toMatchObject({ why: 'removedByHand' });
    expect(store.files.list(away)[0]!.evictedAtMs).toBeNull();
  });
});
