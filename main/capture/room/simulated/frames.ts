import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type Decoder, type Loop, startDecoder } from './ffmpeg.ts';
import type { Size } from './scenario.ts';

/** Bytes of one I420 picture; odd sizes have their chroma rounded up. */
export function frameBytes(size: Size): number {
  return size.width * size.height + 2 * Math.ceil(size.width / 2) * Math.ceil(size.height / 2);
}

/** Gives the pictures of a looped clip in order. */
export interface FrameReader {
  readonly size: Size;
  /** Resolves when the first picture can be taken, rejects when the clip cannot be read. */
  readonly ready: Promise<void>;
  /**
   * Copies picture `index` into `target`, or just passes it when `target` is null. Indexes never go back; pictures before
   * `index` are given up. `pending` means that the picture is not decoded yet.
   */
  take(index: number, target: Uint8Array | null): 'taken' | 'pending';
  close(): void;
}

/** Reads headerless I420 straight from the file into the target: no decoding and no copy in between. */
export function openRawFrames(path: string, size: Size): FrameReader & { frameCount: number } {
  const bytes = frameBytes(size);
  const file = openSync(path, 'r');
  let isOpen = true;
  const frameCount = Math.floor(fstatSync(file).size / bytes);
  if (frameCount === 0) {
    closeSync(file);
    throw new Error(`${path} holds no whole picture of ${size.width}x${size.height}`);
  }
  return {
    size,
    frameCount,
    ready: Promise.resolve(),
    take(index, target) {
      if (target && isOpen) {
        readSync(file, target, 0, Math.min(bytes, target.byteLength), (index % frameCount) * bytes);
      }
      return 'taken';
    },
    close() {
      if (isOpen) closeSync(file);
      isOpen = false;
    },
  };
}

/** A short clip, decoded once and kept; every reader of it shares the pictures. */
export class KeptClip {
  readonly ready: Promise<void>;
  readonly #loop: Loop;
  readonly #frames: Uint8Array[] = [];
  #decoder: Decoder;
  #isComplete = false;

  constructor(ffmpegPath: string, loop: Loop) {
    this.#loop = loop;
    this.#decoder = startDecoder(ffmpegPath, loop, 0);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    promise.catch(() => undefined);
    this.#decode(resolve).then(() => resolve(), reject);
  }

  open(): FrameReader {
    return {
      size: this.#loop.size,
      ready: this.ready,
      take: (index, target) => {
        const wanted = index % this.#loop.frameCount;
        const frame = this.#frames[wanted] ?? (this.#isComplete ? this.#frames.at(-1) : undefined);
        if (!frame) return 'pending';
        target?.set(target.byteLength < frame.byteLength ? frame.subarray(0, target.byteLength) : frame);
        return 'taken';
      },
      close: () => undefined,
    };
  }

  close(): void {
    this.#decoder.kill();
  }

  async #decode(onFirst: () => void): Promise<void> {
    const bytes = frameBytes(this.#loop.size);
    await readFrames(this.#decoder, bytes, {
      slot: async () => new Uint8Array(bytes),
      publish: (frame) => {
        this.#frames.push(frame);
        if (this.#frames.length === 1) onFirst();
      },
    });
    if (this.#frames.length === 0) throw new Error(this.#decoder.failure());
    this.#isComplete = true;
  }
}

/** Decoded pictures waiting in a stream of a long clip: half a second, but never more than this. */
const WAITING_BYTES = 16 * 1024 * 1024;

/**
 * Decodes a long clip while it is played. At most a few pictures wait; the decoder stands still in between. The decoder of
 * the next round is started before the last one has ended, so that the seam is not heard or seen.
 */
export class StreamedFrames implements FrameReader {
  readonly ready: Promise<void>;
  readonly size: Size;
  readonly #ffmpegPath: string;
  readonly #loop: Loop;
  readonly #slots: Uint8Array[];
  #decoders: Decoder[] = [];
  /** Index of the picture that is decoded next. */
  #end: number;
  /** Pictures before this index are no longer wanted. */
  #wanted: number;
  #onSpace: (() => void) | null = null;
  #isClosed = false;

