import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleRequest } from '../support/box.ts';
import { type Rig, SECRET_ID, SECRET_KEY, startRig } from '../support/rig.ts';
import { unzip } from '../support/unzip.ts';

// Every secret that a box can be given is given to it; then the bundle is unpacked and searched for each of them.

const SECRETS = {
  boxKey: SECRET_KEY,
  boxId: SECRET_ID,
  callbackKey: 'callback-key-of-the-site',
  userSig: 'eJwtzFkUserSigOfTheRequest',
  requestId: 'AKIDofTheRequest0001',
  requestKey: 'secret-key-of-the-request',
  requestToken: 'session-token-of-the-request',
  query: 'ticket-in-the-callback-address',
  password: 'password-in-the-callback-address',
  storedKey: 'secret-key-that-was-stored',
  destinationKey: 'secret-key-of-the-destination',
  sdkKey: 'sdk-secret-key-of-the-application',
  givenKey: 'secret-key-that-was-tried',
  signingKey: 'signing-key-that-was-tried',
  proxy: 'password-of-the-proxy',
};

let rig: Rig;
let token: string;
beforeAll(async () => {
  rig = await startRig({
    name: 'diagnostics',
    environment: { RECORDER_CALLBACK_KEY: SECRETS.callbackKey },
    rooms: async () => ({ '1': { participants: [] } }),
  });
  const { box } = rig;
  const send = async (method: string, route: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const reply = await fetch(`${box.url}${route}`, { method, headers, body: JSON.stringify(body) });
    expect(reply.ok, `${method} ${route}: ${reply.status}`).toBe(true);
    return (await reply.json()) as Record<string, unknown>;
  };
  const place = { Region: 'ap-shanghai', Bucket: 'test-123456789', Path: '/trtc' };
  const { requestId: SecretId, requestKey: SecretKey, requestToken: Token, userSig: UserSig } = SECRETS;
  await send('PATCH', '/api/settings', { network: { proxy: `http://me:${SECRETS.proxy}@127.0.0.1:9` } });
  await send('PUT', '/api/destinations/ours', { ...place, SecretId, SecretKey: SECRETS.destinationKey });
  await send('PUT', '/api/applications/ours', { SdkAppId: 1400000000, SdkSecretKey: SECRETS.sdkKey });
  await send('PUT', '/api/cos-credentials', { SecretId: 'AKIDstored0000000001', SecretKey: SECRETS.storedKey });
  await send('POST', '/api/checks/cos', { ...place, SecretId, SecretKey: SECRETS.givenKey });
  await send('POST', '/api/checks/callback', { url: `${rig.receiver.url}/x`, signingKey: SECRETS.signingKey });
  ({ token } = (await send('POST', '/api/tokens', { name: 'support', role: 'record' })) as { token: string });
  const Callback = `${rig.receiver.url.replace('//', `//me:${SECRETS.password}@`)}/told?ticket=${SECRETS.query}`;
  const CosConfig = { ...place, SecretId, SecretKey, Token };
  const id = await box.record(sampleRequest({ RoomId: 1, UserSig, Callback, CosConfig }));
  await box.waitFor(id, 'in the room', ({ state }) => state === 'waiting' || state === 'recording');
  // Refused with what it holds, in the log as in the answer.
  await box.post('/', { SdkAppId: 'x', UserSig, CosConfig });
});
afterAll(async () => await rig?.close());

describe('the bundle for support', { timeout: 90_000 }, () => {
  it('tells how the box is, and holds none of the secrets that were given to it', async () => {
    const reply = await fetch(`${rig.box.url}/api/diagnostics`);
    expect(reply.headers.get('content-type')).toBe('application/zip');
    expect(reply.headers.get('content-disposition')).toMatch(
      /^attachment; filename="recorder-diagnostics-[\w-]+\.zip"/,
    );
    const files = await unzip(Buffer.from(await reply.arrayBuffer()));
    expect([...files.keys()]).toEqual([
      ...['README.txt', 'versions.json', 'system.json', 'health.json', 'settings.json', 'events.json'],
      ...['recordings.json', 'metrics.txt', expect.stringMatching(/^logs\/box\.\d+\.log$/), 'doctor.json'],
    ]);
    const json = (name: string) => JSON.parse(files.get(name) ?? '') as Record<string, unknown>;
    expect(json('health.json')).toMatchObject({ health: { simulated: true }, attention: { selfTest: 'never' } });
    expect(json('recordings.json')).toMatchObject([{ request: { RoomId: 1, Callback: `${rig.receiver.url}/told` } }]);
    expect(json('settings.json')).toMatchObject({ network: { proxy: expect.stringContaining('127.0.0.1:9') } });
    expect(json('doctor.json')).toMatchObject({
      findings: expect.arrayContaining([expect.objectContaining({ check: 'disk' })]),
    });
    expect(files.get('logs/box.1.log') ?? [...files].find(([name]) => name.startsWith('logs/'))?.[1]).toContain(
      '"msg"',
    );
    expect(json('events.json')).toMatchObject(expect.arrayContaining([expect.objectContaining({ type: 'accepted' })]));
    const all = [...files].map(([name, text]) => `${name}\n${text}`).join('\n');
    const leaked = Object.entries({ ...SECRETS, token }).filter(([, secret]) => all.includes(secret));
    expect(leaked.map(([name]) => name)).toEqual([]);
  });

  it('needs the box no longer than somebody reads it: one who leaves harms nothing', async () => {
    const leave = new AbortController();
    const reply = await fetch(`${rig.box.url}/api/diagnostics`, { signal: leave.signal });
    leave.abort();
    await expect(reply.arrayBuffer()).rejects.toThrow();
    expect((await fetch(`${rig.box.url}/healthz`)).status).toBe(200);
    expect(rig.box.log()).not.toContain('request failed');
  });
});
