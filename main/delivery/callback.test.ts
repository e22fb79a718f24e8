import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ANSWER_WITHIN_MS,
  createOutboxRig,
  GIVE_UP_MS,
  type OutboxRig,
  type Receiver,
  startReceiver,
} from '../../test/support/outbox-rig.ts';
import { openStore } from '../store/store.ts';
import { postCallback } from './callback-post.ts';
import { buildResult } from './result.ts';

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

function lastEvent(id: string) {
  return rig.store.events.list({ recordingId: id }).at(-1);
}

describe('telling the caller', () => {
  it('posts the result as JSON, once', async () => {
    const recording = rig.waiting(`${receiver.origin}/post/xxx?key=1`);
    const outcome = rig.notify(recording);
    await rig.until(() => rig.store.callbacks.get(recording.id)?.state === 'delivered');
    expect(await outcome).toEqual({ kind: 'done' });
    const outbox = rig.store.callbacks.get(recording.id);
    expect(receiver.received).toMatchObject([
      {
        method: 'POST',
        path: '/post/xxx?key=1',
        headers: {
          'content-type': 'application/json',
          'x-delivery-id': outbox?.deliveryId,
          'x-delivery-attempt': '1',
        },
      },
    ]);
    expect(receiver.received[0]?.headers).not.toHaveProperty('sign');
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toEqual(buildResult(recording, [], []));
    expect(outbox).toMatchObject({ attempts: 1, lastStatus: 200, endedAtMs: rig.clock.now() });
    expect(lastEvent(recording.id)).toMatchObject({
      type: 'callbackDelivered',
      data: { event: 'result', url: `${receiver.origin}/post/xxx` },
    });
    expect(JSON.stringify(rig.store.events.list())).not.toContain('key=1');
    // The row may be asked for once more after a crash between the answer and the move.
    expect(await rig.notify(recording)).toEqual({ kind: 'done' });
    await rig.clock.advance(10_000);
    expect(receiver.received).toHaveLength(1);
  });

  it('is done at once without an address', async () => {
    const recording = rig.waiting(null);
    expect(await rig.notify(recording)).toEqual({ kind: 'done' });
    expect(rig.store.callbacks.get(recording.id)).toBeUndefined();
  });

  it.each([301, 302, 303, 304, 400, 404, 410, 500])('takes %i for not told, and follows nothing', async (status) => {
    const recording = rig.waiting(`${receiver.origin}/a`);
    receiver.answers = [{ status, headers: { location: `${receiver.origin}/elsewhere` } }];
    void rig.notify(recording);
    await rig.nextTry(recording.id);
    expect(receiver.received.map(({ path }) => path)).toEqual(['/a']);
    expect(rig.store.callbacks.get(recording.id)).toMatchObject({
      state: 'pending',
      attempts: 1,
      lastStatus: status,
      lastError: `HTTP status ${status}`,
      nextAtMs: rig.clock.now() + 1000,
    });
  });

  it('sends the same bytes under the same id in every try, also after a restart and when facts changed', async () => {
    const { id } = rig.waiting(`${receiver.origin}/a`);
    receiver.answers = ['reset', 503, 204];
    void rig.notify(rig.row(id));
    await rig.nextTry(id);
    expect(rig.store.callbacks.get(id)?.lastError).toMatch(/^no connection \(/);
    await rig.restart();
    rig.store.gaps.add(id, { atMs: 1, durationMs: 2, reason: 'boxDown', cut: false });
    rig.store.recordings.update(id, { timelineMs: 99_000 });
    const outcome = rig.notify(rig.row(id));
    await rig.nextTry(id);
    expect(rig.store.callbacks.get(id)?.lastError).toBe('HTTP status 503');
    await rig.nextTry(id);
    expect(await outcome).toEqual({ kind: 'done' });
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    expect(new Set(receiver.received.map(({ headers }) => headers['x-delivery-id'])).size).toBe(1);
    expect(receiver.received.map(({ headers }) => headers['x-delivery-attempt'])).toEqual(['1', '2', '3']);
  });

  it('has the frozen body on disk before anything is sent', async () => {
    let onDisk: string | undefined;
    const recording = rig.waiting(`${receiver.origin}/a`);
    receiver.answer = () => {
      const other = openStore(rig.directory, { now: Date.now });
      onDisk = other.callbacks.get(recording.id)?.body;
      other.close();
      return 200;
    };
    void rig.notify(recording);
    await rig.until(() => receiver.received.length === 1);
    expect(onDisk).toBe(receiver.received[0]?.body);
    expect(onDisk).toContain(recording.id);
  });

  it('does not wait longer than its deadline for an answer', async () => {
    await rig.restart({ settings: { timeoutMs: 100, giveUpAfterMs: GIVE_UP_MS, eventGiveUpAfterMs: 0 } });
    const recording = rig.waiting(`${receiver.origin}/a`);
    receiver.answers = ['hang'];
    void rig.notify(recording);
    await rig.nextTry(recording.id);
    expect(rig.store.callbacks.get(recording.id)).toMatchObject({
      lastError: 'no answer within 100 ms',
      refusedSinceAtMs: expect.any(Number),
    });
  });

  it('takes the status for the answer, also when the body never ends or is long', async () => {
    const send = (pull: (controller: ReadableStreamDefaultController<Uint8Array>) => void) => async () =>
      new Response(new ReadableStream<Uint8Array>({ pull }), { status: 200 });
    const post = { url: 'http://x.example/', body: '{}', deliveryId: 'd', attempt: 1, sdkAppId: 1 };
    const options = { timeoutMs: 20_000, signingKey: null, now: () => 0 };
    const long = send((controller) => controller.enqueue(new TextEncoder().encode('很'.repeat(1000))));
    const taken = await postCallback(post, { ...options, fetch: long }, new AbortController().signal);
    expect(taken).toEqual({ kind: 'taken', status: 200, answer: '很'.repeat(500) });
    const silent = send(() => new Promise(() => {}) as unknown as undefined);
    const alsoTaken = await postCallback(post, { ...options, fetch: silent }, new AbortController().signal);
    expect(alsoTaken).toEqual({ kind: 'taken', status: 200, answer: null });
  });

  it('lets go at once when the box stops, without counting the try', async () => {
    const { id } = rig.waiting(`${receiver.origin}/a`);
    receiver.answers = ['hang'];
    const stop = new AbortController();
    const outcome = rig.notify(rig.row(id), stop.signal);
    await rig.until(() => receiver.received.length === 1);
    stop.abort();
    expect(await outcome).toMatchObject({ kind: 'retryAt', code: 'CALLBACK_ABORTED' });
    await rig.outbox.stop();
    expect(rig.store.callbacks.get(id)).toMatchObject({ state: 'pending', attempts: 0 });
  });

  it('tries again after 1, 2, 4 … s up to 5 min, or when the receiver asks for it, within reason', async () => {
    const { id } = rig.waiting(`${receiver.origin}/a`);
    const later = (after: string) => ({ status: 503, headers: { 'retry-after': after } });
    receiver.answers = [500, 500, 500, later('7'), later('100000'), later('soon'), ...Array(5).fill(500)];
    void rig.notify(rig.row(id));
    const pausesMs: number[] = [];
    for (let attempt = 0; attempt < 11; attempt += 1) {
      await rig.nextTry(id);
      pausesMs.push((rig.store.callbacks.get(id)?.nextAtMs ?? 0) - rig.clock.now());
    }
    expect(pausesMs).toEqual([1e3, 2e3, 4e3, 7e3, 300e3, 32e3, 64e3, 128e3, 256e3, 300e3, 300e3]);
  });

  it('parks the result after the configured time and ends the recording all the same', async () => {
    const recording = rig.waiting(`${receiver.origin}/a?key=hidden`);
    receiver.answer = () => 500;
    const outcome = rig.notify(recording);
    const queuedAtMs = rig.clock.now();
    while (rig.store.callbacks.head(recording.id)) {
      await rig.nextTry(recording.id);
      const isOver = rig.clock.now() - queuedAtMs >= GIVE_UP_MS;
      expect(rig.store.callbacks.get(recording.id)?.state).toBe(isOver ? 'parked' : 'pending');
    }
    expect(await outcome).toEqual({ kind: 'done' });
    expect(rig.store.callbacks.list('parked')).toMatchObject([
      { recordingId: recording.id, lastError: 'HTTP status 500', endedAtMs: expect.any(Number) },
    ]);
    expect(lastEvent(recording.id)).toMatchObject({ type: 'callbackParked', data: { url: `${receiver.origin}/a` } });
  });

  it('does not take a time far in the future, written while the clock was wrong, for a reason to wait', async () => {
    const { id } = rig.waiting(`${receiver.origin}/a`);
    receiver.answers = [500];
    void rig.notify(rig.row(id));
    await rig.nextTry(id);
    const head = rig.store.callbacks.head(id);
    rig.store.callbacks.update(head?.deliveryId ?? '', { nextAtMs: rig.clock.now() + 10 * 365 * 86_400_000 });
    await rig.clock.advance(1000);
    await rig.until(() => receiver.received.length === 2);
  });
});

describe('sending again by hand', () => {
  it('sends what was delivered and what was parked once more, with the same id and bytes', async () => {
    const { id } = rig.waiting(`${receiver.origin}/a`);
    expect(rig.store.callbacks.resend(id)).toBe(false);
    const outcome = rig.notify(rig.row(id));
    await rig.until(() => receiver.received.length === 1);
    await outcome;
    rig.store.recordings.move(id, 'notifying', 'done');
    expect(rig.store.callbacks.resend(id)).toBe(true);
    rig.outbox.wake(id);
    await rig.until(() => rig.store.callbacks.get(id)?.attempts === 2);
    expect(rig.store.callbacks.get(id)).toMatchObject({ state: 'delivered' });
    receiver.answer = () => 500;
    rig.store.callbacks.resend(id);
    while (rig.store.callbacks.head(id)) await rig.nextTry(id);
    expect(rig.store.callbacks.get(id)?.state).toBe('parked');
    receiver.answer = null;
    rig.store.callbacks.resend(id);
    rig.outbox.wake(id);
    await rig.until(() => rig.store.callbacks.get(id)?.state === 'delivered');
    expect(rig.row(id).state).toBe('done');
    expect(new Set(receiver.received.map(({ body, headers }) => `${headers['x-delivery-id']} ${body}`)).size).toBe(1);
  });
});

describe('addresses and redirects', () => {
  /** What is asked for when a receiver answers one after the other; the last answer stays. */
  async function asked(url: string, answers: Response[] = [new Response(null, { status: 200 })]) {
    const seen: { href: string; headers: Headers; body: string; method: string }[] = [];
    const fake: typeof fetch = async (input, init) => {
      // The real constructor, so that what the platform refuses is refused here too.
      const request = new Request(input, init);
      seen.push({ href: request.url, headers: request.headers, body: await request.text(), method: request.method });
      return (answers[seen.length - 1] ?? answers.at(-1))!.clone();
    };
    await rig.restart({ fetch: fake });
    const { id } = rig.waiting(url);
    void rig.notify(rig.row(id));
    await rig.until(() => (rig.store.callbacks.get(id)?.attempts ?? 0) === 1);
    return { seen, row: rig.store.callbacks.get(id)! };
  }

  const redirect = (location: string, status = 307) => new Response(null, { status, headers: { location } });
  const taken = new Response(null, { status: 200 });

  it('reads the odd one of the published sample', async () => {
    expect((await asked('https:xxxxxxxx.com/post/xxx')).seen[0]?.href).toBe('https://xxxxxxxx.com/post/xxx');
  });

  it('sends user name and password as authorization, which fetch would refuse in the address', async () => {
    const { seen } = await asked('http://us%40er:p%C3%A4ss@127.0.0.1/x?y=1');
    expect(seen[0]?.href).toBe('http://127.0.0.1/x?y=1');
    expect(seen[0]?.headers.get('authorization')).toBe(`Basic ${Buffer.from('us@er:päss').toString('base64')}`);
  });

  it.each([307, 308])('follows %i on the same host with method, body, id and authorization kept', async (status) => {
    const { seen, row } = await asked('http://a:b@127.0.0.1:9/x', [redirect('/y?z=1', status), taken]);
    expect(seen.map(({ href }) => href)).toEqual(['http://127.0.0.1:9/x', 'http://127.0.0.1:9/y?z=1']);
    expect(seen[1]).toMatchObject({ method: 'POST', body: seen[0]?.body });
    for (const name of ['authorization', 'x-delivery-id', 'content-type']) {
      expect(seen[1]?.headers.get(name)).toBe(seen[0]?.headers.get(name));
    }
    expect(row.state).toBe('delivered');
  });

  it.each([
    ['http://caller.example/x', 'https://caller.example/x', true],
    ['https://caller.example/x', 'http://caller.example/x', false],
    ['http://caller.example/x', 'http://caller.example:8080/x', false],
    ['http://caller.example:8080/x', 'https://caller.example/x', false],
    ['http://caller.example/x', 'https://other.example/x?token=hidden', false],
    ['https://caller.example/x', '//other.example/x', false],
    ['http://caller.example/x', 'http://[', false],
  ])('from %s to %s: followed %s', async (from, to, isFollowed) => {
    const { seen, row } = await asked(from, [redirect(to, 308), taken]);
    expect(seen).toHaveLength(isFollowed ? 2 : 1);
    expect(row.state).toBe(isFollowed ? 'delivered' : 'pending');
    if (!isFollowed) expect(row.lastError).toMatch(/^HTTP status 308 to (another host|an address that is none)/);
    expect(row.lastError ?? '').not.toContain('hidden');
  });

  it('does not run in circles', async () => {
    const { seen, row } = await asked('http://caller.example/x', [redirect('/x')]);
    expect(seen).toHaveLength(4);
    expect(row).toMatchObject({ state: 'pending', lastError: 'more than 3 redirects' });
  });

  it('never puts credentials or queries into events and errors, also when nobody listens', async () => {
    const { origin } = receiver;
    await receiver.close();
    await rig.restart({ settings: { timeoutMs: ANSWER_WITHIN_MS, giveUpAfterMs: 0, eventGiveUpAfterMs: 0 } });
    const { id } = rig.waiting(`${origin.replace('//', '//user:hiddenpass@')}/x?key=hiddenkey`);
    const outcome = rig.notify(rig.row(id));
    await rig.until(() => rig.store.callbacks.get(id)?.state === 'parked');
    expect(await outcome).toEqual({ kind: 'done' });
    const shown = JSON.stringify([rig.store.events.list(), rig.store.callbacks.get(id)?.lastError]);
    expect(shown).toContain('ECONNREFUSED');
    expect(shown).not.toContain('hidden');
    receiver = await startReceiver();
  });
});

describe('the signature', () => {
  const KEY = 'k3yOfThisBoxForCallbacks';

  it('is that of TRTC: base64 of HMAC-SHA256 over the raw bytes, beside the application id', async () => {
    await rig.restart({ signingKey: KEY });
    const { id } = rig.waiting(`${receiver.origin}/a`, { strRoomId: 'room', roomId: null, userId: 'user_55952145' });
    rig.store.recordings.update(id, { failureMessage: '中文' });
    void rig.notify(rig.row(id));
    await rig.until(() => receiver.received.length === 1);
    const { headers, bytes } = receiver.received[0]!;
    expect(headers).toMatchObject({ sdkappid: '1400000000' });
    expect(headers.sign).toBe(createHmac('sha256', KEY).update(bytes).digest('base64'));
    const changed = Buffer.from(bytes);
    changed[0] = 32;
    expect(headers.sign).not.toBe(createHmac('sha256', KEY).update(changed).digest('base64'));
    expect(JSON.stringify([rig.store.events.list(), rig.store.callbacks.get(id), headers])).not.toContain(KEY);
  });
});
