import type { LookupAddress } from 'node:dns';
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../test/support/free-port.ts';
import { postCallback } from '../delivery/callback-post.ts';
import type { Resolve } from './guarded-connections.ts';
import { createGuardedPost } from './guarded-post.ts';
import { createTargetPolicy } from './targets.ts';

let server: Server;
let port: number;
let received: string[];
let redirect: string | null;

beforeEach(async () => {
  received = [];
  redirect = null;
  port = await freePort();
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString('utf8');
    });
    request.on('end', () => {
      received.push(`${request.method} ${request.headers.host} ${body}`);
      if (redirect !== null) response.writeHead(307, { location: redirect }).end();
      else response.writeHead(200, { 'x-one': '1' }).end('thanks');
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Answers with one list after the other, as a name server of somebody who means harm does; the last one stays. */
function resolver(...answers: string[][]): Resolve {
  let asked = 0;
  return (_name, _options, done) => {
    const list = answers[Math.min(asked, answers.length - 1)] ?? [];
    asked += 1;
    const addresses: LookupAddress[] = list.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    setImmediate(() => done(null, addresses));
  };
}

function post(
  url: string,
  resolve?: Resolve,
  policy = createTargetPolicy({ allowedHosts: null, allowLoopback: true }),
) {
  const options = { fetch: createGuardedPost(policy, resolve), timeoutMs: 30_000, signingKey: null, now: Date.now };
  const message = { url, body: '{"a":"ä"}', deliveryId: 'd', attempt: 1, sdkAppId: 1 };
  return postCallback(message, options, new AbortController().signal);
}

describe('a guarded POST', () => {
  it('arrives, and its status comes back', async () => {
    expect(await post(`http://user:pass@127.0.0.1:${port}/x`)).toEqual({
      kind: 'taken',
      status: 200,
      answer: 'thanks',
    });
    expect(await post(`http://hooks.example:${port}/`, resolver(['127.0.0.1']))).toEqual({
      kind: 'taken',
      status: 200,
      answer: 'thanks',
    });
    expect(received).toEqual([`POST 127.0.0.1:${port} {"a":"ä"}`, `POST hooks.example:${port} {"a":"ä"}`]);
  });

  it.each(['169.254.169.254', 'fe80::1', '0.0.0.0', '::ffff:169.254.169.254'])(
    'is not sent to a name that leads to %s; the reason names no more than the host',
    async (address) => {
      const reply = await post(`http://metadata.example:${port}/secret-path?token=1`, resolver([address]));
      expect(reply).toMatchObject({ kind: 'refused', status: null });
      const error = reply.kind === 'refused' ? reply.error : '';
      expect(error).toMatch(/^CALLBACK_ADDRESS_REFUSED: metadata\.example leads to an address/);
      expect(error).not.toMatch(/secret-path|token/);
    },
  );

  it.each([
    'http://169.254.169.254/latest',
    'http://[fe80::1]/',
    'http://0x7f.1:PORT/',
    'http://2130706433:PORT/',
    'http://[::ffff:7f00:1]:PORT/',
  ])('nor to the address in %s', async (url) => {
    const policy = createTargetPolicy({ allowedHosts: null, allowLoopback: false });
    const reply = await post(url.replace('PORT', String(port)), undefined, policy);
    expect(reply.kind === 'refused' && reply.error).toMatch(/^CALLBACK_ADDRESS_REFUSED/);
    expect(received).toEqual([]);
  });

  it('is judged anew each time: a name that leads elsewhere the second time is refused the second time', async () => {
    const resolve = resolver(['127.0.0.1'], ['169.254.169.254']);
    expect((await post(`http://rebind.example:${port}/`, resolve)).kind).toBe('taken');
    expect((await post(`http://rebind.example:${port}/`, resolve)).kind).toBe('refused');
    expect(received).toHaveLength(1);
  });

  it('also when it is sent on', async () => {
    redirect = `http://rebind.example:${port}/again`;
    const reply = await post(`http://rebind.example:${port}/`, resolver(['127.0.0.1'], ['169.254.169.254']));
    expect(reply.kind === 'refused' && reply.error).toMatch(/^CALLBACK_ADDRESS_REFUSED/);
    expect(received).toHaveLength(1);
  });

  it('takes those of several addresses that are allowed', async () => {
    expect((await post(`http://mixed.example:${port}/`, resolver(['169.254.169.254', '127.0.0.1']))).kind).toBe(
      'taken',
    );
  });

  it('a name nobody knows and a port nobody listens on are no connection', async () => {
    const unknown: Resolve = (_name, _options, done) =>
      done(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }), []);
    expect(await post('http://nobody.example/', unknown)).toEqual({
      kind: 'nobody',
      error: 'no connection (ENOTFOUND)',
    });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    expect(await post(`http://127.0.0.1:${port}/`)).toEqual({ kind: 'nobody', error: 'no connection (ECONNREFUSED)' });
  });
});
