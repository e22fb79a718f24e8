import { afterEach, expect, test } from 'vitest';
import { destroyClouds, FRAME, look, openAddon, type PictureArgs, valid } from '../../../../test/support/addon-rig.ts';
import { FPS, participant, roomEvent, turns } from '../../../../test/support/simulated-parts.ts';

afterEach(destroyClouds);

test('entering is answered later, with one array of name and data and strict booleans', async () => {
  const { cloud, clock, events, rawEvents } = openAddon({ participants: [participant('a')] });
  cloud.enterRoom({ roomId: 43474, strRoomId: '', userId: 'rec' }, 1);
  expect(events).toEqual([]);
  await clock.advance(0);
  expect(events).toEqual([
    'onEnterRoom 1',
    'onRemoteUserEnterRoom a',
    'onUserVideoAvailable a true',
    'onUserAudioAvailable a true',
  ]);
  expect(rawEvents[2]).toEqual(['onUserVideoAvailable', { userId: 'a', available: true }]);
});

test('the first picture is announced with valid=false and goes into the buffer set in that very callback', async () => {
  const { cloud, clock, enter } = openAddon({ participants: [participant('a')] });
  await enter();
  const seen = look(cloud, 'a');
  const firstBuffer = seen.buffer;
  await clock.advance(20);
  expect(seen.messages).toEqual([
    ['a', 0, 32, 16, 0, 0, false, 1],
    ['a', 0, 32, 16, 0, 0, true, 2],
  ]);
  expect(seen.buffer.byteLength).toBe(FRAME);
  expect(firstBuffer.every((byte) => byte === 0)).toBe(true);
});

test('pictures overwrite the same buffer, at their own times', async () => {
  const { cloud, clock, enter } = openAddon({ participants: [participant('a')] });
  await enter();
  const seen = look(cloud, 'a');
  await clock.advance(20);
  const { buffer } = seen;
  await clock.advance(1_000);
  expect(seen.buffer).toBe(buffer);
  expect(seen.firstBytes).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(valid(seen.messages).map((args) => args[4])).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
  expect(buffer.every((byte) => byte === FPS)).toBe(true);
});

test('sound comes as 20 ms blocks in one buffer per user that is overwritten', async () => {
  const { clock, sounds, enter } = openAddon({ participants: [participant('a'), participant('b')] });
  await enter();
  await clock.advance(60);
  expect(sounds.map((one) => `${one.userId}${one.first}`)).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'b3']);
  expect(sounds[0]?.frame).toBe(sounds[2]?.frame);
  expect(sounds[0]?.frame.data).not.toBe(sounds[1]?.frame.data);
  expect(sounds[0]?.frame).toMatchObject({ length: 1920, sampleRate: 48_000, channel: 1, timestamp: 40 });
});

test('no picture without callback, without buffer, without view', async () => {
  const { cloud, clock, enter } = openAddon({ participants: [participant('a'), participant('b'), participant('c')] });
  await enter();
  const stopped = look(cloud, 'a');
  cloud.stopRemoteView('a', 0);
  const bufferless = look(cloud, 'b');
  cloud.setRemoteVideoBuffer('b', bufferless.buffer, 0, 0, 0, 1, bufferless.id);
  cloud.setRemoteVideoBuffer('c', Buffer.alloc(FRAME), 0, 32, 16, 1, 7);
  cloud.startRemoteView('c', 0);
  await clock.advance(500);
  expect(stopped.messages).toEqual([]);
  expect(bufferless.messages).toEqual([]);
});

