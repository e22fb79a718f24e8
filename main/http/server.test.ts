import { connect } from 'node:net';
import type { LightMyRequestResponse } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ERRORS, type ErrorCode } from '../../shared/errors.ts';
import { FakeBox, viewOf } from '../../test/support/fake-box.ts';
import { problemOfClientError } from './problems.ts';
import { createHttpServer } from './server.ts';

const SAMPLE =
  '{"SdkAppId": 1400000000,"RoomId": 43474,"UserId": "user_55952145","Mode":"12","UserSig": "eJwtzNEKgkAUBNB-…","CosConfig": ' +
  '{"Region": "ap-shanghai","Bucket": "test-123456789","Path": "/trtc"},"IsReserve":false,"Callback":"https:xxxxxxxx.com/post/xxx"}';

let box: FakeBox;
let lines: string[];
let app: ReturnType<typeof createHttpServer>;

beforeEach(() => {
  box = new FakeBox();
  lines = [];
  const write = (facts: object, message: string) => {
    lines.push(JSON.stringify({ ...facts, message }));
  };
  app = createHttpServer({ box, version: '1.2.3', log: { debug: write, info: write, warn: write, error: write } });
});

afterEach(() => app.close());

function post(
  url: string,
  payload: string | Buffer,
  headers: Record<string, string> = {},
): Promise<LightMyRequestResponse> {
  return app.inject({ method: 'POST', url, payload, headers: { 'content-type': 'application/json', ...headers } });
}

function expectProblem(response: LightMyRequestResponse, code: ErrorCode): Record<string, unknown> {
  expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  const body = response.json();
  expect(body.code).toBe(code);
  expect(response.statusCode).toBe(ERRORS[code].status);
  expect(body).toMatchObject({
    status: ERRORS[code].status,
    type: expect.stringMatching(/^urn:/),
    title: expect.any(String),
  });
  expect(body.remedy).not.toBe('');
  expect(response.body).not.toMatch(/\bat .*\.ts:|node_modules|stack/);
  return body;
}

describe('drop-in callers', () => {
  test.each(['/', '/?x=1', '/release', '/release/', '/release/record-func', '/release/a/b?c=d'])(
    'POST %s answers as the cloud function did',
    async (url) => {
      const response = await post(url, SAMPLE);
      expect(response.statusCode).toBe(200);
      expect(response.body).toBe('Async run task submitted');
      expect(response.headers['content-type']).toBe('text/plain; charset=utf-8');
      expect(response.headers['x-scf-reqid']).toBe('id-1');
      expect(box.accepted[0]?.request).toMatchObject({ RoomId: 43_474, UserSig: 'eJwtzNEKgkAUBNB-…' });
    },
  );

  test.each([
    ['text/plain'],
    ['application/x-www-form-urlencoded'],
    ['application/json;charset=UTF-8'],
    ['not a type'],
    [''],
  ])('content type %j is not judged', async (contentType) => {
    expect((await post('/', SAMPLE, { 'content-type': contentType })).statusCode).toBe(200);
  });

  test('no content type at all, and a byte-order mark', async () => {
    const response = await app.inject({
      method: 'POST',
      url: '/',
      payload: Buffer.from(`\ufeff${SAMPLE}`),
      headers: {},
    });
    expect(response.statusCode).toBe(200);
  });

  test('a refusal is problem JSON with its own status', async () => {
    const body = expectProblem(await post('/', '{"SdkAppId":1}'), 'INVALID_REQUEST');
    expect(body.errors).toEqual(
      expect.arrayContaining([expect.objectContaining({ field: 'UserId', rule: 'required' })]),
    );
    expectProblem(await post('/', ''), 'NOT_JSON');
    expectProblem(await post('/', '{"SdkAppId":'), 'NOT_JSON');
    expectProblem(await app.inject({ method: 'POST', url: '/' }), 'NOT_JSON');
    expectProblem(await post('/', Buffer.from([0x22, 0xff, 0x22])), 'NOT_JSON');
    expectProblem(await post('/', 'null'), 'INVALID_REQUEST');
    expectProblem(await post('/', SAMPLE, { 'content-encoding': 'gzip' }), 'UNSUPPORTED_MEDIA_TYPE');
    expectProblem(await post('/', `"${'x'.repeat(64 * 1024)}"`), 'BODY_TOO_LARGE');
    expect(box.accepted).toEqual([]);
  });
});

