import { type AudioMixer, BLOCK_SAMPLES } from './mix/audio-mixer.ts';
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
  writePicture(
    canvas: Uint8Array,
    timestampNs: number,
    /** Draws on the sink's own copy of the picture. */
    dress?: (picture: Uint8Array) => void,
    /** Equal numbers, one after the other, stand for equal pictures, dressed. */
    look?: number,
  ): 'written' | 'skipped';
  /** `pcm` is read before returning. */
  writeAudio(pcm: Int16Array, timestampNs: number): void;
}

/** Where pictures come from: a compositor, or a scene that dresses its pictures on their way out. */
export interface PictureSource {
  /** Tight I420; void after the next drawing. */
  readonly canvas: Uint8Array;
  /** Draws what changes with time on a copy of the canvas; `timelineMs` is the picture's time on the timeline. */
  dress?(picture: Uint8Array, timelineMs: number): void;
  /** A number that is another whenever the picture at this time, dressed, may look otherwise than the last time it was asked for. */
  look(timelineMs: number): number;
}

/**
 * How much mixed sound is kept for an encoder that dies. It must be more than an encoder can have swallowed: one that stops reading is
 * killed only after 15 s, with seconds of its own on top.
 */
const HISTORY_MS = 30_000;
/** Blocks whose memory is kept for the next ones: half a second of them, more than fall out at a time as a rule. */
const MOST_FREE = 25;
/** So many, beside those of the first second, leave room before the encoder for the present while it starts. */
const MOST_HELD_PICTURES = 5;
const SILENCE = new Int16Array(BLOCK_SAMPLES);

/**
 * Turns the state of the mix into the due pictures and sound blocks of the timeline.
 * Pure but for its sink: time comes in as milliseconds on the timeline.
 */
export class Feed {
  readonly #pictures: PictureSource | null;
  readonly #audioMixer: AudioMixer | null;
  readonly #fps: number;
  /** Mixed blocks by index, so that sound survives the death of the encoder that had swallowed it. */
  readonly #history = new Map<number, Int16Array<ArrayBuffer>>();
  /** Memory of blocks that have fallen out of the history. */
  readonly #free: Int16Array<ArrayBuffer>[] = [];
  /** The first block that was not mixed yet. */
  #nextMix: number;
  /** The first block that is still in the history. */
  #oldest: number;
  #timeline: Timeline;
  /** The tick from which pictures are counted for `pictureEvery`: a segment begins with a picture. */
  #firstTick: number;
  /** Pictures of these ticks stand still; every so many-th of them is handed over. */
  #held = { from: 0, to: 0, every: 1 };
  /** Every so many-th picture is handed over; each then lasts longer. */
  pictureEvery = 1;
  picturesSent = 0;
  picturesSkipped = 0;
  /** Pictures that were not to be handed over. */
  picturesThinned = 0;

  constructor(options: {
    pictures: PictureSource | null;
    audioMixer: AudioMixer | null;
    fps: number;
    timeline: Timeline;
  }) {
    this.#pictures = options.pictures;
    this.#audioMixer = options.audioMixer;
    this.#fps = options.fps;
    this.#timeline = options.timeline;
    this.#nextMix = options.timeline.nextBlock;
    this.#oldest = this.#nextMix;
    this.#firstTick = options.timeline.nextTick;
  }

  /**
   * Mixes the sound that is due at `timelineMs` and keeps it until it is handed over. Needed whenever the encoder cannot take it at its
   * time: the mixer holds a participant's sound for a few seconds only.
   */
  listen(timelineMs: number): void {
    if (!this.#audioMixer) return;
    const endBlock = Math.floor((timelineMs - MIXING_DELAY_MS) / AUDIO_BLOCK_MS);
    while (this.#nextMix < endBlock) this.#mix(this.#audioMixer);
  }

  /** Continues on another timeline after the encoder was replaced; sound already mixed is fed again from the history. */
  restart(timeline: Timeline): void {
    this.#timeline = timeline;
    this.#firstTick = timeline.nextTick;
  }

  /**
   * Nothing was seen before this moment of the timeline, so the picture stands still up to there. After its first second it is handed over
   * a few times only: with all of them an encoder that is just quick enough would be behind for a long time, and show pictures before their
   * sound. With fewer in that second old decoders, which begin with several at a time, have too much sound before the first picture.
   */
  holdUntil(timelineMs: number): void {
    const from = this.#firstTick + this.#fps;
    const to = Math.floor(((timelineMs - MIXING_DELAY_MS) * this.#fps) / 1000);
    this.#held = { from, to, every: Math.max(this.#fps, Math.ceil((to - from) / MOST_HELD_PICTURES)) };
  }

  /** The first tick and block that were not handed over. */
  get next(): { tick: number; block: number } {
    return { tick: this.#timeline.nextTick, block: this.#timeline.nextBlock };
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
    const pictures = this.#pictures;
    if (pictures) {
      for (let tick = ticks.from; tick < ticks.to; tick += 1) {
        const isHeld = tick >= this.#held.from && tick < this.#held.to;
        const every = isHeld ? this.#held.every : this.pictureEvery;
        if ((tick - this.#firstTick) % every !== 0) {
          this.picturesThinned += 1;
          continue;
        }
        const timestampNs = videoTimestampNs(tick, this.#fps);
        const dress = pictures.dress
          ? (picture: Uint8Array) => pictures.dress?.(picture, timestampNs / 1e6)
          : undefined;
        const look = pictures.look(timestampNs / 1e6);
        const outcome = sink.writePicture(pictures.canvas, timestampNs, dress, look);
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

  /** A block of the history; what has fallen out of it is silence, because a mixer cannot go back. */
  #mixed(block: number, mixer: AudioMixer): Int16Array {
    while (this.#nextMix <= block) this.#mix(mixer);
    return this.#history.get(block) ?? SILENCE;
  }

  #mix(mixer: AudioMixer): void {
    this.#history.set(this.#nextMix, mixer.mix(this.#nextMix, this.#free.pop()));
    this.#nextMix += 1;
    const keepFrom = Math.min(this.#timeline.nextBlock, this.#nextMix - HISTORY_MS / AUDIO_BLOCK_MS);
    for (; this.#oldest < keepFrom; this.#oldest += 1) {
      const block = this.#history.get(this.#oldest);
      this.#history.delete(this.#oldest);
      if (block && this.#free.length < MOST_FREE) this.#free.push(block);
    }
  }
}
