import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { parseColour } from '../mix/colour.ts';
import type { I420Frame, Rect } from '../mix/types.ts';
import { FontShelf } from './fonts.ts';
import { stampText } from './stamp-text.ts';
import { createTextRenderer } from './text-renderer.ts';

const renderer = createTextRenderer();
const DARK = '#203040';
const strip = (text: string, width = 320, height = 32) =>
  renderer.renderStrip({ text, width, height, background: DARK, colour: '#ffffff' });

/** The smallest area that holds everything that is not background; null for a plain picture. */
function inkOf(frame: I420Frame, background = DARK): Rect | null {
  const plain = parseColour(background).y;
  let [left, top, right, bottom] = [frame.width, frame.height, -1, -1];
  for (let y = 0; y < frame.height; y++) {
    for (let x = 0; x < frame.width; x++) {
      if (Math.abs(frame.data[y * frame.width + x]! - plain) < 24) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return right < 0 ? null : { x: left, y: top, width: right + 1 - left, height: bottom + 1 - top };
}

const same = (a: I420Frame, b: I420Frame) => Buffer.compare(a.data, b.data) === 0;

describe('renderStrip', () => {
  test('is an opaque picture of the asked size: text in its colour at the left, background elsewhere', () => {
    const { data, width, height, rotation } = strip('Ann');
    expect([data.length, width, height, rotation]).toEqual([320 * 32 * 1.5, 320, 32, 0]);
    const background = parseColour(DARK);
    expect([data[0], data[320 * 32 - 1], data[320 * 32], data[320 * 32 * 1.25]]).toEqual([
      ...[background.y, background.y, background.u, background.v],
    ]);
    expect(Math.max(...data.subarray(0, 320 * 32))).toBeGreaterThan(225);
    const ink = inkOf(strip('Ann'))!;
    expect(ink.x).toBeGreaterThanOrEqual(9);
    expect(ink.x).toBeLessThan(13);
    expect(ink.width).toBeLessThan(60);
    const yellow = renderer.renderStrip({ text: '█', width: 64, height: 32, background: '#000000', colour: '#ffff00' });
    const at = 64 * 32 + 8 * 32 + 8;
    expect([yellow.data[16 * 64 + 16], yellow.data[at], yellow.data[at + 512]]).toEqual([
      ...Object.values(parseColour('#ffff00')),
    ]);
  });

  test.each(['国', 'E', 'AXH'])('%s stands in the vertical middle', (text) => {
    const { y, height } = inkOf(strip(text, 320, 64))!;
    expect(Math.abs(y + height / 2 - 32)).toBeLessThan(2.5);
  });

  test.each([
    ['Chinese', '王', '明'],
    ['Japanese', 'あ', 'カ'],
    ['Cyrillic', 'Ж', 'Б'],
    ['Vietnamese', 'ặ', 'ế'],
  ])('%s has letters, not boxes', (_, one, other) => {
    const box = strip('\u{10fffe}');
    expect(inkOf(box)).not.toBe(null);
    for (const text of [one, other]) {
      expect(inkOf(strip(text))).not.toBe(null);
      expect(same(strip(text), box)).toBe(false);
    }
    expect(same(strip(one), strip(other))).toBe(false);
  });

  test('a name that is too long ends with an ellipsis inside the strip', () => {
    const long = strip('王小明 Wang Xiaoming and everybody who came with him to the meeting');
    const ink = inkOf(long)!;
    expect(ink.x + ink.width).toBeLessThanOrEqual(320 - 9);
    expect(ink.x + ink.width).toBeGreaterThan(270);
    expect(same(long, strip('王小明 Wang Xiaoming and everybody who left before him'))).toBe(true);
    expect(inkOf(strip('much too long', 16, 16))).toBe(null);
  });

  test('any text gives a picture, the same for the same', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary', maxLength: 6 }), fc.string({ unit: 'grapheme', maxLength: 6 })),
        (text) => {
          expect(same(strip(text, 160, 24), strip(text, 160, 24))).toBe(true);
        },
      ),
      { numRuns: 15 },
    );
    expect(inkOf(strip(''))).toBe(null);
    expect(inkOf(strip('\ud800'))).not.toBe(null);
  });

  test('refuses odd sizes and what is no colour', () => {
    expect(() => strip('a', 321)).toThrow(RangeError);
    expect(() => strip('a', 320, 0)).toThrow(RangeError);
    const request = { text: 'a', width: 32, height: 32, background: '#000000', colour: '#ffffff' };
    expect(() => renderer.renderStrip({ ...request, background: 'red' })).toThrow(TypeError);
    expect(() => renderer.renderStrip({ ...request, colour: 'white' })).toThrow(TypeError);
  });
});

