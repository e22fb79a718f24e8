import { readdir, stat, statfs } from 'node:fs/promises';
import path from 'node:path';
import { DiskAwayError } from '../disk-fault.ts';
import { ensureDirectory } from '../durable-directory.ts';

/** The file functions needed; replaceable, so that disks can be full, broken and away in tests. */
export interface DiskProbe {
  /** Number of the device that a path lies on; rejects when there is nothing at the path. */
  device(place: string): Promise<number>;
  /** Bytes that the box's user may still write. */
  freeBytes(place: string): Promise<number>;
  /** How large the whole disk is; the system's answer when absent. */
  totalBytes?(place: string): Promise<number>;
  /** Creates a folder with its parents. */
  create(directory: string): Promise<void>;
  /** Whether a folder holds nothing; rejects when it is not there. */
  isEmpty(directory: string): Promise<boolean>;
}

/** The real disks. */
export const systemProbe: DiskProbe = {
  device: async (place) => (await stat(place)).dev,
  freeBytes: async (place) => {
    const { bavail, bsize } = await statfs(place);
    return bavail * bsize;
  },
  totalBytes: async (place) => {
    const { blocks, bsize } = await statfs(place);
    return blocks * bsize;
  },
  create: async (directory) => ensureDirectory(directory),
  isEmpty: async (directory) => (await readdir(directory)).length === 0,
};

/** Facts that outlive the process. */
export interface Memory {
  get(key: string): string | null;
  set(key: string, value: string): void;
}

/** Where a folder's disk was mounted when the box last saw it. */
interface Mount {
  directory: string;
  mountPoint: string;
}

const MOUNT_FACT = 'recordings_mount';

/**
 * The disk that recordings lie on. It may be unplugged and come back: while it is away nobody may take its empty mount point for an
 * empty disk, write beside it, or think that files are lost.
 */
export class RecordingsDisk {
  readonly directory: string;
  readonly #probe: DiskProbe;
  readonly #memory: Memory;
  #mountPoint: string | null = null;
  /** The mount was seen gone and has not been seen since. */
  #isLost = false;

  constructor(directory: string, memory: Memory, probe: DiskProbe = systemProbe) {
    this.directory = path.resolve(directory);
    this.#memory = memory;
    this.#probe = probe;
  }

  /**
   * At start: creates the folder, unless the disk on which it used to lie is not mounted. Rejects when the folder cannot be created
   * for another reason.
   */
  async open(): Promise<'present' | 'away'> {
    const before = this.#remembered();
    if (before && (await this.#isUnmounted(before.mountPoint))) {
      this.#mountPoint = before.mountPoint;
      this.#isLost = true;
      return 'away';
    }
    try {
      await this.#probe.create(this.directory);
    } catch (error) {
      // A drive that is not there has no folders to create one in.
      if (codeOf(error) === 'ENOENT') return 'away';
      throw error;
    }
    this.#isLost = false;
    this.#mountPoint = await this.#findMountPoint();
    if (before?.mountPoint !== this.#mountPoint) {
      const mount: Mount = { directory: this.directory, mountPoint: this.#mountPoint };
      this.#memory.set(MOUNT_FACT, JSON.stringify(mount));
    }
    return 'present';
  }

  /** Whether the folder is out of reach now. A disk that was gone and came back new and empty gets its folder. */
  async isAway(): Promise<boolean> {
    const mountPoint = this.#mountPoint;
    if (mountPoint === null) return (await this.open()) === 'away';
    if (await this.#isUnmounted(mountPoint)) {
      this.#isLost = true;
      return true;
    }
    if (!(await this.#isMissing(this.directory))) {
      this.#isLost = false;
      return false;
    }
    // A folder that vanished from a disk that stayed was moved by somebody who may bring it back: nothing takes its place.
    return !this.#isLost || (await this.open()) === 'away';
  }

  /** Whether a folder of the recordings is out of reach: with the whole disk, or alone. */
  async isFolderAway(folder: string): Promise<boolean> {
    return (await this.isAway()) || (await this.#isMissing(folder));
  }

  /** Size of the whole disk; null where it is not known. Rejects when there is nothing at its place. */
  async totalBytes(): Promise<number | null> {
    return (await this.#probe.totalBytes?.(this.directory)) ?? null;
  }

  /** Bytes that may still be written; rejects with `DiskAwayError` while the disk is away. */
  async freeBytes(): Promise<number> {
    if (await this.isAway()) throw new DiskAwayError(`the folder ${path.basename(this.directory)} is missing`);
    return await this.#probe.freeBytes(this.directory);
  }

  async #isMissing(place: string): Promise<boolean> {
    try {
      await this.#probe.device(place);
      return false;
    } catch {
      return true;
    }
  }

  #remembered(): Mount | null {
    const text = this.#memory.get(MOUNT_FACT);
    if (text === null) return null;
    const { directory, mountPoint } = JSON.parse(text) as Partial<Mount>;
    return directory === this.directory && mountPoint !== undefined ? { directory, mountPoint } : null;
  }

  /**
   * A mount point lies on another device than its parent; the root of all has no parent and is always there. What is mounted no more
   * leaves an empty folder, or none; one with files in it was put there by somebody who moved them.
   */
  async #isUnmounted(mountPoint: string): Promise<boolean> {
    const parent = path.dirname(mountPoint);
    if (parent === mountPoint) return false;
    try {
      if ((await this.#probe.device(mountPoint)) !== (await this.#probe.device(parent))) return false;
      return await this.#probe.isEmpty(this.directory);
    } catch {
      return true;
    }
  }

  async #findMountPoint(): Promise<string> {
    const device = await this.#probe.device(this.directory);
    let place = this.directory;
    for (let parent = path.dirname(place); parent !== place; parent = path.dirname(place)) {
      if ((await this.#probe.device(parent)) !== device) break;
      place = parent;
    }
    return place;
  }
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
