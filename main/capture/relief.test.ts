import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CALM_FOR_MS, LONGEST_CALM_MS, Relief, reliefSteps, STEP_EVERY_MS } from './relief.ts';

const VIDEO = { preset: 'veryfast', fps: 15 };
const SECOND_MS = 1000;

/** A recording whose encoder is looked at once a second. */
function followed(video = VIDEO) {
  const relief = new Relief(video);
  const changes: { atMs: number; level: number }[] = [];
  let nowMs = 0;
  let skipped = 0;
  return {
    changes,
    get level() {
      return relief.step.level;
    },
    get nowMs() {
      return nowMs;
    },
    look(backlogMs: number, newlySkipped = 0) {
      nowMs += SECOND_MS;
      skipped += newlySkipped;
      const step = relief.look(nowMs, { picturesSkipped: skipped, longestBacklogMs: backlogMs });
      if (step) changes.push({ atMs: nowMs, level: step.level });
    },
    looks(seconds: number, backlogMs: number, newlySkipped = 0) {
      for (let second = 0; second < seconds; second += 1) this.look(backlogMs, newlySkipped);
    },
  };
}

describe('the steps', () => {
  it.each([
    ['veryfast', 15, ['veryfast 15', 'superfast 15', 'ultrafast 15', 'ultrafast 7.5', 'ultrafast 5']],
    ['ultrafast', 30, ['ultrafast 30', 'ultrafast 15', 'ultrafast 10']],
    ['medium', 10, ['medium 10', 'veryfast 10', 'superfast 10', 'ultrafast 10', 'ultrafast 5']],
    ['superfast', 5, ['superfast 5', 'ultrafast 5']],
  ])('from %s at %s pictures a second lower presets first, then the frame rate', (preset, fps, expected) => {
    const steps = reliefSteps({ preset, fps });
    expect(steps.map((step) => `${step.preset} ${fps / step.pictureEvery}`)).toEqual(expected);
    expect(steps.map(({ level }) => level)).toEqual([...steps.keys()]);
  });
});

describe('an encoder', () => {
  it('that keeps up, or is behind for a moment, is left alone', () => {
    const one = followed();
    for (let round = 0; round < 20; round += 1) {
      one.looks(4, 900, 3);
      one.looks(6, 100);
    }
    expect(one.changes).toEqual([]);
  });

  it('that stays behind is relieved step by step', () => {
    const one = followed();
    one.looks(60, 900);
    expect(one.changes).toEqual([5, 13, 21, 29].map((second, at) => ({ atMs: second * SECOND_MS, level: at + 1 })));
  });

  it('that leaves pictures out without a backlog is relieved as well', () => {
    const one = followed();
    one.looks(6, 0, 1);
    expect(one.level).toBe(1);
  });

  it('gets a better step back after a minute of calm, and more rarely when that was too much', () => {
    const one = followed();
    one.looks(6, 900);
    const calms: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      const beganMs = one.nowMs;
      while (one.level === 1) one.look(100);
      calms.push(Math.round((one.nowMs - beganMs) / CALM_FOR_MS));
      while (one.level === 0) one.look(900);
    }
    expect(calms).toEqual([1, 2, 4, 8, 16, 32, 32]);
  });

  it('neither behind nor at ease stays where it is', () => {
    const one = followed();
    one.looks(6, 900);
    one.looks(1000, 500);
    expect(one.level).toBe(1);
  });
});

const look = fc.record({
  backlogMs: fc.integer({ min: 0, max: 2000 }),
  skipped: fc.integer({ min: 0, max: 15 }),
  seconds: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 50, max: 400 })),
});

describe('whatever comes', () => {
  it('it changes one step at a time, and never to and fro faster than it may', () => {
    fc.assert(
      fc.property(fc.array(look, { maxLength: 40 }), (sequence) => {
        const one = followed();
        for (const { seconds, backlogMs, skipped } of sequence) one.looks(seconds, backlogMs, skipped);
        let before = { atMs: Number.NEGATIVE_INFINITY, level: 0 };
        for (const change of one.changes) {
          expect(Math.abs(change.level - before.level)).toBe(1);
          const leastMs = change.level < before.level ? CALM_FOR_MS : STEP_EVERY_MS;
          expect(change.atMs - before.atMs).toBeGreaterThanOrEqual(leastMs);
          before = change;
        }
      }),
      { numRuns: 60 },
    );
  });

  it('endless calm brings everything back, endless strain the lightest', () => {
    fc.assert(
      fc.property(fc.array(look, { maxLength: 20 }), (sequence) => {
        const one = followed();
        for (const { seconds, backlogMs, skipped } of sequence) one.looks(seconds, backlogMs, skipped);
        const { level } = one;
        one.looks((level * LONGEST_CALM_MS) / SECOND_MS + 10, 0);
        expect(one.level).toBe(0);
        one.looks(60, 1000, 1);
        expect(one.level).toBe(4);
      }),
      { numRuns: 40 },
    );
  });
});
