import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../main/store/database.ts';
import { fillWithRecordings } from '../bench/search.ts';
import { makeDirectory, removeDirectory, startBox, type TestBox, writeScenario } from '../support/box.ts';
import { launchChromium } from '../support/chromium.ts';

// The list of a box that has been at work for years.

const RECORDINGS = 100_000;
const WITHIN_MS = 60_000;
/** The longest stretch of work while somebody leafs, against that of opening the page with an empty list, on the same machine at the same time. */
const LONGEST_RATIO = 2;
/** The browser tells of nothing shorter. */
const LONG_TASK_MS = 50;

let directory: string;
let box: TestBox;
let browser: Browser;

beforeAll(async () => {
  directory = await makeDirectory('ui-library');
  const dataDirectory = path.join(directory, 'box');
  const db = openDatabase(dataDirectory);
  fillWithRecordings(db, RECORDINGS);
  // Nothing of it is on the disk, so nobody is to look there.
  db.exec('UPDATE files SET evicted_at_ms = 1; UPDATE recordings SET timeline_ms = seq % 7919;');
  db.close();
  const scenario = await writeScenario(directory, {});
  box = await startBox({ dataDirectory, args: ['--rooms', 'simulated', '--scenario', scenario] });
  browser = await launchChromium();
}, 240_000);

afterAll(async () => {
  await browser?.close();
  await box?.stop();
  if (directory) await removeDirectory(directory);
});

async function open(search: string, width = 1280): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width, height: 900 }, locale: 'en' });
  const page = await context.newPage();
  page.setDefaultTimeout(WITHIN_MS);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  await page.addInitScript(() => {
    const durations: number[] = [];
    Object.assign(globalThis, { longTasks: durations });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) durations.push(duration);
    }).observe({ type: 'longtask', buffered: true });
  });
  await page.goto(`${box.url}/${search}#/recordings`);
  return { page, complaints };
}

/** The longest task since it was asked the last time. */
const longestMs = (page: Page): Promise<number> =>
  page.evaluate((shortest) => {
    const { longTasks } = globalThis as unknown as { longTasks: number[] };
    return Math.max(shortest, ...longTasks.splice(0));
  }, LONG_TASK_MS);

const shows = (page: Page, range: string): Promise<void> => page.getByText(range, { exact: true }).waitFor();
const rows = (page: Page) => page.locator('tbody tr.row-link');

describe(`${RECORDINGS} recordings`, { timeout: 240_000 }, () => {
  it('are leafed forth and back without stutter, and going back in the browser is going back in the list', async () => {
    const empty = await open('?text=nothing+like+this');
    await empty.page.getByText('Nothing matches').waitFor();
    const emptyMs = await longestMs(empty.page);
    await empty.page.context().close();

    const { page, complaints } = await open('');
    await shows(page, '1–50 of 100,000');
    expect(await rows(page).count()).toBe(50);
    const leafed: number[] = [];
    for (const range of ['51–100', '101–150', '151–200', '201–250', '251–300']) {
      await longestMs(page);
      await page.getByRole('button', { name: 'Next', exact: true }).click();
      await shows(page, `${range} of 100,000`);
      leafed.push(await longestMs(page));
    }
    // The others may have met with somebody else's work on the machine; a list that stutters by itself does so each time.
    expect(Math.min(...leafed)).toBeLessThanOrEqual(LONGEST_RATIO * emptyMs);
    const last = await rows(page).first().textContent();
    await page.getByRole('button', { name: 'Previous' }).click();
    await shows(page, '201–250 of 100,000');
    await page.goBack();
    await shows(page, '251–300 of 100,000');
    expect(await rows(page).first().textContent()).toBe(last);
    await page.getByRole('button', { name: 'To the first page' }).click();
    await shows(page, '1–50 of 100,000');
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it('are found by what somebody remembers; the address is a link to what was found', async () => {
    const { page } = await open('');
    await shows(page, '1–50 of 100,000');
    await page.getByRole('searchbox').fill('rec_77');
    await page.getByText('200 recordings match').waitFor();
    await page.getByRole('combobox', { name: 'State' }).click();
    await page.getByRole('option', { name: 'Failed' }).click();
    await page.getByText('0 recordings match').waitFor();
    const link = new URL(page.url());
    expect(link.search).toBe('?text=rec_77&state=failed');
    await page.goBack();
    await page.getByText('200 recordings match').waitFor();
    await page.getByRole('button', { name: 'Clear filters' }).click();
    await shows(page, '1–50 of 100,000');
    await page.context().close();

    const other = await open('?room=room-6&mode=12');
    await other.page.getByText(/^\d+ recordings match$/).waitFor();
    expect(await other.page.getByRole('textbox', { name: 'Room' }).inputValue()).toBe('room-6');
    for (const text of await rows(other.page).allTextContents()) expect(text).toContain('room-6');
    await other.page.context().close();
  });

  it('are sorted by the head of a column, either way', async () => {
    const { page } = await open('');
    await shows(page, '1–50 of 100,000');
    const head = page.getByRole('columnheader', { name: 'Length' });
    await head.getByRole('button').click();
    await page.locator('th[aria-sort="descending"]', { hasText: 'Length' }).waitFor();
    await page.waitForFunction(() => document.querySelector('tbody tr td:nth-child(4)')?.textContent === '0:07');
    await head.getByRole('button').click();
    await page.locator('th[aria-sort="ascending"]', { hasText: 'Length' }).waitFor();
    await page.waitForFunction(() => document.querySelector('tbody tr td:nth-child(4)')?.textContent === '0:00');
    expect(new URL(page.url()).search).toBe('?sort=length&order=asc');
    await page.context().close();
  });

  it('are cards where a table has no room, and nothing is wider than the window', async () => {
    const { page } = await open('?state=failed', 360);
    await page.locator('.library-card').first().waitFor();
    expect(await page.locator('table').count()).toBe(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await page.context().close();
  });
});
