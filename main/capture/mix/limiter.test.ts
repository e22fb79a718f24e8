import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomFrom } from '../../../test/support/simulated-senders.ts';
import { soundKernel } from '../../../test/support/sound-kernel.ts';
import { truePeakDb } from '../../../test/support/true-peak.ts';
import { LOOK_AHEAD } from './kernel/sound.ts';
import { type Ceiling, Limiter } from './limiter.ts';

const sample = fc.double({ min: -200_000, max: 200_000, noNaN: true });

/** The same ceiling for samples and for what lies between them. */
function both(level: number): Ceiling {
  return { sample: level, truePeak: level };
}

function pass(input: number[], ceiling: Ceiling, chunk: number): Float32Array {
  const limiter = new Limiter(soundKernel);
  const out = Float32Array.from([...input, ...new Array<number>(LOOK_AHEAD).fill(0)]);
  for (let from = 0; from < out.length; from += chunk) limiter.process(out.subarray(from, from + chunk), ceiling);
  return out.subarray(LOOK_AHEAD);
}

describe('Limiter', () => {
  test('nothing comes out above the ceiling, and no sample changes its sign or grows', () => {
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 1500 }), (input) => {
        const output = pass(input, both(29_204), 333);
        for (const [index, value] of output.entries()) {
          expect(Math.abs(value)).toBeLessThanOrEqual(29_204.01);
          expect(Math.abs(value)).toBeLessThanOrEqual(Math.abs(Math.fround(input[index]!)));
          expect(value * input[index]!).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('what stays below the ceiling passes unchanged, later by the look-ahead', () => {
    const input = Array.from({ length: 3000 }, (_, index) => Math.round(29_000 * Math.sin(index / 9)));
    expect([...pass(input, both(29_204), 960)]).toEqual(input.map((value) => value + 0));
  });

  test('gives the same in pieces of any size, loud or quiet', () => {
    const stretch = fc.record({
      level: fc.constantFrom(0, 50, 5000, 60_000),
      samples: fc.integer({ min: 1, max: 900 }),
    });
    fc.assert(
      fc.property(fc.array(stretch, { minLength: 1, maxLength: 8 }), fc.nat(1e6), (stretches, seed) => {
        const random = randomFrom(seed);
        const input = stretches.flatMap(({ level, samples }) =>
          Array.from({ length: samples }, () => (random() - 0.5) * 2 * level),
        );
        const whole = pass(input, both(29_204), 1);
        for (const chunk of [240, 333, 960]) {
          expect(pass(input, both(29_204), chunk)).toEqual(whole);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('gain goes down over 5 ms before a peak and comes all the way back within a second', () => {
    const input = new Array<number>(60_000).fill(1000);
    input[2000] = 100_000;
    const output = pass(input, both(25_000), 960);
    expect(output[2000]).toBeCloseTo(25_000, -1);
    expect(output[2000 - LOOK_AHEAD - 1]).toBe(1000);
    for (let index = 1501; index < 2000; index++) expect(output[index]!).toBeLessThanOrEqual(output[index - 1]!);
    expect(output[1999]).toBeLessThan(260);
    expect(output[2000 + 48_000]).toBe(1000);
  });

  // Four points per sample miss the crest of a tone at 15 kHz by up to 0.27 dB.
  test('nothing comes out above the ceiling between the samples either', () => {
    const hz = fc.integer({ min: 100, max: 15_000 });
    const level = fc.integer({ min: 2000, max: 32_767 });
    fc.assert(
      fc.property(fc.array(fc.tuple(hz, level), { minLength: 2, maxLength: 6 }), (tones) => {
        const input = Array.from({ length: 4800 }, (_, index) =>
          tones.reduce((sum, [frequency, amplitude]) => sum + amplitude * Math.sin((frequency * index) / 7639.4), 0),
        );
        expect(truePeakDb(Int16Array.from(pass(input, both(25_000), 960)))).toBeLessThan(
          20 * Math.log10(25_000 / 32_768) + 0.4,
        );
      }),
      { numRuns: 25 },
    );
  });

  test('when only samples count, what lies between them may be higher', () => {
    // A quarter of the sampling rate, 45 degrees off: every sample is 3 dB below the crest.
    const input = Array.from({ length: 3000 }, (_, index) => [1, 1, -1, -1][index % 4]! * 30_000);
    const only: Ceiling = { sample: 32_768, truePeak: Number.POSITIVE_INFINITY };
    expect([...pass(input, only, 960)]).toEqual(input);
    const limited = pass(input, both(32_768), 960);
    expect(Math.abs(limited[1500]!)).toBeLessThan(24_000);
  });
});
