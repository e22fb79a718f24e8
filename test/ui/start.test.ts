import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecordingView } from '../../shared/view.ts';
import { COLOURS, makeClip, TONES_HZ } from '../support/clips.ts';
import { type ConsoleRig, startConsoleRig } from '../support/console-rig.ts';
import { SECRET_ID, SECRET_KEY } from '../support/rig.ts';

// An operator starts recordings by hand: by the form, from pasted JSON, and with what was saved on the box, whose secrets stay there.

const SDK_KEY = 'sdk-secret-key-of-the-journey';
/** Everything that must stay in the box. */
const SECRETS = [SECRET_KEY, SDK_KEY];
const BUCKET = 'test-123456789';

let rig: ConsoleRig;

beforeAll(async () => {
  rig = await startConsoleRig({
    name: 'start',
    rooms: async (directory, ffmpegPath) => {
      const media = await makeClip(ffmpegPath, directory, 'user', {
        ...{ colour: COLOURS[0]!, toneHz: TONES_HZ[0]!, seconds: 3, size: '320x180' },
      });
      const steady = { participants: [{ userId: 'user_a', media }] };
      const short = { ...steady, events: [{ at: 2, type: 'dissolve' }] };
      return { '1': steady, 'str:class a': steady, '3': short };
    },
  });
}, 240_000);
afterAll(async () => {
  await rig?.close();
});

/** The newest recording of a room, once there is one. */
async function recordingOf(room: number | string): Promise<RecordingView> {
  const all = await rig.rig.box.list();
  const found = all.find(({ request }) => (request.RoomId ?? request.StrRoomId) === room);
  if (!found) throw new Error(`nobody records room ${room}`);
  return found;
}

/** Waits until the page Now says that the recording began, and shows its card. */
async function seenOnNow(page: Page, room: number | string, said: RegExp): Promise<RecordingView> {
  await page.getByRole('status').filter({ hasText: said }).waitFor();
  const recording = await recordingOf(room);
  await page.locator(`main a[href$="/recordings/${recording.id}"]`).first().waitFor();
  return recording;
}

const area = (page: Page) => page.locator('#start-json');

async function choose(page: Page, field: string, option: string): Promise<void> {
  await page.getByRole('combobox', { name: field }).click();
  await page.getByRole('option', { name: option, exact: true }).click();
}

