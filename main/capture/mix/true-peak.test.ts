import { describe, expect, test } from 'vitest';
import { truePeakDb } from '../../../test/support/true-peak.ts';
import { PEAK_DELAY, TruePeak } from './true-peak.ts';

function highest(samples: Float32Array, floor: number): number {
  const truePeak = new TruePeak();
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, truePeak.push(sample, floor));
  return peak;
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
    const truePeak = new TruePeak();
    const answers = Array.from({ length: 60 }, (_, n) => truePeak.push(n === 20 ? 1000 : 0, 100));
    expect(answers.indexOf(Math.max(...answers))).toBe(20 + PEAK_DELAY);
    expect(Math.max(...answers)).toBe(1000);
  });
});
