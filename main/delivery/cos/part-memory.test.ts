import { afterEach, expect, it } from 'vitest';
import { MOST_HELD_BYTES, PartMemory } from './part-memory.ts';

const memories = Array.from({ length: 3 }, () => new PartMemory());
afterEach(() => {
  for (const memory of memories) memory.release();
});
const [a, b, c] = memories as [PartMemory, PartMemory, PartMemory];

it('is the same memory for one part after another', () => {
  const first = a.of(1000);
  expect(first?.length).toBe(1000);
  const second = a.of(10);
  expect([second?.length, second?.buffer === first?.buffer]).toEqual([10, true]);
  expect(a.of(0)).toBeUndefined();
});

it('is given to all together no further than their limit, and again when somebody leaves it', () => {
  expect(a.of(MOST_HELD_BYTES - 100)).toBeDefined();
  expect(b.of(100)).toBeDefined();
  expect(c.of(1)).toBeUndefined();
  expect(b.of(101)).toBeUndefined();
  expect(b.of(100)).toBeDefined();
  a.release();
  a.release();
  expect(c.of(MOST_HELD_BYTES - 100)).toBeDefined();
  expect(a.of(1)).toBeUndefined();
});

it('may become larger within its own share', () => {
  expect(a.of(MOST_HELD_BYTES / 2)).toBeDefined();
  expect(a.of(MOST_HELD_BYTES)).toBeDefined();
  expect(a.of(MOST_HELD_BYTES + 1)).toBeUndefined();
});
