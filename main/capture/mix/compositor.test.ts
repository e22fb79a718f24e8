import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseColour } from './colour.ts';
import { type CanvasOptions, type Cell, Compositor, type HeldPicture } from './compositor.ts';
import { loadKernel } from './kernel/load.ts';
import { gridLayout, screenLayout } from './layout.ts';
import type { I420Frame, Rect, Rotation } from './types.ts';

const GREY: CanvasOptions = { width: 128, height: 72, background: '#808080', fit: 'fit' };
const BACKGROUND = parseColour('#808080');

async function compositor(options: CanvasOptions = GREY): Promise<Compositor> {
  return new Compositor(await loadKernel(), options);
}

/** A frame whose luma comes from a function and whose chroma is flat. */
function frame(
  width: number,
  height: number,
  luma: (x: number, y: number) => number,
  { rotation = 0 as Rotation, u = 90, v = 170 } = {},
): I420Frame {
  const data = new Uint8Array((width * height * 3) / 2);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[y * width + x] = luma(x, y);
  data.fill(u, width * height, width * height * 1.25);
  data.fill(v, width * height * 1.25);
  return { data, width, height, rotation };
}

/** A frame that no other has: noise from a number. */
function noise(width: number, height: number, seed: number, rotation: Rotation): I420Frame {
  const picture = frame(width, height, () => 0, { rotation });
  let state = seed;
  for (let index = 0; index < picture.data.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    picture.data[index] = state >>> 24;
  }
  return picture;
}

/** Luma, U and V at a pixel of the canvas. */
function pixel(canvas: Uint8Array, x: number, y: number, { width, height } = GREY): [number, number, number] {
  const area = width * height;
  const chroma = area + (y >> 1) * (width / 2) + (x >> 1);
  return [canvas[y * width + x]!, canvas[chroma]!, canvas[chroma + area / 4]!];
}

const full: Rect = { x: 0, y: 0, width: 128, height: 72 };
const grey = [BACKGROUND.y, BACKGROUND.u, BACKGROUND.v];

