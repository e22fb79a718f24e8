import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type CaptureExit, type CaptureProcess, SECRET_VARIABLES } from '../../main/capture/host.ts';
import type { FromCapture } from '../../main/capture/messages.ts';
import { createWindowHost } from '../../main/desktop/electron-window-host.ts';
import { makeDirectory, removeDirectory } from '../support/box.ts';
import { startRenderer } from '../support/electron-double-renderer.ts';
import type { DoubleBrowserWindow } from '../support/electron-double-window.ts';
import { ROOT } from '../support/source-tree.ts';

// The host of capture windows, over the double: a real Node process runs preload script and page. What Chromium says of the page is in
// capture-page.test.ts; that Electron brings both together is for `npm run smoke:electron`.

const electron = await vi.hoisted(async () => await import('../support/electron-double.ts'));
vi.mock('electron', () => electron);
const { double } = electron;

const WAIT = { timeout: 30_000, interval: 20 };
const SECRET = 'secret-key-of-the-box';

interface Hosted {
  capture: CaptureProcess;
  messages: FromCapture[];
  exits: CaptureExit[];
  said: string[];
  window: DoubleBrowserWindow;
}

const host = createWindowHost({ onStderr: (line) => said.push(line) });
let said: string[] = [];
const hosted: Hosted[] = [];

function start(): Hosted {
  said = [];
  const messages: FromCapture[] = [];
  const exits: CaptureExit[] = [];
  const capture = host.start({ onMessage: (message) => messages.push(message), onExit: (exit) => exits.push(exit) });
  const window = double.windows.at(-1)!;
  const one = { capture, messages, exits, said, window };
  hosted.push(one);
  return one;
}

const isReady = async ({ messages }: Hosted): Promise<void> =>
  void (await vi.waitFor(() => expect(messages.map(({ type }) => type)).toContain('ready'), WAIT));

afterEach(async () => {
  for (const { capture } of hosted.splice(0)) await capture.destroy(0);
  expect(double.windows).toEqual([]);
  vi.useRealTimers();
});

