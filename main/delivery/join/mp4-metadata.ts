import { box, fullBox, u16, u32, u64 } from '../../capture/encode/isobmff.ts';
import type { Chapter } from './chapters.ts';
import { type MediaMetadata, namedFacts } from './metadata.ts';
import { SampleTable } from './sample-table.ts';

/** Ticks of the chapter track are milliseconds. */
export const CHAPTER_TIMESCALE = 1000;
const UTF8_TEXT = 1;
/** The name space in which tools look for entries with names of their own. */
const FREEFORM_MEAN = 'com.apple.iTunes';
/** Nero chapters count in 100 ns. */
const CHPL_TICKS_PER_MS = 10_000;
const ENCODING_UTF8 = 0x100;
const UNITY_MATRIX = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

/** The `udta` box: entries as iTunes writes them, and the chapters as Nero does. `chapters` are in the file's time, at most 255. */
export function userDataBox(metadata: MediaMetadata, chapters: readonly Chapter[]): Buffer {
  const { title, artist, comment, creationTime, recorderVersion } = metadata;
  const entries = [
    ['\u00a9nam', title],
    ['\u00a9ART', artist],
    ['\u00a9cmt', comment],
    ['\u00a9day', creationTime],
    ['\u00a9too', recorderVersion],
  ] as const;
  const handler = fullBox('hdlr', 0, 0, u32(0), latin1('mdirappl'), u32(0, 0), Buffer.alloc(1));
  const list = box(
    'ilst',
    ...entries.flatMap(([type, value]) => (value ? [box(type, textBox(value))] : [])),
    ...namedFacts(metadata).map(({ name, value }) =>
      box('----', fullBox('mean', 0, 0, latin1(FREEFORM_MEAN)), fullBox('name', 0, 0, latin1(name)), textBox(value)),
    ),
  );
  return box('udta', fullBox('meta', 0, 0, handler, list), ...(chapters.length > 0 ? [neroChaptersBox(chapters)] : []));
}

/**
 * The text track that QuickTime and its kin show as chapters: the bytes of its samples, and its `minf` box once it is known where they
 * lie in the file. `chapters` are in the file's time.
 */
export class ChapterTrack {
  /** Samples one after another. */
  readonly bytes: Buffer;
  readonly #table = new SampleTable();

  constructor(chapters: readonly Chapter[], durationMs: number) {
    const endMs = Math.ceil(durationMs);
    const samples = chapters.map(({ title }) => chapterSample(title));
    this.#table.startChunk(0);
    chapters.forEach(({ startMs }, index) => {
      const duration = (chapters[index + 1]?.startMs ?? endMs) - startMs;
      const size = samples[index]?.length ?? 0;
      this.#table.add({ dts: startMs, compositionOffset: 0, duration, size, isSync: true });
    });
    this.bytes = Buffer.concat(samples);
  }

  get table(): SampleTable {
    return this.#table;
  }

  mediaInformation(dataInformation: Buffer, mediaStart: number, wideOffsets: boolean): Buffer {
    const graphics = fullBox('gmin', 0, 0, u16(0x40, 0x8000, 0x8000, 0x8000, 0, 0));
    return box(
      'minf',
      box('gmhd', graphics, box('text', UNITY_MATRIX)),
      dataInformation,
      this.#table.boxes(TEXT_DESCRIPTION, mediaStart, wideOffsets),
    );
  }
}

/** What the text media type wants to know about looks, all zero: this text is never drawn over the pictures. */
const TEXT_DESCRIPTION = fullBox('stsd', 0, 0, u32(1), box('text', Buffer.alloc(6), u16(1), Buffer.alloc(44)));

function chapterSample(title: string): Buffer {
  const text = Buffer.from(title, 'utf8');
  return Buffer.concat([u16(text.length), text, box('encd', u32(ENCODING_UTF8))]);
}

function neroChaptersBox(chapters: readonly Chapter[]): Buffer {
  const entries = chapters.flatMap(({ startMs, title }) => {
    const text = Buffer.from(title, 'utf8');
    return [u64(startMs * CHPL_TICKS_PER_MS), Buffer.from([text.length]), text];
  });
  return fullBox('chpl', 1, 0, u32(0), Buffer.from([chapters.length]), ...entries);
}

function textBox(value: string): Buffer {
  return box('data', u32(UTF8_TEXT, 0), Buffer.from(value, 'utf8'));
}

function latin1(value: string): Buffer {
  return Buffer.from(value, 'latin1');
}
