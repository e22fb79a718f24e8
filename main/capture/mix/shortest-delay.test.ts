import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ShortestDelay } from './shortest-delay.ts';

test('knows the least of what is in the window, whatever comes', () => {
  const steps = fc.array(
    fc.record({ delay: fc.integer({ min: -50, max: 50 }), wait: fc.integer({ min: 0, max: 30 }) }),
    {
      minLength: 1,
      maxLength: 80,
    },
  );
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 120 }), (all, window) => {
      const shortest = new ShortestDelay(window);
      const seen: { delay: number; time: number }[] = [];
      let time = 0;
      for (const { delay, wait } of all) {
        time += wait;
        shortest.add(delay, time);
        seen.push({ delay, time });
        const inWindow = seen.filter((one) => one.time >= time - window).map((one) => one.delay);
        expect(shortest.value).toBe(Math.min(...inWindow));
      }
      shortest.clear();
      expect(shortest.value).toBe(Number.POSITIVE_INFINITY);
    }),
  );
});
