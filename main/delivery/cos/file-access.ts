import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { Crc64 } from '../crc64.ts';
import { CosError } from './cos-error.ts';
import type { FileIdentity } from './journal.ts';

/** What the uploader needs from the file system. */
export interface FileAccess {
  identify(path: string): Promise<FileIdentity>;
  /** The file's bytes from `offset` on, at most `length` of them. */
  read(path: string, offset: number, length: number): AsyncIterable<Buffer>;
}

/** Holds bytes back until they may go out. */
export interface Throttle {
  /** Largest piece to ask for. */
  readonly pieceBytes: number;
  /** Resolves when so many bytes may go out, or `signal` aborts. */
  wait(bytes: number, signal: AbortSignal): Promise<void>;
}

/** The real file system. */
export const nodeFiles: FileAccess = {
  async identify(path) {
    const facts = await stat(path, { bigint: true });
    return { size: Number(facts.size), mtimeNs: facts.mtimeNs.toString(), inode: facts.ino.toString() };
  },
  read(path, offset, length) {
    if (length === 0) return Readable.from([]);
    return createReadStream(path, { start: offset, end: offset + length - 1, highWaterMark: 256 * 1024 });
  },
};

export function sameIdentity(a: FileIdentity, b: FileIdentity): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.inode === b.inode;
}

/** Identity of a file; local failures come as `CosError` of origin `file`. */
export async function identifyFile(files: FileAccess, path: string): Promise<FileIdentity> {
  try {
    return await files.identify(path);
  } catch (error) {
    throw await fileError(error, path);
  }
}

export interface Digest {
  /** Lower-case hex. */
  md5: string;
  md5Base64: string;
  /** Decimal text. */
  crc64: string;
}

/** Reads a range and computes its checksums. A range that is not all there means the file changed. */
export async function digestRange(
  files: FileAccess,
  path: string,
  offset: number,
  length: number,
  signal: AbortSignal,
  onBytes: (bytes: number) => void = () => {},
): Promise<Digest> {
  const md5 = createHash('md5');
  const crc64 = new Crc64();
  for await (const chunk of exactBytes(files, path, offset, length)) {
    signal.throwIfAborted();
    onBytes(chunk.length);
    md5.update(chunk);
    crc64.update(chunk);
  }
  const digest = md5.digest();
  return { md5: digest.toString('hex'), md5Base64: digest.toString('base64'), crc64: crc64.digest() };
}

/** What a request body needs beside the bytes. */
export interface BodyOptions {
  signal: AbortSignal;
  onBytes(bytes: number): void;
  throttle?: Throttle | undefined;
}

/**
 * A range as a request body. A file that has become shorter breaks the stream with an error; a body that merely ended early would leave
 * the request waiting for the announced length.
 */
export function rangeBody(
  files: FileAccess,
  path: string,
  offset: number,
  length: number,
  { signal, onBytes, throttle }: BodyOptions,
): Readable {
  async function* body(): AsyncGenerator<Buffer> {
    for await (const chunk of exactBytes(files, path, offset, length)) {
      const pieceBytes = throttle?.pieceBytes ?? chunk.length;
      for (let at = 0; at < chunk.length; at += pieceBytes) {
        const piece = chunk.subarray(at, at + pieceBytes);
        await throttle?.wait(piece.length, signal);
        onBytes(piece.length);
        yield piece;
      }
    }
  }
  // What waits in the stream counts as gone out, so it must be little when bytes are held back.
  const highWaterMark = throttle === undefined ? 256 * 1024 : throttle.pieceBytes;
  return Readable.from(body(), { objectMode: false, highWaterMark });
}

async function* exactBytes(files: FileAccess, path: string, offset: number, length: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for await (const chunk of files.read(path, offset, length)) {
      bytes += chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw await fileError(error, path);
  }
  if (bytes !== length) throw fileChanged();
}

export function fileChanged(): CosError {
  const message = 'The file is not the one whose upload was begun';
  return new CosError({ origin: 'file', code: 'FileChanged', message, operation: 'readFile' });
}

async function fileError(error: unknown, place: string): Promise<CosError> {
  if (error instanceof CosError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const known = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'EIO';
  // A file that is missing together with its folder is not lost: its disk is away, or has just come back.
  const isAway = known === 'ENOENT' && ((await exists(place)) || !(await exists(dirname(place))));
  return new CosError({ origin: 'file', code: isAway ? 'DISK_AWAY' : known, message, operation: 'readFile' });
}

async function exists(place: string): Promise<boolean> {
  return await stat(place).then(
    () => true,
    () => false,
  );
}
