import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFinalizeRig, type FinalizeRig, toneSegment } from '../../test/support/finalize-rig.ts';
import { fileName, objectKey } from '../recordings/naming.ts';
import type { RecordingPatch, RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { hashFile } from './hash-file.ts';

let rig: FinalizeRig;
let store: Store;
let mp3: Buffer;

beforeAll(async () => {
  mp3 = await toneSegment(440);
});
beforeEach(() => {
  rig = createFinalizeRig();
  store = rig.store;
});
afterEach(() => rig.close());

const directoryOf = (id: string): string => rig.directoryOf(id);
const run: FinalizeRig['run'] = (recording, options) => rig.run(recording, options);

/** A recording with two segments of two seconds each that has ended. */
async function ended(patch: RecordingPatch = {}): Promise<RecordingRow> {
  const segments = [0, 2_000].map((startMs) => ({ output: 'mix', startMs, content: mp3 }) as const);
  return await rig.ended(segments, patch);
}

async function expectFinished(recording: RecordingRow): Promise<void> {
  const output = path.join(directoryOf(recording.id), fileName(recording));
  const manifest = `${path.basename(output)}.json`;
  expect((await readdir(directoryOf(recording.id))).sort()).toEqual([path.basename(output), manifest]);
  const { size } = await stat(output);
  const key = objectKey(recording);
  const [file, ...more] = store.files.list(recording.id);
  expect(more).toEqual([]);
  expect(file).toMatchObject({
    userId: recording.userId,
    localPath: output,
    bytes: size,
    objectKey: key,
    url: `https://test-123456789.cos.ap-shanghai.myqcloud.com/${key}`,
    state: 'local',
    uploadedBytes: 0,
    stream: 'mix',
    startOffsetMs: 0,
  });
  const { sha256, crc64 } = await hashFile(output);
  expect(file).toMatchObject({ sha256, crc64 });
  const written = JSON.parse(await readFile(path.join(directoryOf(recording.id), manifest), 'utf8'));
  expect(written).toMatchObject({
    recordingId: recording.id,
    boxId: store.boxId,
    recorderVersion: '9.8.7',
    files: [{ name: path.basename(output), stream: 'mix', sha256, crc64, bytes: size }],
  });
  expect(store.files.manifest(recording.id)).toBeUndefined();
  expect(Math.abs(file!.durationMs - 4_000)).toBeLessThan(100);
}

describe('finalizing', () => {
  it('makes one file of the segments, then the row about it, then removes the segments', async () => {
    const recording = await ended();
    const { outcome, progress } = await run(recording);
    expect(outcome).toEqual({ kind: 'done' });
    await expectFinished(recording);
    expect(path.basename(fileName(recording))).toMatch(/^1400000000_43474_user_55952145_20260102T030405Z_.{8}\.mp3$/);
    const last = progress.at(-1);
    expect(last?.doneBytes).toBe(last?.totalBytes);
    expect(store.events.list({ recordingId: recording.id }).filter(({ type }) => type === 'finalized')).toHaveLength(1);
  });

  it('leaves out a segment that is gone, as long as another one is there', async () => {
    const recording = await ended();
    await rm(path.join(directoryOf(recording.id), 'segment-0001.mp3'));
    expect((await run(recording)).outcome).toEqual({ kind: 'done' });
    expect(Math.abs(store.files.list(recording.id)[0]!.durationMs - 2_000)).toBeLessThan(100);
  });
});

describe('a box that dies', () => {
  it('between the file and its row makes the file again', async () => {
    const recording = await ended();
    const dying: Store = {
      ...store,
      transaction: () => {
        throw new Error('power cut');
      },
    };
    await expect(run(recording, { store: dying })).rejects.toThrow('power cut');
    expect(await readdir(directoryOf(recording.id))).toHaveLength(3);
    expect(store.files.list(recording.id)).toEqual([]);
    expect((await run(recording)).outcome).toEqual({ kind: 'done' });
    await expectFinished(recording);
  });

  it('between the row and the removal only removes: the file stays as it is', async () => {
    const recording = await ended();
    await run(recording);
    const output = path.join(directoryOf(recording.id), fileName(recording));
    const before = await stat(output, { bigint: true });
    for (const name of ['segment-0000.mp3', 'segment-0001.mp3']) {
      await writeFile(path.join(directoryOf(recording.id), name), mp3);
    }
    expect((await run(recording)).outcome).toEqual({ kind: 'done' });
    const after = await stat(output, { bigint: true });
    expect([after.ino, after.mtimeNs]).toEqual([before.ino, before.mtimeNs]);
    await expectFinished(recording);
  });

  it('in the middle of writing leaves no half file behind that would be taken for the whole one', async () => {
    const recording = await ended();
    const abort = new AbortController();
    const { outcome } = await run(recording, { signal: abort.signal, onReport: () => abort.abort() });
    expect(outcome).toMatchObject({ kind: 'retryAt', code: 'ABORTED' });
    expect(await readdir(directoryOf(recording.id))).toEqual(['segment-0000.mp3', 'segment-0001.mp3']);
    await run(recording);
    await expectFinished(recording);
  });
});

describe('trouble', () => {
  it('of the disk is tried again, with nothing lost', async () => {
    const recording = await ended();
    const output = path.join(directoryOf(recording.id), fileName(recording));
    await mkdir(output);
    await writeFile(path.join(output, 'in-the-way'), '');
    const { outcome } = await run(recording);
    expect(outcome).toMatchObject({ kind: 'retryAt', code: expect.stringMatching(/EISDIR|ENOTEMPTY|EEXIST|EPERM/) });
    expect(existsSync(path.join(directoryOf(recording.id), 'segment-0001.mp3'))).toBe(true);
    await rm(output, { recursive: true });
    await run(recording);
    await expectFinished(recording);
  });

  it('with removing a segment does not keep the file from its caller', async () => {
    const recording = await ended();
    await run(recording);
    const stubborn = path.join(directoryOf(recording.id), 'segment-0000.mp3');
    await mkdir(stubborn);
    await writeFile(path.join(stubborn, 'held'), '');
    expect((await run(recording)).outcome).toEqual({ kind: 'done' });
    const left = store.events.list({ recordingId: recording.id }).filter(({ type }) => type === 'segmentsLeft');
    expect(left.map(({ data }) => data)).toEqual([{ segments: 1 }]);
  });

  it('without ffmpeg is told with a remedy and looked at again', async () => {
    const { outcome } = await run(await ended(), { ffmpegPath: null });
    expect(outcome).toMatchObject({ kind: 'blocked', code: 'FFMPEG_MISSING', probeAfterMs: 60_000 });
    expect(outcome.kind === 'blocked' && outcome.remedy).toContain('FFMPEG_PATH');
  });
});

describe('no media', () => {
  it.each([
    [{}, 'NO_MEDIA', /no picture and no sound until the end \(dissolved\)/],
    [{ failureCode: 'CAPTURE_DIED', failureMessage: 'it died' }, 'CAPTURE_DIED', /^it died$/],
  ])('ever came: %j is a failed recording whose segments stay', async (patch, code, message) => {
    const recording = await ended({ firstMediaAtMs: null, ...patch });
    const { outcome } = await run(recording);
    expect(outcome).toEqual({
      kind: 'failed',
      code,
      message: expect.stringMatching(message),
      failureKind: 'recording',
    });
    expect(await readdir(directoryOf(recording.id))).toHaveLength(2);
  });

  it('is in any segment: a failed transcoding', async () => {
    const recording = await ended();
    for (const name of await readdir(directoryOf(recording.id))) {
      await writeFile(path.join(directoryOf(recording.id), name), Buffer.alloc(1000));
    }
    expect((await run(recording)).outcome).toMatchObject({
      kind: 'failed',
      code: 'NO_MEDIA',
      failureKind: 'transcoding',
    });
  });
});
