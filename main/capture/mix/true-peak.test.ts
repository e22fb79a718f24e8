import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { truePeakDb } from '../../../test/support/true-peak.ts';
import { PEAK_DELAY, TruePeak } from './true-peak.ts';

/** The peak after each sample, taken in pieces of the given length. */
function peaksOf(samples: Float32Array, floor: number, length = 960): number[] {
  const truePeak = new TruePeak();
  const peaks = new Float64Array(length);
  const all: number[] = [];
  for (let at = 0; at < samples.length; at += length) {
    const piece = samples.subarray(at, at + length);
    truePeak.take(piece);
    const highest = truePeak.measure(floor, peaks);
    expect(highest).toBe(Math.max(...peaks.subarray(0, piece.length)));
    all.push(...peaks.subarray(0, piece.length));
  }
  return all;
}

function highest(samples: Float32Array, floor: number): number {
  return peaksOf(samples, floor).reduce((most, peak) => Math.max(most, peak), 0);
}

describe('TruePeak', () => {
  test.each([3000, 6000, 12_000, 16_000, 20_000])('sees the crest of a %i Hz sine between its samples', (hz) => {
    for (const phase of [0, 0.3, Math.PI / 4, 1.2]) {
      const sine = Float32Array.from(
        { length: 4800 },
        (_, n) => 10_000 * Math.sin((2 * Math.PI * hz * n) / 48_000 + phase),
      );
      // Fades keep the ends from being an edge.
      for (let n = 0; n < 480; n++) {
        sine[n]! *= n / 480;
        sine[4799 - n]! *= n / 480;
      }
      expect(Math.abs(20 * Math.log10(highest(sine, 0) / 10_000)), `${hz} Hz at ${phase}`).toBeLessThan(0.7);
    }
  });

  test('agrees with another meter on two hard-clipped voices', () => {
    const clipped = Float32Array.from({ length: 48_000 }, (_, n) => {
      const sum = Math.sin(n / 40) + Math.sin(n / 61) + Math.sin(n / 5);
      return Math.max(-1, Math.min(1, sum)) * 20_000;
    });
    const known = 20 * Math.log10(highest(clipped, 5000) / 32_768);
    expect(Math.abs(known - truePeakDb(Int16Array.from(clipped)))).toBeLessThan(0.3);
  });

  test('a peak is known after `PEAK_DELAY` samples', () => {
    const answers = peaksOf(
      Float32Array.from({ length: 60 }, (_, n) => (n === 20 ? 1000 : 0)),
      100,
      7,
    );
    expect(answers.indexOf(Math.max(...answers))).toBe(20 + PEAK_DELAY);
    expect(Math.max(...answers)).toBe(1000);
  });

  test('what does not interest is left out, and nothing else: pieces of any length and any floor give the same peaks above it', () => {
    const samples = fc.array(fc.integer({ min: -32_768, max: 32_767 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(
        samples,
        fc.integer({ min: 1, max: 250 }),
        fc.integer({ min: 0, max: 40_000 }),
        (values, length, floor) => {
          const sound = Float32Array.from(values);
          const above = (peak: number) => (peak > floor ? peak : 0);
          expect(peaksOf(sound, floor, length).map(above)).toEqual(peaksOf(sound, 0, 1).map(above));
        },
      ),
    );
  });
});
