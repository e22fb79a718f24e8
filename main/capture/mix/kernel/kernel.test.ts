import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { bandBytes, type PlaneKernel, readAhead } from './kernel.ts';
import { loadKernel } from './load.ts';
import { createReferenceKernel } from './reference.ts';
import { computeTaps, PHASE_LEFT, PHASE_MIDDLE, PHASE_RIGHT, tapsBytes, writeTaps } from './taps.ts';

let wasm: PlaneKernel;
let reference: PlaneKernel;

const PAGE = 65_536;

beforeAll(async () => {
  wasm = await loadKernel();
  wasm.memory.grow(15);
  reference = createReferenceKernel(new WebAssembly.Memory({ initial: 16 }));
});

interface ScaleCase {
  sourceWidth: number;
  sourceHeight: number;
  destinationWidth: number;
  destinationHeight: number;
  sourceGap: number;
  destinationGap: number;
  sourcePhase: number;
  destinationPhase: number;
}

/** Runs one scaling on a kernel whose memory holds the same bytes for the same seed; returns everything up to the tables. */
function scale(kernel: PlaneKernel, wanted: ScaleCase, sourceBytes: Uint8Array): Uint8Array {
  const sourceStride = wanted.sourceWidth + wanted.sourceGap;
  const destinationStride = wanted.destinationWidth + wanted.destinationGap;
  const source = 64;
  const destination = source + sourceStride * wanted.sourceHeight + readAhead(sourceStride);
  const destinationEnd = destination + destinationStride * wanted.destinationHeight + 64;
  const phases = { sourcePhase: wanted.sourcePhase, destinationPhase: wanted.destinationPhase };
  const horizontal = computeTaps({
    sourceLength: wanted.sourceWidth,
    destinationLength: wanted.destinationWidth,
    ...phases,
    startMultiple: 2,
  });
  const vertical = computeTaps({
    sourceLength: wanted.sourceHeight,
    destinationLength: wanted.destinationHeight,
    ...phases,
    startMultiple: 1,
  });
  const horizontalAt = Math.ceil(destinationEnd / 16) * 16;
  const verticalAt = Math.ceil((horizontalAt + tapsBytes(horizontal)) / 16) * 16;
  const band = Math.ceil((verticalAt + tapsBytes(vertical)) / 16) * 16;
  expect(band + bandBytes(wanted.sourceWidth, horizontal.tapCount)).toBeLessThan(16 * PAGE);
  const heap = new Uint8Array(kernel.memory.buffer);
  heap.fill(0xa5);
  for (let index = 0; index < destination; index++) heap[index] = sourceBytes[index % sourceBytes.length]!;
  writeTaps(horizontal, kernel.memory.buffer, horizontalAt);
  writeTaps(vertical, kernel.memory.buffer, verticalAt);
  kernel.scalePlane(
    source,
    sourceStride,
    wanted.sourceWidth,
    destination,
    destinationStride,
    wanted.destinationWidth,
    wanted.destinationHeight,
    horizontalAt,
    horizontal.tapCount,
    verticalAt,
    vertical.tapCount,
    band,
  );
  return heap.slice(0, horizontalAt);
}

const size = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 120 }));
const phase = fc.constantFrom(PHASE_LEFT, PHASE_MIDDLE, PHASE_RIGHT);
const scaleCase: fc.Arbitrary<ScaleCase> = fc.record({
  sourceWidth: size,
  sourceHeight: size,
  destinationWidth: size,
  destinationHeight: size,
  sourceGap: fc.integer({ min: 0, max: 5 }),
  destinationGap: fc.integer({ min: 0, max: 5 }),
  sourcePhase: phase,
  destinationPhase: phase,
});

/** Noise, and hard black-white edges that make the filter overshoot. */
const sourceBytes = fc.oneof(
  fc.uint8Array({ minLength: 97, maxLength: 97 }),
  fc.array(fc.constantFrom(0, 255), { minLength: 97, maxLength: 97 }).map((values) => Uint8Array.from(values)),
);

