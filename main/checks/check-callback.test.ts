import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { signatureOf } from '../delivery/callback-post.ts';
import { createGuardedPost } from '../network/guarded-post.ts';
import { createTargetPolicy } from '../network/targets.ts';
import { type CallbackReceiver, type CallbackReply, startCallbackReceiver } from '../selftest/callback-receiver.ts';
import { checkCallback } from './check-callback.ts';

let receiver: CallbackReceiver;
let reply: CallbackReply;
beforeEach(async () => {
  reply = { status: 200 };
  receiver = await startCallbackReceiver({ port: 0, respond: () => reply });
});
afterEach(() => receiver.close());

interface Changes {
  url?: string;
  signingKey?: string | null;
  allowLoopback?: boolean;
  timeoutMs?: number;
}

const check = (changes: Changes = {}) =>
  checkCallback({
    ...{ url: changes.url ?? `${receiver.url}/told`, deliveryId: 'test-1', signingKey: changes.signingKey ?? null },
    post: createGuardedPost(createTargetPolicy({ allowedHosts: null, allowLoopback: changes.allowLoopback ?? true })),
    ...{ timeoutMs: changes.timeoutMs ?? 30_000, now: () => 1_900_000_000_000, signal: new AbortController().signal },
  });

describe('the test message', () => {
  it('is marked as a test, has a delivery id of its own, and is signed like any other', async () => {
    expect(await check({ signingKey: 'sign-with-this' })).toMatchObject({ passed: true, status: 200, remedy: null });
    const [{ body, headers }] = receiver.received as [(typeof receiver.received)[number]];
    expect(JSON.parse(body)).toMatchObject({ Event: 'test', EventId: 'test-1', Test: true });
    expect(headers['x-delivery-id']).toBe('test-1');
    expect(headers.sign).toBe(signatureOf('sign-with-this', Buffer.from(body)));
  });
});

describe('what came of it, in words with a remedy', () => {
  it.each<[string, CallbackReply, RegExp, Changes?]>([
    ['a refusal', { status: 500 }, /status 500/],
    ['silence', { status: 200, hang: true }, /No answer within 0.3 s/, { timeoutMs: 300 }],
    ['a way elsewhere', { status: 307, headers: { location: 'http://other.example/x' } }, /elsewhere/],
  ])('%s', async (_name, answer, message, changes) => {
    reply = answer;
    expect(await check(changes)).toMatchObject({
      passed: false,
      message: { en: expect.stringMatching(message), zh: expect.stringMatching(/\p{Script=Han}/u) },
      remedy: { en: expect.any(String) },
    });
  });

  it('nobody, and an address that the box does not go to', async () => {
    expect(await check({ url: 'http://127.0.0.1:9/x' })).toMatchObject({
      ...{ passed: false, status: null, answer: null },
      message: { en: expect.stringContaining('ECONNREFUSED') },
    });
    const refused = await check({ allowLoopback: false });
    expect(refused).toMatchObject({ passed: false, message: { en: expect.stringContaining('does not connect') } });
    expect(receiver.received).toEqual([]);
  });
});
