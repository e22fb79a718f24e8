import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toneLevelDb } from '../../../test/support/goertzel.ts';
import { hear } from '../../../test/support/simulated-parts.ts';
import { openRoom } from './open-room.ts';
import { findAddon, loadSdk } from './trtc/sdk.ts';

const require = createRequire(import.meta.url);
const ffmpegPath = process.env.FFMPEG_PATH ?? (require('@ffmpeg-installer/ffmpeg') as { path: string }).path;
const PARAMS = { sdkAppId: 1, roomId: 43474, userId: 'rec', userSig: 'any text', scene: 'live' } as const;
const quiet = () => undefined;
let directory = '';
const file = (name: string) => path.join(directory, name);

function writeScenario(name: string, room: unknown): { kind: 'simulated'; scenarioPath: string; statePath: string } {
  writeFileSync(file(name), JSON.stringify({ rooms: { '43474': room } }));
  return { kind: 'simulated', scenarioPath: file(name), statePath: file(`${name}.state`) };
}

beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'open-room-'));
  const inputs = ['-f', 'lavfi', '-i', 'testsrc=s=160x90:r=15:d=1', '-f', 'lavfi', '-i', 'sine=440:r=48000:d=1'];
  execFileSync(ffmpegPath, [
    '-v',
    'error',
    ...inputs,
    '-pix_fmt',
    'yuv420p',
    '-c:v',
    'libx264',
    '-c:a',
    'aac',
    file('a.mp4'),
  ]);
});

afterAll(() => rmSync(directory, { recursive: true }));

test.skipIf(findAddon().present)(
  'real rooms without the native addon are refused with what to do (only where it is not installed)',
  async () => {
    const attempt = openRoom({ kind: 'trtc' }, ffmpegPath, hear().listener, quiet);
    await expect(attempt).rejects.toMatchObject({
      code: 'ADDON_MISSING',
      message: expect.stringMatching(/npm rebuild trtc-electron-sdk/),
    });
    await expect(attempt).rejects.toThrow(findAddon().path);
  },
);

test('a simulated room plays a real clip in real time', async () => {
  const rooms = writeScenario('plain.json', {
    participants: [{ userId: 'a', media: 'a.mp4' }],
    events: [{ at: 1.5, type: 'dissolve' }],
  });
  const exited = Promise.withResolvers<void>();
  const heard = hear({ onExited: () => exited.resolve() });
  const sound: Int16Array[] = [];
  const room = await openRoom(
    rooms,
    ffmpegPath,
    {
      ...heard.listener,
      onUserEntered: (userId) => room.subscribe(userId, 'main'),
      onAudio: (_userId, block) => sound.push(Int16Array.from(block.data)),
    },
    quiet,
  );
  room.enter(PARAMS);
  await exited.promise;
  await expect(room.exit(20_000)).resolves.toBe('confirmed');
  room.dispose();
  expect(heard.pictures.map((one) => one.size).every((size) => size === '160x90')).toBe(true);
  // 1.5 s at 15 pictures and 50 blocks per second, whatever the machine's load was.
  expect(heard.pictures.length).toBeGreaterThanOrEqual(21);
  expect(heard.pictures.length).toBeLessThanOrEqual(23);
  expect(Math.abs(sound.length - 74)).toBeLessThanOrEqual(1);
  const samples = Int16Array.from(sound.slice(5, 45).flatMap((block) => [...block]));
  expect(toneLevelDb(samples, 48_000, 440) - toneLevelDb(samples, 48_000, 1_000)).toBeGreaterThan(40);
});

test('a scenario that cannot be played refuses the recorder with all its problems', async () => {
  const rooms = writeScenario('bad.json', { participants: [{ userId: 'a', media: 'none.mp4', size: '17x17' }] });
  const failed = Promise.withResolvers<string>();
  const heard = hear({ onEnterFailed: (code, message) => failed.resolve(`${code} ${message}`) });
  const room = await openRoom(rooms, ffmpegPath, heard.listener, quiet);
  room.enter(PARAMS);
  const text = await failed.promise;
  expect(text).toMatch(/^-3301 .*none\.mp4/);
  expect(text).toContain('"17x17"');
  room.dispose();
});

test('a clip that cannot be decoded refuses the recorder and is named', async () => {
  writeFileSync(file('broken.mp4'), 'no media');
  const rooms = writeScenario('broken.json', { participants: [{ userId: 'a', media: 'broken.mp4' }] });
  const failed = Promise.withResolvers<string>();
  const heard = hear({ onEnterFailed: (code, message) => failed.resolve(`${code} ${message}`) });
  const room = await openRoom(rooms, ffmpegPath, heard.listener, quiet);
  room.enter(PARAMS);
  expect(await failed.promise).toMatch(/^-3301 .*broken\.mp4/);
  room.dispose();
});

test('one process has either real or simulated rooms', async () => {
  await loadSdk({ rooms: 'simulated', log: quiet });
  if (findAddon().present) {
    await expect(loadSdk({ rooms: 'trtc', log: quiet })).rejects.toMatchObject({ code: 'SDK_LOADED_OTHERWISE' });
  } else {
    await expect(loadSdk({ rooms: 'trtc', log: quiet })).rejects.toMatchObject({ code: expect.any(String) });
  }
});

test('a crash event kills the process; the next one finds the room further on and the console stays silent', async () => {
  const rooms = writeScenario('crash.json', {
    participants: [
      { userId: 'gone', media: 'a.mp4', leaveAt: 0.2 },
      { userId: 'a', media: 'a.mp4' },
    ],
    events: [{ at: 0.3, type: 'crash' }],
  });
  const entry = fileURLToPath(new URL('open-room.ts', import.meta.url));
  const script = `
    import { openRoom } from ${JSON.stringify(entry)};
    const nothing = () => undefined;
    const names = ['onEntered', 'onEnterFailed', 'onExited', 'onUserEntered', 'onUserLeft', 'onVideoAvailable', 'onAudioAvailable',
      'onVideo', 'onAudio', 'onFrameDropped', 'onConnection', 'onProblem'];
    const listener = Object.fromEntries(names.map((name) => [name, nothing]));
    listener.onUserEntered = (userId) => process.stdout.write(userId + '\\n');
    const room = await openRoom(${JSON.stringify(rooms)}, ${JSON.stringify(ffmpegPath)}, listener, nothing);
    room.enter(${JSON.stringify(PARAMS)});
    process.stdin.resume();
    process.stdin.on('end', async () => { await room.exit(1000); room.dispose(); process.exit(0); });
  `;
  const run = () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    return { child, output: () => output };
  };
  const first = run();
  const [, signal] = (await once(first.child, 'close')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  expect(first.output()).toBe('gone\na\n');
  expect(JSON.parse(readFileSync(rooms.statePath, 'utf8'))).toMatchObject({ room: '43474', enterAttempts: 1 });
  const second = run();
  await expect.poll(() => second.output()).toBe('a\n');
  second.child.stdin.end();
  const [code] = (await once(second.child, 'close')) as [number | null];
  expect(code).toBe(0);
  expect(second.output()).toBe('a\n');
});
