import type { RandomAccessReader } from './random-access.ts';

/** One MPEG audio layer III frame. */
export interface Mp3Frame {
  /** Where it is in the file. */
  offset: number;
  length: number;
  /** Its first four bytes. */
  header: number;
  /** Hz. */
  sampleRate: number;
  /** Samples per channel it decodes to. */
  samples: number;
}

export interface Mp3Summary {
  frames: number;
  /** Samples per channel, encoder delay included. */
  samples: number;
  /** Hz; 0 without any frame. */
  sampleRate: number;
  durationMs: number;
  /** End of the last complete frame. */
  validLength: number;
  /** True when bytes follow that are no complete frame. */
  torn: boolean;
}

/** Samples that LAME and the decoder's filter bank put before the first sample of the sound. */
export const MP3_DELAY_SAMPLES = 1105;

const WINDOW_BYTES = 256 * 1024;
const MAX_FRAME_BYTES = 2881;
const VERSION_1 = 3;
const LAYER_3 = 1;
const BIT_RATES_KBPS = {
  1: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
} as const;
const SAMPLE_RATES_HZ = [44_100, 48_000, 32_000] as const;

/**
 * The frames of a bare MP3 stream from `from` on, up to the first place where there is none. Frames that change the sample rate or
 * the number of channels end it as well: one encoder does not do that, so it is damage.
 * @param like a frame of the stream, when `from` is not its beginning
 */
export async function* mp3Frames(
  reader: RandomAccessReader,
  from = 0,
  like: Mp3Frame | null = null,
): AsyncGenerator<Mp3Frame> {
  let windowStart = from;
  let window = await reader.read(windowStart, WINDOW_BYTES);
  let first = like;
  for (let offset = from; ; ) {
    if (offset + MAX_FRAME_BYTES > windowStart + window.length && windowStart + window.length < reader.size) {
      windowStart = offset;
      window = await reader.read(windowStart, WINDOW_BYTES);
    }
    const at = offset - windowStart;
    const frame = at + 4 <= window.length ? readMp3Header(window.readUInt32BE(at), offset) : null;
    if (!frame || offset + frame.length > reader.size) return;
    first ??= frame;
    if (!isSameStream(first, frame)) return;
    yield frame;
    offset += frame.length;
  }
}

/** Walks a bare MP3 file. Never throws because of its content; read errors of the reader pass through. */
export async function parseMp3(reader: RandomAccessReader): Promise<Mp3Summary> {
  const summary: Mp3Summary = { frames: 0, samples: 0, sampleRate: 0, durationMs: 0, validLength: 0, torn: false };
  for await (const frame of mp3Frames(reader)) {
    summary.frames += 1;
    summary.samples += frame.samples;
    summary.sampleRate = frame.sampleRate;
    summary.validLength = frame.offset + frame.length;
  }
  summary.durationMs = summary.sampleRate === 0 ? 0 : (summary.samples / summary.sampleRate) * 1000;
  summary.torn = summary.validLength < reader.size;
  return summary;
}

/** What a frame header says, or null when it is none of layer III. */
export function readMp3Header(header: number, offset: number): Mp3Frame | null {
  const version = (header >>> 19) & 3;
  const bitRateIndex = (header >>> 12) & 15;
  const sampleRateIndex = (header >>> 10) & 3;
  if (header >>> 21 !== 0x7ff || version === 1 || ((header >>> 17) & 3) !== LAYER_3) return null;
  const isVersion1 = version === VERSION_1;
  const bitRateKbps = BIT_RATES_KBPS[isVersion1 ? 1 : 2][bitRateIndex] ?? 0;
  const baseRate = SAMPLE_RATES_HZ[sampleRateIndex];
  if (bitRateKbps === 0 || baseRate === undefined) return null;
  const sampleRate = isVersion1 ? baseRate : version === 2 ? baseRate / 2 : baseRate / 4;
  const samples = isVersion1 ? 1152 : 576;
  const padding = (header >>> 9) & 1;
  const length = Math.floor(((samples / 8) * bitRateKbps * 1000) / sampleRate) + padding;
  return { offset, length, header, sampleRate, samples };
}

/** A frame of silence that fits into the stream of `frame`: side information of zeros means that nothing is coded. */
export function silentMp3Frame(frame: Mp3Frame): Buffer {
  const WITHOUT_CHECKSUM = 1 << 16;
  const PADDED = 1 << 9;
  const header = ((frame.header | WITHOUT_CHECKSUM) & ~PADDED) >>> 0;
  const bytes = Buffer.alloc(readMp3Header(header, 0)?.length ?? 0);
  bytes.writeUInt32BE(header);
  return bytes;
}

/** Length of an ID3v2 tag at the start of a file; 0 when there is none. */
export function id3Length(start: Buffer): number {
  if (start.length < 10 || start.toString('latin1', 0, 3) !== 'ID3') return 0;
  return 10 + [6, 7, 8, 9].reduce((length, at) => (length << 7) | ((start[at] ?? 0) & 0x7f), 0);
}

/** Whether frames have the same version, sample rate and number of channels, as all of one stream do. */
export function isSameStream(a: Mp3Frame, b: Mp3Frame): boolean {
  const VERSION_RATE_CHANNELS = 0b1_1000_0000_1100_1100_0000;
  return (a.header & VERSION_RATE_CHANNELS) === (b.header & VERSION_RATE_CHANNELS);
}
