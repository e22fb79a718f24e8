import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { Crc64 } from './crc64.ts';

/** Checksums over all bytes of a file. */
export interface FileHashes {
  /** Lower-case hexadecimal. */
  sha256: string;
  /** CRC-64/XZ as an unsigned decimal, the form COS uses. */
  crc64: string;
  /** How many bytes were hashed. */
  bytes: number;
}

const READ_BYTES = 1024 * 1024;

/** Reads a file once and hashes it. Rejects with the system's error, or with the signal's reason. `onProgress` gets the bytes so far. */
export async function hashFile(
  path: string,
  { onProgress, signal }: { signal?: AbortSignal; onProgress?: (bytes: number) => void } = {},
): Promise<FileHashes> {
  signal?.throwIfAborted();
  const sha256 = createHash('sha256');
  const crc64 = new Crc64();
  const handle = await open(path);
  try {
    const memory = Buffer.allocUnsafeSlow(READ_BYTES);
    let bytes = 0;
    for (;;) {
      const { bytesRead } = await handle.read(memory, 0, memory.length, bytes);
      if (bytesRead === 0) return { sha256: sha256.digest('hex'), crc64: crc64.digest(), bytes };
      signal?.throwIfAborted();
      const chunk = memory.subarray(0, bytesRead);
      sha256.update(chunk);
      crc64.update(chunk);
      bytes += bytesRead;
      onProgress?.(bytes);
    }
  } finally {
    await handle.close();
  }
}