describe('starting a recording by hand', { timeout: 240_000 }, () => {
  it('by the form: what is wrong is said at its field, and a right one runs', async () => {
    const shown = await rig.open();
    const { page } = shown;
    await page.getByRole('link', { name: 'Start recording' }).click();
    await shown.calm();
    await page.getByLabel('Bucket', { exact: true }).fill('No Bucket');
    expect(await page.locator('#start-bucket-words').textContent()).toContain('With the number at its end');
    await page.getByLabel('Region', { exact: true }).focus();
    expect(await page.locator('#start-bucket-words').textContent()).toContain('Small letters, digits and hyphens');
    expect(await page.locator('#start-bucket').getAttribute('aria-invalid')).toBe('true');

    await page.getByRole('button', { name: 'Start recording' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('5 things have to be put right');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('start-sdkAppId');
    expect(await shown.axe()).toEqual([]);
    await shown.screenshot('start-wrong');

    await page.keyboard.type('1400000000');
    await page.getByLabel('Room', { exact: true }).fill('1');
    await page.getByLabel('UserSig', { exact: true }).fill('eJw-typed');
    await page.getByLabel('Bucket', { exact: true }).fill(BUCKET);
    await page.getByLabel('Region', { exact: true }).fill('ap-shanghai');
    await page.getByRole('radio', { name: /Sound only Everybody/ }).click();
    await page.getByText('More options').click();
    await page.getByRole('button', { name: 'Add a name' }).click();
    await page.getByLabel('User id 1').fill('user_a');
    await page.getByLabel('Name 1', { exact: true }).fill('Wei Chen');
    expect(await page.getByRole('alert').count()).toBe(0);
    await page.getByRole('button', { name: 'Start recording' }).click();
    const { id, request } = await seenOnNow(page, 1, /recording of room 1 has begun/);
    expect(request).toMatchObject({ Mode: '10', IsReserve: true, Names: { user_a: 'Wei Chen' } });
    await rig.rig.box.waitForState(id, 'recording');
    expect(shown.complaints()).toEqual([]);

    await shown.close();
  });

  it('from JSON, in Chinese: the line of the mistake is named, mended, and the recording runs', async () => {
    const shown = await rig.open({ language: 'zh-CN', path: '/start' });
    const { page } = shown;
    await page.getByRole('tab', { name: '粘贴 JSON' }).click();
    const request = {
      ...{ SdkAppId: 1400000000, StrRoomId: 'class a', UserId: 'rec_zh', UserSig: 'eJw', Mode: '10' },
      CosConfig: { Region: 'ap-shanghai', Bucket: 'test', Path: '/' },
    };
    const json = JSON.stringify(request, null, 2);
    await area(page).fill(json.replace('"class a",', '"class a"'));
    const verdict = page.locator('#start-json-verdict');
    await expect.poll(() => verdict.textContent()).toContain('第 4 行: 此处应有逗号或右括号。');
    expect(await page.getByRole('button', { name: '开始录制' }).isDisabled()).toBe(true);
    await area(page).fill(json);
    await expect.poll(() => verdict.textContent()).toContain('CosConfig.Bucket 必须为');
    await page.getByRole('button', { name: '转到第 9 行' }).click();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('start-json');
    const [from, to] = await area(page).evaluate((element) => {
      const { selectionStart, selectionEnd } = element as HTMLTextAreaElement;
      return [selectionStart, selectionEnd] as const;
    });
    expect(json.slice(from, to)).toContain('"Bucket": "test"');
    expect(await shown.axe()).toEqual([]);
    await shown.screenshot('start-json-zh');
    await area(page).fill(json.replace('"test"', `"${BUCKET}"`));
    await verdict.getByText('请求完整。').waitFor();
    await page.getByRole('button', { name: '开始录制' }).click();
    const { id } = await seenOnNow(page, 'class a', /房间 class a 的录制已开始/);
    await rig.rig.box.waitForState(id, 'recording');
    expect(shown.complaints()).toEqual([]);
    await shown.close();
  });

  it('what was pasted fills the form, and a name that nobody saved is told', async () => {
    const shown = await rig.open({ path: '/start' });
    const { page } = shown;
    await page.getByRole('tab', { name: 'Paste JSON' }).click();
    await area(page).fill('{"SdkAppId": 7, "RoomId": 0, "UserId": "rec_x", "Mode": "02"}');
    await page.getByRole('button', { name: 'Fill the form from it' }).click();
    expect(await page.getByLabel('SDKAppID', { exact: true }).inputValue()).toBe('7');
    expect(await page.getByLabel('Recorder’s user id').inputValue()).toBe('rec_x');
    expect(await page.locator('#start-room-words').textContent()).toContain('The room is a whole number');
    expect(await page.getByRole('radio', { name: /Sound and picture One file/ }).isChecked()).toBe(true);
    await shown.close();
  });

  it('with a saved application and a saved destination: it is delivered, and no secret leaves the box', async () => {
    const shown = await rig.open({ path: '/settings/destinations' });
    const { page } = shown;
    const replies: string[] = [];
    page.on('response', async (reply) => {
      const isStream = reply.headers()['content-type']?.startsWith('text/event-stream');
      if (!isStream && reply.url().includes('/api/')) replies.push(await reply.text().catch(() => ''));
    });
    await saveApplication(page);
    await saveDestination(page);
    expect(await page.locator('main').textContent()).toContain('AKID…test');
    expect(await shown.axe()).toEqual([]);
    await shown.screenshot('settings-destinations');

    await shown.visit('/start');
    await choose(page, 'Application', '学校');
    await choose(page, 'Destination', 'Classes');
    expect(await page.getByLabel('UserSig', { exact: true }).count()).toBe(0);
    await page.getByLabel('Room', { exact: true }).fill('3');
    await page.getByRole('radio', { name: /Sound only Everybody/ }).click();
    await page.getByLabel('Callback address').fill(`${rig.rig.receiver.url}/by-hand`);
    await shown.screenshot('start-saved');
    await page.getByRole('button', { name: 'Start recording' }).click();
    await page.getByRole('status').filter({ hasText: 'room 3' }).waitFor();
    const { id } = await recordingOf(3);
    const { request, files } = await rig.rig.box.waitForState(id, 'done');
    expect(request).toMatchObject({ SdkAppId: 1400000077, CosConfig: { Bucket: BUCKET, Path: '/classes' } });
    expect(files[0]).toMatchObject({ state: 'uploaded', objectKey: expect.stringMatching(/^classes\//) });
    expect(rig.rig.receiver.received.some((callback) => callback.path === '/by-hand')).toBe(true);

    const onPage = await page.content();
    const onDisk = await everythingIn(rig.rig.box.dataDirectory);
    expect(onDisk).toContain('classes');
    expect(replies.length).toBeGreaterThan(5);
    for (const secret of SECRETS) {
      expect(onPage).not.toContain(secret);
      expect(replies.join('\n')).not.toContain(secret);
      expect(onDisk).not.toContain(secret);
      expect(rig.rig.box.log()).not.toContain(secret);
    }
    expect(shown.complaints()).toEqual([]);
    await shown.close();
  });
});

async function saveApplication(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Add an application' }).click();
  await page.getByLabel('Name', { exact: true }).fill('学校');
  await page.getByLabel('SDKAppID', { exact: true }).fill('1400000077x');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('The SDKAppID is a whole number').waitFor();
  await page.getByLabel('SDKAppID', { exact: true }).fill('1400000077');
  await page.getByLabel('SDKSecretKey', { exact: true }).fill(SDK_KEY);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('The application “学校” is saved.').waitFor();
}

async function saveDestination(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Add a destination' }).click();
  await page.getByLabel('Name', { exact: true }).fill('Classes');
  await page.getByLabel('Bucket', { exact: true }).fill(BUCKET);
  await page.getByLabel('Region', { exact: true }).fill('ap-shanghai');
  await page.getByLabel('Folder', { exact: true }).fill('/classes');
  await page.getByRole('radio', { name: 'Own ones' }).click();
  await page.getByLabel('SecretId', { exact: true }).fill(SECRET_ID);
  await page.getByLabel('SecretKey', { exact: true }).fill(SECRET_KEY);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('The destination “Classes” is saved.').waitFor();
}

/** All files below a directory but media, as text. */
async function everythingIn(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !/\.(mp3|mp4|mkv)$/.test(entry.name));
  // The box goes on meanwhile: a temporary file of it may be gone, and holds nothing then.
  const read = (file: string) =>
    readFile(file, 'latin1').catch((error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? '' : Promise.reject(error),
    );
  const texts = await Promise.all(files.map((file) => read(path.join(file.parentPath, file.name))));
  return texts.join('\n');
}
