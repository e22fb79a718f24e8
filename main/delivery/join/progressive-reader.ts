import {
  type Box,
  BoxReader,
  childBoxes,
  findBox,
  MalformedBox,
  needBox,
  readBoxHeader,
} from '../../capture/encode/isobmff.ts';
import { type Mp4Track, readTracks } from '../../capture/encode/mp4-tracks.ts';
import type { RandomAccessReader } from '../../capture/encode/random-access.ts';
import type { OutputSample } from './sample-table.ts';

/** A sample and where its bytes are. Times are as presented: 0 is the beginning of the file. */
export interface PlacedSample extends OutputSample {
  offset: number;
}

export interface ProgressiveTrack extends Mp4Track {
  sampleCount: number;
  /** When the last sample has been shown, in ticks. */
  endPts: number;
  /** All samples in decode order; may be walked any number of times. */
  samples(): Generator<PlacedSample>;
}

const MAX_INDEX_BYTES = 1024 * 1024 * 1024;

/** Reads the index of a file made by `ProgressiveMp4`. Throws `MalformedBox` when it is none, or damaged. */
export async function readProgressive(reader: RandomAccessReader): Promise<ProgressiveTrack[]> {
  for (let offset = 0; offset < reader.size; ) {
    const header = readBoxHeader(await reader.read(offset, 16));
    if (!header || header.length === 0 || offset + header.length > reader.size) break;
    if (header.type === 'moov' && header.length <= MAX_INDEX_BYTES) {
      return readIndex(await reader.read(offset, header.length), header.headerLength);
    }
    offset += header.length;
  }
  throw new MalformedBox('No index');
}

function readIndex(bytes: Buffer, body: number): ProgressiveTrack[] {
  const moov: Box = { type: 'moov', start: 0, body, end: bytes.length };
  const tables = new Map<number, Box>();
  for (const trak of childBoxes(bytes, moov.body, moov.end).filter((box) => box.type === 'trak')) {
    const header = new BoxReader(bytes, needBox(bytes, trak, 'tkhd'));
    header.skip(header.version === 1 ? 16 : 8);
    tables.set(header.u32(), needBox(bytes, trak, 'mdia', 'minf', 'stbl'));
  }
  return readTracks(bytes, moov).map((track) => {
    const table = tables.get(track.id);
    if (!table) throw new MalformedBox('A track without samples');
    const samples = (): Generator<PlacedSample> => walk(bytes, table, track.presentationShift);
    let sampleCount = 0;
    let endPts = 0;
    for (const sample of samples()) {
      sampleCount += 1;
      endPts = Math.max(endPts, sample.dts + sample.compositionOffset + sample.duration);
    }
    return { ...track, sampleCount, endPts, samples };
  });
}

function* walk(bytes: Buffer, table: Box, shift: number): Generator<PlacedSample> {
  const sizes = new BoxReader(bytes, needBox(bytes, table, 'stsz'));
  if (sizes.u32() !== 0) throw new MalformedBox('Samples of one size');
  const durations = runs(bytes, needBox(bytes, table, 'stts'));
  const offsetBox = findBox(bytes, table, 'ctts');
  const compositionOffsets = offsetBox ? runs(bytes, offsetBox) : null;
  const syncs = syncNumbers(bytes, table);
  const chunks = chunkOffsets(bytes, table);
  let dts = shift;
  let offset = 0;
  let leftInChunk = 0;
  for (let number = 1, count = sizes.u32(); number <= count; number += 1) {
    if (leftInChunk === 0) {
      const chunk = chunks.next();
      if (chunk.done) throw new MalformedBox('More samples than chunks hold');
      offset = chunk.value.offset;
      leftInChunk = chunk.value.count;
    }
    const size = sizes.u32();
    const duration = next(durations);
    const compositionOffset = compositionOffsets ? next(compositionOffsets) : 0;
    yield { dts, compositionOffset, duration, size, isSync: syncs === null || syncs.has(number), offset };
    dts += duration;
    offset += size;
    leftInChunk -= 1;
  }
}

function next(values: Generator<number>): number {
  const { done, value } = values.next();
  if (done) throw new MalformedBox('A table of times ends too early');
  return value;
}

/** The values of a table of (count, value) pairs, one for each sample; composition offsets may be negative, durations never are. */
function* runs(bytes: Buffer, table: Box): Generator<number> {
  const reader = new BoxReader(bytes, table);
  const isSigned = table.type === 'ctts' && reader.version === 1;
  for (let left = reader.u32(); left > 0; left -= 1) {
    const count = reader.u32();
    const value = isSigned ? reader.i32() : reader.u32();
    for (let index = 0; index < count; index += 1) yield value;
  }
}

/** Null when every sample is one to start from. */
function syncNumbers(bytes: Buffer, table: Box): Set<number> | null {
  const list = findBox(bytes, table, 'stss');
  if (!list) return null;
  const reader = new BoxReader(bytes, list);
  const numbers = new Set<number>();
  for (let left = reader.u32(); left > 0; left -= 1) numbers.add(reader.u32());
  return numbers;
}

function* chunkOffsets(bytes: Buffer, table: Box): Generator<{ offset: number; count: number }> {
  const wide = findBox(bytes, table, 'co64');
  const offsets = new BoxReader(bytes, wide ?? needBox(bytes, table, 'stco'));
  const counts = new BoxReader(bytes, needBox(bytes, table, 'stsc'));
  let rowsLeft = counts.u32();
  let row = { firstChunk: 0, count: 0 };
  let following = { firstChunk: 0, count: 0 };
  const readRow = (): void => {
    row = following;
    following = { firstChunk: Number.POSITIVE_INFINITY, count: 0 };
    if (rowsLeft === 0) return;
    rowsLeft -= 1;
    following = { firstChunk: counts.u32(), count: counts.u32() };
    counts.skip(4);
  };
  readRow();
  for (let chunk = 1, count = offsets.u32(); chunk <= count; chunk += 1) {
    if (chunk === following.firstChunk) readRow();
    yield { offset: wide ? offsets.u64() : offsets.u32(), count: row.count };
  }
}
