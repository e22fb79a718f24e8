import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createCanvas } from '@napi-rs/canvas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DressingSettings, LayoutName } from '../../main/capture/messages.ts';
import { loadKernel } from '../../main/capture/mix/kernel/load.ts';
import type { I420Frame, Rect, StreamKind } from '../../main/capture/mix/types.ts';
import { Roster } from '../../main/capture/roster.ts';
import { createScene, type Scene } from '../../main/capture/scene.ts';
import { createTextRenderer, type TextRenderer } from '../../main/capture/text/text-renderer.ts';
import { ffmpegPath } from '../support/flash-and-beep.ts';
import { colourAt, plainColour, plainRenderer } from '../support/plain-pictures.ts';
import { type Plane, planesOf } from '../support/planes.ts';
import { ssim } from '../support/ssim.ts';

const CANVAS = { width: 640, height: 360 };
const BACKGROUND = '#182838';
const STRIP_HEIGHT = 16;
/** Luma and chroma, of the whole canvas and of every cell. Two pixels beside its place, a picture is below 0.93. */
const LEAST_LIKENESS = 0.97;

/** What each user sends, of different sizes and shapes; the last is a shared screen. */
const SOURCES = [
  ['testsrc2', 640, 360],
  ['mandelbrot=start_scale=0.6', 480, 360],
  ['testsrc', 360, 640],
  ['mandelbrot=start_scale=0.1', 640, 360],
  ['smptehdbars', 320, 180],
  ['testsrc2', 320, 240],
  ['mandelbrot=start_scale=0.3', 800, 600],
] as const;
const SCREEN = 6;
const USERS = ['ann', 'bob', 'cem', 'dai', 'eva', 'fay'];

let directory: string;
let frames: I420Frame[];

/** Runs ffmpeg to one raw I420 picture. */
function rawPicture(args: string[]): Promise<Buffer> {
  const output = ['-frames:v', '1', '-pix_fmt', 'yuv420p', '-f', 'rawvideo', 'pipe:1'];
  const options = { encoding: 'buffer', maxBuffer: 1e8, timeout: 30_000 } as const;
  return new Promise((resolve, reject) => {
    execFile(ffmpegPath, ['-v', 'error', '-nostdin', ...args, ...output], options, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });
}

const fileOf = (source: number) => path.join(directory, `${source}.yuv`);

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'layouts-'));
  frames = [];
  for (const [index, [name, width, height]] of SOURCES.entries()) {
    const input = `${name}${name.includes('=') ? ':' : '='}s=${width}x${height}:r=15`;
    const data = await rawPicture(['-f', 'lavfi', '-i', input]);
    await writeFile(fileOf(index), data);
    frames.push({ data, width, height, rotation: 0 });
  }
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const OFF: DressingSettings = {
  nameStrip: false,
  stamp: false,
  stampTimeZone: null,
  placeholder: false,
  watermarkPath: null,
};

interface Stage {
  scene: Scene;
  roster: Roster;
  show(userId: string, stream: StreamKind, source: number): void;
}

async function openStage(
  layout: LayoutName,
  dressing: Partial<DressingSettings>,
  renderer: TextRenderer = plainRenderer(),
): Promise<Stage> {
  const roster = new Roster(false);
  const scene = await createScene({
    ...{ kernel: await loadKernel(), video: { ...CANVAS, background: BACKGROUND, fit: 'fit' }, layout },
    ...{ dressing: { ...OFF, ...dressing }, names: {}, loadTextRenderer: async () => renderer },
    onProblem: (message) => {
      throw new Error(message);
    },
  });
  const show = (userId: string, stream: StreamKind, source: number) => {
    roster.enter(userId);
    roster.setSending(userId, stream, true);
    roster.noteFrame(userId, stream);
    scene.update(roster);
    scene.draw(userId, stream, scene.hold(frames[source]!));
  };
  return { scene, roster, show };
}

/** Where everything has to be, written out for a canvas of 640×360: the places of 1 to 6 cells, the large ones first. */
function placesOf(count: number, isLargeFirst: boolean): Rect[] {
  const list = (rows: readonly (readonly number[])[]) =>
    rows.map(([x, y, width, height]) => ({ x: x!, y: y!, width: width!, height: height! }));
  if (count === 1) return list([[0, 0, 640, 360]]);
  if (isLargeFirst) {
    const height = { 2: 90, 3: 90, 4: 90, 5: 90, 6: 72, 7: 60 }[count]!;
    return list([
      [0, 0, 480, 360],
      ...Array.from({ length: count - 1 }, (_, index) => [480, index * height, 160, height]),
    ]);
  }
  const places = {
    2: [0, 320].map((x) => [x, 0, 320, 360]),
    4: [0, 180].flatMap((y) => [0, 320].map((x) => [x, y, 320, 180])),
    6: [0, 180].flatMap((y) => [[0, y, 214, 180] as const, [214, y, 212, 180] as const, [426, y, 214, 180] as const]),
  }[count + (count % 2)]!;
  return list(places.slice(0, count));
}

