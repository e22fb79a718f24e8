import type { Gap } from '../../../shared/recording.ts';

export interface AdoptedSegment {
  /** t=0 of the recording, ms since 1970; null when the room was never entered as far as anybody knows. */
  startedAtMs: number | null;
  /** Where the segment begins on the timeline. */
  startMs: number;
  /** When its file was created, ms since 1970; 0 on file systems that do not tell. */
  bornAtMs: number;
  /** Gaps known so far. */
  gaps: readonly Pick<Gap, 'atMs' | 'durationMs'>[];
}

/** A process that comes back in so short a time missed nothing worth telling; the rest is the encoder's start. */
const SHORTEST_GAP_MS = 500;
/** A leap beyond the longest recording is the clock's, not the room's. */
const LONGEST_GAP_MS = 8 * 24 * 3_600_000;
/** File systems count time more coarsely than the clock. */
const FILE_TIME_MS = 100;

/**
 * A process that comes back fills the time it missed at the beginning of its segment and tells how long that was; when the box died
 * before it could write that down, the file's age tells it: media cannot be older than the file that they are in. Pure.
 * @returns null when nothing was missed, or nobody can say
 */
export function lostGap({ startedAtMs, startMs, bornAtMs, gaps }: AdoptedSegment): Gap | null {
  if (startedAtMs === null) return null;
  const durationMs = Math.round(bornAtMs - startedAtMs - startMs);
  if (durationMs < SHORTEST_GAP_MS || durationMs > LONGEST_GAP_MS) return null;
  const isKnown = gaps.some((gap) => gap.atMs < startMs + durationMs && gap.atMs + gap.durationMs > startMs);
  return isKnown ? null : { atMs: startMs, durationMs, reason: 'boxDown', cut: false };
}

/**
 * t=0 of a recording whose box died before it could write down that the room was entered, from the age of the first segment's file: with
 * another beginning the next process would record over that segment's place. Pure.
 * @returns ms since 1970, or null when nobody can say
 */
export function lostBeginning(segment: { createdAtMs: number; startMs: number; bornAtMs: number }): number | null {
  const { createdAtMs, startMs, bornAtMs } = segment;
  const startedAtMs = Math.round(bornAtMs - startMs);
  const isPlausible = startedAtMs > createdAtMs - FILE_TIME_MS && startedAtMs - createdAtMs <= LONGEST_GAP_MS;
  return isPlausible ? startedAtMs : null;
}

/** A capture process tells the first picture or sound at once; what it had told before this long was written down. */
const NEWS_LOST_MS = 5_000;

/**
 * Whether a segment may hold media of which nobody was told: its process never closed it and wrote its last byte soon after it had
 * begun, as one does whose box dies in the moment of entering. Pure.
 */
export function mayHoldUntold(segment: {
  openedAtMs: number;
  closedAtMs: number | null;
  writtenAtMs: number;
}): boolean {
  const { openedAtMs, closedAtMs, writtenAtMs } = segment;
  return closedAtMs === null && writtenAtMs - openedAtMs <= NEWS_LOST_MS;
}
