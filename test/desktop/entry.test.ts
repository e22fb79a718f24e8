import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { lockDirectory } from '../../main/store/directory-lock.ts';
import { createAuthority } from '../support/certificates.ts';
import { createDesktopRig, type DesktopRig } from '../support/desktop-rig.ts';
import { freePort } from '../support/free-port.ts';

// Over the double: what the app asks of Electron is proven here, not what Electron makes of it.

const electron = await vi.hoisted(async () => await import('../support/electron-double.ts'));
vi.mock('electron', () => electron);
const { double, app } = electron;

/** A state is waited for as long as a busy machine needs. */
const WAIT = { timeout: 45_000, interval: 20 };
let rig: DesktopRig;

/** A server of somebody else on this machine. Nobody is given its port or the next one by chance. */
async function occupyPort(answer: string): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((_, response) => response.setHeader('content-type', 'application/json').end(answer));
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function writeSettings(http: object): Promise<void> {
  await writeFile(path.join(rig.dataDirectory, 'settings.json'), JSON.stringify({ http }));
}

beforeEach(async () => {
  rig = await createDesktopRig(electron, { http: { requireToken: true } });
});

afterEach(async () => {
  await rig.close();
});

describe('the app at work', () => {
  it('shows the console, whose requests to the box carry a token that is in no file and goes nowhere else', async () => {
    await rig.start();
    const window = rig.window();
    expect(window.webContents.getURL()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#\/$/);
    await vi.waitFor(() => expect(window.isVisible()).toBe(true), WAIT);
    const { origin } = new URL(window.webContents.getURL());
    expect((await fetch(`${origin}/api/recordings`)).status).toBe(401);
    expect((await rig.fetch('/api/recordings')).status).toBe(200);
    expect((await rig.fetch('/api/settings', patch({ recording: { paused: true } }))).status).toBe(200);
    const { session } = window.webContents;
    const token = String(session.headersOf(`${origin}/`).authorization);
    expect(token).toMatch(/^Bearer box_[\w-]{43}$/);
    for (const other of [
      'http://127.0.0.1:1/',
      'https://127.0.0.1/',
      'https://b.cos.ap.myqcloud.com/f',
      'http://evil/',
    ]) {
      expect(session.headersOf(other)).toEqual({});
    }
    // After a redirect, Chromium may still have it among the headers.
    expect(session.headersOf('https://b.cos.ap.myqcloud.com/f', { Authorization: token, accept: '*/*' })).toEqual({
      accept: '*/*',
    });
    expect(await rig.filesWith(token.slice('Bearer '.length))).toEqual([]);
    expect(await (await rig.fetch('/api/tokens')).json()).toEqual({ tokens: [] });
    expect(double.trays).toHaveLength(1);
    await vi.waitFor(() => expect(double.trays[0]!.menu?.labels().length).toBeGreaterThan(5), WAIT);
  });

  it('keeps the page in its cage', async () => {
    await rig.start();
    const { options, webContents } = rig.window();
    expect(options.webPreferences).toMatchObject({
      ...{ contextIsolation: true, sandbox: true, nodeIntegration: false, webSecurity: true, webviewTag: false },
    });
    expect(options.webPreferences?.preload).toBeUndefined();
    const { origin } = new URL(webContents.getURL());
    expect(webContents.navigate(`${origin}/#/start`)).toBe(true);
    const cos = 'https://bucket-1.cos.ap-shanghai.myqcloud.com/a.mp4';
    expect(['https://example.com/', cos, 'file:///etc/passwd'].map((url) => webContents.navigate(url))).toEqual([
      ...[false, false, false],
    ]);
    expect([cos, 'javascript:alert(1)', 'http://example.com'].map((url) => webContents.openWindow(url))).toEqual([
      ...['deny', 'deny', 'deny'],
    ]);
    expect(double.opened).toEqual([cos, cos]);
    const { session } = webContents;
    const answers: boolean[] = [];
    for (const permission of ['media', 'notifications', 'geolocation', 'clipboard-read'] as const) {
      session.permissionRequest?.(
        webContents as never,
        permission,
        (isGranted) => answers.push(isGranted),
        {} as never,
      );
      answers.push(session.permissionCheck?.(null, permission, origin, {} as never) ?? true);
    }
    expect(new Set(answers)).toEqual(new Set([false]));
    expect(session.permissionCheck?.(null, 'clipboard-sanitized-write', 'http://evil', {} as never)).toBe(false);
    expect(double.calls).toContainEqual(['crashReporter', expect.objectContaining({ uploadToServer: false })]);
    expect(double.paths.get('crashDumps')).toBe(path.join(rig.dataDirectory, 'diagnostics/crashes'));
  });

  it('goes into the tray when its window is closed, comes back by a second start, and opens what a link means', async () => {
    await rig.start();
    const window = rig.window();
    await vi.waitFor(() => expect(window.isVisible()).toBe(true), WAIT);
    window.close();
    expect([window.isDestroyed(), window.isVisible(), double.exitCode]).toEqual([false, false, null]);
    app.emit('second-instance', {}, ['electron', '--allow-file-access', '/anywhere']);
    expect([window.isVisible(), window.isFocused()]).toEqual([true, true]);
    window.hide();
    const id = '0b51b3f4-1111-4222-8333-444455556666';
    for (const bad of ['trtc-recorder://recording/../start', 'trtc-recorder://settings', 'trtc-recorder:///', 'x']) {
      app.emit('open-url', { preventDefault() {} }, bad);
    }
    expect([window.isVisible(), window.webContents.getURL().endsWith('/#/')]).toEqual([false, true]);
    app.emit('second-instance', {}, ['electron', '--data=/tmp/evil', `trtc-recorder://recording/box1-${id}/`]);
    expect(window.webContents.getURL().endsWith(`/#/recordings/box1-${id}`)).toBe(true);
    expect(window.isVisible()).toBe(true);
    app.emit('open-url', { preventDefault() {} }, `trtc-recorder://recording/${id}`);
    expect(window.webContents.getURL().endsWith(`/#/recordings/${id}`)).toBe(true);
    expect(double.windows).toHaveLength(1);
  });

  it('a second app leaves at once and touches nothing; one started at login shows no window', async () => {
    await rig.start([], { isSecond: true });
    expect([double.exitCode, double.windows.length, double.trays.length]).toEqual([0, 0, 0]);
    await rig.start(['--port', '0', '--hidden']);
    expect([double.exitCode, double.windows.length, double.trays.length]).toEqual([null, 0, 1]);
    app.emit('second-instance', {}, ['electron']);
    expect(rig.window().webContents.getURL()).toMatch(/\/#\/$/);
  });

  it('loads the console again when its page crashed, and gives up when it crashes on and on', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'], shouldAdvanceTime: true });
    try {
      await rig.start();
      const window = rig.window();
      for (let crash = 0; crash < 3; crash += 1) {
        window.webContents.crash('crashed');
        expect(window.webContents.isCrashed()).toBe(true);
        await vi.advanceTimersByTimeAsync(1100);
        expect(window.webContents.isCrashed()).toBe(false);
      }
      window.webContents.crash('oom');
      expect(window.isDestroyed()).toBe(true);
      expect((await rig.dialog(/closed unexpectedly/)).options.detail).toContain('not affected');
      expect(double.exitCode).toBeNull();
      app.emit('second-instance', {}, ['electron']);
      expect(rig.window().isDestroyed()).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });

  it('over HTTPS the window trusts the certificate of the box for the box, and no other; the tray goes through the window', async () => {
    const authority = createAuthority();
    const mine = authority.issue(['recorder.example']);
    const certPath = path.join(rig.dataDirectory, 'box.crt');
    const keyPath = path.join(rig.dataDirectory, 'box.key');
    await Promise.all([writeFile(certPath, mine.certificate), writeFile(keyPath, mine.key, { mode: 0o600 })]);
    await writeSettings({ tls: { certPath, keyPath } });
    // In place of the window's trust, which the double has not.
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    await rig.start();
    const { session } = rig.window().webContents;
    expect(rig.window().webContents.getURL()).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/#\/$/);
    const verdict = (hostname: string, data: string): number => {
      let given = Number.NaN;
      session.certificateVerify?.({ hostname, certificate: { data } } as never, (result) => {
        given = result;
      });
      return given;
    };
    expect(verdict('127.0.0.1', mine.certificate)).toBe(0);
    expect(verdict('127.0.0.1', authority.issue(['recorder.example']).certificate)).toBe(-3);
    expect(verdict('127.0.0.1', '')).toBe(-3);
    expect(verdict('b.cos.ap.myqcloud.com', mine.certificate)).toBe(-3);
    await vi.waitFor(() => expect(double.trays[0]!.menu!.find(/^Start recording/).enabled).toBe(true), WAIT);
  });

  it('starts at login only when told to: by a file on Linux, by the system elsewhere, not from a checkout', async () => {
    vi.stubEnv('XDG_CONFIG_HOME', path.join(rig.dataDirectory, 'config'));
    const file = path.join(rig.dataDirectory, 'config/autostart/trtc-recorder.desktop');
    const { createLoginItem } = await import('../../main/desktop/electron-login-item.ts');
    const item = (platform: NodeJS.Platform) => createLoginItem({ platform, variables: process.env, name: 'Recorder' });
    double.reset();
    expect([item('linux').get(), item('win32').get()]).toEqual([null, null]);
    double.reset({ isPackaged: true });
    const linux = item('linux');
    expect(linux.get()).toBe(false);
    linux.set(true);
    expect([linux.get(), await readFile(file, 'utf8')]).toEqual([true, expect.stringMatching(/^Exec=.* --hidden$/m)]);
    await writeFile(file, `${await readFile(file, 'utf8')}Hidden=true\n`);
    expect(linux.get()).toBe(false);
    linux.set(false);
    expect(existsSync(file)).toBe(false);
    item('darwin').set(true);
    expect([item('win32').get(), double.loginItem]).toEqual([true, { openAtLogin: true, args: ['--hidden'] }]);
  });

  it('speaks the language of the system', async () => {
    await rig.start(['--port', '0'], { locale: 'zh-CN' });
    expect(rig.window().options.title).toBe('TRTC 录制');
  });
});

describe('a box that cannot start', () => {
  it('its port is busy: says which, tries again, and takes another one only when told so', async () => {
    const other = await occupyPort('{}');
    await writeSettings({ port: other.port });
    const starting = rig.start([]);
    const first = await rig.dialog(new RegExp(`Port ${other.port} of this computer`));
    expect(double.windows).toHaveLength(0);
    first.answer('Try again');
    await vi.waitFor(() => expect(double.dialogs).toHaveLength(2), WAIT);
    const label = double.dialogs[1]!.options.buttons?.find((text) => text.startsWith('Use port'));
    double.dialogs[1]!.answer(label!);
    await starting;
    const port = Number(/\d+/.exec(label!)?.[0]);
    expect(new URL(rig.window().webContents.getURL()).port).toBe(String(port));
    const kept: unknown = JSON.parse(await readFile(path.join(rig.dataDirectory, 'settings.json'), 'utf8'));
    expect(kept).toEqual({ http: { port } });
    expect(port).toBeGreaterThan(other.port);
    await other.close();
  });

  it('another box has the data: offers its console when it answers, and leaves after that', async () => {
    const other = await occupyPort('{"status":"ok"}');
    await writeSettings({ port: other.port });
    const lock = lockDirectory(rig.dataDirectory);
    const starting = rig.start([]);
    const shown = await rig.dialog(/Another box is already working/);
    expect(shown.options.detail).toContain(rig.dataDirectory);
    shown.answer('Open its console');
    await starting;
    expect([double.opened, double.exitCode, double.trays.length]).toEqual([[`http://127.0.0.1:${other.port}/`], 0, 0]);
    await other.close();
    const again = rig.start([]);
    const without = await rig.dialog(/Another box is already working/);
    expect(without.options.buttons).toEqual(['Try again', 'Quit']);
    lock.release();
    without.answer('Try again');
    await again;
    expect(rig.window().webContents.getURL()).toContain('/#/');
  });

  it('settings are wrong: names the keys, and starts once they are right', async () => {
    await writeSettings({ port: -1, colour: 'red' });
    const starting = rig.start(['--port', '0'], { locale: 'zh' });
    const shown = await rig.dialog(/设置无法使用/);
    expect(shown.options.detail).toMatch(/http\.port/);
    expect(shown.options.detail).toMatch(/http\.colour 不是已知的设置项/);
    shown.answer('打开所在文件夹');
    await vi.waitFor(() => expect(double.opened).toEqual([rig.dataDirectory]), WAIT);
    await writeSettings({});
    (await rig.dialog(/设置无法使用/)).answer('重试');
    await starting;
    expect(double.trays).toHaveLength(1);
  });
});

function patch(body: object): RequestInit {
  return { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
