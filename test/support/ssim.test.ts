import { expect, test } from 'vitest';
import { ssim } from './ssim.ts';

const SIZE = 48;
const plane = (sample: (x: number, y: number) => number) =>
  Uint8Array.from({ length: SIZE * SIZE }, (_, index) => sample(index % SIZE, Math.floor(index / SIZE)));
const pattern = (x: number, y: number) => 128 + 60 * Math.sin(x / 2) + 50 * Math.cos(y / 3);
const likeness = (a: (x: number, y: number) => number, b: (x: number, y: number) => number) =>
  ssim(plane(a), plane(b), SIZE, SIZE);

test('is 1 for the same, near 1 for a little noise, low for shift, blur and another picture', () => {
  expect(likeness(pattern, pattern)).toBeCloseTo(1, 12);
  expect(likeness(pattern, (x, y) => pattern(x, y) + ((x + y) % 2))).toBeGreaterThan(0.999);
  expect(likeness(pattern, (x, y) => pattern(x + 0.5, y))).toBeLessThan(0.98);
  expect(likeness(pattern, () => 128)).toBeLessThan(0.1);
  expect(likeness(pattern, (x, y) => 255 - pattern(x, y))).toBeLessThan(-0.5);
});

test('knows two flat planes by their brightness alone', () => {
  const [a, b] = [100, 120];
  const c1 = (0.01 * 255) ** 2;
  expect(
    likeness(
      () => a,
      () => b,
    ),
  ).toBeCloseTo((2 * a * b + c1) / (a * a + b * b + c1), 9);
});

test('refuses planes that do not match', () => {
  expect(() => ssim(new Uint8Array(100), new Uint8Array(100), 10, 10)).toThrow(RangeError);
  expect(() => ssim(new Uint8Array(400), new Uint8Array(399), 20, 20)).toThrow(RangeError);
});
