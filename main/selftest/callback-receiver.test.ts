import { afterEach, expect, it } from 'vitest';
import { type CallbackReceiver, type CallbackReply, startCallbackReceiver } from './callback-receiver.ts';

let receiver: CallbackReceiver | null = null;
afterEach(async () => {
  await receiver?.close();
  receiver = null;
});

async function start(respond?: (n: number) => CallbackReply): Promise<CallbackReceiver> {
  receiver = await startCallbackReceiver({ port: 0, ...(respond === undefined ? {} : { respond }) });
  return receiver;
}

async function post(url: string, body: string, signal?: AbortSignal): Promise<number> {
  const headers = { 'content-type': 'application/json', 'x-id': 'abc' };
  const reply = await fetch(url, { method: 'POST', body, headers, ...(signal === undefined ? {} : { signal }) });
  return reply.status;
}

it('records body, headers and path exactly, and answers 200', async () => {
  const { url, received } = await start();
  expect(await post(`${url}/cb?x=1`, '{"a": "录"}')).toBe(200);
  expect(received).toHaveLength(1);
  expect(received[0]).toMatchObject({ n: 1, path: '/cb?x=1', body: '{"a": "录"}', headers: { 'x-id': 'abc' } });
});

it('answers as told, by number', async () => {
  const { url } = await start((n) => ({ status: n < 3 ? 503 : 200 }));
  expect([await post(url, '1'), await post(url, '2'), await post(url, '3')]).toEqual([503, 503, 200]);
});

it('can hang, and has recorded the callback all the same', async () => {
  const { url, received } = await start(() => ({ status: 200, hang: true }));
  const patience = new AbortController();
  const posted = post(url, 'x', patience.signal);
  await expect.poll(() => received.length).toBe(1);
  patience.abort();
  await expect(posted).rejects.toThrow(/abort/i);
  expect(received.map((callback) => callback.body)).toEqual(['x']);
});

it('waits for a callback to come, finds one that came, and gives up in time', async () => {
  const started = await start();
  const coming = started.waitFor((callback) => callback.body === 'b', 30_000);
  await post(started.url, 'a');
  await post(started.url, 'b');
  expect((await coming).n).toBe(2);
  expect((await started.waitFor((callback) => callback.body === 'a', 10)).n).toBe(1);
  await expect(started.waitFor((callback) => callback.body === 'c', 20)).rejects.toThrow(
    'no such callback within 20 ms; 2 received',
  );
});

it('refuses other methods without recording them', async () => {
  const { url, received } = await start();
  expect((await fetch(url)).status).toBe(405);
  expect(received).toHaveLength(0);
});
