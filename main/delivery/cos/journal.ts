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

/** Stands for a file that still grows: no file is it, so that nothing but `adopt` makes its upload one of a finished file. */
export const GROWING: FileIdentity = { size: 0, mtimeNs: '0', inode: '0' };

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

/** Where uploads of one file are opened. */
export type UploadTarget = Pick<UploadHead, 'bucket' | 'region' | 'key'>;

export interface UploadJournal {
  /** The open upload, or null when there is none. */
  load(): UploadState | null;
  /** Init is about to be asked for. Until `swept`, COS may hold uploads of this key whose ids never arrived here. */
  announce(target: UploadTarget): void;
  /** Remembers a new upload; an earlier one becomes a stray. Called before the first part is sent. */
  saveInit(head: UploadHead): void;
  /** Remembers an acknowledged part; a part of the same number is replaced. */
  savePart(part: UploadedPart): void;
  /** The file that grew while its parts were sent is finished: it is this one, and the upload holds these parts of it and no others. */
  adopt(identity: FileIdentity, kept: ReadonlySet<number>): void;
  /** Forgets the upload and its parts because COS has completed it. Harmless when there is none. */
  clear(): void;
  /** Forgets the upload and its parts and remembers its id as a stray, in one step. Harmless when there is none. */
  abandon(): void;
  /** COS does not hold this stray any more. */
  aborted(uploadId: string): void;
  /** COS has shown that it holds no upload of the announced key, and no stray of it. */
  swept(): void;
}

/** A journal for tests and one-off uploads: it lives as long as the object. */
export interface MemoryJournal extends UploadJournal {
  /** Ids of strays that COS may still hold; `?` stands for one that never arrived. */
  strays(): string[];
}

export function createMemoryJournal(): MemoryJournal {
  let head: UploadHead | null = null;
  const parts = new Map<number, UploadedPart>();
  const strays = new Set<string>();
  const forget = (): void => {
    head = null;
    parts.clear();
  };
  const abandon = (): void => {
    if (head !== null) strays.add(head.uploadId);
    forget();
  };
  return {
    load() {
      if (head === null) return null;
      return structuredClone({ ...head, parts: [...parts.values()].sort((a, b) => a.number - b.number) });
    },
    announce: () => void strays.add('?'),
    saveInit(next) {
      abandon();
      head = structuredClone(next);
    },
    savePart(part) {
      parts.set(part.number, structuredClone(part));
    },
    adopt(identity, kept) {
      if (head !== null) head = { ...head, identity };
      for (const number of parts.keys()) if (!kept.has(number)) parts.delete(number);
    },
    clear: forget,
    abandon,
    aborted: (uploadId) => void strays.delete(uploadId),
    swept: () => strays.clear(),
    strays: () => [...strays],
  };
}
