import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CALLBACK_EVENTS } from '../../shared/callback-events.ts';
import { addRecording } from '../../test/support/new-recording.ts';
import {
  ANSWER_WITHIN_MS,
  createOutboxRig,
  EVENT_GIVE_UP_MS,
  GIVE_UP_MS,
  type OutboxRig,
  type Receiver,
  startReceiver,
} from '../../test/support/outbox-rig.ts';
import { createGuardedPost } from '../network/guarded-post.ts';
import { createTargetPolicy } from '../network/targets.ts';

let rig: OutboxRig;
let receiver: Receiver;

beforeEach(async () => {
  rig = createOutboxRig();
  receiver = await startReceiver();
});
afterEach(async () => {
  await rig.close();
  await receiver.close();
});

/** A recording whose caller wants to know everything, recorded and ended; its result is on its way. */
function told(path = '/a'): string {
  const { id } = addRecording(rig.store, {
    roomId: null,
    strRoomId: path,
    callbackUrl: `${receiver.origin}${path}`,
    events: CALLBACK_EVENTS,
  });
  const { recordings } = rig.store;
  recordings.move(id, 'accepted', 'joining');
  recordings.move(id, 'joining', 'waiting', { startedAtMs: rig.clock.now() });
  recordings.move(id, 'waiting', 'recording');
  return id;
}

function ended(id: string): void {
  const { recordings } = rig.store;
  recordings.move(id, 'recording', 'finalizing', { endReason: 'stopped', timelineMs: 1234 });
  recordings.move(id, 'finalizing', 'uploading');
  recordings.move(id, 'uploading', 'notifying', { outcome: 'delivered' });
  void rig.notify(rig.row(id));
}

const ORDER = ['recording.waiting', 'recording.started', 'recording.ended', 'result'];

/** What arrived, by name. */
function arrived(): string[] {
  return receiver.received.map(({ body }) => JSON.parse(body).Event ?? 'result');
}

/** Tries until nothing waits any more, or until `untilMs` of the clock. */
async function drain(id: string, untilMs = Number.POSITIVE_INFINITY): Promise<void> {
  while (rig.store.callbacks.head(id) && rig.clock.now() < untilMs) await rig.nextTry(id);
}

