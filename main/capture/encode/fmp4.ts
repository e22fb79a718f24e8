import { BoxReader, childBoxes, MalformedBox, readBoxHeader } from './isobmff.ts';
import { type Mp4Track, readTracks, type SampleDefaults } from './mp4-tracks.ts';
import type { RandomAccessReader } from './random-access.ts';

/** One coded picture or block of sound in a segment file. Times are in ticks of its track, before the edit list. */
export interface Fmp4Sample {
  dts: number;
  /** Composition time minus decode time. */
  compositionOffset: number;
  duration: number;
  size: number;
  isSync: boolean;
  /** Where its bytes are in the file. */
  offset: number;
}

/** A complete moof + mdat pair. */
export interface Fmp4Fragment {
  offset: number;
  length: number;
  /** Samples by track, in the order of `Fmp4Init.tracks`; a track without samples in this fragment has an empty list. */
  samples: Fmp4Sample[][];
}

/** The part of a segment file before its first fragment. */
export interface Fmp4Init {
  /** Bytes up to the end of `moov`; 0 when there is no usable one. */
  length: number;
  tracks: Mp4Track[];
}

/** Times in ticks as presented, that is after the edit list: 0 is the timestamp 0 that went into the encoder. */
export interface Fmp4TrackSummary extends Mp4Track {
  sampleCount: number;
  firstDts: number;
  firstPts: number;
  endDts: number;
  endPts: number;
}

export interface Fmp4Summary {
  initLength: number;
  tracks: Fmp4TrackSummary[];
  fragments: { offset: number; length: number }[];
  /** Everything before this byte is whole; 0 when not even the init part is. */
  validLength: number;
  /** True when bytes follow that cannot be used: the writer was killed, or the power failed. */
  torn: boolean;
}

const READ_AHEAD_BYTES = 16 * 1024;
const MAX_INIT_BYTES = 1024 * 1024;
const MAX_MOOF_BYTES = 8 * 1024 * 1024;
const MAX_MDAT_BYTES = 512 * 1024 * 1024;
const NON_SYNC_SAMPLE = 0x10000;
/**
 * After a power cut a file may have its length but zeros instead of what was not synced yet. Coded pictures never hold so many
 * zero bytes in a row, coded sound practically never.
 */
const DAMAGE = Buffer.alloc(32);
/** How many of the last fragments are looked through for it: far more than one sync interval holds. */
const CHECKED_TAIL_FRAGMENTS = 24;

/** Reads `ftyp` and `moov`. A file without them, or with damaged ones, has length 0 and no tracks. */
export async function readInit(reader: RandomAccessReader): Promise<Fmp4Init> {
  const nothing: Fmp4Init = { length: 0, tracks: [] };
  let offset = 0;
  while (offset < Math.min(reader.size, MAX_INIT_BYTES)) {
    const header = readBoxHeader(await reader.read(offset, 16));
    if (!header || header.length === 0 || header.length > MAX_INIT_BYTES || offset + header.length > reader.size) {
      return nothing;
    }
    if (header.type === 'moov') {
      // Tracks keep parts of it, readers may use their memory again.
      const bytes = Buffer.from(await reader.read(offset, header.length));
      const tracks = guarded(() =>
        readTracks(bytes, { type: 'moov', start: 0, body: header.headerLength, end: bytes.length }),
      );
      return tracks && tracks.length > 0 ? { length: offset + header.length, tracks } : nothing;
    }
    if (header.type === 'moof' || header.type === 'mdat') {
      return nothing;
    }
    offset += header.length;
  }
  return nothing;
}

/**
 * The complete fragments of a file, in order, up to the first that is torn, damaged or no fragment at all.
 * With `checkTail` the last ones are also looked through for stretches of zeros where coded data should be.
 */
export async function* readFragments(
  reader: RandomAccessReader,
  init: Fmp4Init,
  options: { checkTail: boolean } = { checkTail: true },
): AsyncGenerator<Fmp4Fragment> {
  const held: Fmp4Fragment[] = [];
  let offset = init.length;
  while (init.length > 0) {
    const fragment = await readFragment(reader, init, offset);
    if (!fragment) {
      break;
    }
    offset += fragment.length;
    if (!options.checkTail) {
      yield fragment;
      continue;
    }
    held.push(fragment);
    const oldest = held.length > CHECKED_TAIL_FRAGMENTS ? held.shift() : undefined;
    if (oldest) {
      yield oldest;
    }
  }
  for (const fragment of held) {
    if (await isDamaged(reader, fragment)) {
      return;
    }
    yield fragment;
  }
}

