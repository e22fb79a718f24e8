import { afterEach, expect, test } from 'vitest';
import { participant } from '../../../../test/support/simulated-parts.ts';
import {
  disposeRooms,
  enterTrtcRoom,
  firsts,
  openTrtcRoom,
  PARAMS,
  quiet,
} from '../../../../test/support/trtc-room-rig.ts';
import type { RoomListener } from '../room.ts';
import { loadSdk } from './sdk.ts';

afterEach(disposeRooms);

test('enters, reports who is there, delivers sound unasked and pictures only when asked', async () => {
  const { room, clock, heard } = await enterTrtcRoom({ participants: [participant('a'), participant('b')] });
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
  const { room, logged } = await openTrtcRoom({});
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
  const { room, clock, heard } = await openTrtcRoom({ participants: [participant('a')] });
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
  const { room, clock, heard } = await enterTrtcRoom({
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
  const { room, clock, heard } = await enterTrtcRoom({
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
  const opened = await enterTrtcRoom(
    { participants: [participant('a', { stays: [{ fromMs: 100, toMs: null }] })] },
    { listener: subscribeTo },
  );
  await opened.clock.advance(50);
  opened.clock.freeze(400);
  await opened.clock.advance(0);
  expect(firsts(opened.heard.pictures)).toEqual([0, 1, 2, 3]);
});

test('who is no longer wanted stays out of sight when he returns', async () => {
  const { room, clock, heard } = await enterTrtcRoom({
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
  const { room, clock, heard, logged } = await enterTrtcRoom({
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
  const { room, clock, heard } = await enterTrtcRoom({
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
  const { room, clock, heard } = await enterTrtcRoom({
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
