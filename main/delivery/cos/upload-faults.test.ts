import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CosRig, MIB, startCosRig } from '../../../test/support/cos-rig.ts';
import type { Fault, Operation } from '../../selftest/cos-server/index.ts';
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
const closeAfter = (operation: Operation): Fault => ({ match: { operation }, kind: 'closeAfterReply', afterMs: 0 });

describe('delivered in the end', () => {
  const cases: [string, Fault | Fault[], string[]][] = [
    ['one reset before a part', { match: part2, kind: 'resetBeforeBody' }, ['done']],
    [
      'resets in the middle of a part',
      { match: part2, kind: 'resetMidBody', afterBytes: 300_000, times: 2 },
      ['later ECONNRESET', 'done'],
    ],
    ['a lost reply to a part', { match: part2, kind: 'replyLost', times: 2 }, ['later ECONNRESET', 'done']],
    ['503 on a part', { match: part2, kind: 'error', status: 503, code: 'SlowDown' }, ['later SlowDown', 'done']],
    [
      '500 without request id',
      { match: part2, kind: 'error', status: 500, code: 'InternalError', requestId: false },
      ['later InternalError', 'done'],
    ],
    ['429', { match: part2, kind: 'error', status: 429, code: 'TooManyRequests' }, ['later TooManyRequests', 'done']],
    [
      'too slow a line',
      { match: part2, kind: 'error', status: 400, code: 'UserNetworkTooSlow' },
      ['later UserNetworkTooSlow', 'done'],
    ],
    ['corrupted bytes', { match: part2, kind: 'corruptBody' }, ['later BadDigest', 'done']],
    ['no ETag for a part', { match: part2, kind: 'missingEtag' }, ['later NoEtag', 'done']],
    ['a wrong ETag for a part', { match: part2, kind: 'wrongEtag' }, ['done']],
    ['a wrong CRC for a part', { match: part2, kind: 'wrongCrc' }, ['later CrcMismatch', 'done']],
    ['no CRC for a part', { match: part2, kind: 'missingCrc' }, ['done']],
    ['an upload forgotten by COS', { match: part2, kind: 'forgetUpload' }, ['restart NoSuchUpload', 'done']],
    [
      'an upload forgotten before Complete',
      { match: { operation: 'completeMultipart' }, kind: 'forgetUpload' },
      ['restart NoSuchUpload', 'done'],
    ],
    ['a lost reply to Init', { match: { operation: 'initMultipart' }, kind: 'replyLost' }, ['done']],
    [
      'no reply to Init at all',
      { match: { operation: 'initMultipart' }, kind: 'replyLost', times: 4 },
      ['later ECONNRESET', 'done'],
    ],
    ['a cut reply to Init', { match: { operation: 'initMultipart' }, kind: 'replyCut', afterBytes: 90 }, ['done']],
    ['a lost reply to Complete', { match: { operation: 'completeMultipart' }, kind: 'replyLost' }, ['done']],
    [
      'a cut reply to Complete',
      { match: { operation: 'completeMultipart' }, kind: 'replyCut', afterBytes: 60 },
      ['done'],
    ],
    [
      'a cut reply to Complete, and the cut answer that the upload is gone',
      { match: { operation: 'completeMultipart' }, kind: 'replyCut', afterBytes: 10, times: 2 },
      ['done'],
    ],
    ['no ETag from Complete', { match: { operation: 'completeMultipart' }, kind: 'missingEtag' }, ['done']],
    [
      '200 with an error, object there',
      { match: { operation: 'completeMultipart' }, kind: 'okWithError', code: 'InternalError', performed: true },
      ['done'],
    ],
    [
      '200 with an error, object not there',
      { match: { operation: 'completeMultipart' }, kind: 'okWithError', code: 'InternalError' },
      ['later InternalError', 'done'],
    ],
    [
      '503 on Complete',
      { match: { operation: 'completeMultipart' }, kind: 'error', status: 503, code: 'SlowDown', times: 4 },
      ['later SlowDown', 'done'],
    ],
    [
      'InvalidPart once',
      { match: { operation: 'completeMultipart' }, kind: 'error', status: 400, code: 'InvalidPart' },
      ['done'],
    ],
    [
      'InvalidPart twice',
      { match: { operation: 'completeMultipart' }, kind: 'error', status: 400, code: 'InvalidPart', times: 2 },
      ['restart InvalidPart', 'done'],
    ],
    [
      'EntityTooSmall',
      { match: { operation: 'completeMultipart' }, kind: 'error', status: 400, code: 'EntityTooSmall' },
      ['restart EntityTooSmall', 'done'],
    ],
    [
      'a wrong CRC from HEAD',
      { match: { operation: 'headObject' }, kind: 'wrongCrc' },
      ['later ObjectMismatch', 'done'],
    ],
    ['no CRC from HEAD', { match: { operation: 'headObject' }, kind: 'missingCrc' }, ['later ObjectMismatch', 'done']],
    ['no ETag from HEAD', { match: { operation: 'headObject' }, kind: 'missingEtag' }, ['later NoEtag', 'done']],
    ['a login page for a part', { match: part2, kind: 'portal', status: 200 }, ['later NoEtag', 'done']],
    [
      'a login page for Init',
      { match: { operation: 'initMultipart' }, kind: 'portal', status: 200 },
      ['later NoUploadId', 'done'],
    ],
    [
      'a broken page for Init',
      { match: { operation: 'initMultipart' }, kind: 'portal', status: 200, html: '<<<' },
      ['later NoUploadId', 'done'],
    ],
    [
      'plain text for Init',
      { match: { operation: 'initMultipart' }, kind: 'portal', status: 200, html: 'ok' },
      ['later NoUploadId', 'done'],
    ],
    [
      'a login page for Complete',
      { match: { operation: 'completeMultipart' }, kind: 'portal', status: 200 },
      ['later NoEtag', 'done'],
    ],
    ['a redirect', { match: part2, kind: 'portal', status: 302 }, ['later 302', 'done']],
    ['a forbidding proxy', { match: part2, kind: 'portal', status: 403 }, ['later 403', 'done']],
    [
      'no permission to list strays',
      { match: { operation: 'listUploads' }, kind: 'error', status: 403, code: 'AccessDenied' },
      ['done'],
    ],
    // Each by itself: a part that meets two of them in a row is left for the next attempt.
    ['a connection that closes when idle, before the parts', closeAfter('initMultipart'), ['done']],
    ['one between a part and Complete', { ...closeAfter('uploadPart'), match: part2 }, ['done']],
    ['some after the parts', [closeAfter('completeMultipart'), closeAfter('headObject')], ['done']],
    [
      'a slow line',
      [
        { match: part2, kind: 'throttle', bytesPerSecond: 20 * MIB },
        { kind: 'delay', delayMs: 20, times: ALWAYS },
      ],
      ['done'],
    ],
  ];

  it.each(cases)('%s', async (_name, faults, ends) => {
    for (const fault of [faults].flat()) rig.server.faults.add(fault);
    expect(await rig.deliver(large, journal)).toEqual(ends);
  });

  const wholeCases: [string, Fault, string[]][] = [
    ['503', { kind: 'error', status: 503, code: 'SlowDown' }, ['later SlowDown', 'done']],
    ['a reset in the middle', { kind: 'resetMidBody', afterBytes: 100_000 }, ['later ECONNRESET', 'done']],
    ['a lost reply', { kind: 'replyLost' }, ['later ECONNRESET', 'done']],
    ['corrupted bytes', { kind: 'corruptBody' }, ['later BadDigest', 'done']],
    ['no ETag', { kind: 'missingEtag' }, ['later NoEtag', 'done']],
    ['a wrong CRC', { kind: 'wrongCrc' }, ['later CrcMismatch', 'done']],
    ['a login page', { kind: 'portal', status: 200 }, ['later NoEtag', 'done']],
  ];

  it.each(wholeCases)('a small file after %s', async (_name, fault, ends) => {
    rig.server.faults.add({ ...fault, match: { operation: 'putObject' } });
    expect(await rig.deliver(small, journal)).toEqual(ends);
  });
});
