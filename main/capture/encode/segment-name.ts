import type { OutputName } from '../messages.ts';

/** Where a segment belongs: its number, the file it becomes a part of, and where it begins on the recording's timeline. */
export interface SegmentPlace {
  /** 0, 1, 2 … over all outputs of the recording. */
  segment: number;
  output: OutputName;
  /** Milliseconds on the recording's timeline. */
  startMs: number;
}

/** What the name of a segment file says. */
export interface NamedSegment {
  segment: number;
  /** Null where the name tells nothing but the number. */
  place: Pick<SegmentPlace, 'output' | 'startMs'> | null;
  extension: string;
}

const NAME = /^segment-(\d{1,9})(?:-\d+)?(?:\.(mix|(?:main|sub)\.[A-Za-z0-9_-]+)\.(\d{1,12}))?\.(mp4|mp3)$/;
/** File systems take 255 bytes; a user id that long is none of TRTC's. */
const MAX_NAME_LENGTH = 200;

/**
 * Name of a segment's file. It tells the segment's place, so that a file whose row was never written (its process died in between) can
 * still be joined. User ids stand in base64url: they come from the room and may be anything. `attempt` above 1 makes another name for
 * the same place.
 */
export function segmentFileName({ segment, output, startMs }: SegmentPlace, extension: string, attempt = 1): string {
  const stem = `segment-${String(segment).padStart(4, '0')}${attempt === 1 ? '' : `-${attempt}`}`;
  const colon = output.indexOf(':');
  const whose =
    colon < 0 ? output : `${output.slice(0, colon)}.${Buffer.from(output.slice(colon + 1)).toString('base64url')}`;
  const name = `${stem}.${whose}.${Math.round(startMs)}.${extension}`;
  return name.length > MAX_NAME_LENGTH ? `${stem}.${extension}` : name;
}

/** Reads a name back; null when it is not that of a segment. */
export function parseSegmentFileName(name: string): NamedSegment | null {
  const match = NAME.exec(name);
  if (!match) return null;
  const [, segment, whose, startMs, extension] = match;
  const place = whose === undefined ? null : { output: outputOf(whose), startMs: Number(startMs) };
  return { segment: Number(segment), place, extension: extension ?? '' };
}

function outputOf(whose: string): OutputName {
  if (whose === 'mix') return 'mix';
  const dot = whose.indexOf('.');
  const userId = Buffer.from(whose.slice(dot + 1), 'base64url').toString('utf8');
  return whose.startsWith('sub.') ? `sub:${userId}` : `main:${userId}`;
}
