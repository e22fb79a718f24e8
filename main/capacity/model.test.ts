import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MODES } from '../../shared/recording.ts';
import { costOf, fits, KINDS, type Load, limitOf, roomFor, sumOf, type Work } from './model.ts';
import { ASSUMED_SPEED, type Speed, withPreset } from './speed.ts';

/** A server of two cores, as it was measured. */
const SPEED: Speed = {
  drawPerMegapixel: 0.003,
  encodePerMegapixel: 0.011,
  soundMixPerSecond: 0.005,
  soundEncodePerSecond: 0.01,
};
const VIDEO = { width: 1280, height: 720, fps: 15 };
const LIMIT = limitOf({ cores: 2, memoryBytes: 8e9 });

describe('what a recording costs', () => {
  it('is drawing and encoding each pixel, and the sound', () => {
    expect(costOf(KINDS.mixed, VIDEO, SPEED).cores).toBeCloseTo(0.015 + 0.003 + 13.824 * 0.014 + 0.015, 6);
    expect(costOf(KINDS.sound, VIDEO, SPEED).cores).toBeCloseTo(0.015 + 0.003 + 0.015, 6);
    const single = 0.003 + (640 * 360 * 15 * 0.014) / 1e6 + 0.01;
    expect(costOf(KINDS.singles, VIDEO, SPEED).cores).toBeCloseTo(0.015 + 6 * single + 0.005, 6);
  });

  it('with files of single users beside the mix is that of both, in one process', () => {
    const both = costOf({ mode: '12', alsoSingle: true }, VIDEO, SPEED).cores;
    const apart = costOf(KINDS.mixed, VIDEO, SPEED).cores + costOf(KINDS.singles, VIDEO, SPEED).cores;
    expect(apart - both).toBeCloseTo(0.015, 6);
  });

  it('never becomes less by more pixels, more pictures or more files', () => {
    const video = fc.record({
      width: fc.integer({ min: 8, max: 2048 }).map((half) => 2 * half),
      height: fc.integer({ min: 8, max: 2048 }).map((half) => 2 * half),
      fps: fc.integer({ min: 1, max: 30 }),
    });
    fc.assert(
      fc.property(video, fc.constantFrom(...MODES), fc.boolean(), (size, mode, alsoSingle) => {
        const cost = costOf({ mode, alsoSingle }, size, SPEED);
        const twice = costOf({ mode, alsoSingle }, { ...size, fps: 2 * size.fps }, SPEED);
        const more = costOf({ mode, alsoSingle: true }, size, SPEED);
        expect(Math.min(cost.cores, cost.memoryBytes)).toBeGreaterThan(0);
        expect(twice.cores).toBeGreaterThanOrEqual(cost.cores);
        expect(more.cores).toBeGreaterThanOrEqual(cost.cores);
        expect(more.memoryBytes).toBeGreaterThanOrEqual(cost.memoryBytes);
      }),
    );
  });

  it('with another preset is that of the encoder alone', () => {
    const slower = withPreset(SPEED, 'veryfast', 'medium');
    expect(slower).toEqual({ ...SPEED, encodePerMegapixel: SPEED.encodePerMegapixel * 2.6 });
    expect(withPreset(slower, 'medium', 'veryfast').encodePerMegapixel).toBeCloseTo(SPEED.encodePerMegapixel, 12);
  });
});

describe('what a machine holds', () => {
  const holds = (machine: Load, speed = SPEED) =>
    Object.fromEntries(
      Object.entries(KINDS).map(([kind, work]) => [
        kind,
        roomFor(costOf(work, VIDEO, speed), { cores: 0, memoryBytes: 0 }, machine),
      ]),
    );

  it('a fifth stays free', () => {
    expect(LIMIT).toEqual({ cores: 1.6, memoryBytes: 6.4e9 });
    expect(holds(limitOf({ cores: 2, memoryBytes: 64e9 }))).toEqual({ mixed: 7, singles: 4, sound: 48 });
    expect(holds(limitOf({ cores: 2, memoryBytes: 64e9 }), ASSUMED_SPEED).mixed).toBe(3);
  });

  it('memory counts as well', () => {
    expect(holds(LIMIT).sound).toBe(40);
  });

  it('one more is taken exactly as long as all together stay below the limit, and the first always', () => {
    const works = fc.array(fc.record<Work>({ mode: fc.constantFrom(...MODES), alsoSingle: fc.boolean() }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(
        works,
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 1, max: 256 }),
        (asked, cores, gigabytes) => {
          const limit = limitOf({ cores, memoryBytes: gigabytes * 1e9 });
          const running: Load[] = [];
          for (const work of asked) {
            const cost = costOf(work, VIDEO, SPEED);
            const isTaken = fits(cost, running, limit);
            const all = sumOf([...running, cost]);
            const isBelow = all.cores <= limit.cores + 1e-6 && all.memoryBytes <= limit.memoryBytes + 1;
            expect(isTaken).toBe(running.length === 0 || isBelow);
            if (isTaken) running.push(cost);
          }
        },
      ),
    );
  });
});
