import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { REMEDIES } from '../../shared/texts/remedies.ts';
import type { RecordingView } from '../../shared/view.ts';
import { HEALTHY } from '../../test/support/fake-box.ts';
import { addRecording } from '../../test/support/new-recording.ts';
import { openStore, type Store } from '../store/store.ts';
import { type AttentionDeps, attentionFacts } from './attention-facts.ts';

const NOW_MS = Date.UTC(2030, 0, 1);
let directory: string;
let store: Store;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'attention-'));
  store = openStore(directory, { now: () => NOW_MS });
});
afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true });
});

const facts = (changes: Partial<AttentionDeps> = {}) =>
  attentionFacts({
    ...{ store, dataDirectory: directory, tls: null, keyInFile: null, windowsMissing: false, now: () => NOW_MS },
    box: { health: async () => HEALTHY, get: async () => null },
    readiness: async () => ({ ready: true, problems: [], room: { mixed: 1, singles: 1, sound: 1 } }),
    selfTest: () => 'never',
    cosDifferenceMs: () => null,
    ...changes,
  });

function blocked(room: number, code: string, remedy: string): string {
  const { id } = addRecording(store, { roomId: room });
  for (const [from, to] of [
    ['accepted', 'joining'],
    ['joining', 'recording'],
    ['recording', 'finalizing'],
    ['finalizing', 'uploading'],
  ] as const) {
    store.recordings.move(id, from, to);
  }
  const nextAtMs = NOW_MS + 60_000;
  store.recordings.update(id, { nextAtMs, blockedCode: code, blockedRemedy: remedy, lastError: `${code}: said COS` });
  return id;
}

it('says nothing needs anybody on a box that is well', async () => {
  expect(await facts()).toMatchObject({
    ...{ problems: [], standstills: [], parked: { count: 0 }, expiring: [], tls: null },
    ...{ clock: { behindMs: 0, cosDifferenceMs: null }, quarantine: { rows: 0, files: 0 }, selfTest: 'never' },
  });
});

it('names the recordings that get no sound', async () => {
  const [silent] = [1, 2].map((room) => addRecording(store, { roomId: room }).id);
  const warnings = [{ code: 'SOUND_MISSING', at: '2030-01-01T00:00:00.000Z', message: { en: '', zh: '' } }] as const;
  const get = async (id: string) => ({ warnings: id === silent ? [...warnings] : [] }) as unknown as RecordingView;
  expect((await facts({ box: { health: async () => HEALTHY, get } })).withoutSound).toEqual([
    { id: silent, room: '1' },
  ]);
});

it('puts deliveries that stand still together by reason, and names the remedy', async () => {
  const ids = [1, 2].map((room) => blocked(room, 'InvalidAccessKeyId', REMEDIES.changeBoxKeys.en));
  blocked(3, 'NoSuchBucket', REMEDIES.checkBucket.en);
  blocked(4, 'Odd', 'A sentence of an older version.');
  const { standstills } = await facts();
  expect(standstills.map(({ code, remedy, count }) => [code, remedy, count])).toEqual([
    ['InvalidAccessKeyId', 'changeBoxKeys', 2],
    ['NoSuchBucket', 'checkBucket', 1],
    ['Odd', 'A sentence of an older version.', 1],
  ]);
  expect(standstills[0]?.recordings.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
});

it('tells of a UserSig that ends within the hour, not of one that lasts', async () => {
  const soon = addRecording(store, { roomId: 1, userSigExpiresAtMs: NOW_MS + 600_000 });
  addRecording(store, { roomId: 2, userSigExpiresAtMs: NOW_MS + 7_200_000 });
  expect((await facts()).expiring).toEqual([{ id: soon.id, room: '1', at: '2030-01-01T00:10:00.000Z' }]);
});

it('knows a clock that fell behind what was written down', async () => {
  store.events.append('accepted', null);
  expect((await facts({ now: () => NOW_MS - 300_000 })).clock.behindMs).toBe(300_000);
});

it('counts what was set aside, not the notes beside it', async () => {
  const folder = path.join(directory, 'quarantine', 'some-id');
  mkdirSync(folder, { recursive: true });
  for (const name of ['a.mp4', 'a.mp4.json']) writeFileSync(path.join(folder, name), 'x');
  expect((await facts()).quarantine).toEqual({ rows: 0, files: 1 });
});
