import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  generatedSetup,
  hear,
  type ManualClock,
  manualClock,
  participant,
  roomEvent,
  type SetupParts,
  turns,
} from '../../../../test/support/simulated-parts.ts';
import type { Room, RoomListener, RoomParams } from '../room.ts';
import { configureSetup } from '../simulated/configuration.ts';
import type { ScenarioRoom } from '../simulated/scenario.ts';
import { loadSdk } from './sdk.ts';
import { createTrtcRoom } from './trtc-room.ts';

// The vendor's own JavaScript over the simulated addon, with generated media and a clock that the test moves.

const PARAMS: RoomParams = { sdkAppId: 1, roomId: 43474, userId: 'rec', userSig: 'secret-sig', scene: 'live' };
const quiet = () => undefined;
const rooms: Room[] = [];

async function open(
  scene: Partial<ScenarioRoom>,
  extra: Partial<Omit<SetupParts, 'clock'>> & { listener?: Partial<RoomListener>; clock?: ManualClock } = {},
) {
  const clock = extra.clock ?? manualClock();
  configureSetup(generatedSetup(scene, { ...extra, clock }));
  const sdk = await loadSdk({ rooms: 'simulated', log: quiet });
  const logged: string[] = [];
  const heard = hear(extra.listener);
  const room = createTrtcRoom(sdk, heard.listener, {
    simulated: true,
    log: (level, message, data) => logged.push(`${level} ${message} ${JSON.stringify(data)}`),
    after: (delayMs, callback) => clock.after(delayMs, callback),
  });
  rooms.push(room);
  return { room, clock, heard, logged };
}

async function enter(scene: Partial<ScenarioRoom>, extra: Parameters<typeof open>[1] = {}) {
  const opened = await open(scene, extra);
  opened.room.enter(PARAMS);
  await turns();
  return opened;
}

const firsts = (pictures: { first: number }[]) => pictures.map((one) => one.first);

afterEach(() => {
  for (const room of rooms.splice(0)) room.dispose();
});

test('enters, reports who is there, delivers sound unasked and pictures only when asked', async () => {
  const { room, clock, heard } = await enter({ participants: [participant('a'), participant('b')] });
  expect(room.about).toEqual({ sdkVersion: 'simulated', simulated: true });
  expect(heard.news).toEqual([
    'entered',
    '+ a',
    'video a main true',
    'audio a true',
    '+ b',
    'video b main true',
    'audio b true',
  ]);
  room.subscribe('a', 'main');
  await clock.advance(320);
  expect(heard.pictures.map((one) => `${one.userId} ${one.stream} ${one.size} ${one.bytes} ${one.first}`)).toEqual([
    'a main 32x16 768 0',
    'a main 32x16 768 1',
    'a main 32x16 768 2',
    'a main 32x16 768 3',
  ]);
  expect(heard.blocks.filter((one) => one.userId === 'b').map((one) => one.first)).toEqual(
    Array.from({ length: 16 }, (_, n) => n + 1),
  );
  expect(heard.blocks[0]).toMatchObject({ sampleRate: 48_000, channels: 1, samples: 960 });
});

test('the recorder enters as audience with its room and scene, and its signature goes nowhere but to the SDK', async () => {
  const { room, logged } = await open({});
  const sdk = await loadSdk({ rooms: 'simulated', log: quiet });
  const cloud = sdk.default.getTRTCShareInstance();
  const calls: unknown[][] = [];
  cloud.enterRoom = (...args: unknown[]) => void calls.push(args);
  room.enter({ ...PARAMS, roomId: undefined, strRoomId: 'lesson 7', scene: 'voiceChatRoom' });
  expect(calls).toEqual([
    [expect.objectContaining({ role: 21, roomId: 0, strRoomId: 'lesson 7', userId: 'rec', userSig: 'secret-sig' }), 3],
  ]);
  expect(calls[0]?.[0]).toBeInstanceOf(sdk.TRTCParams);
  expect(logged.join()).not.toContain('secret-sig');
});

