import type { RecordingState } from '../../shared/recording.ts';
import { LINE_REMEDIES } from '../../shared/texts/remedies.ts';
import type { Logger } from '../logging.ts';
import type { RecordingRow } from '../store/rows.ts';
import type { Clock, Timeout } from './clock.ts';
import { runOnce } from './one-try.ts';
import { type DeliveryStore, settle } from './settle.ts';
import {
  DELIVERY_STATES,
  type DeliveryState,
  LONGEST_WAIT_MS,
  type Outcome,
  type Step,
  type StepProgress,
} from './steps.ts';

/** How the runner treats one kind of step. */
export interface StepPlan {
  run: Step;
  /** How many recordings may be in this step at a time. */
  parallel: number;
  /** A try that neither settles nor reports for this long is aborted. */
  stallMs: number;
}

export interface RunnerOptions {
  store: DeliveryStore;
  steps: Readonly<Record<DeliveryState, StepPlan>>;
  clock: Clock;
  /** 0 ≤ x < 1. */
  random: () => number;
  log: Logger;
  /** Called after a try's outcome is on disk. */
  onSettled?: (recordingId: string, state: DeliveryState, outcome: Outcome) => void;
  /** How long an aborted try may take to settle before it is given up. */
  abortGraceMs?: number;
}

/** Carries recordings through finalize, upload and notify. What it knows in memory is only a cache of the rows. */
export interface Runner {
  start(): void;
  /** Looks for due recordings now: call it after a recording entered a delivery state. */
  wake(): void;
  /** Makes a waiting or blocked recording due now. @returns false when it is in no delivery state or a try is still at work. */
  retryNow(recordingId: string): boolean;
  /** Like `retryNow`, or right after the try that is at work: what it found out may be old. @returns false when it is in no delivery state. */
  retrySoon(recordingId: string): boolean;
  /** Makes all waiting and blocked recordings due now, and those at work right after: settings or keys were changed. @returns how many. */
  retryAll(): number;
  /** Makes those due that wait for the line, without forgetting how often they tried. */
  lineIsBack(): void;
  /** Aborts the try under way, if there is one, and resolves when it has settled or was given up. It may be due again at once. */
  abandon(recordingId: string): Promise<void>;
  /** Progress of the try under way; undefined when none is. */
  progress(recordingId: string): StepProgress | undefined;
  /** Takes in nothing more, aborts what runs and resolves when all of it has settled or `withinMs` is over. */
  stop(withinMs?: number): Promise<void>;
}

const ABORT_GRACE_MS = 5000;
const STOP_WITHIN_MS = 8000;
/** A try that ignored its abort may still be at work: it gets this long before another one is allowed. */
const HUNG_RETRY_MS = 15 * 60_000;
/** Timers do not follow a changed wall clock or a machine asleep, so due times are looked at again at least this often. */
const LONGEST_SLEEP_MS = 15_000;
/** Pause after the store failed, so that a full disk does not keep the processor busy. */
const STORE_RETRY_MS = 5000;

const HUNG: Outcome = {
  kind: 'retryAt',
  afterMs: HUNG_RETRY_MS,
  code: 'STEP_HUNG',
  message: 'the step did not react to its abort',
};

interface Running {
  state: DeliveryState;
  abort: AbortController;
  progress: StepProgress | undefined;
  /** Resolves when the outcome is on disk, or the try was given up. */
  settled: Promise<void>;
}

export function createRunner(options: RunnerOptions): Runner {
  return new DeliveryRunner(options);
}

