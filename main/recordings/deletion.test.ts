import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RecordingState } from '../../shared/recording.ts';
import { type CallCounter, countedSync, failOnce, systemError } from '../../test/support/failing-calls.ts';
import { createFakeClock, type FakeClock } from '../../test/support/fake-clock.ts';
import { addRecording, SECRETS } from '../../test/support/new-recording.ts';
import { silentLogger } from '../logging.ts';
import type { FileRow } from '../store/rows.ts';
import { openStore, type Store } from '../store/store.ts';
import { createDeletions, type Deletions, type DeletionsDeps } from './deletion.ts';

const NOW_MS = Date.UTC(2026, 5, 1);
const WAYS: Partial<Record<RecordingState, readonly RecordingState[]>> = {
  joining: ['joining'],
  recording: ['joining', 'recording'],
  finalizing: ['joining', 'finalizing'],
  uploading: ['joining', 'finalizing', 'uploading'],
  notifying: ['joining', 'finalizing', 'uploading', 'notifying'],
  done: ['joining', 'finalizing', 'uploading', 'notifying', 'done'],
};

let root: string;
let recordings: string;
let store: Store;
let clock: FakeClock;
let abandoned: string[];
let forgotten: string[];

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'deletion-'));
  recordings = path.join(root, 'recordings');
  store = openStore(root, { now: () => NOW_MS });
  clock = createFakeClock(NOW_MS);
  abandoned = [];
  forgotten = [];
});
afterEach(() => {
  store.close();
  rmSync(root, { recursive: true });
});

let rooms = 0;

/** A recording in a state, with a finished file and its manifest on the disk. */
function recordingIn(state: RecordingState, file: Partial<FileRow> = {}): string {
  rooms += 1;
  const { id } = addRecording(store, { roomId: rooms });
  let from: RecordingState = 'accepted';
  for (const to of WAYS[state] ?? []) {
    store.recordings.move(id, from, to, to === 'notifying' ? { outcome: 'delivered' } : {});
    from = to;
  }
  const folder = path.join(recordings, id);
  mkdirSync(folder, { recursive: true });
  const localPath = path.join(folder, 'a.mp4');
  writeFileSync(localPath, 'media');
  writeFileSync(`${localPath}.json`, '{}');
  const row = { recordingId: id, fileIndex: 0, userId: 'u', localPath, bytes: 5, durationMs: 1 };
  store.files.put({ ...row, objectKey: id, url: 'x', state: 'uploaded', uploadedBytes: 5, crc64: '7', ...file });
  return id;
}

function failedWithoutMedia(): string {
  const { id } = addRecording(store, { roomId: 4_000_000 });
  store.recordings.move(id, 'accepted', 'notifying', { outcome: 'failed', failureKind: 'recording' });
  store.recordings.move(id, 'notifying', 'failed');
  return id;
}

function deletions(changes: Partial<DeletionsDeps> = {}): Deletions {
  return createDeletions({
    store,
    directoryOf: (id) => path.join(recordings, id),
    runner: { abandon: async (id) => void abandoned.push(id) },
    isDiskAway: async () => false,
    forgetPreviews: async (id) => void forgotten.push(id),
    clock,
    log: silentLogger(),
    ...changes,
  });
}

const typesOf = (id: string): string[] => store.events.list({ recordingId: id }).map(({ type }) => type);
const folderOf = (id: string): string => path.join(recordings, id);

function expectGone(id: string): void {
  expect(store.recordings.get(id)).toBeUndefined();
  expect(store.files.list(id)).toEqual([]);
  expect(existsSync(folderOf(id))).toBe(false);
  expect(typesOf(id).filter((type) => type === 'deletionAsked' || type === 'deleted')).toEqual([
    'deletionAsked',
    'deleted',
  ]);
  expect(store.deletions.list()).toEqual([]);
  expect(store.problems()).toEqual([]);
}

function expectWhole(id: string): void {
  expect(store.recordings.get(id)).toBeDefined();
  expect(existsSync(path.join(folderOf(id), 'a.mp4'))).toBe(true);
  expect(typesOf(id)).not.toContain('deleted');
}

