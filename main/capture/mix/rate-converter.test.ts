import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomFrom } from '../../../test/support/simulated-senders.ts';
import { soundKernel } from '../../../test/support/sound-kernel.ts';
import { MOST_SAMPLES } from './kernel/sound-kernel.ts';
import { MIX_RATE, RateConverter } from './rate-converter.ts';
import { SINC_REACH, SINC_TAPS, sincWeights } from './sinc.ts';

const RATES = [8000, 11_025, 16_000, 24_000, 32_000, 44_100, 48_000];
const rate = fc.constantFrom(...RATES);

/** Converts sound in pieces of the given lengths, one after the other. */
function convert(sampleRate: number, sound: Int16Array, lengths: readonly number[]): number[] {
  const converter = new RateConverter(sampleRate, soundKernel);
  const made: number[] = [];
  for (let at = 0, turn = 0; at < sound.length; turn++) {
    const piece = sound.subarray(at, at + lengths[turn % lengths.length]!);
    const output = new Float32Array(converter.maxOutput(piece.length)).fill(Number.NaN);
    made.push(...output.subarray(0, converter.convert(piece, output)));
    at += piece.length;
  }
  return made;
}

function noise(length: number, seed: number): Int16Array {
  const random = randomFrom(seed);
  return Int16Array.from({ length }, () => Math.round((random() - 0.5) * 65_535));
}

describe('RateConverter', () => {
  test('gives the same in pieces of any length, also across silence', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(rate, lengths, fc.nat(1e6), fc.nat(3000), (sampleRate, pieces, seed, silentFrom) => {
        const sound = noise(3000, seed).fill(0, silentFrom, silentFrom + 500);
        expect(convert(sampleRate, sound, pieces)).toEqual(convert(sampleRate, sound, [MOST_SAMPLES]));
      }),
      { numRuns: 40 },
    );
  });

  test.each(RATES.slice(0, -1))(
    '%i Hz: is what the weights make of it in 64 bits, to 120 dB below full scale',
    (from) => {
      const sound = noise(1200, from);
      const made = convert(from, sound, [from / 50]);
      expect(made).toHaveLength(Math.ceil(((sound.length - SINC_REACH) * MIX_RATE) / from));
      let error = 0;
      for (const [index, value] of made.entries()) {
        const place = (index * from) / MIX_RATE;
        const whole = Math.floor(place);
        const weights = sincWeights(place - whole);
        let exact = 0;
        for (let tap = 0; tap < SINC_TAPS; tap++) exact += weights[tap]! * (sound[whole - SINC_REACH + 1 + tap] ?? 0);
        error = Math.max(error, Math.abs(value - exact));
      }
      expect(20 * Math.log10(error / 32_768)).toBeLessThan(-120);
    },
  );

  test('sound of the mix passes as it is', () => {
    const sound = noise(3000, 1);
    expect(convert(MIX_RATE, sound, [960])).toEqual([...sound]);
  });

  test('nothing is left of converters that come and go', () => {
    const output = new Float32Array(6000);
    const sound = noise(320, 3);
    const bytes = () => soundKernel.scratch.line.buffer.byteLength;
    for (const sampleRate of RATES) new RateConverter(sampleRate, soundKernel).convert(sound, output);
    const before = bytes();
    for (let turn = 0; turn < 2000; turn++) {
      new RateConverter(RATES[turn % RATES.length]!, soundKernel).convert(sound, output);
    }
    expect(bytes()).toBe(before);
  });

  test.each([7999, 48_001, 16_000.5])('%d Hz is refused', (sampleRate) => {
    expect(() => new RateConverter(sampleRate, soundKernel)).toThrow(RangeError);
  });
});
