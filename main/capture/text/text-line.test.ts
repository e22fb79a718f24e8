import { createCanvas } from '@napi-rs/canvas';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FontShelf } from './fonts.ts';
import { cleanLine, directionOf, ellipsize, graphemesOf } from './text-line.ts';

const context = createCanvas(2, 2).getContext('2d');
// The product's own fonts: a machine may have none.
context.font = `20px ${new FontShelf().familiesFor('abcdefgh W…王שםनि')}`;
const unit = fc.constantFrom('a', 'W', ' ', '王', 'e\u0301', '👨‍👩‍👧', '🇨🇳', 'ש', 'م', 'नि');
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(unit, { maxLength: 60 }).map((signs) => signs.join('')),
);

describe('ellipsize', () => {
  test('gives a beginning in whole graphemes that fits, and the whole text when that fits', () => {
    fc.assert(
      fc.property(anyText.map(cleanLine), fc.integer({ min: 0, max: 400 }), (text, maxWidth) => {
        const short = ellipsize(context, text, maxWidth);
        expect(context.measureText(short).width).toBeLessThanOrEqual(maxWidth);
        if (context.measureText(text).width <= maxWidth) {
          expect(short).toBe(text);
        } else if (short !== '') {
          expect(short.endsWith('…')).toBe(true);
          const kept = graphemesOf(short.slice(0, -1));
          expect(kept).toEqual(graphemesOf(text).slice(0, kept.length));
        }
      }),
      { numRuns: 60 },
    );
  });

  test('keeps as much as it can', () => {
    const width = context.measureText('ab…').width;
    expect(ellipsize(context, 'abcdefgh', width)).toBe('ab…');
    expect(ellipsize(context, 'ab👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧', width)).toBe('ab…');
    expect(ellipsize(context, 'ab cdefgh', context.measureText('ab …').width)).toBe('ab…');
    expect(ellipsize(context, 'abcdefgh', 1)).toBe('');
  });
});

describe('cleanLine', () => {
  test('makes one line that nobody can turn around', () => {
    expect(cleanLine(' a\nb\t\u0000c\u202e d\u2066 ')).toBe('a b c d');
    expect(cleanLine('e\u0301')).toBe('é');
    expect(cleanLine('\ud800x')).toBe('\ufffdx');
    expect(cleanLine('👨‍👩‍👧')).toBe('👨‍👩‍👧');
    expect(Array.from(cleanLine('王'.repeat(5000)))).toHaveLength(300);
  });

  test('is clean whatever comes', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const line = cleanLine(text);
        expect(line).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]|^\s|\s$|\s\s/u);
        expect(line.isWellFormed()).toBe(true);
      }),
    );
  });
});

test('directionOf goes by the first letter', () => {
  expect(['Ann محمد', '(12) محمد Ann', 'שלום', '123', '', '王'].map(directionOf)).toEqual([
    ...['ltr', 'rtl', 'rtl', 'ltr', 'ltr', 'ltr'],
  ]);
});
