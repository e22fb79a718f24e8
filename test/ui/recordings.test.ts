import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleRequest } from '../support/box.ts';
import { launchChromium } from '../support/chromium.ts';
import { COLOURS, makeClip, TONES_HZ } from '../support/clips.ts';
import { type Rig, SECRET_ID, SECRET_KEY, startRig } from '../support/rig.ts';
import { ROOT } from '../support/source-tree.ts';

// What an operator does with a recording that is there: looks at it, takes it with him, puts right what stands still, and deletes it.

const ROOM_SECONDS = 6;
const SECOND_ENTERS_AT = 3;
const WITHIN_MS = 60_000;

let rig: Rig;
let browser: Browser;
let done: string;
let blocked: string;

beforeAll(async () => {
  rig = await startRig({
    name: 'ui-recordings',
    rooms: async (directory, ffmpegPath) => {
      const participants = await Promise.all(
        [0, SECOND_ENTERS_AT].map(async (enterAt, user) => ({
          userId: `user_${user}`,
          enterAt,
          media: await makeClip(ffmpegPath, directory, `user_${user}`, {
            ...{ colour: COLOURS[user]!, toneHz: TONES_HZ[user]!, seconds: 3 },
          }),
        })),
      );
      return { '1': { participants, events: [{ at: ROOM_SECONDS, type: 'dissolve' }] } };
    },
  });
  const wrong = { SecretId: 'AKIDnobodyknowsthis', SecretKey: 'wrong' };
  const sample = sampleRequest();
  [done, blocked] = (await Promise.all([
    rig.box.record(sampleRequest({ RoomId: 1, UserId: 'rec_done', Callback: `${rig.receiver.url}/told` })),
    rig.box.record(
      sampleRequest({
        ...{ RoomId: 1, UserId: 'rec_blocked', Mode: '10', Callback: undefined },
        CosConfig: { ...(sample.CosConfig as object), ...wrong },
      }),
    ),
  ])) as [string, string];
  await rig.box.waitForState(done, 'done');
  await rig.box.waitFor(blocked, 'blocked', (view) => view.blocked !== null);
  browser = await launchChromium();
}, 300_000);

afterAll(async () => {
  await browser?.close();
  await rig?.close();
});

/** Opens a page of the console and collects everything that goes wrong in it. */
async function open(place: string, language = 'en'): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: language });
  const page = await context.newPage();
  page.setDefaultTimeout(WITHIN_MS);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  await page.goto(`${rig.box.url}/#${place}`);
  return { page, complaints };
}

async function keep(page: Page, name: string): Promise<void> {
  const folder = path.join(ROOT, 'test-output');
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: path.join(folder, `${name}.png`), fullPage: true });
}

const playerAt = (page: Page): Promise<number> =>
  page.evaluate(() => document.querySelector<HTMLVideoElement>('video')!.currentTime);

