import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
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
  /** The bytes are still in these files of `parts/<uploadId>/`, one after another. */
  inParts?: { uploadId: string; files: string[] };
}

export interface StoredPart extends Content {
  number: number;
  modifiedMs: number;
  /** Name of the file with the bytes, inside the upload's folder of parts. It says all the rest. */
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
type Parts = NonNullable<StoredObject['inParts']>;

/**
 * Objects and open uploads on disk, so that a restarted server knows them still.
 * `headers/<bucket>/<encoded key>.json` says what an object is; it exists when that does. Its bytes are in `objects/<bucket>/<encoded key>`,
 * or in the parts it was uploaded in until somebody wants them in one file: putting parts together is bookkeeping, as in the real service.
 * `uploads/<id>.json` is an open upload, `parts/<id>/` holds the parts of an upload or of an object. A file's final name appears only when
 * its bytes are complete and on the disk.
 */
export class ObjectStorage {
  readonly #directory: string;
  readonly #uploads = new Map<string, OpenUpload>();
  /** What is under way with an object's files, by bucket and key: one thing after another. */
  readonly #turns = new Map<string, Promise<unknown>>();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async open(directory: string): Promise<ObjectStorage> {
    const storage = new ObjectStorage(path.resolve(directory));
    await rm(storage.#in('temp'), { recursive: true, force: true });
    for (const name of ['temp', 'headers', 'uploads', 'parts']) await mkdir(storage.#in(name), { recursive: true });
    await storage.#loadUploads();
    return storage;
  }

  /** A fresh name to write a body to before it is published. */
  temporaryPath(): string {
    return this.#in('temp', randomUUID());
  }

  async findObject(bucket: string, key: string): Promise<StoredObject | null> {
    return await readObject(this.#sidecarPath(bucket, key));
  }

  /** The one file that holds all bytes of an object, or null when there is no such object. The first call joins what is still in parts. */
  async objectFile(bucket: string, key: string): Promise<string | null> {
    return await this.#inTurn(bucket, key, async () => {
      const object = await this.findObject(bucket, key);
      if (object?.inParts !== undefined) await this.#join(object, object.inParts);
      return object && this.#objectPath(bucket, key);
    });
  }

  /** Moves a complete temporary file to its object's place. A crash in between leaves the object absent, never mixed. */
  async publishObject(temporary: string, object: StoredObject): Promise<void> {
    const { bucket, key } = object;
    await this.#inTurn(bucket, key, async () => {
      const before = await this.findObject(bucket, key);
      await rm(this.#sidecarPath(bucket, key), { force: true });
      await this.#moveToPlace(temporary, object);
      await this.#writeSidecar(object);
      await this.#dropParts(before?.inParts?.uploadId);
    });
  }

  async deleteObject(bucket: string, key: string): Promise<void> {
    await this.#inTurn(bucket, key, async () => {
      const before = await this.findObject(bucket, key);
      await rm(this.#sidecarPath(bucket, key), { force: true });
      await rm(this.#objectPath(bucket, key), { force: true });
      await this.#dropParts(before?.inParts?.uploadId);
    });
  }

