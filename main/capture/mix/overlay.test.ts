import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blendOverlay, type Overlay, placeInCorner } from './overlay.ts';

/** Bytes that look like noise but are the same for the same seed. */
function noise(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 24;
  });
}

function overlay(width: number, height: number, seed: number, alpha?: number): Overlay {
  const area = width * height;
  const alphas = (length: number, own: number) =>
    alpha === undefined ? noise(length, own) : new Uint8Array(length).fill(alpha);
  return {
    width,
    height,
    y: noise(area, seed),
    u: noise(area / 4, seed + 1),
    v: noise(area / 4, seed + 2),
    alphaY: alphas(area, seed + 3),
    alphaUV: alphas(area / 4, seed + 4),
  };
}

const even = (min: number, max: number) => fc.integer({ min: min / 2, max: max / 2 }).map((half) => half * 2);
const placed = fc.record({
  canvasWidth: even(2, 40),
  canvasHeight: even(2, 40),
  width: even(2, 24),
  height: even(2, 24),
  x: even(-30, 50),
  y: even(-30, 50),
  seed: fc.nat(),
});

/** The three planes of a picture with what a plane of the overlay holds at a sample of it, null beyond the overlay. */
function planes(picture: Uint8Array, width: number, height: number, over: Overlay, x: number, y: number) {
  const area = width * height;
  const plane = (bytes: Uint8Array, divisor: number, colour: Uint8Array, alpha: Uint8Array) => ({
    bytes,
    at: (index: number) => {
      const column = (index % (width / divisor)) - x / divisor;
      const row = Math.floor(index / (width / divisor)) - y / divisor;
      if (column < 0 || row < 0 || column >= over.width / divisor || row >= over.height / divisor) return null;
      const from = (row * over.width) / divisor + column;
      return { colour: colour[from]!, alpha: alpha[from]! };
    },
  });
  return [
    plane(picture.subarray(0, area), 1, over.y, over.alphaY),
    plane(picture.subarray(area, area * 1.25), 2, over.u, over.alphaUV),
    plane(picture.subarray(area * 1.25), 2, over.v, over.alphaUV),
  ];
}

describe('blendOverlay', () => {
  test('is the rounded weighted mean under the overlay and changes nothing beside it, wherever it lies', () => {
    fc.assert(
      fc.property(placed, ({ canvasWidth, canvasHeight, width, height, x, y, seed }) => {
        const picture = noise(canvasWidth * canvasHeight * 1.5, seed + 9);
        const before = picture.slice();
        const over = overlay(width, height, seed);
        blendOverlay(picture, canvasWidth, canvasHeight, over, x, y);
        const old = planes(before, canvasWidth, canvasHeight, over, x, y);
        for (const [index, { bytes, at }] of planes(picture, canvasWidth, canvasHeight, over, x, y).entries()) {
          const expected = Uint8Array.from(old[index]!.bytes, (below, sample) => {
            const above = at(sample);
            if (above === null) return below;
            return Math.round((below * (255 - above.alpha) + above.colour * above.alpha) / 255);
          });
          expect(Buffer.compare(bytes, expected)).toBe(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('with alpha 0 nothing happens, with alpha 255 the overlay stands as it is', () => {
    const before = noise(16 * 8 * 1.5, 1);
    const picture = before.slice();
    blendOverlay(picture, 16, 8, overlay(8, 4, 2, 0), 4, 2);
    expect(picture).toEqual(before);
    const solid = overlay(16, 8, 3, 255);
    blendOverlay(picture, 16, 8, solid, 0, 0);
    expect(picture).toEqual(Uint8Array.from([...solid.y, ...solid.u, ...solid.v]));
  });

  test('refuses odd places and sizes and a picture of another size', () => {
    const picture = new Uint8Array(16 * 8 * 1.5);
    expect(() => blendOverlay(picture, 16, 8, overlay(4, 4, 1), 1, 0)).toThrow(RangeError);
    expect(() => blendOverlay(picture, 16, 8, overlay(4, 4, 1), 0, 3)).toThrow(RangeError);
    expect(() => blendOverlay(picture, 16, 10, overlay(4, 4, 1), 0, 0)).toThrow(RangeError);
    expect(() => blendOverlay(picture, 16, 8, { ...overlay(4, 4, 1), width: 3 }, 0, 0)).toThrow(RangeError);
  });
});

describe('placeInCorner', () => {
  test('stands off the edges by an even margin', () => {
    const size = { width: 100, height: 20 };
    expect(placeInCorner('topLeft', 1280, 720, size, 15)).toEqual({ x: 16, y: 16 });
    expect(placeInCorner('topRight', 1280, 720, size, 16)).toEqual({ x: 1164, y: 16 });
    expect(placeInCorner('bottomLeft', 1280, 720, size, 16)).toEqual({ x: 16, y: 684 });
    expect(placeInCorner('bottomRight', 1280, 720, size, 16)).toEqual({ x: 1164, y: 684 });
  });
});
