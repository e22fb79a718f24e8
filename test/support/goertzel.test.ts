import { describe, expect, test } from 'vitest';
import { toneLevelDb } from './goertzel.ts';

const sine = (hz: number, amplitude: number) =>
  Float32Array.from({ length: 4800 }, (_, index) => amplitude * Math.sin((2 * Math.PI * hz * index) / 48_000 + 1));

describe('toneLevelDb', () => {
  test('measures a tone against full scale in floats and in 16 bits', () => {
    expect(toneLevelDb(sine(997, 1), 48_000, 997)).toBeCloseTo(0, 1);
    expect(toneLevelDb(sine(997, 0.1), 48_000, 997)).toBeCloseTo(-20, 1);
    expect(toneLevelDb(Int16Array.from(sine(997, 16_384)), 48_000, 997)).toBeCloseTo(-6.02, 1);
  });

  test('hears neither other tones nor silence', () => {
    expect(toneLevelDb(sine(1500, 1), 48_000, 997)).toBeLessThan(-60);
    expect(toneLevelDb(new Int16Array(960), 48_000, 997)).toBe(-200);
  });
});
