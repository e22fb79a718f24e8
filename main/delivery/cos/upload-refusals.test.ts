import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CosRig, CREDENTIAL, labelOf, MIB, startCosRig } from '../../../test/support/cos-rig.ts';
import { createMemoryJournal, type UploadJournal } from './journal.ts';

const ALWAYS = Number.POSITIVE_INFINITY;
let rig: CosRig;
let journal: UploadJournal;
let large: string;
let small: string;
beforeEach(async () => {
  rig = await startCosRig();
  journal = createMemoryJournal();
  large = await rig.file('large', 2.25 * MIB);
  small = await rig.file('small', 0.5 * MIB);
});
afterEach(async () => {
  await rig.close();
});

const part2 = { operation: 'uploadPart', partNumber: 2 } as const;

describe('details', () => {
  it('sends no part twice after an error on Complete', async () => {
    rig.server.faults.add({ match: { operation: 'completeMultipart' }, kind: 'okWithError', code: 'InternalError' });
    await rig.deliver(large, journal);
    expect(rig.partNumbers().sort()).toEqual([1, 2, 3]);
  });

  it('sends again only the part with the wrong ETag', async () => {
    rig.server.faults.add({ match: part2, kind: 'wrongEtag' });
    await rig.deliver(large, journal);
    expect(rig.partNumbers().sort()).toEqual([1, 2, 2, 3]);
  });

  it('hands on how long the service asks to wait, and that the line is slow', async () => {
    rig.server.faults.add({ match: part2, kind: 'error', status: 503, code: 'SlowDown', retryAfterSeconds: 7 });
    expect(await rig.upload(large, { journal })).toMatchObject({ kind: 'later', retryAfterMs: 7000, slow: false });
    rig.server.faults.add({ match: part2, kind: 'error', status: 400, code: 'UserNetworkTooSlow' });
    expect(await rig.upload(large, { journal })).toMatchObject({ kind: 'later', slow: true });
  });

  it('gives up on a plan COS refuses twice', async () => {
    rig.server.faults.add({
      match: { operation: 'completeMultipart' },
      kind: 'error',
      status: 400,
      code: 'EntityTooSmall',
      times: ALWAYS,
    });
    expect(labelOf(await rig.upload(large, { journal }))).toBe('restart EntityTooSmall');
    expect(labelOf(await rig.upload(large, { journal, restarts: 1 }))).toBe('failed EntityTooSmall');
    expect(rig.server.orphans()).toEqual([]);
  });

  it('survives hours offline', async () => {
    rig.server.faults.add({ match: part2, kind: 'error', status: 503, code: 'SlowDown' });
    await rig.upload(large, { journal });
    await rig.server.setOffline(true);
    for (let attempt = 0; attempt < 5; attempt++) {
      expect(await rig.upload(large, { journal })).toMatchObject({
        kind: 'later',
        code: 'ECONNREFUSED',
        progressBytes: 0,
      });
    }
    await rig.server.setOffline(false);
    expect(await rig.deliver(large, journal)).toEqual(['done']);
    expect(rig.count('initMultipart')).toBe(1);
  });

  it('loses the line in mid-upload and goes on where it was', async () => {
    const remove = rig.server.faults.add({ match: part2, kind: 'hang' });
    const attempt = rig.upload(large, { journal, concurrency: 1 });
    await expect.poll(() => rig.partNumbers()).toEqual([1, 2]);
    await rig.server.setOffline(true);
    expect(await attempt).toMatchObject({ kind: 'later', progressBytes: MIB });
    remove();
    await rig.server.setOffline(false);
    expect(await rig.deliver(large, journal)).toEqual(['done']);
    expect(rig.partNumbers().sort()).toEqual([1, 2, 2, 3]);
  });

  it.each(['uploadPart', 'headObject', 'initMultipart', 'completeMultipart'] as const)(
    'does not wait forever for %s',
    async (operation) => {
      rig.server.faults.add({ match: { operation }, kind: 'hang', times: ALWAYS });
      const client = rig.client({ timeoutMs: 100 });
      const outcome = await rig.upload(large, { journal, client });
      client.close();
      expect(outcome.kind).toBe('later');
      expect(labelOf(outcome)).toMatch(/ (ETIMEDOUT|ESOCKETTIMEDOUT|Deadline)$/);
      rig.server.faults.clear();
      expect(await rig.deliver(large, journal)).toEqual(['done']);
    },
  );
});

