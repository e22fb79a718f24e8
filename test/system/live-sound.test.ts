import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BUCKET, MIB } from '../support/cos-rig.ts';
import { decodeErrors, ffprobePath } from '../support/flash-and-beep.ts';
import { type LiveRig, startLiveRig } from '../support/live-rig.ts';
import { soundSegment } from '../support/sound-segment.ts';

const KILOBITS_PER_SECOND = 320;
const TURN_SECONDS = 20;
const TURNS = 8;
const TURN_MS = TURN_SECONDS * 1000;
const PIECE_BYTES = 600_000;

let segment: Buffer;
let rig: LiveRig;

beforeAll(async () => {
  const turn = await soundSegment(TURN_SECONDS, KILOBITS_PER_SECOND);
  segment = Buffer.concat(Array.from({ length: TURNS }, () => turn));
});
beforeEach(async () => {
  rig = await startLiveRig();
});
afterEach(() => rig.close());

/** Lets the segment grow to a share of its length, from another one. */
async function growTo(id: string, share: number, from = 0): Promise<void> {
  const end = Math.floor(segment.length * share);
  for (let at = Math.floor(segment.length * from); at < end; at += PIECE_BYTES) {
    await rig.grow(id, segment.subarray(at, Math.min(end, at + PIECE_BYTES)));
  }
}

const openUpload = (id: string) => rig.store.uploadJournal(id, 0).load();
/** All parts that are full have been sent, and the box knows that they have. */
const untilSent = (id: string, parts: number): Promise<void> =>
  rig.until('sent', () => openUpload(id)?.parts.length === parts);
const timesSent = (number: number): number => rig.parts().filter((each) => each === number).length;

/** Its duration is what the box says, by the file's own information and by its packets. */
async function expectPlayable(id: string): Promise<void> {
  const { localPath, durationMs } = rig.store.files.list(id)[0]!;
  const entries = ['-count_packets', '-show_entries', 'format=duration:stream=nb_read_packets,sample_rate'];
  const { stdout } = await promisify(execFile)(ffprobePath, ['-v', 'error', ...entries, '-of', 'json', localPath]);
  const { format, streams } = JSON.parse(stdout);
  expect(Math.abs(Number(format.duration) * 1000 - durationMs)).toBeLessThan(60);
  expect(Math.abs((Number(streams[0].nb_read_packets) * 1152_000) / 48_000 - durationMs)).toBeLessThan(60);
  expect(await decodeErrors(localPath)).toBe('');
}

it('sound alone is completed with what is missing, and its file is the object', async () => {
  const id = await rig.begin({ mode: '10' });
  await growTo(id, 0.8);
  await untilSent(id, 4);
  expect(rig.row(id).state).toBe('recording');
  await growTo(id, 1, 0.8);
  await untilSent(id, 5);
  const before = rig.parts();
  rig.end(id);
  await rig.untilDelivered(id);
  const after = rig.parts().slice(before.length);
  // Tag and information lie in the first part.
  expect(after.filter((number) => before.includes(number))).toEqual([1]);
  expect(rig.events(id, 'liveUploadDropped')).toEqual([]);
  expect(rig.events(id, 'finalized')[0]?.sentBytes).toBe((before.length - 1) * MIB);
  expect(rig.store.files.list(id)[0]!.durationMs).toBeGreaterThan(TURNS * TURN_MS);
  expect(rig.cos.count('initMultipart')).toBe(1);
  await expectPlayable(id);
  expect(rig.store.strays.count()).toBe(0);
  expect(rig.cos.server.orphans()).toEqual([]);
});

