import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '../logging.ts';
import type { Settings } from '../settings/settings.ts';
import type { ProvenFile } from '../store/files.ts';
import type { Store } from '../store/store.ts';

/** What COS says of an object just before its local copy goes. */
export type ObjectAnswer =
  /** Size and CRC-64 are those of the row. */
  | 'same'
  | 'gone'
  | 'different'
  /** The line or COS is away at the moment. */
  | 'offline'
  /** COS will not tell this box: its keys are missing or not allowed to look. */
  | 'denied';

/** The file functions needed; replaceable, so that every one of them can be made to fail. */
export interface RetentionFiles {
  /** Bytes of a file; rejects with the system's error. */
  size(file: string): Promise<number>;
  remove(file: string): Promise<void>;
}

export const realRetentionFiles: RetentionFiles = {
  size: async (file) => (await stat(file)).size,
  remove: async (file) => await rm(file),
};

export interface RetentionDeps {
  store: Pick<Store, 'files' | 'events' | 'transaction'>;
  settings: Settings['retention'];
  /** Whether a folder of the recordings is out of reach, with its disk or alone. */
  isFolderAway(folder: string): Promise<boolean>;
  /** Asks COS for an object; never rejects, and answers `offline` when the signal aborts. */
  confirm(file: ProvenFile, signal: AbortSignal): Promise<ObjectAnswer>;
  /** Wall clock, ms since 1970. */
  now(): number;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
  files?: RetentionFiles;
}

const DAY_MS = 24 * 3_600_000;
/** Rows looked at in one go. */
const BATCH = 500;
/** COS gets this long for its answer about one file. */
const CONFIRM_TIMEOUT_MS = 5_000;
/** Making room bounds itself: whoever asks for space is about to run out of it. */
const MAKE_ROOM_MS = 15_000;
/** A file that must stay although its turn has come is looked at again after this. */
const ASK_AGAIN_MS = 24 * 3_600_000;

/** Files whose time is over by the policy, those of the oldest recordings first. `files` come in that order, too. */
export function expiredFiles(
  files: readonly ProvenFile[],
  { policy, keepDays, keepBytes }: Settings['retention'],
  nowMs: number,
): ProvenFile[] {
  switch (policy) {
    case 'keepAll':
      return [];
    case 'keepDays':
      return files.filter(({ endedAtMs }) => nowMs - endedAtMs > keepDays * DAY_MS);
    case 'keepGb': {
      const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
      return untilFreed(files, totalBytes - keepBytes);
    }
  }
}

/** As few of the first files as are needed to free so many bytes. */
function untilFreed(files: readonly ProvenFile[], wantedBytes: number): ProvenFile[] {
  let freedBytes = 0;
  return files.filter(({ bytes }) => {
    if (freedBytes >= wantedBytes) return false;
    freedBytes += bytes;
    return true;
  });
}

/**
 * Gives up local files that COS is proven to hold, and nothing else: rows name them, so that what no row knows is never touched. The
 * proof is asked for again right before a file goes; where COS cannot be asked the proof in the row counts, by age only once the
 * line is there, for space at once. Manifests stay.
 */
export class Retention {
  readonly #deps: RetentionDeps;
  readonly #files: RetentionFiles;
  /** Until when files are left alone that had to stay, by recording and index. */
  readonly #kept = new Map<string, number>();

  constructor(deps: RetentionDeps) {
    this.#deps = deps;
    this.#files = deps.files ?? realRetentionFiles;
  }

  /** Removes what an earlier box had given up but did not come to remove. Rejects when the rows cannot be read. */
  async finishEarlier(): Promise<void> {
    const { store, now } = this.#deps;
    for (const { localPath } of store.files.evictedSince(now() - 7 * DAY_MS)) {
      await this.#files.remove(localPath).catch(() => {});
    }
  }

