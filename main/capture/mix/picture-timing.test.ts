import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PictureTiming } from './picture-timing.ts';

const FRAME_MS = 40;

/** Places of pictures sent every 40 ms that arrive `delays[k]` ms after they were sent. */
function places(delays: readonly number[], stampOf = (index: number) => index * FRAME_MS + 1): number[] {
  const timing = new PictureTiming();
  return delays.map((delay, index) => timing.place(stampOf(index), 5000 + index * FRAME_MS + delay));
}

describe('PictureTiming', () => {
  test('takes jitter out: once a quick picture was seen, pictures lie as far apart as they were sent', () => {
    const delays = fc.array(fc.integer({ min: 0, max: 39 }), { minLength: 20, maxLength: 60 });
    fc.assert(
      fc.property(delays, (jitter) => {
        const placed = places([0, ...jitter]);
        for (const [index, place] of placed.entries()) expect(place).toBe(5000 + index * FRAME_MS);
      }),
    );
  });

  test('never places a picture after its arrival or before the one before it, whatever stamps and line do', () => {
    const pictures = fc.array(
      fc.record({ stampMs: fc.integer({ min: -5000, max: 5000 }), waitMs: fc.integer({ min: 0, max: 400 }) }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(pictures, (all) => {
        const timing = new PictureTiming();
        let arrivalMs = 0;
        let before = Number.NEGATIVE_INFINITY;
        for (const { stampMs, waitMs } of all) {
          arrivalMs += waitMs;
          const place = timing.place(stampMs, arrivalMs);
          expect(place).toBeLessThanOrEqual(arrivalMs);
          expect(place).toBeGreaterThanOrEqual(before);
          before = place;
        }
      }),
    );
  });

  test('without time stamps, pictures belong where they arrive', () => {
    expect(places([0, 30, 5, 20], () => 0)).toEqual([5000, 5070, 5085, 5140]);
  });

  test('a stamp that jumps changes nothing but itself', () => {
    const placed = places([0, 0, 0, 0, 0, 0], (index) => index * FRAME_MS + (index >= 3 ? 90_000 : 0) + 1);
    expect(placed).toEqual([5000, 5040, 5080, 5120, 5160, 5200]);
    const back = places([0, 0, 0, 0, 0, 0], (index) => index * FRAME_MS - (index >= 3 ? 90_000 : 0) + 1);
    expect(back).toEqual([5000, 5040, 5080, 5120, 5160, 5200]);
  });

  test('follows a way that became longer within a second, and one that became shorter at once', () => {
    const longer = places(Array.from({ length: 60 }, (_, index) => (index < 20 ? 0 : 100)));
    expect(longer[22]).toBe(5000 + 22 * FRAME_MS);
    expect(longer[45]).toBe(5100 + 45 * FRAME_MS);
    const shorter = places(Array.from({ length: 60 }, (_, index) => (index < 20 ? 100 : 0)));
    expect(shorter[22]).toBe(5000 + 22 * FRAME_MS);
  });
});
