import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toneLevelDb } from '../../../../test/support/goertzel.ts';
import { type FrameReader, frameBytes, StreamedFrames } from './frames.ts';
import { createMediaLibrary, type MediaLibrary, probeMedia } from './media.ts';

const require = createRequire(import.meta.url);
const ffmpegPath = process.env.FFMPEG_PATH ?? (require('@ffmpeg-installer/ffmpeg') as { path: string }).path;

const SIZE = { width: 64, height: 32 };
const FPS = 15;
const FRAMES = 20;
const SECONDS = FRAMES / FPS;
let directory = '';
let library: MediaLibrary;
const readers: FrameReader[] = [];
const file = (name: string) => path.join(directory, name);
const encode = (...args: string[]) =>
  execFileSync(ffmpegPath, ['-v', 'error', '-y', ...args], { stdio: ['ignore', 'ignore', 'inherit'] });

/** Brightness of picture k of the test clip; far enough apart to survive scaling. */
const brightness = (index: number) => 20 + (index % FRAMES) * 10;

beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'media-'));
  const bytes = frameBytes(SIZE);
  const raw = Buffer.alloc(bytes * FRAMES, 128);
  for (let k = 0; k < FRAMES; k += 1) raw.fill(brightness(k), k * bytes, k * bytes + SIZE.width * SIZE.height);
  writeFileSync(file('frames.yuv'), raw);
  const pictures = ['-f', 'rawvideo', '-s', '64x32', '-r', String(FPS), '-i', file('frames.yuv')];
  const tone = ['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=48000:duration=${SECONDS}`];
  // B-frames and a key picture now and then: seeking has to cope with both.
  const h264 = ['-c:v', 'libx264', '-qp', '0', '-g', '7', '-bf', '2', '-pix_fmt', 'yuv420p'];
  encode(...pictures, ...tone, ...h264, '-c:a', 'aac', file('clip.mp4'));
  encode(...pictures, ...h264, file('silent.mp4'));
  encode(...tone, file('tone.wav'));
  library = createMediaLibrary(ffmpegPath, () => undefined);
});

afterAll(() => {
  library.close();
  for (const reader of readers) reader.close();
  rmSync(directory, { recursive: true });
});

const source = (name: string, extra: { size?: typeof SIZE; fps?: number } = {}) => ({
  path: file(name),
  isRaw: name.endsWith('.yuv'),
  size: extra.size ?? null,
  fps: extra.fps ?? null,
});

async function picturesOf(name: string, extra?: Parameters<typeof source>[1]) {
  const pictures = await library.pictures(source(name, extra));
  if (!pictures) throw new Error(`${name} has no pictures`);
  return pictures;
}

/** Takes pictures in order, waiting for those that are not decoded yet, and gives their brightness. */
async function play(reader: FrameReader, from: number, count: number): Promise<number[]> {
  await reader.ready;
  const target = new Uint8Array(frameBytes(reader.size));
  const seen: number[] = [];
  for (let index = from; index < from + count; index += 1) {
    await expect.poll(() => reader.take(index, target), { interval: 2 }).toBe('taken');
    seen.push(target[(reader.size.width * reader.size.height) / 2] ?? -1);
  }
  return seen;
}

const expected = (from: number, count: number) => Array.from({ length: count }, (_, n) => brightness(from + n));

test('facts: the length is that of the pictures, not of the slightly longer sound', async () => {
  expect(await probeMedia(ffmpegPath, file('clip.mp4'))).toEqual({
    pictures: { size: SIZE, fps: FPS, durationMs: expect.closeTo(SECONDS * 1000, 0) },
    hasSound: true,
  });
  expect(await probeMedia(ffmpegPath, file('tone.wav'))).toEqual({ pictures: null, hasSound: true });
  expect((await probeMedia(ffmpegPath, file('silent.mp4'))).hasSound).toBe(false);
  await expect(probeMedia(ffmpegPath, file('missing.mp4'))).rejects.toThrow(/missing\.mp4/);
});

test('a short clip is kept and loops exactly', async () => {
  const pictures = await picturesOf('clip.mp4');
  expect(pictures).toMatchObject({ size: SIZE, fps: FPS, loopSeconds: SECONDS });
  expect(await play(pictures.open(SIZE, 0), 0, 45)).toEqual(expected(0, 45));
  expect(await play(pictures.open(SIZE, 33), 33, 3)).toEqual(expected(33, 3));
});

