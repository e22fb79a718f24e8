import type { AudioMixer } from './mix/audio-mixer.ts';
import type { Compositor } from './mix/compositor.ts';
import {
  AUDIO_BLOCK_MS,
  audioTimestampNs,
  type DueWork,
  MIXING_DELAY_MS,
  type Timeline,
  videoTimestampNs,
} from './mix/timeline.ts';

/** Takes the mixed recording in timeline order; time stamps are nanoseconds on the timeline. */
export interface MixSink {
  /** Returns `skipped` when the encoder is too far behind; time stays right because every picture carries its own time. */
  writePicture(canvas: Uint8Array, timestampNs: number): 'written' | 'skipped';
  writeAudio(pcm: Int16Array, timestampNs: number): void;
}

/** How much mixed sound is kept for an encoder that dies: longer than any encoder holds back. */
const HISTORY_MS = 8_000;

/**
 * Turns the state of the mix into the due pictures and sound blocks of the timeline.
 * Pure but for its sink: time comes in as milliseconds on the timeline.
 */
export class Feed {
  readonly #compositor: Compositor | null;
  readonly #audioMixer: AudioMixer | null;
  readonly #fps: number;
  /** Mixed blocks by index, so that sound survives the death of the encoder that had swallowed it. */
  readonly #history = new Map<number, Int16Array>();
  #timeline: Timeline;
  picturesSent = 0;
  picturesSkipped = 0;

  constructor(options: {
    compositor: Compositor | null;
    audioMixer: AudioMixer | null;
    fps: number;
    timeline: Timeline;
  }) {
    this.#compositor = options.compositor;
    this.#audioMixer = options.audioMixer;
    this.#fps = options.fps;
    this.#timeline = options.timeline;
  }

  /** Continues on another timeline after the encoder was replaced; sound already mixed is fed again from the history. */
  restart(timeline: Timeline): void {
    this.#timeline = timeline;
  }

  /** Timeline position up to which everything was handed over. */
  get positionMs(): number {
    return this.#timeline.nextBlock * AUDIO_BLOCK_MS + MIXING_DELAY_MS;
  }

  /** Hands over everything due at `timelineMs`. */
  advance(timelineMs: number, sink: MixSink): void {
    this.#emit(this.#timeline.advance(timelineMs), sink);
  }

  /** Hands over everything up to the end of the recording, without waiting for the mixing delay. */
  flush(endMs: number, sink: MixSink): void {
    this.#emit(this.#timeline.flush(endMs), sink);
  }

  #emit({ ticks, blocks }: DueWork, sink: MixSink): void {
    if (this.#compositor) {
      for (let tick = ticks.from; tick < ticks.to; tick += 1) {
        const outcome = sink.writePicture(this.#compositor.canvas, videoTimestampNs(tick, this.#fps));
        if (outcome === 'written') this.picturesSent += 1;
        else this.picturesSkipped += 1;
      }
    }
    if (this.#audioMixer) {
      for (let block = blocks.from; block < blocks.to; block += 1) {
        sink.writeAudio(this.#mixed(block, this.#audioMixer), audioTimestampNs(block));
      }
    }
  }

  #mixed(block: number, mixer: AudioMixer): Int16Array {
    const known = this.#history.get(block);
    if (known) return known;
    const pcm = mixer.mix(block).slice();
    this.#history.set(block, pcm);
    this.#history.delete(block - HISTORY_MS / AUDIO_BLOCK_MS);
    return pcm;
  }
}
