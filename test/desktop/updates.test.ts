import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { PartialSettings } from '../../main/settings/settings.ts';
import { lockDirectory } from '../../main/store/directory-lock.ts';
import { VERSION } from '../../main/version.ts';
import { createDesktopRig, type DesktopRig } from '../support/desktop-rig.ts';

// Updates of the app around a real box that records simulated rooms; the updater itself is a double here.

const electron = await vi.hoisted(async () => await import('../support/electron-double.ts'));
vi.mock('electron', () => electron);
const { packageDouble, updater } = await vi.hoisted(async () => await import('../support/updater-double.ts'));
vi.mock('electron-updater', () => packageDouble);
const { double, app, powerMonitor } = electron;

const FEED = 'https://updates.example.com/recorder/';
const READY = /^Update 9\.0\.0 is ready: install and restart …$/;
/** A look at the box that is under way may miss what happens then: the app looks once a minute by itself. */
const WAIT = { timeout: 90_000, interval: 50 } as const;
vi.setConfig({ testTimeout: 240_000 });

let rig: DesktopRig;

beforeEach(() => updater.reset());
afterEach(async () => await rig.close());

async function start(updates: PartialSettings['updates'] = { feedUrl: FEED }): Promise<void> {
  rig = await createDesktopRig(electron, { updates });
  await rig.start();
}

const menu = () => double.trays[0]!.menu!;
const item = async (label: string | RegExp) => await vi.waitFor(() => menu().find(label), WAIT);
const stop = async (id: string) => await rig.fetch(`/api/recordings/${id}/stop`, { method: 'POST' });

/** The newer version is there and was fetched. */
async function getReady(): Promise<void> {
  await vi.waitFor(() => expect(updater.downloads).toHaveLength(1), WAIT);
  updater.downloads[0]!.finish();
  await item(READY);
}

it('is off by default: the updater is not even loaded; the setting counts without a restart', async () => {
  await start({});
  await vi.waitFor(() => expect(double.trays[0]!.toolTip).toContain('Nothing is being recorded'), WAIT);
  expect([updater.loads, menu().labels().join()]).toEqual([0, expect.not.stringMatching(/update/i)]);
  const body = JSON.stringify({ updates: { feedUrl: FEED } });
  const headers = { 'content-type': 'application/json' };
  const { status } = await rig.fetch('/api/settings', { method: 'PATCH', headers, body });
  expect(status).toBe(200);
  // Something happens at the box, and the app looks.
  await rig.fetch('/api/settings', { method: 'PATCH', headers, body: JSON.stringify({ recording: { paused: true } }) });
  await item('Check for updates');
  expect(updater.feeds).toEqual([{ provider: 'generic', url: FEED }]);
  const { autoDownload, autoInstallOnAppQuit, allowDowngrade, allowPrerelease } = updater.instance;
  expect([autoDownload, autoInstallOnAppQuit, allowDowngrade, allowPrerelease]).toEqual([false, false, false, false]);
});

it('only the window on the machine itself decides where updates come from, no access token of the API', async () => {
  await start({});
  const headers = { 'content-type': 'application/json' };
  const made = await rig.fetch('/api/tokens', {
    ...{ method: 'POST', headers, body: JSON.stringify({ name: 'remote', role: 'admin' }) },
  });
  const { token } = (await made.json()) as { token: string };
  const address = new URL('/api/settings', rig.window().webContents.getURL()).href;
  const change = (updates: object) => JSON.stringify({ limits: { maxRecordings: 2 }, updates });
  for (const shown of [{ authorization: `Bearer ${token}` }, {}] as Record<string, string>[]) {
    const refused = await fetch(address, {
      ...{ method: 'PATCH', headers: { ...headers, ...shown } },
      body: change({ feedUrl: FEED, install: 'atQuit' }),
    });
    expect([refused.status, await refused.json()]).toMatchObject([
      403,
      {
        code: 'DESKTOP_ONLY',
        errors: [
          { field: 'updates.feedUrl', rule: 'desktopOnly', remedy: expect.stringContaining('settings.json') },
          { field: 'updates.install', rule: 'desktopOnly' },
        ],
      },
    ]);
    const { values, readOnly } = (await (await fetch(address, { headers: shown })).json()) as {
      values: { updates: object; limits: object };
      readOnly: string[];
    };
    expect([values.updates, readOnly]).toEqual([
      { feedUrl: null, checkHours: 24, install: 'ask' },
      ['updates.feedUrl', 'updates.checkHours', 'updates.install'],
    ]);
    expect(values.limits).not.toMatchObject({ maxRecordings: 2 });
  }
  const taken = await rig.fetch('/api/settings', { method: 'PATCH', headers, body: change({ feedUrl: FEED }) });
  expect(await taken.json()).toMatchObject({ values: { updates: { feedUrl: FEED } }, readOnly: [] });
});

it('a recording goes first: nothing is fetched while it runs, a download is let go for it, and it goes on undisturbed', async () => {
  await start();
  const first = await rig.record(1);
  // The check with which the app begins is over: the next one is that of whoever asks.
  await vi.waitFor(() => expect(updater.checks).toBe(1), WAIT);
  await item('Check for updates');
  updater.offered = '9.0.0';
  (await item('Check for updates')).click();
  const { options } = await rig.dialog(/There is a newer version, 9\.0\.0/);
  expect(options.detail).toContain('once nothing is being recorded');
  expect((await item('Update 9.0.0 is fetched once nothing is recorded')).enabled).toBe(false);
  expect([updater.downloads.length, (await rig.recording(first)).state]).toEqual([0, 'recording']);

  await stop(first);
  await item('Fetching update 9.0.0 …');
  expect((await rig.recording(first)).state).toBe('uploading');
  const second = await rig.record(2);
  await item('Update 9.0.0 is fetched once nothing is recorded');
  expect([updater.downloads.length, updater.downloads[0]?.token.cancelled]).toEqual([1, true]);
  expect((await rig.recording(second)).state).toBe('recording');

  await stop(second);
  await item('Fetching update 9.0.0 …');
  updater.downloads[1]!.finish();
  await item(READY);
  expect(menu().labels().join()).not.toContain('do not work');
});

