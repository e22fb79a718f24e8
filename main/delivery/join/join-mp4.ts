import { type Fmp4Init, type Fmp4Sample, type Fmp4Summary, readFragments } from '../../capture/encode/fmp4.ts';
import type { RandomAccessReader } from '../../capture/encode/random-access.ts';
import { type Chapter, chaptersOfFile } from './chapters.ts';
import type { MediaMetadata } from './metadata.ts';
import { ProgressiveMp4 } from './progressive-mp4.ts';

/** A segment with something in it. */
export interface Mp4Segment {
  reader: RandomAccessReader;
  summary: Fmp4Summary;
  /** Where its timestamp 0 is on the recording's timeline. */
  startMs: number;
}

/** Where bytes of the joined file come from: a stretch of a segment (by its index), or memory. */
export type CopyRange = { segment: number; offset: number; length: number } | { bytes: Buffer };

export interface JoinedMp4 {
  file: ProgressiveMp4;
  ranges: CopyRange[];
  videoPictures: number;
  /** Samples that had no place because the next segment had begun. */
  droppedSamples: number;
  /** Silence put where no segment had sound. */
  filledAudioMs: number;
}

const AAC_FRAME_SAMPLES = 1024;
/**
 * An AAC frame of silence, mono: one channel element with nothing in it (gain 0, no bands, no tools), then the end mark.
 * Long holes are filled with it, since players that count samples instead of reading times would run ahead of the pictures.
 */
const SILENT_MONO_AAC_FRAME = Buffer.from([0x00, 0x00, 0x00, 0x07]);

/** Whether samples of all segments may follow each other in one file without being encoded anew. */
export function canJoin(segments: readonly Mp4Segment[]): boolean {
  const [first] = segments;
  const shape = (segment: Mp4Segment): string =>
    segment.summary.tracks.map((track) => `${track.kind} ${track.timescale} ${track.configHash}`).join();
  return first !== undefined && segments.every((segment) => shape(segment) === shape(first));
}

/**
 * Lays the samples of all segments on one timeline that starts with the first segment, to the nearest tick. Where segments overlap
 * the later one wins, as it begins with a whole picture; where they leave a hole the last picture is held and silence is filled in.
 * Segments have to be ordered by start and fit each other (`canJoin`). Chapters are on the segments' timeline.
 */
export async function joinMp4(
  segments: readonly Mp4Segment[],
  metadata: MediaMetadata,
  chapters: readonly Chapter[] = [],
): Promise<JoinedMp4> {
  const builder = new JoinBuilder(segments, metadata, chapters);
  for (let index = 0; index < segments.length; index += 1) {
    await builder.addSegment(index);
  }
  return builder.result();
}

class JoinBuilder {
  readonly #segments: readonly Mp4Segment[];
  readonly #file: ProgressiveMp4;
  readonly #ranges: CopyRange[] = [];
  #droppedSamples = 0;
  #filledFrames = 0;

  constructor(segments: readonly Mp4Segment[], metadata: MediaMetadata, chapters: readonly Chapter[]) {
    this.#segments = segments;
    const inFile = chaptersOfFile(chapters, segments[0]?.startMs ?? 0, Number.POSITIVE_INFINITY);
    this.#file = new ProgressiveMp4(segments[0]?.summary.tracks ?? [], metadata, inFile);
  }