describe('events', () => {
  it('go out before the result and in order, in a body of their own', async () => {
    const id = told();
    await rig.until(() => receiver.received.length === 2);
    ended(id);
    await drain(id);
    expect(arrived()).toEqual(ORDER);
    const [first] = receiver.received;
    const body = JSON.parse(first?.body ?? '');
    expect(body).toEqual({
      Event: 'recording.waiting',
      EventId: first?.headers['x-delivery-id'],
      EventMs: Date.UTC(2026, 0, 1),
      RequestId: id,
      SdkAppId: '1400000000',
      RoomId: '',
      UserId: 'user_55952145',
      StrRoomId: '/a',
      Data: { StartedAt: '2026-01-01T00:00:00.000Z' },
    });
    expect(JSON.parse(receiver.received[2]?.body ?? '').Data).toEqual({ EndReason: 'stopped', DurationMs: 1234 });
    expect(new Set(receiver.received.map(({ headers }) => headers['x-delivery-id'])).size).toBe(4);
    expect(rig.store.callbacks.listOf(id).map(({ event, state }) => [event ?? 'result', state])).toEqual(
      ORDER.map((name) => [name, 'delivered']),
    );
  });

  it('keep order, bytes and ids through a receiver that is away for a day, restarts and 30 % failures', async () => {
    const id = told();
    // Not only arrived: the answers are written down as well.
    await rig.until(() => rig.store.callbacks.head(id) === undefined);
    expect(receiver.received).toHaveLength(2);
    receiver.received.length = 0;
    const { origin } = receiver;
    const away = receiver;
    await away.close();
    ended(id);
    await rig.restart({
      settings: { timeoutMs: ANSWER_WITHIN_MS, giveUpAfterMs: 72 * GIVE_UP_MS, eventGiveUpAfterMs: EVENT_GIVE_UP_MS },
    });
    void rig.notify(rig.row(id));
    await drain(id, rig.clock.now() + 24 * 3_600_000);
    expect(rig.store.callbacks.counts()).toEqual({ delivered: 2, pending: 2 });
    receiver = await startReceiver(Number(new URL(origin).port));
    receiver.answers = [503, 'reset', 200, 500, 503];
    await rig.restart({
      settings: { timeoutMs: ANSWER_WITHIN_MS, giveUpAfterMs: 72 * GIVE_UP_MS, eventGiveUpAfterMs: EVENT_GIVE_UP_MS },
    });
    void rig.notify(rig.row(id));
    await drain(id);
    expect(arrived()).toEqual([...Array(3).fill('recording.ended'), ...Array(3).fill('result')]);
    expect(new Set(receiver.received.map(({ headers, body }) => `${headers['x-delivery-id']}${body}`)).size).toBe(2);
  });

  it('that the receiver refuses keep the result for a bounded time, all of them together', async () => {
    receiver.answer = ({ body }) => (body.includes('"Event"') ? 400 : 200);
    const id = told();
    await rig.until(() => receiver.received.length === 1);
    // Nothing waits behind them yet, so there is no hurry to give them up.
    await drain(id, rig.clock.now() + 3 * EVENT_GIVE_UP_MS);
    expect(rig.store.callbacks.counts()).toEqual({ pending: 2 });
    const endedAtMs = rig.clock.now();
    ended(id);
    await drain(id);
    expect(arrived().at(-1)).toBe('result');
    expect(arrived().filter((name) => name === 'result')).toHaveLength(1);
    expect(rig.store.callbacks.listOf(id).map(({ state }) => state)).toEqual([
      'parked',
      'parked',
      'parked',
      'delivered',
    ]);
    // Ten minutes, and the pause in which they end.
    expect(rig.clock.now() - endedAtMs).toBeGreaterThanOrEqual(EVENT_GIVE_UP_MS);
    expect(rig.clock.now() - endedAtMs).toBeLessThanOrEqual(EVENT_GIVE_UP_MS + 302_000);
    // By hand they come again, in their order, before the result.
    receiver.answer = null;
    receiver.received.length = 0;
    rig.store.callbacks.resend(id);
    rig.outbox.wake(id);
    await drain(id);
    expect(arrived()).toEqual(ORDER);
  });
});

