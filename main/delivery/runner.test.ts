import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFakeClock, type FakeClock } from '../../test/support/fake-clock.ts';
import { addRecording } from '../../test/support/new-recording.ts';
import { silentLogger } from '../logging.ts';
import type { RecordingRow } from '../store/rows.ts';
import { openStore, type Store } from '../store/store.ts';
import { createRunner, type Runner, type RunnerOptions } from './runner.ts';
import { BACKOFF_CAP_MS, backoffMs, type DeliveryState, LONGEST_WAIT_MS, type Outcome, type Step } from './steps.ts';

const STALL_MS = 60_000;
const MINUTE_MS = 60_000;

let directory: string;
let store: Store;
let clock: FakeClock;
let runner: Runner | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'box-runner-'));
  clock = createFakeClock();
  store = openStore(directory, { now: clock.now });
});
afterEach(async () => {
  const stopped = runner?.stop(10);
  await clock.advance(10);
  await stopped;
  runner = undefined;
  store.close();
  rmSync(directory, { recursive: true });
});

const done: Step = async () => ({ kind: 'done' });

function start(
  steps: Partial<Record<DeliveryState, Step>>,
  options: Partial<RunnerOptions> & { parallel?: number } = {},
): Runner {
  const plan = (run: Step = done) => ({ run, parallel: options.parallel ?? 2, stallMs: STALL_MS });
  runner = createRunner({
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
  runner.start();
  return runner;
}

/** A recording that has just ended. */
function ended(roomId = 1): string {
  const { id } = addRecording(store, { roomId });
  for (const [from, to] of [
    ['accepted', 'joining'],
    ['joining', 'recording'],
    ['recording', 'finalizing'],
  ] as const) {
    store.recordings.move(id, from, to);
  }
  return id;
}

function row(id: string): RecordingRow {
  const found = store.recordings.get(id);
  if (found === undefined) throw new Error(`no recording ${id}`);
  return found;
}

function eventsOf(id: string, type: string): Record<string, unknown>[] {
  return store.events
    .list({ recordingId: id })
    .filter((event) => event.type === type)
    .map(({ data }) => data);
}

/** A step that answers what the test says, and remembers its tries. */
function scripted(...outcomes: Outcome[]): Step & { tries: { atMs: number; attempts: number }[] } {
  const tries: { atMs: number; attempts: number }[] = [];
  const step: Step = async (recording) => {
    // The row is read anew: the try has to be on disk before the step begins.
    tries.push({ atMs: clock.now(), attempts: row(recording.id).attempts });
    return outcomes[tries.length - 1] ?? { kind: 'done' };
  };
  return Object.assign(step, { tries });
}

/** A step that runs until the test lets it go. */
function held(): Step & { started: string[]; signals: AbortSignal[]; release(outcome?: Outcome): void } {
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

const later: Outcome = { kind: 'retryAt', code: 'OFFLINE', message: 'no line' };

describe('the way of a recording', () => {
  it('goes through finalize, upload and notify to done, each once', async () => {
    const id = ended();
    const order: string[] = [];
    const note =
      (name: string): Step =>
      async () => {
        order.push(name);
        return { kind: 'done' };
      };
    start({ finalizing: note('finalize'), uploading: note('upload'), notifying: note('notify') });
    await clock.settle();
    expect(order).toEqual(['finalize', 'upload', 'notify']);
    expect(row(id)).toMatchObject({ state: 'done', outcome: 'delivered' });
    expect(store.recordings.secrets(id)).toBeNull();
  });

  it.each([
    ['finalizing', undefined, 'transcoding'],
    ['finalizing', 'recording', 'recording'],
    ['uploading', undefined, 'upload'],
  ] as const)('tells the caller when %s fails (%s)', async (state, failureKind, expected) => {
    const id = ended();
    const seen: RecordingRow[] = [];
    const failing: Step = async () => ({
      kind: 'failed',
      code: 'NO_MEDIA',
      message: 'nothing came',
      ...(failureKind ? { failureKind } : {}),
    });
    start({
      [state]: failing,
      notifying: async (recording) => {
        seen.push(recording);
        return { kind: 'done' };
      },
    });
    await clock.settle();
    expect(seen).toMatchObject([{ outcome: 'failed', failureKind: expected, failureCode: 'NO_MEDIA' }]);
    expect(row(id)).toMatchObject({ state: 'failed', failureMessage: 'nothing came' });
  });

  it('ends by what was delivered, also when the caller could not be told', async () => {
    const id = ended();
    start({ notifying: async () => ({ kind: 'failed', code: 'X', message: 'y' }) });
    await clock.settle();
    expect(row(id)).toMatchObject({ state: 'done', outcome: 'delivered', failureCode: null });
  });

  it('takes in what arrives later, when woken', async () => {
    const running = start({});
    await clock.settle();
    const id = ended();
    running.wake();
    await clock.settle();
    expect(row(id).state).toBe('done');
  });
});

describe('trying again', () => {
  it('waits with exponential backoff up to the cap, for ever, and counts the tries before they begin', async () => {
    const id = ended();
    const upload = scripted(...Array.from({ length: 14 }, () => later));
    start({ uploading: upload });
    await clock.advance(60 * MINUTE_MS);
    const waits = upload.tries.slice(1).map(({ atMs }, index) => (atMs - (upload.tries[index]?.atMs ?? 0)) / 1000);
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300, 300]);
    expect(upload.tries.map(({ attempts }) => attempts)).toEqual(waits.map((_, index) => index + 1).concat(15));
    expect(row(id).state).toBe('done');
    // The history of a box that is offline for days stays readable.
    expect(eventsOf(id, 'retry').map(({ attempts }) => attempts)).toEqual([1, 2, 4, 8]);
  });

  it('shows what is wrong while it waits, and follows a time that the step gives', async () => {
    const id = ended();
    const upload = scripted({ ...later, afterMs: 10_000 });
    start({ uploading: upload });
    await clock.settle();
    expect(row(id)).toMatchObject({ attempts: 1, nextAtMs: clock.now() + 10_000, lastError: 'OFFLINE: no line' });
    await clock.advance(9999);
    expect(upload.tries).toHaveLength(1);
    await clock.advance(1);
    expect(row(id).state).toBe('done');
  });

  it('begins the backoff anew after real progress only', async () => {
    const id = ended();
    const sizes = [10, 10, 10, 20];
    const attempts: number[] = [];
    start({
      uploading: async (_, __, report) => {
        report({ doneBytes: sizes[attempts.length] ?? 99, totalBytes: 99 });
        attempts.push(0);
        return attempts.length > sizes.length ? { kind: 'done' } : later;
      },
      // Ends the test's look at the attempts before the state moves on.
      notifying: scripted(later),
    });
    const counts: number[] = [];
    for (const waitMs of [0, 1000, 2000, 4000]) {
      await clock.advance(waitMs);
      counts.push(row(id).attempts);
    }
    expect(counts).toEqual([1, 2, 3, 1]);
  });

  it('treats a throw as trouble that passes', async () => {
    const id = ended();
    let tries = 0;
    start({
      finalizing: () => {
        tries += 1;
        if (tries === 1) throw new Error('disk went away');
        return Promise.reject(new Error('again'));
      },
    });
    await clock.advance(1500);
    expect(tries).toBe(2);
    expect(row(id)).toMatchObject({ state: 'finalizing', lastError: 'STEP_THREW: again', attempts: 2 });
  });

  it('stands still when blocked, says so once, and goes on when somebody corrected it', async () => {
    const id = ended();
    const blocked: Outcome = {
      kind: 'blocked',
      code: 'BAD_KEY',
      message: 'refused',
      remedy: 'enter it',
      probeAfterMs: 5 * MINUTE_MS,
    };
    const upload = scripted(blocked, blocked);
    const running = start({ uploading: upload });
    await clock.settle();
    expect(row(id)).toMatchObject({ blockedCode: 'BAD_KEY', blockedRemedy: 'enter it', state: 'uploading' });
    await clock.advance(5 * MINUTE_MS);
    expect(upload.tries).toHaveLength(2);
    expect(eventsOf(id, 'blocked')).toHaveLength(1);
    expect(running.retryNow(id)).toBe(true);
    await clock.settle();
    expect(row(id)).toMatchObject({ state: 'done', blockedCode: null });
    expect(running.retryNow(id)).toBe(false);
    expect(running.retryNow('unknown')).toBe(false);
  });

  it('makes everything due at once when the line is back', async () => {
    const ids = [ended(1), ended(2), ended(3)];
    const running = start({ uploading: scripted(...ids.map(() => ({ ...later, afterMs: 20 * MINUTE_MS }))) });
    await clock.settle();
    expect(ids.map((id) => row(id).state)).toEqual(['uploading', 'uploading', 'uploading']);
    running.retryAll();
    await clock.settle();
    expect(ids.map((id) => row(id).state)).toEqual(['done', 'done', 'done']);
  });

  it('does not wait for a time that was written by a wrong clock', async () => {
    const id = ended();
    start({ uploading: scripted({ ...later, afterMs: 30 * MINUTE_MS }) });
    await clock.settle();
    clock.jump(-24 * 60 * MINUTE_MS);
    await clock.advance(MINUTE_MS);
    expect(row(id).state).toBe('done');
  });
});

describe('backoff', () => {
  it('stays inside its bounds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempts, random) => {
        const waitMs = backoffMs(attempts, () => random);
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThanOrEqual(Math.min(BACKOFF_CAP_MS, 1000 * 2 ** (attempts - 1)));
      }),
    );
    expect(BACKOFF_CAP_MS).toBeLessThan(LONGEST_WAIT_MS);
  });
});