/**
 * Reads a whole segment file's structure. Never throws because of its content; read errors of the reader pass through.
 * @param take gets each fragment as it is found, and the summary with it
 */
export async function parseFmp4(
  reader: RandomAccessReader,
  take: (fragment: Fmp4Fragment, summary: Fmp4Summary) => void = () => {},
): Promise<Fmp4Summary> {
  const init = await readInit(reader);
  const summary = beginSummary(init);
  for await (const fragment of readFragments(reader, init)) {
    summary.fragments.push({ offset: fragment.offset, length: fragment.length });
    addToSummary(summary, fragment);
    take(fragment, summary);
  }
  summary.torn = await isTorn(reader, summary.validLength);
  return summary;
}

/** What is known of a file of which only `ftyp` and `moov` were read. */
export function beginSummary(init: Fmp4Init): Fmp4Summary {
  const none = { sampleCount: 0, firstDts: 0, firstPts: 0, endDts: 0, endPts: 0 };
  const tracks = init.tracks.map((track) => ({ ...track, ...none }));
  return { initLength: init.length, tracks, fragments: [], validLength: init.length, torn: false };
}

/** Takes the next fragment into a summary, but for the list of fragments. */
export function addToSummary(summary: Fmp4Summary, fragment: Fmp4Fragment): void {
  summary.validLength = fragment.offset + fragment.length;
  summary.tracks.forEach((track, index) => {
    for (const sample of fragment.samples[index] ?? []) {
      addSample(track, sample);
    }
  });
}

/** Whether bytes follow the last whole fragment that cannot be used. */
export async function isTorn(reader: RandomAccessReader, validLength: number): Promise<boolean> {
  return validLength < reader.size && !(await isTrailer(reader, validLength));
}

function addSample(track: Fmp4TrackSummary, sample: Fmp4Sample): void {
  const dts = sample.dts + track.presentationShift;
  const pts = dts + sample.compositionOffset;
  const isFirst = track.sampleCount === 0;
  track.sampleCount += 1;
  track.firstDts = isFirst ? dts : track.firstDts;
  track.firstPts = isFirst ? pts : Math.min(track.firstPts, pts);
  track.endDts = dts + sample.duration;
  track.endPts = isFirst ? pts + sample.duration : Math.max(track.endPts, pts + sample.duration);
}

async function readFragment(reader: RandomAccessReader, init: Fmp4Init, offset: number): Promise<Fmp4Fragment | null> {
  let bytes = await reader.read(offset, READ_AHEAD_BYTES);
  const moof = readBoxHeader(bytes);
  if (moof?.type !== 'moof' || moof.length === 0 || moof.length > MAX_MOOF_BYTES) {
    return null;
  }
  if (moof.length + 16 > bytes.length) {
    bytes = await reader.read(offset, moof.length + 16);
  }
  const mdat = readBoxHeader(bytes.subarray(moof.length));
  if (mdat?.type !== 'mdat' || mdat.length === 0 || mdat.length > MAX_MDAT_BYTES) {
    return null;
  }
  const length = moof.length + mdat.length;
  if (offset + length > reader.size) {
    return null;
  }
  const samples = guarded(() => readMoof(bytes, moof.headerLength, moof.length, init, offset));
  const payloadStart = offset + moof.length + mdat.headerLength;
  const fits = samples?.every((list) =>
    list.every((sample) => sample.offset >= payloadStart && sample.offset + sample.size <= offset + length),
  );
  return samples && fits ? { offset, length, samples } : null;
}

