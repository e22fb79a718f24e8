import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createCanvas } from '@napi-rs/canvas';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Cell, Compositor } from '../../main/capture/mix/compositor.ts';
import { loadKernel } from '../../main/capture/mix/kernel/load.ts';
import { gridLayout, speakerLayout, stripHeightFor, withStrip } from '../../main/capture/mix/layout.ts';
import { blendOverlay, type Overlay, placeInCorner } from '../../main/capture/mix/overlay.ts';
import { SpeakerChoice } from '../../main/capture/mix/speaker.ts';
import type { I420Frame, Rect } from '../../main/capture/mix/types.ts';
import { stampText } from '../../main/capture/text/stamp-text.ts';
import { createTextRenderer } from '../../main/capture/text/text-renderer.ts';
import { ffmpegPath } from '../support/flash-and-beep.ts';
import { decodeMedia } from '../support/media.ts';
import { openRecorder, SMALL_VIDEO, until } from '../support/segment-recording.ts';

const CANVAS = { width: 640, height: 360, background: '#000000', fit: 'fit' } as const;
const STRIP = { background: '#303030', colour: '#ffffff' };
const T0_MS = Date.UTC(2031, 4, 9, 6, 3, 50);
const renderer = createTextRenderer();

let directory: string;
let watermark: Overlay;

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'overlay-'));
  const canvas = createCanvas(200, 100);
  const context = canvas.getContext('2d');
  context.fillStyle = '#ff0000';
  context.fillRect(0, 0, 100, 100);
  const logo = path.join(directory, 'logo.png');
  await writeFile(logo, canvas.toBuffer('image/png'));
  watermark = await renderer.loadWatermark(logo, { maxWidth: 80, maxHeight: 80 });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A picture of one grey, whose number says whose it is. */
function plain(luma: number): I420Frame {
  const data = new Uint8Array(320 * 180 * 1.5).fill(128);
  return { data: data.fill(luma, 0, 320 * 180), width: 320, height: 180, rotation: 0 };
}

/** Puts a picture, or a tile, and a name strip into every rectangle. */
function show(compositor: Compositor, shown: { userId: string; rect: Rect; hasPicture: boolean }[]): void {
  const cells = shown.flatMap(({ userId, rect, hasPicture }): Cell[] => {
    const { picture, strip } = withStrip(rect, stripHeightFor(CANVAS.height));
    const key = hasPicture ? userId : `tile:${userId}`;
    if (!hasPicture) {
      const { width, height } = picture;
      compositor.drawFrame(key, renderer.renderTile({ text: userId, width, height, background: '#205080' }));
    }
    if (strip !== null) {
      const { width, height } = strip;
      compositor.drawFrame(`strip:${userId}`, renderer.renderStrip({ text: userId, width, height, ...STRIP }));
    }
    return [{ key, rect: picture }, ...(strip === null ? [] : [{ key: `strip:${userId}`, rect: strip }])];
  });
  compositor.setCells(cells);
}

/** Puts stamp and watermark onto a copy of the canvas, as it goes to the encoder. */
function finished(canvas: Uint8Array, atMs: number): Uint8Array {
  const { width, height } = CANVAS;
  const copy = canvas.slice();
  const stamp = renderer.renderStamp({ text: stampText(T0_MS + atMs, 'Asia/Shanghai'), height: 24 });
  for (const [overlay, corner] of [
    [stamp, 'topLeft'],
    [watermark, 'topRight'],
  ] as const) {
    const { x, y } = placeInCorner(corner, width, height, overlay, 8);
    blendOverlay(copy, width, height, overlay, x, y);
  }
  return copy;
}

type Layout = 'grid' | 'ann' | '王小明';

/** Where both are: side by side, or one of them large. */
function places(layout: Layout): { userId: string; rect: Rect; hasPicture: boolean }[] {
  const { width, height } = CANVAS;
  const [left, right] = gridLayout(2, width, height) as [Rect, Rect];
  const { speaker, others } = speakerLayout(1, width, height);
  const small = others[0]!;
  return [
    { userId: 'ann', rect: { grid: left, ann: speaker, 王小明: small }[layout], hasPicture: true },
    { userId: '王小明', rect: { grid: right, ann: small, 王小明: speaker }[layout], hasPicture: false },
  ];
}

/** Whether the tile is seen at five points that tell the layouts apart; a torn picture would show a row that is not listed. */
const TILE_POINTS = [
  [100, 300],
  [340, 300],
  [620, 300],
  [500, 60],
  [630, 60],
] as const;
const LAYOUT_OF: Record<string, Layout> = { '.TTTT': 'grid', '...TT': 'ann', 'TT...': '王小明' };

