import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fillSound } from './sound.ts';

/** Sample by sample, with what every sample is by definition. */
function byDefinition(samples: Int16Array, loopSamples: number, position: number): number {
  const at = (index: number): number => {
    const round = Math.floor(index / loopSamples);
    return samples[index - Math.ceil(round * loopSamples)] ?? 0;
  };
  const whole = Math.floor(position);
  const fraction = position - whole;
  return fraction === 0 ? at(whole) : Math.round(at(whole) + (at(whole + 1) - at(whole)) * fraction);
}

const RATES = [8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];
/** Loops of whole and broken length, shorter and longer than a block, around the length of the sound. */
const loops = fc
  .tuple(fc.integer({ min: 1, max: 5000 }), fc.double({ min: 0.3, max: 3, noNaN: true }), fc.boolean())
  .map(([length, share, isWhole]) => ({ length, loopSamples: isWhole ? Math.ceil(length * share) : length * share }))
  .filter(({ loopSamples }) => loopSamples >= 1);

it('is the endless loop, sample by sample, at every rate', () => {
  fc.assert(
    fc.property(
      loops,
      fc.nat({ max: 100_000 }),
      fc.constantFrom(...RATES),
      fc.constantFrom(1 as const, 2 as const),
      ({ length, loopSamples }, block, sampleRate, channels) => {
        const samples = Int16Array.from({ length }, (_, i) => ((i * 7919) % 65_536) - 32_768);
        const format = { sampleRate, channels, samples: Math.floor(sampleRate / 50) };
        const target = new Int16Array(format.samples * channels).fill(77);
        fillSound({ samples, loopSamples }, block * 960, format, target);
        const expected = Int16Array.from(target, (_, i) =>
          byDefinition(samples, loopSamples, block * 960 + (Math.floor(i / channels) * 48_000) / sampleRate),
        );
        expect(target).toEqual(expected);
      },
    ),
    { numRuns: 400 },
  );
});

it('writes no more than it was asked for', () => {
  const target = new Int16Array(20).fill(77);
  fillSound(
    { samples: new Int16Array(5000).fill(3), loopSamples: 5000 },
    960,
    { sampleRate: 48_000, channels: 1, samples: 10 },
    target,
  );
  expect([...target]).toEqual([...Array(10).fill(3), ...Array(10).fill(77)]);
});
