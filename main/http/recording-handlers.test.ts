import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ERRORS, type ErrorCode } from '../../shared/errors.ts';
import { REMEDIES } from '../../shared/texts/remedies.ts';
import { FakeBox, viewOf } from '../../test/support/fake-box.ts';
import { createHttpServer } from './server.ts';

const PAIR = { SecretId: 'AKIDnew', SecretKey: 'new-secret/key+=' };

let box: FakeBox;
let lines: string[];
let app: ReturnType<typeof createHttpServer>;

beforeEach(() => {
  box = new FakeBox();
  box.recordings = [viewOf({ id: 'a' })];
  lines = [];
  const write = (facts: object, message: string) => void lines.push(JSON.stringify({ ...facts, message }));
  app = createHttpServer({ box, version: '1', log: { debug: write, info: write, warn: write, error: write } });
});
afterEach(async () => {
  await app.close();
  expect(lines.join()).not.toContain(PAIR.SecretKey);
});

async function send(method: 'POST' | 'PUT' | 'DELETE', url: string, body?: unknown, headers: object = {}) {
  const payload = typeof body === 'string' ? body : JSON.stringify(body ?? {});
  const reply = await app.inject({
    method,
    url,
    payload,
    headers: { 'content-type': 'application/json', ...headers },
  });
  expect(reply.body).not.toContain(PAIR.SecretKey);
  return { status: reply.statusCode, body: reply.json() };
}

function expectProblem({ status, body }: { status: number; body: { code: string } }, code: ErrorCode): void {
  expect([body.code, status]).toEqual([code, ERRORS[code].status]);
}

describe("the box's own credentials", () => {
  test('are stored, shown without the key, and forgotten', async () => {
    const stored = await send('PUT', '/api/cos-credentials', { ...PAIR, Token: 'tmp' });
    expect(stored.status).toBe(200);
    expect(box.given).toEqual([{ id: null, credentials: { ...PAIR, Token: 'tmp' } }]);
    box.credentialsNow = { source: 'environment', secretId: 'AK…', setAt: null };
    expect((await app.inject('/api/cos-credentials')).json()).toEqual(box.credentialsNow);
    expect((await send('DELETE', '/api/cos-credentials')).body.source).toBe('none');
  });

  test.each([
    [{}, ['SecretId', 'SecretKey']],
    [{ SecretId: 'AKIDnew' }, ['SecretKey']],
    [{ ...PAIR, SecretId: 'two words' }, ['SecretId']],
    [{ ...PAIR, SecretKey: 5 }, ['SecretKey']],
    [{ ...PAIR, Token: 'a\nb' }, ['Token']],
    [[], ['']],
    ['"text"', ['']],
  ])('that are wrong are refused by field: %j', async (body, fields) => {
    const refused = await send('PUT', '/api/cos-credentials', body);
    expectProblem(refused, 'INVALID_REQUEST');
    expect(refused.body.errors.map(({ field }: { field: string }) => field)).toEqual(fields);
    expect(JSON.stringify(refused.body.errors)).not.toMatch(/CosConfig|"value"/);
    expect(box.given).toEqual([]);
  });

  test('have to be JSON', async () => {
    expectProblem(await send('PUT', '/api/cos-credentials', '{'), 'NOT_JSON');
    expectProblem(
      await send('PUT', '/api/cos-credentials', PAIR, { 'content-type': 'text/plain' }),
      'UNSUPPORTED_MEDIA_TYPE',
    );
  });
});

describe('a recording that stands still', () => {
  test('gets other keys, or those of the box', async () => {
    expect((await send('POST', '/api/recordings/a/credentials', PAIR)).status).toBe(202);
    expect((await send('POST', '/api/recordings/a/credentials', { UseBox: true })).status).toBe(202);
    expect(box.given).toEqual([
      { id: 'a', credentials: { ...PAIR, Token: null } },
      { id: 'a', credentials: null },
    ]);
    expectProblem(await send('POST', '/api/recordings/a/credentials', { UseBox: false }), 'INVALID_REQUEST');
    expectProblem(await send('POST', '/api/recordings/b/credentials', PAIR), 'NOT_FOUND');
    box.refusal = { kind: 'problem', code: 'COS_CREDENTIALS_MISSING' };
    expectProblem(await send('POST', '/api/recordings/a/credentials', { UseBox: true }), 'COS_CREDENTIALS_MISSING');
  });

  test('is tried again, alone or with all others', async () => {
    expect(await send('POST', '/api/recordings/a/retry')).toMatchObject({ status: 202, body: { id: 'a' } });
    expectProblem(await send('POST', '/api/recordings/b/retry'), 'NOT_FOUND');
    expect(await send('POST', '/api/retry')).toEqual({ status: 202, body: { retried: 1 } });
    box.refusal = { kind: 'problem', code: 'NOT_RUNNING' };
    expectProblem(await send('POST', '/api/recordings/a/retry'), 'NOT_RUNNING');
  });

  test('says in the language of its reader what to do', async () => {
    const blocked = { code: 'SignatureDoesNotMatch', message: 'refused', remedy: REMEDIES.changeBoxKeys.en };
    const waiting = { code: 'ECONNREFUSED', message: 'no line', remedy: 'something else', until: null };
    box.recordings = [viewOf({ id: 'a', blocked, waiting })];
    const reply = await app.inject({ url: '/api/recordings/a', headers: { 'accept-language': 'zh-CN' } });
    expect(reply.json()).toMatchObject({
      blocked: { remedy: REMEDIES.changeBoxKeys.zh },
      waiting: { remedy: 'something else' },
    });
    expect((await app.inject('/api/recordings/a')).json().blocked.remedy).toBe(REMEDIES.changeBoxKeys.en);
    expect((await app.inject({ url: '/', headers: { 'accept-language': 'zh' } })).body).toContain(
      REMEDIES.changeBoxKeys.zh,
    );
  });
});
