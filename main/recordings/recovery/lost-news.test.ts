import { describe, expect, it } from 'vitest';
import { lostBeginning, lostGap, mayHoldUntold } from './lost-news.ts';

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

describe('when a recording began whose news of it was lost', () => {
  it('is the age of its first segment', () => {
    const facts = { createdAtMs: STARTED_AT_MS, startMs: 0, bornAtMs: STARTED_AT_MS + 1_200 };
    expect(lostBeginning(facts)).toBe(STARTED_AT_MS + 1_200);
    expect(lostBeginning({ ...facts, startMs: 800 })).toBe(STARTED_AT_MS + 400);
  });

  it('is unknown where the file system or the clock tell nothing', () => {
    expect(lostBeginning({ createdAtMs: STARTED_AT_MS, startMs: 0, bornAtMs: 0 })).toBeNull();
    expect(lostBeginning({ createdAtMs: STARTED_AT_MS, startMs: 0, bornAtMs: STARTED_AT_MS * 2 })).toBeNull();
  });
});

describe('media of which nobody was told', () => {
  const opened = { openedAtMs: STARTED_AT_MS, closedAtMs: null, writtenAtMs: STARTED_AT_MS + 1_000 };

  it('may be in a segment that was never closed and is hardly older than its opening', () => {
    expect(mayHoldUntold(opened)).toBe(true);
  });

  it('is not in one that was closed, or written for longer than news takes', () => {
    expect(mayHoldUntold({ ...opened, closedAtMs: STARTED_AT_MS + 1_000 })).toBe(false);
    expect(mayHoldUntold({ ...opened, writtenAtMs: STARTED_AT_MS + 60_000 })).toBe(false);
  });
});
