import { type Box, BoxReader, childBoxes, findBox, needBox, readBoxHeader } from '../../capture/encode/isobmff.ts';
import { id3Length, parseMp3 } from '../../capture/encode/mp3.ts';
import type { RandomAccessReader } from '../../capture/encode/random-access.ts';

/** The file on the disk is not what was meant to be written. */
export class VerificationError extends Error {
  constructor(detail: string) {
    super(`the joined file is not right: ${detail}`);
    this.name = 'VerificationError';
  }
}

const LAYOUTS = { indexFirst: /^ftyp,moov,mdat$/, indexLast: /^ftyp(,mdat)+,moov$/ } as const;

/**
 * Reads the structure of a finished MP4 back from the disk: index before media, the samples of each track all there, and every byte of
 * the media accounted for. Where the index comes last, the media may hold more than the samples, and all of them
 * have to lie before it. Throws `VerificationError`.
 */
export async function verifyMp4(
  reader: RandomAccessReader,
  sampleCounts: readonly number[],
  layout: keyof typeof LAYOUTS = 'indexFirst',
): Promise<void> {
  const seen: string[] = [];
  let index: Buffer = Buffer.alloc(0);
  let mediaBytes = 0;
  for (let offset = 0; offset < reader.size; ) {
    const header = readBoxHeader(await reader.read(offset, 16));
    if (!header || header.length === 0 || offset + header.length > reader.size) {
      throw new VerificationError(`it breaks off at byte ${offset} of ${reader.size}`);
    }
    seen.push(header.type);
    if (header.type === 'moov') index = await reader.read(offset, header.length);
    if (header.type === 'mdat') mediaBytes += header.length - header.headerLength;
    offset += header.length;
  }
  if (!LAYOUTS[layout].test(seen.join())) throw new VerificationError(`it consists of ${seen.join()}`);
  const moov = { type: 'moov', start: 0, body: 8, end: index.length };
  const tables = childBoxes(index, moov.body, moov.end)
    .filter((box) => box.type === 'trak')
    .map((trak) => readSizes(new BoxReader(index, needBox(index, trak, 'mdia', 'minf', 'stbl', 'stsz'))));
  const counts = tables.map((table) => table.count);
  if (counts.join() !== sampleCounts.join()) {
    throw new VerificationError(`it lists ${counts.join(' and ')} samples instead of ${sampleCounts.join(' and ')}`);
  }
  if (layout === 'indexLast') {
    checkPlaces(index, moov, reader.size - index.length);
    return;
  }
  const listedBytes = tables.reduce((sum, table) => sum + table.bytes, 0);
  if (listedBytes !== mediaBytes) {
    throw new VerificationError(`its samples take ${listedBytes} bytes, its media has ${mediaBytes}`);
  }
}

function checkPlaces(index: Buffer, moov: Box, mediaEnd: number): void {
  for (const trak of childBoxes(index, moov.body, moov.end).filter((box) => box.type === 'trak')) {
    const table = needBox(index, trak, 'mdia', 'minf', 'stbl');
    const wide = findBox(index, table, 'co64');
    const reader = new BoxReader(index, wide ?? needBox(index, table, 'stco'));
    for (let left = reader.u32(); left > 0; left -= 1) {
      const place = wide ? reader.u64() : reader.u32();
      if (place >= mediaEnd) throw new VerificationError(`it has samples at byte ${place} of ${mediaEnd}`);
    }
  }
}

/** Walks a finished MP3 on the disk from its tag to its end. `frames` includes the information frame. Throws `VerificationError`. */
export async function verifyMp3(reader: RandomAccessReader, frames: number): Promise<void> {
  const tagBytes = id3Length(await reader.read(0, 10));
  const size = reader.size - tagBytes;
  const found = await parseMp3({ size, read: (offset, length) => reader.read(tagBytes + offset, length) });
  if (found.frames !== frames || found.torn) {
    throw new VerificationError(`it has ${found.frames} frames instead of ${frames}`);
  }
}

function readSizes(reader: BoxReader): { count: number; bytes: number } {
  reader.skip(4);
  const count = reader.u32();
  let bytes = 0;
  for (let left = count; left > 0; left -= 1) bytes += reader.u32();
  return { count, bytes };
}
