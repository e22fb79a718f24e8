import type { LogRecord } from './log.ts';

/**
 * What a disk holds after a power cut. A disk promises only what was synced: bytes and length of a file by a sync of the file, its name by
 * a sync of its directory. Everything else may be there, in part, or not at all.
 *
 * - `everything`: no power cut, every change is there.
 * - `syncedOnly`: nothing unsynced survives, neither bytes nor names: a new file in an unsynced directory is gone, a rename undone.
 * - `namesAndLengths`: all names and lengths survive, unsynced bytes are zeros (delayed allocation after a journal replay).
 * - `namesOnly`: all names survive, files have their synced bytes and length.
 * - `someSectors`: names up to a random moment survive; each sector of a file holds what was in it at some moment since the last sync,
 *   and so does the length.
 */
export type CutRule = 'everything' | 'syncedOnly' | 'namesAndLengths' | 'namesOnly' | 'someSectors';

export const CUT_RULES = ['syncedOnly', 'namesAndLengths', 'namesOnly', 'someSectors'] as const satisfies CutRule[];

/** Relative names with the content of files, or null for directories. Parents come before their children. */
export type DiskImage = Map<string, Buffer | null>;

/** Something that was there before; `content` is null for directories. Parents come before their children. */
export interface InitialEntry {
  name: string;
  inode: number;
  content: Buffer | null;
}

type FileChange = { at: number } & ({ offset: number; bytes: Buffer } | { size: number });

interface FileNode {
  kind: 'file';
  synced: Buffer;
  /** Since the last sync, oldest first. */
  unsynced: FileChange[];
}

interface DirectoryNode {
  kind: 'directory';
  now: Map<string, Node>;
  synced: Map<string, Node>;
}

type Node = FileNode | DirectoryNode;

/** A change of names: one removal, one addition, or both at once for a rename. */
interface NameChange {
  at: number;
  remove?: { from: DirectoryNode; name: string };
  add?: { to: DirectoryNode; name: string; node: Node };
}

type NameRecord = Exclude<LogRecord, { kind: 'written' | 'truncated' | 'syncBegun' | 'syncEnded' }>;

const SECTOR_BYTES = [512, 4096] as const;

/** Follows a log record by record; `image` may be asked at any moment. */
export class Disk {
  readonly #root: DirectoryNode = { kind: 'directory', now: new Map(), synced: new Map() };
  readonly #byInode = new Map<number, Node>();
  readonly #syncs = new Map<string, { node: Node; upTo: number }>();
  #names: NameChange[] = [];
  #at = 0;

  /** `initial`: what lay there, synced, before the log began; the recorded directory itself has the name ''. */
  constructor(initial: readonly InitialEntry[] = []) {
    for (const { name, inode, content } of initial) {
      const node: Node = content ? { kind: 'file', synced: content, unsynced: [] } : emptyDirectory();
      this.#byInode.set(inode, name === '' ? this.#root : node);
      if (name === '') continue;
      const place = this.#place(name);
      place.to.now.set(place.name, node);
      place.to.synced.set(place.name, node);
    }
  }

  apply(record: LogRecord): void {
    this.#at += 1;
    if (record.kind === 'syncBegun') {
      this.#syncs.set(record.sync, { node: this.#node(record.inode), upTo: this.#at });
    } else if (record.kind === 'syncEnded') {
      this.#endSync(record.sync);
    } else if (record.kind === 'written') {
      this.#change(record.inode, { at: this.#at, offset: record.offset, bytes: record.bytes });
    } else if (record.kind === 'truncated') {
      this.#change(record.inode, { at: this.#at, size: record.size });
    } else {
      this.#applyName(record);
    }
  }

  /** The disk as a power cut at this moment would leave it. `random` gives numbers in [0, 1). */
  image(rule: CutRule, random: () => number): DiskImage {
    const names = new Map<DirectoryNode, Map<string, Node>>();
    const entries = (directory: DirectoryNode): Map<string, Node> => {
      const known = names.get(directory) ?? new Map(directory.synced);
      names.set(directory, known);
      return known;
    };
    const kept =
      rule === 'syncedOnly' ? 0 : rule === 'someSectors' ? Math.floor(random() * (this.#names.length + 1)) : Infinity;
    for (const { remove, add } of this.#names.slice(0, kept)) {
      if (remove) entries(remove.from).delete(remove.name);
      if (add) entries(add.to).set(add.name, add.node);
    }
    const image: DiskImage = new Map();
    const sectorBytes = SECTOR_BYTES[Math.floor(random() * SECTOR_BYTES.length)] ?? 512;
    const walk = (directory: DirectoryNode, prefix: string): void => {
      for (const [name, node] of entries(directory)) {
        const full = prefix === '' ? name : `${prefix}/${name}`;
        image.set(full, node.kind === 'file' ? bytesOf(node, rule, random, sectorBytes) : null);
        if (node.kind === 'directory') walk(node, full);
      }
    };
    walk(this.#root, '');
    return image;
  }

  #applyName(record: NameRecord): void {
    switch (record.kind) {
      case 'created':
        this.#create(record.name, record.inode, { kind: 'file', synced: Buffer.alloc(0), unsynced: [] });
        break;
      case 'directoryMade':
        this.#create(record.name, record.inode, emptyDirectory());
        break;
      case 'unlinked':
      case 'directoryRemoved':
        this.#rename({ remove: this.#existing(record.name) });
        break;
      case 'renamed': {
        const remove = this.#existing(record.from);
        this.#rename({ remove, add: { ...this.#place(record.to), node: remove.node } });
        break;
      }
      case 'linked':
        this.#rename({ add: { ...this.#place(record.to), node: this.#existing(record.from).node } });
        break;
    }
  }

  #node(inode: number): Node {
    const node = this.#byInode.get(inode);
    if (!node) throw new Error(`inode ${inode} was never created`);
    return node;
  }

  #place(full: string): { to: DirectoryNode; name: string } {
    const parts = full.split('/');
    const name = parts.pop() ?? '';
    let to = this.#root;
    for (const part of parts) {
      const next = to.now.get(part);
      if (next?.kind !== 'directory') throw new Error(`${full} lies in no directory`);
      to = next;
    }
    return { to, name };
  }

