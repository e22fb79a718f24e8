import { afterEach, describe, expect, it } from 'vitest';
import { REMEDIES } from '../../shared/texts/remedies.ts';
import { CREDENTIAL, MIB } from '../../test/support/cos-rig.ts';
import { startUploadBox, type UploadBox, type UploadBoxOptions } from '../../test/support/upload-box.ts';
import { systemClock } from './clock.ts';

const ALWAYS = Number.POSITIVE_INFINITY;
/** Real time; less than the minute after which what is blocked would be tried again by itself. */
const AT_ONCE_MS = 30_000;
const DEAD = { secretId: 'AKIDdead', secretKey: 'dead-key', token: null };
const FRESH = { secretId: 'AKIDfresh', secretKey: 'fresh-key' };
const GIVEN = { SecretId: FRESH.secretId, SecretKey: FRESH.secretKey, Token: null };

let box: UploadBox;
const start = async (options?: UploadBoxOptions): Promise<UploadBox> => {
  box = await startUploadBox(options);
  return box;
};
afterEach(() => box.close());

describe('keys that were rotated', () => {
  it('block every upload with its remedy; new ones make all go on by themselves at once', async () => {
    await start({ keys: CREDENTIAL });
    box.rig.server.setCredentials([FRESH]);
    const ids = [1000, 2.5 * MIB, 10_000].map((bytes) => box.ready(bytes, null));
    await box.until('blocked', () => ids.every((id) => box.row(id).blockedCode === 'InvalidAccessKeyId'));
    expect(box.view(ids[0]!).blocked?.remedy).toBe(REMEDIES.changeBoxKeys.en);
    await box.desk.storeCredentials(GIVEN);
    await box.untilDelivered(ids, AT_ONCE_MS);
    expect((await box.desk.credentials()).secretId).toBe('AK…');
  });

  it('of one recording are replaced by others, or by those of the box', async () => {
    await start();
    const ids = [box.ready(1000, DEAD), box.ready(1000, { ...DEAD, token: 'tmp' })];
    await box.until('blocked', () => ids.every((id) => box.row(id).blockedCode !== null));
    expect(ids.map((id) => box.row(id).blockedRemedy)).toEqual([REMEDIES.changeRequestKeys.en, REMEDIES.newToken.en]);
    expect(await box.desk.setRecordingCredentials(ids[0]!, null)).toMatchObject({ id: ids[0] });
    const own = { SecretId: CREDENTIAL.secretId, SecretKey: CREDENTIAL.secretKey, Token: null };
    expect(await box.desk.setRecordingCredentials(ids[1]!, own)).toMatchObject({ id: ids[1] });
    await box.untilDelivered(ids, AT_ONCE_MS);
    expect(ids.map((id) => box.events(id, 'credentialsChanged'))).toEqual([
      [{ source: 'box' }],
      [{ source: 'recording' }],
    ]);
    expect(await box.desk.setRecordingCredentials(ids[0]!, own)).toMatchObject({ code: 'NOT_RUNNING' });
    expect(await box.desk.setRecordingCredentials('nobody', own)).toBeNull();
    expect(await box.desk.retry(ids[0]!)).toMatchObject({ code: 'NOT_RUNNING' });
  });

  it('that come while a try with the old ones is under way are used right after it', async () => {
    await start({ keys: DEAD });
    box.rig.server.faults.add({ kind: 'delay', delayMs: 300, times: 1 });
    const id = box.ready(1000, null);
    await box.until('asking', () => box.rig.server.requests.length > 0);
    await box.desk.storeCredentials({ SecretId: CREDENTIAL.secretId, SecretKey: CREDENTIAL.secretKey, Token: null });
    await box.untilDelivered([id], AT_ONCE_MS);
  });

  it('are missing: the upload waits for the first ones', async () => {
    await start({ keys: null });
    const id = box.ready(1000, null);
    await box.until('blocked', () => box.row(id).blockedCode === 'COS_CREDENTIALS_MISSING');
    expect(await box.desk.setRecordingCredentials(id, null)).toMatchObject({ code: 'COS_CREDENTIALS_MISSING' });
    await box.desk.storeCredentials({ SecretId: CREDENTIAL.secretId, SecretKey: CREDENTIAL.secretKey, Token: null });
    await box.untilDelivered([id], AT_ONCE_MS);
  });
});

describe('a line that comes back', () => {
  it('is noticed by the first upload that gets through, and all others go on', async () => {
    // Every pause is as long as it may be: nobody would be tried again within this test.
    await start({ random: () => 1, upload: { filesInFlight: 4 } });
    await box.rig.server.setOffline(true);
    const ids = [1, 2, 3, 4].map(() => box.ready(1000));
    await box.until('waiting', () => ids.every((id) => box.row(id).attempts >= 2));
    expect(box.view(ids[0]!)).toMatchObject({
      blocked: null,
      waiting: { code: 'ECONNREFUSED', remedy: REMEDIES.checkLine.en, until: null },
    });
    for (const id of ids) box.store.recordings.update(id, { nextAtMs: Date.now() + 3_000_000 });
    await box.rig.server.setOffline(false);
    await box.desk.retry(ids[2]!);
    await box.untilDelivered(ids, AT_ONCE_MS);
  });

  it('wakes those alone that wait for it', async () => {
    await start({ random: () => 1 });
    box.rig.server.faults.add({ kind: 'error', status: 503, code: 'SlowDown', retryAfterSeconds: 3000, times: ALWAYS });
    const id = box.ready(1000);
    await box.until('waiting', () => box.row(id).nextAtMs !== null);
    const { nextAtMs } = box.row(id);
    box.runner.lineIsBack();
    expect(box.row(id).nextAtMs).toBe(nextAtMs);
  });
});