test('a buffer given back with 0x0 is forgotten, a new one is used with its new id', async () => {
  const { cloud, clock, enter } = openAddon({ participants: [participant('a')] });
  await enter();
  const seen = look(cloud, 'a');
  await clock.advance(120);
  const old = seen.buffer;
  cloud.setRemoteVideoBuffer('a', old, 0, 0, 0, 1, seen.id);
  const before = Buffer.from(old);
  await clock.advance(300);
  expect(old.equals(before)).toBe(true);
  seen.buffer = Buffer.alloc(FRAME);
  cloud.setRemoteVideoBuffer('a', seen.buffer, 0, 32, 16, 1, 99);
  await clock.advance(100);
  expect(seen.messages.at(-1)).toEqual(['a', 0, 32, 16, 500, 0, true, 99]);
  expect(old.equals(before)).toBe(true);
});

test('a receiver that ignores the size message gets nothing', async () => {
  const { cloud, clock, enter } = openAddon({ participants: [participant('a')] });
  await enter();
  const messages: PictureArgs[] = [];
  cloud.setRemoteVideoBuffer('a', Buffer.alloc(640 * 360 * 1.5), 0, 640, 360, 1, 5);
  cloud.addRemoteVideoRenderCallback('a', (args) => void messages.push(args), 1);
  cloud.startRemoteView('a', 0);
  await clock.advance(320);
  expect(messages.length).toBe(4);
  expect(valid(messages)).toEqual([]);
});

test('every change of size is announced before its first picture; odd sizes too', async () => {
  const { cloud, clock, enter } = openAddon({
    participants: [participant('a', { changes: [{ atMs: 300, size: { width: 33, height: 17 } }] })],
  });
  await enter();
  const seen = look(cloud, 'a');
  await clock.advance(520);
  expect(seen.messages.map((args) => `${args[2]}x${args[3]} ${args[6]}`)).toEqual([
    '32x16 false',
    '32x16 true',
    '32x16 true',
    '32x16 true',
    '33x17 false',
    '33x17 true',
    '33x17 true',
    '33x17 true',
  ]);
  expect(seen.firstBytes).toEqual([0, 1, 2, 3, 4, 5]);
});

