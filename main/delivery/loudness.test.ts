import { execFile } from 'node:child_process';
import * as nodeFileSystem from 'node:fs/promises';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { beeps, decodeErrors, ffmpegPath, ffprobePath, flashes, probe } from '../../test/support/flash-and-beep.ts';
import { FFMPEG_BUILDS, openRecorder, until } from '../../test/support/segment-recording.ts';
import { speechBlocks } from '../../test/support/speech.ts';
import { finalizeMedia } from './finalize.ts';
import { type LoudnessOptions, type LoudnessOutcome, normaliseLoudness } from './loudness.ts';
import { gainFilter } from './loudness-ffmpeg.ts';

const run = promisify(execFile);
const metadata = { title: '会议室', comment: 'c', creationTime: '2026-01-02T03:04:05.000Z', recordingId: 'id-1' };
const chapters = [
  { startMs: 0, title: 'Start' },
  { startMs: 2000, title: '张三 entered' },
];
const audio = { aacKbps: 96, mp3Kbps: 64 };

let base: string;
let directory: string;
let cases = 0;
beforeAll(async () => {
  base = await mkdtemp(path.join(os.tmpdir(), 'loudness-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));
beforeEach(async () => {
  cases += 1;
  directory = path.join(base, `${cases}`);
  await nodeFileSystem.mkdir(directory);
});

type Mode = '10' | '11' | '12';
const kindOf = (mode: Mode): 'mp3' | 'mp4' => (mode === '10' ? 'mp3' : 'mp4');

/** A finished file out of segments that begin at the given moments; the last one is where the recording ends. */
async function finished(mode: Mode, momentsMs: number[]): Promise<string> {
  const segments: { path: string; startMs: number }[] = [];
  for (const [index, endMs] of momentsMs.slice(1).entries()) {
    const startMs = momentsMs[index] ?? 0;
    const file = path.join(directory, `segment${index}`);
    const { encoder, feed } = await openRecorder({ file, mode });
    await feed(startMs, endMs);
    expect(await encoder.finish(20_000)).toMatchObject({ clean: true });
    segments.push({ path: file, startMs });
  }
  return finalized(mode, segments);
}

async function finalized(mode: Mode, segments: { path: string; startMs: number }[]): Promise<string> {
  const kind = kindOf(mode);
  const output = path.join(directory, `out.${kind}`);
  const signal = new AbortController().signal;
  const has = { hasVideo: mode !== '10', hasAudio: mode !== '11' };
  const outcome = await finalizeMedia({ segments, output, kind, ...has, ffmpegPath, metadata, chapters, signal });
  expect(outcome.kind).toBe('done');
  await Promise.all(segments.map((segment) => rm(segment.path)));
  return output;
}

/** A finished file of sound with nothing else in it, given as blocks of 20 ms. */
async function soundOf(mode: '10' | '12', blocks: Iterable<Int16Array>): Promise<string> {
  const file = path.join(directory, 'segment');
  const { encoder, feed } = await openRecorder({ file, mode: mode === '12' ? '12' : '10' });
  let block = 0;
  if (mode === '12') await feed(0, 0);
  for (const pcm of blocks) {
    encoder.writeAudio(pcm, block * 20_000_000);
    if (mode === '12' && block % 10 === 0)
      encoder.writePicture(new Uint8Array((192 * 108 * 3) / 2), block * 20_000_000);
    await until(() => encoder.backlogBytes < 200_000);
    block += 1;
  }
  expect(await encoder.finish(20_000)).toMatchObject({ clean: true });
  return finalized(mode, [{ path: file, startMs: 0 }]);
}

function normalise(file: string, more: Partial<LoudnessOptions> = {}): Promise<LoudnessOutcome> {
  const kind = file.endsWith('mp3') ? 'mp3' : 'mp4';
  const signal = new AbortController().signal;
  const options = {
    input: file,
    output: file,
    kind,
    ffmpegPath,
    audio,
    metadata,
    chapters,
    startMs: 0,
    signal,
  } as const;
  return normaliseLoudness({ ...options, ...more });
}

function done(outcome: LoudnessOutcome): Extract<LoudnessOutcome, { kind: 'done' }> {
  if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
  return outcome;
}

/** Loudness by the other implementation that ffmpeg has: not the filter that the product measures with. */
async function measured(file: string): Promise<{ lufs: number; peakDb: number }> {
  const args = ['-hide_banner', '-nostats', '-i', file, '-map', '0:a', '-af', 'loudnorm=print_format=json'];
  const { stderr } = await run(ffmpegPath, [...args, '-f', 'null', '-'], { maxBuffer: 1e7 });
  const told = JSON.parse(stderr.slice(stderr.lastIndexOf('{'), stderr.lastIndexOf('}') + 1));
  return { lufs: Number(told.input_i), peakDb: Number(told.input_tp) };
}

/** Time, length and checksum of every coded picture, as it lies in the file. */
async function codedPictures(file: string): Promise<string> {
  const args = ['-v', 'error', '-copyts', '-i', file, '-map', '0:v', '-c', 'copy', '-f', 'framemd5', '-'];
  return (await run(ffmpegPath, args, { maxBuffer: 1e7 })).stdout;
}

async function chapterTitles(file: string): Promise<string[]> {
  const { stdout } = await run(ffprobePath, ['-v', 'error', '-show_chapters', '-of', 'json', file]);
  return JSON.parse(stdout).chapters.map((chapter: { tags: { title: string } }) => chapter.tags.title);
}

describe.each(FFMPEG_BUILDS)('with %s', (build) => {
  it('pictures stay as they are and in step with the sound, also behind a limiter, a seam and a hole', async () => {
    const file = await finished('12', [0, 3020, 5000, 6000]);
    const before = { pictures: await codedPictures(file), flashes: await flashes(file), beeps: await beeps(file) };
    const duration = (await probe(file)).format.duration;
    const outcome = done(await normalise(file, { ffmpegPath: build, targetLufs: -16, truePeakDb: -4.5 }));
    expect(outcome.limited).toBe(true);
    expect(outcome.gainDb).toBeGreaterThan(1);
    expect(outcome.after.peakDb).toBeLessThanOrEqual(-4.5);
    expect(await codedPictures(file)).toBe(before.pictures);
    expect(await flashes(file)).toEqual(before.flashes);
    const after = await beeps(file);
    expect(after).toHaveLength(before.beeps.length);
    // A louder tone passes the threshold of the test one or two samples earlier.
    for (const [index, second] of after.entries()) {
      expect(Math.abs(second - (before.beeps[index] ?? 0))).toBeLessThan(0.0003);
    }
    const probed = await probe(file);
    expect(probed.format.duration).toBe(duration);
    expect(probed.format.tags).toMatchObject({ title: '会议室', recording_id: 'id-1' });
    expect(await chapterTitles(file)).toEqual(['Start', '张三 entered']);
    expect(await readdir(directory)).toEqual(['out.mp4']);
  });

  it('the limiter moves no sample', async () => {
    const args = ['-v', 'error', '-f', 'lavfi', '-i', `aevalsrc='0.5*eq(mod(n,4800),100)':s=48000:d=0.5`];
    const decode = async (filter: string): Promise<number[]> => {
      const output = ['-af', filter, '-f', 's16le', 'pipe:1'];
      const { stdout } = await run(build, [...args, ...output], { encoding: 'buffer', maxBuffer: 1e7 });
      const pcm = Array.from({ length: stdout.length / 2 }, (_, index) => stdout.readInt16LE(index * 2));
      expect(pcm).toHaveLength(24_000);
      const isPeak = (value: number, at: number): boolean =>
        value > 8000 && value >= Math.max(pcm[at - 1] ?? 0, pcm[at + 1] ?? 0);
      return pcm.flatMap((value, at) => (isPeak(value, at) ? [at] : []));
    };
    const wanted = [100, 4900, 9700, 14_500, 19_300];
    expect(await decode(gainFilter({ gainDb: 0, ceilingDb: null }))).toEqual(wanted);
    expect(await decode(gainFilter({ gainDb: 6, ceilingDb: -6 }))).toEqual(wanted);
  });
});

it.each([
  ['10', 0.05],
  ['12', 0.1],
  ['12', 0.9],
] as const)(
  'talk in mode %s with peaks at %f of full scale comes to −16 LUFS, no peak above −1 dBTP',
  async (mode, peak) => {
    const file = await soundOf(mode, speechBlocks(12, peak));
    const before = await probe(file);
    const told: number[] = [];
    const outcome = done(await normalise(file, { onProgress: (share) => told.push(share) }));
    const { lufs, peakDb } = await measured(file);
    expect(Math.abs(lufs + 16)).toBeLessThan(1);
    expect(peakDb).toBeLessThanOrEqual(-1);
    expect(Math.abs(outcome.after.lufs - lufs)).toBeLessThan(0.5);
    const { format } = await probe(file);
    expect(format.duration).toBe(before.format.duration);
    expect(format.start_time).toBe(before.format.start_time);
    expect(format.tags).toMatchObject({ title: '会议室', recording_id: 'id-1' });
    expect(await chapterTitles(file)).toEqual(['Start', '张三 entered']);
    for (const build of FFMPEG_BUILDS) expect(await decodeErrors(file, build)).toBe('');
    expect(told.at(-1)).toBe(1);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  },
);

it('MP3 keeps its place in time', async () => {
  const file = await finished('10', [0, 3000, 5000]);
  const before = await beeps(file);
  done(await normalise(file, { targetLufs: -16, truePeakDb: -3 }));
  const after = await beeps(file);
  expect(after).toHaveLength(before.length);
  for (const [index, second] of after.entries()) expect(Math.abs(second - (before[index] ?? 0))).toBeLessThan(0.001);
});

describe('the file stays as it is', () => {
  async function untouched(file: string, more: Partial<LoudnessOptions>): Promise<LoudnessOutcome> {
    const before = await readFile(file);
    const outcome = await normalise(file, more);
    expect((await readFile(file)).equals(before)).toBe(true);
    expect((await readdir(directory)).filter((name) => name !== 'ffmpeg')).toEqual([path.basename(file)]);
    return outcome;
  }

  it.each(['10', '12'] as const)('when mode %s is silence', async (mode) => {
    const silence = Array.from({ length: 100 }, () => new Int16Array(960));
    expect(await untouched(await soundOf(mode, silence), {})).toMatchObject({ kind: 'untouched', reason: 'silence' });
  });

  it('when it has no sound, or is right already', async () => {
    expect(await untouched(await finished('11', [0, 1000]), {})).toMatchObject({ reason: 'noSound' });
    const sounding = await finished('12', [0, 3000]);
    const { lufs } = await measured(sounding);
    expect(await untouched(sounding, { targetLufs: lufs })).toMatchObject({ reason: 'alreadyRight' });
  });

  it('when it cannot be done', async () => {
    const file = await finished('12', [0, 2000]);
    const controller = new AbortController();
    const aborting = { signal: controller.signal, onProgress: () => controller.abort(), targetLufs: -12 };
    expect(await untouched(file, aborting)).toMatchObject({ kind: 'retry', code: 'ABORTED' });
    const nowhere = path.join(directory, 'nowhere');
    expect(await untouched(file, { ffmpegPath: nowhere })).toMatchObject({ kind: 'retry', code: 'ENOENT' });
    const rename = async (): Promise<never> => {
      throw Object.assign(new Error('EBUSY: injected'), { code: 'EBUSY' });
    };
    const fileSystem = { ...nodeFileSystem, rename };
    expect(await untouched(file, { fileSystem, targetLufs: -12 })).toMatchObject({ kind: 'retry', code: 'EBUSY' });
    const broken = path.join(directory, 'broken.mp4');
    await copyFile(file, broken);
    await nodeFileSystem.truncate(broken, 100);
    await rm(file);
    expect(await untouched(broken, {})).toMatchObject({ kind: 'failed', code: 'LOUDNESS_FAILED' });
  });

  it.skipIf(process.platform === 'win32')('when ffmpeg fails', async () => {
    const file = await finished('12', [0, 1000]);
    const ffmpeg = path.join(directory, 'ffmpeg');
    for (const [complaint, outcome] of [
      [
        'Unknown filter',
        { kind: 'failed', code: 'LOUDNESS_FAILED', message: expect.stringContaining('Unknown filter') },
      ],
      ['out: No space left on device', { kind: 'retry', code: 'ENOSPC' }],
    ] as const) {
      await writeFile(ffmpeg, `#!/bin/sh\necho "${complaint}" >&2\nexit 1\n`, { mode: 0o755 });
      expect(await untouched(file, { ffmpegPath: ffmpeg })).toMatchObject(outcome);
    }
  });
});
