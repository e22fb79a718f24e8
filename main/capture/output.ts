import { CatchUp } from './catch-up.ts';
import { Feed, type PictureSource } from './feed.ts';
import type { FromCapture, OutputName, VideoSettings } from './messages.ts';
import type { AudioMixer } from './mix/audio-mixer.ts';
import { AUDIO_BLOCK_MS, alignedStart, audioTimestampNs, Timeline } from './mix/timeline.ts';
import type { OutputStats } from './output-stats.ts';
import type { ReliefStep } from './relief.ts';
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
  #preset: string;
  /** Where the next segment begins that was asked for. */
  #renewal: { firstTick: number; firstBlock: number } | null = null;

  constructor(options: OutputOptions) {
    this.#options = options;
    this.#preset = options.video.preset;
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
    const { picturesSent, picturesSkipped, picturesThinned, pictureEvery, positionMs } = this.#feed;
    const { pipeBacklogBytes, segmentBytes } = this.#segments;
    const pipeBacklogMs =
      this.#fps === null ? pipeBacklogBytes / SOUND_BYTES_PER_MS : this.#segments.pipeBacklogMs * pictureEvery;
    // Who makes up for what was missed has more before him than an encoder that is too slow, and catches up.
    const longestBacklogMs = this.#catchUp.isBehind ? 0 : pipeBacklogMs;
    const behind = { pipeBacklogBytes, pipeBacklogMs, longestBacklogMs };
    const counted = { picturesSent, picturesSkipped, ...behind, segmentBytes };
    if (this.#fps === null) return { ...counted, dueMs: positionMs, handedMs: positionMs };
    const tickMs = 1000 / this.#fps;
    const handedMs = (picturesSent + picturesThinned) * tickMs;
    return { ...counted, dueMs: handedMs + picturesSkipped * tickMs, handedMs };
  }

  /** Opens the first segment. What is due since the start is caught up with. */
  open(): void {
    this.#segments.open(this.#startNs);
    this.#beginBehind(this.#options.startMs);
  }

  /** Mixes and hands over what is due. Before `open` only the sound is mixed and kept. */
  advance(nowMs: number): void {
    this.#feed.listen(nowMs);
    this.#catchUp.feed(nowMs, this.#feed, this.#segments);
    this.#endRenewed();
  }

  /**
   * Encodes pictures by this step from now on: fewer or more of them at once, another preset in a new segment that begins where the
   * running one ends. Sound is never touched.
   */
  relieve({ preset, pictureEvery }: ReliefStep): void {
    if (this.#fps === null) return;
    this.#feed.pictureEvery = pictureEvery;
    if (preset === this.#preset) return;
    this.#preset = preset;
    const { tick, block } = this.#feed.next;
    const fromMs = Math.max((tick * 1000) / this.#fps, block * AUDIO_BLOCK_MS);
    const { firstTick, firstBlock } = alignedStart(this.#fps, fromMs);
    this.#renewal = { firstTick, firstBlock };
    const { video } = this.#options;
    this.#segments.renew({ ...video, preset, begunWithPreset: video.preset }, audioTimestampNs(firstBlock));
  }

  /** Hands over everything up to `endMs` and closes the segment. Nothing is written for an output that was never opened. */
  async finish(endMs: number, timeoutMs: number): Promise<void> {
    await this.#segments.settled();
    if (this.#segments.isOpen) this.#feed.flush(endMs, this.#segments);
    await this.#segments.finish(timeoutMs);
  }

  /** Once all that belongs before the new segment has come, the one before it may end. */
  #endRenewed(): void {
    if (!this.#renewal) return;
    const { tick, block } = this.#feed.next;
    if (tick < this.#renewal.firstTick || block < this.#renewal.firstBlock) return;
    this.#renewal = null;
    this.#segments.endRenewed();
  }

  #restart(resumeMs: number): { startNs: number } {
    const { timeline, startNs } = this.#timelineFrom(resumeMs);
    this.#feed.restart(timeline);
    this.#beginBehind(resumeMs);
    return { startNs };
  }

  #beginBehind(startMs: number): void {
    const nowMs = this.#options.timelineMs();
    this.#feed.holdUntil(nowMs);
    this.#catchUp.begin(startMs, nowMs);
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
