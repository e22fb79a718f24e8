import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeHardwareFfmpeg } from '../../test/support/hardware-ffmpeg.ts';
import { FFMPEG_BUILDS, SMALL_VIDEO } from '../../test/support/segment-recording.ts';
import { inspectFfmpeg } from '../capture/encode/ffmpeg.ts';
import { runMeasure } from './run-measure.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'recorder-measure-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const NEVER = new AbortController().signal;
const audio = { aacKbps: 96, mp3Kbps: 64 };

it.each(FFMPEG_BUILDS)('measures with the real mixer and %s, and leaves nothing behind', async (file) => {
  const ffmpeg = await inspectFfmpeg(file);
  const speed = await runMeasure({ ffmpeg, video: SMALL_VIDEO, audio, directory, parallel: 2 }, NEVER);
  // No machine is that fast or that slow.
  expect(speed.drawPerMegapixel).toBeGreaterThan(0.0001);
  expect(speed.encodePerMegapixel).toBeGreaterThan(0.0005);
  expect(speed.encodePerMegapixel).toBeLessThan(1);
  expect(speed.soundMixPerSecond).toBeGreaterThan(0.0001);
  expect(speed.soundEncodePerSecond).toBeGreaterThan(0.0005);
  expect(speed.soundEncodePerSecond).toBeLessThan(1);
  expect(existsSync(directory)).toBe(false);
});

it('measures with the hardware encoder that recordings get, without its start', async () => {
  const tools = await mkdtemp(path.join(tmpdir(), 'recorder-measure-tools-'));
  try {
    const { path: file } = await makeHardwareFfmpeg(tools, FFMPEG_BUILDS[0]!);
    const video = { ...SMALL_VIDEO, coder: 'h264_nvenc' } as const;
    const ffmpeg = { path: file, hasFpsMode: false };
    const speed = await runMeasure({ ffmpeg, video, audio, directory, parallel: 1 }, NEVER);
    expect(speed.encodePerMegapixel).toBeGreaterThan(0);
    expect(speed.encodePerMegapixel).toBeLessThan(1);
  } finally {
    await rm(tools, { recursive: true });
  }
});

it('says what ffmpeg said when it fails, and ends at once when it is to give way', async () => {
  const ffmpeg = { path: process.execPath, hasFpsMode: false };
  const task = { ffmpeg, video: SMALL_VIDEO, audio, directory, parallel: 1 };
  await expect(runMeasure(task, NEVER)).rejects.toThrow(/ffmpeg ended with/);
  await mkdir(directory);
  const giveWay = new AbortController();
  const measured = runMeasure(task, giveWay.signal);
  giveWay.abort(new Error('a recording begins'));
  await expect(measured).rejects.toThrow('a recording begins');
});