describe('Compositor', () => {
  test('starts as background and shows nobody without a cell', async () => {
    const mixed = await compositor();
    expect(mixed.canvas).toHaveLength((128 * 72 * 3) / 2);
    expect(new Set(mixed.canvas.subarray(0, 128 * 72))).toEqual(new Set([BACKGROUND.y]));
    const { revision } = mixed;
    mixed.drawFrame(
      'a',
      frame(64, 36, () => 200),
    );
    expect(mixed.revision).toBe(revision);
    expect(pixel(mixed.canvas, 64, 36)).toEqual(grey);
    mixed.setCells([{ key: 'a', rect: full }]);
    expect(mixed.revision).toBeGreaterThan(revision);
    expect(pixel(mixed.canvas, 64, 36)).toEqual([200, 90, 170]);
  });

  test('a picture of the size of its cell is copied as it is', async () => {
    const mixed = await compositor();
    mixed.setCells([{ key: 'a', rect: { x: 64, y: 36, width: 64, height: 36 } }]);
    const picture = noise(64, 36, 7, 0);
    mixed.drawFrame('a', picture);
    const { canvas } = mixed;
    for (let y = 0; y < 36; y++) {
      const at = (36 + y) * 128 + 64;
      expect(canvas.subarray(at, at + 64)).toEqual(picture.data.subarray(y * 64, (y + 1) * 64));
    }
    expect(pixel(canvas, 63, 36)).toEqual(grey);
    expect(pixel(canvas, 64, 35)).toEqual(grey);
  });

  test.each([
    [0, [10, 80, 160, 240]],
    [1, [160, 10, 240, 80]],
    [2, [240, 160, 80, 10]],
    [3, [80, 240, 10, 160]],
  ] as const)('rotation %i turns clockwise', async (rotation, corners) => {
    const mixed = await compositor({ ...GREY, width: 96, height: 96 });
    mixed.setCells([{ key: 'a', rect: { x: 0, y: 0, width: 96, height: 96 } }]);
    // Quadrants: top left 10, top right 80, bottom left 160, bottom right 240.
    const quadrants = frame(48, 64, (x, y) => (y < 32 ? (x < 24 ? 10 : 80) : x < 24 ? 160 : 240), { rotation });
    mixed.drawFrame('a', quadrants);
    const size = { ...GREY, width: 96, height: 96 };
    const at = (x: number, y: number) => pixel(mixed.canvas, x, y, size)[0];
    expect([at(30, 30), at(66, 30), at(30, 66), at(66, 66)]).toEqual(corners);
    const upright = rotation % 2 === 0;
    expect(at(upright ? 4 : 48, upright ? 48 : 4)).toBe(BACKGROUND.y);
    expect(at(upright ? 48 : 4, upright ? 4 : 48)).not.toBe(BACKGROUND.y);
  });

  /** For a ramp along the source's rows: where on that row (in chroma samples) the turned picture's chroma sample n comes from. */
  const chromaOrigin: Record<Rotation, (n: number) => number> = {
    0: (n) => n,
    1: (n) => n + 0.25,
    2: (n) => 31.5 - n,
    3: (n) => 31.25 - n,
  };

  test.each([0, 1, 2, 3] as const)('chroma stays with its luma under rotation %i', async (rotation) => {
    const size = { ...GREY, width: 64, height: 64 };
    const mixed = await compositor(size);
    mixed.setCells([{ key: 'a', rect: { x: 0, y: 0, width: 64, height: 64 } }]);
    const ramp = frame(64, 64, () => 128, { rotation });
    for (let index = 0; index < 32 * 32; index++) ramp.data[64 * 64 + index] = 40 + 4 * (index % 32);
    mixed.drawFrame('a', ramp);
    for (let n = 8; n < 24; n++) {
      const [, u] = rotation % 2 === 0 ? pixel(mixed.canvas, 2 * n, 32, size) : pixel(mixed.canvas, 32, 2 * n, size);
      expect(Math.abs(u - (40 + 4 * chromaOrigin[rotation](n)))).toBeLessThan(0.6);
    }
  });

  test('fit leaves borders of background, fill crops', async () => {
    const wide = frame(128, 32, (x) => (x < 32 || x >= 96 ? 20 : 220));
    const fitted = await compositor();
    fitted.setCells([{ key: 'a', rect: full }]);
    fitted.drawFrame('a', wide);
    expect(pixel(fitted.canvas, 64, 10)).toEqual(grey);
    expect(pixel(fitted.canvas, 64, 60)).toEqual(grey);
    expect(pixel(fitted.canvas, 4, 36)[0]).toBe(20);
    const filled = await compositor({ ...GREY, fit: 'fill' });
    filled.setCells([{ key: 'a', rect: full }]);
    filled.drawFrame('a', wide);
    expect(new Set([4, 40, 64, 90, 124].map((x) => pixel(filled.canvas, x, 2)[0]))).toEqual(new Set([220]));
    filled.setCells([{ key: 'a', rect: full, fit: 'fit' }]);
    expect(pixel(filled.canvas, 64, 2)).toEqual(grey);
  });

  test('a held picture moves to its new cell after its sender overwrote the buffer', async () => {
    const mixed = await compositor();
    const picture = frame(64, 36, () => 200);
    mixed.setCells([{ key: 'a', rect: full }]);
    mixed.drawFrame('a', picture);
    picture.data.fill(0);
    const [left, right] = gridLayout(2, 128, 72);
    mixed.setCells([
      { key: 'b', rect: left! },
      { key: 'a', rect: right! },
    ]);
    expect(pixel(mixed.canvas, 96, 36)).toEqual([200, 90, 170]);
    expect(pixel(mixed.canvas, 32, 36)).toEqual(grey);
    mixed.forget('a');
    expect(pixel(mixed.canvas, 96, 36)).toEqual(grey);
  });

  test('equal revisions mean an equal canvas', async () => {
    const mixed = await compositor();
    mixed.setCells([{ key: 'a', rect: full }]);
    mixed.drawFrame('a', noise(64, 36, 1, 0));
    const { revision } = mixed;
    mixed.setCells([{ key: 'a', rect: { ...full } }]);
    mixed.forget('nobody');
    expect(mixed.revision).toBe(revision);
    mixed.drawFrame('a', noise(64, 36, 2, 0));
    expect(mixed.revision).toBeGreaterThan(revision);
  });

  test('refuses what is no I420 picture', async () => {
    const mixed = await compositor();
    const good = frame(64, 36, () => 0);
    expect(() => mixed.drawFrame('a', { ...good, width: 63 })).toThrow(RangeError);
    expect(() => mixed.drawFrame('a', { ...good, height: 34 })).toThrow(RangeError);
    expect(() => mixed.drawFrame('a', { ...good, data: new Uint8Array(), width: 0 })).toThrow(RangeError);
    await expect(compositor({ ...GREY, background: 'red' })).rejects.toThrow(TypeError);
  });
});

