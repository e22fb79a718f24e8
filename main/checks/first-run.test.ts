import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { addRecording } from '../../test/support/new-recording.ts';
import { openStore, type Store } from '../store/store.ts';
import { createFirstRun, type FirstRunDeps } from './first-run.ts';

let directory: string;
let store: Store;
let source: 'none' | 'stored';
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'first-run-'));
  store = openStore(directory, { now: Date.now });
  source = 'none';
});
afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

const open = (changes: Partial<FirstRunDeps> = {}) =>
  createFirstRun({
    ...{ store, recordingsDirectory: '/srv/recordings', isFolderGiven: false, host: '127.0.0.1', tokenRequired: false },
    credentials: { view: () => ({ source, secretId: null, setAt: null }) },
    hasDestinations: () => false,
    disk: { freeBytes: () => 10 },
    settings: { disk: { reserveBytes: 3 } },
    ...changes,
  });

it('is offered to a new box, and no more once it has keys, a destination or a recording', () => {
  expect(open().view()).toMatchObject({ offered: true, step: 'storage', storage: { freeBytes: 10, reserveBytes: 3 } });
  expect(open({ hasDestinations: () => true }).view().offered).toBe(false);
  source = 'stored';
  expect(open().view()).toMatchObject({ offered: false, keys: 'stored' });
  source = 'none';
  addRecording(store);
  expect(open().view()).toMatchObject({ offered: false, hasRecorded: true });
});

it('is gone on with where it was left, by another browser and another start, also when there are keys by then', () => {
  open().change({ step: 'token' });
  source = 'stored';
  expect(open().view()).toMatchObject({ offered: true, step: 'token' });
  expect(open().change({ step: 'done' }).offered).toBe(false);
});

it('stays away once it was dismissed', () => {
  expect(open().change({ dismissed: true })).toMatchObject({ offered: false, dismissed: true });
  expect(open().view().offered).toBe(false);
  expect(open().change({ dismissed: false }).offered).toBe(true);
});

it('a fact that cannot be read counts as never written', () => {
  for (const text of ['{', '[]', '{"step":"nowhere","dismissed":"yes"}']) {
    store.facts.set('first_run', text);
    expect(open().view()).toMatchObject({ step: 'storage', dismissed: false });
  }
});

it('tells whether other machines reach the box', () => {
  expect(open({ host: '0.0.0.0', tokenRequired: true }).view().access).toEqual({
    ...{ loopbackOnly: false, tokenRequired: true },
  });
});
