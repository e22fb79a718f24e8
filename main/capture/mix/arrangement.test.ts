import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arrange } from './arrangement.ts';

const rects = (parts: Parameters<typeof arrange<string>>[0]) =>
  arrange(parts, 640, 360).map(({ part, rect: { x, y, width, height } }) => [part, x, y, width, height]);

describe('arrange', () => {
  test('cells are equal when nobody is to be large', () => {
    expect(rects({ screen: null, cameras: [], large: null })).toEqual([]);
    expect(rects({ screen: null, cameras: ['a', 'b', 'c'], large: null })).toEqual([
      ['a', 0, 0, 320, 180],
      ['b', 320, 0, 320, 180],
      ['c', 0, 180, 320, 180],
    ]);
  });

  test('the large one stands at the left, the others beside him in their order', () => {
    expect(rects({ screen: null, cameras: ['a', 'b', 'c'], large: 'b' })).toEqual([
      ['b', 0, 0, 480, 360],
      ['a', 480, 0, 160, 90],
      ['c', 480, 90, 160, 90],
    ]);
    expect(rects({ screen: null, cameras: ['a'], large: 'a' })).toEqual([['a', 0, 0, 640, 360]]);
  });

  test('a screen takes the large area from everybody', () => {
    const cameras = ['a', 'b', 'c', 'd', 'e', 'f'];
    expect(rects({ screen: 's', cameras, large: 'b' })).toEqual([
      ['s', 0, 0, 480, 360],
      ...cameras.map((camera, index) => [camera, 480, index * 60, 160, 60]),
    ]);
  });

  test('everybody has exactly one cell, inside the canvas, even, and no two overlap', () => {
    const even = fc.integer({ min: 32, max: 960 }).map((half) => half * 2);
    const counts = fc.record({ count: fc.nat(6), hasScreen: fc.boolean(), large: fc.nat(7) });
    fc.assert(
      fc.property(even, even, counts, (width, height, { count, hasScreen, large }) => {
        const cameras = Array.from({ length: count }, (_, index) => index);
        const parts = { screen: hasScreen ? 100 : null, cameras, large: large < count ? large : null };
        const placed = arrange(parts, width, height);
        expect(placed.map(({ part }) => part).sort((a, b) => a - b)).toEqual([...cameras, ...(hasScreen ? [100] : [])]);
        for (const [index, { rect }] of placed.entries()) {
          expect(Object.values(rect).every((value) => value % 2 === 0)).toBe(true);
          expect(rect.x + rect.width).toBeLessThanOrEqual(width);
          expect(rect.y + rect.height).toBeLessThanOrEqual(height);
          for (const { rect: other } of placed.slice(index + 1)) {
            const apartX = rect.x + rect.width <= other.x || other.x + other.width <= rect.x;
            const apartY = rect.y + rect.height <= other.y || other.y + other.height <= rect.y;
            expect(apartX || apartY).toBe(true);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
