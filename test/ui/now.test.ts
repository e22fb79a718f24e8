import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RecordingAnswer } from '../../shared/api/views.ts';
import { type ConsoleRig, startConsoleRig } from '../support/console-rig.ts';

// What is being recorded at this moment, in a real browser on a real box: the picture, the sound, who is there; and how the page bears
// a flood of news.

const CARDS = 8;
const EVENTS_PER_SECOND = 100;
const KEYS = 40;
/** How much later a key may come during the flood than without: a page that draws everything anew is late by far more. */
const DELAY_RATIO = 8;
/** Delays below one picture of the screen cannot be told apart by anybody. */
const UNNOTICED_MS = 34;

let rig: ConsoleRig;
let running: string;

beforeAll(async () => {
  rig = await startConsoleRig({ name: 'now' });
  running = await rig.record(1);
  await rig.rig.box.waitFor(running, 'recording', ({ state }) => state === 'recording');
}, 240_000);
afterAll(async () => {
  await rig?.close();
});

describe('a running recording', { timeout: 240_000 }, () => {
  it('shows its picture, which changes, how loud it is, and who is there', async () => {
    const shown = await rig.open({ widthPx: 400 });
    const { page } = shown;
    const card = page.getByRole('article', { name: 'Room 1' });
    const picture = card.getByRole('img', { name: /Room 1|room 1/ });
    await picture.waitFor();
    const first = await picture.getAttribute('src');
    const size = () => picture.evaluate((image: HTMLImageElement) => [image.naturalWidth, image.naturalHeight]);
    await expect.poll(size).toEqual([320, 180]);
    await page.waitForFunction(
      (before) => document.querySelector('article img')?.getAttribute('src') !== before,
      first,
      { polling: 100 },
    );
    await card.getByText('talking').first().waitFor();
    await expect.poll(() => card.getByRole('listitem').count()).toBe(2);
    const level = card.getByRole('meter');
    await expect.poll(async () => Number(await level.getAttribute('aria-valuenow'))).toBeGreaterThan(-40);
    await card.getByText('libx264 ultrafast').waitFor();
    await page.getByText(/Room for \d+ more with pictures, or \d+ with sound alone/).waitFor();
    await page.getByText(/Enough for about \d+ (minutes?|hours?|days?)/).waitFor();
    expect([await shown.axe(), await shown.overflowPx(), shown.complaints()]).toEqual([[], 0, []]);
    expect(await shown.layoutShift()).toBeLessThan(0.1);
    await shown.screenshot('now-running-en-light-400');
    await shown.look({ language: 'zh-CN', appearance: 'dark', widthPx: 1280 });
    await page.getByText('正在说话').first().waitFor();
    expect(await shown.axe()).toEqual([]);
    await shown.screenshot('now-running-zh-dark-1280');
    await shown.close();
  });

  it('is stopped only after a question that says what happens', async () => {
    const id = await rig.record(1, { UserId: 'second', Mode: '10' });
    await rig.rig.box.waitFor(id, 'recording', ({ state }) => state === 'recording');
    const shown = await rig.open();
    const card = shown.page.getByRole('article').filter({ hasText: 'MP3' });
    await card.getByRole('button', { name: 'Stop recording room 1' }).click();
    const question = shown.page.getByRole('alertdialog');
    await question.getByText('finished, uploaded and reported').waitFor();
    await question.getByRole('button', { name: 'Cancel' }).click();
    expect((await rig.rig.box.get(id)).endedAt).toBeNull();
    await card.getByRole('button', { name: 'Stop recording room 1' }).click();
    await question.getByRole('button', { name: 'Stop recording' }).click();
    await card.waitFor({ state: 'detached' });
    expect(await rig.rig.box.waitForState(id, 'done')).toMatchObject({ endReason: 'stopped' });
    expect(shown.complaints()).toEqual([]);
    await shown.close();
  });
});

/** The stream of events of the page, which the flood is sent into. */
const KEEP_STREAM = `window.EventSource = class extends EventSource {
  constructor(...all) { super(...all); window.keptStream = this; }
};`;

