import { stat } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findAddon } from '../../main/capture/room/trtc/addon.ts';
import { createApiClient } from '../../shared/api/client.ts';
import type { ProblemJson } from '../../shared/errors.ts';
import type { RecordingView } from '../../shared/view.ts';
import { makeDirectory, removeDirectory, sampleRequest, startBox, type TestBox } from '../support/box.ts';
import { BROKEN_REQUESTS } from '../support/broken-requests.ts';
import { makeClip, TONES_HZ } from '../support/clips.ts';
import { toneLevelDb } from '../support/goertzel.ts';
import { expectLength } from '../support/length.ts';
import { decodeComplaints, decodeSound } from '../support/media.ts';
import { type Rig, startRig } from '../support/rig.ts';
import { makeUserSig } from '../support/user-sig.ts';

// The box as its callers meet it, over HTTP and by callback. Rooms are independent of one another, so their recordings run at the
// same time wherever nothing is asked of the box as a whole.

const IDLE_MS = 2_000;
const MAX_LENGTH_MS = 3_000;
const EXIT_TIMEOUT_MS = 1_000;
/** Moments of the room are noticed at the next look at the clock. */
const LIMIT_TOLERANCE_MS = 300;
const TONE_HZ = TONES_HZ[0];

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({
    name: 'http',
    settings: {
      video: { width: 320, height: 180, fps: 15, preset: 'ultrafast' },
      limits: { idleMs: IDLE_MS, exitTimeoutMs: EXIT_TIMEOUT_MS, maxRecordings: 16 },
    },
    rooms: async (directory, ffmpegPath) => {
      const media = await makeClip(ffmpegPath, directory, 'a', {
        ...{ colour: '30a030', toneHz: TONE_HZ, seconds: 3, size: '320x180' },
      });
      const user = { userId: 'user_0', media };
      const steady = { participants: [user] };
      const at = (seconds: number, type: string, extra = {}) => ({ at: seconds, type, ...extra });
      return {
        '1': steady,
        '2': steady,
        '3': steady,
        '4': { ...steady, events: [at(3, 'kick')] },
        '5': { ...steady, events: [at(0, 'noExit')] },
        '6': { ...steady, events: [at(2, 'connectionLost'), at(3.5, 'connectionRecovered'), at(5, 'dissolve')] },
        '7': { participants: [{ ...user, leaveAt: 1.5 }] },
        '8': { participants: [] },
        '9': steady,
        '10': { ...steady, events: [at(0, 'enterError', { code: -3304, times: 1 }), at(3, 'dissolve')] },
        '11': { ...steady, events: [at(0, 'enterError', { code: -3320 })] },
        'str:a room': steady,
      };
    },
  });
});
afterAll(() => rig?.close());

function callbackTo(name: string): string {
  return `${rig.receiver.url}/${name}`;
}

/** What the caller was told at this address. */
async function told(name: string): Promise<{ Files: { Status: number; Message: string }[]; [key: string]: unknown }> {
  return JSON.parse((await rig.receiver.waitFor(({ path: to }) => to === `/${name}`, 120_000)).body);
}

/** One file that decodes, as long as the recording was. */
async function expectFile(view: RecordingView, leastMs: number): Promise<string> {
  expect(view.files).toHaveLength(1);
  const { localPath, bytes, durationMs, state } = view.files[0]!;
  expectLength(view, durationMs, leastMs);
  expect(state).toBe('uploaded');
  expect((await stat(localPath!)).size).toBe(bytes);
  expect(await decodeComplaints(rig.ffmpegPath, localPath!)).toBe('');
  return localPath!;
}

describe('requests that break rules', () => {
  it(`each of ${BROKEN_REQUESTS.length} is answered with 400 and names its fields; nothing comes of it`, async () => {
    expect(BROKEN_REQUESTS.length).toBeGreaterThanOrEqual(40);
    for (const [index, { what, body, fields }] of BROKEN_REQUESTS.entries()) {
      const { status, headers, text } = await rig.box.post(index % 2 === 0 ? '/api/recordings' : '/', body);
      expect(status, what).toBe(400);
      expect(headers.get('content-type'), what).toBe('application/problem+json; charset=utf-8');
      expect(headers.get('x-scf-reqid'), what).toBeNull();
      const problem = JSON.parse(text) as ProblemJson;
      expect(problem.code, what).toBe(fields.length > 0 ? 'INVALID_REQUEST' : 'NOT_JSON');
      expect((problem.errors ?? []).map(({ field }) => field).sort(), what).toEqual([...fields].sort());
      for (const { message, remedy } of problem.errors ?? []) expect([message, remedy], what).not.toContain('');
      for (const secret of ['eJwtzNEKgkAUBNB', 'AKIDalone', 'a-key-without', 'a-token-without', 'some-secret-key']) {
        expect(text.includes(secret), `${what}: a secret comes back`).toBe(false);
      }
    }
    expect(await rig.box.list()).toEqual([]);
    expect(await (await fetch(`${rig.box.url}/healthz`)).json()).toMatchObject({ accepting: true, simulated: true });
  });
});

