import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RemedyName } from '../../../shared/texts/remedies.ts';
import { type CosRig, CREDENTIAL, labelOf, MIB, startCosRig } from '../../../test/support/cos-rig.ts';
import type { Fault } from '../../selftest/cos-server/index.ts';
import { createMemoryJournal } from './journal.ts';

// One line per line of the table of failures, asked of the real SDK over a real connection: what COS (or what stands in its place) says,
// and what an upload makes of it. TLS and proxies are in route.test.ts; what no server can play (DNS, routes) in classify.test.ts.

const ALWAYS = Number.POSITIVE_INFINITY;
const part: Fault['match'] = { operation: 'uploadPart' };
const complete: Fault['match'] = { operation: 'completeMultipart' };

let rig: CosRig;
let file: string;
beforeAll(async () => {
  rig = await startCosRig();
  file = await rig.file('f', 2.25 * MIB);
});
afterAll(() => rig.close());
beforeEach(() => rig.server.faults.clear());

function error(status: number, code: string, message?: string): Fault {
  return { kind: 'error', status, code, times: ALWAYS, ...(message === undefined ? {} : { message }) };
}

type Row = [what: string, fault: Fault, label: string, remedy: RemedyName | null, facts?: object];

const ROWS: readonly Row[] = [
  ['reset', { kind: 'resetBeforeBody', match: part, times: ALWAYS }, 'later ECONNRESET', 'checkLine'],
  [
    '400 RequestTimeout',
    { ...error(400, 'RequestTimeout'), match: part },
    'later RequestTimeout',
    null,
    { slow: true },
  ],
  [
    '400 UserNetworkTooSlow',
    { ...error(400, 'UserNetworkTooSlow'), match: part },
    'later UserNetworkTooSlow',
    null,
    { slow: true },
  ],
  [
    '400 IncompleteBody',
    { ...error(400, 'IncompleteBody'), match: part },
    'later IncompleteBody',
    null,
    { slow: true },
  ],
  ['a login page', { kind: 'portal', status: 200, times: ALWAYS }, 'later NoUploadId', 'checkPortal'],
  ['a redirect to one', { kind: 'portal', status: 302, times: ALWAYS }, 'later 302', 'checkPortal'],
  ['a forbidding one', { kind: 'portal', status: 403, times: ALWAYS }, 'later 403', 'checkPortal'],
  ['2xx without ETag', { kind: 'missingEtag', match: part, times: ALWAYS }, 'later NoEtag', 'checkPortal'],
  ['407', { kind: 'portal', status: 407, times: ALWAYS }, 'blocked 407', 'proxyPassword'],
  ['500', error(500, 'InternalError'), 'later InternalError', null],
  ['503 SlowDown', error(503, 'SlowDown'), 'later SlowDown', null],
  ['429', error(429, 'TooManyRequests'), 'later TooManyRequests', null],
  [
    '200 with an error',
    { kind: 'okWithError', code: 'InternalError', match: complete, times: ALWAYS },
    'later InternalError',
    null,
  ],
  ['wrong signature', error(403, 'SignatureDoesNotMatch'), 'blocked SignatureDoesNotMatch', 'checkKeys'],
  ['unknown key', error(403, 'InvalidAccessKeyId'), 'blocked InvalidAccessKeyId', 'checkKeys'],
  ['no permission', error(403, 'AccessDenied'), 'blocked AccessDenied', 'allowPolicy'],
  ['an expired request', error(403, 'AccessDenied', 'Request has expired'), 'blocked AccessDenied', 'checkClock'],
  ['a skewed clock', error(403, 'RequestTimeTooSkewed'), 'blocked RequestTimeTooSkewed', 'checkClock'],
  ['an expired token', error(400, 'ExpiredToken'), 'blocked ExpiredToken', 'newToken'],
  [
    'bare 403 from HEAD',
    { ...error(403, 'AccessDenied'), match: { operation: 'headObject' } },
    'blocked HeadForbidden',
    'allowHead',
  ],
  ['no such bucket', error(404, 'NoSuchBucket'), 'blocked NoSuchBucket', 'checkBucket'],
  ['a bad bucket name', error(400, 'InvalidBucketName'), 'blocked InvalidBucketName', 'checkBucket'],
  ['a bad region', error(400, 'InvalidRegionName'), 'blocked InvalidRegionName', 'checkBucket'],
  ['a redirect of COS', error(301, 'PermanentRedirect'), 'blocked PermanentRedirect', 'checkBucket'],
  ['an upload that is gone, at a part', { kind: 'forgetUpload', match: part }, 'restart NoSuchUpload', null],
  ['the same at Complete', { kind: 'forgetUpload', match: complete }, 'restart NoSuchUpload', null],
  ['InvalidPart twice', { ...error(400, 'InvalidPart'), match: complete }, 'restart InvalidPart', null],
  ['EntityTooSmall', { ...error(400, 'EntityTooSmall'), match: complete }, 'restart EntityTooSmall', null],
  ['InvalidPartOrder', { ...error(400, 'InvalidPartOrder'), match: complete }, 'restart InvalidPartOrder', null],
  ['MalformedXML', { ...error(400, 'MalformedXML'), match: complete }, 'restart MalformedXML', null],
  [
    'BadDigest',
    { kind: 'corruptBody', match: part, times: ALWAYS },
    'later BadDigest',
    'checkIntegrity',
    { maxTries: 5 },
  ],
  [
    'another CRC',
    { kind: 'wrongCrc', match: part, times: ALWAYS },
    'later CrcMismatch',
    'checkIntegrity',
    { maxTries: 5 },
  ],
  ['EntityTooLarge', error(400, 'EntityTooLarge'), 'failed EntityTooLarge', null],
  ['KeyTooLong', error(400, 'KeyTooLong'), 'failed KeyTooLong', null],
  ['InvalidArgument', error(400, 'InvalidArgument'), 'failed InvalidArgument', null],
  ['InvalidURI', error(400, 'InvalidURI'), 'failed InvalidURI', null],
  ['ObjectLocked', error(409, 'ObjectLocked'), 'failed ObjectLocked', null],
  ['PathConflict', error(409, 'PathConflict'), 'failed PathConflict', null],
  ['arrears', error(402, 'PaymentRequired'), 'blocked PaymentRequired', 'checkAccount', { probeMs: 3_600_000 }],
  [
    'a closed account',
    error(451, 'UnavailableForLegalReasons'),
    'blocked UnavailableForLegalReasons',
    'checkAccount',
    { probeMs: 3_600_000 },
  ],
  ['a quota', error(409, 'BucketQuotaExceeded'), 'blocked BucketQuotaExceeded', 'readMessage', { probeMs: 600_000 }],
];

