import { REMEDIES } from '../../shared/texts/remedies.ts';
import type { RecordingRow } from '../store/rows.ts';
import type { Clock, Timeout } from './clock.ts';
import type { Outcome, Step, StepProgress } from './steps.ts';

export interface TryOptions {
  clock: Clock;
  /** A try that neither settles nor reports for this long is aborted. */
  stallMs: number;
  /** How long it may take to settle once it is aborted, by the deadline or from outside. */
  graceMs: number;
  abort: AbortController;
  onProgress(progress: StepProgress): void;
  /** The step threw instead of answering. */
  onThrow(error: unknown): void;
  /** The try ignored its abort and was given up; `settled` resolves if it ever comes to an end. */
  onHung(settled: Promise<void>): void;
}

/** Runs a step once under its deadline. Never rejects; null means that the try was given up although it may still be at work. */
export function runOnce(step: Step, recording: RecordingRow, options: TryOptions): Promise<Outcome | null> {
  const { clock, stallMs, graceMs, abort, onProgress, onThrow, onHung } = options;
  const { promise, resolve } = Promise.withResolvers<Outcome | null>();
  let timer: Timeout | undefined;
  let over = false;
  let stalled = false;
  const rearm = (callback: () => void, delayMs: number): void => {
    if (timer !== undefined) clock.clearTimeout(timer);
    timer = clock.setTimeout(callback, delayMs);
  };
  const end = (outcome: Outcome | null): void => {
    over = true;
    if (timer !== undefined) clock.clearTimeout(timer);
    resolve(outcome);
  };
  const stall = (): void => {
    stalled = true;
    abort.abort(new Error('no sign of life'));
  };
  const watch = (): void => {
    if (!over && !abort.signal.aborted) rearm(stall, stallMs);
  };
  const report = (progress: StepProgress): void => {
    if (over) return;
    watch();
    onProgress(progress);
  };
  watch();
  // The indirection turns a synchronous throw of the step into a rejection.
  const settled = Promise.resolve()
    .then(() => step(recording, abort.signal, report))
    .then((outcome) => end(stalled && outcome.kind === 'retryAt' ? stalledFor(stallMs, outcome) : outcome))
    .catch((error: unknown) => {
      if (!over) onThrow(error);
      end({ kind: 'retryAt', code: 'STEP_THREW', message: error instanceof Error ? error.message : String(error) });
    });
  const giveUp = (): void => {
    if (over) return;
    rearm(() => {
      end(null);
      onHung(settled);
    }, graceMs);
  };
  abort.signal.addEventListener('abort', giveUp, { once: true });
  return promise;
}

/** The step itself only knows that it was interrupted; whoever reads the reason wants to know why. */
function stalledFor(stallMs: number, { afterMs }: Extract<Outcome, { kind: 'retryAt' }>): Outcome {
  const message = `nothing moved for ${Math.round(stallMs / 1000)} s`;
  return { kind: 'retryAt', afterMs, code: 'STALLED', message, remedy: REMEDIES.checkLine.en };
}