describe.concurrent('what becomes of a request', { timeout: 180_000 }, () => {
  it('drop-in callers get the text and the id; the same user in the same room is refused; the API ends it in order', async () => {
    // Its UserSig is masked, as in the published document: in a simulated room any text will do.
    const request = sampleRequest({ RoomId: 1, Callback: callbackTo('stopped') });
    const reply = await rig.box.post('/', request);
    expect([reply.status, reply.text]).toEqual([200, 'Async run task submitted']);
    const id = reply.headers.get('x-scf-reqid')!;
    expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

    const again = await rig.box.post('/release/record', request);
    expect(again.status).toBe(409);
    expect(JSON.parse(again.text)).toMatchObject({ code: 'ALREADY_RECORDING', runningId: id });

    await rig.box.waitFor(id, '2 s long', ({ durationMs }) => durationMs >= 2_000);
    const page = await (await fetch(`${rig.box.url}/plain`)).text();
    expect(page).toContain(`/api/recordings/${id}`);
    const stoppedAtMs = Date.now();
    const stop = await rig.box.post(`/api/recordings/${id}/stop`, '');
    expect(stop.status).toBe(202);
    expect(await told('stopped')).toMatchObject({ EndReason: 'stopped', Files: [{ Status: 1, Message: 'success' }] });
    const view = await rig.box.waitForState(id, 'done');
    // By the wall clock: from t=0 to the moment the wish to stop was sent.
    await expectFile(view, stoppedAtMs - Date.parse(view.startedAt!));
    const repeated = await rig.box.post(`/api/recordings/${id}/stop`, '');
    expect([repeated.status, (JSON.parse(repeated.text) as RecordingView).endReason]).toEqual([200, 'stopped']);
  });

  it('a second recorder in a room, a string room, a route of the cloud function: each is a recording of its own', async () => {
    const bodies = [
      sampleRequest({ RoomId: 2, UserId: 'rec_a', Mode: 10, Callback: undefined }),
      sampleRequest({ RoomId: 2, UserId: 'rec_b', Mode: 10, Callback: undefined }),
      sampleRequest({ RoomId: undefined, StrRoomId: 'a room', UserId: 'rec_a', Mode: 10, Callback: undefined }),
    ];
    const replies = await Promise.all(bodies.map((body) => rig.box.post('/release/x', body)));
    for (const { status, text } of replies) expect([status, text]).toEqual([200, 'Async run task submitted']);
    const ids = replies.map(({ headers }) => headers.get('x-scf-reqid')!);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) {
      await rig.box.waitFor(id, '1 s long', ({ durationMs }) => durationMs >= 1_000);
      await rig.box.post(`/api/recordings/${id}/stop`, '');
      expect((await rig.box.waitForState(id, 'done')).files[0]!.localPath).toMatch(/\.mp3$/);
    }
  });

  it('Idempotency-Key: a repeated question gets its first answer, another one is refused', async () => {
    const headers = { 'idempotency-key': 'f1e5f3a0-0f0e-4b1e-8a43-2a5d0c6d6b11' };
    const request = sampleRequest({ RoomId: 3, Mode: 10, Callback: undefined });
    const replies = await Promise.all([1, 2, 3].map(() => rig.box.post('/api/recordings', request, headers)));
    expect(replies.map(({ status }) => status)).toEqual([202, 202, 202]);
    const ids = replies.map(({ text }) => (JSON.parse(text) as { id: string }).id);
    expect(new Set(ids).size).toBe(1);
    expect(replies.filter((reply) => reply.headers.get('idempotency-replayed') === 'true')).toHaveLength(2);
    const other = await rig.box.post('/api/recordings', { ...request, RoomId: 4 }, headers);
    expect([other.status, (JSON.parse(other.text) as ProblemJson).code]).toEqual([422, 'IDEMPOTENCY_MISMATCH']);
    await rig.box.post(`/api/recordings/${ids[0]}/stop`, '');
    await rig.box.waitFor(ids[0]!, 'over', ({ state }) => state === 'done' || state === 'failed');
    const late = await rig.box.post('/', request, headers);
    expect([late.status, late.headers.get('x-scf-reqid')]).toEqual([200, ids[0]]);
  });

  it('the recorder is removed from the room', async () => {
    const id = await rig.box.record(sampleRequest({ RoomId: 4, Callback: callbackTo('kicked') }));
    expect(await told('kicked')).toMatchObject({ EndReason: 'kicked', Files: [{ Status: 1 }] });
    await expectFile(await rig.box.waitForState(id, 'done'), 3_000);
  });

  it('a room that never confirms the exit does not hold the file back', async () => {
    const id = await rig.box.record(sampleRequest({ RoomId: 5, Callback: undefined }));
    await rig.box.waitFor(id, '2 s long', ({ durationMs }) => durationMs >= 2_000);
    await rig.box.post(`/api/recordings/${id}/stop`, '');
    const view = await rig.box.waitForState(id, 'done');
    expect(view.endReason).toBe('stopped');
    await expectFile(view, view.durationMs);
    await expect.poll(() => rig.box.log()).toContain('exitRoom was not confirmed in time');
  });

  it('a line that is lost and comes back leaves one file, with the gap named', async () => {
    const id = await rig.box.record(sampleRequest({ RoomId: 6, Callback: callbackTo('gap') }));
    const result = await told('gap');
    const view = await rig.box.waitForState(id, 'done');
    const file = await expectFile(view, 5_000);
    expect(view.gaps).toHaveLength(1);
    const { atMs, durationMs, reason, cut } = view.gaps[0]!;
    expect([reason, cut]).toEqual(['connectionLost', false]);
    expect(Math.abs(atMs - 2_000)).toBeLessThanOrEqual(LIMIT_TOLERANCE_MS);
    expect(Math.abs(durationMs - 1_500)).toBeLessThanOrEqual(LIMIT_TOLERANCE_MS);
    expect(result).toMatchObject({ Gaps: [{ AtMs: atMs, Reason: 'connectionLost', Cut: false }] });
    const sound = await decodeSound(rig.ffmpegPath, file);
    const level = (from: number, to: number) =>
      toneLevelDb(sound.subarray(from * 48_000, to * 48_000), 48_000, TONE_HZ);
    expect(level(0.5, 1.5)).toBeGreaterThan(-35);
    expect(level(2.5, 3.25)).toBeLessThan(-60);
    expect(level(4, 4.75)).toBeGreaterThan(-35);
  });

  it('nobody is there any more: it ends after the idle limit', async () => {
    const id = await rig.box.record(sampleRequest({ RoomId: 7, Callback: callbackTo('idle') }));
    expect(await told('idle')).toMatchObject({ EndReason: 'idle', Files: [{ Status: 1 }] });
    await expectFile(await rig.box.waitForState(id, 'done'), 1_500 + IDLE_MS);
  });

  it('nobody ever came: there is no file, and the caller is told why', async () => {
    const id = await rig.box.record(sampleRequest({ RoomId: 8, Callback: callbackTo('empty') }));
    const { EndReason, Files } = await told('empty');
    expect([EndReason, Files[0]!.Status]).toEqual(['idle', 0]);
    expect(Files[0]!.Message).toMatch(/^recording failed: .*no picture and no sound/);
    expect((await rig.box.waitForState(id, 'failed')).failure?.code).toBe('NO_MEDIA');
    const { events } = await createApiClient({ baseUrl: rig.box.url }).call('getRecordingEvents', { params: { id } });
    const states = events.filter(({ type }) => type === 'state').map(({ data }) => data.to);
    expect(states).toContain('waiting');
    expect(states).not.toContain('recording');
  });

  it('entering fails for a moment: it is tried again and recorded', async () => {
    const id = await rig.box.record(sampleRequest({ RoomId: 10, Callback: callbackTo('retried') }));
    expect(await told('retried')).toMatchObject({ EndReason: 'dissolved', Files: [{ Status: 1 }] });
    // The scenario refuses the first try, so this is the file of a second one; the room is dissolved 3 s after it.
    await expectFile(await rig.box.waitForState(id, 'done'), 3_000);
  });

  it('entering is refused for good: the caller is told at once, with the reason', async () => {
    const id = await rig.box.record(sampleRequest({ RoomId: 11, Callback: callbackTo('refused') }));
    const { Files, EndReason } = await told('refused');
    expect([EndReason, Files[0]!.Status]).toEqual(['error', 0]);
    expect(Files[0]!.Message).toMatch(/^recording failed: UserSig is not valid.*-3320/);
    const view = await rig.box.waitForState(id, 'failed');
    expect(view.failure?.code).toBe('ENTER_ROOM_-3320');
    expect(view.files).toEqual([]);
  });

  it('a room that is not in the scenario: tried again, then the caller is told which rooms there are', async () => {
    const id = await rig.box.record(sampleRequest({ RoomId: 99, Callback: callbackTo('unknown') }));
    const { Files } = await told('unknown');
    expect(Files[0]!.Status).toBe(0);
    expect(Files[0]!.Message).toMatch(/^recording failed: .*-3301.*99.*scenario/);
    expect((await rig.box.waitForState(id, 'failed')).failure?.code).toBe('ENTER_ROOM_-3301');
  });
});