/** What has to stand in a place: a picture by the number of its source, or a tile, and whose name is under it. */
interface Shown {
  userId: string;
  source: number | 'tile';
}

interface Place extends Shown {
  picture: Rect;
  strip: Rect | null;
}

function placed(shown: Shown[], isLargeFirst: boolean, hasStrips: boolean): Place[] {
  return placesOf(shown.length, isLargeFirst).map((rect, index) => {
    const height = rect.height - (hasStrips ? STRIP_HEIGHT : 0);
    const strip = hasStrips ? { ...rect, y: rect.y + height, height: STRIP_HEIGHT } : null;
    return { ...shown[index]!, picture: { ...rect, height }, strip };
  });
}

/** The canvas as ffmpeg draws it: each picture scaled, padded to its place and laid over the background. */
function drawnByFfmpeg(places: Place[]): Promise<Buffer> {
  const pictured = places.filter(({ source }) => source !== 'tile');
  const inputs = pictured.flatMap(({ source }) => {
    const { width, height } = frames[Number(source)]!;
    return ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${width}x${height}`, '-i', fileOf(Number(source))];
  });
  const colour = `0x${BACKGROUND.slice(1)}`;
  const chain = [`color=c=${colour}:s=${CANVAS.width}x${CANVAS.height}:r=15,format=yuv420p[c0]`];
  for (const [index, { source, picture }] of pictured.entries()) {
    const { width, height } = frames[Number(source)]!;
    const scale = Math.min(picture.width / width, picture.height / height);
    const [w, h] = [2 * Math.round((width * scale) / 2), 2 * Math.round((height * scale) / 2)];
    const [x, y] = [2 * Math.floor((picture.width - w) / 4), 2 * Math.floor((picture.height - h) / 4)];
    const siting = 'in_h_chr_pos=0:out_h_chr_pos=0:in_v_chr_pos=128:out_v_chr_pos=128';
    const scaled = `scale=${w}:${h}:${siting}:flags=bicubic+accurate_rnd+full_chroma_inp`;
    chain.push(
      `[${index}:v]${scaled},pad=${picture.width}:${picture.height}:${x}:${y}:color=${colour}[p${index}]`,
      `[c${index}][p${index}]overlay=${picture.x}:${picture.y}:format=yuv420[c${index + 1}]`,
    );
  }
  const graph = ['-filter_complex', chain.join(';'), '-map', `[c${pictured.length}]`];
  return rawPicture([...inputs, ...graph]);
}

const likeness = (a: Plane, b: Plane) => ssim(a.samples, b.samples, a.width, a.height);

/** The least likeness of the three planes of an area. */
function areaLikeness(ours: Uint8Array, theirs: Uint8Array, area?: Rect): number {
  const [mine, other] = [ours, theirs].map((picture) => planesOf(picture, CANVAS.width, CANVAS.height, area));
  return Math.min(...mine!.map((plane, index) => likeness(plane, other![index]!)));
}

/** Whether an area has one colour throughout. */
function isPlain(picture: Uint8Array, area: Rect, kind: 'strip' | 'tile', userId: string): boolean {
  const colour = plainColour(kind, userId);
  const planes = planesOf(picture, CANVAS.width, CANVAS.height, area);
  return [colour.y, colour.u, colour.v].every((value, index) => planes[index]!.samples.every((one) => one === value));
}

/** Compares what a scene shows with what has to be there. */
async function compare(scene: Scene, places: Place[]): Promise<void> {
  const ours = scene.canvas.slice();
  const theirs = await drawnByFfmpeg(places);
  for (const { userId, source, picture, strip } of places) {
    if (source === 'tile') expect(isPlain(ours, picture, 'tile', userId)).toBe(true);
    else expect(areaLikeness(ours, theirs, picture)).toBeGreaterThan(LEAST_LIKENESS);
    if (strip !== null) expect(isPlain(ours, strip, 'strip', userId)).toBe(true);
  }
  // Nothing but the pictures, strips and tiles may be beside the background.
  const rest = planesOf(ours, CANVAS.width, CANVAS.height)[0].samples;
  const wanted = planesOf(theirs, CANVAS.width, CANVAS.height)[0].samples;
  for (const { picture, strip } of places) {
    for (const area of [picture, ...(strip ? [strip] : [])]) {
      for (let row = area.y; row < area.y + area.height; row++) {
        const from = row * CANVAS.width + area.x;
        rest.set(wanted.subarray(from, from + area.width), from);
      }
    }
  }
  expect(rest.every((value, index) => Math.abs(value - wanted[index]!) <= 1)).toBe(true);
}

describe.each(['grid', 'screen', 'speaker'] as const)('%s', (layout) => {
  test.each([1, 2, 3, 4, 5, 6])(
    '%i users: as ffmpeg draws it, bare and with strips, tiles and a screen',
    async (count) => {
      const users = USERS.slice(0, count);
      const bare = await openStage(layout, {});
      for (const [index, userId] of users.entries()) bare.show(userId, 'main', index);
      const pictures = users.map((userId, source): Shown => ({ userId, source }));
      // Whoever talks is large; the others keep their order.
      const speaker = Math.min(1, count - 1);
      bare.scene.listen(new Map([[users[speaker]!, 0.2]]), 0);
      const isSpeaker = layout === 'speaker' && count > 1;
      const inOrder = isSpeaker ? [pictures[speaker]!, ...pictures.toSpliced(speaker, 1)] : pictures;
      await compare(bare.scene, placed(inOrder, isSpeaker, false));

      // Every third camera is off, and the last user shares a screen.
      const dressed = await openStage(layout, { nameStrip: true, placeholder: true });
      for (const [index, userId] of users.entries()) {
        if (index % 3 === 1) dressed.roster.enter(userId);
        else dressed.show(userId, 'main', index);
      }
      const cameras = pictures.map((shown, index): Shown => (index % 3 === 1 ? { ...shown, source: 'tile' } : shown));
      const sharer = users.at(-1)!;
      dressed.show(sharer, 'sub', SCREEN);
      await compare(dressed.scene, placed([{ userId: sharer, source: SCREEN }, ...cameras], true, true));
    },
  );
});

describe('what is laid over the canvas', () => {
  const T0_MS = Date.UTC(2031, 4, 9, 6, 3, 58);
  let watermarkPath: string;

  beforeAll(async () => {
    const canvas = createCanvas(300, 100);
    const context = canvas.getContext('2d');
    context.fillStyle = 'rgba(255, 0, 0, 0.8)';
    context.fillRect(0, 0, 300, 100);
    watermarkPath = path.join(directory, 'logo.png');
    await writeFile(watermarkPath, canvas.toBuffer('image/png'));
  });

  test('is in the dressed copy and never on the canvas, whatever the layout', async () => {
    const settings = { stamp: true, stampTimeZone: 'UTC', watermarkPath, nameStrip: true, placeholder: true };
    const { scene, roster, show } = await openStage('speaker', settings, createTextRenderer());
    const { scene: bare, show: showBare } = await openStage(
      'speaker',
      { nameStrip: true, placeholder: true },
      createTextRenderer(),
    );
    for (const [index, userId] of USERS.slice(0, 4).entries()) {
      show(userId, 'main', index);
      showBare(userId, 'main', index);
      const canvas = scene.canvas.slice();
      expect(Buffer.compare(canvas, bare.canvas)).toBe(0);
      const copy = canvas.slice();
      scene.dress(copy, T0_MS + index * 400);
      expect(Buffer.compare(scene.canvas, canvas)).toBe(0);

      // 80 % of red over what is below, in a box of 106×36, 12 pixels off the corner.
      const { width, height } = CANVAS;
      for (const [x, y] of [
        [width - 13, height - 13],
        [width - 12 - 106, height - 13],
        [width - 60, height - 12 - 35],
      ] as const) {
        const [below, above] = [canvas, copy].map((picture) => colourAt(picture, width, height, x, y));
        expect(Math.abs(above!.y - (0.2 * below!.y + 0.8 * 81))).toBeLessThan(2);
        expect(Math.abs(above!.v - (0.2 * below!.v + 0.8 * 240))).toBeLessThan(2);
      }
      const isSame = (x: number, y: number) => canvas[y * width + x] === copy[y * width + x];
      expect([isSame(width - 11, height - 20), isSame(width - 120, height - 20), isSame(320, 180)]).toEqual([
        ...[true, true, true],
      ]);
      // White digits with a dark outline, in the top left corner.
      const stamp = planesOf(copy, width, height, { x: 12, y: 12, width: 140, height: 16 })[0].samples;
      expect(stamp.filter((luma) => luma > 220).length).toBeGreaterThan(150);
      expect(stamp.filter((luma) => luma < 30).length).toBeGreaterThan(150);
    }
    expect(roster.recordedPresent()).toHaveLength(4);
  });
});
