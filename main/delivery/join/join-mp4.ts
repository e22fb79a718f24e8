import { type Fmp4Fragment, type Fmp4Init, type Fmp4Summary, readFragments } from '../../capture/encode/fmp4.ts';
import { type Chapter, chaptersOfFile } from './chapters.ts';
import { JoinBuilder, type JoinResult, joinedDescriptions, type Mp4Segment, type Placement } from './join-builder.ts';
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
  // Pictures of several encoders go into one track when one description can tell of all of them.
  const shape = ({ summary }: Pick<Mp4Segment, 'summary'>): string =>
    summary.tracks
      .map((track) => [track.kind, track.timescale, track.width, track.height, track.width ? '' : track.configHash])
      .join(';');
  return (
    first !== undefined &&
    segments.every((segment) => shape(segment) === shape(first)) &&
    joinedDescriptions(segments).every((description) => description !== null)
  );
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
  return joinedOf(builder, ranges, metadata, chaptersInFile(chapters, segments[0]?.startMs));
}

/** As `joinMp4` for a single segment, whose fragments it gets while they are read for the first time: nothing else decides over them. */
export class SingleJoin {
  readonly #startMs: number;
  readonly #ranges: CopyRange[] = [];
  #builder: JoinBuilder | null = null;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  /** The next fragment, in the order of the file. @param summary with all of it in it */
  take(fragment: Fmp4Fragment, summary: Fmp4Summary): void {
    this.#builder ??= new JoinBuilder([{ summary, startMs: this.#startMs }], oneAfterAnother(this.#ranges));
    this.#builder.addFragment(0, fragment);
  }

  /** Null when there was no fragment. */
  joined(metadata: MediaMetadata, chapters: readonly Chapter[] = []): JoinedMp4 | null {
    return this.#builder && joinedOf(this.#builder, this.#ranges, metadata, chaptersInFile(chapters, this.#startMs));
  }
}

function chaptersInFile(chapters: readonly Chapter[], startMs = 0): Chapter[] {
  return chaptersOfFile(chapters, startMs, Number.POSITIVE_INFINITY);
}

function joinedOf(
  builder: JoinBuilder,
  ranges: CopyRange[],
  metadata: MediaMetadata,
  chapters: readonly Chapter[],
): JoinedMp4 {
  const result = builder.result();
  return { ...result, ranges, head: () => result.file.head(metadata, chapters) };
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