/** Makes one running recording look like many. */
async function multiply(page: Page): Promise<void> {
  await page.route('**/api/recordings?*', async (route) => {
    const reply = await route.fetch();
    const body = (await reply.json()) as { recordings: RecordingAnswer[] };
    const one = body.recordings.find(({ id }) => id === running);
    const recordings = one && Array.from({ length: CARDS }, (_, index) => ({ ...one, id: `card-${index}` }));
    await route.fulfill({ response: reply, json: { ...body, recordings } });
  });
  await page.route('**/picture', (route) => route.fulfill({ contentType: 'image/jpeg', body: '' }));
}

/** Types into a field of the page. @returns what arrived, and how late each key was, sorted */
async function type(page: Page): Promise<{ text: string; delaysMs: number[] }> {
  await page.evaluate(`(() => {
    document.querySelector('#typed')?.remove();
    const field = document.createElement('input');
    field.id = 'typed';
    field.setAttribute('aria-label', 'typed');
    window.keyDelays = [];
    field.addEventListener('input', (event) => window.keyDelays.push(performance.now() - event.timeStamp));
    field.addEventListener('keydown', (event) => window.keyDelays.push(performance.now() - event.timeStamp));
    document.querySelector('main').prepend(field);
    field.focus();
  })()`);
  await page.keyboard.type('x'.repeat(KEYS), { delay: 25 });
  const delays = (await page.evaluate('window.keyDelays')) as number[];
  return { text: await page.inputValue('#typed'), delaysMs: delays.sort((a, b) => a - b) };
}

const FLOOD = `(() => {
  let count = 0;
  window.flooded = 0;
  const started = performance.now();
  const participant = (index) => ({ userId: 'user_' + index, slot: index, isInRoom: true, audio: true, video: true, screen: false,
    picture: 'live', talking: count % 2 === 0, levelDb: -20 - (count % 20) });
  window.floodTimer = setInterval(() => {
    const due = Math.floor((performance.now() - started) * ${EVENTS_PER_SECOND} / 1000);
    for (; window.flooded < due; window.flooded += 1) {
      count += 1;
      const data = { recordingId: 'card-' + (count % ${CARDS}), state: 'recording', timelineMs: count * 10,
        participants: { inRoom: 6, recorded: 6 }, pictures: { sent: count, skipped: 0, framesDropped: 0 }, upload: null,
        live: { levelDb: -10 - (count % 30), participants: [0, 1, 2, 3, 4, 5].map(participant), bytesWritten: count * 10000,
          encoder: { name: 'libx264 veryfast', speed: 1 } } };
      window.keptStream.dispatchEvent(new MessageEvent('progress', { data: JSON.stringify(data) }));
    }
  }, 10);
})()`;

it(`${EVENTS_PER_SECOND} pieces of news a second take no key from whoever types, and hold none up`, async () => {
  const shown = await rig.open({ path: null });
  const { page } = shown;
  await page.addInitScript(KEEP_STREAM);
  await multiply(page);
  await shown.visit('/');
  await page
    .getByRole('article')
    .nth(CARDS - 1)
    .waitFor();
  const quiet = await type(page);
  expect(quiet.text).toBe('x'.repeat(KEYS));
  await page.evaluate(FLOOD);
  await page
    .getByText('user_5')
    .nth(CARDS - 1)
    .waitFor({ state: 'attached' });
  const late = (delays: number[]) => delays[Math.floor(0.75 * delays.length)]!;
  const rounds: { text: string; told: number }[] = [];
  const lateInFlood = async () => {
    const before = Number(await page.evaluate('window.flooded'));
    const { text, delaysMs } = await type(page);
    rounds.push({ text, told: Number(await page.evaluate('window.flooded')) - before });
    return late(delaysMs);
  };
  // Other work on the machine makes keys late at times; a page that draws too much does all the time.
  const limitMs = Math.max(UNNOTICED_MS, DELAY_RATIO * late(quiet.delaysMs));
  await expect.poll(lateInFlood, { timeout: 60_000 }).toBeLessThan(limitMs);
  await page.evaluate('clearInterval(window.floodTimer)');
  expect(rounds.filter(({ text }) => text !== quiet.text)).toEqual([]);
  // The flood went on while the keys came: at least as long as their pauses.
  expect(Math.min(...rounds.map(({ told }) => told))).toBeGreaterThan((KEYS * 25 * EVENTS_PER_SECOND) / 1000 / 2);
  // What is under way then has nobody to go to.
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await shown.close();
}, 240_000);