  /** Gives up what the policy says. Returns the bytes that were freed. Rejects when rows cannot be read or written. */
  async applyPolicy(signal: AbortSignal): Promise<number> {
    const { settings, now } = this.#deps;
    if (settings.policy === 'keepAll') return 0;
    const expired = expiredFiles(this.#candidates(Number.MAX_SAFE_INTEGER), settings, now());
    return await this.#evict(expired, Number.POSITIVE_INFINITY, settings.policy, signal);
  }

  /** Gives up the oldest proven files until about so many bytes are free, where the settings allow it; bounded in time. */
  async makeRoom(wantedBytes: number): Promise<number> {
    if (!this.#deps.settings.evictAtReserve) return 0;
    return await this.#evict(this.#candidates(BATCH), wantedBytes, 'reserve', AbortSignal.timeout(MAKE_ROOM_MS));
  }

  #candidates(limit: number): ProvenFile[] {
    const nowMs = this.#deps.now();
    return this.#deps.store.files.proven(limit).filter((file) => (this.#kept.get(keyOf(file)) ?? 0) <= nowMs);
  }

  async #evict(files: readonly ProvenFile[], wantedBytes: number, why: string, signal: AbortSignal): Promise<number> {
    let freedBytes = 0;
    let isOffline = false;
    for (const file of files) {
      if (signal.aborted || freedBytes >= wantedBytes) break;
      if (!(await this.#isHere(file))) continue;
      const answer: ObjectAnswer = isOffline ? 'offline' : await this.#confirm(file, signal);
      isOffline = answer === 'offline';
      // What has time waits for the line, so that the proof can be asked for.
      if (isOffline && why !== 'reserve') break;
      if (answer === 'gone' || answer === 'different') this.#keep(file, answer);
      else if (await this.#remove(file, why, answer)) freedBytes += file.bytes;
    }
    return freedBytes;
  }

  async #confirm(file: ProvenFile, signal: AbortSignal): Promise<ObjectAnswer> {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(CONFIRM_TIMEOUT_MS)]);
    return await this.#deps.confirm(file, bounded);
  }

  /** Whether the file is on the disk as the row knows it. */
  async #isHere(file: ProvenFile): Promise<boolean> {
    try {
      if ((await this.#files.size(file.localPath)) === file.bytes) return true;
      this.#keep(file, 'localDiffers');
    } catch (error) {
      if (this.#isGivenUp(file)) return false;
      const isMissing = codeOf(error) === 'ENOENT' && !(await this.#deps.isFolderAway(path.dirname(file.localPath)));
      // Somebody removed it by hand: the row should say so, and it must not be asked about for ever.
      if (isMissing) this.#note(file, 'removedByHand', 'unasked');
    }
    return false;
  }

  /** The row first: a file that is still there after a crash is removed at the next start. */
  async #remove(file: ProvenFile, why: string, answer: ObjectAnswer): Promise<boolean> {
    if (this.#isGivenUp(file)) return false;
    this.#note(file, why, answer);
    try {
      await this.#files.remove(file.localPath);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') {
        this.#deps.store.files.update(file.recordingId, file.fileIndex, { evictedAtMs: null });
        this.#keep(file, codeOf(error) ?? 'unknown error');
        return false;
      }
    }
    const { recordingId, bytes } = file;
    this.#deps.log.info({ recordingId, bytes, why, proof: answer }, 'local file given up: COS holds it');
    return true;
  }

  /** Whether the row says so by now: room may be made while the policy is being applied. */
  #isGivenUp({ recordingId, fileIndex }: ProvenFile): boolean {
    const row = this.#deps.store.files.list(recordingId).find((file) => file.fileIndex === fileIndex);
    return row === undefined || row.evictedAtMs !== null;
  }

  #note({ recordingId, fileIndex, bytes, crc64 }: ProvenFile, why: string, answer: ObjectAnswer | 'unasked'): void {
    const { store, now } = this.#deps;
    const proof = answer === 'same' ? 'askedNow' : 'atUpload';
    store.transaction(() => {
      store.files.update(recordingId, fileIndex, { evictedAtMs: now() });
      store.events.append('evicted', recordingId, { file: fileIndex, bytes, crc64, why, proof });
    });
  }

  #keep(file: ProvenFile, reason: string): void {
    const { store, now, log } = this.#deps;
    this.#kept.set(keyOf(file), now() + ASK_AGAIN_MS);
    const { recordingId, fileIndex, bytes } = file;
    log.warn({ recordingId, file: fileIndex, bytes, reason }, 'a local file is kept although its turn has come');
    store.events.append('evictionRefused', recordingId, { file: fileIndex, bytes, reason });
  }
}

function keyOf({ recordingId, fileIndex }: ProvenFile): string {
  return `${recordingId} ${fileIndex}`;
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