// For this one alone, so that the others have all the time that they need.
it('it ends at the maximum length', { timeout: 120_000 }, async () => {
  const api = createApiClient({ baseUrl: rig.box.url });
  await api.call('changeSettings', { body: { limits: { maxLengthMs: MAX_LENGTH_MS } } });
  const id = await rig.box.record(sampleRequest({ RoomId: 9, Callback: callbackTo('max') }));
  expect(await told('max')).toMatchObject({ EndReason: 'maxLength', Files: [{ Status: 1 }] });
  await expectFile(await rig.box.waitForState(id, 'done'), MAX_LENGTH_MS);
});

describe('the page without scripts', () => {
  it('lists every recording in words and says that rooms are simulated', async () => {
    const page = await (await fetch(`${rig.box.url}/plain`, { headers: { 'accept-language': 'en' } })).text();
    const views = await rig.box.list();
    expect(views.length).toBeGreaterThanOrEqual(13);
    for (const { id } of views) expect(page).toContain(`/api/recordings/${id}`);
    expect(page).toMatch(/SIMULATED|simulated/);
    expect(page).not.toContain('eJwtzNEKgkAUBNB');
    const chinese = await (await fetch(`${rig.box.url}/plain`, { headers: { 'accept-language': 'zh-CN' } })).text();
    expect(chinese).toMatch(/模拟/);
  });
});