function rgbAt(picture: Buffer, x: number, y: number): [red: number, green: number, blue: number] {
  const at = (y * CANVAS.width + x) * 3;
  return [picture[at]!, picture[at + 1]!, picture[at + 2]!];
}

function layoutOf(picture: Buffer): string {
  const seen = TILE_POINTS.map(([x, y]) => {
    const [red, , blue] = rgbAt(picture, x, y);
    return blue - red > 60 ? 'T' : '.';
  }).join('');
  return LAYOUT_OF[seen] ?? `torn ${seen}`;
}

/** How much of an area is white. */
function whiteShare(picture: Buffer, { x, y, width, height }: Rect): number {
  let white = 0;
  for (let row = y; row < y + height; row++) {
    for (let column = x; column < x + width; column++) if (Math.min(...rgbAt(picture, column, row)) > 180) white++;
  }
  return white / (width * height);
}

describe('in the file', () => {
  const video = { ...SMALL_VIDEO, ...CANVAS, crf: 12, maxRateKbps: 8000 };
  const layouts: Layout[] = [];
  let pictures: Buffer[];

  beforeAll(async () => {
    const compositor = new Compositor(await loadKernel(), CANVAS);
    const choice = new SpeakerChoice({ thresholdRms: 0.01 });
    compositor.drawFrame('ann', plain(150));
    const file = path.join(directory, 'overlay.mp4');
    const { encoder } = await openRecorder({ file, mode: '11', video });
    for (let tick = 0; tick < 45; tick++) {
      const atMs = (tick * 1000) / video.fps;
      const levels = { ann: 0, 王小明: tick === 0 ? 0 : 0.1 };
      const speaker = choice.update(new Map(Object.entries(levels)), atMs) as Layout;
      layouts.push(tick < 15 ? 'grid' : speaker);
      if (layouts[tick] !== layouts[tick - 1]) show(compositor, places(layouts[tick]!));
      const before = compositor.canvas.slice();
      encoder.writePicture(finished(compositor.canvas, atMs), Math.round((tick / video.fps) * 1e9));
      expect(Buffer.compare(compositor.canvas, before)).toBe(0);
      await until(() => encoder.backlogBytes < 1_000_000);
    }
    expect(await encoder.finish(20_000)).toMatchObject({ clean: true });
    const { width, height } = CANVAS;
    ({ pictures } = await decodeMedia(ffmpegPath, file, { width, height, fps: video.fps }));
  });

  test('every picture has one whole layout, and who has talked for two seconds is large', () => {
    expect(pictures.map(layoutOf)).toEqual(layouts);
    const changes = layouts.flatMap((layout, tick) =>
      layout === layouts[tick - 1] ? [] : ([[layout, tick]] as const),
    );
    expect(changes.map(([layout]) => layout)).toEqual(['grid', 'ann', '王小明']);
    expect(changes[2]![1]).toBeGreaterThanOrEqual(2 * video.fps);
  });

  test('every cell has a name under it and only there', () => {
    for (const tick of [5, 20, 40]) {
      for (const { rect } of places(layouts[tick]!)) {
        const { strip } = withStrip(rect, stripHeightFor(CANVAS.height));
        expect(whiteShare(pictures[tick]!, { ...strip!, width: 60 })).toBeGreaterThan(0.03);
        expect(whiteShare(pictures[tick]!, { ...strip!, x: strip!.x + 80, width: 60 })).toBe(0);
      }
    }
  });

  test('the stamp is renewed every second', () => {
    const stampArea = { x: 8, y: 8, width: 210, height: 24 };
    const lumas = (tick: number) =>
      Array.from({ length: stampArea.width * stampArea.height }, (_, index) => {
        const [, green] = rgbAt(pictures[tick]!, 8 + (index % 210), 8 + Math.floor(index / 210));
        return green;
      });
    const difference = (a: number, b: number) => {
      const other = lumas(b);
      return lumas(a).filter((luma, index) => Math.abs(luma - other[index]!) > 100).length;
    };
    expect(whiteShare(pictures[0]!, stampArea)).toBeGreaterThan(0.08);
    expect(difference(0, 14)).toBe(0);
    expect(difference(14, 15)).toBeGreaterThan(20);
  });

  test('the watermark covers what is under its opaque half and shows it under the other', () => {
    for (const tick of [0, 20, 40]) {
      const [red, green, blue] = rgbAt(pictures[tick]!, 572, 28);
      expect(red).toBeGreaterThan(200);
      expect(Math.max(green, blue)).toBeLessThan(60);
    }
    const [red, , blue] = rgbAt(pictures[0]!, 612, 28);
    expect(blue - red).toBeGreaterThan(60);
  });
});
