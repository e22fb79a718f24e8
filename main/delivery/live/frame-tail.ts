import { type Mp3Frame, mp3Frames } from '../../capture/encode/mp3.ts';
import type { RandomAccessReader } from '../../capture/encode/random-access.ts';
import type { FinalizeFileSystem } from '../join/write-file.ts';
import { GrowingSegment } from './growing-segment.ts';
import type { PieceSource } from './live-tail.ts';

/** At most so many frames are given out at once: three megabytes of the largest. */
const FRAMES_AT_ONCE = 1024;

/** Follows a segment file of bare MP3 frames while a capture process writes it. */
export class FrameTail implements PieceSource<Buffer[]> {
  readonly #segment: GrowingSegment;
  #first: Mp3Frame | null = null;
  #takenBytes = 0;

  constructor(file: string, fileSystem: Pick<FinalizeFileSystem, 'open'>) {
    this.#segment = new GrowingSegment(file, fileSystem);
  }

  /** The segment's first frame; null until there is one. */
  get first(): Mp3Frame | null {
    return this.#first;
  }

  /** End of the last frame that was given out. */
  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Length of the file when it was last looked at. */
  get seenBytes(): number {
    return this.#segment.seenBytes;
  }

  /** Gives out the bytes of whole frames that have come since the last time, in order, many at once. Ends where there is no frame. */
  async advance(take: (frames: Buffer[]) => Promise<void>, signal: AbortSignal): Promise<void> {
    await this.#segment.whenGrown((reader) => this.#read(reader, take, signal));
  }

  /** Whether the file ends with bytes that are no frame. Rejects when the file cannot be read. */
  async isTorn(): Promise<boolean> {
    return (await this.#segment.look(async ({ size }) => size > this.#takenBytes)) ?? false;
  }

  async #read(
    reader: RandomAccessReader,
    take: (frames: Buffer[]) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    let waiting: Mp3Frame[] = [];
    let end = this.#takenBytes;
    const giveOut = async (): Promise<void> => {
      signal.throwIfAborted();
      const from = this.#takenBytes;
      const bytes = await reader.read(from, end - from);
      if (bytes.length < end - from) throw new RangeError('a segment became shorter while it was read');
      const frames = waiting.map(({ offset, length }) => bytes.subarray(offset - from, offset - from + length));
      waiting = [];
      this.#takenBytes = end;
      await take(frames);
    };
    for await (const frame of mp3Frames(reader, end, this.#first)) {
      this.#first ??= frame;
      waiting.push(frame);
      end = frame.offset + frame.length;
      if (waiting.length === FRAMES_AT_ONCE) await giveOut();
    }
    if (waiting.length > 0) await giveOut();
  }
}