test('subscribing twice or before the camera is on is harmless; unsubscribing stops pictures', async () => {
  const { room, clock, heard } = await open({ participants: [participant('a')] });
  room.enter(PARAMS);
  room.subscribe('a', 'main');
  room.subscribe('a', 'main');
  await clock.advance(220);
  expect(firsts(heard.pictures)).toEqual([0, 1, 2]);
  room.unsubscribe('a', 'main');
  room.unsubscribe('a', 'main');
  room.unsubscribe('nobody', 'sub');
  await clock.advance(500);
  expect(heard.pictures.length).toBe(3);
  room.subscribe('a', 'main');
  await clock.advance(100);
  expect(firsts(heard.pictures).slice(3)).toEqual([8]);
});

test('pictures come again by themselves after the camera was off', async () => {
  const { room, clock, heard } = await enter({
    participants: [
      participant('a', {
        changes: [
          { atMs: 200, video: false },
          { atMs: 500, video: true },
          { atMs: 700, video: false },
          { atMs: 710, video: true },
        ],
      }),
    ],
  });
  room.subscribe('a', 'main');
  await clock.advance(930);
  expect(firsts(heard.pictures)).toEqual([0, 1, 5, 6, 7, 8, 9]);
  expect(heard.news.filter((line) => line.startsWith('video'))).toEqual([
    'video a main true',
    'video a main false',
    'video a main true',
    'video a main false',
    'video a main true',
  ]);
});

test('pictures come again by themselves after the user was away', async () => {
  const { room, clock, heard } = await enter({
    participants: [
      participant('a', {
        stays: [
          { fromMs: 0, toMs: 250 },
          { fromMs: 500, toMs: 750 },
          { fromMs: 800, toMs: null },
        ],
      }),
    ],
  });
  room.subscribe('a', 'main');
  await clock.advance(930);
  expect(heard.news.filter((line) => /^[+-]/.test(line))).toEqual(['+ a', '- a left', '+ a', '- a left', '+ a']);
  expect(firsts(heard.pictures)).toEqual([0, 1, 2, 0, 1, 2, 0, 1]);
});

test('whoever comes while the process stands still is seen from his first picture on', async () => {
  const subscribeTo: Partial<RoomListener> = { onUserEntered: (userId) => opened.room.subscribe(userId, 'main') };
  const opened = await enter(
    { participants: [participant('a', { stays: [{ fromMs: 100, toMs: null }] })] },
    { listener: subscribeTo },
  );
  await opened.clock.advance(50);
  opened.clock.freeze(400);
  await opened.clock.advance(0);
  expect(firsts(opened.heard.pictures)).toEqual([0, 1, 2, 3]);
});

test('who is no longer wanted stays out of sight when he returns', async () => {
  const { room, clock, heard } = await enter({
    participants: [
      participant('a', {
        stays: [
          { fromMs: 0, toMs: 250 },
          { fromMs: 500, toMs: null },
        ],
      }),
    ],
  });
  room.subscribe('a', 'main');
  await clock.advance(300);
  room.unsubscribe('a', 'main');
  await clock.advance(600);
  expect(firsts(heard.pictures)).toEqual([0, 1, 2]);
});

test('a new size is received whole from its first picture on; odd sizes are dropped and counted', async () => {
  const { room, clock, heard, logged } = await enter({
    participants: [
      participant('a', {
        changes: [
          { atMs: 200, size: { width: 64, height: 36 } },
          { atMs: 400, size: { width: 33, height: 18 } },
          { atMs: 600, size: { width: 32, height: 16 } },
        ],
      }),
    ],
  });
  room.subscribe('a', 'main');
  await clock.advance(720);
  expect(heard.pictures.map((one) => `${one.size} ${one.bytes} ${one.first}`)).toEqual([
    '32x16 768 0',
    '32x16 768 1',
    '64x36 3456 2',
    '64x36 3456 3',
    '32x16 768 6',
    '32x16 768 7',
  ]);
  expect(heard.dropped).toEqual(['a main oddSize', 'a main oddSize']);
  expect(logged).toEqual([]);
});

