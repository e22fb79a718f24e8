import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DelayWindow } from './delay-window.ts';

const step = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), value: fc.integer({ min: -50, max: 50 }) }),
  fc.record({ kind: fc.constant('dropNewest' as const) }),
  fc.record({ kind: fc.constant('dropBefore' as const), age: fc.nat(12) }),
  fc.record({ kind: fc.constant('clear' as const) }),
);

describe('DelayWindow', () => {
  test('is a list of the newest values, sorted when asked', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.double({ min: 0, max: 1, noNaN: true }), (steps, share) => {
        const window = new DelayWindow(10);
        let list: { value: number; time: number }[] = [];
        for (const [time, one] of steps.entries()) {
          if (one.kind === 'add') {
            window.add(one.value, time);
            list = [...list, { value: one.value, time }].slice(-10);
          } else if (one.kind === 'dropNewest') {
            window.dropNewest();
            list = list.slice(0, -1);
          } else if (one.kind === 'dropBefore') {
            window.dropBefore(time - one.age);
            list = list.filter((kept) => kept.time >= time - one.age);
          } else {
            window.clear();
            list = [];
          }
          const sorted = list.map(({ value }) => value).sort((a, b) => a - b);
          expect(window.size).toBe(sorted.length);
          expect(window.quantile(share)).toBe(
            sorted[Math.floor(share * (sorted.length - 1))] ?? Number.POSITIVE_INFINITY,
          );
        }
      }),
      { numRuns: 200 },
    );
  });
});
