import type { FileHandle } from 'node:fs/promises';
import type { FinalizeFileSystem } from '../join/write-file.ts';

const SYNC_BYTES = 4 * 1024 ** 2;

/** A file that is written from its beginning to its end. After a rejection of anything here it is of no use any more. */
export class GrowingFile {
  readonly #handle: FileHandle;
  #bytes = 0;
  #syncedBytes = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Begins the file anew when there is one. Rejects with the file system's error. */
  static async create(file: string, fileSystem: Pick<FinalizeFileSystem, 'open'>): Promise<GrowingFile> {
    return new GrowingFile(await fileSystem.open(file, 'w+'));
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** For reading back what was written. */
  get handle(): FileHandle {
    return this.#handle;
  }

  /** Adds bytes and resolves with their place. */
  async append(bytes: Buffer): Promise<number> {
    const place = this.#bytes;
    await this.overwrite(bytes, place);
    this.#bytes += bytes.length;
    return place;
  }

  /** Puts bytes into the place of others. */
  async overwrite(bytes: Buffer, position: number): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, position + at);
      at += bytesWritten;
    }
  }

  /** Makes what was written so far durable, when there is much of it. */
  async syncNowAndThen(): Promise<void> {
    if (this.#bytes - this.#syncedBytes < SYNC_BYTES) return;
    const target = this.#bytes;
    await this.#handle.datasync();
    this.#syncedBytes = target;
  }

  /** Makes all durable. */
  async sync(): Promise<void> {
    await this.#handle.sync();
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