it('every try is kept with what was answered', async () => {
  receiver.answers = [503, 'reset', 200];
  const recording = rig.waiting(`${receiver.origin}/a`);
  void rig.notify(recording);
  await rig.until(() => receiver.received.length === 1);
  await drain(recording.id);
  const { deliveryId } = rig.store.callbacks.get(recording.id)!;
  const kept = rig.store.callbacks.triesOf(recording.id);
  expect(kept.map(({ attempt, status, error, answer }) => [attempt, status, error, answer])).toEqual([
    [1, 503, 'HTTP status 503', 'thank you'],
    [2, null, expect.stringContaining('no connection'), null],
    [3, 200, null, 'thank you'],
  ]);
  expect(kept.every((one) => one.deliveryId === deliveryId && one.tookMs >= 0)).toBe(true);
  expect(kept.map(({ atMs }) => atMs)).toEqual(kept.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
});

describe('an answer that could not be written down', () => {
  it('makes the message come once more, under the same id', async () => {
    const recording = rig.waiting(`${receiver.origin}/a`);
    const { transaction } = rig.store;
    let refused = 0;
    Object.assign(rig.store, {
      transaction: () => {
        refused += 1;
        throw new Error('disk full');
      },
    });
    void rig.notify(recording);
    await rig.until(() => refused > 0);
    expect(receiver.received).toHaveLength(1);
    await rig.clock.advance(1000);
    Object.assign(rig.store, { transaction });
    await rig.clock.advance(10_000);
    await rig.until(() => rig.store.callbacks.get(recording.id)?.state === 'delivered');
    expect(receiver.received.length).toBeGreaterThanOrEqual(2);
    expect(new Set(receiver.received.map(({ body, headers }) => headers['x-delivery-id'] + body)).size).toBe(1);
  });
});

describe('an outbox in which nothing is due', () => {
  it('asks the store seldom, and at once when there is news', async () => {
    const due = vi.spyOn(rig.store.callbacks, 'due');
    await rig.clock.advance(60_000);
    expect(due.mock.calls.length).toBeLessThanOrEqual(6);
    const id = told();
    await rig.clock.settle();
    await rig.until(() => rig.store.callbacks.head(id) === undefined);
    expect(arrived()).toEqual(['recording.waiting', 'recording.started']);
  });

  it('sends what waits for a time when that has come', async () => {
    receiver.answers = [{ status: 503, headers: { 'retry-after': '7' } }];
    const recording = rig.waiting(`${receiver.origin}/a`);
    const outcome = rig.notify(recording);
    // The time is in the row when the answer is written down.
    await rig.until(() => rig.store.callbacks.get(recording.id)?.attempts === 1);
    await rig.clock.settle();
    await rig.clock.advance(6900);
    expect(receiver.received).toHaveLength(1);
    await rig.clock.advance(200);
    await rig.until(() => receiver.received.length === 2);
    expect(await outcome).toEqual({ kind: 'done' });
  });
});

describe('receivers', () => {
  it('of whom one hangs do not wait for each other', async () => {
    const hanging = await startReceiver();
    hanging.answer = () => 'hang';
    const slow = Array.from({ length: 40 }, (_, n) => rig.waiting(`${hanging.origin}/${n}`, { roomId: n + 1 }));
    const quick = Array.from({ length: 6 }, (_, n) => rig.waiting(`${receiver.origin}/${n}`, { roomId: n + 100 }));
    for (const recording of [...slow, ...quick]) void rig.notify(recording);
    await rig.until(() => quick.every(({ id }) => rig.store.callbacks.get(id)?.state === 'delivered'));
    expect(receiver.received).toHaveLength(6);
    await rig.until(() => hanging.received.length >= 4);
    await rig.clock.settle();
    expect(hanging.received).toHaveLength(4);
    expect(slow.every(({ id }) => rig.store.callbacks.get(id)?.attempts === 0)).toBe(true);
    await rig.outbox.stop();
    await hanging.close();
  });

  it('get one message of a recording at a time', async () => {
    receiver.answer = () => 'hang';
    const id = told();
    ended(id);
    await rig.until(() => receiver.received.length === 1);
    await rig.clock.advance(4000);
    expect(arrived()).toEqual(['recording.waiting']);
    await rig.outbox.stop();
  });
});

describe('an address that leads where the box does not go', () => {
  it('is told once per message in the history, tried again, and parked in the end', async () => {
    const policy = createTargetPolicy({ allowedHosts: null, allowLoopback: false });
    await rig.restart({ fetch: createGuardedPost(policy) });
    const recording = rig.waiting(`${receiver.origin}/here`);
    const outcome = rig.notify(recording);
    const row = () => rig.store.callbacks.get(recording.id);
    await rig.until(() => (row()?.attempts ?? 0) > 0);
    await rig.nextTry(recording.id);
    await rig.until(() => (row()?.attempts ?? 0) > 1);
    expect(row()).toMatchObject({ state: 'pending', lastStatus: null });
    expect(row()?.lastError).toMatch(/^CALLBACK_ADDRESS_REFUSED: 127\.0\.0\.1 leads to the box itself/);
    const told = rig.store.events
      .list({ recordingId: recording.id })
      .filter(({ type }) => type === 'callbackAddressRefused');
    expect(told.map(({ data }) => data.code)).toEqual(['CALLBACK_ADDRESS_REFUSED']);
    await rig.clock.advance(GIVE_UP_MS);
    await drain(recording.id);
    expect(row()?.state).toBe('parked');
    await outcome;
    expect(receiver.received).toEqual([]);
  });
});
