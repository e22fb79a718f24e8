import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConsolePage, type ConsoleRig, startConsoleRig } from '../support/console-rig.ts';
import { SECRET_ID, SECRET_KEY } from '../support/rig.ts';

// A new box without keys: its guide in Chinese, and what needs a person in English.

const NO_KEYS = { RECORDER_COS_SECRET_ID: '', RECORDER_COS_SECRET_KEY: '' };
const WRONG_KEY = 'not-the-key-of-anybody';
let rig: ConsoleRig;
beforeAll(async () => {
  rig = await startConsoleRig({ name: 'first-run', environment: NO_KEYS });
}, 240_000);
afterAll(async () => await rig?.close());

const firstRun = async () => (await (await fetch(`${rig.rig.box.url}/api/first-run`)).json()) as object;

async function expectSound(shown: ConsolePage): Promise<void> {
  expect(await shown.axe()).toEqual([]);
  expect(await shown.overflowPx()).toBe(0);
  expect(shown.complaints()).toEqual([]);
}

describe('the guide for a new box', { timeout: 300_000 }, () => {
  it('is offered, tries keys before it stores them, proves the box, can be left, and ends with a request', async () => {
    const shown = await rig.open({ language: 'zh-CN' });
    const { page } = shown;
    await page.getByRole('link', { name: '开始设置' }).click();
    await page.getByRole('heading', { name: '交付前录制文件保存在哪里' }).waitFor();
    expect(await page.locator('main').textContent()).toContain(`${rig.rig.box.dataDirectory}/recordings`);
    const folder = page.getByLabel('其他目录');
    await folder.fill('recordings');
    await page.getByRole('button', { name: '使用此目录' }).click();
    await page.getByText('必须为完整路径').waitFor();
    expect(shown.complaints().every((one) => /400/.test(one))).toBe(true);
    await folder.fill(`${rig.rig.directory}/另一块磁盘`);
    await page.getByRole('button', { name: '使用此目录' }).click();
    await page.getByText('已保存。录制盒下次启动后').waitFor();
    await expectSound(shown);
    await page.getByRole('button', { name: '继续' }).click();

    await page.getByLabel('地域').fill('ap-shanghai');
    await page.getByLabel('存储桶', { exact: true }).fill('test-123456789');
    await page.getByLabel('SecretId').fill(SECRET_ID);
    await page.getByLabel('SecretKey').fill(WRONG_KEY);
    await page.getByRole('button', { name: '测试并保存' }).click();
    await page.locator('.check-step[data-state="failed"]').waitFor();
    expect(await page.locator('.check-step[data-state="failed"]').textContent()).toContain('请重新输入');
    expect(await firstRun()).toMatchObject({ keys: 'none' });
    await expectSound(shown);
    await shown.screenshot('first-run-cos-failed-zh');

    await page.getByLabel('SecretKey').fill(SECRET_KEY);
    await page.getByRole('button', { name: '测试并保存' }).click();
    await page.getByRole('heading', { name: '其他机器' }).waitFor();
    // The page goes on before the box has written down where it is.
    await expect.poll(firstRun).toMatchObject({ keys: 'stored', step: 'token' });

    await page.getByRole('button', { name: '稍后再说' }).click();
    await page.getByRole('link', { name: '继续设置' }).click();
    await page.getByRole('heading', { name: '其他机器' }).waitFor();
    await page.getByRole('button', { name: '继续' }).click();

    await page.getByRole('button', { name: '运行自检' }).click();
    await page.locator('.check-step[data-state="running"]').first().waitFor();
    await page.getByText('通过：本机可以录制').waitFor({ timeout: 150_000 });
    expect(await page.locator('.check-step[data-state="passed"]').count()).toBe(7);
    await expectSound(shown);
    await shown.screenshot('first-run-self-test-zh');
    await page.getByRole('button', { name: '继续' }).click();

    await page.getByRole('heading', { name: '设置完成' }).waitFor();
    const sample = (await page.locator('.guide-code').textContent()) ?? '';
    expect(sample).toContain(`${rig.rig.box.url}/api/recordings`);
    expect(sample).toContain('"Bucket": "test-123456789"');
    await expectSound(shown);
    await shown.look({ widthPx: 400, appearance: 'dark' });
    await expectSound(shown);
    await shown.screenshot('first-run-done-zh-dark-400');
    await shown.visit('/');
    expect(await page.getByRole('link', { name: '继续设置' }).count()).toBe(0);
    expect(await page.content()).not.toContain(SECRET_KEY);
    await shown.close();
  });
});

describe('what needs a person', { timeout: 300_000 }, () => {
  it('refused keys appear with their remedy; right keys deliver what waited, and the item goes', async () => {
    const wrong = JSON.stringify({ SecretId: SECRET_ID, SecretKey: WRONG_KEY });
    const headers = { 'content-type': 'application/json' };
    await fetch(`${rig.rig.box.url}/api/cos-credentials`, { method: 'PUT', headers, body: wrong });
    const shown = await rig.open({ path: '/attention' });
    const { page } = shown;
    await page.getByText('Nothing needs you').waitFor();
    const id = await rig.record(2);
    await page.getByRole('heading', { name: "COS refuses this box's keys" }).waitFor({ timeout: 150_000 });
    await page.getByRole('img', { name: /1 needs you/ }).waitFor();
    expect(await page.getByRole('link', { name: 'Room 2' }).getAttribute('href')).toContain(id);
    await expectSound(shown);
    await shown.screenshot('attention');

    await page.getByRole('button', { name: 'Enter keys' }).click();
    await page.getByLabel('SecretId').fill(SECRET_ID);
    await page.getByLabel('SecretKey').fill(SECRET_KEY);
    await page.keyboard.press('Enter');
    await page.getByText('Nothing needs you').waitFor({ timeout: 60_000 });
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('img', { name: /needs you/ }).waitFor({ state: 'detached' });
    await rig.rig.box.waitForState(id, 'done');
    await expectSound(shown);
    await shown.screenshot('attention-calm');
    await shown.close();
  });
});
