import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CosRig, startCosRig } from '../../test/support/cos-rig.ts';
import type { CosClientOptions } from '../delivery/cos/cos-client.ts';
import { type CosCheckOptions, checkCos } from './check-cos.ts';

// Against the local COS server, by the real SDK: what the check says of each way a bucket can be unfit.

const KEY = 'trtc/.recorder-box-test';
let rig: CosRig;
beforeAll(async () => {
  rig = await startCosRig({ buckets: ['rec-1250000000'] });
});
beforeEach(() => rig.server.faults.clear());
afterAll(() => rig.close());

async function check(options: Partial<CosCheckOptions> = {}, client: Partial<CosClientOptions> = {}) {
  let differenceMs: number | null = null;
  const steps = await checkCos({
    client: rig.client({
      timeoutMs: 20_000,
      onServerTime: (serverMs) => {
        differenceMs = serverMs - Date.now();
      },
      ...client,
    }),
    ...{ key: KEY, keys: 'given', clockDifferenceMs: () => differenceMs, nowMs: () => performance.now() },
    signal: new AbortController().signal,
    ...options,
  });
  expect(JSON.stringify(steps)).not.toMatch(/rig-secret-key|wrong-key/);
  return steps;
}
const states = (steps: Awaited<ReturnType<typeof check>>) => steps.map(({ name, state }) => `${name} ${state}`);

describe('a bucket that is fit', () => {
  it('passes every step, and nothing is left of it', async () => {
    const steps = await check();
    expect(states(steps)).toEqual(['write passed', 'read passed', 'multipart passed', 'delete passed', 'clock passed']);
    expect(await rig.objectHash(KEY)).toBeNull();
    expect(rig.server.orphans()).toEqual([]);
  });

  it('whose keys may not delete is fit, and the object that stays is named', async () => {
    rig.server.faults.add({
      ...{ kind: 'error', status: 403, code: 'AccessDenied' },
      match: { operation: 'deleteObject' },
      times: 9,
    });
    const steps = await check({ key: 'trtc/stays' });
    expect(steps.find(({ name }) => name === 'delete')).toMatchObject({
      state: 'noted',
      message: { en: expect.stringContaining('trtc/stays'), zh: expect.stringContaining('trtc/stays') },
    });
  });
});

describe('a bucket that is not', () => {
  it.each<[string, Partial<CosCheckOptions>, Partial<CosClientOptions>, string, RegExp]>([
    ['wrong keys', {}, { secretKey: 'wrong-key' }, 'SignatureDoesNotMatch', /SecretId and SecretKey anew/],
    ["the box's wrong keys", { keys: 'box' }, { secretKey: 'wrong-key' }, 'SignatureDoesNotMatch', /box's own keys/],
    ['no bucket', {}, { bucket: 'none-1250000000' }, 'NoSuchBucket', /Bucket and Region/],
    ['nobody there', {}, { endpoint: 'http://127.0.0.1:9' }, 'ECONNREFUSED', /line or COS is away/],
  ])(
    '%s: the first step fails with a remedy, the others are not tried',
    async (_name, options, client, code, remedy) => {
      const steps = await check(options, client);
      expect(states(steps).slice(0, 4)).toEqual([
        'write failed',
        'read skipped',
        'multipart skipped',
        'delete skipped',
      ]);
      expect(steps[0]).toMatchObject({ code, remedy: { en: expect.stringMatching(remedy) } });
    },
  );

  it('whose keys may write but not look: says which right is missing, and clears away what it wrote', async () => {
    rig.server.faults.add({
      ...{ kind: 'error', status: 403, code: 'AccessDenied' },
      match: { operation: 'headObject' },
      times: 9,
    });
    const steps = await check();
    expect(steps[1]).toMatchObject({ state: 'failed', remedy: { en: expect.stringContaining('HeadObject') } });
    expect(await rig.objectHash(KEY)).toBeNull();
  });

  it('that shows another checksum is not passed', async () => {
    rig.server.faults.add({ kind: 'wrongCrc', match: { operation: 'headObject' } });
    expect((await check())[1]).toMatchObject({ state: 'failed', code: 'ObjectMismatch' });
  });

  it('tells a wrong clock as a remark: whether it does harm was told by the other steps', async () => {
    const off = async (ms: number) => (await check({ clockDifferenceMs: () => ms })).at(-1);
    expect(await off(5 * 60_000)).toMatchObject({
      state: 'noted',
      message: { en: expect.stringContaining('300 s slow') },
    });
    expect(await off(-20 * 60_000)).toMatchObject({
      ...{ state: 'noted', message: { zh: expect.stringContaining('快了 1200 秒') } },
      remedy: { en: expect.stringContaining('clock') },
    });
  });

  it('that never answers is given up when the time is over', async () => {
    rig.server.faults.add({ kind: 'hang', match: { operation: 'putObject' }, times: 9 });
    const stop = new AbortController();
    const checking = check({ signal: stop.signal });
    await sleep(50);
    stop.abort();
    expect((await checking)[0]).toMatchObject({ state: 'failed', code: 'Deadline' });
  });
});

it('the clock of COS is known from its answers, refusals among them', async () => {
  rig.server.faults.add({ kind: 'clockSkew', skewMs: 7_200_000, times: 9 });
  const steps = await check({}, { secretKey: 'wrong-key' });
  expect(steps.at(-1)).toMatchObject({ name: 'clock', state: 'noted', code: 'RequestTimeTooSkewed' });
});
