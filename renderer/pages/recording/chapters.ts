import type { RecordingAnswer } from '../../../shared/api/views.ts';

/** A place in a file at which something happened. */
export interface Chapter {
  /** From the beginning of the file. */
  atMs: number;
  events: ChapterEvent[];
}

export type ChapterEvent =
  | { kind: 'start' }
  | { kind: 'entered' | 'left'; userId: string }
  | { kind: 'gap'; reason: string };

/** What happens closer together than this is one place. */
const MERGE_MS = 500;

type Facts = Pick<RecordingAnswer, 'participants' | 'gaps'>;

/**
 * Where people came and went and where something is missing, in the time of a file, as the file's own chapters are. The first one is its
 * beginning. Gaps that were cut out shorten nothing here: the timeline is without them already.
 */
export function chaptersOf(
  { participants, gaps }: Facts,
  file: Pick<RecordingAnswer['files'][number], 'startOffsetMs' | 'durationMs'>,
): Chapter[] {
  const happened: { atMs: number; event: ChapterEvent }[] = [
    ...participants.map(({ userId, enteredAtMs }) => ({
      atMs: enteredAtMs,
      event: { kind: 'entered', userId } as const,
    })),
    ...participants.flatMap(({ userId, leftAtMs }) =>
      leftAtMs === null ? [] : [{ atMs: leftAtMs, event: { kind: 'left', userId } as const }],
    ),
    ...gaps.map(({ atMs, reason }) => ({ atMs, event: { kind: 'gap', reason } as const })),
  ];
  const placed = happened
    .map(({ atMs, event }) => ({ atMs: atMs - file.startOffsetMs, event }))
    .filter(({ atMs }) => atMs < MERGE_MS || atMs <= file.durationMs - MERGE_MS)
    .filter(({ atMs, event }) => atMs >= 0 || event.kind === 'entered')
    .map(({ atMs, event }) => ({ atMs: Math.max(0, atMs), event }))
    .sort((a, b) => a.atMs - b.atMs);
  const chapters: Chapter[] = [{ atMs: 0, events: [] }];
  for (const { atMs, event } of placed) {
    const last = chapters.at(-1);
    if (last && atMs - last.atMs < MERGE_MS) last.events.push(event);
    else chapters.push({ atMs, events: [event] });
  }
  const [first] = chapters;
  if (first && first.events.length === 0) first.events.push({ kind: 'start' });
  return chapters;
}
