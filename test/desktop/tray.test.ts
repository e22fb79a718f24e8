import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../main/logging.ts';
import { NO_UPDATES } from '../../main/tray/menu.ts';
import { type ApiClient, ApiError, createApiClient, type RouteName } from '../../shared/api/client.ts';
import { toProblemJson } from '../../shared/errors.ts';
import type { Language } from '../../shared/texts/language.ts';
import { sampleRequest } from '../support/box.ts';
import { type QuietBox, startQuietBox } from '../support/quiet-box.ts';

// The tray of a real box over the double of Electron: what stands in the menu, what a click does to the box, what the desktop tells.

const electron = await vi.hoisted(async () => await import('../support/electron-double.ts'));
vi.mock('electron', () => electron);
const { createElectronTray } = await import('../../main/tray/electron-tray.ts');
const { double } = electron;

let box: QuietBox;
let client: ApiClient;
let tray: ReturnType<typeof createElectronTray> | null = null;
const opened: string[] = [];
const asked: string[] = [];
const login = { isOn: false };
let update = NO_UPDATES;

beforeAll(async () => {
  box = await startQuietBox();
  client = createApiClient({ baseUrl: box.url, language: 'en' });
});
afterAll(() => box?.close());
beforeEach(() => double.reset());
afterEach(() => {
  tray?.destroy();
  tray = null;
  for (const list of [opened, asked]) list.length = 0;
});

interface Circumstances {
  platform?: NodeJS.Platform;
  language?: Language;
  client?: Pick<ApiClient, 'call' | 'watch'>;
}

/** A tray that has looked at the box. */
async function open({ platform = 'linux', language = 'en', ...others }: Circumstances = {}) {
  tray = createElectronTray({
    ...{ platform, language, log: silentLogger(), iconsDirectory: path.join('/app', 'icons') },
    client: others.client ?? client,
    openConsole: (place) => void opened.push(place),
    showAbout: () => void asked.push('about'),
    quit: () => void asked.push('quit'),
    updates: {
      facts: () => update,
      check: () => void asked.push('check'),
      showTrouble: () => void asked.push('trouble'),
    },
    installUpdate: () => void asked.push('install'),
    launchAtLogin: {
      get: () => login.isOn,
      set: (isOn) => {
        login.isOn = isOn;
      },
    },
  });
  await vi.waitFor(() => expect(tray?.facts.line).not.toBe('unknown'), WAIT);
  return shown();
}

const WAIT = { timeout: 45_000, interval: 20 };

function shown() {
  const [icon] = double.trays;
  if (!icon) throw new Error('there is no tray');
  return icon;
}

const menu = () => {
  const { menu: now } = shown();
  if (!now) throw new Error('the tray has no menu');
  return now;
};
const image = () => path.basename((shown().image as { source: string }).source);

let room = 100;

/** Begins a recording and waits until the menu shows it. */
async function record(): Promise<{ id: string; room: string }> {
  room += 1;
  const answer = await client.call('startRecording', { body: sampleRequest({ RoomId: room, Callback: undefined }) });
  await vi.waitFor(() => menu().find(new RegExp(`^Room ${room} `)), WAIT);
  return { id: answer.id, room: String(room) };
}