describe('many recordings', () => {
  it('run at most so many at a time per step, and each only once', async () => {
    const ids = [1, 2, 3, 4, 5].map(ended);
    const upload = held();
    const running = start({ uploading: upload });
    await clock.settle();
    expect(upload.started).toHaveLength(2);
    running.wake();
    running.retryAll();
    await clock.settle();
    expect(upload.started).toHaveLength(2);
    upload.release();
    await clock.settle();
    expect(upload.started).toHaveLength(3);
    for (const _ of ids) {
      upload.release();
      await clock.settle();
    }
    expect([...upload.started].sort()).toEqual([...ids].sort());
    expect(ids.map((id) => row(id).state)).toEqual(ids.map(() => 'done'));
  });

  it('go on while one hangs, and the one that hangs is tried again only after it settled or long after', async () => {
    const stuck = ended(1);
    const tries: string[] = [];
    const settleStuck: ((outcome: Outcome) => void)[] = [];
    const running = start(
      {
        uploading: (recording) => {
          tries.push(recording.id);
          if (recording.id !== stuck) return Promise.resolve({ kind: 'done' });
          return new Promise((resolve) => settleStuck.push(resolve));
        },
      },
      { parallel: 1, abortGraceMs: 1000 },
    );
    await clock.settle();
    const other = ended(2);
    running.wake();
    await clock.advance(STALL_MS + 999);
    expect(row(other).state).toBe('uploading');
    await clock.advance(1);
    expect(row(other).state).toBe('done');
    expect(row(stuck)).toMatchObject({
      state: 'uploading',
      attempts: 1,
      lastError: expect.stringContaining('STEP_HUNG'),
    });
    expect(running.retryNow(stuck)).toBe(false);
    // An answer that comes after the try was given up changes nothing by itself.
    settleStuck.shift()?.({ kind: 'failed', code: 'LATE', message: 'too late' });
    await clock.settle();
    expect(row(stuck)).toMatchObject({ state: 'uploading', outcome: null });
    expect(running.retryNow(stuck)).toBe(true);
    await clock.settle();
    expect(tries).toEqual([stuck, other, stuck]);
  });

  it('are left alone as long as they show signs of life', async () => {
    const id = ended();
    let report: (() => void) | undefined;
    let signal: AbortSignal | undefined;
    start({
      finalizing: (_, abort, tell) => {
        signal = abort;
        report = () => tell({ doneBytes: 5, totalBytes: 9 });
        return new Promise((resolve) => {
          abort.addEventListener('abort', () => resolve(later));
        });
      },
    });
    for (let minute = 0; minute < 5; minute += 1) {
      await clock.advance(STALL_MS - 1);
      report?.();
    }
    expect(signal?.aborted).toBe(false);
    expect(runner?.progress(id)).toEqual({ doneBytes: 5, totalBytes: 9 });
    await clock.advance(STALL_MS);
    expect(signal?.aborted).toBe(true);
    expect(row(id).lastError).toBe('OFFLINE: no line');
    expect(runner?.progress(id)).toBeUndefined();
  });
});

