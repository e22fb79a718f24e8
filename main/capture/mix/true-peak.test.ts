import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomFrom } from '../../../test/support/simulated-senders.ts';
import { soundKernel } from '../../../test/support/sound-kernel.ts';
import { truePeakDb } from '../../../test/support/true-peak.ts';
import { LOOK_AHEAD, PEAK_DELAY } from './kernel/sound.ts';
import { MOST_OVERSHOOT, pointWeights } from './true-peak.ts';

/** The peak after each sample, taken in pieces of the given length. */
function peaksOf(samples: Float32Array, length = 960): number[] {
  const { line, peaks } = soundKernel.scratch;
  line.fill(0);
  const all: number[] = [];
  for (let at = 0; at < samples.length; at += length) {
    const piece = samples.subarray(at, at + length);
    line.set(piece, LOOK_AHEAD);
    const highest = soundKernel.findPeaks(piece.length);
    expect(highest).toBe(Math.max(...peaks.subarray(0, piece.length)));
    all.push(...peaks.subarray(0, piece.length));
    line.copyWithin(0, piece.length, piece.length + LOOK_AHEAD);
  }
  return all;
}

function highest(samples: Float32Array): number {
  return peaksOf(samples).reduce((most, peak) => Math.max(most, peak), 0);
}

describe('the level between samples', () => {
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
      expect(Math.abs(20 * Math.log10(highest(sine) / 10_000)), `${hz} Hz at ${phase}`).toBeLessThan(0.7);
    }
  });

  test('agrees with another meter on two hard-clipped voices', () => {
    const clipped = Float32Array.from({ length: 48_000 }, (_, n) => {
      const sum = Math.sin(n / 40) + Math.sin(n / 61) + Math.sin(n / 5);
      return Math.max(-1, Math.min(1, sum)) * 20_000;
    });
    const known = 20 * Math.log10(highest(clipped) / 32_768);
    expect(Math.abs(known - truePeakDb(Int16Array.from(clipped)))).toBeLessThan(0.3);
  });

  test('a peak is known after `PEAK_DELAY` samples', () => {
    const answers = peaksOf(
      Float32Array.from({ length: 60 }, (_, n) => (n === 20 ? 1000 : 0)),
      7,
    );
    expect(answers.indexOf(Math.max(...answers))).toBe(20 + PEAK_DELAY);
    expect(Math.max(...answers)).toBe(1000);
  });

  test('pieces of any length give the same peaks', () => {
    const samples = fc.array(fc.integer({ min: -32_768, max: 32_767 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(samples, fc.integer({ min: 1, max: 250 }), (values, length) => {
        const sound = Float32Array.from(values);
        expect(peaksOf(sound, length)).toEqual(peaksOf(sound, 1));
      }),
    );
  });

  test('is what the weights of each point make of the sound in 64 bits, to 120 dB below its level', () => {
    const random = randomFrom(5);
    const sound = Float32Array.from({ length: 2000 }, () => Math.round((random() - 0.5) * 65_535));
    const found = peaksOf(sound);
    let worst = 0;
    for (let index = 2 * PEAK_DELAY; index < sound.length; index++) {
      const window = sound.subarray(index + 1 - 2 * PEAK_DELAY, index + 1);
      const points = [1, 2, 3].map((point) => {
        const weights = pointWeights(point);
        return Math.abs(window.reduce((sum, sample, tap) => sum + sample * weights[tap]!, 0));
      });
      const exact = Math.max(...points, Math.abs(window[PEAK_DELAY - 1]!));
      worst = Math.max(worst, Math.abs(found[index]! - exact));
    }
    expect(20 * Math.log10(worst / 32_768)).toBeLessThan(-120);
  });

  test('no sound can be higher between its samples than is said', () => {
    for (const point of [1, 2, 3]) {
      expect(pointWeights(point).reduce((sum, weight) => sum + Math.abs(weight), 0)).toBeLessThan(MOST_OVERSHOOT);
    }
  });
});