describe.skipIf(findAddon().present)('with --rooms trtc on a machine without the vendor addon', () => {
  let directory: string;
  let box: TestBox;
  const cos = { SecretId: 'AKIDown', SecretKey: 'own-secret-key' };
  const withKeys = (changes: Record<string, unknown>) =>
    sampleRequest({ CosConfig: { Region: 'ap-shanghai', Bucket: 'test-123456789', Path: '/', ...cos }, ...changes });
  const good = { UserSig: makeUserSig({ sdkAppId: 1_400_000_000, userId: 'user_55952145' }) };

  beforeAll(async () => {
    directory = await makeDirectory('no-addon');
    box = await startBox({ dataDirectory: path.join(directory, 'box'), args: ['--rooms', 'trtc'] });
  });
  afterAll(async () => {
    await box?.stop();
    await removeDirectory(directory);
  });

  it('it serves, and says that it takes nothing and why', async () => {
    const health = await (await fetch(`${box.url}/healthz`)).json();
    expect(health).toMatchObject({ status: 'ok', accepting: false, problems: ['ADDON_MISSING'], simulated: false });
    expect((await fetch(`${box.url}/`)).status).toBe(200);
  });

  it('a masked UserSig and missing COS credentials are refused first, as what they are', async () => {
    const { status, text } = await box.post('/', sampleRequest());
    expect(status).toBe(400);
    const fields = (JSON.parse(text) as ProblemJson).errors!.map(({ field }) => field);
    expect(fields.sort()).toEqual(['CosConfig.SecretId', 'UserSig']);
    expect(text).not.toContain('eJwtzNEKgkAUBNB');
    const cut = await box.post('/', withKeys({ UserSig: good.UserSig.slice(0, -20) }));
    expect([cut.status, (JSON.parse(cut.text) as ProblemJson).errors![0]!.field]).toEqual([400, 'UserSig']);
    const foreign = await box.post('/', withKeys({ ...good, UserId: 'somebody_else' }));
    expect((JSON.parse(foreign.text) as ProblemJson).errors).toMatchObject([{ field: 'UserSig', rule: 'otherUser' }]);
  });

  it('a good request is answered with 503, what is missing and how to get it', async () => {
    const { status, text } = await box.post('/api/recordings', withKeys(good));
    expect(status).toBe(503);
    const problem = JSON.parse(text) as ProblemJson;
    expect(problem.code).toBe('ADDON_MISSING');
    expect(problem.detail).toContain('trtc_electron_sdk.node');
    expect(problem.remedy).toMatch(/npm rebuild trtc-electron-sdk.*--rooms simulated/);
    expect(await box.list()).toEqual([]);
  });
});
