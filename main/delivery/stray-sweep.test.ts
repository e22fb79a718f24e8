import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { BUCKET, CREDENTIAL, MIB } from '../../test/support/cos-rig.ts';
import { startUploadBox, type UploadBox } from '../../test/support/upload-box.ts';
import { silentLogger } from '../logging.ts';
import { createDeletions } from '../recordings/deletion.ts';
import type { Fault } from '../selftest/cos-server/index.ts';
import { systemClock } from './clock.ts';

const ALWAYS = Number.POSITIVE_INFINITY;
const LARGE = 9 * MIB;

let box: UploadBox;
let aheadMs = 0;
afterEach(() => box.close());

async function start(): Promise<void> {
  aheadMs = 0;
  box = await startUploadBox({ clock: { ...systemClock, now: () => Date.now() + aheadMs } });
}

const unavailable = (operation: 'abortMultipart' | 'listUploads' | 'initMultipart'): Fault => ({
  match: { operation },
  kind: 'error',
  status: 503,
  code: 'SlowDown',
  times: ALWAYS,
});

/** As long as nobody looks for strays, they stay. */
async function later(): Promise<void> {
  aheadMs += 10 * 60_000;
  await box.desk.retryAll();
}

describe('uploads that nobody will finish', () => {
  it('whose ids never arrived are found by their key, after the recording has ended and a restart', async () => {
    await start();
    box.rig.server.faults.add({ match: { operation: 'initMultipart' }, kind: 'replyLost', times: 3 });
    box.rig.server.faults.add(unavailable('listUploads'));
    const id = box.ready(LARGE);
    await box.until('done', () => box.row(id).state === 'done');
    expect(box.rig.server.orphans().map(({ key }) => key)).toEqual(Array(3).fill(`trtc/${id}.mp4`));
    expect(box.store.recordings.secrets(id)).toBeNull();
    await later();
    const [stray] = box.store.strays.due(Date.now() + 1e9, 9);
    // What is kept of the secrets is what removing needs, and no UserSig.
    expect(box.store.strays.credentials(stray!)).toEqual({ ...CREDENTIAL, token: null });
    await box.restart();
    box.rig.server.faults.clear();
    await later();
    await box.untilDelivered([id]);
  });

  it('that could not be aborted are, when COS answers again, and with keys that were changed meanwhile', async () => {
    await start();
    box.rig.server.faults.add(unavailable('abortMultipart'));
    box.rig.server.faults.add(unavailable('listUploads'));
    box.rig.server.faults.add({
      match: { operation: 'uploadPart', partNumber: 5 },
      kind: 'error',
      status: 503,
      code: 'SlowDown',
    });
    const id = box.ready(LARGE);
    await box.until('waiting', () => box.row(id).attempts >= 1 && box.row(id).lastError !== null);
    // Another file: what was begun is given up.
    writeFileSync(box.file(id).localPath, Buffer.alloc(LARGE, 7));
    await box.until('done', () => box.row(id).state === 'done');
    expect(box.store.strays.count()).toBeGreaterThan(0);
    box.rig.server.faults.clear();
    await later();
    await box.untilDelivered([id]);
  });

  it('whose ids are known are aborted by them also where nobody may list', async () => {
    await start();
    box.rig.server.faults.add(unavailable('abortMultipart'));
    const denied = { kind: 'error', status: 403, code: 'AccessDenied', times: ALWAYS } as const;
    box.rig.server.faults.add({ ...denied, match: { operation: 'listUploads' } });
    const busy = { kind: 'error', status: 503, code: 'SlowDown' } as const;
    box.rig.server.faults.add({ ...busy, match: { operation: 'uploadPart', partNumber: 5 } });
    const id = box.ready(LARGE);
    await box.until('waiting', () => box.row(id).lastError !== null);
    writeFileSync(box.file(id).localPath, Buffer.alloc(LARGE, 7));
    await box.until('done', () => box.row(id).state === 'done');
    expect(box.rig.server.orphans()).toHaveLength(1);
    box.rig.server.faults.clear();
    box.rig.server.faults.add({ ...denied, match: { operation: 'listUploads' } });
    await later();
    await box.until('swept', () => box.store.strays.count() === 0);
    expect(box.rig.server.orphans()).toEqual([]);
  });

  it('are left to the bucket’s rules when nobody may list them, and that is noted', async () => {
    await start();
    box.rig.server.faults.add({ match: { operation: 'initMultipart' }, kind: 'replyLost', times: 1 });
    box.rig.server.faults.add({
      match: { operation: 'listUploads' },
      kind: 'error',
      status: 403,
      code: 'AccessDenied',
      times: ALWAYS,
    });
    const id = box.ready(LARGE);
    await box.until('done', () => box.row(id).state === 'done');
    await later();
    await box.until('given up', () => box.store.strays.count() === 0);
    expect(box.events(id, 'strayGivenUp')).toMatchObject([{ key: `trtc/${id}.mp4`, code: 'AccessDenied' }]);
    expect(box.rig.server.orphans()).toHaveLength(1);
  });

  it.each([
    ['its own keys', CREDENTIAL],
    ["the box's keys", null],
  ])('of a recording that is deleted while it is uploaded with %s', async (_, keys) => {
    await start();
    const { store, runner } = box;
    box.rig.server.faults.add({ kind: 'delay', delayMs: 20, times: ALWAYS });
    const id = box.ready(LARGE, keys);
    await box.until('under way', () => box.rig.partNumbers().length >= 2);
    const folder = path.dirname(box.file(id).localPath);
    const deletions = createDeletions({
      ...{ store, runner, clock: systemClock, log: silentLogger() },
      directoryOf: () => path.join(folder, id),
      isDiskAway: async () => false,
      forgetPreviews: async () => {},
    });
    expect(await deletions.remove(id, { force: true, by: null })).toBe('deleted');
    expect(store.recordings.get(id)).toBeUndefined();
    expect(runner.progress(id)).toBeUndefined();
    await later();
    await box.until('swept', () => store.strays.count() === 0 && box.rig.server.orphans().length === 0);
    expect(await box.rig.server.findObjectFile(BUCKET, `trtc/${id}.mp4`)).toBeNull();
    expect(store.problems()).toEqual([]);
  });

  it('are not taken for strays while their upload is under way', async () => {
    await start();
    box.rig.server.faults.add({ kind: 'delay', delayMs: 30, times: ALWAYS });
    const id = box.ready(LARGE);
    await box.until('under way', () => box.rig.partNumbers().length >= 2);
    for (let look = 0; look < 5; look += 1) await later();
    await box.untilDelivered([id]);
    expect(box.rig.count('initMultipart')).toBe(1);
    // One look for strays, and that by the upload itself at its end.
    expect(box.rig.count('listUploads')).toBe(1);
  });
});
