import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MODES } from './recording.ts';
import { estimateBytesPerHour, hoursLeft, type SizeFacts } from './size-estimate.ts';

const DEFAULTS: SizeFacts = {
  mode: '12',
  width: 1280,
  height: 720,
  fps: 15,
  crf: 23,
  maxRateKbps: 2500,
  audioKbps: 96,
};

const anyFacts = fc.record({
  mode: fc.constantFrom(...MODES),
  width: fc.integer({ min: 16, max: 4096 }),
  height: fc.integer({ min: 16, max: 4096 }),
  fps: fc.integer({ min: 1, max: 60 }),
  crf: fc.integer({ min: 0, max: 51 }),
  maxRateKbps: fc.integer({ min: 100, max: 100_000 }),
  audioKbps: fc.integer({ min: 16, max: 512 }),
});

describe('bytes per hour', () => {
  it('of sound alone are those of its bit rate', () => {
    expect(estimateBytesPerHour({ ...DEFAULTS, mode: '10', audioKbps: 64 })).toBeCloseTo(28_800_000 * 1.01, -3);
  });

  it('of the defaults are some hundred megabytes; half for a CRF of 6 more, without the sound', () => {
    const pictures = estimateBytesPerHour({ ...DEFAULTS, mode: '11' });
    expect(estimateBytesPerHour(DEFAULTS)).toBeGreaterThan(150e6);
    expect(estimateBytesPerHour(DEFAULTS)).toBeLessThan(600e6);
    expect(estimateBytesPerHour({ ...DEFAULTS, mode: '11', crf: 29 }) / pictures).toBeCloseTo(0.5, 2);
  });

  it('grow with picture size, rate and quality, never beyond the ceiling, and count every file of a user', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const bytes = estimateBytesPerHour(facts);
        expect(bytes).toBeGreaterThan(0);
        expect(bytes).toBeLessThanOrEqual(((facts.maxRateKbps + facts.audioKbps) * 1000 * 3600 * 1.01) / 8 + 1);
        expect(estimateBytesPerHour({ ...facts, width: 2 * facts.width, fps: facts.fps + 5 })).toBeGreaterThanOrEqual(
          bytes,
        );
        expect(estimateBytesPerHour({ ...facts, crf: facts.crf + 1 })).toBeLessThanOrEqual(bytes);
        const times = facts.mode.startsWith('0') ? 3 : 1;
        // Each estimate is rounded to a byte by itself: half a byte of the three files' and three halves of the one file's.
        expect(Math.abs(estimateBytesPerHour({ ...facts, files: 3 }) - times * bytes)).toBeLessThanOrEqual(2);
      }),
    );
  });
});

it('hours count only what is free above the reserve', () => {
  expect(hoursLeft({ freeBytes: 12e9, reserveBytes: 2e9 }, 1e9)).toBe(10);
  expect(hoursLeft({ freeBytes: 1e9, reserveBytes: 2e9 }, 1e9)).toBe(0);
});
