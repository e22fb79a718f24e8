import type { RecordingState } from '../../shared/recording.ts';
import type { RecordingPatch, RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { backoffMs, type DeliveryState, FAILURE_KIND_OF_STATE, LONGEST_WAIT_MS, type Outcome } from './steps.ts';

type EndOfStep = Extract<Outcome, { kind: 'done' | 'failed' }>;
type Standstill = Exclude<Outcome, EndOfStep>;

/** What the runner and its steps need of the store. */
export type DeliveryStore = Pick<Store, 'recordings' | 'events' | 'transaction'>;

export interface SettledTry {
  /** The row as it was before the try. */
  row: RecordingRow;
  state: DeliveryState;
  /** Tries of this step since it last made progress, this one included. */
  attempts: number;
  outcome: Outcome;
}

/** Where a recording goes when a step has ended, and with which facts. */
function nextMove({ row, state }: SettledTry, outcome: EndOfStep): { to: RecordingState; patch: RecordingPatch } {
  const facts = outcome.kind === 'done' ? { ...outcome.patch } : {};
  // Not reaching the caller does not undo a delivered file: the recording ends as its own outcome says.
  if (state === 'notifying') return { to: row.outcome === 'delivered' ? 'done' : 'failed', patch: facts };
  if (outcome.kind === 'failed') {
    const patch: RecordingPatch = {
      outcome: 'failed',
      failureKind: outcome.failureKind ?? FAILURE_KIND_OF_STATE[state],
      failureCode: outcome.code,
      failureMessage: outcome.message,
    };
    return { to: 'notifying', patch };
  }
  if (state === 'finalizing') return { to: 'uploading', patch: facts };
  return { to: 'notifying', patch: { outcome: 'delivered', ...facts } };
}

/** Whether the try before said the same. */
function isSameReason({ lastError }: RecordingRow, code: string): boolean {
  return lastError?.startsWith(`${code}:`) ?? false;
}

/** Whether the history should note this try: a box that is offline for days tries hundreds of times. */
function isNews({ row, attempts }: SettledTry, outcome: Standstill): boolean {
  const { kind, code } = outcome;
  if (kind === 'blocked') return row.blockedCode !== code;
  if (kind === 'postponed') return row.waitUntilAtMs !== outcome.untilMs;
  return !isSameReason(row, code) || Number.isInteger(Math.log2(attempts));
}

const EVENT_OF: Readonly<Record<Standstill['kind'], string>> = {
  blocked: 'blocked',
  postponed: 'postponed',
  retryAt: 'retry',
};

function standStill(
  store: DeliveryStore,
  settled: SettledTry,
  outcome: Standstill,
  waitMs: number,
  nowMs: number,
): void {
  const { row, state } = settled;
  const { code, message, remedy = null } = outcome;
  const attempts = outcome.kind === 'postponed' ? row.attempts : settled.attempts;
  const blocked = outcome.kind === 'blocked';
  store.transaction(() => {
    store.recordings.update(row.id, {
      attempts,
      nextAtMs: nowMs + waitMs,
      blockedCode: blocked ? code : null,
      blockedRemedy: blocked ? remedy : null,
      lastError: `${code}: ${message}`,
      waitRemedy: blocked ? null : remedy,
      waitUntilAtMs: outcome.kind === 'postponed' ? outcome.untilMs : null,
      waitingSinceAtMs: isSameReason(row, code) ? (row.waitingSinceAtMs ?? nowMs) : nowMs,
    });
    if (!isNews(settled, outcome)) return;
    store.events.append(EVENT_OF[outcome.kind], row.id, {
      step: state,
      code,
      message,
      attempts,
      waitMs,
      ...(remedy === null ? {} : { remedy }),
    });
  });
}

/** Writes down what a try brought. Does nothing when the recording is in another state by now. */
export function settle(store: DeliveryStore, settled: SettledTry, nowMs: number, random: () => number): void {
  const { row, state, attempts, outcome } = settled;
  switch (outcome.kind) {
    case 'done':
    case 'failed': {
      const { to, patch } = nextMove(settled, outcome);
      const failure = outcome.kind === 'failed' ? { code: outcome.code, message: outcome.message } : {};
      store.recordings.move(row.id, state, to, patch, { ...failure, attempts });
      break;
    }
    case 'retryAt': {
      const waitMs = Math.min(outcome.afterMs ?? backoffMs(attempts, random), LONGEST_WAIT_MS);
      standStill(store, settled, outcome, waitMs, nowMs);
      break;
    }
    case 'postponed':
      // Looked at again within the hour: a clock that is set meanwhile brings the time nearer or further.
      standStill(store, settled, outcome, Math.min(Math.max(0, outcome.untilMs - nowMs), LONGEST_WAIT_MS), nowMs);
      break;
    case 'blocked':
      standStill(store, settled, outcome, Math.min(outcome.probeAfterMs, LONGEST_WAIT_MS), nowMs);
      break;
  }
}