class DeliveryRunner implements Runner {
  readonly #options: RunnerOptions;
  readonly #running = new Map<string, Running>();
  /** Recordings with a try that ignored its abort and has not come to an end since. */
  readonly #hung = new Set<string>();
  /** Recordings at work that are to be tried again as soon as they have settled. */
  readonly #again = new Set<string>();
  /** Most bytes ever reported per recording and step: only more than that is progress. */
  readonly #highWater = new Map<string, number>();
  #timer: Timeout | undefined;
  #lookAtMs = 0;
  #phase: 'idle' | 'started' | 'stopping' | 'stopped' = 'idle';

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#phase !== 'idle') return;
    this.#phase = 'started';
    this.wake();
  }

  wake(): void {
    this.#scheduleLook(0);
  }

  retryNow(recordingId: string): boolean {
    const row = this.#options.store.recordings.get(recordingId);
    if (row === undefined || this.#isAtWork(recordingId)) return false;
    if (!(DELIVERY_STATES as readonly RecordingState[]).includes(row.state)) return false;
    this.#makeDue(row);
    this.wake();
    return true;
  }

  retrySoon(recordingId: string): boolean {
    if (!this.#running.has(recordingId)) return this.retryNow(recordingId);
    this.#again.add(recordingId);
    return true;
  }

  retryAll(): number {
    const { store } = this.#options;
    const waiting = store.recordings.waiting(DELIVERY_STATES).filter(({ id }) => !this.#isAtWork(id));
    store.transaction(() => {
      for (const row of waiting) this.#makeDue(row);
    });
    for (const id of this.#running.keys()) this.#again.add(id);
    this.wake();
    return waiting.length;
  }

  lineIsBack(): void {
    const { store, clock } = this.#options;
    const waiting = store.recordings.waiting(DELIVERY_STATES).filter(({ id, nextAtMs, waitRemedy }) => {
      const isLater = nextAtMs !== null && nextAtMs > clock.now();
      return isLater && !this.#isAtWork(id) && waitRemedy !== null && LINE_REMEDIES.has(waitRemedy);
    });
    if (waiting.length === 0) return;
    store.transaction(() => {
      for (const { id } of waiting) store.recordings.update(id, { nextAtMs: clock.now() });
    });
    this.wake();
  }

  async abandon(recordingId: string): Promise<void> {
    this.#again.delete(recordingId);
    const running = this.#running.get(recordingId);
    running?.abort.abort(new Error('the recording is to be deleted'));
    await running?.settled;
  }

  progress(recordingId: string): StepProgress | undefined {
    return this.#running.get(recordingId)?.progress;
  }

  async stop(withinMs = STOP_WITHIN_MS): Promise<void> {
    if (this.#phase === 'stopped') return;
    const { clock } = this.#options;
    this.#phase = 'stopping';
    if (this.#timer !== undefined) clock.clearTimeout(this.#timer);
    const running = [...this.#running.values()];
    for (const { abort } of running) abort.abort(new Error('the box is stopping'));
    const { promise: bound, resolve } = Promise.withResolvers<void>();
    const deadline = clock.setTimeout(resolve, withinMs);
    await Promise.race([Promise.all(running.map(({ settled }) => settled)), bound]);
    clock.clearTimeout(deadline);
    this.#phase = 'stopped';
  }

  #isAtWork(recordingId: string): boolean {
    return this.#running.has(recordingId) || this.#hung.has(recordingId);
  }

  #makeDue(row: RecordingRow): void {
    const noWait = { waitRemedy: null, waitUntilAtMs: null };
    const fresh = { nextAtMs: null, attempts: 0, blockedCode: null, blockedRemedy: null, ...noWait };
    this.#options.store.recordings.update(row.id, fresh);
  }

  /** Plans a look; an earlier one that is planned already stays. */
  #scheduleLook(delayMs: number): void {
    if (this.#phase !== 'started') return;
    const { clock } = this.#options;
    const atMs = clock.now() + delayMs;
    if (this.#timer !== undefined) {
      // A look that is wanted now is not left to one whose time was reckoned by another wall clock.
      if (delayMs > 0 && this.#lookAtMs <= atMs) return;
      clock.clearTimeout(this.#timer);
    }
    this.#lookAtMs = atMs;
    this.#timer = clock.setTimeout(() => this.#look(), delayMs);
  }

  #look(): void {
    this.#timer = undefined;
    if (this.#phase !== 'started') return;
    const { store, clock, log } = this.#options;
    let sleepMs = LONGEST_SLEEP_MS;
    try {
      for (const state of DELIVERY_STATES) this.#beginDue(state);
      const nextDueAtMs = store.recordings.nextDueAtMs(DELIVERY_STATES, clock.now());
      if (nextDueAtMs !== null) sleepMs = Math.min(sleepMs, Math.max(0, nextDueAtMs - clock.now()));
    } catch (error) {
      log.error({ err: error }, 'due recordings could not be read');
    }
    this.#scheduleLook(sleepMs);
  }

  #beginDue(state: DeliveryState): void {
    const { store, steps, clock } = this.#options;
    const busy = [...this.#running.values()].filter((entry) => entry.state === state).length;
    const free = steps[state].parallel - busy;
    if (free <= 0) return;
    const due = store.recordings.due(state, clock.now(), free + this.#running.size, LONGEST_WAIT_MS);
    for (const row of due.filter(({ id }) => !this.#running.has(id)).slice(0, free)) this.#begin(row, state);
  }

  #begin(row: RecordingRow, state: DeliveryState): void {
    const entry: Running = { state, abort: new AbortController(), progress: undefined, settled: Promise.resolve() };
    this.#running.set(row.id, entry);
    const ended = this.#work(row, state, entry).then(
      () => 0,
      (error: unknown) => {
        // Only the store can have thrown (disk full, for example). The row is still due, so a later look tries again.
        this.#options.log.error({ recordingId: row.id, step: state, err: error }, 'a try could not be written down');
        return STORE_RETRY_MS;
      },
    );
    entry.settled = ended.then((pauseMs) => {
      this.#running.delete(row.id);
      this.#scheduleLook(pauseMs);
    });
  }

  async #work(row: RecordingRow, state: DeliveryState, entry: Running): Promise<void> {
    const { store, steps, clock, random, log, onSettled, abortGraceMs = ABORT_GRACE_MS } = this.#options;
    const where = { recordingId: row.id, step: state };
    const mark = `${row.id} ${state}`;
    let attempts = row.attempts + 1;
    store.recordings.update(row.id, { attempts });
    const answer = await runOnce(steps[state].run, row, {
      clock,
      stallMs: steps[state].stallMs,
      graceMs: abortGraceMs,
      abort: entry.abort,
      onProgress: (progress) => {
        entry.progress = progress;
        if (progress.doneBytes <= (this.#highWater.get(mark) ?? 0)) return;
        this.#highWater.set(mark, progress.doneBytes);
        attempts = 1;
      },
      onThrow: (error) => log.warn({ ...where, err: error }, 'delivery step threw'),
      onHung: (settled) => {
        this.#hung.add(row.id);
        settled.finally(() => this.#hung.delete(row.id));
      },
    });
    // After a bounded stop the store may be closed; the row is as it was, and the next start tries again.
    if (this.#phase === 'stopped') return;
    const outcome = answer ?? HUNG;
    if (this.#phase === 'stopping' && outcome.kind !== 'done') {
      store.recordings.update(row.id, { attempts: row.attempts });
      return;
    }
    settle(store, { row, state, attempts, outcome }, clock.now(), random);
    const ended = outcome.kind === 'done' || outcome.kind === 'failed';
    if (ended) this.#highWater.delete(mark);
    if (this.#again.delete(row.id) && !ended && answer !== null) this.#makeDue(row);
    log.info({ ...where, outcome: outcome.kind, attempts }, 'delivery step settled');
    onSettled?.(row.id, state, outcome);
  }
}