test.each([0, 1, 8, 19, 33])(
  'a streamed clip begins at picture %i and loops exactly, with few pictures waiting',
  async (from) => {
    const loop = { path: file('clip.mp4'), size: SIZE, fps: FPS, frameCount: FRAMES };
    const reader = new StreamedFrames(ffmpegPath, loop, from, () => undefined);
    readers.push(reader);
    expect(await play(reader, from, 45)).toEqual(expected(from, 45));
    reader.close();
  },
);

test('a decoder started ahead of time loses nothing when it is done before it is read', async () => {
  const loop = { path: file('clip.mp4'), size: SIZE, fps: FPS, frameCount: FRAMES };
  const reader = new StreamedFrames(ffmpegPath, loop, 0, () => undefined);
  readers.push(reader);
  await reader.ready;
  // Gives the decoder of the next round time to exit; without it the test proves less but still holds.
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await play(reader, 0, 45)).toEqual(expected(0, 45));
  reader.close();
});

test('a clip that is shorter than its loop holds its last picture', async () => {
  const loop = { path: file('silent.mp4'), size: SIZE, fps: FPS, frameCount: FRAMES + 2 };
  const reader = new StreamedFrames(ffmpegPath, loop, FRAMES - 1, () => undefined);
  readers.push(reader);
  const last = brightness(FRAMES - 1);
  expect(await play(reader, FRAMES - 1, 5)).toEqual([last, last, last, brightness(0), brightness(1)]);
  reader.close();
});

test('a streamed clip that nobody looks at goes on, and stands still where it was left', async () => {
  const loop = { path: file('silent.mp4'), size: { width: 32, height: 16 }, fps: FPS, frameCount: FRAMES };
  const reader = new StreamedFrames(ffmpegPath, loop, 0, () => undefined);
  readers.push(reader);
  expect(await play(reader, 0, 2)).toEqual(expected(0, 2));
  for (let index = 2; index < 50; index += 1) reader.take(index, null);
  expect(await play(reader, 50, 3)).toEqual(expected(50, 3));
  const target = new Uint8Array(frameBytes(reader.size));
  expect(reader.take(50 + 1_000, target)).toBe('pending');
  reader.close();
});

test('another rate repeats or leaves out pictures, the loop stays as long as the clip', async () => {
  const double = await picturesOf('clip.mp4', { fps: 30 });
  expect(double.loopSeconds).toBeCloseTo(SECONDS, 6);
  const seen = await play(double.open(SIZE, 0), 0, 80);
  expect(new Set(seen).size).toBe(FRAMES);
  expect(seen.slice(0, 40)).toEqual(seen.slice(40));
  expect((await picturesOf('clip.mp4', { fps: 5 })).loopSeconds).toBeCloseTo(7 / 5, 6);
});

test('headerless I420 is read as it is', async () => {
  const pictures = await picturesOf('frames.yuv', { size: SIZE, fps: FPS });
  expect(pictures.loopSeconds).toBeCloseTo(SECONDS, 6);
  const reader = pictures.open(SIZE, 0);
  readers.push(reader);
  expect(await play(reader, 18, 4)).toEqual(expected(18, 4));
});

test('sound is 48 kHz mono and loops with its pictures', async () => {
  const sound = await library.sound(file('clip.mp4'), SECONDS);
  if (!sound) throw new Error('no sound');
  expect(sound.loopSamples).toBeCloseTo(SECONDS * 48_000, 6);
  const middle = sound.samples.subarray(4_800, 4_800 + 24_000);
  expect(toneLevelDb(middle, 48_000, 440) - toneLevelDb(middle, 48_000, 1_000)).toBeGreaterThan(40);
  expect((await library.sound(file('tone.wav'), null))?.loopSamples).toBe(SECONDS * 48_000);
  expect(await library.sound(file('silent.mp4'), null)).toBeNull();
});

test('files that cannot be played say so', async () => {
  writeFileSync(file('broken.mp4'), 'no media at all');
  await expect(library.pictures(source('broken.mp4'))).rejects.toThrow(/broken\.mp4 has neither picture nor sound/);
  writeFileSync(file('short.yuv'), 'x');
  await expect(library.pictures(source('short.yuv', { size: SIZE, fps: 5 }))).rejects.toThrow(/no whole picture/);
  const bad = createMediaLibrary(file('no-ffmpeg'), () => undefined);
  await expect(bad.pictures(source('clip.mp4'))).rejects.toThrow(/ENOENT/);
});
