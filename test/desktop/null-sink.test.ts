import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { makeDirectory, removeDirectory } from '../support/box.ts';
import { ROOT } from '../support/source-tree.ts';

// The script that gives a machine a sound device, with programs that stand in for those of the sound server. That PulseAudio and PipeWire
// understand what they are told is not proven here.

const SHAPE = 'sink_name=trtc_null rate=48000 channels=2';
const WAIT = { timeout: 30_000, interval: 20 };
let directory: string;
let child: ChildProcess | null = null;

beforeEach(async () => {
  directory = await makeDirectory('null-sink');
  await mkdir(path.join(directory, 'bin'));
});
afterEach(async () => {
  child?.kill('SIGKILL');
  child = null;
  await removeDirectory(directory);
});

/** A program that notes how it was called, and then does that. */
async function program(name: string, then: string): Promise<void> {
  const file = path.join(directory, 'bin', name);
  await writeFile(file, `#!/bin/sh\necho "${name} $*" >> "${directory}/calls"\n${then}\n`);
  await chmod(file, 0o755);
}

const calls = async (): Promise<string[]> =>
  (await readFile(path.join(directory, 'calls'), 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');

function run(): { said: () => string; ended: Promise<unknown[]> } {
  const script = path.join(ROOT, 'resources/linux/null-sink.sh');
  child = spawn('/bin/sh', [script], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: `${directory}/bin` },
  });
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  return { said: () => text, ended: once(child, 'exit') };
}

const SERVER = (watching: string) => `case "$1 $2" in
  "list short") printf '7\\tmodule-null-sink\\t${SHAPE}\\n8\\tmodule-null-sink\\tsink_name=other\\n9\\tmodule-alsa-card\\t\\n' ;;
  "load-module module-null-sink") echo 42 ;;
  "subscribe ") ${watching} ;;
esac`;

it.skipIf(process.platform === 'win32')(
  'makes a device in the server that runs, in place of an old one, and takes it away',
  async () => {
    await program('pactl', SERVER('exec /bin/sleep 600'));
    const { ended } = run();
    await vi.waitFor(async () => expect((await calls()).at(-1)).toBe('pactl subscribe'), WAIT);
    expect(await calls()).toEqual([
      ...['pactl info', 'pactl list short modules', 'pactl unload-module 7'],
      ...[`pactl load-module module-null-sink ${SHAPE}`, 'pactl set-default-sink trtc_null', 'pactl subscribe'],
    ]);
    child?.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect((await calls()).at(-1)).toBe('pactl unload-module 42');
  },
);

it.skipIf(process.platform === 'win32')('ends with the server, so that it is started anew', async () => {
  await program('pactl', SERVER('exit 0'));
  expect(await run().ended).toEqual([0, null]);
});

it.skipIf(process.platform === 'win32')('becomes a server of its own where none answers', async () => {
  await program('pactl', 'exit 1');
  await program('pulseaudio', 'exit 3');
  expect(await run().ended).toEqual([3, null]);
  expect((await calls()).at(-1)).toBe(
    `pulseaudio -n --daemonize=no --exit-idle-time=-1 -L module-native-protocol-unix -L module-null-sink ${SHAPE}`,
  );
});

it.skipIf(process.platform === 'win32')('says what to install where there is nothing', async () => {
  const { said, ended } = run();
  expect(await ended).toEqual([1, null]);
  // What it wrote may be read after its end is known.
  await expect.poll(said).toContain('install pulseaudio');
});
