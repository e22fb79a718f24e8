import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RecordingRequest } from '../../shared/request.ts';
import { statsAt } from '../../test/support/fake-host.ts';
import { SECRETS } from '../../test/support/new-recording.ts';
import { createSupervised, type Supervised } from '../../test/support/supervised.ts';
import { makeUserSig } from '../../test/support/user-sig.ts';
import { createAdmission } from '../capacity/admission.ts';
import { ASSUMED_SPEED } from '../capacity/speed.ts';
import { createBoxCredentials } from '../delivery/box-credentials.ts';
import type { AcceptResult, BoxApi } from '../http/box-api.ts';
import { silentLogger } from '../logging.ts';
import { defaultSettings, withOverrides } from '../settings/settings.ts';
import { type BoxDeps, createBox } from './box.ts';

const addon = vi.hoisted(() => ({ present: false }));
vi.mock('../capture/room/trtc/addon.ts', () => ({ findAddon: () => ({ ...addon, path: '/addon' }) }));

const MACHINE = { cores: 2, memoryBytes: 8e9 };
const BOX_KEYS = { secretId: 'AKIDbox', secretKey: 'key-of-the-box' };

let under: Supervised;
/** How often a measurement had to give way to a recording. */
let gaveWay: number;
/** Bytes uploaded so far, as the runner knows them. */
let progress: { doneBytes: number; totalBytes: number } | undefined;

beforeEach(() => {
  under = createSupervised();
  addon.present = false;
  progress = undefined;
  gaveWay = 0;
});
afterEach(() => under.close());

function open(changes: Partial<BoxDeps> = {}): BoxApi {
  const settings = defaultSettings();
  settings.disk.reserveBytes = 0;
  settings.limits.maxRecordings = 2;
  return createBox({
    store: under.store,
    supervisor: under.supervisor,
    runner: { progress: () => progress, retrySoon: () => true, retryAll: () => 0 },
    outbox: { wake: () => {} },
    settings,
    disk: { problems: async () => [], freeBytes: () => 50e9, totalBytes: () => null },
    capacity: {
      ...createAdmission({
        settings,
        machine: MACHINE,
        speed: () => ASSUMED_SPEED,
        relieved: () => under.supervisor.relieved,
      }),
      basis: () => 'set',
      giveWay: () => {
        gaveWay += 1;
      },
    },
    rooms: 'simulated',
    ffmpegVersion: '4.4',
    uploads: {
      credentials: createBoxCredentials({
        secrets: under.store.boxSecrets,
        fromEnvironment: BOX_KEYS,
        log: silentLogger(),
      }),
      retryAll: () => 0,
    },
    now: Date.now,
    isShuttingDown: () => false,
    ...changes,
  });
}

const FULL_DISK: BoxDeps['disk'] = {
  problems: async () => ['DISK_RESERVE'],
  freeBytes: () => 1e9,
  totalBytes: () => null,
};

function request(changes: Partial<RecordingRequest> = {}): RecordingRequest {
  return {
    SdkAppId: 1_400_000_000,
    RoomId: 43_474,
    StrRoomId: null,
    UserId: 'recorder',
    UserSig: SECRETS.userSig,
    CosConfig: {
      Region: 'ap-shanghai',
      Bucket: 'test-123456789',
      Path: '/trtc',
      SecretId: 'AKIDrequest',
      SecretKey: 'key-of-the-request',
      Token: null,
    },
    Callback: null,
    Event: [],
    Mode: '12',
    IsReserve: true,
    AlsoSingle: false,
    Layout: null,
    Names: {},
    ...changes,
  };
}

function accepted(result: AcceptResult): string {
  if (result.kind === 'problem') throw new Error(`refused: ${result.code}`);
  return result.recording.id;
}

