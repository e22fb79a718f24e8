import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { computeTaps, PHASE_LEFT, PHASE_MIDDLE, PHASE_RIGHT, type TapsRequest } from './taps.ts';

const request: fc.Arbitrary<TapsRequest> = fc.record({
  sourceLength: fc.integer({ min: 1, max: 300 }),
  destinationLength: fc.integer({ min: 1, max: 300 }),
  sourcePhase: fc.constantFrom(PHASE_LEFT, PHASE_MIDDLE, PHASE_RIGHT),
  destinationPhase: fc.constantFrom(PHASE_LEFT, PHASE_MIDDLE, PHASE_RIGHT),
  startMultiple: fc.constantFrom(1, 2),
});

describe('computeTaps', () => {
  test('weights of every sample add up to one and stay where there is a source', () => {
    fc.assert(
      fc.property(request, (wanted) => {
        const { tapCount, starts, coefficients } = computeTaps(wanted);
        expect(tapCount % 2).toBe(0);
        expect(starts).toHaveLength(wanted.destinationLength);
        for (const [index, start] of starts.entries()) {
          const row = coefficients.subarray(index * tapCount, (index + 1) * tapCount);
          expect(row.reduce((sum, weight) => sum + weight, 0)).toBe(16_384);
          expect(start).toBeGreaterThanOrEqual(0);
          expect(start % wanted.startMultiple).toBe(0);
          const odd = wanted.startMultiple === 2 ? wanted.sourceLength % 2 : 0;
          if (tapCount <= wanted.sourceLength) expect(start + tapCount).toBeLessThanOrEqual(wanted.sourceLength + odd);
          row.forEach((weight, tap) => {
            if (weight !== 0) expect(start + tap).toBeLessThan(wanted.sourceLength);
          });
        }
      }),
      { numRuns: 100 },
    );
  });

  test('the same length and phase is the identity', () => {
    const { tapCount, starts, coefficients } = computeTaps({
      sourceLength: 9,
      destinationLength: 9,
      sourcePhase: PHASE_LEFT,
      destinationPhase: PHASE_LEFT,
      startMultiple: 1,
    });
    for (let index = 0; index < 9; index++) {
      expect(coefficients[index * tapCount + index - starts[index]!]).toBe(16_384);
    }
  });

  /** Weighted mean of the source positions that make up one sample: where it looks. */
  function centreOf(wanted: TapsRequest, index: number): number {
    const { tapCount, starts, coefficients } = computeTaps(wanted);
    let sum = 0;
    for (let tap = 0; tap < tapCount; tap++) sum += coefficients[index * tapCount + tap]! * (starts[index]! + tap);
    return sum / 16_384;
  }

  test('left-sited chroma looks a quarter sample to the left of where centred chroma would', () => {
    const lengths = { sourceLength: 320, destinationLength: 160, startMultiple: 2 } as const;
    const centred = centreOf({ ...lengths, sourcePhase: PHASE_MIDDLE, destinationPhase: PHASE_MIDDLE }, 80);
    const left = centreOf({ ...lengths, sourcePhase: PHASE_LEFT, destinationPhase: PHASE_LEFT }, 80);
    expect(centred).toBeCloseTo(80.5 * 2 - 0.5, 1);
    expect(left).toBeCloseTo(80 * 2 + 0.25 * 2 - 0.25, 1);
  });

  test('chroma of a picture turned upside down moves back by half a sample', () => {
    const lengths = { sourceLength: 100, destinationLength: 100, startMultiple: 2 } as const;
    expect(centreOf({ ...lengths, sourcePhase: PHASE_RIGHT, destinationPhase: PHASE_LEFT }, 50)).toBeCloseTo(49.5, 1);
  });
});
