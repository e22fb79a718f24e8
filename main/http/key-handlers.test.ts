import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeBox, HEALTHY } from '../../test/support/fake-box.ts';
import { createHttpServer } from './server.ts';

const ID = 'box1-0b51b3f4-6a0c-4c5b-9c6e-2f0f5a1d9e10';
const none = () => {};
const log = { debug: none, info: none, warn: none, error: none };

let box: FakeBox;
let app: ReturnType<typeof createHttpServer>;
const started = new Map<string, string>();

beforeEach(() => {
  started.clear();
  box = new FakeBox();
  const keys = { recordingOf: (key: string) => started.get(key) ?? null };
  app = createHttpServer({ box, version: '1.2.3', log, keys, boxName: 'box1' });
});
afterEach(() => app.close());

async function ask(url: string, key?: string): Promise<{ status: number; id: unknown; code: unknown; body: string }> {
  const headers = key === undefined ? {} : { 'idempotency-key': key };
  const { statusCode, headers: answered, body } = await app.inject({ method: 'GET', url, headers });
  return { status: statusCode, id: answered['x-scf-reqid'], code: JSON.parse(body).code, body };
}

describe('GET /api/idempotency', () => {
  it('tells the recording of a key, in body and header, and what is not known', async () => {
    started.set('k1', ID);
    expect(await ask('/api/idempotency', 'k1')).toMatchObject({
      status: 200,
      id: ID,
      body: JSON.stringify({ id: ID }),
    });
    expect(await ask('/api/idempotency', 'k2')).toMatchObject({ status: 404, id: undefined, code: 'KEY_UNKNOWN' });
  });

  it('names the header when it is missing or broken', async () => {
    for (const key of [undefined, 'with space', '钥']) {
      const { status, body } = await ask('/api/idempotency', key);
      expect([status, JSON.parse(body).errors[0].field]).toEqual([400, 'Idempotency-Key']);
    }
  });

  it('with orReady says yes for room as well, and otherwise what a request would be refused with', async () => {
    expect(await ask('/api/idempotency?orReady=true', 'k')).toMatchObject({ status: 200, body: '{"id":null}' });
    box.healthNow = { ...HEALTHY, accepting: false, problems: ['AT_CAPACITY'] };
    expect(await ask('/api/idempotency?orReady=true', 'k')).toMatchObject({ status: 503, code: 'AT_CAPACITY' });
    expect(await ask('/api/idempotency', 'k')).toMatchObject({ status: 404, code: 'KEY_UNKNOWN' });
    started.set('k', ID);
    expect(await ask('/api/idempotency?orReady=true', 'k')).toMatchObject({ status: 200, id: ID });
  });
});

describe('the name of the box', () => {
  it('is in every answer, and in none of a box without one', async () => {
    for (const url of ['/', '/api/recordings', '/nothing-here', '/api/idempotency']) {
      expect((await app.inject({ url })).headers['x-recorder-box'], url).toBe('box1');
    }
    const alone = createHttpServer({ box, version: '1.2.3', log, boxName: null });
    expect((await alone.inject({ url: '/' })).headers).not.toHaveProperty('x-recorder-box');
    await alone.close();
  });
});