  async addSegment(index: number): Promise<void> {
    const { reader, summary } = this.#segment(index);
    const init: Fmp4Init = { length: summary.initLength, tracks: summary.tracks };
    const cuts = summary.tracks.map((_, track) => this.#startOfNext(index, track));
    const isCut = summary.tracks.map(() => false);
    for await (const fragment of readFragments(reader, init)) {
      const samples = fragment.samples.flatMap((list, track) => list.map((sample) => ({ sample, track })));
      samples.sort((a, b) => a.sample.offset - b.sample.offset);
      for (const { sample, track } of samples) {
        const dts = sample.dts + this.#baseTicks(index, track);
        const isAudio = summary.tracks[track]?.kind === 'audio';
        const edge = isAudio ? dts + sample.duration - 1 : dts + sample.compositionOffset;
        // From the first picture that is cut, all later ones go: they may refer to it.
        isCut[track] ||= edge >= (cuts[track] ?? Number.POSITIVE_INFINITY);
        if (isCut[track]) this.#droppedSamples += 1;
        else if (isAudio) this.#addAudio(index, track, sample, dts);
        else this.#addVideo(index, track, sample, dts);
      }
    }
  }

  result(): JoinedMp4 {
    const tracks = this.#segments[0]?.summary.tracks ?? [];
    const video = tracks.findIndex((track) => track.kind === 'video');
    const audio = tracks.find((track) => track.kind === 'audio');
    return {
      file: this.#file,
      ranges: this.#ranges,
      videoPictures: video < 0 ? 0 : this.#file.sampleCount(video),
      droppedSamples: this.#droppedSamples,
      filledAudioMs: audio ? ((this.#filledFrames * AAC_FRAME_SAMPLES) / audio.timescale) * 1000 : 0,
    };
  }

  #segment(index: number): Mp4Segment {
    const segment = this.#segments[index];
    if (!segment) throw new RangeError(`There is no segment ${index}`);
    return segment;
  }

  #startTicks(index: number, track: number): number {
    const offsetMs = this.#segment(index).startMs - this.#segment(0).startMs;
    return Math.round((offsetMs * (this.#segment(index).summary.tracks[track]?.timescale ?? 0)) / 1000);
  }

  /** What turns a segment's own decode times into times on the file's timeline. */
  #baseTicks(index: number, track: number): number {
    return this.#startTicks(index, track) + (this.#segment(index).summary.tracks[track]?.presentationShift ?? 0);
  }

  /** Time on the file's timeline at which a later segment takes over the track; sound counts with its encoder delay. */
  #startOfNext(index: number, track: number): number {
    for (let next = index + 1; next < this.#segments.length; next += 1) {
      const summary = this.#segment(next).summary.tracks[track];
      if (summary && summary.sampleCount > 0) {
        return this.#startTicks(next, track) + (summary.kind === 'audio' ? summary.firstDts : summary.firstPts);
      }
    }
    return Number.POSITIVE_INFINITY;
  }

  #addVideo(segment: number, track: number, sample: Fmp4Sample, dts: number): void {
    const last = this.#file.lastDts(track);
    const pts = dts + sample.compositionOffset;
    // The file opens with its first picture. After a cut among reordered pictures the next decode time may have to yield.
    const placed = last === null ? dts - Math.max(0, pts) : Math.max(dts, last + 1);
    const compositionOffset = last === null ? sample.compositionOffset : pts - placed;
    this.#append(segment, track, { ...sample, dts: placed, compositionOffset });
  }

  #addAudio(segment: number, track: number, sample: Fmp4Sample, dts: number): void {
    const last = this.#file.lastDts(track);
    let free = last === null ? Math.min(0, dts) : last + AAC_FRAME_SAMPLES;
    const isFillable = this.#segment(0).summary.tracks[track]?.channels === 1;
    while (isFillable && dts - free >= AAC_FRAME_SAMPLES) {
      this.#fill(track, free);
      free += AAC_FRAME_SAMPLES;
    }
    this.#append(segment, track, { ...sample, dts: Math.max(dts, (this.#file.lastDts(track) ?? dts - 1) + 1) });
  }

  #fill(track: number, dts: number): void {
    this.#file.addSample(track, {
      dts,
      compositionOffset: 0,
      duration: AAC_FRAME_SAMPLES,
      size: SILENT_MONO_AAC_FRAME.length,
      isSync: true,
    });
    this.#ranges.push({ bytes: SILENT_MONO_AAC_FRAME });
    this.#filledFrames += 1;
  }

  #append(segment: number, track: number, sample: Fmp4Sample): void {
    this.#file.addSample(track, sample);
    const last = this.#ranges.at(-1);
    if (last && 'segment' in last && last.segment === segment && last.offset + last.length === sample.offset) {
      last.length += sample.size;
    } else {
      this.#ranges.push({ segment, offset: sample.offset, length: sample.size });
    }
  }
}
