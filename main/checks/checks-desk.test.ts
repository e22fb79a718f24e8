import { afterAll, beforeAll, expect, it } from 'vitest';
import { BUCKET, type CosRig, CREDENTIAL, REGION, startCosRig } from '../../test/support/cos-rig.ts';
import type { CosClientOptions } from '../delivery/cos/cos-client.ts';
import type { CosCheckRequest } from '../http/checks-api.ts';
import { SecretError } from '../settings/secrets.ts';
import { type ChecksDeskDeps, createChecksDesk } from './checks-desk.ts';

let rig: CosRig;
let asked: Partial<CosClientOptions>[];
beforeAll(async () => {
  rig = await startCosRig();
});
afterAll(() => rig.close());

const KEYS = { ...CREDENTIAL, token: null };
const PLACE = { Region: REGION, Bucket: BUCKET, Path: '/here' };

function desk(changes: Partial<ChecksDeskDeps> = {}) {
  asked = [];
  return createChecksDesk({
    parseOptions: () => ({ nowMs: 0, hasStoredCredentials: false, checkUserSig: null }),
    credentials: { current: () => null },
    destination(name) {
      if (name === 'broken') throw new SecretError('SECRET_UNREADABLE', 'cannot be opened');
      if (name === 'saved') return { name, ...PLACE, keys: KEYS };
      return name === 'keyless' ? { name, ...PLACE, keys: null } : null;
    },
    createClient(options) {
      asked.push(options);
      return rig.client({ ...options, timeoutMs: 20_000 });
    },
    post: () => Promise.reject(new Error('not asked')),
    callbackKey: null,
    settings: {
      callback: { timeoutMs: 1000 },
      video: { width: 640, height: 360, preset: 'ultrafast', crf: 23, fps: 15, maxRateKbps: 900, gopSeconds: 2 },
    },
    encoderChoice: { current: () => null },
    findFfmpeg: async () => ({ kind: 'missing', tried: [], remedy: 'x' }),
    run: async () => ({ kind: 'late' }),
    ...{ randomId: () => 'x', now: Date.now, monotonicMs: () => performance.now() },
    stopping: new AbortController().signal,
    ...changes,
  });
}

it.each<[string, CosCheckRequest, string, string]>([
  ['keys that are given', { ...PLACE, SecretId: 'AKIDrig', SecretKey: 'rig-secret-key' }, 'given', '/here'],
  ['a saved destination with its keys', { destination: 'saved' }, 'destination', '/here'],
  [
    'a field beside the name takes the place of the saved one',
    { destination: 'saved', Path: '/there' },
    'destination',
    '/there',
  ],
])('tries %s', async (_name, request, keys, path) => {
  expect(await desk().cos(request)).toMatchObject({ passed: true, keys, where: { ...PLACE, Path: path } });
});

it("takes the box's keys where there are no others, also for a destination that is to lose its own", async () => {
  const box = desk({ credentials: { current: () => KEYS } });
  for (const request of [
    PLACE,
    { destination: 'keyless' },
    { destination: 'saved', SecretId: null, SecretKey: null },
  ]) {
    expect(await box.cos(request)).toMatchObject({ passed: true, keys: 'box' });
  }
  expect(await desk().cos(PLACE)).toEqual({ kind: 'problem', code: 'COS_CREDENTIALS_MISSING' });
});

it.each<[string, CosCheckRequest, string, string]>([
  ['a bucket that can be none', { ...PLACE, Bucket: 'x' }, 'Bucket', 'pattern'],
  ['a path that climbs', { ...PLACE, Path: '/../x' }, 'Path', 'segments'],
  ['half a pair of keys', { ...PLACE, SecretId: 'id' }, 'SecretKey', 'pair'],
  ['a name that nothing has', { destination: 'nothing' }, 'destination', 'unknownName'],
  ['keys that cannot be opened', { destination: 'broken' }, 'destination', 'unreadable'],
])('refuses %s, naming the field, and asks COS nothing', async (_name, request, field, rule) => {
  expect(await desk().cos(request)).toMatchObject({ code: 'INVALID_REQUEST', errors: [{ field, rule }] });
  expect(asked).toEqual([]);
});

it('remembers the clock of COS for whoever asks what needs a person', async () => {
  const one = desk({ now: () => Date.now() - 3_600_000 });
  expect(one.cosDifferenceMs()).toBeNull();
  await one.cos({ destination: 'saved' });
  expect(Math.round((one.cosDifferenceMs() ?? 0) / 60_000)).toBe(60);
});

it('sends test messages only to addresses that a request might name', async () => {
  for (const url of ['ftp://x/y', 'no address']) {
    expect(await desk().callback({ url })).toMatchObject({ code: 'INVALID_REQUEST', errors: [{ field: 'url' }] });
  }
  const judged = desk({
    parseOptions: () => ({ nowMs: 0, hasStoredCredentials: false, checkUserSig: null, judgeTarget: () => 'forbidden' }),
  });
  expect(await judged.callback({ url: 'http://169.254.169.254/' })).toMatchObject({ code: 'INVALID_REQUEST' });
});

it('one look at the encoders serves all who ask meanwhile; without ffmpeg it says what to do', async () => {
  let looks = 0;
  const one = desk({
    findFfmpeg: async () => {
      looks += 1;
      return { kind: 'missing', tried: [], remedy: 'x' };
    },
  });
  const answers = await Promise.all([one.encoders(), one.encoders()]);
  expect(answers[0]).toMatchObject({
    ffmpeg: null,
    encoders: [],
    remedy: { en: expect.stringContaining('FFMPEG_PATH') },
  });
  expect([answers[0] === answers[1], looks]).toEqual([true, 1]);
  await one.encoders();
  expect(looks).toBe(2);
});
