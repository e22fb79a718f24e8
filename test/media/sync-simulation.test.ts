import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alignedStart, Timeline, videoTimestampNs } from '../../main/capture/mix/timeline.ts';
import { canvasScreen } from '../support/canvas-screen.ts';
import { calmSender, type SenderPlan } from '../support/simulated-senders.ts';
import { constantSenders, JITTER_KINDS, PARTICIPANTS, roughSenders, turn } from '../support/sync-conditions.ts';
import {
  type FlashAndBeep,
  lateMs,
  offsetFigures,
  offsetMs,
  simulateSync,
  slopeMsPerHour,
} from '../support/sync-simulation.ts';

// Hours of six participants in seconds: every participant flashes and beeps at the same instant of his own clock, and what the recording
// would hold is measured. Offsets are beep minus flash. A picture stands for its tick from half a tick before it was taken, so even a
// perfect recording is off by up to half a tick: 33 ms at 15 fps.

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const TICK_MS = 1000 / 15;

function byUser(pairs: readonly FlashAndBeep[]): FlashAndBeep[][] {
  return [...Map.groupBy(pairs, ({ userId }) => userId).values()];
}

describe('constant sources', () => {
  test.each([
    [15, 10],
    [30, 4],
  ])('six participants at %i fps are in step', (fps, minutes) => {
    const run = simulateSync({ senders: constantSenders(), durationMs: minutes * MINUTE_MS, fps });
    const figures = offsetFigures(run.pairs);
    expect(run.pairs.length).toBe(run.flashesDue);
    expect(run.flashesDue).toBeGreaterThan(PARTICIPANTS * minutes * 11);
    expect(Math.abs(figures.medianMs), JSON.stringify(figures)).toBeLessThanOrEqual(10);
    expect(figures.p95Ms, JSON.stringify(figures)).toBeLessThanOrEqual(34);
    expect(figures.worstMs, JSON.stringify(figures)).toBeLessThanOrEqual(67);
    // Nobody is worse off than half a tick and what his clock makes of the placement.
    for (const own of byUser(run.pairs)) expect(offsetFigures(own).worstMs).toBeLessThanOrEqual(500 / fps + 3);
  });

  test('nothing drifts in two hours at ±100 ppm, and the file is as long as the clock says', () => {
    const durationMs = 2 * HOUR_MS + 12_345;
    const senders = [-100, 100].map((clockPpm, index): SenderPlan => {
      const calm = calmSender(`user_${index}`);
      const jitter = { kind: 'uniform' as const, maxMs: 8 };
      const audio = { ...calm.audio, jitter };
      return { ...calm, ...turn(index, 200 * index), seed: index, clockPpm, audio, video: { fps: 15, jitter } };
    });
    const run = simulateSync({ senders, durationMs });
    expect(run.pairs.length).toBe(run.flashesDue);
    for (const own of byUser(run.pairs)) {
      expect(own.length).toBeGreaterThan(1450);
      expect(Math.abs(slopeMsPerHour(own, offsetMs))).toBeLessThanOrEqual(10);
      // Where the sound lies does not depend on ticks, so it can be held to more.
      expect(Math.abs(slopeMsPerHour(own, lateMs))).toBeLessThanOrEqual(1);
      expect(Math.max(...own.map((pair) => Math.abs(lateMs(pair))))).toBeLessThanOrEqual(12);
    }
    expect(run.inOrder).toBe(true);
    expect(Math.abs(run.ticks * TICK_MS - durationMs)).toBeLessThanOrEqual(50);
    expect(Math.abs(run.blocks * 20 - durationMs)).toBeLessThanOrEqual(50);
  }, 60_000);
});

