import {
  addToSummary,
  beginSummary,
  type Fmp4Fragment,
  type Fmp4Init,
  type Fmp4Summary,
  holdsDamage,
  isTorn,
  readFragments,
  readInit,
} from '../../capture/encode/fmp4.ts';
import type { RandomAccessReader } from '../../capture/encode/random-access.ts';
import type { FinalizeFileSystem } from '../join/write-file.ts';
import { GrowingSegment } from './growing-segment.ts';
import type { PieceSource } from './live-tail.ts';

/** A whole fragment that is safe on the disk, with its bytes. */
export interface SafeFragment {
  fragment: Fmp4Fragment;
  bytes: Buffer;
}

/** Follows a segment file of fragments while a capture process writes it. */
export class SegmentTail implements PieceSource<SafeFragment> {
  readonly #segment: GrowingSegment;
  #summary: Fmp4Summary | null = null;
  #isDamaged = false;

  constructor(file: string, fileSystem: Pick<FinalizeFileSystem, 'open'>) {
    this.#segment = new GrowingSegment(file, fileSystem);
  }

  /** Of the fragments that were given out; null until the file has begun. It grows in place. */
  get summary(): Fmp4Summary | null {
    return this.#summary;
  }

  /** Length of the file when it was last looked at. */
  get seenBytes(): number {
    return this.#segment.seenBytes;
  }

  /** End of the last fragment that was given out. */
  get takenBytes(): number {
    return this.#summary?.validLength ?? 0;
  }

  /** Gives out the fragments that have come since the last time, in order. Ends at the first fragment with damage in it, for good. */
  async advance(take: (safe: SafeFragment) => Promise<void>, signal: AbortSignal): Promise<void> {
    if (!this.#isDamaged) await this.#segment.whenGrown((reader) => this.#read(reader, take, signal));
  }

  /** Whether the file ends with bytes that are of no use. Rejects when the file cannot be read. */
  async isTorn(): Promise<boolean> {
    if (this.#isDamaged) return true;
    return (await this.#segment.look((reader) => isTorn(reader, this.takenBytes))) ?? false;
  }

  async #read(
    reader: RandomAccessReader,
    take: (safe: SafeFragment) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#summary === null) {
      const init = await readInit(reader);
      if (init.length === 0) return;
      this.#summary = beginSummary(init);
    }
    const summary = this.#summary;
    const rest: Fmp4Init = { length: summary.validLength, tracks: summary.tracks };
    for await (const fragment of readFragments(reader, rest, { checkTail: false })) {
      signal.throwIfAborted();
      const bytes = await reader.read(fragment.offset, fragment.length);
      this.#isDamaged = holdsDamage(bytes, fragment);
      if (this.#isDamaged) return;
      addToSummary(summary, fragment);
      await take({ fragment, bytes });
    }
  }
}
