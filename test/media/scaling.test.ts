import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CANVAS_COLOUR, parseColour } from '../../main/capture/mix/colour.ts';
import { Compositor } from '../../main/capture/mix/compositor.ts';
import { loadKernel } from '../../main/capture/mix/kernel/load.ts';
import { type Fit, placeInCell } from '../../main/capture/mix/layout.ts';
import type { Rect } from '../../main/capture/mix/types.ts';
import { toFrame } from '../../main/capture/text/planes.ts';
import { prepareScenario } from '../../main/demo/clips.ts';
import { ffmpegPath, probe } from '../support/flash-and-beep.ts';
import { type Plane, planesOf } from '../support/planes.ts';
import { openRecorder, SMALL_VIDEO } from '../support/segment-recording.ts';
import { ssim } from '../support/ssim.ts';

interface Size {
  width: number;
  height: number;
}

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'scaling-'));
  await prepareScenario({ directory, ffmpegPath });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Runs ffmpeg to one raw I420 picture. */
function rawPicture(input: string[], filter: string, stdin?: Uint8Array): Promise<Buffer> {
  const flags = ['-sws_flags', 'bicubic+accurate_rnd+full_chroma_inp'];
  const output = ['-frames:v', '1', '-vf', filter, ...flags, '-pix_fmt', 'yuv420p', '-f', 'rawvideo', 'pipe:1'];
  const options = { encoding: 'buffer', maxBuffer: 1e8, timeout: 30_000 } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(ffmpegPath, ['-v', 'error', ...input, ...output], options, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
    child.stdin?.end(stdin);
  });
}

/** Promised are 0.97 for luma and 0.95 for chroma; it is the same filter but for rounding, so anything below this is a mistake. */
const LEAST_LIKENESS = 0.995;

type Clip = 'demo' | 'testsrc2' | 'mandelbrot';

function source(clip: Clip, { width, height }: Size): Promise<Buffer> {
  const size = `s=${width}x${height}:r=15`;
  const inputs: Record<Clip, string[]> = {
    demo: ['-ss', '2', '-i', path.join(directory, 'user_c.mp4')],
    testsrc2: ['-f', 'lavfi', '-i', `testsrc2=${size}`],
    mandelbrot: ['-f', 'lavfi', '-i', `mandelbrot=${size}:start_scale=0.05:maxiter=100`],
  };
  return rawPicture(inputs[clip], `scale=${width}:${height}`);
}

