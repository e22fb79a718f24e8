import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeBox } from '../../test/support/fake-box.ts';
import { silentLogger } from '../logging.ts';
import { createPresets } from '../presets/presets.ts';
import { openStore, type Store } from '../store/store.ts';
import { createHttpServer } from './server.ts';

const PLACE = { Region: 'ap-guangzhou', Bucket: 'class-1250000000', Path: '/term' };
const KEYS = { SecretId: 'AKIDofTheDestination', SecretKey: 'key-of-the-destination' };
const SDK_KEY = 'sdk-secret-key-of-the-application';

let directory: string;
let store: Store;
let box: FakeBox;
let app: ReturnType<typeof createHttpServer>;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'recorder-presets-http-'));
  store = openStore(directory, { now: Date.now });
  box = new FakeBox();
  const log = silentLogger();
  const presets = createPresets({
    ...{ tables: store.presets, events: store.events, log, settings: { limits: { maxLengthMs: 1000 } } },
  });
  app = createHttpServer({ box, version: '1.2.3', log, presets });
});
afterEach(async () => {
  await app.close();
  store.close();
  rmSync(directory, { recursive: true });
});

async function ask(method: 'GET' | 'PUT' | 'POST' | 'DELETE', url: string, body?: unknown, headers = {}) {
  const answer = await app.inject({
    ...{ method, url, headers: { 'content-type': 'application/json', ...headers } },
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  });
  return { status: answer.statusCode, headers: answer.headers, body: answer.body && JSON.parse(answer.body) };
}

async function saveBoth(): Promise<void> {
  await ask('PUT', '/api/destinations/classes', { ...PLACE, ...KEYS });
  await ask('PUT', '/api/applications/school', { SdkAppId: 1400000001, SdkSecretKey: SDK_KEY });
}

describe('/api/destinations and /api/applications', () => {
  it('save, list and forget under any name, and never answer with a secret', async () => {
    const name = encodeURIComponent(`${'录'.repeat(62)}/😀`);
    const saved = await ask('PUT', `/api/destinations/${name}`, { ...PLACE, ...KEYS });
    expect(saved).toMatchObject({ status: 200, body: { name: decodeURIComponent(name), secretId: 'AKID…tion' } });
    await saveBoth();
    const lists = [await ask('GET', '/api/destinations'), await ask('GET', '/api/applications')];
    expect(lists[0]?.body.destinations).toHaveLength(2);
    expect(lists[1]?.body.applications).toMatchObject([{ name: 'school', sdkSecretKey: 'sdk-…tion' }]);
    for (const secret of [...Object.values(KEYS), SDK_KEY]) expect(JSON.stringify(lists)).not.toContain(secret);
    expect((await ask('DELETE', `/api/destinations/${name}`)).status).toBe(204);
    expect(await ask('DELETE', `/api/destinations/${name}`)).toMatchObject({
      status: 404,
      body: { code: 'NOT_FOUND' },
    });
    expect((await ask('DELETE', '/api/applications/school')).status).toBe(204);
  });

  it('refuse by field', async () => {
    const refused = await ask('PUT', '/api/destinations/x', { Region: 'ap-x', Bucket: 'X', Path: '/' });
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ field: 'Bucket', rule: 'pattern' }] } });
  });
});

describe('POST /api/recordings/by-hand', () => {
  const byHand = { application: 'school', destination: 'classes', RoomId: 7, UserId: 'rec', Mode: '12' };

  it('hands in what the names stand for, as the drop-in route does', async () => {
    await saveBoth();
    const started = await ask('POST', '/api/recordings/by-hand', byHand, { 'idempotency-key': 'k' });
    expect(started).toMatchObject({ status: 202, headers: { location: '/api/recordings/id-1' }, body: { id: 'id-1' } });
    expect(box.accepted[0]?.request).toMatchObject({ SdkAppId: 1400000001, CosConfig: { ...PLACE, ...KEYS } });
    expect(box.accepted[0]?.request.UserSig).toMatch(/^eJ/);
    const again = await ask('POST', '/api/recordings/by-hand', byHand, { 'idempotency-key': 'k' });
    expect(again).toMatchObject({ status: 202, headers: { 'idempotency-replayed': 'true' }, body: { id: 'id-1' } });
  });

  it('names all that is wrong at once, and nothing twice', async () => {
    await saveBoth();
    const { status, body } = await ask('POST', '/api/recordings/by-hand', { ...byHand, application: 'x', RoomId: 0 });
    expect(status).toBe(400);
    expect(body.errors.map(({ field }: { field: string }) => field)).toEqual(['application', 'RoomId']);
    const bad = await ask('POST', '/api/recordings/by-hand', { ...byHand, UserId: 'no user' });
    expect(bad.body.errors.map(({ field }: { field: string }) => field)).toEqual(['UserId']);
    const own = await ask('POST', '/api/recordings/by-hand', { RoomId: 1 });
    expect(own.body.errors.map(({ field }: { field: string }) => field)).toEqual([
      ...['SdkAppId', 'UserId', 'UserSig', 'CosConfig'],
    ]);
  });

  it('hears what the box refuses', async () => {
    await saveBoth();
    box.refusal = { kind: 'problem', code: 'AT_CAPACITY' };
    expect(await ask('POST', '/api/recordings/by-hand', byHand)).toMatchObject({ body: { code: 'AT_CAPACITY' } });
  });
});
