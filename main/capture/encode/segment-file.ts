import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import path from 'node:path';

/** The file functions a segment file needs; replaceable, so that every one of them can be made to fail. */
export interface SegmentFileSystem {
  open(file: string, flags: 'wx' | 'r'): Promise<SegmentHandle>;
}

export type SegmentHandle = Pick<FileHandle, 'write' | 'datasync' | 'sync' | 'close'>;

export const realSegmentFileSystem: SegmentFileSystem = { open: (file, flags) => open(file, flags) };

export interface SegmentFileOptions {
  file: string;
  fileSystem: SegmentFileSystem;
  /** Bytes that arrived are on the disk no later than this plus the time the disk takes. */
  syncEveryMs: number;
  /** Called once, at the first failed write or sync. Nothing is written afterwards: what is in the file stays a usable beginning. */
  onError: (error: Error) => void;
}

/** What arrives within this time is written together: an encoder hands on its work in many small pieces, each worth no call of its own. */
const TOGETHER_MS = 20;

/**
 * A file that is only appended to and is synced while it grows. Writes happen one after another, and there are never two syncs at
 * once; neither waits for the other.
 */
export class SegmentFile {
  readonly #options: SegmentFileOptions;
  readonly #handle: SegmentHandle;
  #tail: Promise<void> = Promise.resolve();
  /** What waits to be written together, and the promise of its write. */
  #gathered: Buffer[] = [];
  #batch: Promise<void> | null = null;
  #gatherTimer: NodeJS.Timeout | null = null;
  #writeNow: () => void = () => {};
  #pendingBytes = 0;
  #writtenBytes = 0;
  #syncedBytes = 0;
  #syncing: Promise<void> | null = null;
  #syncTimer: NodeJS.Timeout | null = null;
  #error: Error | null = null;
  #closed: Promise<void> | null = null;

  private constructor(options: SegmentFileOptions, handle: SegmentHandle) {
    this.#options = options;
    this.#handle = handle;
  }

  /** Creates the file, which must not exist yet, and makes its name durable. Rejects with the file system's error. */
  static async create(options: SegmentFileOptions): Promise<SegmentFile> {
    const handle = await options.fileSystem.open(options.file, 'wx');
    try {
      await syncDirectory(path.dirname(options.file), options.fileSystem);
    } catch (error) {
      await handle.close().catch(() => {});
      throw error;
    }
    return new SegmentFile(options, handle);
  }

  get writtenBytes(): number {
    return this.#writtenBytes;
  }

  get syncedBytes(): number {
    return this.#syncedBytes;
  }

  /** Bytes accepted and not yet in the file. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  get error(): Error | null {
    return this.#error;
  }

  /** Appends; resolves when the bytes are in the file or will never be. Never rejects: failures go to `onError`. */
  append(bytes: Buffer): Promise<void> {
    this.#pendingBytes += bytes.length;
    this.#gathered.push(bytes);
    this.#batch ??= this.#writeTogether();
    return this.#batch;
  }

  /** Resolves when everything appended so far is in the file or will never be. */
  settled(): Promise<void> {
    this.#writeNow();
    return this.#tail;
  }

  /** Writes and syncs what is left, and closes. Joins an earlier call. Never rejects. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  /** Writes what gathers from now on, behind what is being written. */
  #writeTogether(): Promise<void> {
    const gathered = new Promise<void>((resolve) => {
      this.#writeNow = resolve;
      this.#gatherTimer = setTimeout(resolve, TOGETHER_MS);
    });
    const before = this.#tail;
    this.#tail = (async () => {
      await gathered;
      if (this.#gatherTimer) clearTimeout(this.#gatherTimer);
      await before;
      const bytes = this.#gathered.length === 1 ? this.#gathered[0]! : Buffer.concat(this.#gathered);
      this.#gathered = [];
      this.#batch = null;
      try {
        await this.#writeAll(bytes);
      } finally {
        this.#pendingBytes -= bytes.length;
      }
    })();
    return this.#tail;
  }

  async #writeAll(bytes: Buffer): Promise<void> {
    try {
      for (let at = 0; at < bytes.length && !this.#error; ) {
        const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, this.#writtenBytes);
        at += bytesWritten;
        this.#writtenBytes += bytesWritten;
      }
      this.#scheduleSync();
    } catch (error) {
      this.#fail(error);
    }
  }

  #scheduleSync(): void {
    if (this.#syncTimer || this.#syncing || this.#error || this.#closed) {
      return;
    }
    this.#syncTimer = setTimeout(() => {
      this.#syncTimer = null;
      void this.#sync().then(() => {
        if (this.#writtenBytes > this.#syncedBytes) {
          this.#scheduleSync();
        }
      });
    }, this.#options.syncEveryMs);
  }

  #sync(): Promise<void> {
    const target = this.#writtenBytes;
    this.#syncing ??= this.#handle
      .datasync()
      .then(
        () => {
          this.#syncedBytes = target;
        },
        (error: unknown) => this.#fail(error),
      )
      .finally(() => {
        this.#syncing = null;
      });
    return this.#syncing;
  }

  async #close(): Promise<void> {
    await this.settled();
    if (this.#syncTimer) {
      clearTimeout(this.#syncTimer);
      this.#syncTimer = null;
    }
    await this.#syncing;
    if (!this.#error && this.#syncedBytes < this.#writtenBytes) {
      await this.#sync();
    }
    await this.#handle.close().catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    if (!this.#error) {
      this.#error = error instanceof Error ? error : new Error(String(error));
      this.#options.onError(this.#error);
    }
  }
}

/** Makes created, renamed and removed names in a directory durable. On Windows, where this cannot be asked for, it does nothing. */
export async function syncDirectory(directory: string, fileSystem: SegmentFileSystem): Promise<void> {
  if (process.platform === 'win32') {
    return;
  }
  const handle = await fileSystem.open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