describe('POST /api/recordings', () => {
  test('202 with id, state and links, and the id as a header', async () => {
    const response = await post('/api/recordings', SAMPLE);
    expect(response.statusCode).toBe(202);
    expect(response.headers['x-scf-reqid']).toBe('id-1');
    expect(response.headers.location).toBe('/api/recordings/id-1');
    expect(response.json()).toEqual({
      id: 'id-1',
      state: 'accepted',
      links: {
        self: '/api/recordings/id-1',
        stop: '/api/recordings/id-1/stop',
        callback: '/api/recordings/id-1/callback',
        retry: '/api/recordings/id-1/retry',
        credentials: '/api/recordings/id-1/credentials',
        result: '/api/recordings/id-1/result',
        events: '/api/recordings/id-1/events',
        manifest: '/api/recordings/id-1/manifest',
      },
      warnings: [],
    });
  });

  test('warnings in the language of the caller', async () => {
    const body = SAMPLE.replace('{', '{"Extra":1,');
    const response = await post('/api/recordings', body, { 'accept-language': 'zh-CN,zh;q=0.9,en;q=0.8' });
    expect(response.json().warnings).toEqual([{ field: 'Extra', message: expect.stringContaining('忽略') }]);
  });

  test('only JSON', async () => {
    expectProblem(await post('/api/recordings', SAMPLE, { 'content-type': 'text/plain' }), 'UNSUPPORTED_MEDIA_TYPE');
    expectProblem(await post('/api/recordings', SAMPLE, { 'content-type': 'nonsense' }), 'UNSUPPORTED_MEDIA_TYPE');
    expect((await post('/api/recordings', SAMPLE, { 'content-type': 'application/vnd.x+json; a=b' })).statusCode).toBe(
      202,
    );
  });

  test('Idempotency-Key: the same request is replayed, even signed afresh; another one is refused', async () => {
    const headers = { 'idempotency-key': 'k-1' };
    await post('/api/recordings', SAMPLE, headers);
    const again = await post('/', SAMPLE.replace('eJwtzNEKgkAUBNB-…', 'another-signature'), headers);
    expect(again.statusCode).toBe(200);
    expect(again.headers['x-scf-reqid']).toBe('id-1');
    expect(again.headers['idempotency-replayed']).toBe('true');
    expectProblem(await post('/api/recordings', SAMPLE.replace('43474', '43475'), headers), 'IDEMPOTENCY_MISMATCH');
    const body = expectProblem(await post('/', SAMPLE, { 'idempotency-key': 'two words' }), 'INVALID_REQUEST');
    expect(body.errors).toEqual([expect.objectContaining({ field: 'Idempotency-Key' })]);
    expect(box.accepted).toHaveLength(1);
  });

  test('the hash changes with everything that is to be recorded, and with nothing secret', async () => {
    const variants = [
      SAMPLE,
      SAMPLE.replace('43474', '43475'),
      SAMPLE.replace('"RoomId": 43474', '"StrRoomId": "43474"'),
      SAMPLE.replace('user_55952145', 'other'),
      SAMPLE.replace('1400000000', '1400000001'),
      SAMPLE.replace('"12"', '"10"'),
      SAMPLE.replace('false', 'true'),
      SAMPLE.replace('post/xxx', 'post/yyy'),
      SAMPLE.replace('ap-shanghai', 'ap-beijing'),
      SAMPLE.replace('test-123456789', 'test-1'),
      SAMPLE.replace('"/trtc"', '"/"'),
      SAMPLE.replace('"Mode"', '"AlsoSingle":true,"Mode"'),
      SAMPLE.replace('"Mode"', '"Layout":"grid","Mode"'),
      SAMPLE.replace('"Mode"', '"Names":{"a":"x","b":"y"},"Mode"'),
    ];
    for (const variant of variants) {
      await post('/', variant);
    }
    await post('/', SAMPLE.replace('"Mode"', '"Names":{"b":"y","a":"x"},"AlsoSingle":false,"Mode"'));
    await post('/', SAMPLE.replace('"Path"', '"SecretId":"a","SecretKey":"b","Token":"c","Path"'));
    const hashes = box.accepted.map(({ options }) => options.bodyHash);
    expect(new Set(hashes).size).toBe(variants.length);
    expect(hashes.at(-2)).toBe(hashes[variants.length - 1]);
    expect(hashes.at(-1)).toBe(hashes[0]);
  });

  test('what the box refuses keeps its facts', async () => {
    box.refusal = { kind: 'problem', code: 'ALREADY_RECORDING', runningId: 'id-0' };
    expect(expectProblem(await post('/api/recordings', SAMPLE), 'ALREADY_RECORDING').runningId).toBe('id-0');
    box.refusal = { kind: 'problem', code: 'AT_CAPACITY', retryAfterSeconds: 12.2 };
    const full = await post('/', SAMPLE);
    expectProblem(full, 'AT_CAPACITY');
    expect(full.headers['retry-after']).toBe('13');
    box.refusal = { kind: 'problem', code: 'SHUTTING_DOWN' };
    expect((await post('/', SAMPLE)).headers['retry-after']).toBe('30');
    box.refusal = { kind: 'problem', code: 'DISK_RESERVE', detail: { en: '1.9 GB are free', zh: '剩余 1.9 GB' } };
    expect(expectProblem(await post('/', SAMPLE), 'DISK_RESERVE').detail).toBe('1.9 GB are free');
    box.refusal = { kind: 'problem', code: 'ADDON_MISSING' };
    const response = await post('/', SAMPLE, { 'accept-language': 'zh' });
    expectProblem(response, 'ADDON_MISSING');
    expect(response.headers['content-language']).toBe('zh-CN');
    expect(response.body).toContain('原生模块');
  });
});