describe('after any history', () => {
  const half = (min: number, max: number) => fc.integer({ min, max }).map((value) => value * 2);
  const key = fc.constantFrom('a', 'b', 'c', 'd');
  const move = fc.oneof(
    fc.record({
      kind: fc.constant('draw' as const),
      key,
      width: half(1, 60),
      height: half(1, 60),
      rotation: fc.constantFrom<Rotation>(0, 0, 1, 2, 3),
      seed: fc.nat(),
      fate: fc.constantFrom('drawn', 'waits', 'dropped'),
    }),
    fc.record({ kind: fc.constant('grid' as const), keys: fc.uniqueArray(key) }),
    fc.record({ kind: fc.constant('screen' as const), keys: fc.uniqueArray(key, { minLength: 1 }) }),
    fc.record({ kind: fc.constant('forget' as const), key }),
  );

  function cellsOf(kind: 'grid' | 'screen', keys: string[]): Cell[] {
    if (kind === 'grid') return gridLayout(keys.length, 128, 72).map((rect, index) => ({ key: keys[index]!, rect }));
    const { screen, cameras } = screenLayout(keys.length - 1, 128, 72);
    return [screen, ...cameras].map((rect, index) => ({ key: keys[index]!, rect, fit: index === 0 ? 'fit' : 'fill' }));
  }

  test('the canvas is what a fresh one with the same cells and last pictures is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(move, { maxLength: 30 }), async (moves) => {
        const mixed = await compositor();
        const last = new Map<string, I420Frame>();
        const waiting: { key: string; picture: I420Frame; held: HeldPicture }[] = [];
        const drawWaiting = () => {
          for (const { key, picture, held } of waiting.splice(0)) {
            last.set(key, picture);
            mixed.draw(key, held);
          }
        };
        let cells: Cell[] = [];
        for (const step of moves) {
          if (step.kind === 'draw') {
            const picture = noise(step.width, step.height, step.seed, step.rotation);
            const held = mixed.hold({ ...picture, data: picture.data.slice() });
            if (step.fate === 'dropped') mixed.drop(held);
            else waiting.push({ key: step.key, picture, held });
            if (step.fate === 'drawn') drawWaiting();
          } else if (step.kind === 'forget') {
            last.delete(step.key);
            mixed.forget(step.key);
          } else {
            cells = cellsOf(step.kind, step.keys);
            mixed.setCells(cells);
          }
        }
        drawWaiting();
        const fresh = await compositor();
        fresh.setCells(cells);
        for (const [name, picture] of last) fresh.drawFrame(name, picture);
        expect(Buffer.compare(mixed.canvas, fresh.canvas)).toBe(0);
      }),
      { numRuns: 80 },
    );
  });

  test('a picture is drawn right after so many other sizes that the tap tables were thrown away', async () => {
    const cells = cellsOf('grid', ['a', 'b']);
    const mixed = await compositor();
    mixed.setCells(cells);
    mixed.drawFrame('a', noise(90, 50, 1, 0));
    const data = new Uint8Array(1200 * 4 * 1.5);
    for (let width = 2; width <= 1200; width += 2) {
      mixed.drawFrame('b', { data: data.subarray(0, width * 6), width, height: 4, rotation: 0 });
    }
    mixed.drawFrame('a', noise(90, 50, 2, 0));
    const fresh = await compositor();
    fresh.setCells(cells);
    fresh.drawFrame('a', noise(90, 50, 2, 0));
    fresh.drawFrame('b', { data, width: 1200, height: 4, rotation: 0 });
    expect(Buffer.compare(mixed.canvas, fresh.canvas)).toBe(0);
  });

  test('memory stays bounded through thousands of sizes', async () => {
    const kernel = await loadKernel();
    const mixed = new Compositor(kernel, GREY);
    mixed.setCells(cellsOf('grid', ['a', 'b', 'c', 'd']));
    const data = new Uint8Array((640 * 480 * 3) / 2);
    let grown = 0;
    for (let round = 0; round < 4000; round++) {
      const width = 2 + ((round * 74) % 640);
      const height = 2 + ((round * 46) % 480);
      const rotation = (round % 4) as Rotation;
      mixed.drawFrame('abcd'[round % 4]!, {
        data: data.subarray(0, (width * height * 3) / 2),
        width,
        height,
        rotation,
      });
      if (round % 97 === 0) mixed.forget('abcd'[round % 4]!);
      if (round === 2000) grown = kernel.memory.buffer.byteLength;
    }
    expect(kernel.memory.buffer.byteLength).toBe(grown);
    // Tap cache, scratch, and four retained pictures with as much again for pieces in between.
    expect(grown).toBeLessThan((1 << 20) + 10 * data.length);
  });
});

describe('parseColour', () => {
  test.each([
    ['#000000', { y: 16, u: 128, v: 128 }],
    ['#ffffff', { y: 235, u: 128, v: 128 }],
    ['#ff0000', { y: 81, u: 90, v: 240 }],
    ['#00ff00', { y: 145, u: 54, v: 34 }],
    ['#0000FF', { y: 41, u: 240, v: 110 }],
  ])('%s', (text, expected) => {
    expect(parseColour(text)).toEqual(expected);
  });
});
