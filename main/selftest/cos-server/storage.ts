import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { crc64Combine } from '../../delivery/crc64.ts';

/** What a body turned out to be while it was written to disk. */
export interface Content {
  bytes: number;
  /** Lower-case hex. */
  md5: string;
  /** CRC-64/XZ, decimal text. */
  crc64: string;
}

export interface StoredObject {
  bucket: string;
  key: string;
  bytes: number;
  /** With its quotes. */
  etag: string;
  crc64: string;
  modifiedMs: number;
  /** Reply headers kept from the upload: content type, cache control, `x-cos-meta-*` and the like. */
  headers: Record<string, string>;
}

export interface StoredPart extends Content {
  number: number;
  modifiedMs: number;
  /** Name of the file with the bytes, inside the upload's folder. */
  file: string;
}

export interface OpenUpload {
  uploadId: string;
  bucket: string;
  key: string;
  initiatedMs: number;
  headers: Record<string, string>;
  parts: Map<number, StoredPart>;
}

type UploadRow = Omit<OpenUpload, 'parts'>;

/**
 * Objects and open uploads on disk, so that a restarted server knows them still.
 * `objects/<bucket>/<encoded key>` holds the bytes and `headers/<bucket>/<encoded key>.json` the rest; an object exists when the
 * latter does. `uploads/<id>/` holds an open upload. A file's final name appears only when its bytes are complete.
 */
