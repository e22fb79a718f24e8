import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FramePool } from './frame-pool.ts';
import type { I420Frame } from './mix/types.ts';
import { PictureLine } from './picture-line.ts';

const TICK_MS = 100;

function frame(luma: number, size = 2): I420Frame {
  return { data: new Uint8Array((size * size * 3) / 2).fill(luma), width: size, height: size, rotation: 0 };
}

function createLine() {
  const played: string[] = [];
  const pool = new FramePool();
  const line = new PictureLine<I420Frame>({
    tickMs: TICK_MS,
    hold: (picture) => pool.copy(picture),
    draw(userId, stream, held) {
      played.push(`${stream}:${userId} ${held.data[0]}`);
      pool.giveBack(held);
    },
    drop: (held) => pool.giveBack(held),
  });
  return { line, played };
}

describe('PictureLine', () => {
  test('plays what belongs before a moment, in the order of places, each once', () => {
    const { line, played } = createLine();
    line.add('a', 'main', frame(1), 0, 20);
    line.change(130, () => played.push('change'));
    line.add('b', 'sub', frame(2), 0, 120);
    line.add('a', 'main', frame(3), 0, 260);
    line.playUntil(150);
    expect(played).toEqual(['main:a 1', 'sub:b 2', 'change']);
    line.playUntil(250);
    expect(played).toHaveLength(3);
    line.playUntil(1000);
    expect(played.at(-1)).toBe('main:a 3');
  });

  test('keeps the last picture of each tick only, and that of another stream beside it', () => {
    const { line, played } = createLine();
    for (const [luma, arrivalMs] of [
      [1, 60],
      [2, 90],
      [3, 150],
      [4, 151],
    ] as const) {
      line.add('a', 'main', frame(luma), 0, arrivalMs);
      line.add('a', 'sub', frame(10 + luma), 0, arrivalMs);
    }
    line.playUntil(1000);
    expect(played).toEqual(['main:a 3', 'sub:a 13', 'main:a 4', 'sub:a 14']);
  });

  test('a picture that comes too late is shown by the next tick, a change too', () => {
    const { line, played } = createLine();
    line.add('a', 'main', frame(1), 1000, 1000);
    line.playUntil(1350);
    expect(line.add('a', 'main', frame(2), 1040, 1400)).toBe(1350);
    line.change(900, () => played.push('change'));
    line.playUntil(1350);
    expect(played).toEqual(['main:a 1', 'main:a 2', 'change']);
  });

  test('holds copies: the sender may write over his buffer at once, sizes may change', () => {
    const { line, played } = createLine();
    const buffer = frame(0);
    const numbers = Array.from({ length: 30 }, (_, index) => index + 1);
    for (const luma of numbers) {
      buffer.data.fill(luma);
      line.add('a', 'main', luma % 7 === 0 ? frame(luma, 4) : buffer, 0, luma * TICK_MS);
      if (luma > 3) line.playUntil((luma - 3) * TICK_MS);
    }
    line.playUntil(1e9);
    expect(played).toEqual(numbers.map((luma) => `main:a ${luma}`));
  });

  test('what waits of a stream that ended is still shown in its time; its next picture is placed anew', () => {
    const { line, played } = createLine();
    line.add('a', 'main', frame(1), 1000, 100);
    line.restart('a', 'main');
    expect(line.add('a', 'main', frame(2), 1001, 400)).toBe(400);
    line.playUntil(500);
    expect(played).toEqual(['main:a 1', 'main:a 2']);
  });

  test('refuses what is no picture and keeps nothing of it', () => {
    const { line, played } = createLine();
    const odd = { ...frame(1), width: 3, height: 1 };
    expect(() => line.add('a', 'main', odd, 0, 0)).toThrow(RangeError);
    expect(() => line.add('a', 'main', { ...frame(1), data: new Uint8Array(7) }, 0, 0)).toThrow(RangeError);
    expect(() => line.add('a', 'main', { ...frame(1), data: new Uint8Array(0), width: 0 }, 0, 0)).toThrow(RangeError);
    line.playUntil(1e9);
    expect(played).toEqual([]);
  });

  test('of any arrivals the last picture of each stream is what is seen in the end; each is drawn or dropped, once', () => {
    const arrivals = fc.array(
      fc.record({
        userId: fc.constantFrom('a', 'b', 'c'),
        stampMs: fc.integer({ min: 0, max: 3000 }),
        waitMs: fc.integer({ min: 0, max: 150 }),
        play: fc.boolean(),
      }),
      { minLength: 1, maxLength: 100 },
    );
    fc.assert(
      fc.property(arrivals, (all) => {
        const shown = new Map<string, number>();
        const sent = new Map<string, number>();
        const held = new Set<number>();
        const line = new PictureLine<number>({
          tickMs: TICK_MS,
          hold({ data }) {
            held.add(data[0]!);
            return data[0]!;
          },
          draw(userId, _, number) {
            // Never an older one after a newer one.
            expect(number).toBeGreaterThan(shown.get(userId) ?? -1);
            shown.set(userId, number);
            expect(held.delete(number)).toBe(true);
          },
          drop: (number) => expect(held.delete(number)).toBe(true),
        });
        let nowMs = 0;
        for (const [index, { userId, stampMs, waitMs, play }] of all.entries()) {
          nowMs += waitMs;
          line.add(userId, 'main', frame(index), stampMs, nowMs);
          sent.set(userId, index);
          if (play) line.playUntil(nowMs - 200);
        }
        line.playUntil(nowMs);
        expect(shown).toEqual(sent);
        expect(held).toEqual(new Set());
      }),
    );
  });
});
