import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createCanvas } from '@napi-rs/canvas';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { plainFrame } from '../../test/support/plain-pictures.ts';
import { Dressing, initialsOf } from './dressing.ts';
import type { DressingSettings } from './messages.ts';
import { parseColour } from './mix/colour.ts';
import type { Rect } from './mix/types.ts';
import { FontShelf } from './text/fonts.ts';
import { createTextRenderer, type TextRenderer } from './text/text-renderer.ts';

const VIDEO = { width: 1200, height: 720 };
const OFF: DressingSettings = {
  nameStrip: false,
  stamp: false,
  stampTimeZone: null,
  placeholder: false,
  watermarkPath: null,
};
const GREY = parseColour('#707070');
const T0_MS = Date.UTC(2031, 4, 9, 6, 3, 58);

let directory: string;
let wide: string;
let tall: string;

async function logo(name: string, width: number, height: number): Promise<string> {
  const canvas = createCanvas(width, height);
  const context = canvas.getContext('2d');
  context.fillStyle = '#ff0000';
  context.fillRect(0, 0, width, height);
  const file = path.join(directory, name);
  await writeFile(file, canvas.toBuffer('image/png'));
  return file;
}

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'dressing-'));
  wide = await logo('wide.png', 800, 200);
  tall = await logo('tall.png', 200, 800);
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function prepare(
  dressing: Partial<DressingSettings>,
  {
    names = {},
    loadTextRenderer = async () => createTextRenderer(),
  }: { names?: Record<string, string>; loadTextRenderer?: () => Promise<TextRenderer> } = {},
) {
  const problems: string[] = [];
  const onProblem = (message: string) => problems.push(message);
  const options = { video: VIDEO, dressing: { ...OFF, ...dressing }, names, loadTextRenderer, onProblem };
  return Dressing.prepare(options).then((ready) => ({ ready, problems }));
}

/** The smallest area that holds every sample of luma that dressing has changed; null when there is none. */
function changed(dressing: Dressing, epochMs = T0_MS): Rect | null {
  const picture = plainFrame(GREY, VIDEO.width, VIDEO.height).data;
  dressing.dress(picture, epochMs);
  let [left, top, right, bottom] = [VIDEO.width, VIDEO.height, -1, -1];
  for (let index = 0; index < VIDEO.width * VIDEO.height; index++) {
    if (picture[index] === GREY.y) continue;
    const [x, y] = [index % VIDEO.width, Math.floor(index / VIDEO.width)];
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
  }
  return right < 0 ? null : { x: left, y: top, width: right + 1 - left, height: bottom + 1 - top };
}

describe('nothing to draw', () => {
  test('loads no text renderer and changes no picture', async () => {
    const loadTextRenderer = vi.fn(async () => createTextRenderer());
    const { ready, problems } = await prepare({}, { loadTextRenderer });
    expect(loadTextRenderer).not.toHaveBeenCalled();
    expect([ready.stripHeight, ready.hasTiles, changed(ready), problems]).toEqual([0, false, null, []]);
  });
});

describe('the watermark', () => {
  test('stands in the bottom right corner, two per cent off the edges and at most a sixth of the width', async () => {
    const { ready } = await prepare({ watermarkPath: wide });
    expect(changed(ready)).toEqual({ x: 1200 - 24 - 200, y: 720 - 24 - 50, width: 200, height: 50 });
  });

  test('that is tall keeps its proportions within a quarter of the height', async () => {
    const { ready } = await prepare({ watermarkPath: tall });
    const { x, y, width, height } = changed(ready)!;
    expect([x + width, y + height]).toEqual([1200 - 24, 720 - 24]);
    expect(height).toBe(180);
    expect(Math.abs(width - 45)).toBeLessThanOrEqual(1);
  });

  test('that cannot be read is told once, and the rest is drawn', async () => {
    const { ready, problems } = await prepare({ watermarkPath: path.join(directory, 'gone.png'), stamp: true });
    expect(problems).toEqual([`The watermark ${path.join(directory, 'gone.png')} cannot be read.`]);
    expect(changed(ready)!.y).toBeLessThan(40);
    expect(problems).toHaveLength(1);
  });
});