describe('rough conditions', () => {
  test.each(['line', 'stream'] as const)(
    'pictures and sound stay together and nothing is missing: jitter by %s',
    (jitterOf) => {
      const durationMs = 25_000;
      const pairs: FlashAndBeep[] = [];
      let due = 0;
      fc.assert(
        fc.property(roughSenders(durationMs, jitterOf), (senders) => {
          const run = simulateSync({ senders, durationMs });
          expect(run.inOrder).toBe(true);
          expect(run.ticks).toBe(375);
          expect(run.blocks).toBe(1250);
          // What comes late is late by no more than jitter, stalls and steps can make it.
          for (const pair of run.pairs) expect(Math.abs(offsetMs(pair))).toBeLessThan(1000);
          due += run.flashesDue;
          pairs.push(...run.pairs);
        }),
        // The same conditions in every run: a share of 95 % is a matter of the dice.
        { numRuns: 24, seed: 3, endOnFailure: true },
      );
      const figures = offsetFigures(pairs);
      // A beep whose block is lost cannot be found.
      expect(pairs.length).toBeGreaterThan(due * 0.97);
      expect(figures.p95Ms, JSON.stringify(figures)).toBeLessThanOrEqual(80);
      expect(Math.abs(figures.medianMs), JSON.stringify(figures)).toBeLessThanOrEqual(10);
    },
    60_000,
  );

  test('the compositor shows what came when it came, at all sizes and rotations; odd sizes are dropped and counted', async () => {
    const durationMs = 10_000;
    let dropped = 0;
    await fc.assert(
      fc.asyncProperty(roughSenders(durationMs), fc.nat(1e6), async (senders, seed) => {
        const screen = await canvasScreen(senders.length, seed);
        const drawn = simulateSync({ senders, durationMs, screen });
        const listed = simulateSync({ senders, durationMs });
        expect(screen.dropped).toBe(screen.oddSent);
        dropped += screen.dropped;
        expect(drawn.pairs.length).toBe(listed.pairs.length);
        for (const [index, { userId, flashMs }] of drawn.pairs.entries()) {
          const { video, stalls, steps } = senders.find((sender) => sender.userId === userId)!;
          // Where an odd picture was dropped, the flash is in the next one, which may come late.
          const laterMs = flashMs - listed.pairs[index]!.flashMs;
          const isNear = ({ atMs }: { atMs: number }) => Math.abs(atMs - flashMs) < 2000;
          const heldMs = stalls.filter(isNear).reduce((sum, { durationMs }) => sum + durationMs, 0);
          const steppedMs = steps.filter(isNear).reduce((sum, { shiftMs }) => sum + Math.abs(shiftMs), 0);
          const lineMs = video.jitter.maxMs + heldMs + steppedMs;
          expect(laterMs).toBeGreaterThanOrEqual(0);
          expect(laterMs).toBeLessThanOrEqual(1000 / video.fps + lineMs + TICK_MS + 1);
        }
      }),
      { numRuns: 2, endOnFailure: true },
    );
    expect(dropped).toBeGreaterThan(0);
  }, 60_000);

  test('a way that becomes longer or shorter for good is followed within two seconds', () => {
    const calm = calmSender('user_0');
    fc.assert(
      fc.property(fc.integer({ min: -100, max: 180 }), fc.integer({ min: 0, max: 15 }), (shiftMs, maxMs) => {
        const jitter = { kind: 'uniform' as const, maxMs };
        const audio = { ...calm.audio, jitter };
        const steps = [{ atMs: 6000, shiftMs }];
        const senders = [{ ...calm, startMs: 150, flashPeriodMs: 1000, audio, video: { fps: 30, jitter }, steps }];
        const run = simulateSync({ senders, durationMs: 12_000, fps: 30 });
        const after = run.pairs.filter(({ dueMs }) => dueMs > 8000);
        expect(after.length).toBeGreaterThanOrEqual(3);
        for (const pair of after) expect(Math.abs(offsetMs(pair))).toBeLessThan(45);
      }),
      { numRuns: 20 },
    );
  });
});

describe('a continuous tone', () => {
  test('has no gap above 25 ms under jitter up to 100 ms', () => {
    const calm = calmSender('user_0');
    const kind = fc.constantFrom(...JITTER_KINDS);
    fc.assert(
      fc.property(
        kind,
        fc.integer({ min: 1, max: 100 }),
        fc.nat(1e6),
        fc.integer({ min: -200, max: 200 }),
        (...drawn) => {
          const [jitterKind, maxMs, seed, clockPpm] = drawn;
          const audio = { ...calm.audio, jitter: { kind: jitterKind, maxMs } };
          const sound = (seconds: number) => 8000 * Math.sin(2 * Math.PI * 440 * seconds);
          let quiet = 0;
          let longest = 0;
          simulateSync({
            senders: [{ ...calm, startMs: 100, seed, clockPpm, audio, sound, flashPhaseMs: 1e9 }],
            durationMs: 15_000,
            onBlock: (samples, block) => {
              // The first sound is heard when its first block arrived, at the latest.
              if (block * 20 < 100 + 2 * maxMs || block * 20 > 14_700) return;
              for (const sample of samples) {
                quiet = Math.abs(sample) < 400 ? quiet + 1 : 0;
                longest = Math.max(longest, quiet);
              }
            },
          });
          expect(longest / 48).toBeLessThanOrEqual(25);
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('pictures', () => {
  test('come at a constant rate, none missing, whatever the loop does; the end is the end of the clock', () => {
    const fps = fc.integer({ min: 5, max: 60 });
    const waitsMs = fc.array(fc.oneof(fc.double({ min: 0, max: 40, noNaN: true }), fc.constantFrom(700, 5000)), {
      minLength: 5,
      maxLength: 300,
    });
    fc.assert(
      fc.property(fps, waitsMs, fc.integer({ min: 0, max: 7_200_000 }), (rate, waits, fromMs) => {
        const start = alignedStart(rate, fromMs);
        const timeline = new Timeline({ fps: rate, t0Ms: 0, ...start });
        const stamps: number[] = [];
        let nowMs = start.positionMs;
        let nextBlock = start.firstBlock;
        const take = ({ ticks, blocks }: ReturnType<Timeline['advance']>) => {
          for (let tick = ticks.from; tick < ticks.to; tick++) stamps.push(videoTimestampNs(tick, rate));
          expect(blocks.from).toBe(nextBlock);
          nextBlock = blocks.to;
        };
        for (const waitMs of waits) {
          nowMs += waitMs;
          take(timeline.advance(nowMs));
        }
        take(timeline.flush(nowMs));
        for (let index = 1; index < stamps.length; index++) {
          expect(Math.abs(stamps[index]! - stamps[index - 1]! - 1e9 / rate)).toBeLessThanOrEqual(1);
        }
        const lengthMs = nowMs - start.positionMs;
        // Half a tick for rounding; one more when the last picture was taken already in the first half of its time.
        const mostMs = Math.max(50, 500 / rate + 1);
        expect(Math.abs((stamps.length * 1000) / rate - lengthMs)).toBeLessThanOrEqual(mostMs);
        expect(Math.abs((nextBlock - start.firstBlock) * 20 - lengthMs)).toBeLessThanOrEqual(mostMs + 10);
      }),
      { numRuns: 60 },
    );
  });
});
