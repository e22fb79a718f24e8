import type { FileHandle } from 'node:fs/promises';
import { fileReader, type RandomAccessReader } from '../../capture/encode/random-access.ts';
import type { FinalizeFileSystem } from '../join/write-file.ts';

/** A segment file that a capture process writes. */
export class GrowingSegment {
  readonly #file: string;
  readonly #fileSystem: Pick<FinalizeFileSystem, 'open'>;
  #seenBytes = 0;

  constructor(file: string, fileSystem: Pick<FinalizeFileSystem, 'open'>) {
    this.#file = file;
    this.#fileSystem = fileSystem;
  }

  /** Length of the file when it was last looked at. */
  get seenBytes(): number {
    return this.#seenBytes;
  }

  /** Calls `work` with the file when it has grown. What it is given is on the disk for good: what a power cut could take back must not be sent. */
  async whenGrown(work: (reader: RandomAccessReader) => Promise<void>): Promise<void> {
    await this.#whenThere(async (handle) => {
      const reader = await fileReader(handle);
      if (reader.size <= this.#seenBytes) return;
      await handle.datasync();
      this.#seenBytes = reader.size;
      await work(reader);
    });
  }

  /** What `look` says of the file; null when there is none. Rejects when it cannot be read. */
  async look<T>(look: (reader: RandomAccessReader) => Promise<T>): Promise<T | null> {
    return await this.#whenThere(async (handle) => await look(await fileReader(handle)));
  }

  async #whenThere<T>(work: (handle: FileHandle) => Promise<T>): Promise<T | null> {
    const handle = await this.#open();
    if (handle === null) return null;
    try {
      return await work(handle);
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