function readMoof(bytes: Buffer, from: number, to: number, init: Fmp4Init, fileOffset: number): Fmp4Sample[][] {
  const samples: Fmp4Sample[][] = init.tracks.map(() => []);
  for (const traf of childBoxes(bytes, from, to)) {
    if (traf.type !== 'traf') {
      continue;
    }
    const boxes = childBoxes(bytes, traf.body, traf.end);
    const header = boxes.find((box) => box.type === 'tfhd');
    const time = boxes.find((box) => box.type === 'tfdt');
    if (!header || !time) {
      throw new MalformedBox('Track fragment without header or time');
    }
    const reader = new BoxReader(bytes, header);
    const trackId = reader.u32();
    const index = init.tracks.findIndex((track) => track.id === trackId);
    const track = init.tracks[index];
    if (!track) {
      continue;
    }
    const run = readFragmentDefaults(reader, track.defaults, fileOffset);
    const timeReader = new BoxReader(bytes, time);
    let dts = timeReader.version === 1 ? timeReader.u64() : timeReader.u32();
    for (const trun of boxes) {
      if (trun.type === 'trun') {
        dts = readRun(new BoxReader(bytes, trun), run, dts, samples[index] ?? []);
      }
    }
  }
  return samples;
}

interface RunState extends SampleDefaults {
  baseOffset: number;
  nextOffset: number;
}

function readFragmentDefaults(reader: BoxReader, defaults: SampleDefaults, moofOffset: number): RunState {
  const has = (flag: number): boolean => (reader.flags & flag) !== 0;
  const baseOffset = has(0x1) ? reader.u64() : moofOffset;
  if (has(0x2)) {
    reader.skip(4);
  }
  return {
    baseOffset,
    nextOffset: baseOffset,
    duration: has(0x8) ? reader.u32() : defaults.duration,
    size: has(0x10) ? reader.u32() : defaults.size,
    flags: has(0x20) ? reader.u32() : defaults.flags,
  };
}

/** Appends the samples of one `trun` and returns the decode time after them. */
function readRun(reader: BoxReader, run: RunState, startDts: number, samples: Fmp4Sample[]): number {
  const has = (flag: number): boolean => (reader.flags & flag) !== 0;
  const count = reader.u32();
  let offset = has(0x1) ? run.baseOffset + reader.i32() : run.nextOffset;
  let firstFlags = has(0x4) ? reader.u32() : null;
  const rowBytes = [0x100, 0x200, 0x400, 0x800].filter(has).length * 4;
  // A run that has no column at all costs no bytes per sample, so its count could claim anything.
  if (rowBytes === 0 ? count > 1_000_000 : count * rowBytes > reader.left) {
    throw new MalformedBox('Run longer than its box');
  }
  let dts = startDts;
  for (let left = count; left > 0; left -= 1) {
    const duration = has(0x100) ? reader.u32() : run.duration;
    const size = has(0x200) ? reader.u32() : run.size;
    const flags = has(0x400) ? reader.u32() : (firstFlags ?? run.flags);
    firstFlags = null;
    const compositionOffset = has(0x800) ? (reader.version === 0 ? reader.u32() | 0 : reader.i32()) : 0;
    samples.push({ dts, compositionOffset, duration, size, isSync: (flags & NON_SYNC_SAMPLE) === 0, offset });
    dts += duration;
    offset += size;
  }
  run.nextOffset = offset;
  return dts;
}

async function isDamaged(reader: RandomAccessReader, fragment: Fmp4Fragment): Promise<boolean> {
  return holdsDamage(await reader.read(fragment.offset, fragment.length), fragment);
}

/** Whether a fragment's bytes are not all there, or have stretches of zeros where coded data should be. */
export function holdsDamage(bytes: Buffer, fragment: Fmp4Fragment): boolean {
  if (bytes.length < fragment.length) {
    return true;
  }
  return fragment.samples.flat().some((sample) => {
    const at = sample.offset - fragment.offset;
    const data = bytes.subarray(at, at + sample.size);
    return data.includes(DAMAGE) || (data.length > 0 && data.every((byte) => byte === 0));
  });
}

/** A cleanly ended file may close with an index of its fragments. */
async function isTrailer(reader: RandomAccessReader, offset: number): Promise<boolean> {
  const header = readBoxHeader(await reader.read(offset, 16));
  return header?.type === 'mfra' && offset + header.length === reader.size;
}

function guarded<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof MalformedBox || error instanceof RangeError) {
      return null;
    }
    throw error;
  }
}
