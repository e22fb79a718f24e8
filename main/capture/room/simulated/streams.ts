import type { FrameReader } from './frames.ts';
import type { Sound } from './media.ts';
import type { Paced } from './pacer.ts';
import type { ParticipantState } from './plan.ts';
import { fillSound } from './sound.ts';

/**
 * Media reaches the receiver this long after its moment on the media's own timeline: a 20 ms block of sound cannot be
 * complete earlier, and pictures keep in step with it.
 */
const DELIVERY_DELAY_MS = 20;
const BLOCK_MS = 20;
/** After a longer stall the oldest media is given up, as a jitter buffer would. */
const MAX_BURST_MS = 2_000;
/** How long a picture that is not decoded yet is waited for. */
const MAX_LATE_MS = 1_000;
const RETRY_MS = 5;
const EPSILON = 1e-6;

/** What the streams of one participant have in common and follow while they run. */
export interface StreamControl {
  state: ParticipantState;
  /** No media at all, for as long as the connection is lost. */
  isCut(): boolean;
}

/** Takes a picture if somebody is looking. `fill` writes it into the receiver's buffer. */
export type PictureReceiver = (
  size: { width: number; height: number },
  timestampMs: number,
  rotation: number,
  fill: (target: Uint8Array) => 'taken' | 'pending',
) => 'delivered' | 'nobody' | 'pending';

/** Takes a block of sound: `fill` writes `samples` interleaved samples. */
export type SoundReceiver = (
  format: { sampleRate: number; channels: 1 | 2; samples: number },
  timestampMs: number,
  fill: (target: Int16Array) => void,
) => void;

/** Pictures of one camera or screen at an even rate; picture k is due at `zeroMs + k / fps`. */
export class PictureStream implements Paced {
  readonly #zeroMs: number;
  readonly #fps: number;
  readonly #control: StreamControl;
  readonly #followsCamera: boolean;
  readonly #receive: PictureReceiver;
  /** Readers by the index of their first picture; a change of size adds one. */
  #readers: { fromIndex: number; reader: FrameReader }[] = [];
  #index: number;
  #retryAtMs = 0;

  constructor(options: {
    /** Room time of media position 0. */
    zeroMs: number;
    /** Room time from which pictures are played. */
    startMs: number;
    fps: number;
    control: StreamControl;
    /** A camera can be off and rotated, a shared screen cannot. */
    followsCamera: boolean;
    receive: PictureReceiver;
  }) {
    this.#zeroMs = options.zeroMs;
    this.#fps = options.fps;
    this.#control = options.control;
    this.#followsCamera = options.followsCamera;
    this.#receive = options.receive;
    this.#index = pictureIndexAt(options.startMs - options.zeroMs, options.fps);
  }

  /** From picture `fromIndex` on, `reader` is played; the one before it is closed then. */
  switchTo(fromIndex: number, reader: FrameReader): void {
    this.#readers.push({ fromIndex, reader });
    this.#readers.sort((a, b) => a.fromIndex - b.fromIndex);
  }

  dueMs(): number {
    return Math.max(this.#dueOf(this.#index), this.#control.state.heldUntilMs, this.#retryAtMs);
  }

  run(nowMs: number): 'media' {
    if (nowMs - this.dueMs() > MAX_BURST_MS) {
      this.#index = Math.max(this.#index, pictureIndexAt(nowMs - MAX_BURST_MS - this.#zeroMs, this.#fps));
    }
    const reader = this.#currentReader();
    const outcome = reader ? this.#deliver(reader) : 'nobody';
    if (outcome === 'pending' && nowMs - this.#dueOf(this.#index) < MAX_LATE_MS) {
      this.#retryAtMs = nowMs + RETRY_MS;
      return 'media';
    }
    if (outcome === 'nobody') reader?.take(this.#index, null);
    this.#index += 1;
    this.#retryAtMs = 0;
    return 'media';
  }

  close(): void {
    for (const { reader } of this.#readers) reader.close();
    this.#readers = [];
  }

  #deliver(reader: FrameReader): 'delivered' | 'nobody' | 'pending' {
    const { state } = this.#control;
    if (this.#control.isCut() || (this.#followsCamera && !state.video)) return 'nobody';
    const timestampMs = Math.round((this.#index * 1000) / this.#fps) + state.timestampOffsetMs;
    const rotation = this.#followsCamera ? state.rotation : 0;
    return this.#receive(reader.size, timestampMs, rotation, (target) => reader.take(this.#index, target));
  }

  #currentReader(): FrameReader | undefined {
    while (this.#readers[1] && this.#readers[1].fromIndex <= this.#index) this.#readers.shift()?.reader.close();
    return this.#readers[0]?.reader;
  }

  #dueOf(index: number): number {
    return this.#zeroMs + (index * 1000) / this.#fps + DELIVERY_DELAY_MS;
  }
}

/** Index of the first picture at or after `positionMs` of the media. */
export function pictureIndexAt(positionMs: number, fps: number): number {
  return Math.max(0, Math.ceil((positionMs * fps) / 1000 - EPSILON));
}

/** 20 ms blocks of one participant's sound. */
export class SoundStream implements Paced {
  readonly #zeroMs: number;
  readonly #sound: Sound;
  readonly #control: StreamControl;
  readonly #receive: SoundReceiver;
  #block: number;

  constructor(options: {
    zeroMs: number;
    startMs: number;
    sound: Sound;
    control: StreamControl;
    receive: SoundReceiver;
  }) {
    this.#zeroMs = options.zeroMs;
    this.#sound = options.sound;
    this.#control = options.control;
    this.#receive = options.receive;
    this.#block = blockAt(options.startMs - options.zeroMs);
  }

  dueMs(): number {
    return Math.max(this.#dueOf(this.#block), this.#control.state.heldUntilMs);
  }

  run(nowMs: number): 'media' {
    if (nowMs - this.dueMs() > MAX_BURST_MS) {
      this.#block = Math.max(this.#block, blockAt(nowMs - MAX_BURST_MS - this.#zeroMs));
    }
    const { state } = this.#control;
    const contentMs = this.#zeroMs + this.#block * BLOCK_MS;
    const isLost = state.audioGap && contentMs >= state.audioGap.fromMs && contentMs < state.audioGap.untilMs;
    if (state.audio && !isLost && !this.#control.isCut()) this.#deliver(state);
    this.#block += 1;
    return 'media';
  }

  #deliver(state: ParticipantState): void {
    const { sampleRate, channels } = state;
    const first = (this.#block * BLOCK_MS * 48_000) / 1000;
    const samples = (sampleRate * BLOCK_MS) / 1000;
    this.#receive({ sampleRate, channels, samples }, this.#block * BLOCK_MS + state.timestampOffsetMs, (target) => {
      fillSound(this.#sound, first, { sampleRate, channels, samples }, target);
    });
  }

  #dueOf(block: number): number {
    return this.#zeroMs + block * BLOCK_MS + DELIVERY_DELAY_MS;
  }
}

function blockAt(positionMs: number): number {
  return Math.max(0, Math.ceil(positionMs / BLOCK_MS - EPSILON));
}
