import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDelivery, type Delivery, held, later, MINUTE_MS, STALL_MS } from '../../test/support/delivery.ts';
import type { RecordingRow } from '../store/rows.ts';
import type { Runner } from './runner.ts';
import { BACKOFF_CAP_MS, backoffMs, LONGEST_WAIT_MS, type Outcome, type Step } from './steps.ts';

let box: Delivery;

beforeEach(() => {
  box = createDelivery();
});
afterEach(() => box.close());

describe('the way of a recording', () => {
  it('goes through finalize, upload and notify to done, each once', async () => {
    const id = box.ended();
    const order: string[] = [];
    const note =
      (name: string): Step =>
      async () => {
        order.push(name);
        return { kind: 'done' };
      };
    box.start({ finalizing: note('finalize'), uploading: note('upload'), notifying: note('notify') });
    await box.clock.settle();
    expect(order).toEqual(['finalize', 'upload', 'notify']);
    expect(box.row(id)).toMatchObject({ state: 'done', outcome: 'delivered' });
    expect(box.store.recordings.secrets(id)).toBeNull();
  });

  it.each([
    ['finalizing', undefined, 'transcoding'],
    ['finalizing', 'recording', 'recording'],
    ['uploading', undefined, 'upload'],
  ] as const)('tells the caller when %s fails (%s)', async (state, failureKind, expected) => {
    const id = box.ended();
    const seen: RecordingRow[] = [];
    const failing: Step = async () => ({
      kind: 'failed',
      code: 'NO_MEDIA',
      message: 'nothing came',
      ...(failureKind ? { failureKind } : {}),
    });
    box.start({
      [state]: failing,
      notifying: async (recording) => {
        seen.push(recording);
        return { kind: 'done' };
      },
    });
    await box.clock.settle();
    expect(seen).toMatchObject([{ outcome: 'failed', failureKind: expected, failureCode: 'NO_MEDIA' }]);
    expect(box.row(id)).toMatchObject({ state: 'failed', failureMessage: 'nothing came' });
  });

  it('ends by what was delivered, also when the caller could not be told', async () => {
    const id = box.ended();
    box.start({ notifying: async () => ({ kind: 'failed', code: 'X', message: 'y' }) });
    await box.clock.settle();
    expect(box.row(id)).toMatchObject({ state: 'done', outcome: 'delivered', failureCode: null });
  });

  it('takes in what arrives later, when woken', async () => {
    const running = box.start({});
    await box.clock.settle();
    const id = box.ended();
    running.wake();
    await box.clock.settle();
    expect(box.row(id).state).toBe('done');
  });
});

