import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createPeakMeter, MAX_PEAKS, peakCount } from './peaks.ts';

function bytesOf(samples: readonly number[]): Uint8Array {
  return new Uint8Array(Int16Array.from(samples).buffer);
}

it.each([
  [0, 1],
  [1, 1],
  [20, 1],
  [21, 2],
  [1000, 50],
  [20_000, MAX_PEAKS],
  [24 * 3_600_000, MAX_PEAKS],
])('%i ms are shown as %i stretches', (durationMs, count) => {
  expect(peakCount(durationMs)).toBe(count);
  expect(createPeakMeter(durationMs, 48_000).result().peaks).toHaveLength(count);
});

it('full scale is 1, both ways of a swing count, silence is 0, and what comes after the end counts to the last stretch', () => {
  const meter = createPeakMeter(60, 1000);
  meter.take(bytesOf([0, 1, ...Array<number>(18).fill(0), 16_384, ...Array<number>(19).fill(-3), 0]));
  meter.take(bytesOf([...Array<number>(500).fill(0), -32_768]));
  expect(meter.result()).toEqual({ durationMs: 60, peaks: [0, 0.5, 1] });
});

it('the pieces it comes in change nothing', () => {
  const sample = fc.integer({ min: -32_768, max: 32_767 });
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 300 }), fc.array(fc.nat(50)), (samples, cuts) => {
      const bytes = bytesOf(samples);
      const pieces = createPeakMeter(200, 1000);
      let at = 0;
      for (const length of cuts) {
        pieces.take(bytes.subarray(at, at + length));
        at = Math.min(bytes.length, at + length);
      }
      pieces.take(bytes.subarray(at));
      const expected = Array.from({ length: 10 }, (_, index) => {
        const stretch = index === 9 ? samples.slice(180) : samples.slice(index * 20, (index + 1) * 20);
        return Math.round((Math.max(0, ...stretch.map(Math.abs)) / 32_768) * 10_000) / 10_000;
      });
      expect(pieces.result().peaks).toEqual(expected);
    }),
  );
});
