import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SETTINGS_FILE } from '../../main/settings/settings.ts';
import { type ConsoleRig, startConsoleRig } from '../support/console-rig.ts';

// What the box can hold, as an operator sees it and has it measured.

let rig: ConsoleRig;

beforeAll(async () => {
  rig = await startConsoleRig({ name: 'capacity' });
}, 240_000);
afterAll(() => rig?.close());

/** The box as new again, but for its settings. */
async function forgetEverything(): Promise<void> {
  const { dataDirectory } = rig.rig.box;
  for (const name of await readdir(dataDirectory)) {
    if (name !== SETTINGS_FILE) await rm(path.join(dataDirectory, name), { recursive: true });
  }
}

async function measuredAtMs(): Promise<number> {
  const { measuredAt } = (await (await fetch(`${rig.rig.box.url}/api/capacity`)).json()) as {
    measuredAt: string | null;
  };
  return measuredAt === null ? 0 : Date.parse(measuredAt);
}

it('is measured on demand, and refused while something is recorded, both in words', async () => {
  // A box on which nothing is recorded measures itself soon after its start: this one records at once.
  await rig.restart(forgetEverything);
  const id = await rig.record(1);
  const shown = await rig.open({ path: '/settings/diagnostics' });
  const card = shown.page.getByRole('region', { name: 'What this box can hold' });
  await card.getByText('Not yet; until then a slow machine is assumed').waitFor();
  await card.getByRole('button', { name: 'Measure again' }).click();
  await card.getByRole('alert').getByText('Recordings run').waitFor();
  expect(shown.complaints().filter((one) => !/\b409\b/.test(one))).toEqual([]);

  await fetch(`${rig.rig.box.url}/api/recordings/${id}/stop`, { method: 'POST' });
  // Stopped before it was in its room it has failed.
  await rig.rig.box.waitFor(id, 'over', ({ state }) => state === 'done' || state === 'failed');
  const askedAtMs = Date.now();
  await card.getByRole('button', { name: 'Measure again' }).click();
  await expect.poll(measuredAtMs, { timeout: 90_000 }).toBeGreaterThanOrEqual(askedAtMs);
  await card.getByText(/libx264 ultrafast of ffmpeg /).waitFor();
  await card
    .getByText(/\d+ mixed recordings, or \d+ of one file per user, or \d+ of sound alone/)
    .first()
    .waitFor();
  // Refused when the box has begun by itself a moment before.
  expect([await shown.axe(), shown.complaints().filter((one) => !/\b409\b/.test(one))]).toEqual([[], []]);
  await shown.screenshot('capacity-en-light-1280');

  await shown.look({ language: 'zh-CN', appearance: 'dark', widthPx: 400 });
  await shown.page.getByRole('region', { name: '本机录制能力' }).getByText('总共可容纳').waitFor();
  expect([await shown.axe(), await shown.overflowPx()]).toEqual([[], 0]);
  await shown.screenshot('capacity-zh-dark-400');
  await shown.close();
}, 300_000);
