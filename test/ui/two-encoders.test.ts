import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FRAGMENTED_MP4 } from '../../main/capture/encode/ffmpeg-args.ts';
import { parseFmp4 } from '../../main/capture/encode/fmp4.ts';
import { memoryReader } from '../../main/capture/encode/random-access.ts';
import { canJoin, joinMp4, type Mp4Segment } from '../../main/delivery/join/join-mp4.ts';
import { launchChromium } from '../support/chromium.ts';
import { productFfmpeg } from '../support/rig.ts';

// A file whose pictures come from two encoders, each with headers of its own, has to play as one with a single encoder does.

const run = promisify(execFile);
const SEGMENT_SECONDS = 2;
const HARDWARE = ['-profile:v', 'main', '-x264-params', 'cabac=0:ref=4:8x8dct=0'];
const STAND_IN = ['-preset', 'veryfast', '-x264-params', 'sps-id=1'];

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
}, 240_000);
afterAll(() => browser?.close());

async function segment(ffmpeg: string, colour: string, startMs: number, coder: string[]): Promise<Mp4Segment> {
  const source = ['-f', 'lavfi', '-i', `color=${colour}:s=320x180:r=15`, '-t', `${SEGMENT_SECONDS}`];
  const args = ['-v', 'error', ...source, '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-bf', '0', ...coder];
  const { stdout } = await run(ffmpeg, [...args, ...FRAGMENTED_MP4, 'pipe:1'], { encoding: 'buffer', maxBuffer: 1e8 });
  const reader = memoryReader(stdout);
  return { reader, summary: await parseFmp4(reader), startMs };
}

it('Chromium plays it through, and seeks to and fro between them', async () => {
  const ffmpeg = await productFfmpeg();
  const segments = await Promise.all([
    segment(ffmpeg, 'red', 0, HARDWARE),
    segment(ffmpeg, 'blue', 2000, STAND_IN),
    segment(ffmpeg, 'green', 4000, HARDWARE),
  ]);
  expect(canJoin(segments)).toBe(true);
  const joined = await joinMp4(segments, { title: 'a', comment: 'b', creationTime: '2026-01-02T03:04:05Z' });
  const media = await Promise.all(
    joined.ranges.map((range) =>
      'bytes' in range ? range.bytes : segments[range.segment]!.reader.read(range.offset, range.length),
    ),
  );
  const file = Buffer.concat([joined.head(), ...media]).toString('base64');
  const page = await browser.newPage();
  const seen = await page.evaluate(async (base64) => {
    const video = document.createElement('video');
    video.muted = true;
    const next = (event: string) =>
      new Promise((resolve, reject) => {
        video.addEventListener(event, resolve, { once: true });
        video.addEventListener('error', () => reject(new Error(video.error?.message)), { once: true });
      });
    const pen = Object.assign(document.createElement('canvas'), { width: 4, height: 4 }).getContext('2d')!;
    const colour = (): string => {
      pen.drawImage(video, 0, 0, 4, 4);
      const [red = 0, green = 0, blue = 0] = pen.getImageData(1, 1, 1, 1).data;
      if (red > 200) return 'red';
      return blue > 200 ? 'blue' : green > 100 ? 'green' : 'none';
    };
    const loaded = next('loadeddata');
    video.src = `data:video/mp4;base64,${base64}`;
    await loaded;
    const sought: string[] = [];
    /** Until the picture of that moment is on the screen, which may come after the news of it. */
    const seek = async (seconds: number): Promise<void> => {
      const there = next('seeked');
      const shown = new Promise<void>((resolve) => {
        const look = (_: number, { mediaTime }: VideoFrameCallbackMetadata): void => {
          if (Math.abs(mediaTime - seconds) < 0.1) resolve();
          else video.requestVideoFrameCallback(look);
        };
        video.requestVideoFrameCallback(look);
      });
      video.currentTime = seconds;
      await Promise.all([there, shown]);
    };
    for (const seconds of [1, 3, 5, 1.5, 4.5, 2.5]) {
      await seek(seconds);
      sought.push(colour());
    }
    const ended = next('ended');
    const played: string[] = [];
    await seek(0);
    // A busy machine leaves pictures out: so slow that some of each encoder are shown all the same.
    video.playbackRate = 0.5;
    const look = (): void => {
      if (played.at(-1) !== colour()) played.push(colour());
      if (!video.ended) video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
    await Promise.all([video.play(), ended]);
    return { sought, played, seconds: video.duration };
  }, file);
  await page.close();
  expect(seen.sought).toEqual(['red', 'blue', 'green', 'red', 'green', 'blue']);
  expect(seen.played).toEqual(['red', 'blue', 'green']);
  expect(seen.seconds).toBeCloseTo(3 * SEGMENT_SECONDS, 1);
}, 180_000);
