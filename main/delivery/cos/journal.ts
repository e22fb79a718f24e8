/**
 * What an upload remembers across restarts. The store keeps it in SQLite; every method returns only after the row is durable,
 * because the next request to COS relies on it.
 */

/** Identity of a finalized file. A file whose identity differs from the recorded one is another file: its parts must not be mixed with ours. */
export interface FileIdentity {
  /** Bytes. */
  size: number;
  /** Modification time in nanoseconds since 1970, decimal text. */
  mtimeNs: string;
  /** Inode number, decimal text. */
  inode: string;
}

/** Where and how one multipart upload was opened. */
export interface UploadHead {
  uploadId: string;
  bucket: string;
  region: string;
  key: string;
  /** Bytes of every part but the last. Frozen at Init: another part size would cut the file differently. */
  partSize: number;
  identity: FileIdentity;
}

/** One part that COS has acknowledged. */
export interface UploadedPart {
  /** 1…10,000. */
  number: number;
  /** Byte offset in the file. */
  offset: number;
  /** Bytes. */
  length: number;
  /** Lower-case hex. */
  md5: string;
  /** CRC-64/XZ of the part, decimal text. */
  crc64: string;
  /** As COS sent it, quotes included; not always the MD5. */
  etag: string;
}

export interface UploadState extends UploadHead {
  /** Ascending by number. */
  parts: UploadedPart[];
}

export interface UploadJournal {
  /** The open upload, or null when there is none. */
  load(): UploadState | null;
  /** Remembers a new upload and forgets any earlier one with its parts. Called before the first part is sent. */
  saveInit(head: UploadHead): void;
  /** Remembers an acknowledged part; a part of the same number is replaced. */
  savePart(part: UploadedPart): void;
  /** Forgets the upload and its parts. Harmless when there is none. */
  clear(): void;
}

/** A journal for tests and one-off uploads: it lives as long as the object. */
export function createMemoryJournal(): UploadJournal {
  let head: UploadHead | null = null;
  const parts = new Map<number, UploadedPart>();
  return {
    load() {
      if (head === null) return null;
      return structuredClone({ ...head, parts: [...parts.values()].sort((a, b) => a.number - b.number) });
    },
    saveInit(next) {
      head = structuredClone(next);
      parts.clear();
    },
    savePart(part) {
      parts.set(part.number, structuredClone(part));
    },
    clear() {
      head = null;
      parts.clear();
    },
  };
}
