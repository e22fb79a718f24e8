import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemError } from '../../test/support/failing-calls.ts';
import { addRecording } from '../../test/support/new-recording.ts';
import { createSupervised, type Supervised } from '../../test/support/supervised.ts';
import { DISK_REMEDIES } from '../disk-fault.ts';
import type { RecordingRow } from '../store/rows.ts';
import { type DiskGuardDeps, guardDisk } from './disk-guard.ts';
import type { Outcome, Step } from './steps.ts';

const HOUR_MS = 3_600_000;

let under: Supervised;
let recording: RecordingRow;
beforeEach(() => {
  under = createSupervised();
  recording = addRecording(under.store);
});
afterEach(() => under.close());

async function run(step: Step, changes: Partial<DiskGuardDeps> = {}): Promise<Outcome> {
  const guarded = guardDisk(step, {
    isDiskAway: async () => false,
    isFolderAway: async () => false,
    missingBytes: async () => 0,
    hasDiskCodes: true,
    now: () => recording.createdAtMs,
    ...changes,
  });
  return await guarded(recording, new AbortController().signal, () => {});
}

const answers =
  (outcome: Outcome): Step =>
  async () =>
    outcome;
const done = answers({ kind: 'done' });
const mustNotRun: Step = async () => {
  throw new Error('the step ran');
};

describe('a step and its disk', () => {
  it('runs as ever while nothing is wrong', async () => {
    expect(await run(done)).toEqual({ kind: 'done' });
    const later = { kind: 'retryAt', code: 'ECONNRESET', message: 'x' } as const;
    expect(await run(answers(later))).toBe(later);
    const failed = { kind: 'failed', code: 'NO_MEDIA', message: 'x' } as const;
    expect(await run(answers(failed))).toBe(failed);
    await expect(run(async () => Promise.reject(new Error('bug')))).rejects.toThrow('bug');
    // A firewall answers a connection with EPERM: that is nothing of the disk.
    const refused = { kind: 'retryAt', code: 'EPERM', message: 'connect' } as const;
    expect(await run(answers(refused), { hasDiskCodes: false })).toBe(refused);
  });

  it.each([
    ['ENOSPC', 'DISK_FULL'],
    ['EDQUOT', 'DISK_FULL'],
    ['EROFS', 'DISK_READ_ONLY'],
    ['EACCES', 'DISK_DENIED'],
    ['EIO', 'DISK_ERROR'],
    ['SQLITE_FULL', 'DISK_FULL'],
    ['SQLITE_IOERR_FSYNC', 'DISK_ERROR'],
    ['SQLITE_READONLY_DBMOVED', 'DISK_READ_ONLY'],
  ] as const)('waits with a remedy for %s, whether answered or thrown', async (code, fault) => {
    const blocked = { kind: 'blocked', code: fault, remedy: DISK_REMEDIES[fault] };
    expect(await run(answers({ kind: 'retryAt', code, message: 'x' }))).toMatchObject(blocked);
    expect(await run(async () => Promise.reject(systemError(code)))).toMatchObject(blocked);
    const wrapped = new Error('outer', { cause: systemError(code) });
    expect(await run(async () => Promise.reject(wrapped))).toMatchObject(blocked);
  });

  it('does not look for files on a disk that is away, and takes nothing for lost when it goes meanwhile', async () => {
    expect(await run(mustNotRun, { isDiskAway: async () => true })).toMatchObject({
      kind: 'blocked',
      code: 'DISK_AWAY',
    });
    let looks = 0;
    const goes = async () => {
      looks += 1;
      return looks > 1;
    };
    const failed = answers({ kind: 'failed', code: 'NO_MEDIA', message: 'no segment holds anything' });
    expect(await run(failed, { isDiskAway: goes })).toMatchObject({ kind: 'blocked', code: 'DISK_AWAY' });
  });

  it('waits three days for a single folder, then its recording ends as what it is', async () => {
    const isFolderAway = async () => true;
    const at = (hours: number) => () => recording.createdAtMs + hours * HOUR_MS;
    expect(await run(mustNotRun, { isFolderAway, now: at(71) })).toMatchObject({ code: 'DISK_AWAY' });
    expect(await run(done, { isFolderAway, now: at(73) })).toEqual({ kind: 'done' });
  });

  it('does not begin a copy that does not fit', async () => {
    const outcome = await run(mustNotRun, { missingBytes: async () => 123_400_000 });
    expect(outcome).toMatchObject({ kind: 'blocked', code: 'DISK_FULL', message: expect.stringContaining('124 MB') });
    expect(await run(done, { missingBytes: null })).toEqual({ kind: 'done' });
    expect(await run(done, { missingBytes: async () => Promise.reject(systemError('EIO')) })).toEqual({ kind: 'done' });
  });
});
