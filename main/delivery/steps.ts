import type { FailureKind } from '../recordings/transitions.ts';
import type { RecordingPatch, RecordingRow } from '../store/rows.ts';

/** The states that the runner works on, each with its step: finalize, upload, notify. */
export const DELIVERY_STATES = ['finalizing', 'uploading', 'notifying'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** How far a step is. Every report also proves that the step is alive. */
export interface StepProgress {
  /** Bytes that are safe at their destination, not merely sent. */
  doneBytes: number;
  totalBytes: number;
}

/** What came out of one try of a step. Expected trouble is a value; a throw counts as `retryAt` with code STEP_THREW. */
export type Outcome =
  /** The recording moves on, with these further facts. */
  | { kind: 'done'; patch?: RecordingPatch }
  /** Try again, after `afterMs` or by exponential backoff. There is no limit of tries. `remedy`: what somebody might do meanwhile. */
  | { kind: 'retryAt'; afterMs?: number | undefined; code: string; message: string; remedy?: string | undefined }
  /** Nothing is wrong, it is only not the time: the step goes on at `untilMs` (wall clock). Does not count as a try. */
  | { kind: 'postponed'; code: string; message: string; remedy: string; untilMs: number }
  /** Somebody has to correct something; looked at again after `probeAfterMs` in case it was corrected unseen. */
  | { kind: 'blocked'; code: string; message: string; remedy: string; probeAfterMs: number }
  /** This will never work. The caller is told. */
  | { kind: 'failed'; code: string; message: string; failureKind?: FailureKind };

/**
 * One try of one step. It must be safe to run again after being killed at any point, and must settle soon after `signal`
 * aborts. `report` is to be called at least once per stall deadline while work goes on.
 */
export type Step = (
  recording: RecordingRow,
  signal: AbortSignal,
  report: (progress: StepProgress) => void,
) => Promise<Outcome>;

/** What failed when a step fails without saying it. */
export const FAILURE_KIND_OF_STATE: Readonly<Record<DeliveryState, FailureKind>> = {
  finalizing: 'transcoding',
  uploading: 'upload',
  notifying: 'upload',
};

/** Backoff of retries: base doubled per try up to the cap. */
export const BACKOFF_BASE_MS = 1000;
export const BACKOFF_CAP_MS = 5 * 60_000;
/** Nothing waits longer than this; a stored time further away comes from a clock that was wrong. */
export const LONGEST_WAIT_MS = 60 * 60_000;

/**
 * Milliseconds to wait after the `attempts`th try in a row (1, 2, …) without progress: anywhere between 0 and the exponential
 * bound, so that many boxes which lost the same line do not come back in step.
 */
export function backoffMs(attempts: number, random: () => number): number {
  const bound = Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** Math.min(attempts - 1, 30));
  return Math.round(random() * bound);
}