test('the shared screen is a stream of its own', async () => {
  const { room, clock, heard } = await enter({
    participants: [
      participant('a', {
        screen: {
          fromMs: 200,
          toMs: 500,
          source: { path: 's', isRaw: false, size: { width: 48, height: 32 }, fps: 10 },
        },
      }),
    ],
  });
  room.subscribe('a', 'main');
  room.subscribe('a', 'sub');
  await clock.advance(620);
  const of = (stream: string) => heard.pictures.filter((one) => one.stream === stream);
  expect(firsts(of('sub'))).toEqual([0, 1, 2]);
  expect(of('sub').every((one) => one.size === '48x32')).toBe(true);
  expect(firsts(of('main'))).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(heard.news.filter((line) => line.includes('sub'))).toEqual(['video a sub true', 'video a sub false']);
});

test('rotation, rate and channels are passed on', async () => {
  const { room, clock, heard } = await enter({
    participants: [
      participant('a', {
        changes: [
          { atMs: 150, rotation: 3 },
          { atMs: 200, sampleRate: 44_100, channels: 2 },
        ],
      }),
    ],
  });
  room.subscribe('a', 'main');
  await clock.advance(320);
  expect(heard.pictures.map((one) => one.rotation)).toEqual([0, 0, 3, 3]);
  expect(heard.blocks.at(-1)).toMatchObject({ sampleRate: 44_100, channels: 2, samples: 882 * 2 });
});

test.each([
  ['kick', 'kicked'],
  ['dissolve', 'dissolved'],
] as const)('%s: told once, leaving afterwards is confirmed', async (type, reason) => {
  const { room, clock, heard } = await enter({ participants: [participant('a')], events: [roomEvent(200, type)] });
  room.subscribe('a', 'main');
  await clock.advance(300);
  expect(heard.news.at(-1)).toBe(`exited ${reason}`);
  const counts = [heard.pictures.length, heard.blocks.length];
  await expect(room.exit(1_000)).resolves.toBe('confirmed');
  await clock.advance(500);
  expect([heard.pictures.length, heard.blocks.length]).toEqual(counts);
  expect(heard.news.filter((line) => line.startsWith('exited'))).toEqual([`exited ${reason}`]);
});

test('leaving is confirmed and stops media; repeated calls join the first', async () => {
  const { room, clock, heard } = await enter({ participants: [participant('a')] });
  room.subscribe('a', 'main');
  await clock.advance(120);
  const first = room.exit(1_000);
  expect(room.exit(1)).toBe(first);
  await expect(first).resolves.toBe('confirmed');
  const counts = [heard.pictures.length, heard.blocks.length];
  await clock.advance(500);
  expect([heard.pictures.length, heard.blocks.length]).toEqual(counts);
  expect(heard.news.at(-1)).toBe('exited left');
});

test('leaving that is never answered ends at its deadline', async () => {
  const { room, clock, heard } = await enter({ events: [roomEvent(0, 'noExit')] });
  let how = '';
  room.exit(3_000).then((answer) => {
    how = answer;
  });
  await clock.advance(2_999);
  expect(how).toBe('');
  await clock.advance(1);
  await turns();
  expect(how).toBe('timeout');
  room.dispose();
  expect(heard.news).toEqual(['entered']);
});

test('leaving without having entered is confirmed at once', async () => {
  const { room, heard } = await open({});
  await expect(room.exit(1_000)).resolves.toBe('confirmed');
  expect(heard.news).toEqual([]);
});

test('a refusal comes with the SDK code and text, once, and can be left', async () => {
  const { room, heard } = await enter({ events: [roomEvent(0, 'enterError', { code: -3308 })] });
  expect(heard.news).toEqual(['error -3308', expect.stringMatching(/^enterFailed -3308 .*enterError/)]);
  await expect(room.exit(1_000)).resolves.toBe('confirmed');
});

test('a refusal without a text is reported all the same', async () => {
  const { room, clock, heard } = await open({});
  const sdk = await loadSdk({ rooms: 'simulated', log: quiet });
  const cloud = sdk.default.getTRTCShareInstance();
  cloud.enterRoom = () => void cloud.emit('onEnterRoom', -3302);
  room.enter(PARAMS);
  expect(heard.news).toEqual([]);
  await clock.advance(100);
  expect(heard.news).toEqual([expect.stringMatching(/^enterFailed -3302 .*-3302/)]);
});

