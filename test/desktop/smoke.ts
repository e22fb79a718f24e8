/**
 * `npm run smoke:electron`: the compiled app with the real Electron, driven by Playwright. On Linux it needs a screen: `xvfb-run -a npm run
 * smoke:electron`. Without Electron's binary nothing is tried, which is said aloud; SMOKE_REQUIRED=1 makes that a failure.
 *
 * The app runs unpacked from dist/app: a packed one hears no driver, because its fuses are set.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { _electron, type ElectronApplication, type Page } from 'playwright-core';
import { findFfmpeg } from '../../main/capture/encode/ffmpeg.ts';
import { startCallbackReceiver } from '../../main/selftest/callback-receiver.ts';
import { startCosServer } from '../../main/selftest/cos-server/index.ts';
import { makeClip, ROOM_ID, ROOM_SECONDS, writeScenario } from '../../main/selftest/self-test-clip.ts';
import { lockDirectory } from '../../main/store/directory-lock.ts';
import type { RecordingView } from '../../shared/view.ts';
import { makeDirectory, removeDirectory } from '../support/box.ts';
import { ROOT } from '../support/source-tree.ts';

const START_MS = 60_000;
const RECORD_MS = 90_000;
const SELF_TEST_MS = 120_000;
const QUIT_MS = 90_000;
const POLL_MS = 250;
const LENGTH_TOLERANCE_MS = 1000;
const CREDENTIALS = { secretId: 'AKIDsmoke', secretKey: 'key-of-the-smoke-test-only' };

interface TrayProbe {
  smokeTrays?: Set<unknown>;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function check(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(`Not so: ${what}`);
  say(`✓ ${what}`);
}

/** Full path of Electron's program, or null when npm did not fetch it. */
function electronProgram(): string | null {
  const folder = path.join(ROOT, 'node_modules/electron');
  const named = path.join(folder, 'path.txt');
  if (!existsSync(named)) return null;
  const program = path.join(folder, 'dist', readFileSync(named, 'utf8').trim());
  return existsSync(program) ? program : null;
}

async function until<Value>(what: string, withinMs: number, look: () => Promise<Value | null>): Promise<Value> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > deadline) throw new Error(`Not within ${withinMs / 1000} s: ${what}`);
    await sleep(POLL_MS);
  }
}

/** As the console asks: from its page, with the token that the app puts in. */
async function ask<Answer>(page: Page, method: string, route: string, body?: unknown): Promise<Answer> {
  const text = body === undefined ? null : JSON.stringify(body);
  const { status, answer } = await page.evaluate(
    async (request) => {
      const headers = { 'content-type': 'application/json', accept: 'application/json' };
      const init =
        request.text === null ? { method: request.method } : { method: request.method, headers, body: request.text };
      const reply = await fetch(request.route, init);
      return { status: reply.status, answer: await reply.text() };
    },
    { method, route, text },
  );
  if (status >= 300) throw new Error(`${method} ${route} was answered ${status}: ${answer.slice(0, 500)}`);
  return JSON.parse(answer) as Answer;
}

/** Electron does not list its trays, so each one that is given a picture or a text from now on is noted. */
async function noteTrays(app: ElectronApplication): Promise<void> {
  await app.evaluate(({ Tray }) => {
    const seen = new Set<unknown>();
    (globalThis as TrayProbe).smokeTrays = seen;
    const { setToolTip, setImage } = Tray.prototype;
    Tray.prototype.setToolTip = function noteAndSet(text) {
      seen.add(this);
      setToolTip.call(this, text);
    };
    Tray.prototype.setImage = function noteAndSet(image) {
      seen.add(this);
      setImage.call(this, image);
    };
  });
}

