import type { FileHandle } from 'node:fs/promises';

/** Bytes that can be read from anywhere; a file, or memory in tests. */
export interface RandomAccessReader {
  /** Bytes there are. */
  readonly size: number;
  /** Up to `length` bytes from `offset`: fewer, down to none, where the data ends. */
  read(offset: number, length: number): Promise<Buffer>;
}

/** Reads from an open file; the caller closes it. `size` is what the file held when this was called. */
export async function fileReader(handle: Pick<FileHandle, 'read' | 'stat'>): Promise<RandomAccessReader> {
  const { size } = await handle.stat();
  return {
    size,
    async read(offset, length) {
      const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(length, size - offset)));
      return bytes.subarray(0, await fill(handle, bytes, offset));
    },
  };
}

/** Reads from memory. */
export function memoryReader(bytes: Uint8Array): RandomAccessReader {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    size: buffer.length,
    read: async (offset, length) => buffer.subarray(offset, offset + length),
  };
}

/**
 * As `fileReader`, for whoever goes through a file that does not change any more from its beginning to its end in small steps: asks the disk
 * once for many of them. What it gives out is good until the next read.
 */
export async function aheadReader(
  handle: Pick<FileHandle, 'read' | 'stat'>,
  windowBytes: number,
): Promise<RandomAccessReader> {
  const { size, read } = await fileReader(handle);
  const window = Buffer.allocUnsafeSlow(Math.min(windowBytes, size));
  let start = 0;
  let filled = 0;
  return {
    size,
    async read(offset, length) {
      if (length > window.length) return await read(offset, length);
      if (offset < start || offset + length > start + filled) {
        filled = await fill(handle, window, offset);
        start = offset;
      }
      return window.subarray(offset - start, Math.min(offset - start + length, filled));
    },
  };
}

/** How many bytes there were to fill the memory with. */
async function fill(handle: Pick<FileHandle, 'read'>, bytes: Buffer, offset: number): Promise<number> {
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}
