import { REMEDIES } from '../shared/texts/remedies.ts';

/** What is wrong with a disk, in the words that rows, API and remedies share. */
export const DISK_FAULTS = ['DISK_FULL', 'DISK_READ_ONLY', 'DISK_DENIED', 'DISK_ERROR', 'DISK_AWAY'] as const;
export type DiskFault = (typeof DISK_FAULTS)[number];

/** What somebody can do about a fault of the disk; everything goes on by itself afterwards. */
export const DISK_REMEDIES: Readonly<Record<DiskFault, string>> = {
  DISK_FULL: REMEDIES.diskFull.en,
  DISK_READ_ONLY: REMEDIES.diskReadOnly.en,
  DISK_DENIED: REMEDIES.diskDenied.en,
  DISK_ERROR: REMEDIES.diskError.en,
  DISK_AWAY: REMEDIES.diskAway.en,
};

/** The folder of the recordings, or of one of them, is not there: its disk may only be away. */
export class DiskAwayError extends Error {
  readonly code = 'DISK_AWAY';
  constructor(message: string) {
    super(message);
    this.name = 'DiskAwayError';
  }
}

const FAULT_OF_CODE: Readonly<Record<string, DiskFault>> = {
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
  EFBIG: 'DISK_FULL',
  EROFS: 'DISK_READ_ONLY',
  EACCES: 'DISK_DENIED',
  EPERM: 'DISK_DENIED',
  EIO: 'DISK_ERROR',
  ENXIO: 'DISK_ERROR',
  ENODEV: 'DISK_ERROR',
  ESTALE: 'DISK_ERROR',
  ENOTCONN: 'DISK_ERROR',
  EUCLEAN: 'DISK_ERROR',
};

/** Codes of SQLite come with details behind them: SQLITE_IOERR_FSYNC, SQLITE_READONLY_DBMOVED. */
const FAULT_OF_SQLITE: readonly (readonly [string, DiskFault])[] = [
  ['SQLITE_FULL', 'DISK_FULL'],
  ['SQLITE_READONLY', 'DISK_READ_ONLY'],
  ['SQLITE_IOERR', 'DISK_ERROR'],
  ['SQLITE_CANTOPEN', 'DISK_ERROR'],
];

/** The fault that a code of the system or of SQLite stands for; null when the disk is not to blame. */
export function diskFaultOfCode(code: string): DiskFault | null {
  const own = DISK_FAULTS.find((fault) => fault === code);
  return own ?? FAULT_OF_CODE[code] ?? FAULT_OF_SQLITE.find(([prefix]) => code.startsWith(prefix))?.[1] ?? null;
}

/** The fault behind an error or behind what caused it; null when the disk is not to blame. */
export function diskFaultOf(error: unknown): DiskFault | null {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    const fault = 'code' in at && typeof at.code === 'string' ? diskFaultOfCode(at.code) : null;
    if (fault !== null) return fault;
  }
  return null;
}

/** Whether an error comes from a disk or a database that may be well again in a while. */
export function maySubside(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return diskFaultOf(error) !== null || code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED');
}

export interface StartPatience {
  log: { error(facts: object, message: string): void };
  sleep(durationMs: number): Promise<void>;
}

const START_RETRY_MS = 5_000;
/** Faults that pass without anybody changing the box's own set-up; the others end a start with their message. */
const PASSING: readonly DiskFault[] = ['DISK_FULL', 'DISK_READ_ONLY', 'DISK_ERROR', 'DISK_AWAY'];
/** Between two lines about the same fault: every twelfth try is once a minute. */
const TRIES_PER_LINE = 12;

/**
 * Starts something that needs its disk, again and again while the disk is full, read-only or broken: a box that left instead would be
 * started over and over by its service manager, or by nobody. Rejects with any other error.
 */
export async function startOnceDiskAllows<T>(start: () => Promise<T>, { log, sleep }: StartPatience): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await start();
    } catch (error) {
      const fault = diskFaultOf(error);
      if (fault === null || !PASSING.includes(fault)) throw error;
      if (tries % TRIES_PER_LINE === 0) {
        log.error(
          { err: error, fault, remedy: DISK_REMEDIES[fault] },
          'the disk keeps the box from starting; it waits',
        );
      }
      await sleep(START_RETRY_MS);
    }
  }
}
