import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { Crc64 } from '../crc64.ts';
import { CosError } from './cos-error.ts';
import type { FileIdentity } from './journal.ts';

/** What the uploader needs from the file system. */
export interface FileAccess {
  identify(path: string): Promise<FileIdentity>;
  /**
   * The file's bytes from `offset` on, at most `length` of them, piece by piece. Pieces are their receiver's, unless `memory` is given:
   * then they lie in it one after another, and when it is full the next ones take the place of the first.
   */
  read(path: string, offset: number, length: number, memory?: Buffer): AsyncIterable<Buffer>;
}

/** Holds bytes back until they may go out. */
export interface Throttle {
  /** Largest piece to ask for. */
  readonly pieceBytes: number;
  /** Resolves when so many bytes may go out, or `signal` aborts. */
  wait(bytes: number, signal: AbortSignal): Promise<void>;
}

const PIECE_BYTES = 256 * 1024;

/** The real file system. */
export const nodeFiles: FileAccess = {
  async identify(path) {
    const facts = await stat(path, { bigint: true });
    return { size: Number(facts.size), mtimeNs: facts.mtimeNs.toString(), inode: facts.ino.toString() };
  },
  async *read(path, offset, length, memory) {
    const handle = await open(path);
    try {
      for (let done = 0; done < length; ) {
        const at = memory ? done % memory.length : 0;
        const place = memory ?? Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, length - done));
        const wanted = Math.min(PIECE_BYTES, length - done, place.length - at);
        const { bytesRead } = await handle.read(place, at, wanted, offset + done);
        if (bytesRead === 0) return;
        yield place.subarray(at, at + bytesRead);
        done += bytesRead;
      }
    } finally {
      await handle.close();
    }
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

export interface DigestOptions {
  signal: AbortSignal;
  onBytes?: (bytes: number) => void;
  /** Takes what is read: all of the range when it is as long. */
  memory?: Buffer | undefined;
}

/** Reads a range and computes its checksums. A range that is not all there means the file changed. */
export async function digestRange(
  files: FileAccess,
  path: string,
  offset: number,
  length: number,
  { signal, onBytes = () => {}, memory = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, length)) }: DigestOptions,
): Promise<Digest> {
  const md5 = createHash('md5');
  const crc64 = new Crc64();
  for await (const chunk of exactBytes(files, path, offset, length, memory)) {
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
  options: BodyOptions,
): Readable {
  return bodyOf(exactBytes(files, path, offset, length), options);
}

/** Bytes in memory as a request body; they have to stay as they are until it is answered. */
export function memoryBody(bytes: Buffer, options: BodyOptions): Readable {
  return bodyOf([bytes], options);
}

function bodyOf(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
  { signal, onBytes, throttle }: BodyOptions,
): Readable {
  const pieceBytes = Math.min(PIECE_BYTES, throttle?.pieceBytes ?? PIECE_BYTES);
  async function* body(): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += pieceBytes) {
        const piece = chunk.subarray(at, at + pieceBytes);
        await throttle?.wait(piece.length, signal);
        onBytes(piece.length);
        yield piece;
      }
    }
  }
  // What waits in the stream counts as gone out, so it must be little when bytes are held back.
  return Readable.from(body(), { objectMode: false, highWaterMark: pieceBytes });
}

async function* exactBytes(
  files: FileAccess,
  path: string,
  offset: number,
  length: number,
  memory?: Buffer,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for await (const chunk of files.read(path, offset, length, memory)) {
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