describe('a request', () => {
  it('is safe on disk, with its secrets, before it is answered, and its capture is started', async () => {
    const id = accepted(await open().accept(request(), { bodyHash: 'h' }));
    expect(under.row(id)).toMatchObject({
      sdkAppId: 1_400_000_000,
      roomId: 43_474,
      userId: 'recorder',
      mode: '12',
      isReserve: true,
      cosPath: '/trtc',
      usesStoredCredentials: false,
      simulated: true,
    });
    expect(under.store.recordings.secrets(id)).toEqual({
      userSig: SECRETS.userSig,
      secretId: 'AKIDrequest',
      secretKey: 'key-of-the-request',
      token: null,
    });
    await under.advance(0);
    expect(under.host.started).toHaveLength(1);
  });

  it('keeps how its pictures are to look; what it leaves open is as the box is set now', async () => {
    const box = open();
    const own = request({ AlsoSingle: true, Layout: 'speaker', Names: { alice: '爱丽丝', __proto__x: 'P' } });
    const row = under.row(accepted(await box.accept(own, { bodyHash: 'h' })));
    expect(row).toMatchObject({ alsoSingle: true, layout: 'speaker' });
    expect(await box.get(row.id)).toMatchObject({
      request: { AlsoSingle: true, Layout: 'speaker', Names: { alice: '爱丽丝', __proto__x: 'P' } },
    });
    const plain = accepted(await box.accept(request({ RoomId: 2, Mode: '02' }), { bodyHash: 'h' }));
    expect(under.row(plain)).toMatchObject({ mode: '02', alsoSingle: false, layout: 'grid', namesJson: '{}' });
  });

  it.each([
    ['SHUTTING_DOWN', { isShuttingDown: () => true, ffmpegVersion: null }],
    ['FFMPEG_MISSING', { ffmpegVersion: null }],
    ['ADDON_MISSING', { rooms: 'trtc' }],
    ['DISK_RESERVE', { disk: FULL_DISK }],
    ['RECORDING_PAUSED', { settings: withOverrides(defaultSettings(), { recording: { paused: true } }) }],
  ] as const)('is refused with %s, leaving nothing behind', async (code, changes) => {
    const box = open(changes);
    expect(await box.accept(request(), { bodyHash: 'h', idempotencyKey: 'k' })).toEqual({ kind: 'problem', code });
    expect(under.store.recordings.list()).toEqual([]);
    expect(under.store.idempotency.get('k')).toBeUndefined();
    const health = await box.health();
    expect(health.accepting).toBe(false);
    expect(health.problems).toContain(code);
  });

  it('for a real room is accepted with the addon there', async () => {
    addon.present = true;
    const box = open({ rooms: 'trtc' });
    expect(under.row(accepted(await box.accept(request(), { bodyHash: 'h' }))).simulated).toBe(false);
    expect(box.parseOptions().checkUserSig).not.toBeNull();
    expect(open().parseOptions().checkUserSig).toBeNull();
  });

  it('for a user who is recording that room already is refused with the id of the running one', async () => {
    const box = open();
    const runningId = accepted(await box.accept(request(), { bodyHash: 'h' }));
    expect(await box.accept(request(), { bodyHash: 'h' })).toEqual({
      kind: 'problem',
      code: 'ALREADY_RECORDING',
      runningId,
    });
    accepted(await box.accept(request({ RoomId: null, StrRoomId: '43474' }), { bodyHash: 'h' }));
  });

  it('beyond the capacity is refused until a recording has ended', async () => {
    const box = open();
    const ids: string[] = [];
    for (const RoomId of [1, 2]) ids.push(accepted(await box.accept(request({ RoomId }), { bodyHash: 'h' })));
    expect(gaveWay).toBe(2);
    expect(await box.accept(request({ RoomId: 3 }), { bodyHash: 'h' })).toMatchObject({
      kind: 'problem',
      code: 'AT_CAPACITY',
      detail: { en: expect.stringContaining('limits.maxRecordings') },
    });
    expect(gaveWay).toBe(2);
    expect(await box.health()).toMatchObject({
      accepting: false,
      problems: ['AT_CAPACITY'],
      recordings: { capturing: 2, capacity: 2, delivering: 0 },
      capacity: { room: { mixed: 0, singles: 0, sound: 0 }, limitCores: 1.6 },
    });
    await under.advance(0);
    under.host.started[0]?.enter(0);
    await box.stop(ids[0]!);
    under.host.started[0]?.exit(0);
    expect((await box.health()).recordings).toMatchObject({ capturing: 1, delivering: 1 });
    accepted(await box.accept(request({ RoomId: 3 }), { bodyHash: 'h' }));
  });
});

