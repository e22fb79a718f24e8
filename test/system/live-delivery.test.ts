import { existsSync } from 'node:fs';
import * as nodeFileSystem from 'node:fs/promises';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FinalizeFileSystem } from '../../main/delivery/join/write-file.ts';
import type { FinishPlan } from '../../main/delivery/live/live-file.ts';
import { LiveSession } from '../../main/delivery/live/live-session.ts';
import { silentLogger } from '../../main/logging.ts';
import type { PartialSettings } from '../../main/settings/settings.ts';
import { MIB } from '../support/cos-rig.ts';
import { decodeErrors } from '../support/flash-and-beep.ts';
import { type LiveRig, startLiveRig } from '../support/live-rig.ts';
import { noisySegment } from '../support/noisy-segment.ts';

const PIECE_BYTES = 600_000;
let segment: Buffer;
let rig: LiveRig;

beforeAll(async () => {
  segment = await noisySegment(16, 400);
});
afterEach(() => rig.close());

async function start(settings: PartialSettings = {}): Promise<void> {
  rig = await startLiveRig(settings);
}

/** Lets the segment grow to a share of its length, from another one. */
async function growTo(id: string, share: number, from = 0): Promise<void> {
  const end = Math.floor(segment.length * share);
  for (let at = Math.floor(segment.length * from); at < end; at += PIECE_BYTES) {
    await rig.grow(id, segment.subarray(at, Math.min(end, at + PIECE_BYTES)));
  }
}

const localFile = (id: string): string => rig.store.files.list(id)[0]!.localPath;
const openUpload = (id: string) => rig.store.uploadJournal(id, 0).load();
const knownParts = (id: string): number[] => (openUpload(id)?.parts ?? []).map(({ number }) => number);
/** So many parts at least were sent, and the box knows that they were: one whose answer it has not heard is sent again. */
const untilSent = (id: string, parts: number): Promise<void> => rig.until('sent', () => knownParts(id).length >= parts);

