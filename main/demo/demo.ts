/**
 * `npm run demo`: the main job from a fresh clone. Starts the box with simulated rooms, a local COS server and a callback receiver,
 * sends the published sample request, takes COS away for a while, and verifies file, object and callback. Exit code 0 only if all is well.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { findFfmpeg } from '../capture/encode/ffmpeg.ts';
import { startCallbackReceiver } from '../selftest/callback-receiver.ts';
import { startCosServer } from '../selftest/cos-server/index.ts';
import { DEMO_ROOM, DEMO_SECONDS, prepareScenario } from './clips.ts';
import { verifyDelivery } from './verify.ts';
import { watchRecording } from './watch.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SECRET_ID = 'AKIDdemo';
const SECRET_KEY = 'demo-key-of-the-local-cos-simulator';
const START_TIMEOUT_MS = 20_000;
const END_TIMEOUT_MS = 90_000;

function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** Starts the box as its user would, and resolves with its address. */
async function startBox(args: readonly string[], environment: Record<string, string>) {
  const child = spawn(process.execPath, [path.join(ROOT, 'main/headless.ts'), 'serve', ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...environment },
    detached: process.platform !== 'win32',
  });
  const ready = Promise.withResolvers<string>();
  const timer = setTimeout(() => ready.reject(new Error('the box did not start in time')), START_TIMEOUT_MS);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    const line = text.split('\n').find((candidate) => candidate.startsWith('{"ready":true'));
    if (line) ready.resolve((JSON.parse(line) as { url: string }).url);
  });
  child.on('exit', (code) =>
    ready.reject(new Error(`the box ended with exit code ${code}; its log is in the data directory`)),
  );
  const url = await ready.promise.finally(() => clearTimeout(timer));
  const stopped = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)));
  return {
    url,
    stop: () => {
      child.kill('SIGTERM');
      return stopped;
    },
    stopped,
  };
}

async function demo(options: { keep: boolean; media?: string; data: string }): Promise<boolean> {
  const data = path.resolve(options.data);
  const ffmpeg = await findFfmpeg();
  if (ffmpeg.kind === 'missing') throw new Error(ffmpeg.remedy);
  // A demo begins with an empty box; the directory is its own and recognisable by the scenario inside.
  if (existsSync(path.join(data, 'room', 'scenario.json'))) rmSync(data, { recursive: true });
  mkdirSync(data, { recursive: true });

  say('TRTC Recorder: the main job with SIMULATED rooms and a LOCAL stand-in for COS');
  say(`  encoder   ffmpeg ${ffmpeg.version} (${ffmpeg.source}, ${ffmpeg.licence})`);
  say(`  clips     ${options.media ? `from ${options.media}` : 'drawn and voiced here'} …`);
  const scenario = await prepareScenario({
    directory: path.join(data, 'room'),
    ffmpegPath: ffmpeg.path,
    mediaDirectory: options.media,
  });
  const cos = await startCosServer({
    directory: path.join(data, 'cos'),
    port: 0,
    credentials: [{ secretId: SECRET_ID, secretKey: SECRET_KEY }],
  });
  const receiver = await startCallbackReceiver({ port: 0 });
  const box = await startBox(
    ['--data', path.join(data, 'box'), '--port', '0', '--rooms', 'simulated', '--scenario', scenario],
    { RECORDER_COS_ENDPOINT: cos.url, RECORDER_COS_SECRET_ID: SECRET_ID, RECORDER_COS_SECRET_KEY: SECRET_KEY },
  );
  say(`  box       ${box.url}   (open it in a browser)`);
  say(`  COS       ${cos.url}   (local simulator)`);
  say(`  callback  ${receiver.url}`);
  say();

  const request = {
    SdkAppId: 1400000000,
    RoomId: Number(DEMO_ROOM),
    UserId: 'user_55952145',
    Mode: '12',
    UserSig: 'eJwtzNEKgkAUBNB-…',
    CosConfig: { Region: 'ap-shanghai', Bucket: 'test-123456789', Path: '/trtc' },
    IsReserve: false,
    Callback: `${receiver.url}/post/demo`,
  };
  const reply = await fetch(`${box.url}/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  const id = reply.headers.get('x-scf-reqid') ?? '';
  say(`POST /  →  ${reply.status} "${await reply.text()}"  x-scf-reqid: ${id}`);
  if (reply.status !== 200) return false;

  const recording = await watchRecording({
    url: box.url,
    id,
    lengthMs: DEMO_SECONDS * 1000,
    cos,
    timeoutMs: END_TIMEOUT_MS,
    say,
  });
  const verified = await verifyDelivery({
    recording,
    cos: { url: cos.url, secretId: SECRET_ID, secretKey: SECRET_KEY },
    receiver,
    ffmpegPath: ffmpeg.path,
    expectedLengthMs: DEMO_SECONDS * 1000,
    say,
  });

  if (options.keep) {
    say(`\nThe box stays up at ${box.url} (Ctrl-C ends it); its data is in ${data}`);
    process.once('SIGINT', () => void box.stop());
    process.once('SIGTERM', () => void box.stop());
    await box.stopped;
  } else {
    const code = await box.stop();
    if (code !== 0) say(`  ✗ the box ended with exit code ${code}`);
  }
  await Promise.all([cos.close(), receiver.close()]);
  return verified;
}

const program = new Command('demo')
  .description('Shows the main job: request in, room recorded, file in COS, caller told.')
  .option('--keep', 'leave the box running afterwards and print its address', false)
  .option('--media <directory>', 'play the clips of this directory instead of drawn ones')
  .option('--data <directory>', 'where the demo keeps its files', path.join(ROOT, 'demo-data'))
  .parse();

try {
  const verified = await demo(program.opts());
  process.exitCode = verified ? 0 : 1;
} catch (error) {
  say(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