describe('without a number of the operator', () => {
  const open2 = () => {
    const settings = defaultSettings();
    settings.disk.reserveBytes = 0;
    return open({
      settings,
      capacity: {
        ...createAdmission({
          ...{ settings, machine: MACHINE, speed: () => ASSUMED_SPEED },
          relieved: () => under.supervisor.relieved,
        }),
        basis: () => 'assumed',
        giveWay: () => {},
      },
    });
  };

  it('as many are taken as the machine carries: what a recording costs counts, not its number', async () => {
    const box = open2();
    for (const RoomId of [1, 2, 3]) accepted(await box.accept(request({ RoomId, Mode: '12' }), { bodyHash: 'h' }));
    expect(await box.accept(request({ RoomId: 4, Mode: '12' }), { bodyHash: 'h' })).toMatchObject({
      code: 'AT_CAPACITY',
      detail: { en: expect.stringContaining('processor cores') },
      remedy: { en: expect.stringContaining('limits.maxRecordings') },
    });
    expect(await box.health()).toMatchObject({ problems: ['AT_CAPACITY'], recordings: { capturing: 3, capacity: 3 } });
    accepted(await box.accept(request({ RoomId: 4, Mode: '10' }), { bodyHash: 'h' }));
  });

  it('a hardware encoder that failed is told of and keeps nobody out', async () => {
    const box = open2();
    const id = accepted(await box.accept(request(), { bodyHash: 'h' }));
    await under.advance(0);
    under.host.last.enter(0);
    const failure = { encoder: 'h264_nvenc', sinceMs: 9_000 } as const;
    under.host.last.tell(
      { type: 'hardwareFailed', failure, description: 'ended with exit code 1' },
      { type: 'stats', stats: { ...statsAt(10_000), hardwareFailure: failure } },
    );
    expect(under.events(id, 'hardwareFailed')).toEqual([
      { encoder: 'h264_nvenc', atMs: 9_000, message: 'ended with exit code 1' },
    ]);
    expect((await box.get(id))?.warnings).toMatchObject([
      { code: 'HARDWARE_ENCODER_FAILED', message: { en: expect.stringContaining('h264_nvenc') } },
    ]);
    accepted(await box.accept(request({ RoomId: 2, Mode: '10' }), { bodyHash: 'h' }));
  });

  it('nothing more is taken while a recording has to be encoded more lightly', async () => {
    const box = open2();
    const id = accepted(await box.accept(request(), { bodyHash: 'h' }));
    await under.advance(0);
    under.host.last.enter(0);
    const relief = { preset: 'superfast', fps: 15, sinceMs: 9_000 };
    under.host.last.tell(
      { type: 'relieved', relief, atMs: 9_000 },
      { type: 'stats', stats: { ...statsAt(10_000), relief } },
    );
    expect(under.events(id, 'encoderRelieved')).toEqual([{ ...relief, atMs: 9_000 }]);
    expect((await box.get(id))?.warnings).toMatchObject([
      { code: 'ENCODER_RELIEVED', message: { en: expect.stringContaining('superfast') } },
    ]);
    expect(await box.health()).toMatchObject({ problems: ['AT_CAPACITY'], capacity: { relieved: 1 } });
    expect(await box.accept(request({ RoomId: 2, Mode: '10' }), { bodyHash: 'h' })).toMatchObject({
      code: 'AT_CAPACITY',
      detail: { en: expect.stringContaining('keep up') },
    });
    under.host.last.tell({ type: 'relieved', relief: null, atMs: 99_000 }, { type: 'stats', stats: statsAt(99_000) });
    expect(under.events(id, 'encoderRestored')).toEqual([{ atMs: 99_000 }]);
    expect((await box.get(id))?.warnings).toEqual([]);
    accepted(await box.accept(request({ RoomId: 2, Mode: '10' }), { bodyHash: 'h' }));
  });
});

describe('a repeated request', () => {
  it('gets its first answer, even when the box could not take it now', async () => {
    const id = accepted(await open().accept(request(), { bodyHash: 'h', idempotencyKey: 'k' }));
    const refusing = open({ isShuttingDown: () => true, ffmpegVersion: null, disk: FULL_DISK });
    const again = await refusing.accept(request(), { bodyHash: 'h', idempotencyKey: 'k' });
    expect(again).toMatchObject({ kind: 'replayed', recording: { id } });
    expect(await refusing.accept(request(), { bodyHash: 'h', idempotencyKey: 'new' })).toMatchObject({
      code: 'SHUTTING_DOWN',
    });
    expect(under.store.recordings.list()).toHaveLength(1);
    await under.advance(0);
    expect(under.host.started).toHaveLength(1);
  });

  it('with another content under the same key is a mismatch', async () => {
    const box = open();
    await box.accept(request(), { bodyHash: 'h', idempotencyKey: 'k' });
    expect(await box.accept(request({ RoomId: 2 }), { bodyHash: 'other', idempotencyKey: 'k' })).toEqual({
      kind: 'problem',
      code: 'IDEMPOTENCY_MISMATCH',
    });
  });
});