describe('renderTile', () => {
  const tile = (text: string, initials?: string, background = DARK) =>
    renderer.renderTile({ text, width: 320, height: 180, background, ...(initials === undefined ? {} : { initials }) });

  test('shows a disc in the middle with the name under it', () => {
    const plain = tile('');
    expect(plain.data).toHaveLength(320 * 180 * 1.5);
    expect(plain.data[0]).toBe(parseColour(DARK).y);
    const disc = inkOf(plain)!;
    expect(Math.abs(disc.x + disc.width / 2 - 160)).toBeLessThan(2);
    expect(Math.abs(disc.y + disc.height / 2 - 90)).toBeLessThan(2);
    const named = inkOf(tile('王小明'))!;
    expect(named.y + named.height).toBeGreaterThan(disc.y + disc.height);
    expect(Math.abs(named.x + named.width / 2 - 160)).toBeLessThan(2);
    expect(same(tile('王小明'), tile('李小龙'))).toBe(false);
  });

  test('the disc holds the initials, or the outline of a person', () => {
    expect(same(tile('Ann', 'A'), tile('Ann'))).toBe(false);
    expect(same(tile('Ann', 'A'), tile('Ann', 'B'))).toBe(false);
    expect(same(tile('Ann', ' '), tile('Ann'))).toBe(true);
  });

  test('is readable on dark and on light', () => {
    const lumas = (background: string) => [...tile('Ann', 'A', background).data.subarray(0, 320 * 180)];
    expect(Math.max(...lumas('#202020'))).toBeGreaterThan(180);
    expect(Math.min(...lumas('#f0f0f0'))).toBeLessThan(70);
  });
});

describe('renderStamp', () => {
  test('is white with a dark outline, without colour, transparent around', () => {
    const { width, height, y, u, v, alphaY, alphaUV } = renderer.renderStamp({ text: '2031-05-09 14:03', height: 32 });
    expect([height, width % 2, y.length, u.length, alphaUV.length]).toEqual([
      ...[32, 0, width * 32, width * 8, width * 8],
    ]);
    const opaque = [...y].filter((_, index) => alphaY[index] === 255);
    expect(Math.max(...opaque)).toBe(235);
    expect(Math.min(...opaque)).toBe(16);
    expect(new Set([...u, ...v])).toEqual(new Set([128]));
    expect(new Set(alphaY.subarray(0, width))).toEqual(new Set([0]));
    expect(opaque.length / y.length).toBeGreaterThan(0.15);
    expect(opaque.length / y.length).toBeLessThan(0.6);
  });

  test('digits have one width, so that the text does not move, and nothing is drawn again for known ones', () => {
    const fonts = new FontShelf();
    const own = createTextRenderer(fonts);
    const [first] = ['2031-05-09 14:03:59', '0123456789'].map((text) => own.renderStamp({ text, height: 24 }));
    const asked = vi.spyOn(fonts, 'familiesFor');
    const next = own.renderStamp({ text: '2078-10-26 08:47:33', height: 24 });
    expect(next.width).toBe(first!.width);
    expect(Buffer.compare(next.y, first!.y)).not.toBe(0);
    expect(asked).not.toHaveBeenCalled();
    expect(own.renderStamp({ text: '', height: 24 }).width).toBe(0);
    expect(() => own.renderStamp({ text: '1', height: 23 })).toThrow(RangeError);
  });

  test('stampText is the wall clock of a time zone', () => {
    const epochMs = Date.UTC(2031, 4, 9, 14, 3, 59, 900);
    expect(stampText(epochMs, 'UTC')).toBe('2031-05-09 14:03:59');
    expect(stampText(epochMs, 'Asia/Shanghai')).toBe('2031-05-09 22:03:59');
    expect(stampText(epochMs)).toMatch(/^2031-05-(09|10) \d\d:\d\d:59$/);
    expect(() => stampText(epochMs, 'Nowhere/Land')).toThrow(RangeError);
  });
});