it('asks before it installs; with a recording under way that is finished first, then the box is left, then it is installed', async () => {
  updater.offered = '9.0.0';
  await start();
  await getReady();
  const notices = double.notifications.filter(({ options }) => options.title === 'Version 9.0.0 is ready');
  expect(notices).toHaveLength(1);
  notices[0]!.emit('click');
  const idle = await rig.dialog(/installs the new version and starts again/);
  expect(idle.options).toMatchObject({ title: 'Install version 9.0.0?', buttons: ['Install and restart', 'Later'] });
  idle.answer('Later');

  const id = await rig.record();
  menu().find(READY).click();
  const running = await rig.dialog(/One recording is running/);
  expect(running.options).toMatchObject({
    buttons: ['Stop recordings and install', 'Later'],
    defaultId: 1,
    cancelId: 1,
  });
  running.answer('Later');
  await expect.poll(() => updater.installs).toEqual([]);
  expect((await rig.recording(id)).state).toBe('recording');

  let isBoxGone = false;
  updater.onInstall = () => {
    // Throws as long as the box has its data.
    lockDirectory(rig.dataDirectory, 0).release();
    isBoxGone = true;
    app.quit();
  };
  menu().find(READY).click();
  (await rig.dialog(/One recording is running/)).answer('Stop recordings and install');
  expect(await rig.exitCode()).toBe(0);
  expect([isBoxGone, updater.installs]).toEqual([true, [[true, true]]]);
  expect(updater.instance.autoRunAppAfterInstall).toBe(true);

  updater.reset();
  // This is still the old version, and the feed still has the new one.
  updater.offered = '9.0.0';
  await rig.start();
  expect(await rig.recording(id)).toMatchObject({ state: 'uploading', endReason: 'shutdown' });
  (await item('Updates do not work …')).click();
  expect((await rig.dialog(/Updates do not work/)).options.detail).toMatch(/fetched, but is not installed/);
});

it('an installation that fails does not take the box away: it comes back as it was', async () => {
  updater.offered = '9.0.0';
  await start();
  await getReady();
  updater.onInstall = () => void updater.instance.emit('error', new Error('the password was not given'));
  menu().find(READY).click();
  (await rig.dialog(/starts again by itself/)).answer('Install and restart');
  expect(await rig.exitCode()).toBe(0);
  expect(double.calls.map(([name]) => name)).toContain('relaunch');
});

it('as a service it leaves its new start to the service manager, which starts what has failed', async () => {
  vi.stubEnv('SYSTEMD_EXEC_PID', String(process.pid));
  updater.offered = '9.0.0';
  await start();
  await getReady();
  menu().find(READY).click();
  (await rig.dialog(/starts again by itself/)).answer('Install and restart');
  expect(await rig.exitCode()).toBe(1);
  expect([updater.installs, double.calls.map(([name]) => name).includes('relaunch')]).toEqual([[[true, false]], false]);
});

it('installs at a quit when the settings say so, and then stays away; never when the system ends', async () => {
  updater.offered = '9.0.0';
  await start({ feedUrl: FEED, install: 'atQuit' });
  await getReady();
  expect(double.notifications.map(({ options }) => options.title)).not.toContain('Version 9.0.0 is ready');
  powerMonitor.emit('shutdown', { preventDefault: () => {} });
  expect(await rig.exitCode()).toBe(0);
  expect(updater.installs).toEqual([]);

  updater.reset();
  updater.offered = '9.0.0';
  await writeFile(path.join(rig.dataDirectory, 'desktop', 'update.json'), JSON.stringify({ version: VERSION }));
  await rig.start();
  await getReady();
  expect(menu().labels().join()).not.toContain('do not work');
  app.quit();
  expect(await rig.exitCode()).toBe(0);
  expect([updater.installs, double.calls.map(([name]) => name).includes('relaunch')]).toEqual([[[true, false]], false]);
});

it('an ordinary quit installs nothing that nobody agreed to', async () => {
  updater.offered = '9.0.0';
  await start();
  await getReady();
  app.quit();
  expect(await rig.exitCode()).toBe(0);
  expect(updater.installs).toEqual([]);
});

it('says what is wrong to whoever asks, and in the menu when somebody has to mend it; the log gets no secret', async () => {
  updater.trouble = new Error('net::ERR_CONNECTION_REFUSED https://x.example/a?sign=hush');
  await start();
  (await item('Check for updates')).click();
  expect((await rig.dialog(/does not answer/)).options.detail).toContain(FEED);
  expect(menu().labels()).not.toContain('Updates do not work …');

  updater.trouble = null;
  updater.offered = '9.0.0';
  (await item('Check for updates')).click();
  await vi.waitFor(() => expect(updater.downloads).toHaveLength(1), WAIT);
  const wrongSum = new Error('sha512 checksum mismatch, https://me:hush@x.example/');
  updater.downloads[0]!.fail(Object.assign(wrongSum, { code: 'ERR_CHECKSUM_MISMATCH' }));
  (await item('Updates do not work …')).click();
  await rig.dialog(/is not the one that its list describes/);
  expect(
    menu()
      .labels()
      .some((label) => READY.test(label)),
  ).toBe(false);
  await vi.waitFor(async () => expect(await rig.filesWith('"failure":"damaged"')).toHaveLength(1), WAIT);
  expect(await rig.filesWith('hush')).toEqual([]);
});