describe('stopping and starting', () => {
  it('stops what reacts, keeps its tries uncounted, and goes on from the rows after a restart', async () => {
    const id = ended();
    const upload: Step = (_, signal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(later), { once: true }));
    const first = start({ uploading: upload });
    await clock.settle();
    await first.stop();
    expect(row(id)).toMatchObject({ state: 'uploading', attempts: 0, nextAtMs: null, lastError: null });
    first.wake();
    await clock.advance(MINUTE_MS);
    expect(row(id).state).toBe('uploading');

    store.close();
    store = openStore(directory, { now: clock.now });
    const finalize = held();
    start({ finalizing: finalize });
    await clock.settle();
    expect(row(id).state).toBe('done');
    expect(finalize.started).toEqual([]);
  });

  it('writes down what became done while stopping', async () => {
    const id = ended();
    const upload = held();
    const running = start({ uploading: upload });
    await clock.settle();
    const stopped = running.stop();
    expect(upload.signals[0]?.aborted).toBe(true);
    upload.release();
    await stopped;
    expect(row(id)).toMatchObject({ state: 'notifying', outcome: 'delivered' });
  });

  it('stops in bounded time when a step does not, and touches the store no more', async () => {
    const id = ended();
    const upload = held();
    const running = start({ uploading: upload });
    await clock.settle();
    let over = false;
    const stopped = running.stop(500).then(() => {
      over = true;
    });
    await clock.advance(499);
    expect(over).toBe(false);
    await clock.advance(1);
    await stopped;
    upload.release();
    await clock.advance(MINUTE_MS);
    expect(row(id)).toMatchObject({ state: 'uploading', outcome: null });
  });

  it('tries again after a crash in the middle of a try', async () => {
    const id = ended();
    start({ uploading: held() });
    await clock.settle();
    expect(row(id).attempts).toBe(1);
    // The first runner is simply forgotten, as a killed process is.
    runner = undefined;
    const upload = scripted();
    start({ uploading: upload });
    await clock.settle();
    expect(upload.tries).toMatchObject([{ attempts: 2 }]);
    expect(row(id).state).toBe('done');
  });

  it('survives a store that cannot write for a while', async () => {
    const id = ended();
    const { update } = store.recordings;
    let broken = true;
    const recordings = {
      ...store.recordings,
      update: (...args: Parameters<typeof update>) => {
        if (broken) throw new Error('database or disk is full');
        return update(...args);
      },
    };
    start({}, { store: { ...store, recordings } });
    await clock.advance(100);
    expect(row(id).state).toBe('finalizing');
    broken = false;
    await clock.advance(MINUTE_MS);
    expect(row(id).state).toBe('done');
  });
});
