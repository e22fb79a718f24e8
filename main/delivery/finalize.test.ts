import { execFile } from 'node:child_process';
import * as nodeFileSystem from 'node:fs/promises';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  beeps,
  decodeErrors,
  ffmpegPath,
  flashes,
  lumaOfTick,
  lumas,
  probe,
  soundFrames,
} from '../../test/support/flash-and-beep.ts';
import { FFMPEG_BUILDS, openRecorder, SMALL_VIDEO } from '../../test/support/segment-recording.ts';
import { FRAGMENTED_MP4 } from '../capture/encode/ffmpeg-args.ts';
import { timelineEnd } from '../capture/encode/timeline-end.ts';
import { type FinalizeFileSystem, type FinalizeOptions, type FinalizeOutcome, finalizeMedia } from './finalize.ts';

const run = promisify(execFile);
let base: string;
let directory: string;
let cases = 0;

beforeAll(async () => {
  base = await mkdtemp(path.join(os.tmpdir(), 'finalize-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));
beforeEach(async () => {
  cases += 1;
  directory = path.join(base, `${cases}`);
  await nodeFileSystem.mkdir(directory);
});

interface Recorded {
  path: string;
  startMs: number;
}

async function record(
  name: string,
  fromMs: number,
  toMs: number,
  options: { mode?: '10' | '11' | '12'; ffmpeg?: string; width?: number } = {},
): Promise<Recorded> {
  const { mode = '12', ffmpeg = ffmpegPath, width = SMALL_VIDEO.width } = options;
  const file = path.join(directory, name);
  const { encoder, feed } = await openRecorder({ file, mode, ffmpeg, video: { ...SMALL_VIDEO, width } });
  await feed(fromMs, toMs);
  expect(await encoder.finish(20_000)).toMatchObject({ clean: true });
  return { path: file, startMs: fromMs };
}

async function tear(segment: Recorded, share: number): Promise<void> {
  await truncate(segment.path, Math.floor((await stat(segment.path)).size * share));
}

function finalize(segments: Recorded[], more: Partial<FinalizeOptions> = {}): Promise<FinalizeOutcome> {
  const kind = more.kind ?? 'mp4';
  return finalizeMedia({
    segments,
    output: path.join(directory, `out.${kind}`),
    kind,
    hasVideo: true,
    hasAudio: true,
    ffmpegPath,
    metadata: { title: 'Room 5 “ä”', comment: 'a comment', creationTime: '2026-01-02T03:04:05.000Z' },
    signal: new AbortController().signal,
    ...more,
  });
}

function done(outcome: FinalizeOutcome): Extract<FinalizeOutcome, { kind: 'done' }> {
  if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
  return outcome;
}

async function expectInStep(file: string, seconds: number, toleranceSeconds = 0.001): Promise<void> {
  const wanted = Array.from({ length: seconds }, (_, second) => second);
  const flashed = await flashes(file);
  expect(flashed).toHaveLength(seconds);
  const beeped = await beeps(file);
  expect(beeped).toHaveLength(seconds);
  for (const second of wanted) {
    expect(Math.abs((flashed[second] ?? 0) - second)).toBeLessThan(toleranceSeconds);
    expect(Math.abs((beeped[second] ?? 0) - second)).toBeLessThan(toleranceSeconds);
  }
  for (const build of FFMPEG_BUILDS) expect(await decodeErrors(file, build)).toBe('');
}

describe.each(FFMPEG_BUILDS)('segments made by %s', (ffmpeg) => {
  it('torn in the middle and continued become one file in step', async () => {
    const first = await record('a', 0, 5000, { ffmpeg });
    await tear(first, 0.7);
    const endMs = await timelineEnd(first.path, 'mp4');
    expect(endMs).toBeGreaterThan(1500);
    const second = await record('b', Math.ceil(endMs / 200) * 200, 8000, { ffmpeg });
    const outcome = done(await finalize([first, second], { ffmpegPath: ffmpeg }));
    const output = path.join(directory, 'out.mp4');
    expect(outcome).toMatchObject({
      bytes: (await stat(output)).size,
      startMs: 0,
      repaired: { tornSegments: ['a'], omittedSegments: [], reencoded: false },
    });
    expect(Math.abs(outcome.durationMs - 8000)).toBeLessThan(50);
    await expectInStep(output, 8);
    const { format, streams } = await probe(output);
    expect(Math.abs(Number(format.duration) - 8)).toBeLessThan(0.05);
    expect(format.tags).toMatchObject({
      title: 'Room 5 “ä”',
      comment: 'a comment',
      creation_time: '2026-01-02T03:04:05.000000Z',
    });
    expect(streams[0]).toMatchObject({
      start_time: '0.000000',
      nb_frames: `${outcome.videoPictures}`,
      color_space: 'smpte170m',
    });
    expect(await readdir(directory)).toEqual(expect.not.arrayContaining(['out.mp4.partial']));
  });
});

it('a single clean segment keeps every picture', async () => {
  const outcome = done(await finalize([await record('a', 0, 3000)]));
  expect(outcome).toMatchObject({ videoPictures: 45, durationMs: 3000 });
  expect(outcome.repaired).toEqual({
    omittedSegments: [],
    tornSegments: [],
    droppedSamples: 0,
    filledAudioMs: 0,
    reencoded: false,
  });
  const pictures = await lumas(path.join(directory, 'out.mp4'));
  for (const [tick, { seconds, luma }] of pictures.entries()) {
    expect(seconds).toBeCloseTo(tick / 15, 5);
    expect(Math.abs(luma - lumaOfTick(SMALL_VIDEO, tick))).toBeLessThan(3);
  }
});

it('a hole is held picture and real silence', async () => {
  const segments = [await record('a', 0, 2000), await record('b', 5000, 7000)];
  const outcome = done(await finalize(segments));
  const output = path.join(directory, 'out.mp4');
  expect(outcome.durationMs).toBe(7000);
  expect(outcome.repaired.filledAudioMs).toBeGreaterThan(2900);
  expect((await flashes(output)).map((second) => Math.round(second * 1000))).toEqual([0, 1000, 5000, 6000]);
  expect((await beeps(output)).map((second) => Math.round(second * 1000))).toEqual([0, 1000, 5000, 6000]);
  const frames = await soundFrames(output);
  const samples = frames.reduce((sum, frame) => sum + frame.pcm.length, 0);
  expect(Math.abs(samples / 48_000 - 7)).toBeLessThan(0.03);
  const within = frames.filter(({ seconds }) => seconds > 2.05 && seconds < 4.95);
  expect(within.length).toBeGreaterThan(130);
  expect(within.every(({ pcm }) => pcm.every((sample) => sample === 0))).toBe(true);
  for (const build of FFMPEG_BUILDS) expect(await decodeErrors(output, build)).toBe('');
});

it('where segments overlap the later one wins', async () => {
  const outcome = done(await finalize([await record('b', 2000, 5000), await record('a', 0, 3400)]));
  expect(outcome).toMatchObject({ durationMs: 5000, videoPictures: 75 });
  expect(outcome.repaired.droppedSamples).toBeGreaterThan(21 + 65);
  await expectInStep(path.join(directory, 'out.mp4'), 5);
});

it('a recording whose beginning was lost begins with what there is', async () => {
  await writeFile(path.join(directory, 'empty'), '');
  await writeFile(path.join(directory, 'garbage'), Buffer.alloc(5000, 7));
  const lost = ['empty', 'garbage', 'missing'].map((name, at) => ({ path: path.join(directory, name), startMs: at }));
  const outcome = done(await finalize([...lost, await record('d', 3000, 5000)]));
  expect(outcome).toMatchObject({ durationMs: 2000, startMs: 3000 });
  expect(outcome.repaired.omittedSegments).toEqual(['empty', 'garbage', 'missing']);
  await expectInStep(path.join(directory, 'out.mp4'), 2);
});

it('segments of an encoder that reorders pictures fit as well', async () => {
  const segments: Recorded[] = [];
  for (const [index, startMs] of [0, 2000, 4000].entries()) {
    const { path: plain } = await record(`plain-${index}`, startMs, startMs + 2000);
    const file = path.join(directory, `reordered-${index}`);
    const coders = ['-c:v', 'libx264', '-bf', '3', '-c:a', 'aac', '-ac', '1', ...FRAGMENTED_MP4];
    await run(ffmpegPath, ['-v', 'error', '-copyts', '-i', plain, ...coders, file]);
    segments.push({ path: file, startMs });
  }
  expect(done(await finalize(segments))).toMatchObject({ videoPictures: 90, repaired: { reencoded: false } });
  await expectInStep(path.join(directory, 'out.mp4'), 6);
});

it.each(FFMPEG_BUILDS)('segments that do not fit each other are encoded anew by %s', async (ffmpeg) => {
  const segments = [await record('a', 0, 2000), await record('b', 2000, 4000, { width: 256 })];
  const before = await Promise.all(segments.map((segment) => readFile(segment.path)));
  const outcome = done(await finalize(segments, { ffmpegPath: ffmpeg }));
  expect(outcome).toMatchObject({ videoPictures: 60, repaired: { reencoded: true } });
  const output = path.join(directory, 'out.mp4');
  expect((await probe(output)).streams[0]).toMatchObject({ width: 192, height: 108 });
  await expectInStep(output, 4, 0.002);
  expect(await Promise.all(segments.map((segment) => readFile(segment.path)))).toEqual(before);
  expect((await readdir(directory)).toSorted()).toEqual(['a', 'b', 'out.mp4']);
});

it('a segment that ended before its first picture does not cost the others anything', async () => {
  const stub = { path: path.join(directory, 'stub'), startMs: 0 };
  const { encoder } = await openRecorder({ file: stub.path, mode: '12' });
  encoder.writeAudio(new Int16Array(960), 0);
  await encoder.finish(20_000);
  expect((await stat(stub.path)).size).toBeGreaterThan(0);
  const outcome = done(await finalize([stub, await record('a', 0, 2000)]));
  expect(outcome).toMatchObject({ videoPictures: 30, repaired: { omittedSegments: ['stub'], reencoded: false } });
  await expectInStep(path.join(directory, 'out.mp4'), 2);
});

it.skipIf(process.platform === 'win32')(
  'an ffmpeg that cannot encode anew is a failure, unless it may work later (a shell script, so not on Windows)',
  async () => {
    const segments = [await record('a', 0, 1000), await record('b', 1000, 2000, { width: 256 })];
    const script =
      'case "$2" in -version | -encoders) echo "ffmpeg version 1" ;; *) echo "$COMPLAINT" >&2; exit 1 ;; esac';
    const ffmpeg = path.join(directory, 'ffmpeg');
    for (const [complaint, outcome] of [
      [
        'Unknown encoder',
        { kind: 'failed', code: 'TRANSCODE_FAILED', message: expect.stringContaining('Unknown encoder') },
      ],
      ['out: No space left on device', { kind: 'retry', code: 'ENOSPC' }],
    ] as const) {
      await writeFile(ffmpeg, `#!/bin/sh\n${script.replace('$COMPLAINT', complaint)}\n`, { mode: 0o755 });
      expect(await finalize(segments, { ffmpegPath: ffmpeg })).toMatchObject(outcome);
    }
    const nowhere = path.join(directory, 'nowhere');
    expect(await finalize(segments, { ffmpegPath: nowhere })).toMatchObject({ kind: 'retry', code: 'ENOENT' });
    expect((await readdir(directory)).toSorted()).toEqual(['a', 'b', 'ffmpeg']);
  },
);

it('pictures alone', async () => {
  const first = await record('a', 0, 3000, { mode: '11' });
  await tear(first, 0.85);
  const second = await record('b', 2000, 4000, { mode: '11' });
  const outcome = done(await finalize([first, second], { hasAudio: false }));
  expect(outcome).toMatchObject({ durationMs: 4000, startMs: 0, repaired: { tornSegments: ['a'] } });
  const output = path.join(directory, 'out.mp4');
  expect((await probe(output)).streams).toHaveLength(1);
  for (const second of [2, 3]) expect(await flashes(output)).toContain(second);
});

describe('MP3', () => {
  it('torn, overlapping and with a hole becomes one file of the right length', async () => {
    const first = await record('a', 0, 4000, { mode: '10' });
    await tear(first, 0.9);
    const rest = [await record('b', 3000, 5000, { mode: '10' }), await record('c', 7000, 9000, { mode: '10' })];
    const outcome = done(await finalize([first, ...rest], { kind: 'mp3', hasVideo: false }));
    const output = path.join(directory, 'out.mp3');
    expect(outcome).toMatchObject({ bytes: (await stat(output)).size, videoPictures: 0 });
    expect(Math.abs(outcome.durationMs - 9000)).toBeLessThan(50);
    const { format } = await probe(output);
    expect(Math.abs(Number(format.duration) - 9)).toBeLessThan(0.05);
    expect(format.tags).toMatchObject({ title: 'Room 5 “ä”', comment: 'a comment' });
    for (const build of FFMPEG_BUILDS) {
      expect(await decodeErrors(output, build)).toBe('');
      const heard = (await beeps(output, build)).map((second) => second - Number(format.start_time));
      const wanted = [0, 1, 2, 3, 4, 7, 8];
      expect(heard).toHaveLength(wanted.length);
      // A frame of 24 ms is the finest step at which segments can be put together.
      for (const [index, second] of wanted.entries())
        expect(Math.abs((heard[index] ?? 0) - second)).toBeLessThan(0.013);
    }
  });
});

describe('when it cannot be done', () => {
  let segment: Recorded;
  beforeEach(async () => {
    segment = await record('a', 0, 1000);
    await writeFile(path.join(directory, 'out.mp4'), 'an earlier file');
  });

  const unchanged = async (): Promise<void> => {
    expect((await readdir(directory)).toSorted()).toEqual(['a', 'out.mp4']);
    expect(await readFile(path.join(directory, 'out.mp4'), 'utf8')).toBe('an earlier file');
  };

  /** The real file system whose files made for writing fail in one way. */
  function failing(step: 'write' | 'sync' | 'rename' | 'open', code: string): FinalizeFileSystem {
    const fail = async (): Promise<never> => {
      throw Object.assign(new Error(`${code}: injected`), { code });
    };
    return {
      ...nodeFileSystem,
      rename: step === 'rename' ? fail : nodeFileSystem.rename,
      open: async (file, flags) => {
        if (step === 'open' && flags === 'w+') return fail();
        const handle = await nodeFileSystem.open(file, flags);
        if (flags === 'w+' && (step === 'write' || step === 'sync')) Object.assign(handle, { [step]: fail });
        return handle;
      },
    };
  }

  it.each([
    ['open', 'EACCES'],
    ['write', 'ENOSPC'],
    ['sync', 'EIO'],
    ['rename', 'EBUSY'],
  ] as const)('because %s fails, it may be tried again', async (step, code) => {
    const outcome = await finalize([segment], { fileSystem: failing(step, code) });
    expect(outcome).toMatchObject({ kind: 'retry', code });
    await unchanged();
  });

  it('because a segment cannot be read, it may be tried again', async () => {
    const fileSystem: FinalizeFileSystem = {
      ...nodeFileSystem,
      open: async (file, flags) => {
        const handle = await nodeFileSystem.open(file, flags);
        if (flags === 'r') {
          Object.assign(handle, { read: () => Promise.reject(Object.assign(new Error('bad disk'), { code: 'EIO' })) });
        }
        return handle;
      },
    };
    expect(await finalize([segment], { fileSystem })).toMatchObject({ kind: 'retry', code: 'EIO' });
    await unchanged();
  });

  it('because it was interrupted, it may be tried again', async () => {
    const controller = new AbortController();
    const outcome = await finalize([segment], { signal: controller.signal, onProgress: () => controller.abort() });
    expect(outcome).toMatchObject({ kind: 'retry', code: 'ABORTED' });
    await unchanged();
    expect(done(await finalize([segment])).durationMs).toBe(1000);
  });

  it('because nothing was recorded, it is a failure', async () => {
    await writeFile(segment.path, '');
    expect(await finalize([segment])).toMatchObject({ kind: 'failed', code: 'NO_MEDIA' });
    expect(await finalize([], { kind: 'mp3' })).toMatchObject({ kind: 'failed', code: 'NO_MEDIA' });
    await unchanged();
  });
});

it('tells how far it is', async () => {
  const told: [number, number][] = [];
  const outcome = done(
    await finalize([await record('a', 0, 1000)], { onProgress: (doneBytes, total) => told.push([doneBytes, total]) }),
  );
  expect(told.at(-1)).toEqual([outcome.bytes, outcome.bytes]);
  expect(told.every(([doneBytes, total], index) => doneBytes > (told[index - 1]?.[0] ?? 0) && doneBytes <= total)).toBe(
    true,
  );
});
