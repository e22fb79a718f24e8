import type * as nodeFileSystem from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { syncDirectory } from '../../capture/encode/segment-file.ts';
import type { CopyRange } from './join-mp4.ts';
import { VerificationError } from './verify.ts';

/** The file functions that are used; replaceable, so that every one of them can be made to fail. */
export type FinalizeFileSystem = Pick<typeof nodeFileSystem, 'open' | 'rename' | 'rm'>;

/** A file that is described but not written yet. */
export interface WritableJoin {
  /** What comes before the first range. */
  head: Buffer;
  ranges: CopyRange[];
  /** Bytes of all ranges. */
  mediaBytes: number;
  /** The open files that the ranges' indices mean. */
  sources: FileHandle[];
  /** Reads the written file back; rejects with `VerificationError` when it is not what was meant. */
  verify: (written: FileHandle) => Promise<void>;
}

export interface WriteOptions {
  /** The name the file is to have in the end. */
  output: string;
  fileSystem: FinalizeFileSystem;
  signal: AbortSignal;
  onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

const COPY_BYTES = 1024 * 1024;
const SYNC_BYTES = 64 * 1024 * 1024;
/** It is cheaper to read so much that is not needed than to ask once more. */
const SKIP_BYTES = 16 * 1024;

/** Where the file is until it is complete. */
export function partialOf(output: string): string {
  return `${output}.partial`;
}

/**
 * Writes the file beside its place, synced and verified, and returns the name it has there; `publish` puts it into its place. Nothing is
 * left behind when it fails.
 */
export async function writePartial(joined: WritableJoin, options: WriteOptions): Promise<string> {
  const { output, fileSystem, signal, onProgress } = options;
  const partial = partialOf(output);
  const totalBytes = joined.head.length + joined.mediaBytes;
  try {
    const target = await fileSystem.open(partial, 'w+');
    const writer = new Writer(target, signal, (bytes) => onProgress?.(bytes, totalBytes));
    try {
      await writer.put(joined.head);
      const copiers = [new Copier(joined.sources), new Copier(joined.sources)] as const;
      let turn = 0;
      for (const portion of gathered(joined.ranges)) {
        const bytes = await copiers[turn++ % 2 === 0 ? 0 : 1].bytesOf(portion);
        await writer.put(bytes);
      }
      await writer.finish();
      await joined.verify(target);
    } finally {
      await writer.settled();
      await target.close();
    }
    signal.throwIfAborted();
    return partial;
  } catch (error) {
    await fileSystem.rm(partial, { force: true }).catch(() => {});
    throw error;
  }
}

/**
 * Writes one piece after the other while the next one is read, and has the disk take what there is while it goes on: at the end little is
 * left to wait for, and others that sync on the same disk do not have to wait for a whole file.
 */
class Writer {
  readonly #target: FileHandle;
  readonly #signal: AbortSignal;
  readonly #onProgress: (bytes: number) => void;
  #writing: Promise<void> = Promise.resolve();
  #syncing: Promise<void> | null = null;
  #position = 0;
  #syncedBytes = 0;

  constructor(target: FileHandle, signal: AbortSignal, onProgress: (bytes: number) => void) {
    this.#target = target;
    this.#signal = signal;
    this.#onProgress = onProgress;
  }

  /** Resolves when the piece before is written; from then on the memory of that one may be used again. Rejects when that failed. */
  async put(bytes: Buffer): Promise<void> {
    await this.#writing;
    this.#signal.throwIfAborted();
    this.#writing = this.#write(bytes);
    // Whoever comes next is told.
    this.#writing.catch(() => {});
  }

  /** Resolves when all is on the disk. */
  async finish(): Promise<void> {
    await this.#writing;
    await this.#syncing;
    await this.#target.sync();
  }

