import path from 'node:path';
import type { Gap } from '../../../shared/recording.ts';
import { timelineEnd } from '../../capture/encode/timeline-end.ts';
import type { RecordingRow, SegmentRow } from '../../store/rows.ts';
import type { Store } from '../../store/store.ts';
import { mediaKind } from '../naming.ts';
import { groupByOutput } from '../outputs.ts';

export interface SegmentEnd extends Pick<SegmentRow, 'startMs' | 'closedAtMs'> {
  /** Where on the timeline its readable media ends. */
  endMs: number;
}

/** Shorter ones are rounding: segments begin where a picture and a sound block do. */
const SHORTEST_HOLE_MS = 500;

/**
 * What is missing between segments that tile the timeline but for the end of one that its process never closed: it died while a change of
 * encoders was under way, when the next segment had begun already. Pure.
 * @param segments of the mix, in the order of the timeline
 * @param gaps known so far
 */
export function lostEnds(
  segments: readonly SegmentEnd[],
  gaps: readonly Pick<Gap, 'atMs' | 'durationMs' | 'cut'>[],
): Gap[] {
  return segments.flatMap(({ startMs, endMs, closedAtMs }, index) => {
    const next = segments[index + 1];
    // One that holds nothing at all is told when the segments are joined.
    if (endMs <= startMs) return [];
    if (closedAtMs !== null || !next || next.startMs - endMs < SHORTEST_HOLE_MS) return [];
    const isKnown = gaps.some((gap) => !gap.cut && gap.atMs < next.startMs && gap.atMs + gap.durationMs > endMs);
    if (isKnown) return [];
    const atMs = Math.round(endMs);
    return [{ atMs, durationMs: Math.round(next.startMs) - atMs, reason: 'captureDied', cut: false }];
  });
}

/** Tells the lost ends of a recording's mix as gaps. Harmless to repeat. Rejects with errors of the store. */
export async function noteLostEnds(
  store: Pick<Store, 'segments' | 'gaps' | 'events' | 'transaction'>,
  { id: recordingId, mode }: Pick<RecordingRow, 'id' | 'mode'>,
  directory: string,
): Promise<void> {
  const rows = store.segments.list(recordingId).filter(({ output }) => output === 'mix');
  const segments = groupByOutput(rows).flatMap((group) => group.segments);
  const ends = await Promise.all(
    segments.map(async ({ startMs, closedAtMs, file }, index) => {
      const isAsked = closedAtMs === null && index < segments.length - 1;
      // What cannot be read now tells nothing; whoever needs its content says so.
      const readable = () => timelineEnd(path.join(directory, path.basename(file)), mediaKind(mode)).catch(() => 0);
      return { startMs, closedAtMs, endMs: startMs + (isAsked ? await readable() : 0) };
    }),
  );
  const lost = lostEnds(ends, store.gaps.list(recordingId));
  if (lost.length === 0) return;
  store.transaction(() => {
    for (const gap of lost) {
      store.gaps.add(recordingId, gap);
      store.events.append('gap', recordingId, { ...gap });
    }
  });
}
