import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDelivery, type Delivery, held, later, MINUTE_MS } from '../../test/support/delivery.ts';
import type { Step } from './steps.ts';

let box: Delivery;

beforeEach(() => {
  box = createDelivery();
});
afterEach(() => box.close());

describe('stopping and starting', () => {
  it('stops what reacts, keeps its tries uncounted, and goes on from the rows after a restart', async () => {
    const id = box.ended();
    const upload: Step = (_, signal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(later), { once: true }));
    const first = box.start({ uploading: upload });
    await box.clock.settle();
    await first.stop();
    expect(box.row(id)).toMatchObject({ state: 'uploading', attempts: 0, nextAtMs: null, lastError: null });
    first.wake();
    await box.clock.advance(MINUTE_MS);
    expect(box.row(id).state).toBe('uploading');

    box.reopen();
    const finalize = held();
    box.start({ finalizing: finalize });
    await box.clock.settle();
    expect(box.row(id).state).toBe('done');
    expect(finalize.started).toEqual([]);
  });

  it('writes down what became done while stopping', async () => {
    const id = box.ended();
    const upload = held();
    const running = box.start({ uploading: upload });
    await box.clock.settle();
    const stopped = running.stop();
    expect(upload.signals[0]?.aborted).toBe(true);
    upload.release();
    await stopped;
    expect(box.row(id)).toMatchObject({ state: 'notifying', outcome: 'delivered' });
  });

  it('stops in bounded time when a step does not, and touches the store no more', async () => {
    const id = box.ended();
    const upload = held();
    const running = box.start({ uploading: upload });
    await box.clock.settle();
    let over = false;
    const stopped = running.stop(500).then(() => {
      over = true;
    });
    await box.clock.advance(499);
    expect(over).toBe(false);
    await box.clock.advance(1);
    await stopped;
    upload.release();
    await box.clock.advance(MINUTE_MS);
    expect(box.row(id)).toMatchObject({ state: 'uploading', outcome: null });
  });

  it('tries again after a crash in the middle of a try', async () => {
    const id = box.ended();
    box.start({ uploading: held() });
    await box.clock.settle();
    expect(box.row(id).attempts).toBe(1);
    // The first runner goes on holding its try, as the rows of a killed process do.
    const upload = box.scripted();
    box.start({ uploading: upload });
    await box.clock.settle();
    expect(upload.tries).toMatchObject([{ attempts: 2 }]);
    expect(box.row(id).state).toBe('done');
  });

  it('survives a store that cannot write for a while', async () => {
    const id = box.ended();
    const { update } = box.store.recordings;
    let broken = true;
    const recordings = {
      ...box.store.recordings,
      update: (...args: Parameters<typeof update>) => {
        if (broken) throw new Error('database or disk is full');
        return update(...args);
      },
    };
    box.start({}, { store: { ...box.store, recordings } });
    await box.clock.advance(100);
    expect(box.row(id).state).toBe('finalizing');
    broken = false;
    await box.clock.advance(MINUTE_MS);
    expect(box.row(id).state).toBe('done');
  });
});
