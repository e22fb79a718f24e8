import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { CaptureExit, CaptureProcess } from '../../main/capture/host.ts';
import type { CaptureJob, FromCapture } from '../../main/capture/messages.ts';
import { CAPTURE_CHANNEL, type FromCaptureWindow } from '../../main/capture/window/window-line.ts';
import { createWindowHost } from '../../main/desktop/electron-window-host.ts';
import { launchChromium } from '../support/chromium.ts';
import type { DoubleBrowserWindow } from '../support/electron-double-window.ts';
import { ROOT } from '../support/source-tree.ts';

// The page of a capture window in a real Chromium, under its real policy, with the real host above it. Not proven here: the preload script
// (Chromium has no Node, so the bridge is a double and a few lines stand in for the capture; capture-window.test.ts has the real ones), that
// a page of `file:` is served alike, and that Chromium does not slow a window down that is never shown.

const electron = await vi.hoisted(async () => await import('../support/electron-double.ts'));
vi.mock('electron', () => electron);
const { BrowserWindow, double } = electron;

const WAIT = { timeout: 45_000, interval: 20 };
const FOLDER = path.join(ROOT, 'main/capture/window');
const ORIGIN = 'http://capture.invalid';
const SECRET =
  'eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwoZQ0eKU7MSCgswUJStDMwMDQzNTA0OISGZKal5JZlomSLGhqYWRGVQYYnJmSVFmSpqSlUlqaq1SLQA';

let browser: Browser;
let page: Page;
let policy = (html: string): string => html;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => await browser.close());
afterEach(async () => {
  policy = (html) => html;
  BrowserWindow.onLoad = null;
  for (const { capture } of hosted.splice(0)) await capture.destroy(0);
  await Promise.all(closing.splice(0));
  expect(double.windows).toEqual([]);
});

/** Gives a page what it names: the source without its types, as the build makes it. */
async function serve(name: string): Promise<{ contentType: string; body: string }> {
  const text = await readFile(path.join(FOLDER, name.replace(/\.js$/, '.ts')), 'utf8');
  if (name.endsWith('.html')) return { contentType: 'text/html', body: policy(text) };
  return { contentType: 'text/javascript', body: stripTypeScriptTypes(text) };
}

/** What runs in the place of the capture: answers to the job by what it is called. */
function standIn(kernel: string): void {
  type Line = import('../../main/capture/window/window-line.ts').WindowLine;
  const page = globalThis as unknown as { tell(text: string): void; hear?: (message: never) => void };
  const log = (line: Line, message: string) => line.send({ type: 'log', level: 'info', message });
  const tries: Record<string, (line: Line) => void> = {
    throws: () => Reflect.apply(undefined as never, null, []),
    rejects: () => void Promise.reject(new Error('nobody waits for this')),
    policy(line) {
      addEventListener('securitypolicyviolation', ({ effectiveDirective }) => log(line, effectiveDirective));
      const script = document.createElement('script');
      script.src = 'data:text/javascript,0';
      document.head.append(script);
      document.head.append(Object.assign(document.createElement('script'), { textContent: 'window.isForeign = true' }));
      new Image().src = 'https://picture.invalid/';
      fetch('https://fetch.invalid/').catch(() => {});
      try {
        new Function('');
      } catch {
        log(line, 'eval');
      }
      const bytes = Uint8Array.from(atob(kernel), (letter) => letter.charCodeAt(0));
      WebAssembly.compile(bytes).then(
        () => log(line, 'wasm'),
        (error: Error) => log(line, error.message),
      );
    },
  };
  const captureBridge: import('../../main/capture/window/window-line.ts').CaptureBridge = {
    send: (message) => page.tell(JSON.stringify(message)),
    onMessage(listener) {
      page.hear = listener as never;
    },
    start(line) {
      line.onMessage((message) => {
        if (message.type === 'start') {
          const todo = message.job.recordingId;
          const attempt = tries[todo];
          // What the driver calls is free of the policy; what a timer calls is not.
          if (attempt) setTimeout(() => attempt(line));
          else setInterval(() => log(line, todo), 50);
        } else line.exit(message.type === 'stop' ? 0 : 1);
      });
      line.onEndAsked(() => line.exit(5));
      line.onUncaught(({ message }) => {
        log(line, message);
        line.exit(70);
        log(line, 'after the end');
      });
      line.send({ type: 'ready', pid: 1 });
      if (Reflect.get(globalThis, 'failsAtStart')) throw new Error('cannot start');
    },
  };
  Object.assign(globalThis, { captureBridge });
}

interface Hosted {
  capture: CaptureProcess;
  messages: FromCapture[];
  exits: CaptureExit[];
}
const hosted: Hosted[] = [];
const closing: Promise<void>[] = [];

