import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
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
  { onProgress, ...options }: { signal?: AbortSignal; onProgress?: (bytes: number) => void } = {},
): Promise<FileHashes> {
  const sha256 = createHash('sha256');
  const crc64 = new Crc64();
  let bytes = 0;
  const stream = createReadStream(path, { highWaterMark: READ_BYTES, ...options });
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    sha256.update(chunk);
    crc64.update(chunk);
    bytes += chunk.length;
    onProgress?.(bytes);
  }
  return { sha256: sha256.digest('hex'), crc64: crc64.digest(), bytes };
}