describe('an upload that hangs', () => {
  it('frees its place: two of five hang with two places, the others are delivered', async () => {
    await start({ stallMs: 400, upload: { filesInFlight: 2 } });
    await box.rig.server.setOffline(true);
    const ids = [1, 2, 3, 4, 5].map(() => box.ready(1000));
    for (const id of ids.slice(0, 2)) {
      box.rig.server.faults.add({ kind: 'hang', match: { key: `trtc/${id}.mp4` }, times: ALWAYS });
    }
    await box.rig.server.setOffline(false);
    await box.desk.retryAll();
    await box.until('three delivered', () => ids.slice(2).every((id) => box.row(id).state === 'done'));
    await box.until('both stalled', () => ids.slice(0, 2).every((id) => box.row(id).lastError?.startsWith('STALLED')));
    box.rig.server.faults.clear();
    await box.untilDelivered(ids);
  });
});

describe('a slow line', () => {
  it('gets fewer and smaller parts with each try, and more again when it is better', async () => {
    await start({ upload: { partBytes: 2 * MIB, partsInFlight: 4 } });
    const tooSlow = { kind: 'error', status: 400, code: 'UserNetworkTooSlow', times: 2 } as const;
    box.rig.server.faults.add({ ...tooSlow, match: { operation: 'putObject' } });
    const id = box.ready(4.5 * MIB);
    await box.untilDelivered([id]);
    expect(box.events(id, 'uploadPace')).toEqual([
      { was: 0, is: 1 },
      { was: 1, is: 0 },
    ]);
    // Put whole at first, then cut into parts of 1 MiB instead of 2.
    expect(box.rig.partNumbers().sort()).toEqual([1, 2, 3, 4, 5]);
  });

  it('begins an open upload anew whose parts are too large to get through', async () => {
    await start({ upload: { partBytes: 4 * MIB } });
    const tooSlow = { kind: 'error', status: 400, code: 'UserNetworkTooSlow', times: 3 } as const;
    box.rig.server.faults.add({ ...tooSlow, match: { operation: 'uploadPart' } });
    const id = box.ready(8.5 * MIB);
    await box.untilDelivered([id]);
    expect(box.rig.count('abortMultipart')).toBeGreaterThan(0);
    // Three parts of 4 MiB at first, five of 2 MiB then.
    expect(Math.max(...box.rig.partNumbers())).toBe(5);
  });
});

describe('the hours of uploads', () => {
  it('let an upload pause between two parts, say when it goes on, and let it go on there', async () => {
    const noonMs = Date.UTC(2026, 0, 1, 12);
    let offsetMs = noonMs - Date.now();
    const clock = { ...systemClock, now: () => Date.now() + offsetMs };
    const window = { from: '13:00', to: '20:00', timeZone: 'UTC' };
    await start({ clock, upload: { window, partsInFlight: 1 } });
    const id = box.ready(9 * MIB);
    await box.until('postponed', () => box.row(id).waitUntilAtMs !== null);
    expect(box.view(id)).toMatchObject({
      attempts: 0,
      blocked: null,
      waiting: { code: 'UPLOAD_WINDOW', remedy: REMEDIES.waitForWindow.en, until: '2026-01-01T13:00:00.000Z' },
      nextAttemptAt: '2026-01-01T13:00:00.000Z',
    });
    expect(box.rig.server.requests).toEqual([]);
    box.rig.server.faults.add({ kind: 'delay', delayMs: 20, times: ALWAYS });
    offsetMs += 3_600_000;
    await box.desk.retryAll();
    await box.until('under way', () => box.rig.partNumbers().length >= 3);
    offsetMs += 8 * 3_600_000;
    await box.until('postponed again', () => box.row(id).waitUntilAtMs !== null);
    const sent = box.rig.partNumbers().length;
    expect(sent).toBeLessThan(9);
    expect(box.view(id).files[0]?.uploadedBytes).toBe(sent * MIB);
    expect(box.view(id).waiting?.until).toBe('2026-01-02T13:00:00.000Z');
    offsetMs += 17 * 3_600_000;
    await box.desk.retryAll();
    await box.untilDelivered([id]);
    expect(box.rig.partNumbers()).toHaveLength(9);
    expect(box.rig.count('initMultipart')).toBe(1);
    expect(box.events(id, 'postponed')).toHaveLength(2);
  });
});

describe('a limited bandwidth', () => {
  it('holds all uploads together to it', async () => {
    await start({ upload: { maxBytesPerSecond: 2 * MIB, filesInFlight: 2 } });
    const beganMs = performance.now();
    const ids = [box.ready(1.5 * MIB), box.ready(1.5 * MIB)];
    await box.untilDelivered(ids);
    // 3 MiB at 2 MiB/s, less the burst of a quarter of a second and what is still in the sockets.
    expect(performance.now() - beganMs).toBeGreaterThan(1000);
  });
});