/** Opens a capture window whose page is a page of Chromium. */
async function start(before: () => void = () => {}): Promise<Hosted> {
  const kernel = await readFile(path.join(ROOT, 'resources/kernel/mix.wasm'), 'base64');
  BrowserWindow.onLoad = async (window: DoubleBrowserWindow, address: string) => {
    page = await browser.newPage();
    const { webContents } = window;
    const opened = page;
    webContents.once('destroyed', () => closing.push(opened.close()));
    page.once('crash', () => webContents.crash('crashed'));
    await page.route('**/*', async (route) => await route.fulfill(await serve(path.basename(route.request().url()))));
    await page.exposeFunction('tell', (text: string) => {
      webContents.ipc.emit(CAPTURE_CHANNEL, {}, JSON.parse(text) as FromCaptureWindow);
    });
    const { send } = webContents;
    webContents.send = (channel, message) => {
      send(channel, message);
      page.evaluate((told) => Reflect.get(globalThis, 'hear')(told), message).catch(() => {});
    };
    await page.addInitScript(standIn, kernel);
    await page.addInitScript(before);
    await page.goto(`${ORIGIN}/${path.basename(address)}`);
  };
  const messages: FromCapture[] = [];
  const exits: CaptureExit[] = [];
  const host = createWindowHost({ onStderr: () => {} });
  const capture = host.start({ onMessage: (message) => messages.push(message), onExit: (exit) => exits.push(exit) });
  const one = { capture, messages, exits };
  hosted.push(one);
  await vi.waitFor(() => expect(messages[0]).toEqual({ type: 'ready', pid: 1 }), WAIT);
  return one;
}

const job = (recordingId: string): { type: 'start'; job: CaptureJob } => ({
  type: 'start',
  job: { recordingId, room: { userSig: SECRET } } as CaptureJob,
});
const said = ({ messages }: Hosted): string[] =>
  messages.flatMap((message) => (message.type === 'log' ? [message.message] : []));

it('says that it is ready, takes its job, goes on telling, and leaves with its code', async () => {
  const one = await start();
  one.capture.send(job('beat'));
  await vi.waitFor(() => expect(said(one).length).toBeGreaterThan(5), WAIT);
  // The job is nowhere but in the message.
  expect(page.url()).toBe(`${ORIGIN}/capture-page.html`);
  expect(await page.content()).not.toContain(SECRET);
  expect(one.exits).toEqual([]);
  one.capture.send({ type: 'stop', reason: 'stopped' });
  await vi.waitFor(() => expect(one.exits).toEqual([{ code: 0, signal: null }]), WAIT);
  await vi.waitFor(() => expect(page.isClosed()).toBe(true), WAIT);
});

it('ends when it is asked to without a reason', async () => {
  const one = await start();
  await one.capture.destroy(45_000);
  expect(one.exits).toEqual([{ code: 5, signal: null }]);
});

it.each([
  ['throws', /apply|function/i],
  ['rejects', /nobody waits for this/],
])('tells of what it %s, once, and leaves', async (what, words) => {
  const one = await start();
  one.capture.send(job(what));
  await vi.waitFor(() => expect(one.exits).toEqual([{ code: 70, signal: null }]), WAIT);
  expect(said(one)).toEqual([expect.stringMatching(words)]);
});

it('tells why the capture could not be started', async () => {
  const one = await start(() => Object.assign(globalThis, { failsAtStart: true }));
  await vi.waitFor(() => expect(one.exits).toEqual([{ code: 70, signal: null }]), WAIT);
  expect(said(one)).toEqual(['cannot start']);
});

it('that crashes is gone for the box as well', async () => {
  const one = await start();
  const devtools = await page.context().newCDPSession(page);
  devtools.send('Page.crash').catch(() => {});
  await vi.waitFor(() => expect(one.exits).toEqual([{ code: 139, signal: null }]), WAIT);
});

it('loads nothing but its own script, and may compile the kernel', async () => {
  const one = await start();
  one.capture.send(job('policy'));
  await vi.waitFor(() => expect(said(one)).toContain('wasm'), WAIT);
  await vi.waitFor(() => expect(said(one)).toEqual(expect.arrayContaining(['eval', 'connect-src', 'img-src'])), WAIT);
  await vi.waitFor(() => expect(said(one).filter((name) => name === 'script-src-elem')).toHaveLength(2), WAIT);
  expect(await page.evaluate(() => Reflect.get(globalThis, 'isForeign'))).toBeUndefined();
});

it('could not compile the kernel without that word of its policy', async () => {
  policy = (html) => html.replace(" 'wasm-unsafe-eval'", '');
  const one = await start();
  one.capture.send(job('policy'));
  await vi.waitFor(() => expect(said(one)).toContainEqual(expect.stringMatching(/Content Security Policy/)), WAIT);
  expect(said(one)).not.toContain('wasm');
});
