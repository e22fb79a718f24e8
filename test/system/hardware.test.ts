import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiClient, createApiClient } from '../../shared/api/client.ts';
import type { RecordingView } from '../../shared/view.ts';
import { makeDirectory, removeDirectory, sampleRequest } from '../support/box.ts';
import { FLASH_PERIOD_SECONDS, makeFlashBeepClip } from '../support/clips.ts';
import { type HardwareFfmpeg, makeHardwareFfmpeg } from '../support/hardware-ffmpeg.ts';
import { expectLength } from '../support/length.ts';
import { decodeComplaints, decodeSound } from '../support/media.ts';
import { flashOnsets, offsetsBetween, quantile, toneOnsets } from '../support/onsets.ts';
import { productFfmpeg, type Rig, startRig } from '../support/rig.ts';

// No machine of the tests has graphics hardware that encodes: one of these encoders cannot start, the other is simulated.

const CANVAS = { width: 320, height: 180, fps: 15 };
const SECOND_BYTES = CANVAS.width * CANVAS.height * 1.5 * CANVAS.fps;
/** Long enough for what is told of a recording only while it runs to be seen. */
const ROOM_SECONDS = 12;
const TONE_HZ = 1900;

const rooms = async (media: string, ffmpegPath: string) => ({
  '1': {
    participants: [
      {
        userId: 'user_0',
        media: await makeFlashBeepClip(ffmpegPath, media, 'user_0', { toneHz: TONE_HZ, periods: 5 }),
      },
    ],
    events: [{ at: ROOM_SECONDS, type: 'dissolve' }],
  },
});

/** A file that is whole: as long as the room, decodable, lips and voice together. @returns its bytes */
async function wholeFile(rig: Rig, view: RecordingView): Promise<Buffer> {
  const { localPath, durationMs } = view.files[0]!;
  const file = localPath!;
  expectLength(view, durationMs, ROOM_SECONDS * 1000);
  expect(await decodeComplaints(rig.ffmpegPath, file)).toBe('');
  const sound = await decodeSound(rig.ffmpegPath, file);
  expectLength(view, sound.length / 48, ROOM_SECONDS * 1000);
  const beeps = toneOnsets(sound, TONE_HZ);
  expect(Math.abs(beeps.length - Math.floor(ROOM_SECONDS / FLASH_PERIOD_SECONDS))).toBeLessThanOrEqual(1);
  const flashes = await flashOnsets(rig.ffmpegPath, file, { x: 60, y: 40, width: 200, height: 100 });
  // Pictures are held while one encoder takes the place of another; none comes at a wrong time.
  const lostSeconds = view.gaps.reduce((sum, gap) => sum + gap.durationMs / 1000, 0);
  expect(lostSeconds).toBeLessThan(3);
  expect(flashes.length).toBeGreaterThanOrEqual(beeps.length - 1 - Math.ceil(lostSeconds / FLASH_PERIOD_SECONDS));
  const offsetsMs = offsetsBetween(flashes, beeps, FLASH_PERIOD_SECONDS / 2).map((offset) => offset * 1000);
  expect(Math.abs(quantile(offsetsMs, 0.5))).toBeLessThanOrEqual(60);
  return await readFile(file);
}

const eventsOf = async (api: ApiClient, id: string, wanted: string) =>
  (await api.call('getRecordingEvents', { params: { id } })).events.filter(({ type }) => type === wanted);

/** The first line of the box's log with a text, once it is there. */
async function logged(rig: Rig, text: string): Promise<string> {
  const found = () =>
    rig.box
      .log()
      .split('\n')
      .find((line) => line.includes(text));
  await expect.poll(found).toBeDefined();
  return found()!;
}

describe('hardware that does not encode', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await startRig({ name: 'no-hardware', rooms, settings: { video: { ...CANVAS, encoder: 'auto' } } });
  });
  afterAll(() => rig?.close());

  it('is not chosen, with the reason in the log; where it is named, x264 takes over within the recording', async () => {
    const why = await logged(rig, 'no hardware encoder works');
    expect(why).toContain('h264_vaapi');
    expect(why).toContain('Does not work on this machine');
    const api = createApiClient({ baseUrl: rig.box.url });
    const { encoders } = await api.call('checkEncoders', {});
    expect(encoders.filter(({ used }) => used).map(({ name }) => name)).toContain('libx264');

    await api.call('changeSettings', { body: { video: { encoder: 'h264_vaapi' } } });
    const id = await rig.box.record(sampleRequest({ RoomId: 1, Callback: undefined }));
    const warned = await rig.box.waitFor(id, 'warned', ({ warnings }) => warnings.length > 0);
    expect(warned.warnings).toMatchObject([{ code: 'HARDWARE_ENCODER_FAILED' }]);
    expect(await api.call('getAttention', {})).toMatchObject({ hardwareFailed: [{ id }] });
    const view = await rig.box.waitForState(id, 'done');
    expect(await eventsOf(api, id, 'hardwareFailed')).toMatchObject([{ data: { encoder: 'h264_vaapi' } }]);
    expect(view.gaps.length).toBeLessThanOrEqual(1);
    await wholeFile(rig, view);
  }, 150_000);
});

describe('simulated hardware', () => {
  let directory: string;
  let ffmpeg: HardwareFfmpeg;
  let rig: Rig;
  beforeAll(async () => {
    directory = await makeDirectory('hardware');
    ffmpeg = await makeHardwareFfmpeg(directory, await productFfmpeg());
    rig = await startRig({
      name: 'hardware',
      rooms,
      settings: { video: { ...CANVAS, encoder: 'auto' } },
      environment: { FFMPEG_PATH: ffmpeg.path },
    });
  });
  afterAll(async () => {
    await rig?.close();
    await removeDirectory(directory);
  });

  it('is chosen after a trial and encodes; when it dies x264 goes on, and both are in one file as they are', async () => {
    await logged(rig, 'passed its trial');
    const api = createApiClient({ baseUrl: rig.box.url });
    const { encoders } = await api.call('checkEncoders', {});
    expect(encoders.filter(({ used, kind }) => used && kind === 'picture').map(({ name }) => name)).toEqual([
      'h264_nvenc',
    ]);

    await ffmpeg.dieAfter(4 * SECOND_BYTES);
    const id = await rig.box.record(sampleRequest({ RoomId: 1, Callback: undefined }));
    const warned = await rig.box.waitFor(id, 'warned', ({ warnings }) => warnings.length > 0);
    expect(warned.warnings).toMatchObject([{ code: 'HARDWARE_ENCODER_FAILED' }]);
    const view = await rig.box.waitForState(id, 'done');
    const [failed, ...more] = await eventsOf(api, id, 'hardwareFailed');
    expect(more).toEqual([]);
    expect(failed?.data).toMatchObject({ encoder: 'h264_nvenc' });
    expect(failed?.data.message).toContain('the simulated device is gone');
    expect(Number(failed?.data.atMs)).toBeGreaterThan(3_000);
    expect(view.gaps).toMatchObject([{ reason: 'encoderDied', cut: false }]);
    const bytes = await wholeFile(rig, view);
    // Both encoders left their mark: nothing was encoded anew.
    const marks = bytes.toString('latin1').match(/cabac=[01] ref=\d/g) ?? [];
    expect(new Set(marks)).toEqual(new Set(['cabac=0 ref=2', 'cabac=1 ref=1']));
  }, 150_000);
});
