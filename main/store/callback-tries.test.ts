import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { addRecording } from '../../test/support/new-recording.ts';
import { KEPT_FIRST, KEPT_LAST } from './callback-tries.ts';
import { openStore, type Store } from './store.ts';

let directory: string;
let store: Store;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'box-tries-'));
  store = openStore(directory, { now: () => 1000 });
});
afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

function note(deliveryId: string, attempt: number): void {
  store.callbacks.noteTry({ deliveryId, attempt, atMs: attempt, tookMs: 5, status: 503, error: 'e', answer: '忙' });
}

it('of a message are kept as they were, in their order, and go with the recording', () => {
  const { id } = addRecording(store);
  const other = addRecording(store, { roomId: 2 });
  const { deliveryId } = store.callbacks.ensure(id, 'https://c', '{}');
  const theirs = store.callbacks.ensure(other.id, 'https://c', '{}').deliveryId;
  for (const attempt of [2, 1]) note(deliveryId, attempt);
  note(theirs, 1);
  const row = { deliveryId, tookMs: 5, status: 503, error: 'e', answer: '忙' };
  expect(store.callbacks.triesOf(id)).toEqual([
    { ...row, attempt: 1, atMs: 1 },
    { ...row, attempt: 2, atMs: 2 },
  ]);
  store.deletions.forget(id, {});
  expect(store.callbacks.triesOf(id)).toEqual([]);
  expect(store.callbacks.triesOf(other.id)).toHaveLength(1);
});

it('of a message that is tried for days are the first and the last ones', () => {
  const { id } = addRecording(store);
  const { deliveryId } = store.callbacks.ensure(id, 'https://c', '{}');
  for (let attempt = 1; attempt <= 300; attempt += 1) note(deliveryId, attempt);
  const kept = store.callbacks.triesOf(id).map(({ attempt }) => attempt);
  expect(kept).toEqual([
    ...Array.from({ length: KEPT_FIRST }, (_, index) => index + 1),
    ...Array.from({ length: KEPT_LAST }, (_, index) => 300 - KEPT_LAST + 1 + index),
  ]);
});