export class ObjectStorage {
  readonly #directory: string;
  readonly #uploads = new Map<string, OpenUpload>();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async open(directory: string): Promise<ObjectStorage> {
    const storage = new ObjectStorage(path.resolve(directory));
    await rm(storage.#in('temp'), { recursive: true, force: true });
    await mkdir(storage.#in('temp'), { recursive: true });
    await mkdir(storage.#in('uploads'), { recursive: true });
    await storage.#loadUploads();
    return storage;
  }

  /** A fresh name to write a body to before it is published. */
  temporaryPath(): string {
    return this.#in('temp', randomUUID());
  }

  objectPath(bucket: string, key: string): string {
    return this.#in('objects', bucket, encodeKey(key));
  }

  async findObject(bucket: string, key: string): Promise<StoredObject | null> {
    try {
      return JSON.parse(await readFile(this.#sidecarPath(bucket, key), 'utf8')) as StoredObject;
    } catch {
      return null;
    }
  }

  /** Moves a complete temporary file to its object's place. A crash in between leaves the object absent, never mixed. */
  async publishObject(temporary: string, object: StoredObject): Promise<void> {
    const { bucket, key } = object;
    await mkdir(this.#in('objects', bucket), { recursive: true });
    await mkdir(this.#in('headers', bucket), { recursive: true });
    await syncFile(temporary);
    await rm(this.#sidecarPath(bucket, key), { force: true });
    await rename(temporary, this.objectPath(bucket, key));
    await this.#writeJson(this.#sidecarPath(bucket, key), object);
  }

  async deleteObject(bucket: string, key: string): Promise<void> {
    await rm(this.#sidecarPath(bucket, key), { force: true });
    await rm(this.objectPath(bucket, key), { force: true });
  }

  async createUpload(row: Omit<UploadRow, 'uploadId'>): Promise<OpenUpload> {
    const upload: UploadRow = { ...row, uploadId: `${row.initiatedMs}${randomUUID().replaceAll('-', '')}` };
    await mkdir(this.#in('uploads', upload.uploadId), { recursive: true });
    await this.#writeJson(this.#in('uploads', upload.uploadId, 'upload.json'), upload);
    const opened = { ...upload, parts: new Map<number, StoredPart>() };
    this.#uploads.set(upload.uploadId, opened);
    return opened;
  }

  findUpload(uploadId: string): OpenUpload | null {
    return this.#uploads.get(uploadId) ?? null;
  }

  openUploads(): OpenUpload[] {
    return [...this.#uploads.values()];
  }

  /** Makes a received part the upload's part of that number, replacing an earlier one. Null when the upload is gone meanwhile. */
  async publishPart(upload: OpenUpload, temporary: string, part: Omit<StoredPart, 'file'>): Promise<StoredPart | null> {
    const stored: StoredPart = { ...part, file: `${part.number}.${randomUUID()}.part` };
    const folder = this.#in('uploads', upload.uploadId);
    if (!this.#uploads.has(upload.uploadId)) return null;
    const before = upload.parts.get(part.number);
    try {
      await rename(temporary, path.join(folder, stored.file));
      await this.#writeJson(path.join(folder, `${part.number}.json`), stored);
    } catch (error) {
      if (!this.#uploads.has(upload.uploadId)) return null;
      throw error;
    }
    upload.parts.set(part.number, stored);
    if (before !== undefined) await rm(path.join(folder, before.file), { force: true });
    return stored;
  }

  /** Forgets an upload and its parts. */
  async dropUpload(uploadId: string): Promise<void> {
    this.#uploads.delete(uploadId);
    await rm(this.#in('uploads', uploadId), { recursive: true, force: true });
  }

  /**
   * Joins parts into the object, then forgets the upload. The upload is unknown to everybody else from the call on, so that a second
   * Complete cannot merge it again; after a crash in between it is open as before.
   */
  async completeUpload(upload: OpenUpload, parts: readonly StoredPart[], modifiedMs: number): Promise<StoredObject> {
    this.#uploads.delete(upload.uploadId);
    try {
      const object = await this.#join(upload, parts, modifiedMs);
      await this.dropUpload(upload.uploadId);
      return object;
    } catch (error) {
      this.#uploads.set(upload.uploadId, upload);
      throw error;
    }
  }

  async #join(upload: OpenUpload, parts: readonly StoredPart[], modifiedMs: number): Promise<StoredObject> {
    const temporary = this.temporaryPath();
    const md5 = createHash('md5');
    let crc64 = '0';
    let bytes = 0;
    for (const part of parts) {
      const source = createReadStream(this.#in('uploads', upload.uploadId, part.file), { highWaterMark: 1 << 20 });
      await pipeline(source, createWriteStream(temporary, { flags: 'a' }));
      crc64 = crc64Combine(crc64, part.crc64, part.bytes);
      md5.update(Buffer.from(part.md5, 'hex'));
      bytes += part.bytes;
    }
    const { bucket, key, headers } = upload;
    const etag = `"${md5.digest('hex')}-${parts.length}"`;
    const object: StoredObject = { bucket, key, bytes, etag, crc64, modifiedMs, headers };
    await this.publishObject(temporary, object);
    return object;
  }

  async #loadUploads(): Promise<void> {
    for (const uploadId of await readdir(this.#in('uploads'))) {
      const folder = this.#in('uploads', uploadId);
      try {
        const row = JSON.parse(await readFile(path.join(folder, 'upload.json'), 'utf8')) as UploadRow;
        const parts = new Map<number, StoredPart>();
        for (const name of await readdir(folder)) {
          if (!/^\d+\.json$/.test(name)) continue;
          const part = JSON.parse(await readFile(path.join(folder, name), 'utf8')) as StoredPart;
          parts.set(part.number, part);
        }
        this.#uploads.set(uploadId, { ...row, parts });
      } catch {
        // Without a readable upload.json the reply to Init was never sent: nobody knows this upload.
        await rm(folder, { recursive: true, force: true });
      }
    }
  }

  async #writeJson(target: string, value: unknown): Promise<void> {
    const temporary = this.temporaryPath();
    await writeFile(temporary, JSON.stringify(value, null, 1));
    await syncFile(temporary);
    await rename(temporary, target);
  }

  #sidecarPath(bucket: string, key: string): string {
    return this.#in('headers', bucket, `${encodeKey(key)}.json`);
  }

  #in(...names: string[]): string {
    return path.join(this.#directory, ...names);
  }
}

const MAX_NAME_LENGTH = 200;

/** A key as one file name: readable while short, cut and told apart by its hash when longer than file systems allow. */
export function encodeKey(key: string): string {
  const encoded = encodeURIComponent(key)
    .replace(/^\.+/, (dots) => '%2E'.repeat(dots.length))
    .replaceAll('*', '%2A');
  if (encoded.length <= MAX_NAME_LENGTH) return encoded;
  const hash = createHash('sha256').update(key).digest('hex');
  // A percent sign that starts no escape cannot come from a key, so a cut name never meets a whole one.
  return `${encoded.slice(0, MAX_NAME_LENGTH - hash.length - 2)}%~${hash}`;
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
