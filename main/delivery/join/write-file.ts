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
    try {
      let position = 0;
      const put = async (bytes: Buffer): Promise<void> => {
        signal.throwIfAborted();
        for (let at = 0; at < bytes.length; ) {
          const { bytesWritten } = await target.write(bytes, at, bytes.length - at, position);
          at += bytesWritten;
          position += bytesWritten;
        }
        onProgress?.(position, totalBytes);
      };
      await put(joined.head);
      for (const chunk of gathered(joined.ranges)) {
        await put(await readChunk(chunk, joined.sources));
      }
      await target.sync();
      await joined.verify(target);
    } finally {
      await target.close();
    }
    signal.throwIfAborted();
    return partial;
  } catch (error) {
    await fileSystem.rm(partial, { force: true }).catch(() => {});
    throw error;
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
    const length = 'bytes' in range ? range.bytes.length : range.length;
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

async function readChunk(ranges: CopyRange[], sources: FileHandle[]): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (const range of ranges) {
    if ('bytes' in range) {
      parts.push(range.bytes);
      continue;
    }
    const bytes = Buffer.allocUnsafe(range.length);
    for (let at = 0; at < range.length; ) {
      const { bytesRead } = (await sources[range.segment]?.read(bytes, at, range.length - at, range.offset + at)) ?? {
        bytesRead: 0,
      };
      if (bytesRead === 0) throw new VerificationError('a segment became shorter while it was read');
      at += bytesRead;
    }
    parts.push(bytes);
  }
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
}
