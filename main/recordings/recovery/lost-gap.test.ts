import { describe, expect, it } from 'vitest';
import { lostGap } from './lost-gap.ts';

const STARTED_AT_MS = 1_700_000_000_000;
const segment = (startMs: number, bornAfterMs: number, gaps: { atMs: number; durationMs: number }[] = []) => ({
  startedAtMs: STARTED_AT_MS,
  startMs,
  bornAtMs: STARTED_AT_MS + bornAfterMs,
  gaps,
});

describe('what a process missed whose news of it was lost', () => {
  it('lasts from the beginning of its segment until its file was created', () => {
    expect(lostGap(segment(2_400, 5_900))).toEqual({ atMs: 2_400, durationMs: 3_500, reason: 'boxDown', cut: false });
  });

  it('is not told twice, and nothing is told of a segment that began in its own time', () => {
    expect(lostGap(segment(2_400, 5_900, [{ atMs: 2_333, durationMs: 3_600 }]))).toBeNull();
    expect(lostGap(segment(2_400, 5_900, [{ atMs: 0, durationMs: 2_400 }]))).not.toBeNull();
    expect(lostGap(segment(2_400, 2_600))).toBeNull();
  });

  it('is not guessed where the file system or the clock tell nothing', () => {
    expect(lostGap({ ...segment(2_400, 0), bornAtMs: 0 })).toBeNull();
    expect(lostGap(segment(2_400, 20 * 365 * 24 * 3_600_000))).toBeNull();
    expect(lostGap({ ...segment(2_400, 5_900), startedAtMs: null })).toBeNull();
  });
});
