import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { silentLogger } from '../../main/logging.ts';
import { NO_UPDATES } from '../../main/tray/menu.ts';
import { createApiClient } from '../../shared/api/client.ts';
import { sampleRequest } from '../support/box.ts';
import { makeClip } from '../support/clips.ts';
import { type Rig, startRig } from '../support/rig.ts';

// One recording from its beginning to COS as the tray of its box tells it: a real box records a simulated room while COS is away.

const electron = await vi.hoisted(async () => await import('../support/electron-double.ts'));
vi.mock('electron', () => electron);
const { createElectronTray } = await import('../../main/tray/electron-tray.ts');
const { double } = electron;

const WAIT = { timeout: 40_000, interval: 50 };

let rig: Rig;
let tray: ReturnType<typeof createElectronTray>;
const seen: string[] = [];

beforeAll(async () => {
  double.reset();
  rig = await startRig({
    name: 'tray',
    settings: { video: { width: 320, height: 180, preset: 'ultrafast' }, limits: { exitTimeoutMs: 1000 } },
    rooms: async (directory, ffmpegPath) => {
      const clip = { colour: '30a030', toneHz: 440, seconds: 3, size: '320x180' };
      const media = await makeClip(ffmpegPath, directory, 'a', clip);
      return { '2': { participants: [{ userId: 'a', media }] } };
    },
  });
  // What the box tells is in the reader's language; the tray understands it in each.
  const client = createApiClient({ baseUrl: rig.box.url, language: 'zh-CN' });
  tray = createElectronTray({
    ...{ client, language: 'zh', platform: 'win32', log: silentLogger(), iconsDirectory: '/icons' },
    ...{ openConsole: () => {}, showAbout: () => {}, quit: () => {} },
    updates: { facts: () => NO_UPDATES, check: () => {}, showTrouble: () => {} },
    installUpdate: () => {},
    launchAtLogin: { get: () => null, set: () => {} },
    onFacts: () => {
      const image = double.trays.map((one) => one.image as { source: string })[0];
      const now = path.basename(image?.source ?? '', '.png');
      if (seen.at(-1) !== now) seen.push(now);
    },
  });
});
afterAll(async () => {
  tray?.destroy();
  await rig?.close();
});

const menu = () => {
  const now = double.trays[0]?.menu;
  if (!now) throw new Error('there is no menu');
  return now;
};
const told = () => double.notifications.map(({ options }) => `${options.title} ${options.body}`);

it('is told as it begins, waits for the line, and is delivered by a click', async () => {
  await vi.waitFor(() => expect(tray.facts.line).toBe('up'), WAIT);
  await rig.cos.setOffline(true);
  const id = await rig.box.record(sampleRequest({ RoomId: 2, Callback: undefined }));
  await vi.waitFor(() => expect(menu().find(/^房间 2 · 不到 1 分钟$/)).toBeDefined(), WAIT);
  expect(told()).toEqual(['录制已开始 房间 2']);
  // It goes on until the tray has shown it.
  expect((await fetch(`${rig.box.url}/api/recordings/${id}/stop`, { method: 'POST' })).ok).toBe(true);

  await vi.waitFor(() => expect(menu().find(/^自 \d\d:\d\d 起无法连接 COS$/).enabled).toBe(false), WAIT);
  expect(menu().find('上传：1 个等待中')).toBeDefined();
  expect(seen.at(-1)).toBe('offline');
  expect(told()).toHaveLength(1);

  // Of the menu as it is open now: another is made when the box happens to try by itself.
  const retry = menu().find('立即重试');
  await rig.cos.setOffline(false);
  retry.click();
  await vi.waitFor(() => expect(told()).toHaveLength(2), WAIT);
  expect(told()[1]).toMatch(/^录制已交付 房间 2，不到 1 分钟，已保存到 COS。$/);
  await vi.waitFor(() => expect(seen.at(-1)).toBe('idle'), WAIT);
  expect(seen).toEqual(expect.arrayContaining(['recording', 'offline', 'idle']));
  expect(menu().find('上传：没有等待的任务').enabled).toBe(false);
});