test('connection: lost, reconnecting, recovered; media only before and after', async () => {
  const { clock, heard } = await enter({
    participants: [participant('a')],
    events: [roomEvent(200, 'connectionLost'), roomEvent(3_500, 'connectionRecovered')],
  });
  await clock.advance(3_490);
  expect(heard.news.slice(-2)).toEqual(['connection lost', 'connection reconnecting']);
  expect(heard.blocks.length).toBe(9);
  await clock.advance(100);
  expect(heard.news.at(-1)).toBe('connection recovered');
  expect(heard.blocks.at(-1)?.first).toBe(179);
});

test('late callbacks of the native side do no harm', async () => {
  const { room, clock, heard, logged } = await enter(
    { participants: [participant('a')] },
    { faults: { callbackAfterStop: true } },
  );
  room.subscribe('a', 'main');
  await clock.advance(120);
  room.unsubscribe('a', 'main');
  await clock.advance(0);
  const pictures = heard.pictures.length;
  room.subscribe('a', 'main');
  await clock.advance(10);
  expect(heard.pictures.length).toBe(pictures);
  const blocks = heard.blocks.length;
  await room.exit(1_000);
  await turns();
  expect(heard.blocks.length).toBe(blocks);
  expect(logged).toEqual([]);
});

test('an error in the recorder does not get into the SDK', async () => {
  const fail = () => {
    throw new Error('mixer broke');
  };
  const { room, clock, logged, heard } = await enter(
    { participants: [participant('a')] },
    { listener: { onVideo: fail, onAudio: fail, onUserEntered: fail } },
  );
  room.subscribe('a', 'main');
  await clock.advance(40);
  const failed = new Set(logged.map((line) => line.split(' ')[1]));
  expect([...failed].sort()).toEqual(['onPlayAudioFrame', 'onRemoteUserEnterRoom', 'onRenderVideoFrame']);
  expect(heard.news).toContain('audio a true');
});

test('the SDK class can be made anew after dispose, and nothing is heard in between', async () => {
  const first = await enter({ participants: [participant('a')] });
  first.room.dispose();
  first.room.dispose();
  const news = first.heard.news.length;
  await first.clock.advance(200);
  expect(first.heard.news.length).toBe(news);
  expect(first.heard.blocks.length).toBe(0);
  const second = await enter({ participants: [participant('b')] });
  await second.clock.advance(100);
  expect(second.heard.news).toContain('+ b');
  expect(first.heard.news.length).toBe(news);
});

test('a recorder that comes back to the room finds it further on', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'room-'));
  const statePath = path.join(directory, 'state.json');
  const clock = manualClock();
  let crashes = 0;
  const crash = () => {
    crashes += 1;
  };
  const extra = { clock, statePath, crash };
  const scene = {
    participants: [
      participant('a', { stays: [{ fromMs: 0, toMs: 5_000 }] }),
      participant('b', { stays: [{ fromMs: 100, toMs: 900 }] }),
    ],
    events: [roomEvent(500, 'crash')],
  };
  try {
    const before = await enter(scene, extra);
    await clock.advance(500);
    expect(crashes).toBe(1);
    before.room.dispose();
    clock.freeze(1_500);
    const after = await enter(scene, extra);
    after.room.subscribe('a', 'main');
    await clock.advance(1_020);
    expect(after.heard.news).toEqual(['entered', '+ a', 'video a main true', 'audio a true']);
    expect(firsts(after.heard.pictures)).toEqual([20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30]);
    expect(after.heard.blocks.map((one) => one.first).slice(0, 2)).toEqual([101, 102]);
    expect(crashes).toBe(1);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('with a limited enterError the next attempt succeeds', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'room-'));
  const extra = { statePath: path.join(directory, 'state.json') };
  const scene = { events: [roomEvent(0, 'enterError', { code: -3302, times: 1 })] };
  try {
    const first = await enter(scene, extra);
    expect(first.heard.news.at(-1)).toMatch(/^enterFailed -3302/);
    await first.room.exit(1_000);
    first.room.dispose();
    const second = await enter(scene, extra);
    expect(second.heard.news).toEqual(['entered']);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
