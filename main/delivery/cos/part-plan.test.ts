import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choosePartSize, planParts } from './part-plan.ts';

const MIB = 1024 ** 2;

describe('choosePartSize', () => {
  it.each([
    [100 * MIB, 8 * MIB, 8 * MIB],
    [100 * MIB, 1, MIB],
    [80_000 * MIB, 8 * MIB, 8 * MIB],
    [80_000 * MIB + 1, 8 * MIB, 9 * MIB],
  ])('%i bytes, %i wanted: %i', (bytes, wanted, size) => {
    expect(choosePartSize(bytes, wanted)).toBe(size);
  });

  it('refuses what COS cannot hold', () => {
    expect(() => choosePartSize(60 * 1024 ** 4, 8 * MIB)).toThrow(RangeError);
  });
});

describe('planParts', () => {
  it('covers every byte once, in order, within the limits of COS', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 40 }), fc.integer({ min: 1, max: 64 * MIB }), (bytes, wanted) => {
        const size = choosePartSize(bytes, wanted);
        const parts = planParts(bytes, size);
        expect(parts.length).toBeLessThanOrEqual(10_000);
        let end = 0;
        for (const [index, part] of parts.entries()) {
          if (part.number !== index + 1 || part.offset !== end) throw new Error('out of order');
          if (index < parts.length - 1 && part.length !== size) throw new Error('uneven');
          end += part.length;
        }
        expect(end).toBe(bytes);
        expect(parts.at(-1)?.length).toBeGreaterThan(0);
      }),
      { numRuns: 60 },
    );
  });

  it('gives an empty file one empty part', () => {
    expect(planParts(0, MIB)).toEqual([{ number: 1, offset: 0, length: 0 }]);
  });

  it('leaves the rest of a file that outgrew its part size to the last part', () => {
    const parts = planParts(12_000 * MIB + 7, MIB);
    expect(parts).toHaveLength(10_000);
    expect(parts.at(-1)).toEqual({ number: 10_000, offset: 9_999 * MIB, length: 2_001 * MIB + 7 });
  });
});