describe('reading and stopping', () => {
  test('the list hands limit, state and before on, and gives the next before when there may be more', async () => {
    box.recordings = [viewOf({ id: 'b' }), viewOf({ id: 'a' })];
    expect((await app.inject('/api/recordings')).json()).toMatchObject({
      recordings: [{ id: 'b' }, { id: 'a' }],
      before: null,
    });
    const page = await app.inject('/api/recordings?limit=1&state=uploading&before=c');
    expect(page.json()).toMatchObject({ recordings: [{ id: 'b', links: { self: '/api/recordings/b' } }], before: 'b' });
    expect(box.queries).toEqual([{ limit: 100 }, { limit: 1, state: 'uploading', before: 'c' }]);
  });

  test.each(['limit=0', 'limit=501', 'limit=x', 'limit=1&limit=2', 'state=ended', 'before=a&before=b'])(
    '?%s is refused',
    async (query) => {
      const body = expectProblem(await app.inject(`/api/recordings?${query}`), 'INVALID_REQUEST');
      expect(body.errors).toEqual([expect.objectContaining({ field: query.split('=')[0] })]);
    },
  );

  test('one recording, unknown ones, and HEAD', async () => {
    box.recordings = [viewOf({ id: 'a' })];
    expect((await app.inject('/api/recordings/a')).json()).toMatchObject({ id: 'a', request: { RoomId: 43_474 } });
    expectProblem(await app.inject('/api/recordings/b'), 'NOT_FOUND');
    expectProblem(await app.inject('/api/recordings/%00%2e%2e'), 'NOT_FOUND');
    for (const url of ['/', '/api/recordings', '/api/recordings/a', '/healthz']) {
      const head = await app.inject({ method: 'HEAD', url });
      expect([head.statusCode, head.body]).toEqual([200, '']);
    }
  });

  test('stop: 202 while it goes on, 200 once it is over, any body, again and again', async () => {
    box.recordings = [viewOf({ id: 'a' }), viewOf({ id: 'z', state: 'done' })];
    for (const headers of [{}, { 'content-type': 'application/json' }, { 'content-type': 'what ever' }]) {
      const response = await app.inject({ method: 'POST', url: '/api/recordings/a/stop', headers });
      expect([response.statusCode, response.json().id]).toEqual([202, 'a']);
    }
    expect((await post('/api/recordings/z/stop', '{"reason":"enough"}')).statusCode).toBe(200);
    expectProblem(await post('/api/recordings/nobody/stop', ''), 'NOT_FOUND');
  });

  test('sending a result again: 202, or why not', async () => {
    box.recordings = [viewOf({ id: 'a', state: 'done' })];
    const response = await app.inject({ method: 'POST', url: '/api/recordings/a/callback' });
    expect([response.statusCode, response.json().id]).toEqual([202, 'a']);
    expectProblem(await post('/api/recordings/nobody/callback', ''), 'NOT_FOUND');
    for (const code of ['NO_CALLBACK', 'CALLBACK_NOT_READY'] as const) {
      box.refusal = { kind: 'problem', code };
      expectProblem(await post('/api/recordings/a/callback', 'any body'), code);
    }
    box.refusal = null;
  });

  test('health', async () => {
    expect((await app.inject('/healthz')).json()).toMatchObject({ status: 'ok', version: '1.2.3', accepting: true });
  });
});

