import { CatchUp } from './catch-up.ts';
import { Feed, type PictureSource } from './feed.ts';
import type { FromCapture, OutputName, VideoSettings } from './messages.ts';
import type { AudioMixer } from './mix/audio-mixer.ts';
import { alignedStart, audioTimestampNs, Timeline } from './mix/timeline.ts';
import type { OutputStats } from './output-stats.ts';
import { type OpenEncoder, SegmentSequence } from './segment-sequence.ts';

/** Mono, 16 bits, 48 kHz. */
const SOUND_BYTES_PER_MS = 96;

export interface OutputOptions {
  name: OutputName;
  /** Null for a file without pictures. */
  pictures: PictureSource | null;
  /** Null for a file without sound. */
  audioMixer: AudioMixer | null;
  /** Canvas size, rate and encoder settings of this output. */
  video: VideoSettings;
  /** Timeline position at which the file begins; it is moved to the next point where a picture and a sound block begin together. */
  startMs: number;
  timelineMs(): number;
  nextSegment(): number;
  openEncoder: OpenEncoder;
  send(message: FromCapture): void;
  /** This output cannot go on. */
  onHopeless(description: string): void;
  onStorageError(description: string): void;
}

/**
 * One file in the making: its pictures and its sound, handed in timeline order to one encoder after the other. Outputs of a recording
 * share the timeline and nothing else, so that one slow or dying encoder does not touch the others.
 */
export class Output {
  readonly #feed: Feed;
  readonly #segments: SegmentSequence;
  readonly #catchUp = new CatchUp();
  readonly #fps: number | null;
  readonly #options: OutputOptions;
  readonly #startNs: number;

  constructor(options: OutputOptions) {
    this.#options = options;
    this.#fps = options.pictures ? options.video.fps : null;
    const { timeline, startNs } = this.#timelineFrom(options.startMs);
    this.#startNs = startNs;
    this.#feed = new Feed({ ...options, fps: options.video.fps, timeline });
    this.#segments = new SegmentSequence({
      ...options,
      output: options.name,
      onRestart: (resumeMs) => this.#restart(resumeMs),
    });
  }

  get stats(): OutputStats {
    const { picturesSent, picturesSkipped, positionMs } = this.#feed;
    const { pipeBacklogBytes, pipeBacklogMs, segmentBytes } = this.#segments;
    const counted = { picturesSent, picturesSkipped, pipeBacklogBytes, segmentBytes };
    const tickMs = 1000 / (this.#fps ?? 1);
    return this.#fps === null
      ? { ...counted, pipeBacklogMs: pipeBacklogBytes / SOUND_BYTES_PER_MS, dueMs: positionMs, handedMs: positionMs }
      : {
          ...counted,
          pipeBacklogMs,
          dueMs: (picturesSent + picturesSkipped) * tickMs,
          handedMs: picturesSent * tickMs,
        };
  }

  /** Opens the first segment. What is due since the start is caught up with. */
  open(): void {
    this.#segments.open(this.#startNs);
    this.#catchUp.begin(this.#options.startMs, this.#options.timelineMs());
  }

  /** Mixes and hands over what is due. Before `open` only the sound is mixed and kept. */
  advance(nowMs: number): void {
    this.#feed.listen(nowMs);
    this.#catchUp.feed(nowMs, this.#feed, this.#segments);
  }

  /** Hands over everything up to `endMs` and closes the segment. Nothing is written for an output that was never opened. */
  async finish(endMs: number, timeoutMs: number): Promise<void> {
    await this.#segments.settled();
    if (this.#segments.isOpen) this.#feed.flush(endMs, this.#segments);
    await this.#segments.finish(timeoutMs);
  }

  #restart(resumeMs: number): { startNs: number } {
    const { timeline, startNs } = this.#timelineFrom(resumeMs);
    this.#feed.restart(timeline);
    this.#catchUp.begin(resumeMs, this.#options.timelineMs());
    return { startNs };
  }

  /** A timeline that goes on at `positionMs`; picture and sound of the new segment begin together at `startNs`. */
  #timelineFrom(positionMs: number): { timeline: Timeline; startNs: number } {
    const { firstTick, firstBlock } = alignedStart(this.#fps, positionMs);
    return {
      timeline: new Timeline({ fps: this.#fps, t0Ms: 0, firstTick, firstBlock }),
      startNs: audioTimestampNs(firstBlock),
    };
  }
}