describe('the stamp', () => {
  test('stands in the top left corner and is drawn when its second changes, not for every picture', async () => {
    const renderer = createTextRenderer();
    const texts: string[] = [];
    const loadTextRenderer = async (): Promise<TextRenderer> => ({
      ...renderer,
      renderStamp: (request) => {
        texts.push(request.text);
        return renderer.renderStamp(request);
      },
    });
    const { ready } = await prepare({ stamp: true, stampTimeZone: 'Asia/Shanghai' }, { loadTextRenderer });
    texts.length = 0;
    const area = changed(ready)!;
    expect([area.x, area.y].every((edge) => edge >= 24 && edge < 32)).toBe(true);
    expect(area.height).toBeLessThanOrEqual(30);
    expect(area.width).toBeGreaterThan(150);
    const picture = new Uint8Array(VIDEO.width * VIDEO.height * 1.5);
    for (let tick = 0; tick < 45; tick++) ready.dress(picture, T0_MS + (tick * 1000) / 15);
    ready.dress(picture, T0_MS + 1000);
    expect(texts.map((text) => text.slice(-8))).toEqual(['14:03:58', '14:03:59', '14:04:00', '14:03:59']);
  });

  test("of an unknown time zone is told and shows the machine's own time", async () => {
    const { ready, problems } = await prepare({ stamp: true, stampTimeZone: 'Nowhere/Land' });
    expect(problems).toEqual(['The stamp shows the machine\'s own time: there is no time zone "Nowhere/Land".']);
    expect(changed(ready)).not.toBeNull();
  });

  test('that can be drawn no longer disappears instead of standing still, and is told once', async () => {
    const renderer = createTextRenderer();
    let isBroken = false;
    const loadTextRenderer = async (): Promise<TextRenderer> => ({
      ...renderer,
      renderStamp: (request) => {
        if (isBroken) throw new Error('out of ink');
        return renderer.renderStamp(request);
      },
    });
    const { ready, problems } = await prepare({ stamp: true }, { loadTextRenderer });
    expect(changed(ready)).not.toBeNull();
    isBroken = true;
    expect(changed(ready, T0_MS + 1000)).toBeNull();
    expect(changed(ready, T0_MS + 2000)).toBeNull();
    expect(problems).toEqual(['A name or the stamp could not be drawn: out of ink']);
  });
});

describe('names', () => {
  test('without a text renderer there are none, and the recording goes on', async () => {
    const loadTextRenderer = () => Promise.reject(new Error('no such library'));
    const { ready, problems } = await prepare(
      { nameStrip: true, placeholder: true, stamp: true },
      { loadTextRenderer },
    );
    expect(problems).toEqual(['Names, stamp and watermark are left out: no such library']);
    expect([ready.stripHeight, ready.hasTiles, ready.strip('a', 64, 16), changed(ready)]).toEqual([
      ...[0, false, null, null],
    ]);
  });

  test('what cannot be drawn is told once and left out', async () => {
    const { ready, problems } = await prepare({ nameStrip: true });
    expect(ready.strip('a', 63, 16)).toBeNull();
    expect(ready.tile('a', 64, 15)).toBeNull();
    expect(problems).toHaveLength(1);
    expect(ready.strip('a', 64, 16)).toMatchObject({ width: 64, height: 16 });
  });

  test('and digits need no file once a recording runs, whatever their script', async () => {
    const readFile = vi.fn((file: string) => readFileSync(file));
    const names = { a: '王小明', b: 'Иван', c: 'أحمد', d: 'ชัย', e: '👋 김' };
    const { ready, problems } = await prepare(
      { nameStrip: true, placeholder: true, stamp: true },
      { names, loadTextRenderer: async () => createTextRenderer(new FontShelf({ readFile })) },
    );
    expect(readFile).toHaveBeenCalled();
    readFile.mockClear();
    for (const userId of [...Object.keys(names), 'user-_09Z']) {
      expect(ready.strip(userId, 200, 30)).not.toBeNull();
      expect(ready.tile(userId, 200, 120)).not.toBeNull();
    }
    for (let second = 0; second < 10; second++) changed(ready, T0_MS + second * 11_111_000);
    expect(readFile).not.toHaveBeenCalled();
    expect(problems).toEqual([]);
  });

  test.each([
    ['Ann Lee', 'AL'],
    ['ann', 'A'],
    ['user_c', 'UC'],
    ['王小明', '王'],
    ['Иван Петров 👋', 'ИП'],
    ['Ann (Host)', 'A'],
    ['', ''],
    ['👋', ''],
  ])('%s has the initials "%s"', (name, initials) => {
    expect(initialsOf(name)).toBe(initials);
  });
});
