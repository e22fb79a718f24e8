import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { manualClock, participant, roomEvent, turns } from '../../../../test/support/simulated-parts.ts';
import {
  disposeRooms,
  enterTrtcRoom,
  firsts,
  openTrtcRoom,
  PARAMS,
  quiet,
} from '../../../../test/support/trtc-room-rig.ts';
import { loadSdk } from './sdk.ts';

afterEach(disposeRooms);

test.each([
  ['kick', 'kicked'],
  ['dissolve', 'dissolved'],
] as const)('%s: told once, leaving afterwards is confirmed', async (type, reason) => {
  const { room, clock, heard } = await enterTrtcRoom({
    participants: [participant('a')],
    events: [roomEvent(200, type)],
  });
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
  const { room, clock, heard } = await enterTrtcRoom({ participants: [participant('a')] });
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
  const { room, clock, heard } = await enterTrtcRoom({ events: [roomEvent(0, 'noExit')] });
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
  const { room, heard } = await openTrtcRoom({});
  await expect(room.exit(1_000)).resolves.toBe('confirmed');
  expect(heard.news).toEqual([]);
});

test('a refusal comes with the SDK code and text, once, and can be left', async () => {
  const { room, heard } = await enterTrtcRoom({ events: [roomEvent(0, 'enterError', { code: -3308 })] });
  expect(heard.news).toEqual(['error -3308', expect.stringMatching(/^enterFailed -3308 .*enterError/)]);
  await expect(room.exit(1_000)).resolves.toBe('confirmed');
});

test('a refusal without a text is reported all the same', async () => {
  const { room, clock, heard } = await openTrtcRoom({});
  const sdk = await loadSdk({ rooms: 'simulated', log: quiet });
  const cloud = sdk.default.getTRTCShareInstance();
  cloud.enterRoom = () => void cloud.emit('onEnterRoom', -3302);
  room.enter(PARAMS);
  expect(heard.news).toEqual([]);
  await clock.advance(100);
  expect(heard.news).toEqual([expect.stringMatching(/^enterFailed -3302 .*-3302/)]);
});

test('connection: lost, reconnecting, recovered; media only before and after', async () => {
  const { clock, heard } = await enterTrtcRoom({
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
  const { room, clock, heard, logged } = await enterTrtcRoom(
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
  const { room, clock, logged, heard } = await enterTrtcRoom(
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
  const first = await enterTrtcRoom({ participants: [participant('a')] });
  first.room.dispose();
  first.room.dispose();
  const news = first.heard.news.length;
  await first.clock.advance(200);
  expect(first.heard.news.length).toBe(news);
  expect(first.heard.blocks.length).toBe(0);
  const second = await enterTrtcRoom({ participants: [participant('b')] });
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
    const before = await enterTrtcRoom(scene, extra);
    await clock.advance(500);
    expect(crashes).toBe(1);
    before.room.dispose();
    clock.freeze(1_500);
    const after = await enterTrtcRoom(scene, extra);
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
    const first = await enterTrtcRoom(scene, extra);
    expect(first.heard.news.at(-1)).toMatch(/^enterFailed -3302/);
    await first.room.exit(1_000);
    first.room.dispose();
    const second = await enterTrtcRoom(scene, extra);
    expect(second.heard.news).toEqual(['entered']);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
