import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiError, createApiClient, type RouteName, UnreachableError } from '../../shared/api/client.ts';
import { ROUTES } from '../../shared/api/routes.ts';
import { sampleRequest } from '../support/box.ts';
import { NOWHERE, type QuietBox, startQuietBox } from '../support/quiet-box.ts';

// The shared client against a whole box over sockets, and against what is no box.

let box: QuietBox;
let client: ReturnType<typeof createApiClient>;
/** Names of routes that were called here. */
const called = new Set<string>();

beforeAll(async () => {
  box = await startQuietBox();
  client = clientOf(box.url);
});
afterAll(() => box?.close());

function clientOf(baseUrl: string, options: { language?: string; timeoutMs?: number } = {}) {
  const one = createApiClient({ baseUrl, ...options });
  const call: typeof one.call = (name, ...rest) => {
    called.add(name);
    return one.call(name, ...rest);
  };
  return { ...one, call };
}

function request(RoomId: number, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return sampleRequest({ RoomId, Callback: `${NOWHERE}/callback`, ...changes });
}

async function problemOf(call: Promise<unknown>): Promise<ApiError['problem']> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiError)) throw new Error(`no refusal: ${String(error)}`);
  return error.problem;
}

describe('recordings', () => {
  it('are started, found by their key, read, listed and stopped', async () => {
    const key = 'client-key-1';
    const { id, state, links } = await client.call('startRecording', { body: request(1) }, { idempotencyKey: key });
    expect([state, links.self]).toEqual(['accepted', `/api/recordings/${id}`]);
    const again = await client.call('startRecording', { body: request(1) }, { idempotencyKey: key });
    expect(again.id).toBe(id);
    expect(await client.call('findByKey', {}, { idempotencyKey: key })).toEqual({ id });
    expect((await client.call('getRecording', { params: { id } })).request.RoomId).toBe(1);
    const page = await client.call('listRecordings', { query: { room: '1', limit: 1, attention: false } });
    expect([page.recordings[0]?.id, page.total]).toEqual([id, 1]);
    const { events } = await client.call('getRecordingEvents', { params: { id }, query: { limit: 1 } });
    expect(events).toMatchObject([{ recordingId: id, type: 'accepted' }]);
    expect(
      (await client.call('getCallbacks', { params: { id } })).callbacks.every(({ tries }) => Array.isArray(tries)),
    ).toBe(true);
    expect((await client.call('stopRecording', { params: { id } })).id).toBe(id);
    expect((await client.call('retryAll', {})).retried).toBeGreaterThanOrEqual(0);
  });

  it('refuse with the reason, in the language asked for', async () => {
    const { id } = await client.call('startRecording', { body: request(2) });
    expect(await problemOf(client.call('startRecording', { body: request(2) }))).toMatchObject({
      ...{ code: 'ALREADY_RECORDING', status: 409, runningId: id },
    });
    const chinese = clientOf(box.url, { language: 'zh-CN' });
    const broken = await problemOf(chinese.call('startRecording', { body: request(3, { Mode: '99' }) }));
    expect(broken.code).toBe('INVALID_REQUEST');
    expect(broken.errors?.[0]).toMatchObject({ field: 'Mode', message: expect.stringMatching(/[\u4e00-\u9fff]/) });
    const params = { id };
    const refused = (call: Promise<unknown>) => problemOf(call).then(({ code }) => code);
    expect(await refused(client.call('getResult', { params }))).toBe('RESULT_NOT_READY');
    expect(await refused(client.call('resendCallback', { params }))).toBe('CALLBACK_NOT_READY');
    expect(await refused(client.call('retryRecording', { params }))).toBe('NOT_RUNNING');
    expect(await refused(client.call('deleteRecording', { params, query: { force: true } }))).toMatch(/RUNNING/);
    expect((await problemOf(client.call('getLivePicture', { params }))).status).toBe(404);
    const file = { params: { id, index: 0 } };
    for (const name of ['getFile', 'getThumbnail', 'getWaveform'] as const) {
      expect((await problemOf(client.call(name, file))).status, name).toBeGreaterThanOrEqual(400);
    }
    expect((await problemOf(client.call('getManifest', { params }))).status).toBeGreaterThanOrEqual(400);
    expect((await problemOf(client.call('setRecordingCredentials', { params, body: {} }))).code).toBe(
      'INVALID_REQUEST',
    );
    const nobody = { params: { id: 'no/body?#%' } };
    expect(await refused(client.call('getRecording', nobody))).toBe('NOT_FOUND');
  });

  it('the same key and body twenty times at once are one recording and twenty equal answers', async () => {
    const options = { idempotencyKey: 'twenty' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => client.call('startRecording', { body: request(20) }, options)),
    );
    const [first] = answers;
    expect(answers.map(({ id, links, warnings }) => ({ id, links, warnings }))).toEqual(
      Array(20).fill({ id: first?.id, links: first?.links, warnings: first?.warnings }),
    );
    expect((await client.call('listRecordings', { query: { room: '20' } })).total).toBe(1);
    const other = client.call('startRecording', { body: request(21) }, options);
    expect(await problemOf(other)).toMatchObject({ code: 'IDEMPOTENCY_MISMATCH', status: 422 });
  });
});

