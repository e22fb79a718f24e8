import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { FontShelf, type FontShelfDeps } from './fonts.ts';

const MAIN = '@fontsource-variable/noto-sans-sc';
const LISTS: Record<string, Record<string, string>> = {
  [MAIN]: {
    '[7]': 'U+4e00-4eff,U+0041,U+ac00',
    latin: 'U+0000-00FF,U+2026',
    '[8]': 'U+4f00',
    cyrillic: 'U+0400-04ff',
  },
  '@fontsource-variable/noto-sans-arabic': { latin: 'U+0000-00FF', arabic: 'U+0600-06FF' },
};

/** A shelf over two made-up packages that notes which fonts were opened. */
function shelf(deps: Partial<FontShelfDeps> = {}) {
  const opened: string[] = [];
  const fonts = new FontShelf({
    resolve: (specifier) => {
      if (!specifier.startsWith(MAIN) && !specifier.includes('arabic')) throw new Error('not installed');
      return specifier;
    },
    readFile: (path) =>
      Buffer.from(path.endsWith('.json') ? JSON.stringify(LISTS[path.replace('/unicode.json', '')]) : path),
    register: (font) => {
      opened.push(font.toString().split('/').at(-1)!);
      return true;
    },
    ...deps,
  });
  return { fonts, opened };
}

describe('FontShelf', () => {
  test('opens each file once, when a text first needs it, and begins every list with the same font', () => {
    const { fonts, opened } = shelf();
    expect(fonts.familiesFor('Ann')).toBe("'box noto-sans-sc-latin-wght-normal', sans-serif");
    expect(fonts.familiesFor('一 A')).toBe(
      "'box noto-sans-sc-latin-wght-normal', 'box noto-sans-sc-7-wght-normal', sans-serif",
    );
    fonts.familiesFor('一一 Ann');
    expect(opened).toEqual(['noto-sans-sc-latin-wght-normal.woff2', 'noto-sans-sc-7-wght-normal.woff2']);
  });

  test('takes a script from its own package, even where the main font claims to have it', () => {
    const { fonts, opened } = shelf();
    expect(fonts.familiesFor('\u0645')).toContain('noto-sans-arabic-arabic');
    expect(fonts.familiesFor('\uac00')).not.toContain('noto-sans-sc-7');
    expect(opened).not.toContain('noto-sans-sc-7-wght-normal.woff2');
  });

  test('does without what is missing, damaged or no font', () => {
    const nothing = shelf({
      resolve: () => {
        throw new Error('not installed');
      },
    });
    expect(nothing.fonts.familiesFor('Ann 一 \u0645')).toBe('sans-serif');
    expect(shelf({ register: () => false }).fonts.familiesFor('Ann')).toBe('sans-serif');
    expect(shelf({ readFile: () => Buffer.from('{') }).fonts.familiesFor('Ann')).toBe('sans-serif');
  });

  test('the installed packages have the files that are asked for', () => {
    const missing: string[] = [];
    const { resolve } = createRequire(import.meta.url);
    const fonts = new FontShelf({
      resolve: (specifier) => {
        if (specifier.startsWith(MAIN)) {
          try {
            resolve(specifier);
          } catch {
            missing.push(specifier);
          }
        }
        return resolve(specifier);
      },
      register: () => true,
    });
    const manyHan = Array.from({ length: 3000 }, (_, index) => String.fromCodePoint(0x4e00 + 7 * index));
    expect(fonts.familiesFor(manyHan.join('')).split(',').length).toBeGreaterThan(60);
    fonts.familiesFor('Żółć Đặng Привет かな カナ');
    expect(missing).toEqual([]);
  });
});
