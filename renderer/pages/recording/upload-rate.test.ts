import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addSample, rateOf, type Sample, timeLeftMs } from './upload-rate.ts';

const after = (...steps: [number, number][]): Sample[] =>
  steps.reduce<Sample[]>((samples, [atMs, bytes]) => addSample(samples, { atMs, bytes }), []);

describe('the rate of an upload', () => {
  it('is that of the bytes between the samples', () => {
    expect(rateOf(after([0, 0], [2000, 4e6], [4000, 8e6]))).toBe(2e6);
    expect(timeLeftMs(10e6, 2e6)).toBe(5000);
  });

  it('is unknown before there is something to measure', () => {
    for (const samples of [after(), after([0, 0]), after([0, 0], [500, 1e6]), after([0, 5], [9000, 5])]) {
      expect(rateOf(samples)).toBeNull();
    }
    expect(timeLeftMs(1, null)).toBeNull();
  });

  it('follows the line: long ago does not count, standing lowers it, and after half a minute it is unknown', () => {
    const quick = after([0, 0], [10_000, 100e6]);
    expect(rateOf(quick)).toBe(10e6);
    const slower = addSample(quick, { atMs: 20_000, bytes: 100e6 });
    expect(rateOf(slower)).toBe(5e6);
    expect(rateOf(after([0, 0], [10_000, 100e6], [41_000, 100e6], [42_000, 100e6]))).toBeNull();
  });

  it('begins anew with an upload that began anew, and with a clock that was set back', () => {
    expect(after([0, 0], [2000, 5e6], [3000, 1e6])).toEqual([{ atMs: 3000, bytes: 1e6 }]);
    expect(after([5000, 0], [2000, 5e6])).toEqual([{ atMs: 2000, bytes: 5e6 }]);
  });

  it('is never negative and never without end, whatever comes', () => {
    const step = fc.tuple(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 0, max: 1e9 }));
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const rate = rateOf(after(...steps));
        expect(rate === null || (rate > 0 && Number.isFinite(rate))).toBe(true);
      }),
    );
  });
});