describe('what COS says, and what becomes of the upload', () => {
  it.each(ROWS)('%s', async (what, fault, label, remedy, facts = {}) => {
    rig.server.faults.add(fault);
    // Each under a key of its own: an object that another line brought over would prove the file delivered.
    const key = `${what}.mp4`;
    const outcome = await rig.upload(file, { journal: createMemoryJournal(), concurrency: 1, key });
    expect(labelOf(outcome)).toBe(label);
    if (outcome.kind === 'later' || outcome.kind === 'blocked') expect(outcome).toMatchObject({ remedy, ...facts });
  });

  it('wherever it is said, nothing is taken for delivered', async () => {
    rig.server.faults.add({ kind: 'portal', status: 200, times: ALWAYS });
    for (const bytes of [1000, 2.25 * MIB]) {
      const outcome = await rig.upload(await rig.file('g', bytes), { key: 'never.mp4' });
      expect(outcome.kind).toBe('later');
    }
    expect(await rig.objectHash('never.mp4')).toBeNull();
  });

  it('a temporary key whose token has changed is asked for anew', async () => {
    rig.server.setCredentials([{ ...CREDENTIAL, token: 'tmp-token' }]);
    const outcome = await rig.upload(file, { client: rig.client({ token: 'an-older-one' }) });
    expect(labelOf(outcome)).toBe('blocked AccessDenied');
    rig.server.setCredentials([CREDENTIAL]);
  });
});
