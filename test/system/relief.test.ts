import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createApiClient } from '../../shared/api/client.ts';
import { makeDirectory, removeDirectory, sampleRequest } from '../support/box.ts';
import { FLASH_PERIOD_SECONDS, makeFlashBeepClip } from '../support/clips.ts';
import { expectLength } from '../support/length.ts';
import { decodeComplaints, decodeSound } from '../support/media.ts';
import { flashOnsets, offsetsBetween, quantile, toneOnsets } from '../support/onsets.ts';
import { productFfmpeg, type Rig, startRig } from '../support/rig.ts';
import { makeSlowFfmpeg } from '../support/slow-ffmpeg.ts';

// An encoder that takes half of what is due with the preset that was set, and all with the next lighter one.

const run = promisify(execFile);
const CANVAS = { width: 320, height: 180, fps: 15 };
const SECOND_BYTES = CANVAS.width * CANVAS.height * 1.5 * CANVAS.fps;
const ROOM_SECONDS = 17;
const TONE_HZ = 1900;
const TICK_MS = 1000 / CANVAS.fps;

let directory: string;
let rig: Rig;

beforeAll(async () => {
  directory = await makeDirectory('slow');
  const FFMPEG_PATH = await makeSlowFfmpeg(directory, await productFfmpeg(), { veryfast: SECOND_BYTES / 2 });
  rig = await startRig({
    name: 'relief',
    rooms: async (media, ffmpegPath) => ({
      '1': {
        participants: [
          {
            userId: 'user_0',
            media: await makeFlashBeepClip(ffmpegPath, media, 'user_0', { toneHz: TONE_HZ, periods: 5 }),
          },
        ],
        events: [{ at: ROOM_SECONDS, type: 'dissolve' }],
      },
    }),
    settings: { video: CANVAS },
    environment: { FFMPEG_PATH },
  });
});
afterAll(async () => {
  await rig?.close();
  await removeDirectory(directory);
});

it('a recording on a slow machine goes on with a lighter preset, lips and voice together, and says so', async () => {
  const api = createApiClient({ baseUrl: rig.box.url });
  const id = await rig.box.record(sampleRequest({ RoomId: 1, Callback: undefined }));
  const relieved = await rig.box.waitFor(id, 'relieved', ({ warnings }) => warnings.length > 0);
  expect(relieved.warnings).toMatchObject([{ code: 'ENCODER_RELIEVED' }]);
  const refused = await rig.box.post('/api/recordings', sampleRequest({ RoomId: 2 }));
  expect([refused.status, JSON.parse(refused.text)]).toMatchObject([503, { code: 'AT_CAPACITY' }]);
  expect(await api.call('getAttention', {})).toMatchObject({ relieved: [{ id }] });
  expect(await api.call('metrics', {})).toContain('recorder_capacity_relieved_recordings 1');

  const view = await rig.box.waitForState(id, 'done');
  const { events } = await api.call('getRecordingEvents', { params: { id } });
  const steps = events.filter(({ type }) => type === 'encoderRelieved');
  expect(steps).toMatchObject([{ data: { preset: 'superfast', fps: CANVAS.fps } }]);
  const sinceSeconds = Number(steps[0]!.data.atMs) / 1000;
  expect(view.gaps).toEqual([]);
  // Some pictures were left out before; afterwards all are there.
  expect(view.pictures.skipped).toBeGreaterThan(0);

  const { localPath, durationMs } = view.files[0]!;
  const file = localPath!;
  expectLength(view, durationMs, ROOM_SECONDS * 1000);
  expect(await decodeComplaints(rig.ffmpegPath, file)).toBe('');
  // The first segment's encoder and the second's both left their mark: nothing was encoded anew.
  const presets = (await readFile(file)).toString('latin1').match(/subme=\d+ psy=/g) ?? [];
  expect(presets.length).toBeGreaterThanOrEqual(2);
  expect(new Set(presets).size).toBe(2);

  const sound = await decodeSound(rig.ffmpegPath, file);
  expectLength(view, sound.length / 48, ROOM_SECONDS * 1000);
  const beeps = toneOnsets(sound, TONE_HZ);
  expect(Math.abs(beeps.length - Math.floor(ROOM_SECONDS / FLASH_PERIOD_SECONDS))).toBeLessThanOrEqual(1);
  const flashes = await flashOnsets(rig.ffmpegPath, file, { x: 60, y: 40, width: 200, height: 100 });
  const later = flashes.filter((second) => second > sinceSeconds + 1);
  expect(later.length).toBeGreaterThanOrEqual(4);
  const offsetsMs = offsetsBetween(later, beeps, FLASH_PERIOD_SECONDS / 2).map((offset) => offset * 1000);
  expect(offsetsMs).toHaveLength(later.length);
  expect(Math.abs(quantile(offsetsMs, 0.5))).toBeLessThanOrEqual(40);
  expect(Math.max(...offsetsMs.map(Math.abs))).toBeLessThanOrEqual(1.5 * TICK_MS);
  expect(await longestPictureMs(file, sinceSeconds + 1)).toBeLessThanOrEqual(1.5 * TICK_MS);
}, 150_000);

/** The longest that a picture stands after a moment. */
async function longestPictureMs(file: string, fromSeconds: number): Promise<number> {
  const args = ['-v', 'error', '-nostdin', '-copyts', '-i', file, '-map', '0:v', '-c', 'copy', '-f', 'framecrc', '-'];
  const { stdout } = await run(rig.ffmpegPath, args, { maxBuffer: 1e8 });
  const base = Number(/#tb 0: 1\/(\d+)/.exec(stdout)?.[1]);
  const times = stdout
    .split('\n')
    .filter((line) => line.startsWith('0,'))
    .map((line) => (1000 * Number(line.split(',')[2])) / base)
    .filter((ms) => ms > fromSeconds * 1000);
  return Math.max(...times.slice(1).map((ms, at) => ms - times[at]!));
}
