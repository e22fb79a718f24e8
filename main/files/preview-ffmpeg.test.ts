import { execFile } from 'node:child_process';
import { truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeDirectory, removeDirectory } from '../../test/support/box.ts';
import { colourDistance, rgbOf } from '../../test/support/media.ts';
import { productFfmpeg } from '../../test/support/rig.ts';
import { createPreviewMaker, PreviewError, type PreviewMaker } from './preview-ffmpeg.ts';

const run = promisify(execFile);
const SECONDS = 10;
const COLOUR_TOLERANCE = 12;

let directory: string;
let ffmpegPath: string;
let maker: PreviewMaker;
let film: string;
const never = new AbortController().signal;

async function ffmpeg(...args: string[]): Promise<void> {
  await run(ffmpegPath, ['-v', 'error', '-nostdin', '-y', ...args]);
}

beforeAll(async () => {
  directory = await makeDirectory('preview');
  ffmpegPath = await productFfmpeg();
  maker = createPreviewMaker(ffmpegPath);
  film = path.join(directory, 'film.mp4');
  // Red for the first half second, then blue; silent, then loud for the last quarter.
  const pictures = `color=c=0xc03030:s=960x540:r=5:d=0.6[a];color=c=0x3050c0:s=960x540:r=5:d=${SECONDS - 0.6}[b];[a][b]concat[v]`;
  const sound = `sine=f=440:r=48000:d=${SECONDS},volume='if(lt(t,${SECONDS * 0.75}),0,4)':eval=frame[s]`;
  await ffmpeg(
    ...[
      '-filter_complex',
      `${pictures};${sound}`,
      '-map',
      '[v]',
      '-map',
      '[s]',
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
    ],
    ...['-c:a', 'aac', '-b:a', '96k', '-movflags', '+faststart', film],
  );
});
afterAll(() => removeDirectory(directory));

/** Width, height and the colour in the middle of a picture. */
async function look(picture: Uint8Array) {
  const file = path.join(directory, 'picture.jpg');
  await writeFile(file, picture);
  const { stderr } = await run(ffmpegPath, ['-hide_banner', '-i', file]).catch((error: { stderr: string }) => error);
  const [, width = 0, height = 0] = (/ (\d{2,4})x(\d{2,4})/.exec(stderr) ?? []).map(Number);
  const { stdout } = await run(
    ffmpegPath,
    ['-v', 'error', '-i', file, '-vf', 'crop=2:2', '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'],
    { encoding: 'buffer' },
  );
  const [r = 0, g = 0, b = 0] = stdout;
  return { width, height, colour: { r, g, b } };
}

describe('a thumbnail', () => {
  it('is a picture from a tenth of the length, at most 480 wide, in the right shape', async () => {
    const { width, height, colour } = await look(
      await maker.thumbnail({ path: film, durationMs: SECONDS * 1000 }, never),
    );
    expect([width, height]).toEqual([480, 270]);
    expect(colourDistance(colour, rgbOf('3050c0'))).toBeLessThanOrEqual(COLOUR_TOLERANCE);
    const early = await look(await maker.thumbnail({ path: film, durationMs: 1000 }, never));
    expect(colourDistance(early.colour, rgbOf('c03030'))).toBeLessThanOrEqual(COLOUR_TOLERANCE);
  });

  it('is the first picture when there is none so late, and never larger than the film', async () => {
    const small = path.join(directory, 'small.mp4');
    await ffmpeg('-f', 'lavfi', '-i', 'color=c=0x30a030:s=160x120:r=5:d=0.4', '-c:v', 'libx264', small);
    const { width, height } = await look(await maker.thumbnail({ path: small, durationMs: 3_600_000 }, never));
    expect([width, height]).toEqual([160, 120]);
  });
});

it('a waveform shows where the sound is, and how loud', async () => {
  const { durationMs, peaks } = await maker.waveform({ path: film, durationMs: SECONDS * 1000 }, never);
  expect(durationMs).toBe(SECONDS * 1000);
  expect(peaks).toHaveLength(500);
  expect(Math.max(...peaks.slice(0, 370))).toBeLessThan(0.01);
  // The sine is an eighth of full scale, made four times as loud.
  for (const peak of peaks.slice(380, 495)) expect(Math.abs(peak - 0.5)).toBeLessThan(0.05);
});

describe('what is no film', () => {
  it('is an error that says why', async () => {
    const broken = path.join(directory, 'broken.mp4');
    await ffmpeg('-i', film, '-c', 'copy', broken);
    await truncate(broken, 2000);
    const source = { path: broken, durationMs: 1000 };
    await expect(maker.thumbnail(source, never)).rejects.toThrow(PreviewError);
    await expect(maker.waveform(source, never)).rejects.toThrow(PreviewError);
    await expect(maker.waveform({ path: path.join(directory, 'none'), durationMs: 1 }, never)).rejects.toThrow(
      /No such file/,
    );
    // A file that names others makes ffmpeg open nothing but files.
    const list = path.join(directory, 'list.m3u8');
    await writeFile(list, '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n');
    await expect(maker.waveform({ path: list, durationMs: 1000 }, never)).rejects.toThrow(PreviewError);
  });

  it('and a signal ends the work with its own reason', async () => {
    const abort = new AbortController();
    const made = maker.waveform({ path: film, durationMs: 1000 }, abort.signal);
    abort.abort(new Error('enough'));
    await expect(made).rejects.toThrow('enough');
    await expect(maker.thumbnail({ path: film, durationMs: 1 }, abort.signal)).rejects.toThrow('enough');
  });
});
