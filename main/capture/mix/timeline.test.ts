import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  alignedStart,
  audioTimestampNs,
  pictureDueMs,
  pictureMomentMs,
  Timeline,
  videoTimestampNs,
} from './timeline.ts';

const fps = fc.constantFrom(1, 5, 10, 12, 15, 20, 24, 25, 30, 50, 60);
const TEN_HOURS_MS = 36_000_000;

describe('Timeline', () => {
  test('makes a picture 200 ms after the middle of its time and sound 200 ms after its end', () => {
    const timeline = new Timeline({ fps: 10, t0Ms: 1000 });
    expect(timeline.nextDueMs).toBe(1220);
    expect(timeline.advance(1219)).toEqual({ ticks: { from: 0, to: 0 }, blocks: { from: 0, to: 0 } });
    expect(timeline.advance(1220).blocks).toEqual({ from: 0, to: 1 });
    expect(timeline.advance(1249).ticks).toEqual({ from: 0, to: 0 });
    expect(timeline.advance(1250).ticks).toEqual({ from: 0, to: 1 });
    expect([pictureMomentMs(0, 10), pictureDueMs(0, 10), pictureDueMs(3, 10, 0)]).toEqual([50, 250, 350]);
    expect(timeline.positionMs(1220)).toBe(220);
  });

  test('hands out every tick and block once, in order, whenever the clock is read', () => {
    const readings = fc.array(fc.double({ min: -50, max: 3000, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(fps, readings, fc.double({ min: 0, max: 1e9, noNaN: true }), (rate, steps, t0Ms) => {
        const timeline = new Timeline({ fps: rate, t0Ms });
        let nowMs = t0Ms;
        let ticks = 0;
        let blocks = 0;
        for (const step of steps) {
          nowMs += step;
          const due = timeline.advance(nowMs);
          expect([due.ticks.from, due.blocks.from]).toEqual([ticks, blocks]);
          ticks = due.ticks.to;
          blocks = due.blocks.to;
          // What is next lies in the future of this reading, what was handed out does not.
          expect(timeline.nextDueMs).toBeGreaterThan(nowMs - 1e-3);
        }
        const endMs = Math.max(nowMs, t0Ms);
        const rest = timeline.flush(endMs);
        expect([rest.ticks.from, rest.blocks.from]).toEqual([ticks, blocks]);
        const videoMs = (rest.ticks.to * 1000) / rate;
        const soundMs = rest.blocks.to * 20;
        expect(soundMs - videoMs).toBeGreaterThanOrEqual(-10 - 1e-6);
        // At a picture a second or two, sound may have been handed out beyond the last picture already.
        if (rest.blocks.from * 20 <= videoMs) expect(soundMs - videoMs).toBeLessThanOrEqual(10 + 1e-6);
        expect(timeline.advance(endMs)).toEqual({
          ticks: { from: rest.ticks.to, to: rest.ticks.to },
          blocks: { from: rest.blocks.to, to: rest.blocks.to },
        });
      }),
    );
  });

  test('a reading at nextDueMs always brings something', () => {
    fc.assert(
      fc.property(fps, fc.double({ min: 0, max: 1e7, noNaN: true }), (rate, t0Ms) => {
        const timeline = new Timeline({ fps: rate, t0Ms, firstTick: 1_000_000, firstBlock: 3_000_000 });
        for (let round = 0; round < 100; round++) {
          const { ticks, blocks } = timeline.advance(timeline.nextDueMs);
          expect(ticks.to - ticks.from + blocks.to - blocks.from).toBeGreaterThan(0);
        }
      }),
    );
  });

  test('ten hours read at a wandering pace have exactly their ticks and blocks', () => {
    fc.assert(
      fc.property(
        fps,
        fc.array(fc.double({ min: 0.3, max: 90, noNaN: true }), { minLength: 5, maxLength: 50 }),
        (rate, steps) => {
          const timeline = new Timeline({ fps: rate, t0Ms: 12_345.678 });
          let nowMs = 12_345.678;
          let ticks = 0;
          let blocks = 0;
          // Hours are skipped at once after some fine steps: late is late, however much.
          for (let hour = 0; hour < 10; hour++) {
            for (const step of steps) {
              nowMs += step;
              const due = timeline.advance(nowMs);
              ticks += due.ticks.to - due.ticks.from;
              blocks += due.blocks.to - due.blocks.from;
            }
            nowMs = 12_345.678 + ((hour + 1) * TEN_HOURS_MS) / 10;
            const due = timeline.advance(nowMs);
            ticks += due.ticks.to - due.ticks.from;
            blocks += due.blocks.to - due.blocks.from;
            expect(ticks).toBe(Math.floor(((hour + 1) * 3600 - 0.2) * rate + 0.5 + 1e-6));
            expect(blocks).toBe((hour + 1) * 3600 * 50 - 10);
          }
          const rest = timeline.flush(nowMs);
          expect(rest.ticks.to).toBe(36_000 * rate);
          expect(rest.blocks.to).toBe(36_000 * 50);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('without pictures only sound is due', () => {
    const timeline = new Timeline({ fps: null, t0Ms: 0 });
    expect(timeline.nextDueMs).toBe(220);
    expect(timeline.advance(1000)).toEqual({ ticks: { from: 0, to: 0 }, blocks: { from: 0, to: 40 } });
    expect(timeline.flush(1004).blocks).toEqual({ from: 40, to: 50 });
  });

  test('a recording that goes on starts late and catches up', () => {
    const start = alignedStart(15, 5123);
    expect(start).toEqual({ firstTick: 78, firstBlock: 260, positionMs: 5200 });
    const timeline = new Timeline({ fps: 15, t0Ms: 0, ...start });
    expect(timeline.advance(9000)).toEqual({ ticks: { from: 78, to: 132 }, blocks: { from: 260, to: 440 } });
  });

  test('refuses a rate that cannot be counted', () => {
    expect(() => new Timeline({ fps: 29.97, t0Ms: 0 })).toThrow(RangeError);
  });
});

describe('alignedStart', () => {
  test('is a moment that both picture and sound have, at most one step later', () => {
    fc.assert(
      fc.property(fps, fc.double({ min: 0, max: TEN_HOURS_MS, noNaN: true }), (rate, positionMs) => {
        const start = alignedStart(rate, positionMs);
        expect(start.firstTick * 50).toBe(start.firstBlock * rate);
        expect(start.positionMs).toBe(start.firstBlock * 20);
        expect(start.positionMs).toBeGreaterThanOrEqual(positionMs - 1 - 1e-6);
        expect(start.positionMs - positionMs).toBeLessThanOrEqual(1000);
      }),
    );
  });

  test('stays where it is when it is there, rounding forgiven', () => {
    expect(alignedStart(15, 5200.0004).positionMs).toBe(5200);
    expect(alignedStart(null, 5201.5)).toEqual({ firstTick: 0, firstBlock: 261, positionMs: 5220 });
    expect(alignedStart(30, 0)).toEqual({ firstTick: 0, firstBlock: 0, positionMs: 0 });
  });
});

describe('timestamps', () => {
  test('are whole nanoseconds, nearest to the truth, in ten hours and in twelve weeks', () => {
    for (const hours of [0, 10, 2000]) {
      const seconds = hours * 3600;
      for (let tick = 0; tick < 15; tick++) {
        const exact = (BigInt(seconds * 15 + tick) * 1_000_000_000n * 2n + 15n) / 30n;
        expect(BigInt(videoTimestampNs(seconds * 15 + tick, 15)) - exact).toBe(0n);
      }
      expect(audioTimestampNs(seconds * 50)).toBe(videoTimestampNs(seconds * 15, 15));
    }
  });
});