describe('who may go', () => {
  it('a delivered recording, with its files, rows and previews; its history stays and says who asked', async () => {
    const id = recordingIn('done');
    const other = recordingIn('done');
    expect(await deletions().remove(id, { force: false, by: 'desk' })).toBe('deleted');
    expectGone(id);
    expect(forgotten).toEqual([id]);
    const last = store.events.list({ recordingId: id }).at(-1);
    expect(last).toMatchObject({ type: 'deleted', data: { by: 'desk', forced: false, outcome: 'delivered' } });
    expect(last?.data.files).toEqual([expect.objectContaining({ objectKey: id, bytes: 5, crc64: '7' })]);
    expect(typesOf(id)[0]).toBe('accepted');
    expectWhole(other);
    expect(await deletions().remove(id, { force: true, by: null })).toBeNull();
  });

  it('a failed one without media', async () => {
    const id = failedWithoutMedia();
    expect(await deletions().remove(id, { force: false, by: null })).toBe('deleted');
    expect(store.recordings.get(id)).toBeUndefined();
  });

  it.each(['accepted', 'joining', 'recording'] as const)('none that is %s, force or not', async (state) => {
    const id = recordingIn(state);
    for (const force of [false, true]) {
      expect(await deletions().remove(id, { force, by: null })).toEqual({ kind: 'problem', code: 'STILL_RUNNING' });
    }
    expectWhole(id);
    expect(store.deletions.list()).toEqual([]);
  });

  it.each(['finalizing', 'uploading', 'notifying'] as const)(
    'one that is %s only by force, after its step was abandoned',
    async (state) => {
      const id = recordingIn(state);
      const refused = { kind: 'problem', code: 'NOT_DELIVERED' };
      expect(await deletions().remove(id, { force: false, by: null })).toEqual(refused);
      expectWhole(id);
      expect(abandoned).toEqual([]);
      expect(await deletions().remove(id, { force: true, by: null })).toBe('deleted');
      expect(abandoned).toEqual([id]);
      expectGone(id);
      expect(store.events.list({ recordingId: id }).at(-1)?.data).toMatchObject({ forced: true, state });
    },
  );

  it('only by force what is nowhere but here, or what its caller is still to be told', async () => {
    const local = recordingIn('done', { state: 'failed', crc64: null });
    const untold = recordingIn('done');
    store.callbacks.ensure(untold, 'https://c', '{}');
    const segments = failedWithoutMedia();
    store.segments.open({ recordingId: segments, segment: 0, file: 's.mp4', startMs: 0 });
    for (const id of [local, untold, segments]) {
      expect(await deletions().remove(id, { force: false, by: null })).toMatchObject({ code: 'NOT_DELIVERED' });
      expect(await deletions().remove(id, { force: true, by: null })).toBe('deleted');
    }
  });

  it('leaves what it had open in COS to the sweep, with its keys', async () => {
    const id = recordingIn('uploading', { state: 'uploading' });
    store.uploadJournal(id, 0).saveInit({
      ...{ uploadId: 'up', bucket: 'b', region: 'r', key: 'k', partSize: 1, parts: [] },
      identity: { size: 5, mtimeNs: '1', inode: '2' },
    });
    await deletions().remove(id, { force: true, by: null });
    const [stray] = store.strays.due(NOW_MS, 9);
    expect(stray).toMatchObject({ recordingId: id, uploadId: 'up', key: 'k' });
    expect(stray && store.strays.credentials(stray)).toEqual({
      ...{ secretId: SECRETS.secretId, secretKey: SECRETS.secretKey, token: SECRETS.token },
    });
    expect(store.recordings.secrets(id)).toBeNull();
  });
});

describe('while it goes', () => {
  it('no step and no callback begins', async () => {
    const id = recordingIn('notifying');
    store.callbacks.ensure(id, 'https://c', '{}');
    const seen: number[] = [];
    const abandon = async () => {
      seen.push(store.recordings.due('notifying', NOW_MS, 9, 1).length, store.callbacks.due(NOW_MS, 1).length);
    };
    expect(store.recordings.due('notifying', NOW_MS, 9, 1)).toHaveLength(1);
    await deletions({ runner: { abandon } }).remove(id, { force: true, by: null });
    expect(seen).toEqual([0, 0]);
  });

  it('asked for twice at once it goes once', async () => {
    const id = recordingIn('done');
    const both = deletions();
    const answers = await Promise.all([1, 2].map(() => both.remove(id, { force: false, by: null })));
    expect(answers).toEqual(['deleted', 'deleted']);
    expectGone(id);
  });

  it('files on a disk that is away, or that cannot be removed now, go later', async () => {
    const id = recordingIn('done');
    let trouble: 'away' | 'busy' | null = 'away';
    const patient = deletions({
      isDiskAway: async () => trouble === 'away',
      removeFolder: async (folder) => {
        if (trouble === 'busy') throw systemError('EBUSY', 'rm');
        await rm(folder, { recursive: true, force: true });
      },
    });
    expect(await patient.remove(id, { force: false, by: null })).toBe('deleted');
    expect(store.recordings.get(id)).toBeUndefined();
    expect(existsSync(folderOf(id))).toBe(true);
    trouble = 'busy';
    await clock.advance(600_000);
    expect(store.deletions.list()).toHaveLength(1);
    trouble = null;
    await clock.advance(600_000);
    await expect.poll(() => store.deletions.list()).toEqual([]);
    expectGone(id);
    patient.stop();
  });

  it('removes only folders that bear its id', async () => {
    const elsewhere = path.join(root, 'precious');
    mkdirSync(elsewhere);
    const id = recordingIn('done', { localPath: path.join(elsewhere, 'a.mp4') });
    await deletions().remove(id, { force: false, by: null });
    expect(existsSync(elsewhere)).toBe(true);
    expectGone(id);
  });
});