async function recordInWindow(app: ElectronApplication, page: Page, callback: string): Promise<void> {
  const body = {
    ...{
      SdkAppId: 1_400_000_000,
      RoomId: ROOM_ID,
      UserId: 'recorder',
      UserSig: 'simulated',
      Mode: '12',
      IsReserve: false,
    },
    CosConfig: { Region: 'ap-shanghai', Bucket: 'smoke-1250000000', Path: '/smoke' },
    Callback: callback,
  };
  const { id } = await ask<{ id: string }>(page, 'POST', '/api/recordings', body);
  const look = () => ask<RecordingView>(page, 'GET', `/api/recordings/${id}`);
  await until('the recording runs', RECORD_MS, async () => ((await look()).state === 'recording' ? true : null));
  const windows = await app.evaluate(({ BrowserWindow }) =>
    BrowserWindow.getAllWindows().map((one) => one.isVisible()),
  );
  check(windows.includes(false) && windows.includes(true), 'it is captured in a hidden window beside the console');
  const trays = await until('the tray shows that something runs', RECORD_MS, async () => {
    const count = await app.evaluate(() => (globalThis as TrayProbe).smokeTrays?.size ?? 0);
    return count > 0 ? count : null;
  });
  check(trays === 1, 'there is one tray, and it follows the recording');
  const done = await until('the recording is delivered and told', RECORD_MS, async () => {
    const view = await look();
    return view.state === 'done' || view.state === 'failed' ? view : null;
  });
  check(done.state === 'done', `the recording is done (${JSON.stringify(done.failure)})`);
  const durationMs = done.files[0]?.durationMs ?? 0;
  check(Math.abs(durationMs - ROOM_SECONDS * 1000) < LENGTH_TOLERANCE_MS, `its file has ${durationMs} ms`);
}

async function testItself(page: Page): Promise<void> {
  interface Answer {
    state: string;
    steps: { name: string; state: string; message: { en: string } }[];
  }
  await ask<Answer>(page, 'POST', '/api/self-test', {});
  const end = await until('the self-test ends', SELF_TEST_MS, async () => {
    const answer = await ask<Answer>(page, 'GET', '/api/self-test');
    return answer.state === 'running' ? null : answer;
  });
  const failed = end.steps
    .filter(({ state }) => state === 'failed')
    .map(({ name, message }) => `${name}: ${message.en}`);
  check(end.state === 'passed', `the self-test passes ${failed.join('; ')}`);
}

async function quit(app: ElectronApplication, dataDirectory: string): Promise<void> {
  const program = app.process();
  const ended = new Promise<number | null>((resolve) => program.once('exit', resolve));
  await app.evaluate(({ app: electron }) => electron.quit()).catch(() => undefined);
  const exitCode = await Promise.race([ended, sleep(QUIT_MS, 'late' as const)]);
  check(exitCode === 0, `it quits in order (exit code ${exitCode})`);
  lockDirectory(dataDirectory).release();
  check(true, 'it has let go of its data');
}

async function smoke(executablePath: string): Promise<void> {
  const found = await findFfmpeg();
  if (found.kind === 'missing') throw new Error(found.remedy);
  const directory = await makeDirectory('smoke');
  const dataDirectory = path.join(directory, 'box');
  await mkdir(dataDirectory);
  const clip = path.join(directory, 'clip.mkv');
  await makeClip(found.path, clip, AbortSignal.timeout(START_MS));
  const scenario = await writeScenario(directory, clip);
  const cos = await startCosServer({ directory: path.join(directory, 'cos'), port: 0, credentials: [CREDENTIALS] });
  const receiver = await startCallbackReceiver({ port: 0 });
  let app: ElectronApplication | null = null;
  try {
    app = await _electron.launch({
      executablePath,
      args: [ROOT, '--data', dataDirectory, '--port', '0', '--rooms', 'simulated', '--scenario', scenario],
      timeout: START_MS,
      env: {
        ...(process.env as Record<string, string>),
        RECORDER_COS_ENDPOINT: cos.url,
        RECORDER_COS_SECRET_ID: CREDENTIALS.secretId,
        RECORDER_COS_SECRET_KEY: CREDENTIALS.secretKey,
      },
    });
    app.process().stderr?.pipe(process.stderr);
    await noteTrays(app);
    const page = await app.firstWindow({ timeout: START_MS });
    await page.getByRole('main').waitFor({ timeout: START_MS });
    check((await page.locator('h1').first().textContent()) !== '', 'the window shows the console');
    const isVisible = await (await app.browserWindow(page)).evaluate((window: { isVisible(): boolean }) =>
      window.isVisible(),
    );
    check(isVisible, 'the window is there to be seen');
    await recordInWindow(app, page, `${receiver.url}/told`);
    await testItself(page);
    await quit(app, dataDirectory);
  } finally {
    app?.process().kill('SIGKILL');
    await Promise.all([cos.close(), receiver.close()]);
    await removeDirectory(directory);
  }
}

const program = electronProgram();
if (program !== null) {
  await smoke(program);
  say('The app works with the real Electron.');
} else {
  say(
    "SKIPPED: Electron's binary is not installed, so nothing was tried. Get it by: npm run setup, then node node_modules/electron/install.js",
  );
  if (process.env.SMOKE_REQUIRED === '1') process.exitCode = 1;
}