  #existing(full: string): { from: DirectoryNode; name: string; node: Node } {
    const { to: from, name } = this.#place(full);
    const node = from.now.get(name);
    if (!node) throw new Error(`there is no ${full}`);
    return { from, name, node };
  }

  #create(full: string, inode: number, node: Node): void {
    this.#byInode.set(inode, node);
    this.#rename({ add: { ...this.#place(full), node } });
  }

  #change(inode: number, change: FileChange): void {
    const node = this.#node(inode);
    if (node.kind !== 'file') throw new Error('a directory was written to');
    node.unsynced.push(change);
  }

  #rename(change: Omit<NameChange, 'at'>): void {
    const { remove, add } = change;
    if (remove) remove.from.now.delete(remove.name);
    if (add) add.to.now.set(add.name, add.node);
    this.#names.push({ ...change, at: this.#at });
  }

  #endSync(sync: string): void {
    const begun = this.#syncs.get(sync);
    if (!begun) throw new Error(`sync ${sync} ended without having begun`);
    this.#syncs.delete(sync);
    const { node, upTo } = begun;
    if (node.kind === 'file') {
      const safe = node.unsynced.filter(({ at }) => at <= upTo);
      node.synced = applied(node.synced, safe);
      node.unsynced = node.unsynced.filter(({ at }) => at > upTo);
      return;
    }
    // A rename between two directories is one step of the journal: a sync of either makes it safe.
    const isSafe = ({ at, remove, add }: NameChange) => at <= upTo && (remove?.from === node || add?.to === node);
    for (const { remove, add } of this.#names.filter(isSafe)) {
      if (remove) remove.from.synced.delete(remove.name);
      if (add) add.to.synced.set(add.name, add.node);
    }
    this.#names = this.#names.filter((change) => !isSafe(change));
  }
}

function emptyDirectory(): DirectoryNode {
  return { kind: 'directory', now: new Map(), synced: new Map() };
}

function bytesOf(file: FileNode, rule: CutRule, random: () => number, sectorBytes: number): Buffer {
  switch (rule) {
    case 'everything':
      return applied(file.synced, file.unsynced);
    case 'syncedOnly':
    case 'namesOnly':
      return file.synced;
    case 'namesAndLengths': {
      const now = applied(file.synced, file.unsynced);
      const bytes = Buffer.alloc(now.length);
      file.synced.copy(bytes);
      return bytes;
    }
    case 'someSectors':
      return tornBytes(file, random, sectorBytes);
  }
}

/** Content after some changes. */
function applied(content: Buffer, changes: readonly FileChange[]): Buffer {
  if (changes.length === 0) return content;
  let length = content.length;
  let capacity = length;
  for (const change of changes) {
    length = 'size' in change ? change.size : Math.max(length, change.offset + change.bytes.length);
    capacity = Math.max(capacity, length);
  }
  const bytes = Buffer.alloc(capacity);
  content.copy(bytes);
  let end = content.length;
  for (const change of changes) {
    if ('size' in change) {
      bytes.fill(0, change.size, Math.max(end, change.size));
      end = change.size;
    } else {
      change.bytes.copy(bytes, change.offset);
      end = Math.max(end, change.offset + change.bytes.length);
    }
  }
  return Buffer.from(bytes.subarray(0, length));
}

/** Every sector, and the length, as they were after a random number of the unsynced changes: a disk writes back in any order. */
function tornBytes(file: FileNode, random: () => number, sectorBytes: number): Buffer {
  const { synced, unsynced } = file;
  if (unsynced.length === 0) return synced;
  const moment = () => Math.floor(random() * (unsynced.length + 1));
  const { length } = applied(synced, unsynced.slice(0, moment()));
  const bytes = Buffer.alloc(length);
  const versions = new Map<number, Buffer>();
  for (let at = 0; at < length; at += sectorBytes) {
    const kept = moment();
    const version = versions.get(kept) ?? applied(synced, unsynced.slice(0, kept));
    versions.set(kept, version);
    if (at < version.length) version.copy(bytes, at, at, Math.min(at + sectorBytes, version.length));
  }
  return bytes;
}