describe('killed at every step', () => {
  /** After this call the process is no more: nothing of it happens any more, as if all further calls hung. */
  class Killed extends Error {}

  /** Calls that stop at the `killAt`th, before or after it was done, and never go on. */
  function dying(killAt: number, when: 'before' | 'after'): { counter: CallCounter; deps: Partial<DeletionsDeps> } {
    const counter = failOnce(killAt, (call) => new Killed(call));
    const step = async (name: string, act: () => Promise<void>): Promise<void> => {
      if (counter.failed !== null) throw new Killed(name);
      if (when === 'before') counter.note(name);
      await act();
      if (when === 'after') counter.note(name);
    };
    const table = store.deletions;
    const sync = <T>(name: string, act: () => T): T => {
      if (counter.failed !== null) throw new Killed(name);
      if (when === 'before') counter.note(name);
      const result = act();
      if (when === 'after') counter.note(name);
      return result;
    };
    return {
      counter,
      deps: {
        store: {
          ...store,
          // A transaction that is cut leaves nothing.
          deletions: {
            begin: (deletion) => sync('begin', () => table.begin(deletion)),
            list: () => table.list(),
            forget: (id, epitaph) => sync('forget', () => table.forget(id, epitaph)),
            end: (id) => sync('end', () => table.end(id)),
          },
        },
        runner: { abandon: (id) => step('abandon', async () => void abandoned.push(id)) },
        removeFolder: (folder) => step('remove', () => rm(folder, { recursive: true, force: true })),
        forgetPreviews: (id) => step('previews', async () => void forgotten.push(id)),
      },
    };
  }

  it.each(['before', 'after'] as const)(
    '%s it was done: all of it is there, or the next start finishes it',
    async (when) => {
      const steps = ['begin', 'abandon', 'forget', 'remove', 'previews', 'end'];
      for (let killAt = 1; killAt <= steps.length; killAt += 1) {
        const id = recordingIn('uploading', { state: 'local' });
        const { counter, deps } = dying(killAt, when);
        const asked = deletions(deps).remove(id, { force: true, by: 'desk' });
        await asked.catch((error: unknown) => expect(error).toBeInstanceOf(Killed));
        expect(counter.failed).toBe(steps[killAt - 1]);
        store.close();
        store = openStore(root, { now: () => NOW_MS });
        const isBegun = store.deletions.list().length > 0 || store.recordings.get(id) === undefined;
        expect(isBegun).toBe(!(killAt === 1));
        await deletions().finishEarlier();
        if (isBegun) expectGone(id);
        else {
          expectWhole(id);
          expect(await deletions().remove(id, { force: true, by: 'desk' })).toBe('deleted');
          expectGone(id);
        }
      }
    },
  );

  it('a database that fails in the middle keeps the recording whole or the wish', async () => {
    for (let failAt = 1; failAt <= 4; failAt += 1) {
      const id = recordingIn('done');
      const counter = failOnce(failAt, () => systemError('EIO'));
      const failing = { ...store, deletions: countedSync(store.deletions, counter) };
      const answer = await deletions({ store: failing })
        .remove(id, { force: false, by: null })
        .catch(() => 'threw');
      expect([failAt, counter.failed === null ? 'deleted' : 'threw']).toEqual([failAt, answer]);
      await deletions().finishEarlier();
      if (failAt > 1) expectGone(id);
      else expectWhole(id);
    }
  });
});
