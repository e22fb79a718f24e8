import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gridLayout, placeInCell, screenLayout, speakerLayout, stripHeightFor, withStrip } from './layout.ts';
import type { Rect, Rotation } from './types.ts';

const evenSize = (min: number, max: number) => fc.integer({ min: min / 2, max: max / 2 }).map((half) => half * 2);
const canvas = fc.record({ width: evenSize(16, 2000), height: evenSize(16, 2000) });

function overlaps(a: Rect, b: Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

function expectProper(rects: Rect[], width: number, height: number) {
  for (const [index, rect] of rects.entries()) {
    for (const value of [rect.x, rect.y, rect.width, rect.height]) expect(value % 2).toBe(0);
    expect(rect.width).toBeGreaterThan(0);
    expect(rect.height).toBeGreaterThan(0);
    expect(rect.x).toBeGreaterThanOrEqual(0);
    expect(rect.y).toBeGreaterThanOrEqual(0);
    expect(rect.x + rect.width).toBeLessThanOrEqual(width);
    expect(rect.y + rect.height).toBeLessThanOrEqual(height);
    for (const other of rects.slice(index + 1)) expect(overlaps(rect, other)).toBe(false);
  }
}

const area = (rects: Rect[]) => rects.reduce((sum, rect) => sum + rect.width * rect.height, 0);

describe('gridLayout', () => {
  test('has the cells that the layouts are known for', () => {
    expect(gridLayout(1, 1280, 720)).toEqual([{ x: 0, y: 0, width: 1280, height: 720 }]);
    expect(gridLayout(2, 1280, 720)).toEqual([
      { x: 0, y: 0, width: 640, height: 720 },
      { x: 640, y: 0, width: 640, height: 720 },
    ]);
    expect(gridLayout(3, 1280, 720)).toEqual(gridLayout(4, 1280, 720).slice(0, 3));
    expect(gridLayout(4, 1280, 720)[2]).toEqual({ x: 0, y: 360, width: 640, height: 360 });
    expect(gridLayout(6, 1280, 720).map((cell) => [cell.x, cell.y, cell.width, cell.height])).toEqual([
      [0, 0, 426, 360],
      [426, 0, 428, 360],
      [854, 0, 426, 360],
      [0, 360, 426, 360],
      [426, 360, 428, 360],
      [854, 360, 426, 360],
    ]);
  });

  test('full grids cover the canvas without gap or overlap, in reading order', () => {
    fc.assert(
      fc.property(canvas, fc.constantFrom(1, 2, 4, 6), ({ width, height }, count) => {
        const cells = gridLayout(count, width, height);
        expectProper(cells, width, height);
        expect(area(cells)).toBe(width * height);
        const sorted = cells.toSorted((a, b) => a.y - b.y || a.x - b.x);
        expect(cells).toEqual(sorted);
        const widths = cells.map((cell) => cell.width);
        expect(Math.max(...widths) - Math.min(...widths)).toBeLessThanOrEqual(2);
      }),
    );
  });

  test('no cell for nobody, an error for seven and for odd sizes', () => {
    expect(gridLayout(0, 1280, 720)).toEqual([]);
    expect(() => gridLayout(7, 1280, 720)).toThrow(RangeError);
    expect(() => gridLayout(1, 1281, 720)).toThrow(RangeError);
  });
});

describe('screenLayout', () => {
  test('gives the screen the large area and each camera a cell beside it', () => {
    fc.assert(
      fc.property(canvas, fc.integer({ min: 0, max: 6 }), ({ width, height }, count) => {
        const { screen, cameras } = screenLayout(count, width, height);
        expect(cameras).toHaveLength(count);
        expectProper([screen, ...cameras], width, height);
        expect(screen.height).toBe(height);
        expect(screen.width).toBeGreaterThanOrEqual(width / 2);
        for (const camera of cameras) expect(camera.x).toBe(screen.width);
      }),
    );
  });

  test('cameras are 16:9 in a 720p canvas up to four', () => {
    expect(screenLayout(4, 1280, 720).cameras[3]).toEqual({ x: 960, y: 540, width: 320, height: 180 });
    expect(screenLayout(6, 1280, 720).cameras[5]).toEqual({ x: 960, y: 600, width: 320, height: 120 });
  });
});

describe('speakerLayout', () => {
  test('gives the speaker three quarters of the width and everybody else a cell beside him', () => {
    fc.assert(
      fc.property(canvas, fc.integer({ min: 0, max: 5 }), ({ width, height }, count) => {
        const { speaker, others } = speakerLayout(count, width, height);
        expect(others).toHaveLength(count);
        expectProper([speaker, ...others], width, height);
        for (const other of others) expect(other.width * other.height).toBeLessThan(speaker.width * speaker.height);
      }),
    );
  });

  test('six people on a 720p canvas', () => {
    const { speaker, others } = speakerLayout(5, 1280, 720);
    expect(speaker).toEqual({ x: 0, y: 0, width: 960, height: 720 });
    expect(others.map((cell) => [cell.x, cell.y, cell.width, cell.height])).toEqual(
      [0, 144, 288, 432, 576].map((y) => [960, y, 320, 144]),
    );
    expect(speakerLayout(0, 1280, 720)).toEqual({ speaker: { x: 0, y: 0, width: 1280, height: 720 }, others: [] });
    for (const count of [6, -1, 1.5]) expect(() => speakerLayout(count, 1280, 720)).toThrow(RangeError);
  });
});

describe('withStrip', () => {
  test('picture and strip are even and make up the cell, the picture on top and the larger', () => {
    fc.assert(
      fc.property(canvas, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 2, max: 300 }), (size, count, height) => {
        for (const cell of [...gridLayout(count, size.width, size.height), ...screenLayout(count, 640, 16).cameras]) {
          const { picture, strip } = withStrip(cell, height);
          if (strip === null) {
            expect(cell.height < 6 || height < 2).toBe(true);
            expect(picture).toEqual(cell);
            continue;
          }
          expectProper([picture, strip], size.width + 640, size.height);
          expect(area([picture, strip])).toBe(area([cell]));
          expect([picture.x, picture.y, picture.width]).toEqual([cell.x, cell.y, cell.width]);
          expect([strip.x, strip.width, strip.y]).toEqual([cell.x, cell.width, picture.y + picture.height]);
          expect(strip.height).toBeLessThanOrEqual(height);
          expect(picture.height).toBeGreaterThanOrEqual(2 * strip.height);
        }
      }),
    );
  });

  test('strips on usual canvases', () => {
    expect([360, 720, 1080, 120].map(stripHeightFor)).toEqual([16, 30, 46, 16]);
    expect(withStrip({ x: 426, y: 360, width: 428, height: 360 }, 30)).toEqual({
      picture: { x: 426, y: 360, width: 428, height: 330 },
      strip: { x: 426, y: 690, width: 428, height: 30 },
    });
  });
});

