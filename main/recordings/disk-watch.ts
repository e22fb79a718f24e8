import type { Logger } from '../logging.ts';

/** How full the disks are and who is writing on them. */
export interface DiskFacts {
  /** Of the recordings' disk; null while it is away or cannot be asked. */
  freeBytes: number | null;
  /** Of the disk with database, settings and log; null while it cannot be asked. */
  dataFreeBytes: number | null;
  /** What finalizing has taken for copies and gives back when their segments go. */
  borrowedBytes: number;
  /** Recordings under way, with what copies their finalizing will need beside the segments. */
  running: readonly { id: string; copyBytes: number }[];
}

export interface DiskLimits {
  /** Of the recordings' disk. */
  reserveBytes: number;
  /** Of the disk with the database. */
  dataReserveBytes: number;
}

/** What is remembered between two looks. */
export interface DiskState {
  /** The reserve was reached and there is not clearly more free again. */
  isLow: boolean;
  /** Since when the recordings' disk is away, monotonic ms; null while it is there. */
  awaySinceMs: number | null;
}

export interface DiskVerdict {
  state: DiskState;
  /** Recordings to end now. */
  stop: readonly string[];
  /** Bytes that proven files should give up, first of all; 0 when there is room. */
  wantedBytes: number;
}

export const DISK_AT_EASE: DiskState = { isLow: false, awaySinceMs: null };
/** Beside the copies: what recordings still write while they end, rows, manifest, log. */
export const FINALIZE_MARGIN_BYTES = 64 * 1024 * 1024;
/** A disk that is away this long ends what is being recorded: a cable that is plugged in again at once does not. */
export const AWAY_GRACE_MS = 60_000;
/** Share of the reserve by which there must be more before the box takes recordings again, so that it does not take some to cut them. */
const RECOVERY_SHARE = 0.05;
/** Copies may eat into the reserve, but not down to this share of it while others go on writing. */
const FLOOR_SHARE = 0.125;

/**
 * Decides what the free space allows. At the reserve all recordings are ended, not some: ending one gives nothing back, since its
 * copy takes as much as its segments held, and every byte that another writes afterwards is missing there. Before that, a recording
 * whose copy would not fit any more ends by itself: the longest first, and the others go on.
 */
export function judgeDisk(facts: DiskFacts, limits: DiskLimits, before: DiskState, nowMs: number): DiskVerdict {
  const { running } = facts;
  const all = running.map(({ id }) => id);
  if (facts.freeBytes === null) {
    const awaySinceMs = before.awaySinceMs ?? nowMs;
    const stop = nowMs - awaySinceMs >= AWAY_GRACE_MS ? all : [];
    return { state: { isLow: before.isLow, awaySinceMs }, stop, wantedBytes: 0 };
  }
  const { reserveBytes, dataReserveBytes } = limits;
  // Copies are written by turns and replace their segments: what they take meanwhile is not lost.
  const freeBytes = facts.freeBytes + facts.borrowedBytes;
  const moreBytes = before.isLow ? 1 + RECOVERY_SHARE : 1;
  const isDataLow = facts.dataFreeBytes !== null && facts.dataFreeBytes < dataReserveBytes * moreBytes;
  const isLow = isDataLow || freeBytes < reserveBytes * moreBytes || facts.freeBytes < reserveBytes * FLOOR_SHARE;
  const mustHaveBytes = (copyBytes: number): number =>
    Math.max(reserveBytes, copyBytes + Math.min(copyBytes, FINALIZE_MARGIN_BYTES));
  const stop = isLow
    ? all
    : running.filter(({ copyBytes }) => freeBytes < mustHaveBytes(copyBytes)).map(({ id }) => id);
  const highestBytes = Math.max(reserveBytes, ...running.map(({ copyBytes }) => mustHaveBytes(copyBytes)));
  const headroomBytes = reserveBytes * RECOVERY_SHARE;
  const missingBytes = highestBytes + headroomBytes - freeBytes;
  const wantedBytes = missingBytes > 0 ? Math.ceil(missingBytes + headroomBytes) : 0;
  return { state: { isLow, awaySinceMs: null }, stop, wantedBytes };
}

/** What the watch needs from the rest of the box. Nothing of it may wait for long; `evict` bounds itself. */
export interface DiskWatchDeps {
  limits: DiskLimits;
  measure(): Promise<DiskFacts>;
  /** Frees up to about so many bytes by removing files that COS is proven to hold; resolves with what was freed. */
  evict(wantedBytes: number): Promise<number>;
  /** Ends a recording with EndReason `disk`; the wish is a row first, so this may throw. */
  stop(recordingId: string): void;
  /** Writes an event of the box; may throw. */
  note(type: string, data: Record<string, unknown>): void;
  /** There is space again, or the disk is back: what waits for it can go on. May throw. */
  onRelief(): void;
  /** Called after a look that found nothing wrong; must neither throw nor be waited for. */
  onEase?(): void;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Monotonic milliseconds. */
  nowMs(): number;
  intervals?: { runningMs: number; idleMs: number };
}

