import type { RecordingState } from '../../shared/recording.ts';
import type { Logger } from '../logging.ts';
import type { RecordingPatch, RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import type { Clock, Timeout } from './clock.ts';
import {
  backoffMs,
  DELIVERY_STATES,
  type DeliveryState,
  FAILURE_KIND_OF_STATE,
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
  store: Pick<Store, 'recordings' | 'events' | 'transaction'>;
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
  /** Makes all waiting and blocked recordings due now: the network is back, or settings were changed. */
  retryAll(): void;
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

interface Running {
  recordingId: string;
  state: DeliveryState;
  abort: AbortController;
  progress: StepProgress | undefined;
  /** Resolves when the outcome is on disk, or the try was given up. */
  settled: Promise<void>;
}

type Timed = { kind: 'outcome'; outcome: Outcome } | { kind: 'hung' };

function failurePatch(state: DeliveryState, outcome: Extract<Outcome, { kind: 'failed' }>): RecordingPatch {
  return {
    outcome: 'failed',
    failureKind: outcome.failureKind ?? FAILURE_KIND_OF_STATE[state],
    failureCode: outcome.code,
    failureMessage: outcome.message,
  };
}

/** Where a settled recording goes, and with which facts. */
function nextMove(
  row: RecordingRow,
  state: DeliveryState,
  outcome: Extract<Outcome, { kind: 'done' | 'failed' }>,
): { to: RecordingState; patch: RecordingPatch } {
  if (state === 'notifying') {
    // Not reaching the caller does not undo a delivered file: the recording ends as its own outcome says.
    return {
      to: row.outcome === 'delivered' ? 'done' : 'failed',
      patch: outcome.kind === 'done' ? { ...outcome.patch } : {},
    };
  }
  if (outcome.kind === 'failed') return { to: 'notifying', patch: failurePatch(state, outcome) };
  if (state === 'finalizing') return { to: 'uploading', patch: { ...outcome.patch } };
  return { to: 'notifying', patch: { outcome: 'delivered', ...outcome.patch } };
}

export function createRunner(options: RunnerOptions): Runner {
  const { store, steps, clock, random, log, onSettled, abortGraceMs = ABORT_GRACE_MS } = options;
  const running = new Map<string, Running>();
  /** Recordings with a try that ignored its abort and has not settled since. */
  const hung = new Set<string>();
  /** Most bytes ever reported per recording and step: only more than that is progress. */
  const highWater = new Map<string, number>();
  let timer: Timeout | undefined;
  let lookAtMs = 0;
  let phase: 'idle' | 'started' | 'stopping' | 'stopped' = 'idle';

  /** Writes what a try brought. Does nothing when the recording is elsewhere by now. */
  const settle = (row: RecordingRow, state: DeliveryState, attempts: number, outcome: Outcome): void => {
    const { recordings, events } = store;
    switch (outcome.kind) {
      case 'done':
      case 'failed': {
        const { to, patch } = nextMove(row, state, outcome);
        const data = outcome.kind === 'failed' ? { code: outcome.code, message: outcome.message } : {};
        recordings.move(row.id, state, to, patch, { ...data, attempts });
        break;
      }
      case 'retryAt': {
        const { code, message } = outcome;
        const waitMs = Math.min(outcome.afterMs ?? backoffMs(attempts, random), LONGEST_WAIT_MS);
        store.transaction(() => {
          recordings.update(row.id, {
            attempts,
            nextAtMs: clock.now() + waitMs,
            blockedCode: null,
            blockedRemedy: null,
            lastError: `${code}: ${message}`,
          });
          // A box that is offline for days tries hundreds of times: the history notes new trouble and powers of two.
          if (!row.lastError?.startsWith(`${code}:`) || Number.isInteger(Math.log2(attempts))) {
            events.append('retry', row.id, { step: state, code, message, attempts, waitMs });
          }
        });
        break;
      }
      case 'blocked': {
        const { code, message, remedy } = outcome;
        const waitMs = Math.min(outcome.probeAfterMs, LONGEST_WAIT_MS);
        store.transaction(() => {
          recordings.update(row.id, {
            attempts,
            nextAtMs: clock.now() + waitMs,
            blockedCode: code,
            blockedRemedy: remedy,
            lastError: `${code}: ${message}`,
          });
          if (row.blockedCode !== code) events.append('blocked', row.id, { step: state, code, message, remedy });
        });
        break;
      }
    }
    log.info({ recordingId: row.id, step: state, outcome: outcome.kind, attempts }, 'delivery step settled');
  };

  /** Runs the step under its stall deadline. Never rejects. */
  const runTimed = (row: RecordingRow, plan: StepPlan, entry: Running, onProgress: () => void): Promise<Timed> =>
    new Promise((resolve) => {
      let watchdog: Timeout | undefined;
      let grace: Timeout | undefined;
      let ended = false;
      const giveUp = (): void => {
        if (watchdog !== undefined) clock.clearTimeout(watchdog);
        grace = clock.setTimeout(() => {
          hung.add(row.id);
          resolve({ kind: 'hung' });
        }, abortGraceMs);
      };
      entry.abort.signal.addEventListener('abort', giveUp, { once: true });
      const feed = (): void => {
        if (watchdog !== undefined) clock.clearTimeout(watchdog);
        if (!ended && !entry.abort.signal.aborted) {
          watchdog = clock.setTimeout(() => entry.abort.abort(new Error('no sign of life')), plan.stallMs);
        }
      };
      const finish = (outcome: Outcome): void => {
        ended = true;
        hung.delete(row.id);
        if (watchdog !== undefined) clock.clearTimeout(watchdog);
        if (grace !== undefined) clock.clearTimeout(grace);
        resolve({ kind: 'outcome', outcome });
      };
      feed();
      const report = (progress: StepProgress): void => {
        entry.progress = progress;
        feed();
        onProgress();
      };
      // The indirection turns a synchronous throw of the step into a rejection.
      Promise.resolve()
        .then(() => plan.run(row, entry.abort.signal, report))
        .then(finish, (error: unknown) => {
          const message = error instanceof Error ? error.message : String(error);
          log.warn({ recordingId: row.id, step: entry.state, err: error }, 'delivery step threw');
          finish({ kind: 'retryAt', code: 'STEP_THREW', message });
        });
    });

  const work = async (row: RecordingRow, state: DeliveryState, entry: Running): Promise<void> => {
    const markKey = `${row.id} ${state}`;
    let attempts = row.attempts + 1;
    store.recordings.update(row.id, { attempts });
    const timed = await runTimed(row, steps[state], entry, () => {
      const doneBytes = entry.progress?.doneBytes ?? 0;
      if (doneBytes <= (highWater.get(markKey) ?? 0)) return;
      highWater.set(markKey, doneBytes);
      attempts = 1;
    });
    // After a bounded stop the store may be closed; the row is as it was, and the next start tries again.
    if (phase === 'stopped') return;
    const outcome: Outcome =
      timed.kind === 'outcome'
        ? timed.outcome
        : {
            kind: 'retryAt',
            afterMs: HUNG_RETRY_MS,
            code: 'STEP_HUNG',
            message: 'the step did not react to its abort',
          };
    if (phase === 'stopping' && outcome.kind !== 'done') {
      store.recordings.update(row.id, { attempts: row.attempts });
      return;
    }
    settle(row, state, attempts, outcome);
    if (outcome.kind === 'done' || outcome.kind === 'failed') highWater.delete(markKey);
    onSettled?.(row.id, state, outcome);
  };

  const begin = (row: RecordingRow, state: DeliveryState): void => {
    const entry: Running = {
      recordingId: row.id,
      state,
      abort: new AbortController(),
      progress: undefined,
      settled: Promise.resolve(),
    };
    running.set(row.id, entry);
    entry.settled = work(row, state, entry)
      .then(
        () => 0,
        (error: unknown) => {
          // Only the store can have thrown (disk full, for example). The row is still due, so a later look tries again.
          log.error({ recordingId: row.id, step: state, err: error }, 'a delivery try could not be written down');
          return STORE_RETRY_MS;
        },
      )
      .then((pauseMs) => {
        running.delete(row.id);
        scheduleLook(pauseMs);
      });
  };

  const look = (): void => {
    timer = undefined;
    if (phase !== 'started') return;
    let sleepMs = LONGEST_SLEEP_MS;
    try {
      for (const state of DELIVERY_STATES) {
        const busy = [...running.values()].filter((entry) => entry.state === state).length;
        const free = steps[state].parallel - busy;
        const due = store.recordings.due(state, clock.now(), free + running.size, LONGEST_WAIT_MS);
        for (const row of due.filter(({ id }) => !running.has(id)).slice(0, Math.max(0, free))) begin(row, state);
      }
      const nextDueAtMs = store.recordings.nextDueAtMs(DELIVERY_STATES, clock.now());
      if (nextDueAtMs !== null) sleepMs = Math.min(sleepMs, Math.max(0, nextDueAtMs - clock.now()));
    } catch (error) {
      log.error({ err: error }, 'due recordings could not be read');
    }
    scheduleLook(sleepMs);
  };

  function scheduleLook(delayMs: number): void {
    if (phase !== 'started') return;
    const atMs = clock.now() + delayMs;
    if (timer !== undefined) {
      if (lookAtMs <= atMs) return;
      clock.clearTimeout(timer);
    }
    lookAtMs = atMs;
    timer = clock.setTimeout(look, delayMs);
  }

  const unblock = (row: RecordingRow): void => {
    store.recordings.update(row.id, { nextAtMs: null, attempts: 0, blockedCode: null, blockedRemedy: null });
  };

  return {
    start() {
      if (phase !== 'idle') return;
      phase = 'started';
      scheduleLook(0);
    },
    wake: () => scheduleLook(0),
    retryNow(recordingId) {
      const row = store.recordings.get(recordingId);
      if (row === undefined || running.has(recordingId) || hung.has(recordingId)) return false;
      if (!(DELIVERY_STATES as readonly RecordingState[]).includes(row.state)) return false;
      unblock(row);
      scheduleLook(0);
      return true;
    },
    retryAll() {
      for (const row of store.recordings.waiting(DELIVERY_STATES)) {
        if (!running.has(row.id) && !hung.has(row.id)) unblock(row);
      }
      scheduleLook(0);
    },
    progress: (recordingId) => running.get(recordingId)?.progress,
    async stop(withinMs = STOP_WITHIN_MS) {
      if (phase === 'stopped') return;
      phase = 'stopping';
      if (timer !== undefined) clock.clearTimeout(timer);
      const entries = [...running.values()];
      for (const entry of entries) entry.abort.abort(new Error('the box is stopping'));
      const { promise: bound, resolve } = Promise.withResolvers<void>();
      const deadline = clock.setTimeout(resolve, withinMs);
      await Promise.race([Promise.all(entries.map(({ settled }) => settled)), bound]);
      clock.clearTimeout(deadline);
      phase = 'stopped';
    },
  };
}
