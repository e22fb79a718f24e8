import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRunner, type Runner, type RunnerOptions } from '../../main/delivery/runner.ts';
import type { DeliveryState, Outcome, Step } from '../../main/delivery/steps.ts';
import { silentLogger } from '../../main/logging.ts';
import type { RecordingRow } from '../../main/store/rows.ts';
import { openStore, type Store } from '../../main/store/store.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { addRecording } from './new-recording.ts';

/** Stall deadline of every step in these tests. */
export const STALL_MS = 60_000;
export const MINUTE_MS = 60_000;

/** A step that answers what the test says (`done` when it says no more), and remembers its tries. */
export type ScriptedStep = Step & { tries: { atMs: number; attempts: number }[] };
/** A step that runs until the test lets it go, first come first served. */
export type HeldStep = Step & { started: string[]; signals: AbortSignal[]; release(outcome?: Outcome): void };

export type StartOptions = Partial<RunnerOptions> & { parallel?: number };

/** A runner over a real store in a temporary directory and a clock that the test moves. */
export interface Delivery {
  readonly store: Store;
  readonly clock: FakeClock;
  /** Makes and starts a runner; steps that are left out are done at once. */
  start(steps: Partial<Record<DeliveryState, Step>>, options?: StartOptions): Runner;
  /** Closes the store and opens it again. */
  reopen(): void;
  /** A recording that has just ended. */
  ended(roomId?: number): string;
  row(id: string): RecordingRow;
  eventsOf(id: string, type: string): Record<string, unknown>[];
  scripted(...outcomes: Outcome[]): ScriptedStep;
  close(): Promise<void>;
}

export function held(): HeldStep {
  const started: string[] = [];
  const signals: AbortSignal[] = [];
  const waiting: ((outcome: Outcome) => void)[] = [];
  const step: Step = (recording, signal) => {
    started.push(recording.id);
    signals.push(signal);
    return new Promise((resolve) => waiting.push(resolve));
  };
  const release = (outcome: Outcome = { kind: 'done' }): void => waiting.shift()?.(outcome);
  return Object.assign(step, { started, signals, release });
}

export const later = { kind: 'retryAt', code: 'OFFLINE', message: 'no line' } as const satisfies Outcome;

const done: Step = async () => ({ kind: 'done' });

export function createDelivery(): Delivery {
  const directory = mkdtempSync(join(tmpdir(), 'box-runner-'));
  const clock = createFakeClock();
  let store = openStore(directory, { now: clock.now });
  const runners: Runner[] = [];
  const row = (id: string): RecordingRow => {
    const found = store.recordings.get(id);
    if (found === undefined) throw new Error(`no recording ${id}`);
    return found;
  };
  return {
    clock,
    row,
    get store() {
      return store;
    },
    start(steps, options = {}) {
      const plan = (run: Step = done) => ({ run, parallel: options.parallel ?? 2, stallMs: STALL_MS });
      const runner = createRunner({
        store,
        clock,
        random: () => 1,
        log: silentLogger(),
        steps: {
          finalizing: plan(steps.finalizing),
          uploading: plan(steps.uploading),
          notifying: plan(steps.notifying),
        },
        ...options,
      });
      runners.push(runner);
      runner.start();
      return runner;
    },
    reopen() {
      store.close();
      store = openStore(directory, { now: clock.now });
    },
    ended(roomId = 1) {
      const { id } = addRecording(store, { roomId });
      store.recordings.move(id, 'accepted', 'joining');
      store.recordings.move(id, 'joining', 'recording');
      store.recordings.move(id, 'recording', 'finalizing');
      return id;
    },
    eventsOf: (id, type) =>
      store.events
        .list({ recordingId: id })
        .filter((event) => event.type === type)
        .map(({ data }) => data),
    scripted(...outcomes) {
      const tries: { atMs: number; attempts: number }[] = [];
      const step: Step = async (recording) => {
        // The row is read anew: the try has to be on disk before the step begins.
        tries.push({ atMs: clock.now(), attempts: row(recording.id).attempts });
        return outcomes[tries.length - 1] ?? { kind: 'done' };
      };
      return Object.assign(step, { tries });
    },
    async close() {
      const stopped = runners.map((runner) => runner.stop(10));
      await clock.advance(10);
      await Promise.all(stopped);
      store.close();
      rmSync(directory, { recursive: true });
    },
  };
}
