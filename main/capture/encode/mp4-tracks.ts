import { createHash } from 'node:crypto';
import { type Box, BoxReader, childBoxes, findBox, MalformedBox, needBox } from './isobmff.ts';

/** What a `moov` says about one track, as far as recordings need it. */
export interface Mp4Track {
  id: number;
  kind: 'video' | 'audio';
  /** Ticks per second of every time of this track. */
  timescale: number;
  /** The sample description box as it stands in the file, to be carried over into another one. */
  sampleDescription: Buffer;
  /** Hash over what a decoder needs to know; equal hashes mean that samples may follow each other in one track. */
  configHash: string;
  /** Pixels; 0 for sound. */
  width: number;
  height: number;
  /** Hz and channel count; 0 for pictures. */
  sampleRate: number;
  channels: number;
  /**
   * Ticks to add to a decode or composition time to get the time at which it is presented: negative where the edit list skips
   * encoder delay, positive where it starts the track late.
   */
  presentationShift: number;
  /** Defaults of the fragments (`trex`). */
  defaults: SampleDefaults;
}

export interface SampleDefaults {
  duration: number;
  size: number;
  flags: number;
}

const HANDLERS: Record<string, Mp4Track['kind']> = { vide: 'video', soun: 'audio' };
const VISUAL_ENTRY_BYTES = 78;
const AUDIO_ENTRY_BYTES = 28;
const DECODER_CONFIG = 4;
const DECODER_SPECIFIC_INFO = 5;

/** Tracks of a `moov` box that hold pictures or sound. Throws `MalformedBox` when the box is damaged. */
export function readTracks(bytes: Buffer, moov: Box): Mp4Track[] {
  const movieTimescale = readTimescale(bytes, needBox(bytes, moov, 'mvhd'));
  const defaults = readDefaults(bytes, moov);
  const tracks: Mp4Track[] = [];
  for (const trak of childBoxes(bytes, moov.body, moov.end)) {
    if (trak.type !== 'trak') {
      continue;
    }
    const track = readTrack(bytes, trak, movieTimescale);
    if (track) {
      tracks.push({ ...track, defaults: defaults.get(track.id) ?? { duration: 0, size: 0, flags: 0 } });
    }
  }
  return tracks;
}

function readTrack(bytes: Buffer, trak: Box, movieTimescale: number): Omit<Mp4Track, 'defaults'> | null {
  const media = needBox(bytes, trak, 'mdia');
  const handler = needBox(bytes, media, 'hdlr');
  if (handler.end - handler.body < 12) {
    throw new MalformedBox('Handler too short');
  }
  const kind = HANDLERS[bytes.toString('latin1', handler.body + 8, handler.body + 12)];
  if (!kind) {
    return null;
  }
  const timescale = readTimescale(bytes, needBox(bytes, media, 'mdhd'));
  const description = needBox(bytes, media, 'minf', 'stbl', 'stsd');
  return {
    id: readTrackId(bytes, needBox(bytes, trak, 'tkhd')),
    kind,
    timescale,
    sampleDescription: Buffer.from(bytes.subarray(description.start, description.end)),
    ...readSampleEntry(bytes, description, kind),
    presentationShift: readPresentationShift(bytes, trak, timescale, movieTimescale),
  };
}

function readTimescale(bytes: Buffer, header: Box): number {
  const reader = new BoxReader(bytes, header);
  reader.skip(reader.version === 1 ? 16 : 8);
  const timescale = reader.u32();
  if (timescale === 0) {
    throw new MalformedBox('Timescale of zero');
  }
  return timescale;
}

function readTrackId(bytes: Buffer, header: Box): number {
  const reader = new BoxReader(bytes, header);
  reader.skip(reader.version === 1 ? 16 : 8);
  return reader.u32();
}

function readDefaults(bytes: Buffer, moov: Box): Map<number, SampleDefaults> {
  const defaults = new Map<number, SampleDefaults>();
  const extends_ = findBox(bytes, moov, 'mvex');
  for (const trex of extends_ ? childBoxes(bytes, extends_.body, extends_.end) : []) {
    if (trex.type === 'trex') {
      const reader = new BoxReader(bytes, trex);
      const id = reader.u32();
      reader.skip(4);
      defaults.set(id, { duration: reader.u32(), size: reader.u32(), flags: reader.u32() });
    }
  }
  return defaults;
}