/** What ffmpeg makes of the same part of a picture, chroma level with the left luma sample before and after. */
function scaledByFfmpeg(picture: Buffer, from: Size, part: Rect, to: Size): Promise<Buffer> {
  const input = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${from.width}x${from.height}`, '-i', 'pipe:0'];
  const siting = 'in_h_chr_pos=0:out_h_chr_pos=0:in_v_chr_pos=128:out_v_chr_pos=128';
  const crop = `crop=${part.width}:${part.height}:${part.x}:${part.y}`;
  return rawPicture(input, `${crop},scale=${to.width}:${to.height}:${siting}`, picture);
}

/** Draws a picture into a cell that lies in the middle of a larger canvas; gives back what of the cell it covers. */
async function scaledByUs(picture: Uint8Array, from: Size, cell: Size, fit: Fit) {
  const canvas = { width: cell.width + 64, height: cell.height + 32 };
  const rect = { x: 32, y: 16, ...cell };
  const compositor = new Compositor(await loadKernel(), { ...canvas, background: '#000000', fit });
  compositor.setCells([{ key: 'a', rect }]);
  compositor.drawFrame('a', { data: picture, ...from, rotation: 0 });
  const { destination, source: part } = placeInCell(rect, from.width, from.height, 0, fit);
  return { planes: planesOf(compositor.canvas, canvas.width, canvas.height, destination), destination, part };
}

const likeness = (a: Plane, b: Plane) => ssim(a.samples, b.samples, a.width, a.height);
const size = (text: string): Size => {
  const [width, height] = text.split('x').map(Number);
  return { width: width!, height: height! };
};

describe('pictures are as good as those of the bicubic scaler of ffmpeg', () => {
  describe.each([
    ['640x360', '320x180', 'fit'],
    ['960x540', '640x360', 'fit'],
    ['640x360', '426x240', 'fit'],
    ['640x480', '402x302', 'fit'],
    ['352x288', '294x240', 'fit'],
    ['320x180', '640x360', 'fit'],
    ['1280x720', '428x240', 'fit'],
    ['1280x720', '428x360', 'fill'],
  ] as const)('%s into %s, %s', (sourceSize, cellSize, fit) => {
    test.each(['demo', 'testsrc2', 'mandelbrot'] as const)('%s', async (clip) => {
      const from = size(sourceSize);
      const picture = await source(clip, from);
      const ours = await scaledByUs(picture, from, size(cellSize), fit);
      const { width, height } = ours.destination;
      const theirs = planesOf(await scaledByFfmpeg(picture, from, ours.part, { width, height }), width, height);
      expect(likeness(ours.planes[0], theirs[0])).toBeGreaterThan(LEAST_LIKENESS);
      expect(likeness(ours.planes[1], theirs[1])).toBeGreaterThan(LEAST_LIKENESS);
      expect(likeness(ours.planes[2], theirs[2])).toBeGreaterThan(LEAST_LIKENESS);
    });
  });
});

/** A smooth pattern of luma position, without repetition over its length; as fine as a smaller picture can carry. */
const wave = (at: number) => 128 + 40 * Math.sin(at / 11) + 30 * Math.sin(at / 17 + 1) + 20 * Math.sin(at / 31 + 2);

/**
 * How far a row of samples lies beside where it belongs, in samples, by least squares against the slope of what is expected.
 * Positive: it shows what belongs further right.
 */
function shiftOf(samples: ArrayLike<number>, expected: (index: number) => number): number {
  let product = 0;
  let square = 0;
  // The outer samples see the edge of the picture.
  for (let index = 8; index < samples.length - 8; index++) {
    const slope = expected(index + 0.5) - expected(index - 0.5);
    product += (samples[index]! - expected(index)) * slope;
    square += slope * slope;
  }
  return product / square;
}

describe('nothing moves', () => {
  test.each([
    ['640x360', '320x180'],
    ['640x360', '426x240'],
    ['960x540', '640x360'],
    ['320x180', '640x360'],
    ['1280x720', '320x180'],
  ])('%s into %s: luma and chroma stay within a twentieth of a sample', async (sourceSize, cellSize) => {
    const from = size(sourceSize);
    const to = size(cellSize);
    for (const axis of ['width', 'height'] as const) {
      const position = (x: number, y: number) => (axis === 'width' ? x : y);
      const picture = new Uint8Array(from.width * from.height * 1.5);
      const area = from.width * from.height;
      const half = from.width / 2;
      for (let index = 0; index < area; index++) {
        picture[index] = Math.round(wave(position(index % from.width, Math.floor(index / from.width))));
      }
      // A chroma sample is level with the left of its two luma samples and half way between its two rows.
      for (let index = 0; index < area / 4; index++) {
        const level = Math.round(wave(position(2 * (index % half), 2 * Math.floor(index / half) + 0.5)));
        picture[area + index] = level;
        picture[area * 1.25 + index] = level;
      }
      const ratio = from[axis] / to[axis];
      const sourceOf = (at: number) => (at + 0.5) * ratio - 0.5;
      const chromaPlace = (n: number) => (axis === 'width' ? 2 * n : 2 * n + 0.5);
      const { planes } = await scaledByUs(picture, from, to, 'fit');
      for (const [index, { samples, width, height }] of planes.entries()) {
        const middle = axis === 'width' ? (height >> 1) * width : width >> 1;
        const line = Array.from(
          { length: axis === 'width' ? width : height },
          (_, n) => samples[axis === 'width' ? middle + n : middle + n * width]!,
        );
        const expected = (n: number) => wave(sourceOf(index === 0 ? n : chromaPlace(n)));
        expect(Math.abs(shiftOf(line, expected))).toBeLessThan(0.05);
      }
    }
  });
});

const CHART = ['#ffffff', '#e0e000', '#00d0d0', '#00c000', '#d000d0', '#d00000', '#0000e0', '#101010'];

describe('a colour chart', () => {
  const from = { width: 512, height: 128 };
  const barWidth = from.width / CHART.length;
  const chart = () => {
    const data = new Uint8Array(from.width * from.height * 4).fill(255);
    for (let index = 0; index < from.width * from.height; index++) {
      const colour = CHART[Math.floor((index % from.width) / barWidth)]!;
      for (let part = 0; part < 3; part++) {
        data[index * 4 + part] = Number.parseInt(colour.slice(1 + 2 * part, 3 + 2 * part), 16);
      }
    }
    return toFrame({ data, ...from }).data;
  };

  /** Where a row crosses the middle between two levels, in samples. */
  function crossing(row: Uint8Array, start: number, end: number): number {
    const middle = (row[start]! + row[end]!) / 2;
    for (let index = start; index < end; index++) {
      const [a, b] = [row[index]! - middle, row[index + 1]! - middle];
      if (a === 0 || a * b < 0) return index + a / (a - b);
    }
    throw new Error(`no edge between ${start} and ${end}`);
  }

  test.each([256, 342, 384, 1024])(
    'keeps its colours and has the edges of colour where those of brightness are, %i wide',
    async (width) => {
      const { planes, destination } = await scaledByUs(
        chart(),
        from,
        { width, height: 2 * Math.round(width / 8) },
        'fit',
      );
      expect(destination.width).toBe(width);
      const [luma, u, v] = planes.map((plane) =>
        plane.samples.subarray((plane.height >> 1) * plane.width).subarray(0, plane.width),
      );
      const bar = width / CHART.length;
      for (const [index, colour] of CHART.entries()) {
        const at = Math.floor((index + 0.5) * bar);
        const wanted = parseColour(colour);
        expect([luma![at], u![at >> 1], v![at >> 1]]).toEqual([wanted.y, wanted.u, wanted.v]);
        const before = parseColour(CHART[index - 1] ?? colour);
        const edge = index * bar - 0.5;
        const [left, right] = [Math.round(edge - bar / 2), Math.round(edge + bar / 2)];
        if (Math.abs(before.y - wanted.y) > 20) {
          expect(Math.abs(crossing(luma!, left, right) - edge)).toBeLessThan(0.2);
        }
        for (const [row, step] of [
          [u!, wanted.u - before.u],
          [v!, wanted.v - before.v],
        ] as const) {
          // In luma samples: the n-th chroma sample is level with luma sample 2n.
          if (Math.abs(step) > 20) expect(Math.abs(2 * crossing(row, left >> 1, right >> 1) - edge)).toBeLessThan(0.35);
        }
      }
    },
  );

  test('comes out of the file in its colours, and the file says how to read them', async () => {
    const file = path.join(directory, 'chart.mp4');
    const video = { ...SMALL_VIDEO, ...from, crf: 10 };
    const { encoder } = await openRecorder({ file, mode: '11', video });
    for (let tick = 0; tick < 5; tick++) encoder.writePicture(chart(), Math.round((tick / video.fps) * 1e9));
    expect(await encoder.finish(20_000)).toMatchObject({ clean: true });
    const names = { bt601: 'smpte170m', limited: 'tv', left: 'left' } as const;
    const colour = names[CANVAS_COLOUR.matrix];
    expect((await probe(file)).streams[0]).toMatchObject({
      pix_fmt: 'yuv420p',
      color_range: names[CANVAS_COLOUR.range],
      color_space: colour,
      color_primaries: colour,
      color_transfer: colour,
      chroma_location: names[CANVAS_COLOUR.chroma],
    });
    const args = ['-v', 'error', '-i', file, '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
    const rgb = await new Promise<Buffer>((resolve, reject) => {
      execFile(ffmpegPath, args, { encoding: 'buffer', maxBuffer: 1e8 }, (error, out) =>
        error ? reject(error) : resolve(out),
      );
    });
    for (const [index, colourName] of CHART.entries()) {
      const at = (64 * from.width + (index + 0.5) * barWidth) * 3;
      const wanted = Buffer.from(colourName.slice(1), 'hex');
      for (let part = 0; part < 3; part++) expect(Math.abs(rgb[at + part]! - wanted[part]!)).toBeLessThan(8);
    }
  });
});
