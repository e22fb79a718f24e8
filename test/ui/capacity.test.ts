import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ConsoleRig, startConsoleRig } from '../support/console-rig.ts';

// What the box can hold, as an operator sees it and has it measured.

let rig: ConsoleRig;

beforeAll(async () => {
  rig = await startConsoleRig({ name: 'capacity' });
}, 60_000);
afterAll(() => rig?.close());

it('is measured on demand, and refused while something is recorded, both in words', async () => {
  const shown = await rig.open({ path: '/settings/diagnostics' });
  const card = shown.page.getByRole('region', { name: 'What this box can hold' });
  await card.getByText('Not yet; until then a slow machine is assumed').waitFor();
  await card.getByRole('button', { name: 'Measure again' }).click();
  await card.getByText(/libx264 ultrafast of ffmpeg /).waitFor({ timeout: 30_000 });
  await card
    .getByText(/\d+ mixed recordings, or \d+ of one file per user, or \d+ of sound alone/)
    .first()
    .waitFor();
  expect([await shown.axe(), shown.complaints()]).toEqual([[], []]);
  await shown.screenshot('capacity-en-light-1280');

  await rig.record(1);
  await card.getByRole('button', { name: 'Measure again' }).click();
  await card.getByRole('alert').getByText('Recordings run').waitFor();
  await shown.look({ language: 'zh-CN', appearance: 'dark', widthPx: 400 });
  await shown.page.getByRole('region', { name: '本机录制能力' }).getByText('总共可容纳').waitFor();
  expect([await shown.axe(), await shown.overflowPx()]).toEqual([[], 0]);
  await shown.screenshot('capacity-zh-dark-400');
  await shown.close();
}, 90_000);
