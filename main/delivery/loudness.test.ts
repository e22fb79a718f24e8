import { execFile } from 'node:child_process';
import * as nodeFileSystem from 'node:fs/promises';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  decodeErrors,
  ffmpegPath,
  ffprobePath,
  flashes,
  probe,
  SAMPLE_RATE,
  soundFrames,
} from '../../test/support/flash-and-beep.ts';
import { FFMPEG_BUILDS, openRecorder, until } from '../../test/support/segment-recording.ts';
import { speechBlocks } from '../../test/support/speech.ts';
import { finalizeMedia } from './finalize.ts';
import { type LoudnessOptions, type LoudnessOutcome, normaliseLoudness } from './loudness.ts';
import { gainFilter } from './loudness-ffmpeg.ts';

const run = promisify(execFile);
const metadata = { title: '会议室', comment: 'c', creationTime: '2026-01-02T03:04:05.000Z', recordingId: 'id-1' };
const chapters = [
  { startMs: 0, title: 'Start' },
  { startMs: 700, title: '张三 entered' },
];
/** Players skip it, `soundFrames` shows it. */
const DECODER_DELAY_SECONDS = 0.023;
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
    const write = encoder.writeAudio.bind(encoder);
    encoder.writeAudio = (pcm, ns) => write(sharpened(pcm, startMs + ns / 1e6), ns);
    await feed(startMs, endMs);
    expect(await encoder.finish(20_000)).toMatchObject({ clean: true });
    segments.push({ path: file, startMs });
  }
  return finalized(mode, segments);
}

/** A softer beep with a loud edge: only a limiter makes it much louder. `atMs` is where on the timeline the block is. */
function sharpened(pcm: Int16Array, atMs: number): Int16Array {
  const EDGE_SAMPLES = 48;
  const isFirst = atMs % 1000 === 0;
  return pcm.map((value, index) => Math.round(value * (isFirst && index < EDGE_SAMPLES ? 1.5 : 0.5)));
}

/** All of a file's sound, each sample at its presentation time. */
async function wave(file: string): Promise<Float64Array> {
  const frames = await soundFrames(file);
  const endSeconds = Math.max(...frames.map(({ seconds, pcm }) => seconds + pcm.length / SAMPLE_RATE));
  const samples = new Float64Array(Math.ceil(endSeconds * SAMPLE_RATE) + 1);
  for (const { seconds, pcm } of frames) samples.set(pcm, Math.round(seconds * SAMPLE_RATE));
  return samples;
}

/** By how many samples a stretch of `later` is behind the same stretch of `earlier`, where the two are most alike. */
function delaySamples(earlier: Float64Array, later: Float64Array, atSeconds: number): number {
  const REACH_SAMPLES = 80;
  const from = Math.max(REACH_SAMPLES, Math.round((atSeconds - 0.02) * SAMPLE_RATE));
  const to = Math.round((atSeconds + 0.1) * SAMPLE_RATE);
  let best = { delay: 0, likeness: Number.NEGATIVE_INFINITY };
  for (let delay = -REACH_SAMPLES; delay <= REACH_SAMPLES; delay += 1) {
    let likeness = 0;
    for (let at = from; at < to; at += 1) likeness += earlier[at]! * later[at + delay]!;
    if (likeness > best.likeness) best = { delay, likeness };
  }
  return best.delay;
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
    const file = await finished('12', [0, 2020, 2500, 4000]);
    const before = { pictures: await codedPictures(file), flashes: await flashes(file), wave: await wave(file) };
    const duration = (await probe(file)).format.duration;
    const outcome = done(await normalise(file, { ffmpegPath: build }));
    expect(outcome.limited).toBe(true);
    expect(outcome.gainDb).toBeGreaterThan(5);
    expect(outcome.after.peakDb).toBeLessThanOrEqual(-1);
    expect(await codedPictures(file)).toBe(before.pictures);
    expect(await flashes(file)).toEqual(before.flashes);
    const after = await wave(file);
    for (const second of [0, 1, 2.02, 3]) {
      expect(Math.abs(delaySamples(before.wave, after, second))).toBeLessThanOrEqual(1);
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
  ['10', 0.05, audio],
  ['12', 0.9, audio],
  // So few bits that the coder shoots far over the limiter's ceiling.
  ['12', 0.9, { aacKbps: 24, mp3Kbps: 32 }],
] as const)(
  'talk in mode %s with peaks at %f of full scale comes to −16 LUFS, no peak above −1 dBTP',
  async (mode, peak, bitRates) => {
    const file = await soundOf(mode, speechBlocks(10, peak));
    const before = await probe(file);
    const told: number[] = [];
    const outcome = done(await normalise(file, { audio: bitRates, onProgress: (share) => told.push(share) }));
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
    expect(await normalise(file)).toMatchObject({ kind: 'untouched', reason: 'alreadyRight' });
    expect(told.at(-1)).toBe(1);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  },
);

it('MP3 keeps its place in time', async () => {
  const file = await finished('10', [0, 3000, 5000]);
  const before = await wave(file);
  done(await normalise(file));
  const after = await wave(file);
  expect(after).toHaveLength(before.length);
  for (const second of [0, 1, 2, 3, 4]) {
    expect(Math.abs(delaySamples(before, after, second + DECODER_DELAY_SECONDS))).toBeLessThanOrEqual(1);
  }
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

  it('when it has no sound', async () => {
    expect(await untouched(await finished('11', [0, 1000]), {})).toMatchObject({ reason: 'noSound' });
  });

  it('when it cannot be done', async () => {
    const file = await finished('12', [0, 2000]);
    const controller = new AbortController();
    const aborting = { signal: controller.signal, onProgress: () => controller.abort() };
    expect(await untouched(file, aborting)).toMatchObject({ kind: 'retry', code: 'ABORTED' });
    const nowhere = path.join(directory, 'nowhere');
    expect(await untouched(file, { ffmpegPath: nowhere })).toMatchObject({ kind: 'retry', code: 'ENOENT' });
    const rename = async (): Promise<never> => {
      throw Object.assign(new Error('EBUSY: injected'), { code: 'EBUSY' });
    };
    const fileSystem = { ...nodeFileSystem, rename };
    expect(await untouched(file, { fileSystem })).toMatchObject({ kind: 'retry', code: 'EBUSY' });
    const broken = path.join(directory, 'broken.mp4');
    await copyFile(file, broken);
    await nodeFileSystem.truncate(broken, 100);
    await rm(file);
    expect(await untouched(broken, {})).toMatchObject({ kind: 'failed', code: 'LOUDNESS_FAILED' });
  });

  it.skipIf(process.platform === 'win32')('when ffmpeg fails (a shell script, so not on Windows)', async () => {
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