describe('placeInCell', () => {
  const cell = fc.record({
    x: evenSize(0, 500),
    y: evenSize(0, 500),
    width: evenSize(40, 1000),
    height: evenSize(40, 1000),
  });
  const side = evenSize(16, 2000);
  const rotation = fc.constantFrom<Rotation>(0, 1, 2, 3);
  const inside = (inner: Rect, outer: Rect) =>
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height;

  test('lies inside, even, centred and in proportion', () => {
    fc.assert(
      fc.property(
        cell,
        side,
        side,
        rotation,
        fc.constantFrom('fit' as const, 'fill' as const),
        (rect, w, h, turn, fit) => {
          const [width, height] = turn % 2 === 1 ? [h, w] : [w, h];
          const { destination, source } = placeInCell(rect, w, h, turn, fit);
          for (const value of [...Object.values(destination), ...Object.values(source)]) expect(value % 2).toBe(0);
          expect(inside(destination, rect)).toBe(true);
          expect(inside(source, { x: 0, y: 0, width, height })).toBe(true);
          const offCentreX = destination.x - rect.x - (rect.x + rect.width - destination.x - destination.width);
          const offCentreY = destination.y - rect.y - (rect.y + rect.height - destination.y - destination.height);
          expect(Math.abs(offCentreX)).toBeLessThanOrEqual(2);
          expect(Math.abs(offCentreY)).toBeLessThanOrEqual(2);
          if (fit === 'fit') {
            expect(source).toEqual({ x: 0, y: 0, width, height });
            expect(destination.width === rect.width || destination.height === rect.height).toBe(true);
          } else {
            expect(destination).toEqual(rect);
            expect(source.width === width || source.height === height).toBe(true);
          }
          // Both sides are scaled alike, but for the rounding of one side to an even number (never below two).
          const wanted =
            fit === 'fit'
              ? Math.min(rect.width / width, rect.height / height)
              : Math.max(rect.width / width, rect.height / height);
          const slack = fit === 'fit' ? 1 : wanted;
          expect(Math.abs(destination.width - source.width * wanted)).toBeLessThanOrEqual(
            slack + 1e-6 + (source.width === 2 ? wanted : 0) + (destination.width === 2 ? 2 : 0),
          );
          expect(Math.abs(destination.height - source.height * wanted)).toBeLessThanOrEqual(
            slack + 1e-6 + (source.height === 2 ? wanted : 0) + (destination.height === 2 ? 2 : 0),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  test('a portrait phone turned upright stands between borders', () => {
    expect(placeInCell({ x: 640, y: 0, width: 640, height: 720 }, 640, 360, 1, 'fit').destination).toEqual({
      x: 756,
      y: 0,
      width: 406,
      height: 720,
    });
  });
});
