import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { addRecording } from '../../test/support/new-recording.ts';
import { silentLogger } from '../logging.ts';
import { openStore, type Store } from '../store/store.ts';
import { foldersOf, openFolders, type RecordingFolders } from './folders.ts';

let directory: string;
let store: Store;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'folders-'));
  store = openStore(path.join(directory, 'data'), { now: Date.now, backupDirectory: path.join(directory, 'backups') });
});
afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

interface Given {
  data?: string;
  environment?: string | null;
  setting?: string | null;
}

const choiceOf = ({ data = '/data', environment = null, setting = null }: Given) => ({
  dataDirectory: data,
  environment: { recordingsDirectory: environment },
  settings: { storage: { directory: setting } },
  log: silentLogger(),
});
let recordings = 0;
/** @returns the id of a recording that begins now */
function begin(): string {
  recordings += 1;
  return addRecording(store, { userId: `user_${recordings}` }).id;
}

const start = (given: Given): RecordingFolders => openFolders(choiceOf(given), store);

it('new recordings go where the environment says, else the setting, else into the data directory', () => {
  expect(start({}).main).toBe(path.resolve('/data/recordings'));
  expect(start({ setting: '/disk' }).main).toBe(path.resolve('/disk'));
  expect(start({ setting: '/disk', environment: '/env' }).main).toBe(path.resolve('/env'));
  expect(start({}).directoryOf('x')).toBe(path.resolve('/data/recordings/x'));
});

it('a changed setting leaves recordings where they are, also when it is changed back, and inside a data directory that moves', () => {
  start({});
  const first = begin();
  const second = start({ setting: '/disk' });
  const other = begin();
  expect(second.directoryOf(first)).toBe(path.resolve('/data/recordings', first));
  expect(second.directoryOf(other)).toBe(path.resolve('/disk', other));
  expect(start({ setting: '/disk', data: '/moved' }).directoryOf(first)).toBe(path.resolve('/moved/recordings', first));
  const back = start({ data: '/moved' });
  expect(back.directoryOf(first)).toBe(path.resolve('/moved/recordings', first));
  expect(back.directoryOf(other)).toBe(path.resolve('/disk', other));
  expect(foldersOf(choiceOf({ data: '/moved' }), store).directoryOf(other)).toBe(path.resolve('/disk', other));
});

it('files that somebody moved are looked for where the environment says now', () => {
  start({ environment: '/old' });
  const id = begin();
  expect(start({ environment: '/new' }).directoryOf(id)).toBe(path.resolve('/new', id));
});

it('whatever is chosen, in any order: each recording stays in the folder that was the main one when it began', () => {
  const settings = fc.constantFrom(null, '/a', '/b', '/data/inside');
  fc.assert(
    fc.property(fc.array(settings, { minLength: 1, maxLength: 8 }), (choices) => {
      const begun = new Map<string, string>();
      let folders = start({});
      for (const setting of choices) {
        folders = start({ setting });
        const id = begin();
        begun.set(id, path.join(folders.main, id));
      }
      for (const [id, place] of begun) expect(folders.directoryOf(id)).toBe(place);
      start({});
    }),
    { numRuns: 30 },
  );
});
