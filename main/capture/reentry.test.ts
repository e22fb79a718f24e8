import fc from 'fast-check';
import { expect, it } from 'vitest';
import { resumeAt } from '../../test/support/capture-session.ts';
import { reenter } from './reentry.ts';

const T0_MS = Date.UTC(2026, 0, 1);
const FILL_MS = 60_000;
const YEAR_MS = 365 * 86_400_000;

it('a short absence stays on the timeline', () => {
  const resume = resumeAt(4_000, { t0EpochMs: T0_MS, absence: 'boxDown' });
  expect(reenter(resume, T0_MS + 9_000, FILL_MS)).toEqual({
    positionMs: 9_000,
    mixStartMs: 4_000,
    cutMs: 0,
    gaps: [{ atMs: 4_000, durationMs: 5_000, reason: 'boxDown', cut: false }],
  });
});

it('a long one is left out, and stays left out the next time', () => {
  const first = reenter(resumeAt(4_000, { t0EpochMs: T0_MS, knownMs: 5_500 }), T0_MS + 3_600_000, FILL_MS);
  expect(first).toEqual({
    positionMs: 5_500,
    mixStartMs: 4_000,
    cutMs: 3_600_000 - 5_500,
    gaps: [
      { atMs: 4_000, durationMs: 1_500, reason: 'captureDied', cut: false },
      { atMs: 5_500, durationMs: 3_600_000 - 5_500, reason: 'captureDied', cut: true },
    ],
  });
  const next = resumeAt(7_000, { t0EpochMs: T0_MS, cutMs: first.cutMs });
  expect(reenter(next, T0_MS + 3_600_000 + 2_500, FILL_MS)).toMatchObject({ positionMs: 8_000, cutMs: first.cutMs });
});

it('a mix whose end was lost is not made up for with more than may be filled', () => {
  const resume = resumeAt(4_000, { t0EpochMs: T0_MS, knownMs: 600_000 });
  expect(reenter(resume, T0_MS + 601_000, FILL_MS)).toMatchObject({ positionMs: 600_000, mixStartMs: 600_000 });
});

it('whatever the clock says, the timeline goes on from where it was, and no hole in it is longer than may be filled', () => {
  const moment = fc.integer({ min: -20 * YEAR_MS, max: 20 * YEAR_MS });
  const length = fc.nat({ max: 86_400_000 });
  fc.assert(
    fc.property(moment, length, fc.nat({ max: 3_000 }), length, (clockMs, timelineMs, unreadableMs, cutMs) => {
      const resume = resumeAt(timelineMs, { t0EpochMs: T0_MS, cutMs, knownMs: timelineMs + unreadableMs });
      const reentry = reenter(resume, T0_MS + clockMs, FILL_MS);
      expect(reentry.positionMs).toBeGreaterThanOrEqual(timelineMs + unreadableMs);
      expect(reentry.positionMs).toBeLessThanOrEqual(timelineMs + Math.max(unreadableMs, FILL_MS));
      expect(reentry.cutMs).toBeGreaterThanOrEqual(cutMs);
      const filled = reentry.gaps.filter(({ cut }) => !cut);
      const filledMs = filled.reduce((sum, { durationMs }) => sum + durationMs, 0);
      expect(filledMs).toBe(reentry.positionMs - timelineMs);
    }),
  );
});