describe('the WebAssembly kernel equals the reference byte for byte', () => {
  test('scaling, with nothing written outside the destination', () => {
    fc.assert(
      fc.property(scaleCase, sourceBytes, (wanted, bytes) => {
        const actual = scale(wasm, wanted, bytes);
        expect(Buffer.compare(actual, scale(reference, wanted, bytes))).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  test('turning, copying and filling', () => {
    fc.assert(
      fc.property(
        size,
        size,
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 1, max: 3 }),
        (width, height, gap, turns) => {
          const stride = width + gap;
          const run = (kernel: PlaneKernel) => {
            const heap = new Uint8Array(kernel.memory.buffer);
            heap.fill(0);
            for (let index = 0; index < 40_000; index++) heap[index] = (index * 7 + (index >> 3)) & 255;
            kernel.rotatePlane(16, stride, width, height, 40_000, turns);
            kernel.copyPlane(16, stride, 80_000, width + 3, width, height);
            kernel.copyPlane(80_000, width, 120_000, width, width, height);
            kernel.fillPlane(160_000, stride, width, height, 77);
            return heap.slice(0, 200_000);
          };
          expect(Buffer.compare(run(wasm), run(reference))).toBe(0);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('what the scaler makes of a picture', () => {
  const plain = { sourceGap: 0, destinationGap: 0, sourcePhase: PHASE_MIDDLE, destinationPhase: PHASE_MIDDLE };

  function scaled(
    width: number,
    height: number,
    toWidth: number,
    toHeight: number,
    pixel: (x: number, y: number) => number,
  ) {
    const bytes = new Uint8Array(64 + width * height + readAhead(width)).fill(0);
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) bytes[64 + y * width + x] = pixel(x, y);
    const wanted = {
      ...plain,
      sourceWidth: width,
      sourceHeight: height,
      destinationWidth: toWidth,
      destinationHeight: toHeight,
    };
    const start = 64 + width * height + readAhead(width);
    return scale(wasm, wanted, bytes).slice(start, start + toWidth * toHeight);
  }

  test('a flat area stays exactly flat at any size', () => {
    fc.assert(
      fc.property(size, size, size, size, fc.nat(255), (width, height, toWidth, toHeight, level) => {
        expect(new Set(scaled(width, height, toWidth, toHeight, () => level))).toEqual(new Set([level]));
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    [640, 426],
    [640, 1280],
    [320, 640],
    [1920, 426],
  ])('a ramp of %i pixels keeps its place at %i: no half-pixel shift', (from, to) => {
    const row = scaled(from, 2, to, 2, (x) => (x / from) * 200 + 20);
    // Middle half only: at the edges the clamped samples bend the curve.
    for (let x = to >> 2; x < (to * 3) >> 2; x++) {
      const position = (x + 0.5) * (from / to) - 0.5;
      expect(Math.abs(row[x]! - ((position / from) * 200 + 20))).toBeLessThan(1.6);
    }
  });

  test('mirrored input gives mirrored output', () => {
    const noise = (x: number, y: number) => (x * 73 + y * 151 + x * y * 7) & 255;
    const there = scaled(64, 36, 42, 24, noise);
    const back = scaled(64, 36, 42, 24, (x, y) => noise(63 - x, 35 - y)).reverse();
    const most = there.reduce((worst, value, index) => Math.max(worst, Math.abs(value - back[index]!)), 0);
    expect(most).toBeLessThanOrEqual(1);
  });

  test('detail too fine for the smaller size becomes grey instead of a false pattern', () => {
    const stripes = scaled(640, 4, 213, 4, (x) => (x % 2 === 0 ? 0 : 255));
    for (const level of stripes.slice(10, 203)) expect(Math.abs(level - 127.5)).toBeLessThan(6);
  });
});
