import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Gap } from '../../../shared/recording.ts';
import { chaptersOf, chaptersOfFile, cutUtf8, MAX_CHAPTERS, MAX_TITLE_BYTES } from './chapters.ts';

const gap = (atMs: number, durationMs: number, more: Partial<Gap> = {}): Gap => ({
  atMs,
  durationMs,
  reason: 'encoderDied',
  cut: false,
  ...more,
});

describe('chapters of a recording', () => {
  it('say who entered and left, and what is missing', () => {
    const stays = [
      { userId: 'user_a', enteredAtMs: 1000, leftAtMs: 9000 },
      { userId: 'user_b', enteredAtMs: 4000, leftAtMs: null },
      { userId: 'user_a', enteredAtMs: 12_000, leftAtMs: 20_000 },
    ];
    const gaps = [gap(15_000, 3_600_000, { reason: 'boxDown', cut: true }), gap(6000, 1234)];
    expect(chaptersOf(stays, gaps, 20_000)).toEqual([
      { startMs: 0, title: 'Start' },
      { startMs: 1000, title: 'user_a entered' },
      { startMs: 4000, title: 'user_b entered' },
      { startMs: 6000, title: 'gap (encoder died), 1.2 s' },
      { startMs: 9000, title: 'user_a left' },
      { startMs: 12_000, title: 'user_a entered' },
      { startMs: 15_000, title: 'gap (box was down), 3600.0 s left out' },
    ]);
  });

  it('are shared by what happens within half a second', () => {
    const stays = [0, 499, 500, 999, 1000].map((atMs) => ({ userId: `u${atMs}`, enteredAtMs: atMs, leftAtMs: null }));
    expect(chaptersOf(stays, [], 5000)).toEqual([
      { startMs: 0, title: 'u0 entered, u499 entered' },
      { startMs: 500, title: 'u500 entered, u999 entered' },
      { startMs: 1000, title: 'u1000 entered' },
    ]);
  });

  it('are one when nothing happened', () => {
    expect(chaptersOf([], [], 5000)).toEqual([{ startMs: 0, title: 'Start' }]);
  });

  it('cover the whole recording however much happens', () => {
    const time = fc.integer({ min: 0, max: 36_000_000 });
    const stay = fc.record({
      userId: fc.stringMatching(/^[a-z]{1,32}$/),
      enteredAtMs: time,
      leftAtMs: fc.option(time),
    });
    const gaps = fc.array(fc.tuple(time, time).map(([atMs, durationMs]) => gap(atMs, durationMs)));
    fc.assert(
      fc.property(fc.array(stay, { maxLength: 900, size: 'max' }), gaps, time, (stays, holes, durationMs) => {
        const chapters = chaptersOf(stays, holes, durationMs);
        expect(chapters[0]?.startMs).toBe(0);
        expect(chapters.length).toBeLessThanOrEqual(MAX_CHAPTERS);
        for (const [index, { startMs }] of chapters.slice(1).entries()) {
          expect(startMs - (chapters[index]?.startMs ?? 0)).toBeGreaterThanOrEqual(500);
          expect(startMs).toBeLessThanOrEqual(durationMs - 500);
        }
        const titles = chapters.map(({ title }) => title).join(', ');
        for (const { userId, enteredAtMs } of stays) {
          if (enteredAtMs <= durationMs - 500) expect(titles).toContain(`${userId} entered`);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('chapters of a file', () => {
  it('are in its own time and inside it', () => {
    const chapters = [
      { startMs: 0, title: 'Start' },
      { startMs: 1500, title: 'a entered' },
      { startMs: 2000, title: 'b entered' },
      { startMs: 5000.4, title: 'gap' },
      { startMs: 9000, title: 'at the end' },
    ];
    expect(chaptersOfFile(chapters, 2000, 7000)).toEqual([
      { startMs: 0, title: 'a entered, b entered' },
      { startMs: 3000, title: 'gap' },
    ]);
    expect(chaptersOfFile(chapters.slice(3), 2000, 7000)[0]).toEqual({ startMs: 0, title: 'Start' });
    expect(chaptersOfFile([], 0, 7000)).toEqual([]);
  });

  it('have titles that fit, cut between characters', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 200 }),
        fc.integer({ min: 3, max: 255 }),
        (text, maxBytes) => {
          const cut = cutUtf8(text, maxBytes);
          expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(maxBytes);
          expect(Buffer.from(cut, 'utf8').toString('utf8')).toBe(cut);
          const whole = text.replaceAll('\0', ' ');
          if (Buffer.byteLength(whole) <= maxBytes) expect(cut).toBe(whole);
          else expect(cut.endsWith('…') && whole.startsWith(cut.slice(0, -1))).toBe(true);
        },
      ),
    );
    expect(cutUtf8('会'.repeat(100), MAX_TITLE_BYTES)).toBe(`${'会'.repeat(84)}…`);
    expect(cutUtf8('a\ud800b', 10)).toBe('a\ufffdb');
  });
});
