import fc from 'fast-check';
import { expect, it } from 'vitest';
import { objectKeyProblem, objectUrl } from './object-url.ts';

it('percent-encodes every segment and keeps the slashes', () => {
  expect(objectUrl('susu-123456789', 'ap-guangzhou', 'trtc/录音 1(a)+&.mp4')).toBe(
    'https://susu-123456789.cos.ap-guangzhou.myqcloud.com/trtc/%E5%BD%95%E9%9F%B3%201%28a%29%2B%26.mp4',
  );
});

it('gives a URL that parses back to the key', () => {
  const key = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .filter((text) => objectKeyProblem(text) === null);
  fc.assert(
    fc.property(key, (text) => {
      const url = new URL(objectUrl('a-1', 'ap-shanghai', text));
      expect(decodeURIComponent(url.pathname.slice(1))).toBe(text);
      expect(url.search + url.hash).toBe('');
    }),
  );
});

it.each([
  ['', 'empty'],
  ['/a', 'segment'],
  ['a//b', 'segment'],
  ['a/../b', 'segment'],
  ['./a', 'segment'],
  ['a/', 'segment'],
  ['a\\b', 'backslash'],
  ['a\x19b', 'control'],
  ['录'.repeat(284), '850 bytes'],
  ['a\ud800', 'Unicode'],
])('refuses %j', (key, why) => {
  expect(objectKeyProblem(key)).toContain(why);
});

it.each(['a', 'trtc/1400000000_43474_rec_20250101T000000Z_0a1b2c3d.mp4', '录音/课 1.m4a', '录'.repeat(283)])(
  'accepts %j',
  (key) => {
    expect(objectKeyProblem(key)).toBeNull();
  },
);