describe('trying again', () => {
  it('waits with exponential backoff up to the cap, for ever, and counts the tries before they begin', async () => {
    const id = box.ended();
    const upload = box.scripted(...Array.from({ length: 14 }, () => later));
    box.start({ uploading: upload });
    await box.clock.advance(60 * MINUTE_MS);
    const waits = upload.tries.slice(1).map(({ atMs }, index) => (atMs - (upload.tries[index]?.atMs ?? 0)) / 1000);
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300, 300]);
    expect(upload.tries.map(({ attempts }) => attempts)).toEqual(waits.map((_, index) => index + 1).concat(15));
    expect(box.row(id).state).toBe('done');
    // The history of a box that is offline for days stays readable.
    expect(box.eventsOf(id, 'retry').map(({ attempts }) => attempts)).toEqual([1, 2, 4, 8]);
  });

  it('shows what is wrong while it waits, and follows a time that the step gives', async () => {
    const id = box.ended();
    const upload = box.scripted({ ...later, afterMs: 10_000 });
    box.start({ uploading: upload });
    await box.clock.settle();
    expect(box.row(id)).toMatchObject({
      attempts: 1,
      nextAtMs: box.clock.now() + 10_000,
      lastError: 'OFFLINE: no line',
    });
    await box.clock.advance(9999);
    expect(upload.tries).toHaveLength(1);
    await box.clock.advance(1);
    expect(box.row(id).state).toBe('done');
  });

  it('begins the backoff anew after real progress only', async () => {
    const id = box.ended();
    const sizes = [10, 10, 10, 20];
    const attempts: number[] = [];
    box.start({
      uploading: async (_, __, report) => {
        report({ doneBytes: sizes[attempts.length] ?? 99, totalBytes: 99 });
        attempts.push(0);
        return attempts.length > sizes.length ? { kind: 'done' } : later;
      },
      // Ends the test's look at the attempts before the state moves on.
      notifying: box.scripted(later),
    });
    const counts: number[] = [];
    for (const waitMs of [0, 1000, 2000, 4000]) {
      await box.clock.advance(waitMs);
      counts.push(box.row(id).attempts);
    }
    expect(counts).toEqual([1, 2, 3, 1]);
  });

  it('treats a throw as trouble that passes', async () => {
    const id = box.ended();
    let tries = 0;
    box.start({
      finalizing: () => {
        tries += 1;
        if (tries === 1) throw new Error('disk went away');
        return Promise.reject(new Error('again'));
      },
    });
    await box.clock.advance(1500);
    expect(tries).toBe(2);
    expect(box.row(id)).toMatchObject({ state: 'finalizing', lastError: 'STEP_THREW: again', attempts: 2 });
  });

  it('stands still when blocked, says so once, and goes on when somebody corrected it', async () => {
    const id = box.ended();
    const blocked: Outcome = {
      kind: 'blocked',
      code: 'BAD_KEY',
      message: 'refused',
      remedy: 'enter it',
      probeAfterMs: 5 * MINUTE_MS,
    };
    const upload = box.scripted(blocked, blocked);
    const running = box.start({ uploading: upload });
    await box.clock.settle();
    expect(box.row(id)).toMatchObject({ blockedCode: 'BAD_KEY', blockedRemedy: 'enter it', state: 'uploading' });
    await box.clock.advance(5 * MINUTE_MS);
    expect(upload.tries).toHaveLength(2);
    expect(box.eventsOf(id, 'blocked')).toHaveLength(1);
    expect(running.retryNow(id)).toBe(true);
    await box.clock.settle();
    expect(box.row(id)).toMatchObject({ state: 'done', blockedCode: null });
    expect(running.retryNow(id)).toBe(false);
    expect(running.retryNow('unknown')).toBe(false);
  });

  it('makes everything due at once when the line is back', async () => {
    const ids = [box.ended(1), box.ended(2), box.ended(3)];
    const running = box.start({ uploading: box.scripted(...ids.map(() => ({ ...later, afterMs: 20 * MINUTE_MS }))) });
    await box.clock.settle();
    expect(ids.map((id) => box.row(id).state)).toEqual(['uploading', 'uploading', 'uploading']);
    running.retryAll();
    await box.clock.settle();
    expect(ids.map((id) => box.row(id).state)).toEqual(['done', 'done', 'done']);
  });

  it('does not wait for a time that was written by a wrong clock', async () => {
    const id = box.ended();
    box.start({ uploading: box.scripted({ ...later, afterMs: 30 * MINUTE_MS }) });
    await box.clock.settle();
    box.clock.jump(-24 * 60 * MINUTE_MS);
    await box.clock.advance(MINUTE_MS);
    expect(box.row(id).state).toBe('done');
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
    const ids = [1, 2, 3, 4, 5].map((roomId) => box.ended(roomId));
    const upload = held();
    const running = box.start({ uploading: upload });
    await box.clock.settle();
    expect(upload.started).toHaveLength(2);
    running.wake();
    running.retryAll();
    await box.clock.settle();
    expect(upload.started).toHaveLength(2);
    upload.release();
    await box.clock.settle();
    expect(upload.started).toHaveLength(3);
    for (const _ of ids) {
      upload.release();
      await box.clock.settle();
    }
    expect([...upload.started].sort()).toEqual([...ids].sort());
    expect(ids.map((id) => box.row(id).state)).toEqual(ids.map(() => 'done'));
  });

  it('go on while one hangs, and the one that hangs is tried again only after it settled or long after', async () => {
    const stuck = box.ended(1);
    const tries: string[] = [];
    const settleStuck: ((outcome: Outcome) => void)[] = [];
    const running = box.start(
      {
        uploading: (recording) => {
          tries.push(recording.id);
          if (recording.id !== stuck) return Promise.resolve({ kind: 'done' });
          return new Promise((resolve) => settleStuck.push(resolve));
        },
      },
      { parallel: 1, abortGraceMs: 1000 },
    );
    await box.clock.settle();
    const other = box.ended(2);
    running.wake();
    await box.clock.advance(STALL_MS + 999);
    expect(box.row(other).state).toBe('uploading');
    await box.clock.advance(1);
    expect(box.row(other).state).toBe('done');
    expect(box.row(stuck)).toMatchObject({
      state: 'uploading',
      attempts: 1,
      lastError: expect.stringContaining('STEP_HUNG'),
    });
    expect(running.retryNow(stuck)).toBe(false);
    // An answer that comes after the try was given up changes nothing by itself.
    settleStuck.shift()?.({ kind: 'failed', code: 'LATE', message: 'too late' });
    await box.clock.settle();
    expect(box.row(stuck)).toMatchObject({ state: 'uploading', outcome: null });
    expect(running.retryNow(stuck)).toBe(true);
    await box.clock.settle();
    expect(tries).toEqual([stuck, other, stuck]);
  });

  it('are left alone as long as they show signs of life', async () => {
    const id = box.ended();
    let report: (() => void) | undefined;
    let signal: AbortSignal | undefined;
    const running: Runner = box.start({
      finalizing: (_, abort, tell) => {
        signal = abort;
        report = () => tell({ doneBytes: 5, totalBytes: 9 });
        return new Promise((resolve) => {
          abort.addEventListener('abort', () => resolve(later));
        });
      },
    });
    for (let minute = 0; minute < 5; minute += 1) {
      await box.clock.advance(STALL_MS - 1);
      report?.();
    }
    expect(signal?.aborted).toBe(false);
    expect(running.progress(id)).toEqual({ doneBytes: 5, totalBytes: 9 });
    await box.clock.advance(STALL_MS);
    expect(signal?.aborted).toBe(true);
    expect(box.row(id).lastError).toBe('STALLED: nothing moved for 60 s');
    expect(running.progress(id)).toBeUndefined();
  });
});