describe('everything else', () => {
  test('unknown addresses and wrong methods', async () => {
    expectProblem(await app.inject('/nothing?UserSig=x'), 'ROUTE_NOT_FOUND');
    expectProblem(await app.inject('/%zz'), 'ROUTE_NOT_FOUND');
    expectProblem(await app.inject(`/api/recordings/${'x'.repeat(300)}`), 'ROUTE_NOT_FOUND');
    for (const [method, url, allow] of [
      ['PUT', '/', 'GET, HEAD, POST'],
      ['GET', '/release/x', 'POST'],
      ['DELETE', '/api/recordings/a', 'GET, HEAD'],
      ['GET', '/api/recordings/a/stop', 'POST'],
      ['POST', '/healthz', 'GET, HEAD'],
    ] as const) {
      const response = await app.inject({ method, url });
      expectProblem(response, 'METHOD_NOT_ALLOWED');
      expect(response.headers.allow).toBe(allow);
    }
  });

  test('a web page of another site can neither start nor read', async () => {
    expectProblem(await post('/', SAMPLE, { origin: 'https://evil.example' }), 'FORBIDDEN_ORIGIN');
    expectProblem(await app.inject({ url: '/api/recordings', headers: { host: 'evil.example' } }), 'FORBIDDEN_ORIGIN');
    expect((await post('/', SAMPLE, { host: 'service.example.com' })).statusCode).toBe(200);
  });

  test('an unforeseen failure is logged with its id and told without details', async () => {
    box.failure = new Error('database file /secret/place is gone');
    const body = expectProblem(await post('/', SAMPLE), 'INTERNAL');
    expect(JSON.stringify(body)).not.toContain('/secret/place');
    const line = lines.find((text) => text.includes('request failed'));
    expect(line).toContain(String(body.requestId));
    expectProblem(await app.inject('/'), 'INTERNAL');
  });

  test('neither bodies nor headers nor queries are logged', async () => {
    await post('/release/x?token=Q-SECRET', SAMPLE, { authorization: 'H-SECRET', 'idempotency-key': 'K-SECRET' });
    await post('/', SAMPLE.replace('"user_55952145"', '5'));
    await app.inject('/api/recordings/P-SECRET');
    const log = lines.join('\n');
    expect(log).toContain('"route":"/release/*"');
    expect(log).not.toMatch(/SECRET|eJwtzNEK|xxxxxxxx|43474/);
  });

  test('a box that does not answer is not waited for', async () => {
    const silent = () => {};
    const log = { debug: silent, info: silent, warn: silent, error: silent };
    const slow = createHttpServer({ box, log, version: '1', handlerTimeoutMs: 20 });
    box.health = () => new Promise(() => {});
    const response = await slow.inject('/healthz');
    expect(expectProblem(response, 'INTERNAL').detail).toBe('The box did not answer in time.');
    await slow.close();
  });

  test('closing does not wait for a connection that is kept open', async () => {
    const address = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
    const socket = connect(Number(address.port), address.hostname);
    const answered = new Promise((resolve) => socket.once('data', resolve));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await answered;
    await app.close();
    await closed;
  });

  test('a request that never arrives in full', () => {
    const timeout = Object.assign(new Error('late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
    expect(problemOfClientError(timeout)).toEqual({ code: 'REQUEST_TIMEOUT' });
  });

  test('bytes that are no HTTP get problem JSON too', async () => {
    const address = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
    const reply = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(address.port), address.hostname, () => socket.write('HELO box\r\n\r\n'));
      let text = '';
      socket.on('data', (bytes) => {
        text += bytes.toString('utf8');
      });
      socket.on('end', () => resolve(text));
      socket.on('error', reject);
    });
    expect(reply).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    const [head = '', body = ''] = reply.split('\r\n\r\n');
    expect(head).toContain(`content-length: ${Buffer.byteLength(body)}`);
    expect(JSON.parse(body)).toMatchObject({ code: 'INVALID_REQUEST', status: 400 });
  });
});
