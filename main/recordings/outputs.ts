import type { FileStream } from '../../shared/recording.ts';
import type { OutputName } from '../capture/messages.ts';
import type { SegmentRow } from '../store/rows.ts';

/** One file in the making with the segments it consists of, in the order of the timeline. */
export interface OutputSegments<Segment extends Pick<SegmentRow, 'output' | 'segment' | 'startMs'>> {
  output: OutputName;
  segments: Segment[];
}

/** What an output holds and of whom; the mix is nobody's. */
export function describeOutput(output: OutputName): { stream: FileStream; userId: string | null } {
  if (output === 'mix') return { stream: 'mix', userId: null };
  const userId = output.slice(output.indexOf(':') + 1);
  return { stream: output.startsWith('sub:') ? 'sub' : 'main', userId };
}

/** Groups a recording's segments by the files they become: the mix first, then in the order of their first start. */
export function groupByOutput<Segment extends Pick<SegmentRow, 'output' | 'segment' | 'startMs'>>(
  segments: readonly Segment[],
): OutputSegments<Segment>[] {
  const groups = new Map<OutputName, Segment[]>();
  const inOrder = segments.toSorted((a, b) => a.startMs - b.startMs || a.segment - b.segment);
  for (const segment of inOrder) groups.set(segment.output, [...(groups.get(segment.output) ?? []), segment]);
  const outputs = [...groups].map(([output, own]) => ({ output, segments: own }));
  return [...outputs.filter(({ output }) => output === 'mix'), ...outputs.filter(({ output }) => output !== 'mix')];
}