describe('the box', () => {
  it('tells how it is and what it is made of', async () => {
    expect(await client.call('healthz', {})).toMatchObject({ status: 'ok', simulated: true });
    expect(await client.call('readyz', {})).toMatchObject({ ready: true, problems: [] });
    expect(await client.call('getVersion', {})).toMatchObject({
      simulated: true,
      node: expect.stringMatching(/^v?\d+\./),
    });
    expect(await client.call('metrics', {})).toMatch(/^# HELP /m);
    expect(await client.call('openapi', {})).toMatchObject({ openapi: '3.1.0' });
    expect(await client.call('apiPage', {})).toContain('<!doctype html>');
    expect((await client.call('getSelfTest', {})).state).toBe('never');
  });

  it('takes settings and keys', async () => {
    const limits = { maxRecordings: 63 };
    expect((await client.call('changeSettings', { body: { limits } })).values).toMatchObject({ limits });
    expect((await client.call('getSettings', {})).values).toMatchObject({ limits });
    const wrong = await problemOf(client.call('changeSettings', { body: { limits: { maxRecordings: 'many' } } }));
    expect(wrong).toMatchObject({ code: 'INVALID_REQUEST', errors: [{ field: 'limits.maxRecordings' }] });
    const body = { SecretId: 'AKIDclient0001', SecretKey: 'a-key-of-the-client' };
    expect((await client.call('storeCosCredentials', { body })).source).toBe('stored');
    expect((await client.call('getCosCredentials', {})).source).toBe('stored');
    expect((await client.call('forgetCosCredentials', {})).source).toBe('environment');
  });

  it('gives tokens out and takes them back', async () => {
    const params = { name: 'billing' };
    const made = await client.call('createToken', { body: { name: 'billing', role: 'record' } });
    expect(made).toMatchObject({ name: 'billing', role: 'record', token: expect.any(String) });
    const rotated = await client.call('rotateToken', { params });
    expect(rotated.token).not.toBe(made.token);
    expect((await client.call('listTokens', {})).tokens).toMatchObject([{ name: 'billing', lastUsedAt: null }]);
    expect(await client.call('openSession', { body: { token: rotated.token } })).toMatchObject({ role: 'admin' });
    expect(await client.call('getSession', {})).toMatchObject({ required: false });
    expect(await client.call('closeSession', {})).toBeUndefined();
    expect(await client.call('deleteToken', { params })).toBeUndefined();
    expect((await client.call('listTokens', {})).tokens).toEqual([]);
  });

  it('keeps destinations and applications, and starts with them', async () => {
    const named = { name: '教室 1' };
    const place = { Region: 'ap-shanghai', Bucket: 'lessons-1250000000', Path: '/autumn' };
    const keys = { SecretId: 'AKIDdestination01', SecretKey: 'key-of-the-destination' };
    const saved = await client.call('putDestination', { params: named, body: { ...place, ...keys } });
    expect(saved).toMatchObject({ ...named, ...place, isReadable: true, hasToken: false });
    expect(JSON.stringify(saved)).not.toContain(keys.SecretKey);
    expect((await client.call('listDestinations', {})).destinations).toEqual([saved]);
    const body = { SdkAppId: 1_400_000_000, SdkSecretKey: 'key-of-the-application' };
    const application = await client.call('putApplication', { params: named, body });
    expect(application).toMatchObject({ ...named, SdkAppId: 1_400_000_000, isReadable: true });
    expect((await client.call('listApplications', {})).applications).toEqual([application]);
    const { SdkAppId: _app, UserSig: _sig, CosConfig: _cos, ...rest } = request(40);
    const begun = await client.call('startByHand', {
      body: { ...rest, application: named.name, destination: named.name },
    });
    const { request: shown } = await client.call('getRecording', { params: { id: begun.id } });
    expect(shown).toMatchObject({ SdkAppId: 1_400_000_000, CosConfig: { Bucket: place.Bucket } });
    expect(await client.call('deleteDestination', { params: named })).toBeUndefined();
    expect(await client.call('deleteApplication', { params: named })).toBeUndefined();
    expect((await problemOf(client.call('deleteApplication', { params: named }))).status).toBe(404);
  });

  it('tries what it would need, and says what needs a person', async () => {
    const cos = await client.call('checkCos', { body: { Region: 'ap-shanghai', Bucket: 'a-1250000000', Path: '/' } });
    expect(cos).toMatchObject({ passed: false, keys: 'box', steps: expect.arrayContaining([expect.anything()]) });
    expect(await client.call('checkCallback', { body: { url: `${NOWHERE}/callback` } })).toMatchObject({
      ...{ passed: false, status: null },
    });
    expect((await client.call('checkEncoders', {})).encoders.map(({ name }) => name)).toContain('libx264');
    expect((await client.call('getAttention', {})).simulated).toBe(true);
    expect(await client.call('getCapacity', {})).toMatchObject({
      basis: 'set',
      machine: { cores: expect.any(Number) },
    });
    expect(await problemOf(client.call('measureCapacity', {}))).toMatchObject({ code: 'NOT_QUIET', status: 409 });
    expect((await client.call('getFirstRun', {})).dismissed).toBe(false);
    expect((await client.call('changeFirstRun', { body: { dismissed: true } })).dismissed).toBe(true);
    called.add('getDiagnostics');
    const bundle = await fetch(client.urlOf('getDiagnostics', {}));
    expect([bundle.status, bundle.headers.get('content-type')]).toEqual([200, 'application/zip']);
    expect(
      Buffer.from(await bundle.arrayBuffer())
        .subarray(0, 4)
        .toString('latin1'),
    ).toBe('PK\u0003\u0004');
  });

  it('is followed as things happen', async () => {
    called.add('getEvents');
    const ending = new AbortController();
    const { id } = await client.call('startRecording', { body: request(30) });
    for await (const { name, data } of client.watch({ after: 0, signal: ending.signal })) {
      if (name === 'audit' && data.recordingId === id) ending.abort();
    }
    expect(ending.signal.aborted).toBe(true);
  });

  it('every route but the one that records for real was called', () => {
    expect(Object.keys(ROUTES).filter((name) => !called.has(name))).toEqual(['startSelfTest' satisfies RouteName]);
  });
});

describe('addresses', () => {
  it('hold what is given, and never become others', async () => {
    const url = client.urlOf('getFile', { params: { id: 'a/b c', index: 1 }, query: { download: true } });
    expect(url).toBe(`${box.url}/api/recordings/a%2Fb%20c/files/1?download=true`);
    for (const id of ['..', '.', '']) {
      await expect(client.call('getRecording', { params: { id } })).rejects.toThrow(TypeError);
    }
  });
});

describe('what is no box', () => {
  async function withServer(answer: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
    const server = createServer(answer).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    try {
      await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  it.each<[string, RequestListener]>([
    ['a page instead of JSON', (_, reply) => reply.setHeader('content-type', 'text/html').end('<p>Log in first')],
    ['JSON that is cut off', (_, reply) => reply.setHeader('content-type', 'application/json').end('{"id":')],
    [
      'a refusal that is not ours',
      (_, reply) => reply.writeHead(502, { 'content-type': 'application/json' }).end('{}'),
    ],
    [
      'a problem of somebody else',
      (_, reply) => reply.writeHead(400, { 'content-type': 'application/problem+json' }).end('{}'),
    ],
    [
      'a status the route never has',
      (_, reply) => reply.writeHead(206, { 'content-type': 'application/json' }).end('{}'),
    ],
    [
      'a line that breaks in the body',
      (_, reply) => {
        reply.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' }).write('{');
        setTimeout(() => reply.destroy(), 20);
      },
    ],
    ['a line that breaks at once', (_, reply) => void reply.destroy()],
  ])('%s', async (_what, answer) => {
    await withServer(answer, async (url) => {
      await expect(clientOf(url).call('getVersion', {})).rejects.toThrow(UnreachableError);
    });
  });

  it('nobody there, and nobody who answers in time', async () => {
    await expect(clientOf(NOWHERE).call('healthz', {})).rejects.toThrow(UnreachableError);
    await withServer(
      () => {},
      async (url) => {
        await expect(clientOf(url, { timeoutMs: 50 }).call('healthz', {})).rejects.toThrow(UnreachableError);
      },
    );
  });

  it('a call that its caller gives up ends with his reason', async () => {
    await withServer(
      () => {},
      async (url) => {
        const reason = new Error('enough');
        const giveUp = new AbortController();
        const call = clientOf(url).call('healthz', {}, { signal: giveUp.signal });
        giveUp.abort(reason);
        await expect(call).rejects.toBe(reason);
      },
    );
  });
});
