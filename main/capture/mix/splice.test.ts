import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SPLICE_REACH, SPLICE_SAMPLES, splice } from './splice.ts';

const RING = 1 << 14;

function ringOf(signal: (sample: number) => number, from: number, to: number): Float32Array {
  const ring = new Float32Array(RING);
  for (let number = from; number < to; number++) ring[number % RING] = signal(number);
  return ring;
}

describe('splice', () => {
  test('sound with a period goes on as if nothing had been left out or repeated', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 60, max: 480, noNaN: true }),
        fc.integer({ min: 720, max: 1900 }),
        fc.constantFrom(-1, 1),
        (period, distance, direction) => {
          const start = 20_000;
          const signal = (sample: number) => 10_000 * Math.sin((2 * Math.PI * sample) / period);
          const ring = ringOf(signal, start - 6000, start + 6000);
          const wanted = start + direction * distance;
          const place = splice(ring, start, wanted, start - 5000, start + 5000);
          expect(Math.abs(place - wanted)).toBeLessThanOrEqual(SPLICE_REACH);
          // What is played: the sound before `start`, then that from `place` on.
          const played = Array.from({ length: 1400 }, (_, index) =>
            index < 400 ? signal(start - 400 + index) : ring[(place + index - 400) % RING]!,
          );
          const steepest = 10_000 * 2 * Math.sin(Math.PI / period);
          for (let index = 1; index < played.length; index++) {
            expect(Math.abs(played[index]! - played[index - 1]!)).toBeLessThan(steepest * 1.1 + 60);
          }
          const end = (place + SPLICE_SAMPLES) % RING;
          expect(ring[end]).toBeCloseTo(signal(place + SPLICE_SAMPLES), -1);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('in silence it goes exactly where it was asked to, and never outside what is there', () => {
    const ring = new Float32Array(RING);
    expect(splice(ring, 5000, 6000, 4000, 9000)).toBe(6000);
    expect(splice(ring, 5000, 6000, 4000, 5900)).toBe(5900);
    expect(splice(ring, 5000, 4000, 4100, 4999)).toBe(4100);
  });
});
