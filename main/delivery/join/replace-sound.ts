import type { FileHandle } from 'node:fs/promises';
import { parseFmp4, readFragments } from '../../capture/encode/fmp4.ts';
import { id3Length, mp3Frames, parseMp3 } from '../../capture/encode/mp3.ts';
import { fileReader, type RandomAccessReader } from '../../capture/encode/random-access.ts';
import type { Chapter } from './chapters.ts';
import { joinMp3 } from './join-mp3.ts';
import type { CopyRange } from './join-mp4.ts';
import type { MediaMetadata } from './metadata.ts';
import { ProgressiveMp4 } from './progressive-mp4.ts';
import { type PlacedSample, type ProgressiveTrack, readProgressive } from './progressive-reader.ts';
import { VerificationError, verifyMp3, verifyMp4 } from './verify.ts';
import type { WritableJoin } from './write-file.ts';

/** A finished file and the new sound for it, both open. */
export interface SoundReplacement {
  /** A file that `finalizeMedia` made. */
  input: FileHandle;
  /** Fragmented MP4 with sound alone, or bare MP3 frames, on the input's own time. */
  sound: FileHandle;
  metadata: MediaMetadata;
  /** In the file's time. */
  chapters: readonly Chapter[];
}

/** The written file, and how long it will be. */
export type SoundReplaced = WritableJoin & { durationMs: number };

const INPUT = 0;
const SOUND = 1;
const TAG_HEADER_BYTES = 10;

/** Milliseconds of the file's longest track. */
export function progressiveDurationMs(tracks: readonly ProgressiveTrack[]): number {
  return Math.max(0, ...tracks.map((track) => (track.endPts / track.timescale) * 1000));
}

/**
 * Describes the same file with other sound. Pictures keep their bytes and their times to the tick, since they never pass through an
 * encoder or another program; sound that an encoder's last frame adds beyond the old end is left out.
 */
export async function replaceMp4Sound(replacement: SoundReplacement): Promise<SoundReplaced> {
  const { input, sound, metadata, chapters } = replacement;
  const tracks = await readProgressive(await fileReader(input));
  const soundReader = await fileReader(sound);
  const summary = await parseFmp4(soundReader);
  const newTrack = summary.tracks.find((track) => track.kind === 'audio');
  const oldTrack = tracks.find((track) => track.kind === 'audio');
  if (!newTrack || !oldTrack || summary.torn) throw new VerificationError('the new sound is not whole');

  const outputTracks = tracks.map((track) => (track === oldTrack ? newTrack : track));
  const file = new ProgressiveMp4(outputTracks);
  const ranges: CopyRange[] = [];
  const append = (track: number, source: number, sample: PlacedSample): void => {
    file.addSample(track, sample);
    const last = ranges.at(-1);
    if (last && 'segment' in last && last.segment === source && last.offset + last.length === sample.offset) {
      last.length += sample.size;
    } else {
      ranges.push({ segment: source, offset: sample.offset, length: sample.size });
    }
  };
  const others = tracks.flatMap((track, index) =>
    track === oldTrack ? [] : [new Interleaved(track, (sample) => append(index, INPUT, sample))],
  );
  const audio = tracks.indexOf(oldTrack);
  const endTicks = (oldTrack.endPts * newTrack.timescale) / oldTrack.timescale;
  for await (const fragment of readFragments(soundReader, { length: summary.initLength, tracks: summary.tracks })) {
    for (const sample of fragment.samples[summary.tracks.indexOf(newTrack)] ?? []) {
      const dts = sample.dts + newTrack.presentationShift;
      if (dts >= endTicks) break;
      const placed = Math.max(dts, (file.lastDts(audio) ?? dts - 1) + 1);
      const duration = Math.max(1, Math.min(sample.duration, Math.round(endTicks) - placed));
      append(audio, SOUND, { ...sample, dts: placed, duration });
    }
    // Half a second of the one, then of the other, as fragments are long: players read ahead further than that.
    for (const other of others) other.upTo((file.lastDts(audio) ?? 0) / newTrack.timescale);
  }
  for (const other of others) other.upTo(Number.POSITIVE_INFINITY);
  return {
    head: file.head(metadata, chapters),
    ranges,
    mediaBytes: file.mediaBytes,
    sources: [input, sound],
    verify: async (written) => verifyMp4(await fileReader(written), file.sampleCounts),
    durationMs: file.durationMs,
  };
}

/** As `replaceMp4Sound`, for files without pictures: tag and information are written anew. */
export async function replaceMp3Sound(replacement: SoundReplacement): Promise<SoundReplaced> {
  const { input, sound, metadata, chapters } = replacement;
  const { frames } = await readMp3Sound(input);
  const whole = await fileReader(sound);
  let length = 0;
  let left = frames;
  for await (const frame of mp3Frames(whole)) {
    if (left === 0) break;
    left -= 1;
    length = frame.offset + frame.length;
  }
  const reader: RandomAccessReader = { size: length, read: (offset, size) => whole.read(offset, size) };
  const joined = await joinMp3([{ reader, summary: await parseMp3(reader), startMs: 0 }], metadata, chapters);
  return {
    head: joined.head,
    ranges: joined.ranges.map((range) => ('segment' in range ? { ...range, segment: SOUND } : range)),
    mediaBytes: joined.mediaBytes,
    sources: [input, sound],
    verify: async (written) => verifyMp3(await fileReader(written), joined.frames + 1),
    durationMs: joined.durationMs,
  };
}

/** The sound in a file made by `joinMp3`: its frames, the information frame not counted, and how long they sound. */
export async function readMp3Sound(file: FileHandle): Promise<{ frames: number; durationMs: number }> {
  const whole = await fileReader(file);
  const tagBytes = id3Length(await whole.read(0, TAG_HEADER_BYTES));
  const size = whole.size - tagBytes;
  const summary = await parseMp3({ size, read: (offset, length) => whole.read(tagBytes + offset, length) });
  const frames = Math.max(0, summary.frames - 1);
  return { frames, durationMs: summary.frames === 0 ? 0 : (summary.durationMs / summary.frames) * frames };
}

/** Hands out a track's samples bit by bit. */
class Interleaved {
  readonly #samples: Generator<PlacedSample>;
  readonly #timescale: number;
  readonly #append: (sample: PlacedSample) => void;
  #held: PlacedSample | null = null;

  constructor(track: ProgressiveTrack, append: (sample: PlacedSample) => void) {
    this.#samples = track.samples();
    this.#timescale = track.timescale;
    this.#append = append;
  }

  /** Appends all samples that are decoded before `seconds`. */
  upTo(seconds: number): void {
    for (;;) {
      this.#held ??= this.#samples.next().value ?? null;
      if (!this.#held || this.#held.dts / this.#timescale >= seconds) return;
      this.#append(this.#held);
      this.#held = null;
    }
  }
}
