import { type Fmp4Init, readFragments } from '../../capture/encode/fmp4.ts';
import { type Chapter, chaptersOfFile } from './chapters.ts';
import { JoinBuilder, type JoinResult, type Mp4Segment, type Placement } from './join-builder.ts';
import type { MediaMetadata } from './metadata.ts';

export type { Mp4Segment } from './join-builder.ts';

/** Where bytes of the joined file come from: a stretch of a segment (by its index), or memory. */
export type CopyRange = { segment: number; offset: number; length: number } | { bytes: Buffer };

export interface JoinedMp4 extends JoinResult {
  /** Everything before the first range. */
  head(): Buffer;
  ranges: CopyRange[];
}

/** Whether samples of all segments may follow each other in one file without being encoded anew. */
export function canJoin(segments: readonly Pick<Mp4Segment, 'summary'>[]): boolean {
  const [first] = segments;
  const shape = ({ summary }: Pick<Mp4Segment, 'summary'>): string =>
    summary.tracks.map((track) => `${track.kind} ${track.timescale} ${track.configHash}`).join();
  return first !== undefined && segments.every((segment) => shape(segment) === shape(first));
}

/**
 * Lays the samples of all segments on one timeline that starts with the first segment, to the nearest tick. Where segments overlap
 * the later one wins, as it begins with a whole picture; where they leave a hole the last picture is held and silence is filled in.
 * Segments have to be ordered by start and fit each other (`canJoin`). Chapters are on the segments' timeline.
 */
export async function joinMp4(
  segments: readonly Mp4Segment[],
  metadata: MediaMetadata,
  chapters: readonly Chapter[] = [],
): Promise<JoinedMp4> {
  const ranges: CopyRange[] = [];
  const builder = new JoinBuilder(segments, oneAfterAnother(ranges));
  for (const [index, { reader, summary }] of segments.entries()) {
    const init: Fmp4Init = { length: summary.initLength, tracks: summary.tracks };
    for await (const fragment of readFragments(reader, init)) builder.addFragment(index, fragment);
  }
  const result = builder.result();
  const inFile = chaptersOfFile(chapters, segments[0]?.startMs ?? 0, Number.POSITIVE_INFINITY);
  return { ...result, ranges, head: () => result.file.head(metadata, inFile) };
}

/** Media that consists of the samples and nothing else, in the order in which they are named. */
function oneAfterAnother(ranges: CopyRange[]): Placement {
  let mediaBytes = 0;
  const next = (bytes: number): number => {
    mediaBytes += bytes;
    return mediaBytes - bytes;
  };
  return {
    sample(segment, { offset, size }) {
      const last = ranges.at(-1);
      if (last && 'segment' in last && last.segment === segment && last.offset + last.length === offset) {
        last.length += size;
      } else {
        ranges.push({ segment, offset, length: size });
      }
      return next(size);
    },
    filler(bytes) {
      ranges.push({ bytes });
      return next(bytes.length);
    },
  };
}