describe('a recording that is done', { timeout: 240_000 }, () => {
  it('plays, and is jumped in by waveform, keys and chapters', async () => {
    const { page, complaints } = await open(`/recordings/${done}`);
    const slider = page.getByRole('slider', { name: 'Position' });
    await slider.waitFor();
    await page.waitForFunction(() => document.querySelector<HTMLVideoElement>('video')!.readyState >= 1);
    expect(await page.locator('video').getAttribute('poster')).toContain('/thumbnail');
    await page.waitForFunction(() => (document.querySelector('.waveform path')?.getAttribute('d') ?? '').length > 100);

    const box = (await slider.boundingBox())!;
    await slider.click({ position: { x: box.width / 2, y: 10 } });
    const length = await page.evaluate(() => document.querySelector<HTMLVideoElement>('video')!.duration);
    expect(Math.abs((await playerAt(page)) - length / 2)).toBeLessThan(0.2);
    await slider.press('Home');
    expect(await playerAt(page)).toBe(0);
    // What the player tells of the jump before may still come.
    await expect.poll(() => slider.getAttribute('aria-valuetext')).toMatch(/^0:00 of 0:0\d$/);

    const chapters = page.getByRole('region', { name: 'Chapters' }).getByRole('button');
    expect(await chapters.count()).toBe(2);
    expect(await chapters.nth(1).textContent()).toContain('user_1 entered');
    await chapters.nth(1).click();
    const entered = (await rig.box.get(done)).participants.find(({ userId }) => userId === 'user_1')!.enteredAtMs;
    expect(Math.abs((await playerAt(page)) - entered / 1000)).toBeLessThan(0.1);

    await page.evaluate(() => document.querySelector<HTMLVideoElement>('video')!.play());
    await page.waitForFunction(
      (from) => document.querySelector<HTMLVideoElement>('video')!.currentTime > from + 0.3,
      entered / 1000,
    );
    expect(await page.evaluate(() => document.querySelector<HTMLVideoElement>('video')!.error)).toBeNull();
    await keep(page, 'recording');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('says where it is, by which hashes, and what its caller was told and answered', async () => {
    const { page, complaints } = await open(`/recordings/${done}`);
    const [file] = (await rig.box.get(done)).files;
    await page.getByText('In COS, checked').waitFor();
    for (const fact of [file!.localPath!, file!.objectKey, file!.sha256!, file!.crc64!]) {
      expect(await page.getByText(fact, { exact: true }).count()).toBe(1);
    }
    await page.getByText('HTTP 200').first().waitFor();
    await page.getByText('What was sent').click();
    expect(await page.locator('pre').first().textContent()).toContain('"RecordFile"');
    await page.getByRole('tab', { name: 'History' }).click();
    await page.getByText('user_1 entered at').waitFor();
    await page.getByText('The caller took “result”').waitFor();
    await page.getByRole('tab', { name: 'Manifest' }).click();
    await page.getByRole('link', { name: 'Save manifest' }).waitFor();
    expect(await page.locator('pre').first().textContent()).toContain(file!.sha256!);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('is saved byte for byte', async () => {
    const { page } = await open(`/recordings/${done}`);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download' }).click(),
    ]);
    const { localPath } = (await rig.box.get(done)).files[0]!;
    expect(download.suggestedFilename()).toBe(path.basename(localPath!));
    expect(await readFile(await download.path())).toEqual(await readFile(localPath!));
    await page.context().close();
  });
});

describe('a recording whose keys are refused', { timeout: 240_000 }, () => {
  it('says so in both languages, is tried again by hand, and is delivered once it has other keys', async () => {
    const chinese = await open(`/recordings/${blocked}`, 'zh-CN');
    await chinese.page.getByText('交付已停滞，需要有人处理').waitFor();
    await chinese.page.context().close();

    const { page, complaints } = await open(`/recordings/${blocked}`);
    await page.getByText('Delivery stands still until somebody acts').waitFor();
    await page.getByText(/COS refuses the keys, (next try in \d+|trying now)/).waitFor();
    const before = (await rig.box.get(blocked)).nextAttemptAt;
    await page.getByRole('button', { name: 'Try now' }).click();
    await rig.box.waitFor(
      blocked,
      'tried again',
      (view) => view.blocked !== null && view.nextAttemptAt !== before,
      WITHIN_MS,
    );
    await page.getByRole('button', { name: 'Give other keys' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('SecretId').fill(SECRET_ID);
    await dialog.getByLabel('SecretKey').fill(SECRET_KEY);
    await dialog.locator('button[type="submit"]').click();
    await page.getByText('In COS, checked').waitFor();
    await page.getByText('Delivery stands still until somebody acts').waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
    await page.context().close();
  });
});

describe('deleting', { timeout: 240_000 }, () => {
  it('says what goes, goes back to the list, and leaves nothing on the box', async () => {
    await rig.box.waitForState(blocked, 'done', WITHIN_MS);
    const { localPath } = (await rig.box.get(blocked)).files[0]!;
    const { page } = await open(`/recordings/${blocked}`);
    await page.getByRole('button', { name: 'Delete' }).click();
    const dialog = page.getByRole('alertdialog');
    expect(await dialog.textContent()).toMatch(/1 file on this box \([\d.]+ kB\) is removed/);
    expect(await dialog.getByRole('checkbox').count()).toBe(0);
    await dialog.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { name: 'Recordings', level: 2 }).waitFor();
    await page.getByText('1 recording', { exact: true }).waitFor();
    expect(await page.locator(`a[href="#/recordings/${blocked}"]`).count()).toBe(0);
    await expect(readFile(localPath!)).rejects.toThrow('ENOENT');
    expect((await fetch(`${rig.box.url}/api/recordings/${blocked}`)).status).toBe(404);
    await page.context().close();
  });
});
