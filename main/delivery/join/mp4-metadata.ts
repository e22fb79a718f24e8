import { box, fullBox, u32, u64 } from '../../capture/encode/isobmff.ts';
import type { Chapter } from './chapters.ts';
import { type MediaMetadata, namedFacts } from './metadata.ts';

const UTF8_TEXT = 1;
/** The name space in which tools look for entries with names of their own. */
const FREEFORM_MEAN = 'com.apple.iTunes';
/** Nero chapters count in 100 ns. */
const CHPL_TICKS_PER_MS = 10_000;

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
