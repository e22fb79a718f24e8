import type { TFunction } from 'i18next';
import type { RecordingAnswer } from '../../../shared/api/views.ts';
import { formatLength } from '../../format.ts';
import type { Stretch, TimelineRow } from '../../parts/timeline.tsx';
import { gapWord } from './audit-words.ts';

type Facts = Pick<RecordingAnswer, 'participants' | 'files' | 'gaps'>;

/** One row for each person, in the order of coming, with every stay and every shared screen. */
export function timelineRows({ participants, files }: Facts, lengthMs: number, t: TFunction): TimelineRow[] {
  const rows = new Map<string, Stretch[]>();
  for (const { userId, enteredAtMs, leftAtMs, slot } of participants) {
    const times = { user: userId, from: formatLength(enteredAtMs), to: formatLength(leftAtMs ?? lengthMs) };
    const words = t(leftAtMs === null ? 'detail.stayOpen' : 'detail.stay', times);
    add(rows, userId, {
      kind: slot === null ? 'unplaced' : 'there',
      fromMs: enteredAtMs,
      toMs: leftAtMs ?? lengthMs,
      text: slot === null ? `${words} (${t('detail.notRecorded')})` : words,
    });
  }
  for (const { userId, startOffsetMs, durationMs } of files.filter(({ stream }) => stream === 'sub')) {
    const times = { from: formatLength(startOffsetMs), to: formatLength(startOffsetMs + durationMs) };
    add(rows, userId, {
      ...{ kind: 'screen', fromMs: startOffsetMs, toMs: startOffsetMs + durationMs },
      text: t('detail.screenShare', { user: userId, ...times }),
    });
  }
  return [...rows].map(([name, stretches]) => ({ name, stretches }));
}

function add(rows: Map<string, Stretch[]>, userId: string, stretch: Stretch): void {
  rows.set(userId, [...(rows.get(userId) ?? []), stretch]);
}

/** What is missing, in words. */
export function gapText({ atMs, durationMs, reason, cut }: RecordingAnswer['gaps'][number], t: TFunction): string {
  const seconds = durationMs < 60_000 ? `${(durationMs / 1000).toFixed(1)} s` : formatLength(durationMs);
  const values = { at: formatLength(atMs), duration: seconds, reason: gapWord(reason, t) };
  return t(cut ? 'detail.gapCut' : 'detail.gapText', values);
}
