import type { Gap, ParticipantStay } from '../../../shared/recording.ts';

/** A named place of a recording or of its file; it lasts until the next one. */
export interface Chapter {
  /** Milliseconds on the recording's timeline, or from the beginning of the file where that is said. */
  startMs: number;
  title: string;
}

/** All that the narrowest of the formats can count (Nero chapters and ID3 count in one byte). */
export const MAX_CHAPTERS = 255;
/** Nero chapters tell the length of a title in one byte; the other formats get the same text. */
export const MAX_TITLE_BYTES = 255;
const MERGE_MS = 500;
/** Title of a chapter in which nothing begins but the file. */
export const START_TITLE = 'Start';
const ELLIPSIS = '…';

const GAP_REASONS = {
  encoderDied: 'encoder died',
  captureDied: 'capture process died',
  boxDown: 'box was down',
  connectionLost: 'connection lost',
  segmentLost: 'segment lost',
} as const satisfies Record<Gap['reason'], string>;

/**
 * Chapters of a recording, on its timeline: who entered and left, and where something is missing. The first one is at 0. Events closer
 * than 500 ms share a chapter; where that leaves more than 255, the distance grows until they are no more.
 */
export function chaptersOf(
  stays: readonly Pick<ParticipantStay, 'userId' | 'enteredAtMs' | 'leftAtMs'>[],
  gaps: readonly Gap[],
  durationMs: number,
): Chapter[] {
  const events = [
    ...stays.map(({ userId, enteredAtMs }) => ({ startMs: enteredAtMs, title: `${userId} entered` })),
    ...stays.flatMap(({ userId, leftAtMs }) =>
      leftAtMs === null ? [] : [{ startMs: leftAtMs, title: `${userId} left` }],
    ),
    ...gaps.map((gap) => ({ startMs: gap.atMs, title: gapTitle(gap) })),
  ];
  // What happens at the very end is the end, and no chapter of its own.
  const shown = events.filter(({ startMs }) => startMs < MERGE_MS || startMs <= durationMs - MERGE_MS);
  shown.sort((a, b) => a.startMs - b.startMs);
  let chapters = merged(shown, MERGE_MS);
  for (let distanceMs = MERGE_MS * 2; chapters.length > MAX_CHAPTERS; distanceMs *= 2) {
    chapters = merged(shown, distanceMs);
  }
  return chapters;
}

/**
 * Chapters as a file can hold them: in its own time, rising, the first at 0, all before its end, at most 255, with titles of at most
 * 255 bytes. None stay none.
 * @param startMs where on the chapters' timeline the file begins
 * @param durationMs length of the file
 */
export function chaptersOfFile(chapters: readonly Chapter[], startMs: number, durationMs: number): Chapter[] {
  const placed = chapters
    .map((chapter) => ({ startMs: Math.max(0, Math.round(chapter.startMs - startMs)), title: chapter.title }))
    .filter((chapter) => chapter.startMs < durationMs)
    .sort((a, b) => a.startMs - b.startMs);
  if (placed.length === 0) return [];
  return merged(placed, 1)
    .slice(0, MAX_CHAPTERS)
    .map((chapter) => ({ ...chapter, title: cutUtf8(chapter.title, MAX_TITLE_BYTES) }));
}

/** The text in at most `maxBytes` bytes of UTF-8; what is too long ends with an ellipsis. Characters stay whole, NUL becomes a blank. */
export function cutUtf8(text: string, maxBytes: number): string {
  const whole = text.toWellFormed().replaceAll('\0', ' ');
  if (Buffer.byteLength(whole) <= maxBytes) return whole;
  const roomBytes = maxBytes - Buffer.byteLength(ELLIPSIS);
  let cut = '';
  let bytes = 0;
  for (const character of whole) {
    bytes += Buffer.byteLength(character);
    if (bytes > roomBytes) break;
    cut += character;
  }
  return cut + ELLIPSIS;
}

function gapTitle({ reason, durationMs, cut }: Gap): string {
  return `gap (${GAP_REASONS[reason]}), ${(durationMs / 1000).toFixed(1)} s${cut ? ' left out' : ''}`;
}

/** One chapter for all events of less than `distanceMs` after its start; `events` have to be ordered. */
function merged(events: readonly Chapter[], distanceMs: number): Chapter[] {
  const chapters: { startMs: number; titles: string[] }[] = [{ startMs: 0, titles: [] }];
  for (const { startMs, title } of events) {
    const last = chapters.at(-1);
    if (last && startMs - last.startMs < distanceMs) last.titles.push(title);
    else chapters.push({ startMs, titles: [title] });
  }
  return chapters.map(({ startMs, titles }) => {
    const events = titles.filter((title) => title !== START_TITLE);
    return { startMs, title: events.join(', ') || START_TITLE };
  });
}