describe('a recording that is sent while it grows', () => {
  beforeEach(() => start());

  it('is completed with what is missing, and its file is the object', async () => {
    const id = await rig.begin();
    await growTo(id, 0.8);
    await untilSent(id, 4);
    expect(rig.row(id).state).toBe('recording');
    await growTo(id, 1, 0.8);
    const [before, known] = [rig.parts(), knownParts(id)];
    rig.end(id);
    await rig.untilDelivered(id);
    const after = rig.parts().slice(before.length);
    expect(before).toEqual(before.toSorted((a, b) => a - b));
    // The header that tells the length lies in the first part; the others of before are left as they are.
    expect(after.filter((number) => known.includes(number))).toEqual([1]);
    expect(rig.events(id, 'liveUpload')).toHaveLength(1);
    const [finalized] = rig.events(id, 'finalized');
    expect(finalized?.sentBytes).toBeGreaterThanOrEqual((known.length - 1) * MIB);
    expect(await decodeErrors(localFile(id))).toBe('');
    expect(rig.store.strays.count()).toBe(0);
    expect(rig.cos.server.orphans()).toEqual([]);
  });

  it('goes on after a restart of the box without sending anything twice', async () => {
    const id = await rig.begin();
    await growTo(id, 0.6);
    await untilSent(id, 3);
    const before = knownParts(id);
    await rig.restart();
    await growTo(id, 1, 0.6);
    await rig.until('sent', () => rig.parts().length > before.length);
    rig.end(id);
    await rig.untilDelivered(id);
    const all = rig.parts();
    for (const number of before.slice(1)) expect(all.filter((each) => each === number)).toHaveLength(1);
  });

  it('sends again what COS holds otherwise than the disk, and nothing else', async () => {
    const id = await rig.begin();
    await growTo(id, 1);
    await rig.until('sent', () => rig.parts().length >= 4);
    await rig.uploads.stop();
    const open = openUpload(id)!;
    rig.store.uploadJournal(id, 0).savePart({ ...open.parts[2]!, md5: '0'.repeat(32) });
    await rig.restart();
    const before = rig.parts().length;
    rig.end(id);
    await rig.untilDelivered(id);
    expect(rig.parts().slice(before)).toContain(3);
    expect(rig.parts().slice(before)).not.toContain(2);
  });

  it('begins anew when COS has lost the upload, before the end and after it', async () => {
    const id = await rig.begin();
    await growTo(id, 0.5);
    await rig.until('sent', () => rig.parts().length >= 2);
    const lost = openUpload(id)!.uploadId;
    rig.cos.server.faults.add({ kind: 'forgetUpload', match: { operation: 'uploadPart' } });
    await growTo(id, 0.8, 0.5);
    await rig.until('begun anew', () => ![undefined, lost].includes(openUpload(id)?.uploadId));
    await rig.until('sent', () => (openUpload(id)?.parts.length ?? 0) >= 3);
    rig.cos.server.faults.add({ kind: 'forgetUpload', match: { operation: 'completeMultipart' } });
    await growTo(id, 1, 0.8);
    rig.end(id);
    await rig.untilDelivered(id);
    await rig.until('swept', () => rig.cos.server.orphans().length === 0);
  });

  it('stops without a line, and goes on from there when it has ended', async () => {
    const id = await rig.begin();
    await growTo(id, 0.5);
    await untilSent(id, 2);
    await rig.cos.server.setOffline(true);
    const [before, known] = [rig.parts(), knownParts(id)];
    await growTo(id, 1, 0.5);
    rig.end(id);
    await rig.until('waiting', () => rig.row(id).state === 'uploading' && rig.row(id).lastError !== null);
    expect(rig.parts()).toEqual(before);
    await rig.cos.server.setOffline(false);
    rig.runner.retryAll();
    await rig.untilDelivered(id);
    for (const number of known.slice(1)) expect(rig.parts().filter((each) => each === number)).toHaveLength(1);
  });

  it('may end while a part is on its way', async () => {
    const match = { operation: 'uploadPart', partNumber: 2 } as const;
    rig.cos.server.faults.add({ kind: 'throttle', bytesPerSecond: MIB, match });
    const id = await rig.begin();
    await growTo(id, 1);
    await rig.until('sending', () => rig.cos.server.requests.some(({ partNumber }) => partNumber === 2));
    rig.end(id);
    await rig.untilDelivered(id);
    expect(rig.cos.count('initMultipart')).toBe(1);
    expect(rig.parts()).toEqual(expect.arrayContaining([1, 2, 3]));
    expect(rig.events(id, 'liveUploadDropped')).toEqual([]);
  });

  it('that goes on in further segments is one file', async () => {
    const id = await rig.begin();
    await growTo(id, 0.7);
    await rig.until('sent', () => rig.parts().length >= 3);
    rig.nextSegment(id, 15_000);
    await rig.grow(id, segment, 1);
    await rig.until('sent', () => rig.parts().length >= 6);
    rig.end(id);
    await rig.untilDelivered(id);
    expect(rig.events(id, 'liveUploadDropped')).toEqual([]);
    expect(await decodeErrors(localFile(id))).toBe('');
    expect(rig.store.files.list(id)[0]!.durationMs).toBeGreaterThan(30_500);
  });
});

it('a disk that is full at the end is waited for, and costs none of the early parts', async () => {
  await start();
  const id = await rig.begin();
  await growTo(id, 1);
  await rig.until('sent', () => rig.parts().length >= 4);
  await rig.uploads.stop();
  const full = (): Promise<never> => Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }));
  const sessionOn = (fileSystem: FinalizeFileSystem): LiveSession =>
    new LiveSession(
      {
        ...{ store: rig.store, directoryOf: rig.directoryOf, upload: rig.uploads.stepDeps, fileSystem },
        ...{ maySend: () => false, inTurn: (work) => work(), maxLengthMs: () => 3_600_000, log: silentLogger() },
      },
      id,
    );
  const plan: FinishPlan = {
    segments: [{ path: path.join(rig.directoryOf(id), 'segment-0000.mp4'), startMs: 0 }],
    output: path.join(rig.directoryOf(id), 'finished.mp4'),
    metadata: { title: 'a', comment: 'b', creationTime: '2026-01-02T03:04:05Z' },
    ...{ chapters: [], signal: new AbortController().signal },
  };
  const stuck = sessionOn({ ...nodeFileSystem, rename: full });
  await expect(stuck.finish(plan)).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(stuck.problem).toBeNull();
  expect(await nodeFileSystem.readdir(rig.directoryOf(id))).toEqual(['segment-0000.mp4']);
  const held = openUpload(id)!.parts.length;
  const finished = await sessionOn(nodeFileSystem).finish(plan);
  expect(finished?.sentBytes).toBe((held - 1) * MIB);
});