/** Only what encoders write is understood: empty edits first, then one edit that plays the media from some point on. */
function readPresentationShift(bytes: Buffer, trak: Box, timescale: number, movieTimescale: number): number {
  const edits = findBox(bytes, trak, 'edts');
  const list = edits && findBox(bytes, edits, 'elst');
  if (!list) {
    return 0;
  }
  const reader = new BoxReader(bytes, list);
  let delay = 0;
  for (let left = reader.u32(); left > 0; left -= 1) {
    const duration = reader.version === 1 ? reader.u64() : reader.u32();
    const mediaTime = reader.version === 1 ? reader.i64() : reader.i32();
    reader.skip(4);
    if (mediaTime >= 0) {
      return delay - mediaTime;
    }
    delay += Math.round((duration * timescale) / movieTimescale);
  }
  return delay;
}

function readSampleEntry(
  bytes: Buffer,
  description: Box,
  kind: Mp4Track['kind'],
): Pick<Mp4Track, 'configHash' | 'width' | 'height' | 'sampleRate' | 'channels'> {
  const entry = childBoxes(bytes, description.body + 8, description.end)[0];
  const fixed = kind === 'video' ? VISUAL_ENTRY_BYTES : AUDIO_ENTRY_BYTES;
  if (!entry || entry.end - entry.body < fixed) {
    throw new MalformedBox('No sample entry');
  }
  const inner = childBoxes(bytes, entry.body + fixed, entry.end);
  const hash = createHash('sha256').update(entry.type);
  if (kind === 'video') {
    const width = bytes.readUInt16BE(entry.body + 24);
    const height = bytes.readUInt16BE(entry.body + 26);
    const config = inner.find((box) => box.type === 'avcC');
    hash.update(`${width}x${height}`).update(config ? bytes.subarray(config.body, config.end) : '');
    return { configHash: hash.digest('hex'), width, height, sampleRate: 0, channels: 0 };
  }
  const sampleRate = bytes.readUInt16BE(entry.body + 24);
  const config = inner.find((box) => box.type === 'esds');
  const decoderConfig = config ? readDecoderSpecificInfo(bytes, config) : Buffer.alloc(0);
  hash.update(`${sampleRate}`).update(decoderConfig);
  const channels = channelsOfAac(decoderConfig) ?? bytes.readUInt16BE(entry.body + 16);
  return { configHash: hash.digest('hex'), width: 0, height: 0, sampleRate, channels };
}

/** The channel count in the sample entry is 2 whatever the sound has; the decoder's configuration knows better. */
function channelsOfAac(decoderConfig: Buffer): number | null {
  const EXPLICIT_RATE = 15;
  if (decoderConfig.length < 2) return null;
  const bits = decoderConfig.readUInt16BE(0);
  const channels = (bits >>> 3) & 15;
  return ((bits >>> 7) & 15) === EXPLICIT_RATE || channels === 0 ? null : channels;
}

/**
 * The part of an `esds` box that configures the decoder. The rest of it tells bit rates, which differ between two runs of the
 * same encoder.
 */
function readDecoderSpecificInfo(bytes: Buffer, esds: Box): Buffer {
  let at = esds.body + 4;
  while (at < esds.end) {
    const tag = bytes[at];
    at += 1;
    let length = 0;
    for (let more = true; more && at < esds.end; at += 1) {
      const byte = bytes[at] ?? 0;
      length = (length << 7) | (byte & 0x7f);
      more = (byte & 0x80) !== 0;
    }
    if (tag === DECODER_SPECIFIC_INFO) {
      return bytes.subarray(at, Math.min(esds.end, at + length));
    }
    // The two outer descriptors are entered past their fixed fields, any other one is stepped over.
    at += tag === 3 ? 3 : tag === DECODER_CONFIG ? 13 : length;
  }
  return Buffer.alloc(0);
}
