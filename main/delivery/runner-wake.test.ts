import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REMEDIES } from '../../shared/texts/remedies.ts';
import { createDelivery, type Delivery, held, later, MINUTE_MS } from '../../test/support/delivery.ts';
import { LONGEST_WAIT_MS, type Outcome } from './steps.ts';

let box: Delivery;
beforeEach(() => {
  box = createDelivery();
});
afterEach(() => box.close());

const offline: Outcome = { ...later, remedy: REMEDIES.checkLine.en };
const blocked: Outcome = {
  kind: 'blocked',
  code: 'KEYS',
  message: 'no',
  remedy: 'change them',
  probeAfterMs: 10 * MINUTE_MS,
};

describe('a try that is under way when something was corrected', () => {
  it.each(['retrySoon', 'retryAll'] as const)('is followed by another at once (%s)', async (how) => {
    const id = box.ended();
    const upload = held();
    const runner = box.start({ uploading: upload });
    await box.clock.settle();
    if (how === 'retrySoon') expect(runner.retrySoon(id)).toBe(true);
    else expect(runner.retryAll()).toBe(0);
    upload.release(blocked);
    await box.clock.settle();
    expect(upload.started).toEqual([id, id]);
    upload.release(blocked);
    await box.clock.settle();
    // Once is enough: the second try knew what was corrected.
    expect(upload.started).toHaveLength(2);
    expect(box.row(id)).toMatchObject({ blockedCode: 'KEYS', waitRemedy: null });
  });

  it('that ended well needs none', async () => {
    const id = box.ended();
    const upload = held();
    const runner = box.start({ uploading: upload });
    await box.clock.settle();
    runner.retrySoon(id);
    upload.release();
    await box.clock.settle();
    expect(box.row(id).state).toBe('done');
    expect(runner.retrySoon(id)).toBe(false);
    expect(runner.retrySoon('nobody')).toBe(false);
  });
});

describe('the line is back', () => {
  it('for what waits for it, which keeps count of its tries; not for what is blocked or waits for something else', async () => {
    const ids = [1, 2, 3].map((roomId) => box.ended(roomId));
    const tries: string[] = [];
    const runner = box.start({
      uploading: async ({ id }) => {
        tries.push(id);
        return [offline, blocked, later][ids.indexOf(id)] ?? later;
      },
    });
    await box.clock.settle();
    for (const id of ids) box.store.recordings.update(id, { nextAtMs: box.clock.now() + 5 * MINUTE_MS, attempts: 7 });
    tries.length = 0;
    runner.lineIsBack();
    await box.clock.settle();
    expect(tries).toEqual([ids[0]]);
    expect(box.row(ids[0]!).attempts).toBe(8);
  });
});

it('since when a step waits is told over all tries that say the same, and forgotten when it goes on', async () => {
  const id = box.ended();
  const again: Outcome = { kind: 'retryAt', afterMs: MINUTE_MS, code: 'ECONNREFUSED', message: 'no line' };
  const other: Outcome = { ...again, code: 'SlowDown' };
  box.start({ uploading: box.scripted(again, again, other, { kind: 'done' }) });
  await box.clock.settle();
  const since: (number | null)[] = [];
  const startMs = box.clock.now();
  for (let tries = 0; tries < 4; tries += 1) {
    const { waitingSinceAtMs } = box.row(id);
    since.push(waitingSinceAtMs && waitingSinceAtMs - startMs);
    await box.clock.advance(MINUTE_MS);
  }
  expect(since).toEqual([0, 0, 2 * MINUTE_MS, null]);
});

describe('a step whose time has not come', () => {
  it('is no failed try, says until when, and is looked at again within the hour', async () => {
    const id = box.ended();
    const startMs = box.clock.now();
    const untilMs = startMs + 3 * LONGEST_WAIT_MS - 1;
    const notYet: Outcome = { kind: 'postponed', code: 'UPLOAD_WINDOW', message: 'at night', remedy: 'none', untilMs };
    const upload = box.scripted(notYet, notYet, notYet, { kind: 'done' });
    box.start({ uploading: upload });
    await box.clock.settle();
    expect(box.row(id)).toMatchObject({ attempts: 0, blockedCode: null, waitUntilAtMs: untilMs, waitRemedy: 'none' });
    await box.clock.advance(3 * LONGEST_WAIT_MS);
    expect(upload.tries.map(({ atMs }) => atMs - startMs)).toEqual([
      0,
      LONGEST_WAIT_MS,
      2 * LONGEST_WAIT_MS,
      3 * LONGEST_WAIT_MS - 1,
    ]);
    expect(box.row(id)).toMatchObject({ state: 'done', waitUntilAtMs: null, waitRemedy: null });
    expect(box.eventsOf(id, 'postponed')).toHaveLength(1);
  });
});

it('looks at once when told to, also when the wall clock has just been set forward', async () => {
  const id = box.ended();
  const upload = box.scripted(later, { kind: 'done' });
  const runner = box.start({ uploading: upload });
  await box.clock.settle();
  box.clock.jump(10 * MINUTE_MS);
  runner.wake();
  await box.clock.settle();
  expect(box.row(id).state).toBe('done');
});