  async createUpload(row: Omit<UploadRow, 'uploadId'>): Promise<OpenUpload> {
    const upload: UploadRow = { ...row, uploadId: `${row.initiatedMs}${randomUUID().replaceAll('-', '')}` };
    await mkdir(this.#in('parts', upload.uploadId));
    await this.#writeJson(this.#uploadPath(upload.uploadId), upload);
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
    const stored: StoredPart = { ...part, file: partFileName(part) };
    const isOpen = (): boolean => this.#uploads.has(upload.uploadId);
    if (!isOpen()) return null;
    try {
      await rename(temporary, this.#in('parts', upload.uploadId, stored.file));
    } catch (error) {
      if (!isOpen()) return null;
      throw error;
    }
    const superfluous = isOpen() ? upload.parts.get(part.number) : stored;
    if (isOpen()) upload.parts.set(part.number, stored);
    if (superfluous !== undefined) await rm(this.#in('parts', upload.uploadId, superfluous.file), { force: true });
    return superfluous === stored ? null : stored;
  }

  /** Forgets an upload and its parts. */
  async dropUpload(uploadId: string): Promise<void> {
    // The parts of an upload that is completed are its object's.
    if (!this.#uploads.delete(uploadId)) return;
    await rm(this.#uploadPath(uploadId), { force: true });
    await this.#dropParts(uploadId);
  }

  /**
   * Makes an object of parts, then forgets the upload. The upload is unknown to everybody else from the call on, so that a second
   * Complete cannot make another of it; after a crash before the object is there it is open as before.
   */
  async completeUpload(upload: OpenUpload, parts: readonly StoredPart[], modifiedMs: number): Promise<StoredObject> {
    const { bucket, key, headers, uploadId } = upload;
    const object: StoredObject = {
      ...{ bucket, key, headers, modifiedMs, ...contentOf(parts) },
      inParts: { uploadId, files: parts.map(({ file }) => file) },
    };
    const wanted = new Set(parts.map(({ file }) => file));
    this.#uploads.delete(uploadId);
    await this.#inTurn(bucket, key, async () => {
      const before = await this.findObject(bucket, key);
      try {
        await this.#writeSidecar(object);
      } catch (error) {
        this.#uploads.set(uploadId, upload);
        throw error;
      }
      await rm(this.#objectPath(bucket, key), { force: true });
      await this.#dropParts(before?.inParts?.uploadId);
      await rm(this.#uploadPath(uploadId), { force: true });
      for (const file of await readdir(this.#in('parts', uploadId))) {
        if (!wanted.has(file)) await rm(this.#in('parts', uploadId, file), { force: true });
      }
    });
    return object;
  }

  async #join(object: StoredObject, { uploadId, files }: Parts): Promise<void> {
    const temporary = this.temporaryPath();
    try {
      for (const [index, file] of files.entries()) {
        const source = createReadStream(this.#in('parts', uploadId, file), { highWaterMark: 1 << 20 });
        const flush = index === files.length - 1;
        await pipeline(source, createWriteStream(temporary, { flags: 'a', flush }));
      }
      const { inParts: _, ...whole } = object;
      await this.#moveToPlace(temporary, whole);
      await this.#writeSidecar(whole);
    } finally {
      await rm(temporary, { force: true });
    }
    await this.#dropParts(uploadId);
  }

  async #moveToPlace(temporary: string, { bucket, key }: StoredObject): Promise<void> {
    await mkdir(this.#in('objects', bucket), { recursive: true });
    await rename(temporary, this.#objectPath(bucket, key));
  }

  async #writeSidecar(object: StoredObject): Promise<void> {
    await mkdir(this.#in('headers', object.bucket), { recursive: true });
    await this.#writeJson(this.#sidecarPath(object.bucket, object.key), object);
  }

  async #dropParts(uploadId: string | undefined): Promise<void> {
    if (uploadId !== undefined) await rm(this.#in('parts', uploadId), { recursive: true, force: true });
  }

  async #loadUploads(): Promise<void> {
    const used = await this.#uploadsOfObjects();
    for (const name of await readdir(this.#in('uploads'))) {
      const uploadId = path.basename(name, '.json');
      try {
        if (used.has(uploadId)) throw new Error('it is completed');
        const row = JSON.parse(await readFile(this.#uploadPath(uploadId), 'utf8')) as UploadRow;
        const files = await readdir(this.#in('parts', uploadId));
        // Of two with one number the later one counts.
        const parts = files.map(partOfFileName).sort((a, b) => a.modifiedMs - b.modifiedMs);
        this.#uploads.set(uploadId, { ...row, parts: new Map(parts.map((part) => [part.number, part])) });
      } catch {
        // Its object is there, or it is not readable: then the reply to Init was never sent, and nobody knows it.
        await rm(this.#in('uploads', name), { recursive: true, force: true });
      }
    }
    for (const uploadId of await readdir(this.#in('parts'))) {
      if (!used.has(uploadId) && !this.#uploads.has(uploadId)) await this.#dropParts(uploadId);
    }
  }

  /** Ids of the uploads whose parts hold an object. */
  async #uploadsOfObjects(): Promise<Set<string>> {
    const ids = new Set<string>();
    for (const name of await readdir(this.#in('headers'), { recursive: true })) {
      if (!name.endsWith('.json')) continue;
      const object = await readObject(this.#in('headers', name));
      if (object?.inParts !== undefined) ids.add(object.inParts.uploadId);
    }
    return ids;
  }

  async #inTurn<T>(bucket: string, key: string, work: () => Promise<T>): Promise<T> {
    const name = `${bucket}/${key}`;
    const turn = (this.#turns.get(name) ?? Promise.resolve()).then(work, work);
    this.#turns.set(name, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(name) === turn) this.#turns.delete(name);
    }
  }

  async #writeJson(target: string, value: unknown): Promise<void> {
    const temporary = this.temporaryPath();
    await writeFile(temporary, JSON.stringify(value, null, 1), { flush: true });
    await rename(temporary, target);
  }

  #objectPath(bucket: string, key: string): string {
    return this.#in('objects', bucket, encodeKey(key));
  }

  #sidecarPath(bucket: string, key: string): string {
    return this.#in('headers', bucket, `${encodeKey(key)}.json`);
  }

  #uploadPath(uploadId: string): string {
    return this.#in('uploads', `${uploadId}.json`);
  }

  #in(...names: string[]): string {
    return path.join(this.#directory, ...names);
  }
}

async function readObject(sidecar: string): Promise<StoredObject | null> {
  try {
    return JSON.parse(await readFile(sidecar, 'utf8')) as StoredObject;
  } catch {
    return null;
  }
}

/** What an object of these parts is, by what is known of them. */
function contentOf(parts: readonly StoredPart[]): Pick<StoredObject, 'bytes' | 'etag' | 'crc64'> {
  const md5 = createHash('md5');
  let crc64 = '0';
  let bytes = 0;
  for (const part of parts) {
    crc64 = crc64Combine(crc64, part.crc64, part.bytes);
    md5.update(Buffer.from(part.md5, 'hex'));
    bytes += part.bytes;
  }
  return { bytes, etag: `"${md5.digest('hex')}-${parts.length}"`, crc64 };
}

/** All that is known of a part is in its file's name, so that one renaming publishes it. No two files have the same. */
function partFileName({ number, bytes, md5, crc64, modifiedMs }: Omit<StoredPart, 'file'>): string {
  return [number, bytes, md5, crc64, modifiedMs, randomUUID().slice(0, 8)].join('.');
}

function partOfFileName(file: string): StoredPart {
  const [number, bytes, md5 = '', crc64 = '', modifiedMs] = file.split('.');
  return { number: Number(number), bytes: Number(bytes), md5, crc64, modifiedMs: Number(modifiedMs), file };
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