describe('the tray of a box', () => {
  it('shows it at rest, and begins, opens and quits by a click', async () => {
    const icon = await open();
    expect(image()).toBe('idle-panel.png');
    expect(icon.toolTip).toBe('TRTC Recorder\nNothing is being recorded');
    menu().find('Start recording …').click();
    menu().find('Open console').click();
    icon.emit('click');
    expect(opened).toEqual(['/start', '/', '/']);
    menu().find('About').click();
    menu().find('Quit').click();
    expect(asked).toEqual(['about', 'quit']);
    expect(menu().find('Rooms are simulated')).toBeDefined();
  });

  it('opens the folder of the recordings, and says why when it cannot', async () => {
    await open();
    menu().find('Open recordings folder').click();
    await vi.waitFor(() => expect(double.opened).toEqual([path.join(box.directory, 'box/recordings')]), WAIT);
    const openPath = vi.spyOn(electron.shell, 'openPath').mockResolvedValueOnce('no such folder');
    menu().find('Open recordings folder').click();
    await vi.waitFor(() => expect(double.dialog(/cannot be opened: no such folder/)).toBeDefined(), WAIT);
    openPath.mockRestore();
  });

  it('shows a recording, asks before it stops it, and tells how it ended', async () => {
    await open();
    const { id, room: name } = await record();
    expect(image()).toBe('recording-panel.png');
    expect(shown().toolTip).toContain(`Recording room ${name}`);
    menu().find('Show in the console').click();
    expect(opened).toEqual([`/recordings/${id}`]);

    menu().find('Stop …').click();
    const question = double.dialog(new RegExp(`Stop recording room ${name}`));
    expect(question?.options).toMatchObject({ defaultId: 1, cancelId: 1 });
    const before = menu();
    question?.answer('Keep recording');
    await vi.waitFor(() => expect(menu()).not.toBe(before), WAIT);
    expect((await client.call('getRecording', { params: { id } })).endReason).toBeNull();
    expect(menu().find('Stop …').enabled).toBe(true);

    menu().find('Stop …').click();
    double.dialog(/Stop recording/)?.answer('Stop recording');
    await vi.waitFor(() => expect(menu().labels().join()).not.toContain(`Room ${name}`), WAIT);
    expect((await client.call('getRecording', { params: { id } })).endReason).toBe('stopped');
    expect(image()).toBe('idle-panel.png');
    // Nobody was in the room, so there is nothing to deliver.
    await vi.waitFor(() => expect(double.notifications.map(({ options }) => options.title)).toHaveLength(1), WAIT);
    const [notice] = double.notifications;
    opened.length = 0;
    expect(notice?.options.body).toContain(name);
    notice?.emit('click');
    expect(opened).toEqual([`/recordings/${id}`]);
  });

  it('pauses the box for everybody, and it stays so', async () => {
    await open();
    menu().find('Pause new recordings').click();
    await vi.waitFor(() => expect(menu().find('Pause new recordings').checked).toBe(true), WAIT);
    await expect(
      client.call('startRecording', { body: sampleRequest({ RoomId: 7, Callback: undefined }) }),
    ).rejects.toMatchObject({ problem: { code: 'RECORDING_PAUSED', status: 503, retryAfterSeconds: 30 } });
    expect(menu().find('Start recording …').enabled).toBe(false);
    expect(shown().toolTip).toContain('New recordings are paused');
    expect((await client.call('getSettings', {})).values).toMatchObject({ recording: { paused: true } });
    menu().find('Pause new recordings').click();
    await vi.waitFor(() => expect(menu().find('Start recording …').enabled).toBe(true), WAIT);
  });

  it('follows a pause that somebody else began', async () => {
    await open();
    const pause = (paused: boolean) => client.call('changeSettings', { body: { recording: { paused } } });
    await pause(true);
    await vi.waitFor(() => expect(menu().find('Pause new recordings').checked).toBe(true), WAIT);
    await pause(false);
    await vi.waitFor(() => expect(menu().find('Pause new recordings').checked).toBe(false), WAIT);
  });

  it('starts at login when somebody ticks it', async () => {
    await open();
    expect(menu().find('Start at login').checked).toBe(false);
    menu().find('Start at login').click();
    await vi.waitFor(() => expect(menu().find('Start at login').checked).toBe(true), WAIT);
    expect(login.isOn).toBe(true);
  });

  it('offers updates as they come', async () => {
    await open();
    expect(menu().labels().join()).not.toContain('pdate');
    const show = (facts: Partial<typeof update>) => {
      update = { ...NO_UPDATES, ...facts };
      tray?.redraw();
    };
    show({ step: 'idle' });
    menu().find('Check for updates').click();
    show({ step: 'waiting', version: '9.8.7', isTroubled: true });
    expect(menu().find('Update 9.8.7 is fetched once nothing is recorded').enabled).toBe(false);
    menu().find('Updates do not work …').click();
    show({ step: 'ready', version: '9.8.7' });
    menu().find('Update 9.8.7 is ready: install and restart …').click();
    update = NO_UPDATES;
    expect(asked).toEqual(['check', 'trouble', 'install']);
  });

  it('shows a name with an ampersand as it is', async () => {
    await open();
    const body = sampleRequest({ RoomId: undefined, StrRoomId: 'R&D', Callback: undefined });
    const { id } = await client.call('startRecording', { body });
    // Menus underline what follows a single one.
    await vi.waitFor(() => expect(menu().find(/^Room R&&D · /)).toBeDefined(), WAIT);
    await client.call('stopRecording', { params: { id } });
    await vi.waitFor(() => expect(menu().labels().join()).not.toContain('R&&D'), WAIT);
  });

  it('is touched only when what it shows has changed', async () => {
    const icon = await open();
    await record();
    // What comes after this is its length alone.
    await vi.waitFor(() => expect(tray?.facts.running[0]?.state).toBe('waiting'), WAIT);
    const calls = (['setImage', 'setToolTip', 'setContextMenu'] as const).map((name) => vi.spyOn(icon, name));
    const before = tray?.facts.running[0]?.lengthMs ?? 0;
    await vi.waitFor(() => expect(tray?.facts.running[0]?.lengthMs).toBeGreaterThan(before), WAIT);
    expect(calls.flatMap((call) => call.mock.calls)).toEqual([]);
  });
});

