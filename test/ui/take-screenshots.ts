/**
 * `npm run screenshots`: takes the pictures of README and manual anew (`docs/images`), from a real box with simulated rooms. Each is
 * reduced to 256 colours, which a page does not show, and has to be small.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { DEMO_ROOM, prepareScenario } from '../../main/demo/clips.ts';
import { defaultSettings } from '../../main/settings/settings.ts';
import { createApiClient } from '../../shared/api/client.ts';
import { type ConsoleLook, type ConsoleRig, startConsoleRig } from '../support/console-rig.ts';
import { ROOT } from '../support/source-tree.ts';

const IMAGES = path.join(ROOT, 'docs/images');
const LIMIT_BYTES = 200_000;
const SHORT_ROOM_SECONDS = 8;
/** Long enough that cards, sizes and lengths show something. */
const RUNNING_MS = 12_000;

const run = promisify(execFile);

interface Shot extends Partial<ConsoleLook> {
  name: string;
  place: string;
  /** A button that is pressed first. */
  press?: string;
}

/** The demo's people in two rooms that go on, and in one that ends soon. */
async function rooms(directory: string, ffmpegPath: string): Promise<Record<string, unknown>> {
  const file = await prepareScenario({ directory: path.join(directory, 'clips'), ffmpegPath });
  const scenario = JSON.parse(await readFile(file, 'utf8')) as {
    rooms: Record<string, { participants: { userId: string; media: string; size: string; fps: number }[] }>;
  };
  const people = (scenario.rooms[DEMO_ROOM]?.participants ?? []).map(({ userId, media, size, fps }) => ({
    ...{ userId, media, size, fps },
  }));
  return {
    [DEMO_ROOM]: { participants: people },
    '50012': { participants: people.slice(1, 3) },
    '61200': { participants: people.slice(0, 2), events: [{ at: SHORT_ROOM_SECONDS, type: 'dissolve' }] },
  };
}

/** What a box looks like that has been at work. @returns the recording whose page is shown */
async function fill(rig: ConsoleRig): Promise<string> {
  const { box } = rig.rig;
  const keys = { SecretId: 'AKIDwithdrawn', SecretKey: 'withdrawn' };
  const refusedTo = { Region: 'ap-shanghai', Bucket: 'archive-1250000000', Path: '/meetings', ...keys };
  const ended = [
    await rig.record(61200, { UserId: 'recorder_1' }),
    await rig.record(61200, { UserId: 'recorder_2', Mode: '10' }),
    await rig.record(61200, { UserId: 'recorder_3', CosConfig: refusedTo }),
  ];
  await Promise.all(ended.slice(0, 2).map((id) => box.waitForState(id, 'done')));
  await box.waitFor(ended[2]!, 'standing still', ({ blocked }) => blocked !== null);
  const running = [await rig.record(Number(DEMO_ROOM)), await rig.record(50012)];
  await Promise.all(
    running.map((id) => box.waitFor(id, 'some seconds long', ({ durationMs }) => durationMs >= RUNNING_MS)),
  );
  return ended[0]!;
}

/** What runs goes on in its small pictures; the page of the settings shows what a box has at first. */
async function usualSettings(rig: ConsoleRig): Promise<void> {
  const api = createApiClient({ baseUrl: rig.rig.box.url });
  const { width, height } = defaultSettings().video;
  await api.call('changeSettings', { body: { video: { width, height } } });
}

function shotsOf(recording: string): Shot[] {
  return [
    { name: 'now', place: '/' },
    { name: 'now-phone', place: '/', widthPx: 400 },
    { name: 'start', place: '/start' },
    { name: 'recordings', place: '/recordings' },
    { name: 'recording', place: `/recordings/${recording}` },
    { name: 'attention', place: '/attention' },
    { name: 'settings', place: '/settings' },
    { name: 'first-run', place: '/first-run', press: 'Continue' },
    { name: 'now.zh-CN', place: '/', language: 'zh-CN', appearance: 'dark' },
    { name: 'recordings.zh-CN', place: '/recordings', language: 'zh-CN' },
  ];
}

const rig = await startConsoleRig({ name: 'screenshots', rooms, settings: { video: { width: 960, height: 540 } } });
try {
  await mkdir(IMAGES, { recursive: true });
  const recording = await fill(rig);
  await usualSettings(rig);
  const shown = await rig.open({ path: null });
  for (const { name, place, press, ...look } of shotsOf(recording)) {
    await shown.visit(place);
    await shown.look({ language: 'en', appearance: 'light', widthPx: 1280, ...look });
    if (press) await shown.page.getByRole('button', { name: press }).click();
    // A second beyond the calm: the first live picture and the first frame of a player are there.
    await shown.page.waitForTimeout(1500);
    const taken = await shown.screenshot(`manual-${name}`, { fullPage: false });
    const file = path.join(IMAGES, `${name}.png`);
    const palette = 'split[a][b];[a]palettegen=max_colors=256:stats_mode=full[p];[b][p]paletteuse=dither=none';
    await run(rig.rig.ffmpegPath, ['-v', 'error', '-y', '-i', taken, '-vf', palette, '-pix_fmt', 'pal8', file]);
    const { size } = await stat(file);
    process.stdout.write(`${path.relative(ROOT, file)}  ${(size / 1000).toFixed(0)} kB\n`);
    if (size > LIMIT_BYTES) throw new Error(`${name} is larger than ${LIMIT_BYTES / 1000} kB`);
  }
} finally {
  await rig.close();
}