describe('looking and stopping', () => {
  it('shows the length and the upload as they are now', async () => {
    const box = open();
    const id = accepted(await box.accept(request(), { bodyHash: 'h' }));
    await under.advance(0);
    under.host.last.enter(0);
    under.host.last.beat(4_321);
    expect((await box.get(id))?.durationMs).toBe(4_321);
    expect(under.row(id).timelineMs).toBe(0);
    under.store.files.put({
      recordingId: id,
      fileIndex: 0,
      userId: 'recorder',
      localPath: '/x.mp4',
      bytes: 100,
      durationMs: 1,
      objectKey: 'x.mp4',
      url: 'https://x',
    });
    progress = { doneBytes: 40, totalBytes: 100 };
    expect((await box.get(id))?.files[0]?.uploadedBytes).toBe(40);
    const page = await box.list({ limit: 10 });
    expect([page.recordings.map((view) => view.id), page.total]).toEqual([[id], 1]);
    expect(await box.get('unknown')).toBeNull();
    expect(JSON.stringify(await box.get(id))).not.toContain('key-of-the-request');
  });

  it('warns from the first moment of a UserSig that ends before the longest recording, and remembers it', async () => {
    const box = open();
    const sig = (expireSeconds: number) => makeUserSig({ sdkAppId: 1, userId: 'recorder', expireSeconds });
    const short = accepted(await box.accept(request({ UserSig: sig(3_600) }), { bodyHash: 'h' }));
    const long = accepted(await box.accept(request({ RoomId: 2, UserSig: sig(7 * 86_400) }), { bodyHash: 'i' }));
    expect((await box.get(short))?.warnings).toMatchObject([{ code: 'USERSIG_EXPIRES' }]);
    expect(under.events(short, 'userSigEndsEarly')).toEqual([{ expiresAtMs: Date.now() + 3_600_000 }]);
    expect((await box.get(long))?.warnings).toEqual([]);
    expect(under.events(long, 'userSigEndsEarly')).toEqual([]);
  });

  it('sends a result again only when there is one and somebody to send it to', async () => {
    const woken: (string | undefined)[] = [];
    const box = open({ outbox: { wake: (id) => woken.push(id) } });
    const Callback = 'http://127.0.0.1/hook';
    const told = accepted(await box.accept(request({ Callback, Event: ['recording.ended'] }), { bodyHash: 'h' }));
    const untold = accepted(await box.accept(request({ RoomId: 2 }), { bodyHash: 'i' }));
    expect(await box.resendCallback('unknown')).toBeNull();
    expect(await box.resendCallback(untold)).toEqual({ kind: 'problem', code: 'NO_CALLBACK' });
    expect(await box.resendCallback(told)).toEqual({ kind: 'problem', code: 'CALLBACK_NOT_READY' });
    const { deliveryId } = under.store.callbacks.ensure(told, Callback, '{}');
    under.store.callbacks.update(deliveryId, { state: 'parked', endedAtMs: 5 });
    expect((await box.health()).callbacks).toEqual({ pending: 0, parked: 1 });
    expect(await box.resendCallback(told)).toMatchObject({
      request: { Event: ['recording.ended'] },
      callbacks: [{ event: null, deliveryId, state: 'pending', endedAt: null }],
    });
    expect(woken).toEqual([told]);
    expect((await box.health()).callbacks).toEqual({ pending: 1, parked: 0 });
  });

  it('stop is on disk when it is answered, changes nothing the second time, and knows no unknown one', async () => {
    const box = open();
    const id = accepted(await box.accept(request(), { bodyHash: 'h' }));
    await under.advance(0);
    under.host.last.enter(0);
    expect(await box.stop(id)).toMatchObject({ id, state: 'waiting' });
    expect(under.row(id).stopRequested).toBe('stopped');
    under.host.last.exit(0);
    expect(await box.stop(id)).toMatchObject({ state: 'finalizing', endReason: 'stopped' });
    expect(under.events(id, 'stopRequested')).toHaveLength(1);
    expect(await box.stop('unknown')).toBeNull();
  });
});
