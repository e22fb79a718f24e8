import { expect, it } from 'vitest';
import { fitLine } from './line-fit.ts';

it('a straight line is found, and how sure that is', () => {
  const on = [0, 1, 2, 3, 4].map((x) => ({ x, y: 3 - 2 * x }));
  expect(fitLine(on).slope).toBeCloseTo(-2, 12);
  expect(fitLine(on).slopeError).toBeCloseTo(0, 12);
  // By hand: residuals -0.2, 0.6, -0.6, 0.2 around y = 0.6 x + 0.2; their squares sum to 0.8, those of x to 5.
  const near = fitLine([0, 1, 1, 2].map((y, x) => ({ x, y })));
  expect(near.slope).toBeCloseTo(0.6, 12);
  expect(near.slopeError).toBeCloseTo(Math.sqrt(0.2 / 2 / 5), 12);
  expect(() => fitLine(on.slice(0, 2))).toThrow(RangeError);
});
