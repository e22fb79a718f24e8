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
      const wanted = Math.max(0, Math.min(length, size - offset));
      const bytes = Buffer.allocUnsafe(wanted);
      let filled = 0;
      while (filled < wanted) {
        const { bytesRead } = await handle.read(bytes, filled, wanted - filled, offset + filled);
        if (bytesRead === 0) {
          break;
        }
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
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
 * Reads a file that does not change any more in larger pieces: whoever goes through it from its beginning to its end in small steps
 * asks the disk once for many of them. What it gives out shares memory with a whole piece.
 */
export function aheadReader(reader: RandomAccessReader, pieceBytes: number): RandomAccessReader {
  let start = 0;
  let piece: Buffer = Buffer.alloc(0);
  return {
    size: reader.size,
    async read(offset, length) {
      const isHeld = offset >= start && offset + length <= start + piece.length;
      if (!isHeld) {
        if (length >= pieceBytes) return await reader.read(offset, length);
        piece = await reader.read(offset, pieceBytes);
        start = offset;
      }
      return piece.subarray(offset - start, offset - start + length);
    },
  };
}