describe('a capture in a hidden window', () => {
  it('is never shown, has Node and a session of its own, goes nowhere and may do nothing', async () => {
    const first = start();
    const second = start();
    const { options, webContents } = first.window;
    expect(options).toMatchObject({
      ...{ show: false, skipTaskbar: true, focusable: false },
      webPreferences: { nodeIntegration: true, contextIsolation: false, sandbox: false, backgroundThrottling: false },
    });
    const { session } = webContents;
    expect(session).not.toBe(second.window.webContents.session);
    expect(electron.session.fromPartition('capture-0')).toBe(session);
    expect(webContents.getURL()).toMatch(/^file:\/\/.*\/capture-page\.html$/);
    expect([webContents.navigate('https://x.invalid/'), webContents.openWindow('https://x.invalid/')]).toEqual([
      false,
      'deny',
    ]);
    const granted = vi.fn();
    session.permissionRequest?.(webContents as never, 'media', granted, {} as never);
    expect(granted.mock.calls).toEqual([[false]]);
    expect(session.permissionCheck?.(null, 'media', '', {} as never)).toBe(false);
    expect(session.devicePermission?.({} as never)).toBe(false);
    // Whoever closes all windows does not mean these.
    first.window.close();
    expect(first.window.isDestroyed()).toBe(false);
    // A session is taken again: one for each recording would stay for months.
    await first.capture.destroy(0);
    expect(start().window.webContents.session).toBe(session);
  });

  it('says that it is ready, and ends when asked to, once', async () => {
    const one = start();
    const { capture, exits, window } = one;
    await isReady(one);
    expect(one.messages).toEqual([{ type: 'ready', pid: capture.pid }]);
    capture.send({ type: 'stop', reason: 'stopped' });
    await Promise.all([capture.destroy(45_000), capture.destroy(45_000)]);
    await capture.destroy(45_000);
    capture.send({ type: 'stop', reason: 'stopped' });
    expect(exits).toEqual([{ code: 0, signal: null }]);
    expect([window.isDestroyed(), window.webContents.sent.length]).toEqual([true, 3]);
  });

  it.each<[string, (hosted: Hosted) => void, CaptureExit]>([
    ['its process crashes', ({ window }) => window.webContents.crash('crashed'), { code: 139, signal: null }],
    ['its process is killed', ({ capture }) => void process.kill(capture.pid!, 'SIGKILL'), { code: 139, signal: null }],
    ['somebody destroys it', ({ window }) => window.destroy(), { code: null, signal: 'SIGKILL' }],
  ])('is reported once and leaves no window when %s', async (_name, end, exit) => {
    const one = start();
    await isReady(one);
    end(one);
    await vi.waitFor(() => expect(one.exits).toEqual([exit]), WAIT);
    expect(one.window.isDestroyed()).toBe(true);
    await one.capture.destroy(0);
    expect(one.exits).toHaveLength(1);
  });

  it('ends when its page or its preload script cannot be loaded, and says why', async () => {
    for (const fail of [
      (window: DoubleBrowserWindow) => window.webContents.emit('did-fail-load', {}, -6, 'ERR_FILE_NOT_FOUND'),
      (window: DoubleBrowserWindow) => window.webContents.emit('preload-error', {}, 'x', new Error('no such module')),
    ]) {
      const one = start();
      fail(one.window);
      await vi.waitFor(() => expect(one.exits).toEqual([{ code: 70, signal: null }]), WAIT);
      expect(one.said).toHaveLength(1);
    }
  });

  it('that hangs is given time to come back, then ended', async () => {
    const one = start();
    await isReady(one);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    one.window.emit('unresponsive');
    await vi.advanceTimersByTimeAsync(9000);
    one.window.emit('responsive');
    await vi.advanceTimersByTimeAsync(9000);
    expect(one.exits).toEqual([]);
    one.window.emit('unresponsive');
    await vi.advanceTimersByTimeAsync(10_000);
    vi.useRealTimers();
    await vi.waitFor(() => expect(one.exits).toEqual([{ code: null, signal: 'SIGKILL' }]), WAIT);
  });

  it.skipIf(process.platform === 'win32')(
    'that does not react is ended after the grace (stopped by a signal, so not on Windows)',
    async () => {
      const one = start();
      await isReady(one);
      const { pid } = one.capture;
      process.kill(pid!, 'SIGSTOP');
      await one.capture.destroy(200);
      expect(one.exits).toEqual([{ code: null, signal: 'SIGKILL' }]);
      await vi.waitFor(() => expect(() => process.kill(pid!, 0)).toThrow(), WAIT);
    },
  );
});

it('the preload script takes the secrets of the box out of what a window inherits', async () => {
  const directory = await makeDirectory('capture-window');
  const page = path.join(directory, 'page.html');
  writeFileSync(page, '<script type="module" src="./probe.mjs"></script>');
  const names = "Object.keys(process.env).filter((name) => name === 'PATH' || name.startsWith('RECORDER_'))";
  writeFileSync(path.join(directory, 'probe.mjs'), `captureBridge.send(${names});`);
  for (const name of SECRET_VARIABLES) vi.stubEnv(name, SECRET);
  vi.stubEnv('RECORDER_LINKS', '1');
  const told: unknown[] = [];
  const onMessage = (_channel: string, message: unknown) => void told.push(message);
  const renderer = startRenderer(path.join(ROOT, 'main/capture/window/electron-preload.mts'), page, {
    onMessage,
    onPreloadError: () => {},
    onGone: () => {},
  });
  await vi.waitFor(() => expect(told).toHaveLength(1), WAIT);
  expect((told[0] as string[]).toSorted()).toEqual(['PATH', 'RECORDER_LINKS']);
  renderer.kill();
  vi.unstubAllEnvs();
  await removeDirectory(directory);
});