export type DiskProblem = 'DISK_RESERVE' | 'DISK_AWAY';

const INTERVALS = { runningMs: 2_000, idleMs: 10_000 };

/**
 * Looks after the disks: often while recordings run or something is wrong, now and then otherwise. Knows nothing that it could not measure again, so that
 * a restart changes nothing; a look that fails is made again at the next.
 */
export class DiskWatch {
  readonly #deps: DiskWatchDeps;
  #state: DiskState = DISK_AT_EASE;
  #facts: DiskFacts | null = null;
  #timer: NodeJS.Timeout | undefined;
  #lookAtMs = 0;
  #looking: Promise<void> | null = null;
  /** Recordings that the last look ended; they take a moment. */
  #ended: ReadonlySet<string> = new Set();
  #isStopped = false;

  constructor(deps: DiskWatchDeps) {
    this.#deps = deps;
  }

  /** Free bytes at the last look; null while the disk is away or before the first look. */
  get freeBytes(): number | null {
    return this.#facts?.freeBytes ?? null;
  }

  start(): void {
    this.#plan(0);
  }

  /** Ends the watching; resolves when a look that is under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  /** Looks and acts now; joins a look that is under way. Never rejects. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  /** Why no recording can be taken at this moment, measured now. Ends nothing and removes nothing. */
  async problems(): Promise<DiskProblem[]> {
    const facts = await this.#deps.measure();
    this.#facts = facts;
    const { state } = judgeDisk(facts, this.#deps.limits, this.#state, this.#deps.nowMs());
    // Whoever asks is about to record, or there is something to do.
    const { runningMs } = this.#deps.intervals ?? INTERVALS;
    if (this.#timer !== undefined && this.#lookAtMs > this.#deps.nowMs() + runningMs) this.#plan(runningMs);
    if (state.awaySinceMs !== null) return ['DISK_AWAY'];
    return state.isLow ? ['DISK_RESERVE'] : [];
  }

  #plan(delayMs: number): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#lookAtMs = this.#deps.nowMs() + delayMs;
    this.#timer = setTimeout(() => {
      void this.look().then(() => {
        const { runningMs, idleMs } = this.#deps.intervals ?? INTERVALS;
        const isAtEase = this.#state.awaySinceMs === null && !this.#state.isLow;
        this.#plan(isAtEase && this.#facts?.running.length === 0 ? idleMs : runningMs);
      });
    }, delayMs);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const { limits, measure, evict, log, nowMs, onEase } = this.#deps;
    try {
      let facts = await measure();
      let verdict = judgeDisk(facts, limits, this.#state, nowMs());
      if (verdict.wantedBytes > 0 && (await evict(verdict.wantedBytes)) > 0) {
        facts = await measure();
        verdict = judgeDisk(facts, limits, this.#state, nowMs());
      }
      this.#facts = facts;
      this.#change(verdict.state, facts);
      for (const id of verdict.stop) this.#stop(id, facts);
      this.#ended = new Set(verdict.stop);
      if (verdict.wantedBytes === 0 && verdict.state.awaySinceMs === null) onEase?.();
    } catch (error) {
      log.error({ err: error }, 'the disks could not be looked after; trying again');
    }
  }

  #stop(id: string, { freeBytes, running }: DiskFacts): void {
    try {
      this.#deps.stop(id);
      const copyBytes = running.find((one) => one.id === id)?.copyBytes;
      if (!this.#ended.has(id)) this.#deps.log.warn({ recordingId: id, freeBytes, copyBytes }, 'ended for the disk');
    } catch (error) {
      // Without its row the wish does not count; the next look wishes it again.
      this.#deps.log.error({ recordingId: id, err: error }, 'a recording could not be ended for the disk');
    }
  }

  #change(state: DiskState, { freeBytes, dataFreeBytes }: DiskFacts): void {
    const before = this.#state;
    this.#state = state;
    const wasAway = before.awaySinceMs !== null;
    const isAway = state.awaySinceMs !== null;
    const facts = { freeBytes, dataFreeBytes, ...this.#deps.limits };
    if (isAway && !wasAway) this.#tell('warn', 'diskAway', facts, 'the disk of the recordings is away');
    if (wasAway && !isAway) this.#tell('info', 'diskBack', facts, 'the disk of the recordings is back');
    if (state.isLow && !before.isLow) this.#tell('warn', 'diskReserve', facts, 'the disk reserve is reached');
    if (!state.isLow && before.isLow) this.#tell('info', 'diskRecovered', facts, 'there is disk space again');
    if ((wasAway && !isAway) || (!state.isLow && before.isLow)) this.#deps.onRelief();
  }

  #tell(level: 'info' | 'warn', type: string, facts: Record<string, unknown>, message: string): void {
    this.#deps.log[level](facts, message);
    try {
      this.#deps.note(type, facts);
    } catch (error) {
      this.#deps.log.error({ err: error, type }, 'an event of the disk could not be written');
    }
  }
}