  constructor(ffmpegPath: string, loop: Loop, startIndex: number, onFailure: (error: Error) => void) {
    this.#ffmpegPath = ffmpegPath;
    this.#loop = loop;
    this.size = loop.size;
    const bytes = frameBytes(loop.size);
    const count = Math.max(3, Math.min(Math.round(loop.fps / 2), Math.floor(WAITING_BYTES / bytes)));
    this.#slots = Array.from({ length: count }, () => new Uint8Array(bytes));
    this.#end = startIndex;
    this.#wanted = startIndex;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    promise.catch(() => undefined);
    this.#play(resolve).catch((error: Error) => {
      reject(error);
      if (!this.#isClosed) onFailure(error);
    });
  }

  take(index: number, target: Uint8Array | null): 'taken' | 'pending' {
    const wanted = target ? index : index + 1;
    if (wanted > this.#wanted) {
      this.#wanted = wanted;
      this.#onSpace?.();
    }
    if (!target) return 'taken';
    if (index >= this.#end || index < this.#end - this.#slots.length) return 'pending';
    const frame = this.#slot(index);
    target.set(target.byteLength < frame.byteLength ? frame.subarray(0, target.byteLength) : frame);
    return 'taken';
  }

  close(): void {
    this.#isClosed = true;
    this.#onSpace?.();
    for (const decoder of this.#decoders) decoder.kill();
  }

  #slot(index: number): Uint8Array {
    return this.#slots[index % this.#slots.length] as Uint8Array;
  }

  async #play(onFirst: () => void): Promise<void> {
    const bytes = frameBytes(this.#loop.size);
    let decoder = this.#start();
    for (;;) {
      const endOfRound = this.#end + this.#loop.frameCount - (this.#end % this.#loop.frameCount);
      const startOfRound = this.#end;
      let next: Decoder | null = null;
      await readFrames(decoder, bytes, {
        slot: () => this.#space(),
        publish: () => {
          this.#end += 1;
          onFirst();
          if (!next && endOfRound - this.#end <= 2 * this.#loop.fps) next = this.#start(endOfRound);
        },
      });
      this.#decoders = this.#decoders.filter((one) => one !== decoder);
      if (this.#isClosed) return;
      if (this.#end === startOfRound) throw new Error(decoder.failure());
      // A clip whose last pictures are missing holds the one before them.
      while (this.#end < endOfRound) {
        const slot = await this.#space();
        if (!slot) return;
        slot.set(this.#slot(this.#end - 1));
        this.#end += 1;
      }
      decoder = next ?? this.#start();
    }
  }

  #start(index: number = this.#end): Decoder {
    const decoder = startDecoder(this.#ffmpegPath, this.#loop, index % this.#loop.frameCount);
    this.#decoders.push(decoder);
    return decoder;
  }

  /** Waits until the next picture has a place; null when closed. */
  async #space(): Promise<Uint8Array | null> {
    while (!this.#isClosed && this.#end - Math.min(this.#wanted, this.#end) >= this.#slots.length) {
      await new Promise<void>((resolve) => {
        this.#onSpace = resolve;
      });
      this.#onSpace = null;
    }
    return this.#isClosed ? null : this.#slot(this.#end);
  }
}

/** Cuts a decoder's output into pictures. Reads no further while `slot` makes it wait; ends early when `slot` gives null. */
async function readFrames(
  decoder: Decoder,
  bytes: number,
  sink: { slot(): Promise<Uint8Array | null>; publish(frame: Uint8Array): void },
): Promise<void> {
  let frame: Uint8Array | null = null;
  let filled = 0;
  for await (const chunk of decoder.output) {
    for (let offset = 0; offset < chunk.byteLength; ) {
      frame ??= await sink.slot();
      if (!frame) return;
      const count = Math.min(bytes - filled, chunk.byteLength - offset);
      frame.set(chunk.subarray(offset, offset + count), filled);
      offset += count;
      filled += count;
      if (filled === bytes) {
        sink.publish(frame);
        frame = null;
        filled = 0;
      }
    }
  }
}