describe('on other systems and in other words', () => {
  it('gives macOS a template, and leaves a click to the menu', async () => {
    const icon = await open({ platform: 'darwin' });
    expect((icon.image as { isTemplate: boolean }).isTemplate).toBe(true);
    expect(image()).toMatch(/Template\.png$/);
    icon.emit('click');
    expect(opened).toEqual([]);
  });

  it('gives Windows small icons, and Chinese words where wanted', async () => {
    await open({ platform: 'win32', language: 'zh' });
    expect(image()).toMatch(/^[a-z]+\.png$/);
    expect(menu().find('退出').enabled).toBe(true);
    expect(shown().toolTip).toMatch(/^TRTC 录制\n/);
  });
});

describe('what does not work', () => {
  it('is said in the words of the box, and the tick goes back', async () => {
    const refused = new ApiError(toProblemJson({ code: 'FORBIDDEN_ROLE' }, 'en'));
    const call = (async (name: RouteName, ...rest: [never]) => {
      if (name === 'changeSettings') throw refused;
      return await client.call(name, ...rest);
    }) as ApiClient['call'];
    await open({ client: { ...client, call } });
    const before = menu();
    menu().find('Pause new recordings').click();
    await vi.waitFor(() => expect(double.dialog(/role of this access token.*\n\nUse a token/s)).toBeDefined(), WAIT);
    double.dialog(/role of this access token/)?.answer('OK');
    await vi.waitFor(() => expect(menu()).not.toBe(before), WAIT);
    expect(menu().find('Pause new recordings').checked).toBe(false);
  });

  it('a box that is not there leaves a tray that says so and can be quit', async () => {
    await open({ client: createApiClient({ baseUrl: 'http://127.0.0.1:9' }) });
    await vi.waitFor(() => expect(image()).toBe('offline-panel.png'), WAIT);
    expect(shown().toolTip).toContain('does not answer');
    expect(menu().find('Start recording …').enabled).toBe(false);
    menu().find('Quit').click();
    expect(asked).toEqual(['quit']);
  });

  it('is over when the tray is: nothing is shown any more', async () => {
    const icon = await open();
    tray?.destroy();
    const shownMenu = icon.menu;
    await client.call('changeSettings', { body: { recording: { paused: true } } });
    await client.call('changeSettings', { body: { recording: { paused: false } } });
    await client.call('getAttention', {});
    expect([icon.isDestroyed(), icon.menu]).toEqual([true, shownMenu]);
  });
});
