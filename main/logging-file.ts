import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import buildRollingFile from 'pino-roll';

/** What writes the lines of one log file; `error` events tell of lines that could not be written. */
export interface LineFile {
  write(line: string): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  once(event: 'close', listener: () => void): unknown;
  end(): void;
  destroy(): void;
}

/** Opens the newest log file or the next one; rejects when that is not possible. */
export type OpenLineFile = (folder: string) => Promise<LineFile>;

const ROLL_AT_MEGABYTES = 20;
const KEPT_FILES = 14;
/** A file that could not be opened or written is opened anew after this, when there is a line to write. */
const REOPEN_AFTER_MS = 5_000;

/** The real one: numbered files, a new one each day and from 20 MB on; the oldest go. */
export const openRollingFile: OpenLineFile = async (folder) => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Synchronous on purpose: the lines before a crash are the ones that matter.
  return await buildRollingFile({
    file: join(folder, 'box'),
    extension: '.log',
    frequency: 'daily',
    size: ROLL_AT_MEGABYTES,
    limit: { count: KEPT_FILES, removeOtherLogFiles: true },
    mode: 0o600,
    sync: true,
  });
};

/**
 * The log's files, whatever the disk does: a disk that is full, read-only or gone costs lines, never a recording and never memory.
 * Lines that are lost are counted, and the first line that can be written again tells how many.
 */
export class LogFile {
  readonly #folder: string;
  readonly #open: OpenLineFile;
  readonly #nowMs: () => number;
  #file: LineFile | null = null;
  #opening: Promise<void> | null = null;
  #isClosed = false;
  #lostLines = 0;
  #lastReason = '';
  #failedAtMs = Number.NEGATIVE_INFINITY;

  /** @param nowMs monotonic */
  constructor(folder: string, open: OpenLineFile = openRollingFile, nowMs: () => number = () => performance.now()) {
    this.#folder = folder;
    this.#open = open;
    this.#nowMs = nowMs;
  }

  /** Resolves when the file is open or cannot be opened now; never rejects. */
  async open(): Promise<void> {
    this.#opening ??= this.#reopen().finally(() => {
      this.#opening = null;
    });
    await this.#opening;
  }

  /** Lines that went nowhere since the last one that was written. */
  get lostLines(): number {
    return this.#lostLines;
  }

  /** Never throws. */
  write(line: string): void {
    if (this.#file === null) {
      this.#lostLines += 1;
      if (!this.#isClosed && this.#nowMs() - this.#failedAtMs >= REOPEN_AFTER_MS) void this.open();
      return;
    }
    try {
      this.#file.write(line);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Resolves when the file is closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening;
    const file = this.#file;
    this.#file = null;
    if (file === null) return;
    await new Promise<void>((resolve) => {
      file.once('close', resolve);
      try {
        file.end();
      } catch {
        resolve();
      }
    });
  }

  async #reopen(): Promise<void> {
    try {
      const file = await this.#open(this.#folder);
      file.on('error', (error) => {
        if (this.#file === file) this.#fail(error);
      });
      this.#file = file;
      this.#tellLost();
    } catch (error) {
      this.#failedAtMs = this.#nowMs();
      this.#lastReason = reasonOf(error);
    }
  }

  #tellLost(): void {
    if (this.#lostLines === 0) return;
    const [lostLines, reason] = [this.#lostLines, this.#lastReason];
    this.#lostLines = 0;
    const line = { level: 40, time: new Date().toISOString(), lostLines, reason, msg: 'lines of the log were lost' };
    this.write(`${JSON.stringify(line)}\n`);
    // The telling itself may be what could not be written.
    if (this.#file === null) this.#lostLines += lostLines - 1;
  }

  /** The file keeps what it could not write and would keep all that follows: it is let go and opened anew later. */
  #fail(error: unknown): void {
    const file = this.#file;
    this.#file = null;
    this.#lostLines += 1;
    this.#lastReason = reasonOf(error);
    this.#failedAtMs = this.#nowMs();
    try {
      file?.destroy();
    } catch {
      // It is of no use any more.
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
