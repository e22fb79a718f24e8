import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { barsOf, FIELD_HEIGHT, seekByKey, shapeOf } from './waveform-shape.ts';

const peaks = fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 1000 });

describe('the shape of a file', () => {
  it('keeps the loudest moment, and no bar is louder than its stretch', () => {
    fc.assert(
      fc.property(peaks, fc.integer({ min: 1, max: 300 }), (levels, bars) => {
        const shown = barsOf(levels, bars);
        expect(shown.length).toBe(Math.min(bars, levels.length));
        expect(Math.max(...shown)).toBe(Math.max(...levels));
      }),
    );
  });

  it('stays in its field, silence included', () => {
    const numbers = shapeOf([0, 0.5, 1, 7])
      .match(/[\d.]+/g)!
      .map(Number);
    expect(numbers.every((value) => value >= 0 && value <= FIELD_HEIGHT)).toBe(true);
    expect(shapeOf([0])).toBe('M0.5 49V51');
    expect(shapeOf([1])).toBe('M0.5 0V100');
  });
});

it.each([
  ['ArrowRight', 15],
  ['ArrowLeft', 5],
  ['PageUp', 30],
  ['PageDown', 0],
  ['Home', 0],
  ['End', 30],
  ['a', null],
])('%s takes the player from 10 s of 30 s to %s', (key, to) => {
  expect(seekByKey(key, 10, 30)).toBe(to);
});
