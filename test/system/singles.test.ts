import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FileView, RecordingView } from '../../shared/view.ts';
import { sampleRequest } from '../support/box.ts';
import { COLOURS, makeClip, makeFlashBeepClip, TONES_HZ } from '../support/clips.ts';
import { ffprobePath } from '../support/flash-and-beep.ts';
import { toneLevelDb } from '../support/goertzel.ts';
import { expectLength } from '../support/length.ts';
import {
  colourDistance,
  decodeComplaints,
  decodeMedia,
  decodeSound,
  meanColour,
  pictureAt,
  rgbOf,
} from '../support/media.ts';
import { offsetsBetween, toneOnsets } from '../support/onsets.ts';
import { type Rig, startRig } from '../support/rig.ts';

const run = promisify(execFile);

// One file per user, from the same session as the mix: who is in which file, from when on, and that all share one t0.

const END = 8;
const LATER = END + 5;
const PRESENT_DB = -35;
const ABSENT_DB = -60;
const BEEP_HZ = 1_000;
/** What may lie between the same moment in two files of one session. */
const SHARED_T0_SECONDS = 0.02;

describe('single streams', { timeout: 180_000 }, () => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await startRig({
      name: 'singles',
      settings: { dressing: { nameStrip: true }, manifest: { upload: true } },
      rooms: async (directory, ffmpegPath) => {
        const clip = (user: number) =>
          makeClip(ffmpegPath, directory, `user_${user}`, {
            colour: COLOURS[user]!,
            toneHz: TONES_HZ[user]!,
            seconds: 4,
          });
        const beep = await makeFlashBeepClip(ffmpegPath, directory, 'beep', { toneHz: BEEP_HZ, periods: 5 });
        const participants = [
          {
            userId: 'user_0',
            media: await clip(0),
            stays: [[0, LATER]],
            screen: { media: await clip(3), from: 4, to: 6, size: '320x180', fps: 15 },
          },
          {
            userId: 'user_1',
            media: await clip(1),
            stays: [
              [2, 4],
              [6, LATER],
            ],
          },
        ];
        const events = [{ at: END, type: 'dissolve' }];
        return {
          '1': { participants, events },
          '2': {
            participants: [
              { userId: 'user_0', media: beep },
              { userId: 'user_1', media: await clip(1), enterAt: 1 },
            ],
            events,
          },
        };
      },
    });
  });
  afterAll(() => rig?.close());

  function fileOf(view: RecordingView, userId: string, stream: FileView['stream']): FileView {
    const found = view.files.filter((file) => file.userId === userId && file.stream === stream);
    expect(found, `${stream} files of ${userId}`).toHaveLength(1);
    return found[0]!;
  }

  it('mode 02: a file for every user from his entering on, a screen apart, holes filled, the result names them', async () => {
    const id = await rig.box.record(sampleRequest({ RoomId: 1, Mode: '02', Callback: `${rig.receiver.url}/singles` }));
    const view = await rig.box.waitForState(id, 'done');
    expect(view.files.map(({ stream }) => stream).sort()).toEqual(['main', 'main', 'sub']);
    for (const file of view.files) {
      expect(await decodeComplaints(rig.ffmpegPath, file.localPath!), file.localPath!).toBe('');
      expect(file.state).toBe('uploaded');
    }
    const first = fileOf(view, 'user_0', 'main');
    const second = fileOf(view, 'user_1', 'main');
    const screen = fileOf(view, 'user_0', 'sub');
    expect(first.startOffsetMs).toBeLessThan(250);
    expect(Math.abs(second.startOffsetMs - 2_000)).toBeLessThan(250);
    expect(Math.abs(screen.startOffsetMs - 4_000)).toBeLessThan(300);
    for (const file of [first, second]) expectLength(view, file.startOffsetMs + file.durationMs, END * 1000);
    expect(Math.abs(screen.startOffsetMs + screen.durationMs - 6_000)).toBeLessThan(300);

    const size = { width: 640, height: 360 };
    const media = await decodeMedia(rig.ffmpegPath, second.localPath!, { ...size, fps: 15 });
    const area = { x: 40, y: 40, width: 400, height: 150 };
    const at = (seconds: number) => seconds - second.startOffsetMs / 1000;
    for (const seconds of [2.6, 3.8, 7]) {
      const seen = meanColour(media, pictureAt(media, at(seconds)), area);
      expect(colourDistance(seen, rgbOf(COLOURS[1]!)), `picture at ${seconds} s`).toBeLessThanOrEqual(8);
    }
    const level = (from: number, to: number, toneHz: number) =>
      toneLevelDb(media.sound.subarray(Math.round(at(from) * 48_000), Math.round(at(to) * 48_000)), 48_000, toneHz);
    expect(level(2.5, 3.8, TONES_HZ[1]!)).toBeGreaterThan(PRESENT_DB);
    expect(level(4.4, 5.7, TONES_HZ[1]!)).toBeLessThan(ABSENT_DB);
    expect(level(6.5, 7.7, TONES_HZ[1]!)).toBeGreaterThan(PRESENT_DB);
    expect(level(2.5, 3.8, TONES_HZ[0]!), 'nobody else is in it').toBeLessThan(ABSENT_DB);
    const shown = await decodeMedia(rig.ffmpegPath, screen.localPath!, { width: 320, height: 180, fps: 15 });
    const screenColour = meanColour(shown, pictureAt(shown, 1), { x: 20, y: 20, width: 200, height: 70 });
    expect(colourDistance(screenColour, rgbOf(COLOURS[3]!))).toBeLessThanOrEqual(8);

    const told = JSON.parse((await rig.receiver.waitFor(({ path }) => path === '/singles', 60_000)).body) as {
      Files: { UserId: string; Status: number; RecordFile: string; StartOffsetMs: number }[];
    };
    expect(told.Files.map(({ UserId }) => UserId).sort()).toEqual(['user_0', 'user_0', 'user_1']);
    expect(told.Files.every(({ Status, RecordFile }) => Status === 1 && RecordFile.startsWith('https://'))).toBe(true);
    expect(second.objectKey).toMatch(/\/1400000000_1_user_1_main_\d{8}T\d{6}Z_[0-9a-f]{8}\.mp4$/);
    expect(screen.objectKey).toMatch(/_user_0_aux_/);
  });

  it('AlsoSingle: mix and singles of one session share their t0 within 20 ms; metadata, chapters and manifest tell the story', async () => {
    const names = { user_0: '张三', user_1: 'Καλημέρα' };
    const id = await rig.box.record(
      sampleRequest({
        RoomId: 2,
        UserId: 'rec_both',
        AlsoSingle: true,
        Layout: 'speaker',
        Names: names,
        Callback: undefined,
      }),
    );
    const view = await rig.box.waitForState(id, 'done');
    expect(view.files.map(({ stream }) => stream)).toEqual(['mix', 'main', 'main']);
    const mix = view.files[0]!;
    const single = fileOf(view, 'user_0', 'main');
    const inMix = toneOnsets(await decodeSound(rig.ffmpegPath, mix.localPath!), BEEP_HZ);
    const inSingle = toneOnsets(await decodeSound(rig.ffmpegPath, single.localPath!), BEEP_HZ).map(
      (seconds) => seconds + single.startOffsetMs / 1000,
    );
    const offsets = offsetsBetween(inSingle, inMix, 0.5);
    expect(offsets.length).toBeGreaterThanOrEqual(5);
    for (const offset of offsets) expect(Math.abs(offset)).toBeLessThanOrEqual(SHARED_T0_SECONDS);

    const facts = (await run(ffprobePath, ['-v', 'error', '-show_format', '-show_chapters', mix.localPath!])).stdout;
    expect(facts).toContain('user_1 entered');
    expect(facts).toMatch(/trtc-recorder-box/);
    const manifest = JSON.parse(await readFile(`${mix.localPath}.json`, 'utf8')) as {
      files: { sha256: string; crc64: string }[];
    };
    expect(manifest.files).toHaveLength(3);
    expect(manifest.files[0]!.crc64).toBe(mix.crc64);
    expect(rig.cos.requests.some(({ key, status }) => key.endsWith('.mp4.json') && status === 200)).toBe(true);
  });
});