  /** Resolves when nothing is under way any more, whatever became of it. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#writing, this.#syncing]);
  }

  async #write(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#target.write(bytes, at, bytes.length - at, this.#position);
      at += bytesWritten;
      this.#position += bytesWritten;
    }
    this.#onProgress(this.#position);
    if (this.#position - this.#syncedBytes < SYNC_BYTES) return;
    // A sync that failed is told once: the next one of the same file may succeed.
    await this.#syncing;
    this.#syncedBytes = this.#position;
    this.#syncing = this.#target.datasync();
    this.#syncing.catch(() => {});
  }
}

/** Gives a file from `writePartial` its name, over a file that has it already, so that a power cut shows the one or the other. */
export async function publish(output: string, fileSystem: FinalizeFileSystem): Promise<void> {
  await fileSystem.rename(partialOf(output), output);
  await syncDirectory(path.dirname(output), fileSystem);
}

/** Ranges in portions of about one copy buffer, so that many short ones do not become as many short writes. */
function* gathered(ranges: readonly CopyRange[]): Generator<CopyRange[]> {
  let portion: CopyRange[] = [];
  let bytes = 0;
  for (const range of ranges) {
    const length = lengthOf(range);
    for (let from = 0; from < length || from === 0; ) {
      const take = Math.min(length - from, COPY_BYTES - bytes);
      portion.push(
        'bytes' in range
          ? { bytes: range.bytes.subarray(from, from + take) }
          : { ...range, offset: range.offset + from, length: take },
      );
      bytes += take;
      from += Math.max(1, take);
      if (bytes >= COPY_BYTES) {
        yield portion;
        portion = [];
        bytes = 0;
      }
    }
  }
  if (portion.length > 0) yield portion;
}

/** Memory for one portion after the other: what is read, and what is written of it. */
class Copier {
  readonly #sources: readonly FileHandle[];
  #read: Buffer = Buffer.alloc(0);
  #out: Buffer = Buffer.alloc(0);

  constructor(sources: readonly FileHandle[]) {
    this.#sources = sources;
  }

  /**
   * Bytes of a portion, until the next call. Ranges that lie close to each other in a segment are read in one: between the samples of a
   * fragment and those of the next there is little that is not copied.
   */
  async bytesOf(portion: readonly CopyRange[]): Promise<Buffer> {
    this.#out = withRoom(
      this.#out,
      portion.reduce((sum, range) => sum + lengthOf(range), 0),
    );
    let filled = 0;
    for (let from = 0; from < portion.length; ) {
      const run = closeRun(portion, from);
      filled += run.ranges.length === 0 ? this.#take(portion[from], filled) : await this.#copy(run, filled);
      from += Math.max(1, run.ranges.length);
    }
    return this.#out.subarray(0, filled);
  }

  #take(range: CopyRange | undefined, at: number): number {
    return range && 'bytes' in range ? range.bytes.copy(this.#out, at) : 0;
  }

  async #copy({ ranges, segment, offset, length }: Run, at: number): Promise<number> {
    this.#read = withRoom(this.#read, length);
    for (let have = 0; have < length; ) {
      const answer = await this.#sources[segment]?.read(this.#read, have, length - have, offset + have);
      if (!answer || answer.bytesRead === 0) throw new VerificationError('a segment became shorter while it was read');
      have += answer.bytesRead;
    }
    let filled = 0;
    for (const range of ranges) {
      const from = range.offset - offset;
      filled += this.#read.copy(this.#out, at + filled, from, from + range.length);
    }
    return filled;
  }
}

type FileRange = Exclude<CopyRange, { bytes: Buffer }>;

/** Ranges of one segment that are read together. */
interface Run {
  ranges: FileRange[];
  segment: number;
  offset: number;
  length: number;
}

/** What can be read together from the given range on; without ranges when that one is not in a file. */
function closeRun(portion: readonly CopyRange[], from: number): Run {
  const run: Run = { ranges: [], segment: 0, offset: 0, length: 0 };
  for (let at = from; at < portion.length; at += 1) {
    const range = portion[at];
    if (!range || 'bytes' in range) break;
    const { segment, offset, length } = range;
    const end = run.offset + run.length;
    if (run.ranges.length === 0) Object.assign(run, { segment, offset });
    else if (segment !== run.segment || offset < end || offset - end > SKIP_BYTES) break;
    run.ranges.push(range);
    run.length = offset + length - run.offset;
  }
  return run;
}

function lengthOf(range: CopyRange): number {
  return 'bytes' in range ? range.bytes.length : range.length;
}

function withRoom(buffer: Buffer, bytes: number): Buffer {
  return buffer.length >= bytes ? buffer : Buffer.allocUnsafeSlow(bytes);
}