test('camera and microphone off and on are told, media stops in between and its clock goes on', async () => {
  const { cloud, clock, enter, events, sounds } = openAddon({
    participants: [
      participant('a', {
        changes: [
          { atMs: 200, video: false, audio: false },
          { atMs: 400, video: true, audio: true },
        ],
      }),
    ],
  });
  await enter();
  const seen = look(cloud, 'a');
  await clock.advance(520);
  expect(events.slice(-4)).toEqual([
    'onUserVideoAvailable a false',
    'onUserAudioAvailable a false',
    'onUserVideoAvailable a true',
    'onUserAudioAvailable a true',
  ]);
  expect(seen.firstBytes).toEqual([0, 1, 4, 5]);
  const heard = sounds.map((one) => one.first);
  expect(heard.slice(0, 9)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(heard[9]).toBeGreaterThanOrEqual(20);
  expect(heard.at(-1)).toBe(26);
});

test('onFirstVideoFrame comes once per started view', async () => {
  const { cloud, clock, enter, events } = openAddon({ participants: [participant('a')] });
  await enter();
  look(cloud, 'a');
  await clock.advance(500);
  expect(events.filter((event) => event.startsWith('onFirstVideoFrame'))).toEqual(['onFirstVideoFrame a 0 32 16']);
});

test('rotation, rate, channels, time stamps and gaps follow the scenario', async () => {
  const { cloud, clock, enter, sounds } = openAddon({
    participants: [
      participant('a', {
        changes: [
          { atMs: 100, rotation: 1, timestampJumpMs: 5_000 },
          { atMs: 200, sampleRate: 16_000, channels: 2 },
          { atMs: 400, audioGapMs: 200 },
        ],
      }),
    ],
  });
  await enter();
  const seen = look(cloud, 'a');
  await clock.advance(710);
  expect(
    valid(seen.messages)
      .map((args) => `${args[4]} ${args[5]}`)
      .slice(0, 3),
  ).toEqual(['0 0', '5100 1', '5200 1']);
  expect(sounds.at(-1)?.frame).toMatchObject({ sampleRate: 16_000, channel: 2, length: 16 * 20 * 2 * 2 });
  const numbers = sounds.map((one) => one.first);
  expect(numbers).toEqual([...Array.from({ length: 20 }, (_, n) => n + 1), 31, 32, 33, 34, 35]);
});

test('a stall holds media back and delivers it as a burst, in order and without loss', async () => {
  const { cloud, clock, enter, sounds } = openAddon({
    participants: [participant('a', { changes: [{ atMs: 100, stallMs: 500 }] })],
  });
  await enter();
  const seen = look(cloud, 'a');
  await clock.advance(599);
  expect(sounds.length).toBe(4);
  await clock.advance(1);
  expect(sounds.map((one) => one.first)).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
  expect(seen.firstBytes).toEqual([0, 1, 2, 3, 4, 5]);
});

test('after the process itself stood still everything missed comes at once', async () => {
  const { clock, enter, sounds } = openAddon({ participants: [participant('a')] });
  await enter();
  await clock.advance(100);
  clock.freeze(400);
  await clock.advance(0);
  expect(sounds.map((one) => one.first)).toEqual(Array.from({ length: 25 }, (_, n) => n + 1));
});

test('hours later blocks still come at their exact times', async () => {
  const { clock, cloud, enter, sounds } = openAddon({ participants: [participant('a')] });
  await enter();
  cloud.muteAllRemoteAudio(true);
  clock.freeze(3 * 3_600_000);
  await clock.advance(0);
  cloud.muteAllRemoteAudio(false);
  await clock.advance(1_000);
  expect(sounds.length).toBe(50);
  expect(sounds.at(-1)?.frame.timestamp).toBe(3 * 3_600_000 + 1_000 - 20);
});

test('leaving and coming back: nothing flows until everything is set up anew', async () => {
  const { cloud, clock, enter, events } = openAddon({
    participants: [
      participant('a', {
        stays: [
          { fromMs: 0, toMs: 250 },
          { fromMs: 500, toMs: null },
        ],
      }),
    ],
  });
  await enter();
  const seen = look(cloud, 'a');
  await clock.advance(250);
  expect(events.at(-1)).toBe('onRemoteUserLeaveRoom a 0');
  const before = seen.messages.length;
  await clock.advance(500);
  expect(events.slice(-3)).toEqual([
    'onRemoteUserEnterRoom a',
    'onUserVideoAvailable a true',
    'onUserAudioAvailable a true',
  ]);
  expect(seen.messages.length).toBe(before);
  cloud.startRemoteView('a', 0);
  await clock.advance(100);
  expect(seen.messages.length).toBe(before);
  const again = look(cloud, 'a');
  await clock.advance(100);
  expect(valid(again.messages)[0]?.slice(0, 5)).toEqual(['a', 0, 32, 16, 400]);
});

test('a lost connection stops media and news; both are there again afterwards', async () => {
  const { clock, enter, events, sounds } = openAddon({
    participants: [participant('a'), participant('b', { stays: [{ fromMs: 300, toMs: null }] })],
    events: [roomEvent(200, 'connectionLost'), roomEvent(600, 'connectionRecovered')],
  });
  await enter();
  await clock.advance(590);
  expect(events.at(-1)).toBe('onConnectionLost');
  expect(sounds.length).toBe(9);
  await clock.advance(100);
  expect(events.slice(-4)).toEqual([
    'onConnectionRecovery',
    'onRemoteUserEnterRoom b',
    'onUserVideoAvailable b true',
    'onUserAudioAvailable b true',
  ]);
  expect(sounds.some((one) => one.userId === 'b')).toBe(true);
});

test.each([
  ['kick', 'onExitRoom 1'],
  ['dissolve', 'onExitRoom 2'],
] as const)('%s ends everything; leaving afterwards is answered all the same', async (type, told) => {
  const { cloud, clock, enter, events, sounds } = openAddon({
    participants: [participant('a')],
    events: [roomEvent(100, type)],
  });
  await enter();
  const seen = look(cloud, 'a');
  await clock.advance(100);
  expect(events.at(-1)).toBe(told);
  const [pictures, blocks] = [seen.messages.length, sounds.length];
  await clock.advance(500);
  expect([seen.messages.length, sounds.length]).toEqual([pictures, blocks]);
  cloud.exitRoom();
  await turns();
  expect(events.at(-1)).toBe('onExitRoom 0');
});

test('leaving is answered later, and not at all with noExit', async () => {
  const polite = openAddon({ participants: [participant('a')] });
  await polite.enter();
  polite.cloud.exitRoom();
  expect(polite.events).not.toContain('onExitRoom 0');
  await turns();
  expect(polite.events.at(-1)).toBe('onExitRoom 0');

  const silent = openAddon({ events: [roomEvent(0, 'noExit')] });
  await silent.enter();
  silent.cloud.exitRoom();
  await silent.clock.advance(10_000);
  expect(silent.events).toEqual(['onEnterRoom 1']);
});

test('entering is refused with the code of the scenario, as often as it says', async () => {
  const { cloud, enter, events } = openAddon({ events: [roomEvent(0, 'enterError', { code: -3308 })] });
  await enter();
  expect(events).toEqual([expect.stringMatching(/^onError -3308 /), 'onEnterRoom -3308']);
  cloud.exitRoom();
  await turns();
  expect(events.at(-1)).toBe('onExitRoom 0');
});

test('a room that is not in the scenario is refused and the known ones are named', async () => {
  const { cloud, events } = openAddon({});
  cloud.enterRoom({ roomId: 0, strRoomId: 'lesson', userId: 'rec' }, 1);
  await turns();
  expect(events).toEqual(['onError -3301 room str:lesson is not in the scenario; it has: 43474', 'onEnterRoom -3301']);
});

test('entering twice without leaving is an error', async () => {
  const { cloud, enter, events } = openAddon({});
  await enter();
  cloud.enterRoom({ roomId: 43474, strRoomId: '', userId: 'rec' }, 1);
  await turns();
  expect(events.at(-1)).toMatch(/^onError -3340/);
});

test('nothing is heard after destroy, whatever was under way', async () => {
  const { cloud, clock, enter, events, sounds } = openAddon({ participants: [participant('a')] });
  await enter();
  const seen = look(cloud, 'a');
  await clock.advance(100);
  const counts = [events.length, sounds.length, seen.messages.length];
  cloud.exitRoom();
  cloud.destroy();
  await clock.advance(1_000);
  expect([events.length, sounds.length, seen.messages.length]).toEqual(counts);

  const entering = openAddon({ participants: [participant('a')] });
  entering.cloud.enterRoom({ roomId: 43474, strRoomId: '', userId: 'rec' }, 1);
  entering.cloud.destroy();
  await entering.clock.advance(1_000);
  expect(entering.events).toEqual([]);
});

test('numbers are no booleans, and methods it does not know throw', () => {
  const { cloud } = openAddon({});
  expect(() => cloud.setDefaultStreamRecvMode(1 as unknown as boolean, false)).toThrow(/not a boolean/);
  expect(() => cloud.muteRemoteAudio('a', 0 as unknown as boolean)).toThrow(/not a boolean/);
  expect(() => (cloud as unknown as { startLocalPreview(): void }).startLocalPreview()).toThrow(
    /no method "startLocalPreview"/,
  );
});

test('muted sound does not come', async () => {
  const { cloud, clock, enter, sounds } = openAddon({ participants: [participant('a'), participant('b')] });
  await enter();
  cloud.muteRemoteAudio('a', true);
  await clock.advance(40);
  expect(sounds.map((one) => one.userId)).toEqual(['b', 'b']);
  cloud.muteAllRemoteAudio(true);
  await clock.advance(40);
  expect(sounds.length).toBe(2);
});