describe('early parts that no file can use', () => {
  const isSwept = (): boolean => rig.cos.server.orphans().length === 0;

  it('of segments from unlike encoders are given up, and the file is encoded and sent as ever', async () => {
    await start();
    const id = await rig.begin();
    await growTo(id, 0.7);
    await rig.until('sent', () => rig.parts().length >= 2);
    rig.nextSegment(id, 15_000);
    await rig.grow(id, await noisySegment(2, 30, '-bf', '2'), 1);
    await rig.until('given up', () => rig.events(id, 'liveUploadDropped').length === 1);
    expect(rig.events(id, 'liveUploadDropped')).toEqual([{ why: 'segments of different encoders' }]);
    rig.end(id);
    await rig.untilDelivered(id);
    expect(rig.events(id, 'finalized')).toMatchObject([{ repaired: { reencoded: true } }]);
    rig.store.strays.retryAll();
    await rig.until('swept', isSwept);
  });

  it('are given up when the loudness is to be set after all', async () => {
    await start();
    const id = await rig.begin();
    await growTo(id, 0.7);
    await rig.until('sent', () => rig.parts().length >= 2);
    rig.settings.loudness.enabled = true;
    rig.end(id);
    await rig.untilDelivered(id);
    expect(rig.events(id, 'liveUploadDropped')).toEqual([{ why: 'the finished file is another one' }]);
    expect(existsSync(path.join(rig.directoryOf(id), 'mix.live.partial'))).toBe(false);
  });

  it('leave no file behind when the box was killed and the recording goes another way then', async () => {
    await start();
    const id = await rig.begin();
    const left = path.join(rig.directoryOf(id), 'mix.live.partial');
    await growTo(id, 0.7);
    await rig.until('sent', () => rig.parts().length >= 2);
    await rig.uploads.stop();
    await nodeFileSystem.writeFile(left, 'of the killed box');
    rig.settings.loudness.enabled = true;
    rig.end(id);
    await rig.restart();
    await rig.untilDelivered(id);
    expect(existsSync(left)).toBe(false);
  });

  it('of a recording without a file are aborted in COS', async () => {
    await start();
    const id = await rig.begin();
    await growTo(id, 0.7);
    await rig.until('sent', () => rig.parts().length >= 2);
    await rig.uploads.stop();
    await rm(rig.directoryOf(id), { recursive: true });
    await rig.restart();
    rig.end(id);
    await rig.until('failed', () => rig.row(id).state === 'failed');
    expect(openUpload(id)).toBeNull();
    rig.store.strays.retryAll();
    await rig.until('swept', () => isSwept() && rig.store.strays.count() === 0);
  });

  it('of a recording under way are no strays', async () => {
    await start();
    const id = await rig.begin();
    await growTo(id, 0.5);
    await rig.until('sent', () => rig.parts().length >= 2);
    expect(rig.store.strays.count()).toBe(1);
    expect(rig.store.strays.due(Date.now() + 3_600_000, 10)).toEqual([]);
  });
});

describe('a recording is sent when it has ended', () => {
  const cases: { why: string; settings: PartialSettings; mode?: '02' }[] = [
    { why: 'the setting is off', settings: { upload: { live: false } } },
    { why: 'its loudness is set', settings: { loudness: { enabled: true } } },
    { why: 'it has no mix', settings: {}, mode: '02' },
    { why: 'uploads have other hours', settings: { upload: { window: hoursElsewhere() } } },
  ];
  it.each(cases)('when $why', async ({ settings, mode }) => {
    await start(settings);
    const id = await rig.begin(mode ? { mode } : {});
    await growTo(id, 1);
    const { length } = rig.store.events.list({ recordingId: id });
    await rig.until('looked at', () => rig.looks() >= 4);
    expect(rig.store.events.list({ recordingId: id })).toHaveLength(length);
    expect(rig.store.liveUploads.has(id)).toBe(false);
    expect(rig.cos.server.requests).toEqual([]);
  });

  it('and has its index before its media when nothing of it could be sent before', async () => {
    await start();
    await rig.cos.server.setOffline(true);
    const id = await rig.begin();
    await growTo(id, 1);
    await rig.until('begun', () => rig.store.liveUploads.has(id));
    rig.end(id);
    await rig.until('finalized', () => rig.row(id).state === 'uploading');
    expect(rig.events(id, 'liveUploadDropped')).toEqual([{ why: 'nothing had been sent' }]);
    await rig.cos.server.setOffline(false);
    rig.runner.retryAll();
    await rig.untilDelivered(id);
  });
});

/** An hour that is far from now. */
function hoursElsewhere(): { from: string; to: string; timeZone: string } {
  const hour = (new Date().getUTCHours() + 12) % 24;
  const name = (each: number): string => `${String(each % 24).padStart(2, '0')}:00`;
  return { from: name(hour), to: name(hour + 1), timeZone: 'UTC' };
}