it('sound alone goes on after a restart, in a further segment and without a line, and nothing is sent twice', async () => {
  const id = await rig.begin({ mode: '10' });
  await growTo(id, 0.6);
  await untilSent(id, 3);
  await rig.restart();
  // The process that made it was killed within a frame; the next one begins before the end of what was read of it.
  await rig.grow(id, segment.subarray(0, 100));
  rig.nextSegment(id, Math.round(TURNS * TURN_MS * 0.6 - 3000));
  await rig.grow(id, segment, 1);
  await untilSent(id, 9);
  const before = rig.parts();
  await rig.cos.server.setOffline(true);
  rig.end(id);
  await rig.until('waiting', () => rig.row(id).state === 'uploading' && rig.row(id).lastError !== null);
  await rig.cos.server.setOffline(false);
  rig.runner.retryAll();
  await rig.untilDelivered(id);
  for (const number of before.slice(1)) expect(timesSent(number)).toBe(1);
  expect(rig.events(id, 'liveUploadDropped')).toEqual([]);
  const { durationMs } = rig.store.files.list(id)[0]!;
  expect(Math.abs(durationMs - (TURNS * TURN_MS * 1.6 - 3000))).toBeLessThan(400);
  await expectPlayable(id);
});

it('sound alone of which only the first part was sent is sent whole, in the same upload', async () => {
  const id = await rig.begin({ mode: '10' });
  await growTo(id, 0.25);
  await untilSent(id, 1);
  rig.end(id);
  await rig.untilDelivered(id);
  expect(rig.parts().toSorted()).toEqual([1, 1, 2]);
  expect(rig.events(id, 'finalized')[0]?.sentBytes).toBe(0);
  expect(rig.cos.count('initMultipart')).toBe(1);
  const { objectKey } = rig.store.files.list(id)[0]!;
  const sidecar = `${rig.cos.directory}/cos/headers/${BUCKET}/${encodeURIComponent(objectKey)}.json`;
  expect(JSON.parse(await readFile(sidecar, 'utf8')).headers['content-type']).toBe('audio/mpeg');
});

describe('early parts of sound alone that no file can use', () => {
  const expectOrdinary = async (id: string, why: string): Promise<void> => {
    expect(rig.events(id, 'liveUploadDropped')).toEqual([{ why }]);
    expect(rig.events(id, 'finalized')[0]).not.toHaveProperty('sentBytes');
    await expectPlayable(id);
    rig.store.strays.retryAll();
    await rig.until('swept', () => rig.cos.server.orphans().length === 0);
  };

  it('are given up when a segment begins long before the end of the one before', async () => {
    const id = await rig.begin({ mode: '10' });
    await growTo(id, 0.7);
    await untilSent(id, 3);
    rig.nextSegment(id, TURN_MS);
    await rig.grow(id, segment, 1);
    await rig.until('given up', () => rig.events(id, 'liveUploadDropped').length === 1);
    rig.end(id);
    await rig.untilDelivered(id);
    const { durationMs } = rig.store.files.list(id)[0]!;
    expect(Math.abs(durationMs - (TURNS + 1) * TURN_MS)).toBeLessThan(400);
    await expectOrdinary(id, 'a segment begins before the end of what is in the file');
  });

  it('are given up when the loudness is to be set after all', async () => {
    const id = await rig.begin({ mode: '10' });
    await growTo(id, 0.7);
    await untilSent(id, 3);
    rig.settings.loudness.enabled = true;
    rig.end(id);
    await rig.untilDelivered(id);
    await expectOrdinary(id, 'the finished file is another one');
  });

  it('are begun anew when COS has lost the upload', async () => {
    const id = await rig.begin({ mode: '10' });
    await growTo(id, 0.6);
    await untilSent(id, 3);
    const lost = openUpload(id)!.uploadId;
    rig.cos.server.faults.add({ kind: 'forgetUpload', match: { operation: 'uploadPart' } });
    await growTo(id, 1, 0.6);
    await rig.until('begun anew', () => ![undefined, lost].includes(openUpload(id)?.uploadId));
    await rig.until('sent', () => (openUpload(id)?.parts.length ?? 0) >= 3);
    rig.end(id);
    await rig.untilDelivered(id);
    expect(rig.events(id, 'liveUploadDropped')).toEqual([]);
    await rig.until('swept', () => rig.cos.server.orphans().length === 0);
  });
});