describe('nothing but a person helps', () => {
  it.each([
    ['a wrong secret key', { secretKey: 'wrong' }, 'SignatureDoesNotMatch', 'checkKeys'],
    ['an unknown secret id', { secretId: 'AKIDnobody' }, 'InvalidAccessKeyId', 'checkKeys'],
    ['no keys', { secretId: '', secretKey: '' }, 'MissingCredentials', 'giveKeys'],
    ['a bucket name without app id', { bucket: 'rec' }, 'InvalidParameter', 'checkBucket'],
    ['a malformed region', { region: 'AP_1' }, 'InvalidParameter', 'checkBucket'],
    ['a missing bucket', { bucket: 'other-1250000000' }, 'NoSuchBucket', 'checkBucket'],
  ])('%s', async (_name, options, code, hint) => {
    await rig.close();
    rig = await startCosRig({ buckets: ['rec-1250000000'] });
    for (const bytes of [0.5 * MIB, 2.5 * MIB]) {
      const outcome = await rig.upload(await rig.file('f', bytes), { journal, client: rig.client(options) });
      expect(outcome).toMatchObject({ kind: 'blocked', code, remedy: hint });
    }
    expect(await rig.deliver(await rig.file('f', 2.5 * MIB), journal)).toEqual(['done']);
  });

  it.each([
    [402, 'PaymentRequired'],
    [451, 'UnavailableForLegalReasons'],
    [403, 'AccessDenied'],
    [409, 'SomeQuotaExceeded'],
  ])('%i %s', async (status, code) => {
    rig.server.faults.add({ kind: 'error', status, code });
    const outcome = await rig.upload(large, { journal });
    expect(outcome).toMatchObject({
      kind: 'blocked',
      code,
      remedy: expect.stringMatching(/./),
      requestId: expect.stringMatching(/./),
    });
    expect(await rig.deliver(large, journal)).toEqual(['done']);
  });

  it('keeps the parts that are there when the key is revoked in mid-upload', async () => {
    rig.server.faults.add({ match: part2, kind: 'error', status: 403, code: 'InvalidAccessKeyId' });
    expect(await rig.upload(large, { journal, concurrency: 1 })).toMatchObject({ kind: 'blocked' });
    await rig.deliver(large, journal);
    expect(rig.partNumbers().filter((number) => number === 1)).toHaveLength(1);
  });

  it('asks again when HEAD is refused without a reason', async () => {
    rig.server.faults.add({
      match: { operation: 'headObject' },
      kind: 'error',
      status: 403,
      code: 'AccessDenied',
      times: 3,
    });
    const forbidden = await rig.upload(small, { journal });
    expect(forbidden).toMatchObject({
      kind: 'blocked',
      code: 'HeadForbidden',
      remedy: 'allowHead',
    });
    rig.server.faults.add({
      match: { operation: 'listParts' },
      kind: 'error',
      status: 403,
      code: 'InvalidAccessKeyId',
    });
    expect(await rig.upload(small, { journal })).toMatchObject({ kind: 'blocked', code: 'InvalidAccessKeyId' });
    expect(await rig.deliver(small, journal)).toEqual(['done']);
  });

  it('never takes a login page for COS, whatever is asked', async () => {
    rig.server.faults.add({ kind: 'portal', status: 200, times: ALWAYS });
    for (const file of [large, small]) expect((await rig.upload(file, { journal })).kind).toBe('later');
    rig.server.faults.clear();
    rig.server.faults.add({ kind: 'portal', status: 407, times: ALWAYS });
    expect(await rig.upload(large, { journal })).toMatchObject({ kind: 'blocked', code: '407' });
  });
});

describe('a wrong clock', () => {
  it.each([-3600_000, 3600_000])('is corrected by the service’s date (%i ms)', async (skewMs) => {
    const noise = vi.spyOn(console, 'error').mockImplementation(() => {});
    rig.server.faults.add({ kind: 'clockSkew', skewMs, times: ALWAYS });
    expect(await rig.deliver(large, journal)).toEqual(['done']);
    journal.clear();
    expect(await rig.deliver(small, journal)).toEqual(['done']);
    noise.mockRestore();
  });

  it('blocks with a hint when it cannot be corrected', async () => {
    rig.server.faults.add({
      kind: 'error',
      status: 403,
      code: 'AccessDenied',
      message: 'Request has expired',
      times: ALWAYS,
    });
    const outcome = await rig.upload(small, { journal, client: rig.client(CREDENTIAL) });
    expect(outcome).toMatchObject({ kind: 'blocked', code: 'AccessDenied', remedy: 'checkClock' });
  });
});
