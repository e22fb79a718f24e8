import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createFinalizeRig, type FinalizeRig, pictureSegment, toneSegment } from '../../test/support/finalize-rig.ts';
import { fileName, objectKey } from '../recordings/naming.ts';
import { defaultSettings, withOverrides } from '../settings/settings.ts';
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

  it('leaves out a segment that is gone, as long as another one is there, and tells the gap', async () => {
    const recording = await ended({ timelineMs: 4_000 });
    await rm(path.join(directoryOf(recording.id), 'segment-0001.mp3'));
    expect((await run(recording)).outcome).toEqual({ kind: 'done' });
    expect(Math.abs(store.files.list(recording.id)[0]!.durationMs - 2_000)).toBeLessThan(100);
    expect(store.gaps.list(recording.id)).toMatchObject([
      { atMs: 2_000, durationMs: 2_000, reason: 'segmentLost', cut: false },
    ]);
  });

  it('tells no gap for an empty segment whose time the next process recorded', async () => {
    const segments = [
      { output: 'mix', startMs: 0, content: mp3 },
      { output: 'mix', startMs: 3_000, content: Buffer.alloc(0) },
      { output: 'mix', startMs: 2_000, content: mp3 },
    ] as const;
    const recording = await rig.ended(segments, { timelineMs: 4_000 });
    expect((await run(recording)).outcome).toEqual({ kind: 'done' });
    await expectFinished(recording);
    expect(store.gaps.list(recording.id)).toEqual([]);
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

  it.each<[string, (file: string) => Promise<void>]>([
    ['is gone', (file) => rm(file)],
    ['is shorter than its row says', (file) => truncate(file, 1_000)],
    ['was left half renamed', (file) => rename(file, `${file}.partial`)],
  ])('and a finished file that %s: it is made again while its segments are there', async (_, spoil) => {
    const recording = await ended();
    await run(recording);
    const [file] = store.files.list(recording.id);
    const whole = await readFile(file!.localPath);
    for (const name of ['segment-0000.mp3', 'segment-0001.mp3']) {
      await writeFile(path.join(directoryOf(recording.id), name), mp3);
    }
    await spoil(file!.localPath);
    expect((await run(recording)).outcome).toEqual({ kind: 'done' });
    expect(await readFile(file!.localPath)).toEqual(whole);
    const names = await readdir(directoryOf(recording.id));
    expect(names.sort()).toEqual([path.basename(file!.localPath), `${path.basename(file!.localPath)}.json`]);
    expect(store.events.list({ recordingId: recording.id }).map(({ type }) => type)).toContain('fileDamaged');
  });

  it('and a finished file that is gone with its segments: that is told, nothing is made up', async () => {
    const recording = await ended();
    await run(recording);
    await rm(store.files.list(recording.id)[0]!.localPath);
    expect((await run(recording)).outcome).toMatchObject({ kind: 'failed', code: 'FILE_LOST' });
    expect(store.files.list(recording.id)).toMatchObject([{ state: 'failed', failureCode: 'FILE_LOST', bytes: 0 }]);
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

  it('without ffmpeg is none as long as nothing has to be encoded', async () => {
    const settings = withOverrides(defaultSettings(), { loudness: { enabled: true } });
    const recording = await ended();
    expect((await run(recording, { ffmpegPath: null, settings })).outcome).toEqual({ kind: 'done' });
    await expectFinished(recording);
    const [event] = store.events.list({ recordingId: recording.id }).filter(({ type }) => type === 'finalized');
    expect(event?.data).toMatchObject({ loudness: { kind: 'failed', message: 'no working ffmpeg was found' } });
  });

  it('without ffmpeg is told with a remedy when segments do not fit; what fits is made meanwhile', async () => {
    const [small, large] = await Promise.all([
      pictureSegment('red', '64x48', 440),
      pictureSegment('red', '96x64', 440),
    ]);
    const segments = [
      { output: 'main:a', startMs: 0, content: small! },
      { output: 'main:a', startMs: 2_000, content: large! },
      { output: 'main:b', startMs: 0, content: small! },
    ] as const;
    const recording = await rig.ended(segments, { timelineMs: 4_000 }, { mode: '02' });
    const { outcome } = await run(recording, { ffmpegPath: null });
    expect(outcome).toMatchObject({ kind: 'blocked', code: 'FFMPEG_MISSING', probeAfterMs: 60_000 });
    expect(outcome.kind === 'blocked' && outcome.remedy).toContain('FFMPEG_PATH');
    expect(store.files.list(recording.id).map(({ userId }) => userId)).toEqual(['b']);
    expect(await readdir(directoryOf(recording.id))).toHaveLength(4);
    expect((await run(recording)).outcome).toEqual({ kind: 'done' });
    expect(store.files.list(recording.id).map(({ userId }) => userId)).toEqual(['b', 'a']);
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

  it.each<[string, string, (file: string) => Promise<void>]>([
    ['is in any segment', 'SEGMENTS_UNREADABLE', (file) => writeFile(file, Buffer.alloc(1000))],
    ['is in segments that are empty', 'SEGMENTS_EMPTY', (file) => writeFile(file, '')],
    ['is in segments that are missing', 'SEGMENTS_LOST', (file) => rm(file)],
  ])('%s: told as %s, and nothing is deleted', async (_, code, spoil) => {
    const recording = await ended();
    const names = await readdir(directoryOf(recording.id));
    for (const name of names) await spoil(path.join(directoryOf(recording.id), name));
    const left = await readdir(directoryOf(recording.id));
    const { outcome } = await run(recording);
    expect(outcome).toMatchObject({ kind: 'failed', code, failureKind: 'recording' });
    expect(outcome.kind === 'failed' && outcome.message).toContain('all 2 segments');
    expect(await readdir(directoryOf(recording.id))).toEqual(left);
  });

  it('was written because the encoder never got going: told with its words', async () => {
    const failure = { failureCode: 'CAPTURE_ERROR', failureMessage: 'the encoder ended 3 times without output' };
    const recording = await ended(failure);
    for (const name of await readdir(directoryOf(recording.id))) {
      await writeFile(path.join(directoryOf(recording.id), name), '');
    }
    expect((await run(recording)).outcome).toEqual({
      kind: 'failed',
      code: 'CAPTURE_ERROR',
      message: failure.failureMessage,
      failureKind: 'recording',
    });
  });
});
