import type { FileHandle } from 'node:fs/promises';
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
import { fileReader } from '../../capture/encode/random-access.ts';
import type { FinalizeFileSystem } from '../join/write-file.ts';

/** A whole fragment that is safe on the disk, with its bytes. */
export interface SafeFragment {
  fragment: Fmp4Fragment;
  bytes: Buffer;
}

/** Follows a segment file while a capture process writes it. */
export class SegmentTail {
  readonly #file: string;
  readonly #fileSystem: Pick<FinalizeFileSystem, 'open'>;
  #summary: Fmp4Summary | null = null;
  #seenBytes = 0;
  #isDamaged = false;

  constructor(file: string, fileSystem: Pick<FinalizeFileSystem, 'open'>) {
    this.#file = file;
    this.#fileSystem = fileSystem;
  }

  /** Of the fragments that were given out; null until the file has begun. It grows in place. */
  get summary(): Fmp4Summary | null {
    return this.#summary;
  }

  /** Length of the file when it was last looked at. */
  get seenBytes(): number {
    return this.#seenBytes;
  }

  /**
   * Gives out the fragments that have come since the last time, in order. Each is on the disk for good before it is given out: what a power
   * cut could take back must not be sent. Ends at the first fragment with damage in it, for good. @returns false when there is no file.
   */
  async advance(take: (safe: SafeFragment) => Promise<void>, signal: AbortSignal): Promise<boolean> {
    if (this.#isDamaged) return true;
    const handle = await this.#open();
    if (handle === null) return false;
    try {
      const reader = await fileReader(handle);
      if (reader.size <= this.#seenBytes) return true;
      await handle.datasync();
      this.#seenBytes = reader.size;
      if (this.#summary === null) {
        const init = await readInit(reader);
        if (init.length === 0) return true;
        this.#summary = beginSummary(init);
      }
      const summary = this.#summary;
      const rest: Fmp4Init = { length: summary.validLength, tracks: summary.tracks };
      for await (const fragment of readFragments(reader, rest, { checkTail: false })) {
        signal.throwIfAborted();
        const bytes = await reader.read(fragment.offset, fragment.length);
        this.#isDamaged = holdsDamage(bytes, fragment);
        if (this.#isDamaged) return true;
        addToSummary(summary, fragment);
        await take({ fragment, bytes });
      }
      return true;
    } finally {
      await handle.close();
    }
  }

  /** Whether the file ends with bytes that are of no use. Rejects when the file cannot be read. */
  async isTorn(): Promise<boolean> {
    if (this.#isDamaged) return true;
    const handle = await this.#open();
    if (handle === null) return false;
    try {
      return await isTorn(await fileReader(handle), this.#summary?.validLength ?? 0);
    } finally {
      await handle.close();
    }
  }

  async #open(): Promise<FileHandle | null> {
    try {
      // Some systems only sync what is open for writing.
      return await this.#fileSystem.open(this.#file, 'r+');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw error;
    }
  }
}
