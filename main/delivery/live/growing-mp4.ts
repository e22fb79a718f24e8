import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { u32 } from '../../capture/encode/isobmff.ts';
import { Crc64, crc64, crc64Combine } from '../crc64.ts';
import type { FileHashes } from '../hash-file.ts';
import { fileTypeBox } from '../join/progressive-mp4.ts';
import type { FinalizeFileSystem } from '../join/write-file.ts';
import { GrowingFile } from './growing-file.ts';

/** Bytes of a media box at least and at most. */
export interface BoxSizes {
  smallest: number;
  largest: number;
}

const HEADER_BYTES = 8;
const MIB = 1024 ** 2;
/** Between these a media box has a quarter of what comes before it; the last one is read again when the file ends. */
const BOX_SIZES: BoxSizes = { smallest: 32 * MIB, largest: 512 * MIB };
const ZEROS_BYTES = MIB;
const READ_BYTES = MIB;

/**
 * An MP4 that is written while its media is still being made, and whose bytes do not change afterwards, so that they can be sent early:
 * `ftyp`, media boxes one after another, and the index (`moov`) at the end. A media box is announced with a fixed length and filled up with
 * zeros where the next piece does not fit; only the last one's length is put right when the file ends. The boxes grow with the file, because
 * players jump from one to the next to find the index.
 */
export class GrowingMp4 {
  readonly #file: GrowingFile;
  /** Over everything before the last media box. */
  readonly #before: { sha256: Hash; crc64: string };
  /** Over the last media box: with the length it is announced with, and over its content. */
  #assumed: Hash;
  #content = new Crc64();
  #boxAt: number;
  #boxEnd: number;
  readonly #boxSizes: BoxSizes;

  private constructor(file: GrowingFile, type: Buffer, boxSizes: BoxSizes) {
    this.#file = file;
    this.#boxSizes = boxSizes;
    this.#before = { sha256: createHash('sha256').update(type), crc64: crc64(type) };
    this.#boxAt = type.length;
    this.#boxEnd = type.length;
    this.#assumed = this.#before.sha256.copy();
  }

  /** Begins the file anew when there is one. Rejects with the file system's error. */
  static async create(
    file: string,
    fileSystem: Pick<FinalizeFileSystem, 'open'>,
    boxSizes: BoxSizes = BOX_SIZES,
  ): Promise<GrowingMp4> {
    const content = await GrowingFile.create(file, fileSystem);
    try {
      const type = fileTypeBox();
      await content.append(type);
      const growing = new GrowingMp4(content, type, boxSizes);
      await growing.#openBox();
      return growing;
    } catch (error) {
      await content.close().catch(() => {});
      throw error;
    }
  }

  /** Bytes so far. All of them stay as they are, but for the header at `boxAt`. */
  get bytes(): number {
    return this.#file.bytes;
  }

  /** Where the last media box begins, whose header is put right at the end. */
  get boxAt(): number {
    return this.#boxAt;
  }

  /** For reading back what was written. */
  get handle(): FileHandle {
    return this.#file.handle;
  }

  /** Adds a piece of media and resolves with its place. After a rejection the file is of no use any more. */
  async append(piece: Buffer): Promise<number> {
    if (piece.length > this.#boxSizes.smallest - HEADER_BYTES) throw new RangeError('the piece fits into no media box');
    if (this.bytes + piece.length > this.#boxEnd) {
      while (this.bytes < this.#boxEnd) {
        await this.#put(Buffer.alloc(Math.min(ZEROS_BYTES, this.#boxEnd - this.bytes)));
      }
      await this.#openBox();
    }
    return await this.#put(piece);
  }

  /** Makes what was written so far durable, when there is much of it. */
  async syncNowAndThen(): Promise<void> {
    await this.#file.syncNowAndThen();
  }

  /** Puts the last header right, adds the index, makes all durable and tells the checksums of the whole file. The handle stays open. */
  async finish(index: Buffer, signal: AbortSignal): Promise<FileHashes> {
    const mediaEnd = this.bytes;
    const header = headerOf(mediaEnd - this.#boxAt);
    await this.#file.overwrite(header, this.#boxAt);
    await this.#file.append(index);
    await this.#file.sync();
    const contentBytes = mediaEnd - this.#boxAt - HEADER_BYTES;
    const sha256 = this.#before.sha256.copy().update(header);
    // Only the last box is read again, since its header was not known when its content passed by.
    const chunk = Buffer.allocUnsafe(READ_BYTES);
    for (let left = contentBytes; left > 0; ) {
      signal.throwIfAborted();
      const { bytesRead } = await this.handle.read(chunk, 0, Math.min(left, chunk.length), mediaEnd - left);
      if (bytesRead === 0) throw new RangeError('the growing file became shorter');
      sha256.update(chunk.subarray(0, bytesRead));
      left -= bytesRead;
    }
    const content = crc64Combine(this.#before.crc64, crc64(header), HEADER_BYTES);
    const media = crc64Combine(content, this.#content.digest(), contentBytes);
    return {
      sha256: sha256.update(index).digest('hex'),
      crc64: crc64Combine(media, crc64(index), index.length),
      bytes: this.bytes,
    };
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** The box before this one is as it was announced from here on. */
  async #openBox(): Promise<void> {
    const boxBytes = this.bytes - this.#boxAt;
    if (boxBytes > 0) {
      const before = crc64Combine(this.#before.crc64, crc64(headerOf(boxBytes)), HEADER_BYTES);
      this.#before.crc64 = crc64Combine(before, this.#content.digest(), boxBytes - HEADER_BYTES);
      this.#before.sha256 = this.#assumed.copy();
    }
    const { smallest, largest } = this.#boxSizes;
    const length = Math.min(largest, Math.max(smallest, Math.floor(this.bytes / 4)));
    const header = headerOf(length);
    this.#boxAt = await this.#file.append(header);
    this.#boxEnd = this.#boxAt + length;
    this.#assumed.update(header);
    this.#content = new Crc64();
  }

  async #put(bytes: Buffer): Promise<number> {
    const place = await this.#file.append(bytes);
    this.#assumed.update(bytes);
    this.#content.update(bytes);
    return place;
  }
}

function headerOf(length: number): Buffer {
  return Buffer.concat([u32(length), Buffer.from('mdat', 'latin1')]);
}
