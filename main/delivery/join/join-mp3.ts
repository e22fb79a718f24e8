import {
  MP3_DELAY_SAMPLES,
  type Mp3Frame,
  type Mp3Summary,
  mp3Frames,
  readMp3Header,
  silentMp3Frame,
} from '../../capture/encode/mp3.ts';
import type { RandomAccessReader } from '../../capture/encode/random-access.ts';
import { type Chapter, chaptersOfFile } from './chapters.ts';
import { id3Tag } from './id3.ts';
import type { CopyRange } from './join-mp4.ts';
import type { MediaMetadata } from './metadata.ts';

/** A segment with at least one frame. */
export interface Mp3Segment {
  reader: RandomAccessReader;
  summary: Mp3Summary;
  /** Where its first sample is on the recording's timeline. */
  startMs: number;
}

export interface JoinedMp3 {
  /** Tag and information frame, which come before the first range. */
  head: Buffer;
  ranges: CopyRange[];
  mediaBytes: number;
  /** Frames of sound, the information frame not counted. */
  frames: number;
  durationMs: number;
  droppedFrames: number;
  filledAudioMs: number;
}

const SEEK_POINTS = 100;
const HAS_FRAMES_BYTES_AND_SEEK_POINTS = 7;
/** Smallest frame that holds the information: header, side information, seek table and encoder data. */
const INFORMATION_BYTES = 4 + 32 + 156;
const CONSTANT_BIT_RATE = 1;
/** The decoder adds 529 of the samples by itself; the file tells the rest. */
const TOLD_DELAY_SAMPLES = MP3_DELAY_SAMPLES - 529;

/**
 * Puts the frames of all segments one after another, each segment starting at the frame nearest to its place on the timeline: a frame
 * has no time of its own in this format. What overlaps is dropped from the earlier segment, holes become frames of silence.
 * Segments have to be ordered by start. Chapters are on the segments' timeline.
 */
export async function joinMp3(
  segments: readonly Mp3Segment[],
  metadata: MediaMetadata,
  chapters: readonly Chapter[] = [],
): Promise<JoinedMp3> {
  const ranges: CopyRange[] = [];
  let first: Mp3Frame | null = null;
  let frames = 0;
  let mediaBytes = 0;
  let droppedFrames = 0;
  let filledFrames = 0;
  const originMs = segments[0]?.startMs ?? 0;
  const frameNumber = ({ startMs, summary: { sampleRate } }: Mp3Segment, samples: number): number =>
    frameNumberAt(startMs - originMs, { sampleRate, samples });

  for (const [index, segment] of segments.entries()) {
    const next = segments[index + 1];
    for await (const frame of mp3Frames(segment.reader)) {
      first ??= frame;
      const silence = frame.offset === 0 ? silentMp3Frame(frame) : null;
      while (silence && frames < frameNumber(segment, frame.samples)) {
        ranges.push({ bytes: silence });
        frames += 1;
        filledFrames += 1;
        mediaBytes += silence.length;
      }
      if (next && frames >= frameNumber(next, frame.samples)) {
        droppedFrames += 1;
        continue;
      }
      const last = ranges.at(-1);
      if (last && 'segment' in last && last.segment === index && last.offset + last.length === frame.offset) {
        last.length += frame.length;
      } else {
        ranges.push({ segment: index, offset: frame.offset, length: frame.length });
      }
      frames += 1;
      mediaBytes += frame.length;
    }
  }
  if (!first) throw new RangeError('There is no frame to join');
  const { head, durationMs } = mp3Head({ first, frames, mediaBytes, originMs }, metadata, chapters);
  return {
    head,
    ranges,
    mediaBytes,
    frames,
    durationMs,
    droppedFrames,
    filledAudioMs: filledFrames * frameMsOf(first),
  };
}

/** Milliseconds that a frame sounds. */
export function frameMsOf({ samples, sampleRate }: Mp3Frame): number {
  return (samples / sampleRate) * 1000;
}

/** Number of the frame that is nearest to a place so many milliseconds after the beginning of frame 0. */
export function frameNumberAt(
  afterMs: number,
  { samples, sampleRate }: Pick<Mp3Frame, 'samples' | 'sampleRate'>,
): number {
  return Math.round((afterMs * sampleRate) / 1000 / samples);
}

/** Frames of one stream, one after another. */
export interface FramesOfFile {
  first: Mp3Frame;
  frames: number;
  /** Of all frames. */
  mediaBytes: number;
  /** Where they begin on the chapters' timeline. */
  originMs: number;
}

/**
 * Tag and information frame, which come before the frames, and how long the file is then.
 * @param leastTagBytes a tag that is shorter is filled up
 */
export function mp3Head(
  { first, frames, mediaBytes, originMs }: FramesOfFile,
  metadata: MediaMetadata,
  chapters: readonly Chapter[],
  leastTagBytes = 0,
): Pick<JoinedMp3, 'head' | 'durationMs'> {
  const durationMs = Math.max(0, frames * frameMsOf(first) - (MP3_DELAY_SAMPLES / first.sampleRate) * 1000);
  const tag = id3Tag(metadata, chaptersOfFile(chapters, originMs, durationMs), durationMs, leastTagBytes);
  return { head: Buffer.concat([tag, informationFrame(first, frames, mediaBytes)]), durationMs };
}

/** Bytes of the information frame of a file that begins with this frame. */
export function informationBytes(first: Mp3Frame): number {
  return roomySilentFrame(first).length;
}

/** A silent frame that tells players how long the file is, how to seek in it, and how much of its beginning is encoder delay. */
function informationFrame(like: Mp3Frame, frames: number, mediaBytes: number): Buffer {
  const frame = roomySilentFrame(like);
  const isMono = ((like.header >>> 6) & 3) === 3;
  const isVersion1 = ((like.header >>> 19) & 3) === 3;
  const sideBytes = isVersion1 ? (isMono ? 17 : 32) : isMono ? 9 : 17;
  let at = 4 + sideBytes;
  at += frame.write('Info', at, 'latin1');
  at = frame.writeUInt32BE(HAS_FRAMES_BYTES_AND_SEEK_POINTS, at);
  at = frame.writeUInt32BE(frames, at);
  at = frame.writeUInt32BE(frame.length + mediaBytes, at);
  for (let point = 0; point < SEEK_POINTS; point += 1) {
    at = frame.writeUInt8(Math.floor((point * 256) / SEEK_POINTS), at);
  }
  at += frame.write('Lavc     ', at, 'latin1');
  at = frame.writeUInt8(CONSTANT_BIT_RATE, at);
  at += 11;
  at = frame.writeUIntBE(TOLD_DELAY_SAMPLES << 12, at, 3);
  at += 4;
  at = frame.writeUInt32BE(frame.length + mediaBytes, at);
  at += 2;
  frame.writeUInt16BE(crc16(frame.subarray(0, at)), at);
  return frame;
}

/** The silent frame of the lowest bit rate, at least that of `like`, into which the information fits. */
function roomySilentFrame(like: Mp3Frame): Buffer {
  for (let header = like.header; ; header += 1 << 12) {
    const frame = readMp3Header(header >>> 0, 0);
    if (!frame) throw new RangeError('No bit rate is high enough for the information frame');
    const bytes = silentMp3Frame(frame);
    if (bytes.length >= INFORMATION_BYTES) return bytes;
  }
}

function crc16(bytes: Buffer): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  }
  return crc;
}
