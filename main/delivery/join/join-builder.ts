import type { Fmp4Fragment, Fmp4Sample, Fmp4Summary } from '../../capture/encode/fmp4.ts';
import type { RandomAccessReader } from '../../capture/encode/random-access.ts';
import { mergedDescription } from './parameter-sets.ts';
import { ProgressiveMp4 } from './progressive-mp4.ts';

/** A segment with something in it. */
export interface Mp4Segment {
  reader: RandomAccessReader;
  summary: Fmp4Summary;
  /** Where its timestamp 0 is on the recording's timeline. */
  startMs: number;
}

/** Where the bytes of the joined file's samples are; each call is about the next sample that the file gets. */
export interface Placement {
  sample(segment: number, sample: Fmp4Sample): number;
  /** Bytes that no segment holds. */
  filler(bytes: Buffer): number;
}

export interface JoinResult {
  file: ProgressiveMp4;
  videoPictures: number;
  /** Samples that had no place because the next segment had begun. */
  droppedSamples: number;
  /** Silence put where no segment had sound. */
  filledAudioMs: number;
}

/** The next segment begins so early that samples would have to go which have their place already. */
export class LateCutError extends Error {
  constructor() {
    super('a segment begins before the end of what was joined');
    this.name = 'LateCutError';
  }
}

const AAC_FRAME_SAMPLES = 1024;
/**
 * An AAC frame of silence, mono: one channel element with nothing in it (gain 0, no bands, no tools), then the end mark.
 * Long holes are filled with it, since players that count samples instead of reading times would run ahead of the pictures.
 */
export const SILENT_MONO_AAC_FRAME = Buffer.from([0x00, 0x00, 0x00, 0x07]);

/** How far a segment's samples have come, by track. */
interface Progress {
  isCut: boolean[];
  /** Latest edge of a sample that has its place. */
  edges: number[];
}

/**
 * Lays samples on one timeline, fragment by fragment in the order of the segments. Segments may be added to the list, and their summaries
 * grow, while it works: what a later one cuts off has to be known by then.
 */
export class JoinBuilder {
  readonly #segments: readonly Omit<Mp4Segment, 'reader'>[];
  readonly #file: ProgressiveMp4;
  readonly #placement: Placement;
  readonly #progress = new Map<number, Progress>();
  #droppedSamples = 0;
  #filledFrames = 0;

  /** @param segments the first one's tracks are those of the file */
  constructor(segments: readonly Omit<Mp4Segment, 'reader'>[], placement: Placement) {
    this.#segments = segments;
    this.#placement = placement;
    this.#file = new ProgressiveMp4(segments[0]?.summary.tracks ?? []);
  }

  /** Whether the end of a segment is known in all its tracks, by what comes after it. */
  isBounded(index: number): boolean {
    return this.#segment(index).summary.tracks.every((_, track) => Number.isFinite(this.#startOfNext(index, track)));
  }

  /** @throws LateCutError */
  addFragment(index: number, fragment: Fmp4Fragment): void {
    const { tracks } = this.#segment(index).summary;
    const { isCut, edges } = this.#progressOf(index);
    const cuts = tracks.map((_, track) => this.#startOfNext(index, track));
    if (cuts.some((cut, track) => !isCut[track] && (edges[track] ?? Number.NEGATIVE_INFINITY) >= cut))
      throw new LateCutError();
    const samples = fragment.samples.flatMap((list, track) => list.map((sample) => ({ sample, track })));
    samples.sort((a, b) => a.sample.offset - b.sample.offset);
    for (const { sample, track } of samples) {
      const dts = sample.dts + this.#baseTicks(index, track);
      const isAudio = tracks[track]?.kind === 'audio';
      const edge = isAudio ? dts + sample.duration - 1 : dts + sample.compositionOffset;
      // From the first picture that is cut, all later ones go: they may refer to it.
      isCut[track] ||= edge >= (cuts[track] ?? Number.POSITIVE_INFINITY);
      if (isCut[track]) {
        this.#droppedSamples += 1;
        continue;
      }
      edges[track] = Math.max(edges[track] ?? edge, edge);
      if (isAudio) this.#addAudio(index, track, sample, dts);
      else this.#addVideo(index, track, sample, dts);
    }
  }

  result(): JoinResult {
    const tracks = this.#segments[0]?.summary.tracks ?? [];
    for (const [track, description] of joinedDescriptions(this.#segments).entries()) {
      if (description) this.#file.describe(track, description);
    }
    const video = tracks.findIndex((track) => track.kind === 'video');
    const audio = tracks.find((track) => track.kind === 'audio');
    return {
      file: this.#file,
      videoPictures: video < 0 ? 0 : this.#file.sampleCount(video),
      droppedSamples: this.#droppedSamples,
      filledAudioMs: audio ? ((this.#filledFrames * AAC_FRAME_SAMPLES) / audio.timescale) * 1000 : 0,
    };
  }

  #progressOf(index: number): Progress {
    const known = this.#progress.get(index);
    if (known) return known;
    const begun = { isCut: this.#segment(index).summary.tracks.map(() => false), edges: [] };
    this.#progress.set(index, begun);
    return begun;
  }

  #segment(index: number): Omit<Mp4Segment, 'reader'> {
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
    const sample = { dts, compositionOffset: 0, duration: AAC_FRAME_SAMPLES, isSync: true };
    const place = this.#placement.filler(SILENT_MONO_AAC_FRAME);
    this.#file.addSample(track, { ...sample, size: SILENT_MONO_AAC_FRAME.length }, place);
    this.#filledFrames += 1;
  }

  #append(segment: number, track: number, sample: Fmp4Sample): void {
    this.#file.addSample(track, sample, this.#placement.sample(segment, sample));
  }
}

/** The sample description of each track of a file that holds all segments; null where there is none for all. */
export function joinedDescriptions(segments: readonly Pick<Mp4Segment, 'summary'>[]): (Buffer | null)[] {
  const tracks = segments[0]?.summary.tracks ?? [];
  return tracks.map(({ sampleDescription, configHash }, track) => {
    const others = new Map<string, Buffer>();
    for (const { summary } of segments) {
      const other = summary.tracks[track];
      if (other && other.configHash !== configHash) others.set(other.configHash, other.sampleDescription);
    }
    return others.size === 0 ? sampleDescription : mergedDescription([sampleDescription, ...others.values()]);
  });
}
