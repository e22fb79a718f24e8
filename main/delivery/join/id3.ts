import { type Chapter, cutUtf8 } from './chapters.ts';
import { type MediaMetadata, namedFacts } from './metadata.ts';

const UTF8 = Buffer.from([3]);
const NUL = Buffer.alloc(1);
const HEADER_BYTES = 10;
const TOP_LEVEL_AND_ORDERED = 3;
/** Where a chapter begins in bytes is left to the player. */
const NO_BYTE_OFFSET = 0xffffffff;
/**
 * Lengths have seven bits per byte in this version, but ffmpeg reads those inside a chapter as plain numbers and then drops all chapters.
 * Below 128, with the byte that names the encoding, both are the same.
 */
const MAX_TITLE_BYTES = 126;

/**
 * An ID3v2.4 tag. `chapters` are in the file's time and at most 255; the last one lasts until `durationMs`.
 * @param leastBytes what is missing to it is filled up with zeros, which belong to the tag
 */
export function id3Tag(
  metadata: MediaMetadata,
  chapters: readonly Chapter[],
  durationMs: number,
  leastBytes = 0,
): Buffer {
  const { title, artist, comment, creationTime, recorderVersion } = metadata;
  const texts = [
    ['TIT2', title],
    ['TPE1', artist],
    ['TDRC', creationTime.slice(0, 19)],
    ['TSSE', recorderVersion],
  ] as const;
  const content = Buffer.concat([
    ...texts.flatMap(([id, value]) => (value ? [textFrame(id, value)] : [])),
    frame('COMM', UTF8, Buffer.from('und', 'latin1'), NUL, utf8(comment)),
    ...namedFacts(metadata).map(({ name, value }) => frame('TXXX', UTF8, utf8(name), NUL, utf8(value))),
    ...chapterFrames(chapters, durationMs),
  ]);
  const padding = Buffer.alloc(Math.max(0, leastBytes - HEADER_BYTES - content.length));
  const length = syncSafe(content.length + padding.length);
  return Buffer.concat([Buffer.from('ID3\u0004\0\0', 'latin1'), length, content, padding]);
}

function chapterFrames(chapters: readonly Chapter[], durationMs: number): Buffer[] {
  if (chapters.length === 0) return [];
  const ids = chapters.map((_, index) => Buffer.from(`chapter${index}\0`, 'latin1'));
  const contents = frame('CTOC', latin1('contents\0'), Buffer.from([TOP_LEVEL_AND_ORDERED, ids.length]), ...ids);
  const frames = chapters.map(({ startMs, title }, index) => {
    const times = Buffer.alloc(16);
    times.writeUInt32BE(startMs, 0);
    times.writeUInt32BE(chapters[index + 1]?.startMs ?? Math.round(durationMs), 4);
    times.writeUInt32BE(NO_BYTE_OFFSET, 8);
    times.writeUInt32BE(NO_BYTE_OFFSET, 12);
    return frame('CHAP', ids[index] ?? NUL, times, textFrame('TIT2', cutUtf8(title, MAX_TITLE_BYTES)));
  });
  return [contents, ...frames];
}

function textFrame(id: string, value: string): Buffer {
  return frame(id, UTF8, utf8(value));
}

function frame(id: string, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([latin1(id), syncSafe(body.length), Buffer.alloc(2), body]);
}

function syncSafe(value: number): Buffer {
  return Buffer.from([21, 14, 7, 0].map((shift) => (value >>> shift) & 0x7f));
}

function utf8(value: string): Buffer {
  return Buffer.from(value.replaceAll('\0', ' '), 'utf8');
}

function latin1(value: string): Buffer {
  return Buffer.from(value, 'latin1');
}
