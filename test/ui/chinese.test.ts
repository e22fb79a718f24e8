import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { COLOURS, makeClip, TONES_HZ } from '../support/clips.ts';
import { type ConsolePage, type ConsoleRig, startConsoleRig } from '../support/console-rig.ts';

// An operator's day in Chinese: what other journeys do in English, with nothing English left on the way.

let rig: ConsoleRig;
let shown: ConsolePage;
let page: Page;
let running: string;
let done: string;
let refused: string;

beforeAll(async () => {
  rig = await startConsoleRig({
    name: 'chinese',
    rooms: async (directory, ffmpegPath) => {
      const clip = { colour: COLOURS[0]!, toneHz: TONES_HZ[0]!, seconds: 2, size: '320x180' };
      const media = await makeClip(ffmpegPath, directory, 'user_0', clip);
      const participants = [{ userId: 'zhang_wei', media }];
      return {
        1: { participants },
        2: { participants, events: [{ at: 2, type: 'dissolve' }] },
        3: { participants, events: [{ at: 0, type: 'enterError', code: -3320 }] },
      };
    },
  });
  done = await rig.record(2);
  refused = await rig.record(3);
  running = await rig.record(1);
  await rig.rig.box.waitForState(done, 'done');
  await rig.rig.box.waitForState(refused, 'failed');
  shown = await rig.open({ language: 'zh-CN' });
  ({ page } = shown);
}, 240_000);
afterAll(async () => {
  await shown?.close();
  await rig?.close();
});

it('a running recording is stopped after a question', async () => {
  const card = page.getByRole('article', { name: '房间 1' });
  await card.getByText('正在说话').waitFor();
  await card.getByRole('button', { name: '停止录制房间 1' }).click();
  const question = page.getByRole('alertdialog');
  await question.getByText('房间本身不受影响').waitFor();
  await question.getByRole('button', { name: '停止录制' }).click();
  await rig.rig.box.waitForState(running, 'done');
  expect((await rig.rig.box.get(running)).endReason).toBe('stopped');
}, 180_000);

it('recordings are found; why one failed is told in Chinese; its history is readable', async () => {
  await shown.visit('/recordings');
  await page.getByText('无法进入房间：UserSig 无效，请重新生成（错误码 -3320）').waitFor();
  await page.getByRole('link', { name: '3', exact: true }).click();
  await page.getByRole('heading', { name: '房间 3', level: 2 }).waitFor();
  await page.getByRole('tab', { name: '历史' }).click();
  const history = page.getByRole('tabpanel');
  await history
    .getByText(/请求|接受/)
    .first()
    .waitFor();
  expect(shown.complaints()).toEqual([]);
}, 180_000);

it('a delivered recording is played, shown to an auditor, and deleted from the box', async () => {
  await shown.visit(`/recordings/${done}`);
  await page.getByRole('heading', { name: '房间 2', level: 2 }).waitFor();
  await page.waitForFunction(() => (document.querySelector('video')?.duration ?? 0) > 1, undefined, { polling: 100 });
  const { crc64 } = (await rig.rig.box.get(done)).files[0]!;
  await page.getByText(crc64!).first().waitFor();
  await shown.screenshot('recording-done-zh-CN-light-1280');
  await page.getByRole('button', { name: '删除' }).click();
  const question = page.getByRole('alertdialog');
  expect(await question.textContent()).toMatch(/将删除本机上的 1 个文件/);
  await question.getByRole('button', { name: '删除' }).click();
  await page.getByRole('heading', { name: '录制记录', level: 2 }).waitFor();
  expect((await fetch(`${rig.rig.box.url}/api/recordings/${done}`)).status).toBe(404);
}, 180_000);

it('a setting is changed, saved and in the box', async () => {
  await shown.visit('/settings/storage');
  await page.getByRole('radio', { name: '按天数保留' }).click();
  await page.getByLabel('保留天数', { exact: true }).fill('14');
  await page.getByRole('button', { name: '保存', exact: true }).click();
  await page.getByText('已保存。').waitFor();
  const settings = (await (await fetch(`${rig.rig.box.url}/api/settings`)).json()) as { values: object };
  expect(settings.values).toMatchObject({ retention: { policy: 'keepDays', keepDays: 14 } });
  expect([await shown.axe(), await shown.overflowPx()]).toEqual([[], 0]);
}, 180_000);
