import { stat } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gridLayout, placeInCell } from '../../main/capture/mix/layout.ts';
import type { RecordingView } from '../../shared/view.ts';
import { sampleRequest } from '../support/box.ts';
import { COLOURS, makeClip, TONES_HZ } from '../support/clips.ts';
import { freePort } from '../support/free-port.ts';
import { toneLevelDb } from '../support/goertzel.ts';
import { expectLength } from '../support/length.ts';
import {
  colourDistance,
  type DecodedMedia,
  decodeComplaints,
  decodeMedia,
  meanColour,
  motion,
  pictureAt,
  rgbOf,
} from '../support/media.ts';
import { type Rig, startRig } from '../support/rig.ts';

// The plan of each room says who is seen and heard when; the file is judged against it by its pixels and tones.

const CANVAS = { width: 1280, height: 720 };
/** After a change the picture and sound get this long to show it before they are judged. */
const SETTLE_SECONDS = 0.45;
const PRESENT_DB = -35;
const ABSENT_DB = -60;

interface Planned {
  /** Users in cell order; `held` shows his last picture and is silent. */
  cells: { user: number; held?: boolean }[];
  /** Users that are heard. */
  heard: number[];
}

/** Judges one stretch of the file in which nothing changes. */
function judge(media: DecodedMedia, from: number, to: number, plan: Planned): void {
  const early = from + SETTLE_SECONDS;
  const late = to - 0.15;
  const where = `between ${from} s and ${to} s`;
  const rects = gridLayout(plan.cells.length, CANVAS.width, CANVAS.height);
  for (const [index, { user, held }] of plan.cells.entries()) {
    const { destination } = placeInCell(rects[index]!, 640, 360, 0, 'fit');
    const background = {
      x: destination.x + 16,
      y: destination.y + 16,
      width: destination.width - 32,
      height: Math.floor(destination.height / 2),
    };
    const strip = {
      x: destination.x,
      y: destination.y + Math.floor(destination.height * 0.86),
      width: destination.width,
      height: Math.floor(destination.height * 0.06),
    };
    for (const second of [early, (early + late) / 2, late]) {
      const seen = meanColour(media, pictureAt(media, second), background);
      const wanted = rgbOf(COLOURS[user]!);
      expect(
        colourDistance(seen, wanted),
        `cell ${index} at ${second} s is ${JSON.stringify(seen)}`,
      ).toBeLessThanOrEqual(8);
    }
    const moved = motion(media, pictureAt(media, early), pictureAt(media, early + 0.4), strip);
    if (held) expect(moved, `cell ${index} is held ${where}`).toBeLessThan(1);
    else expect(moved, `cell ${index} moves ${where}`).toBeGreaterThan(4);
  }
  const sound = media.sound.subarray(Math.round(early * 48_000), Math.round(late * 48_000));
  for (const [user, toneHz] of TONES_HZ.entries()) {
    const level = toneLevelDb(sound, 48_000, toneHz);
    if (plan.heard.includes(user)) expect(level, `tone of user ${user} ${where}`).toBeGreaterThan(PRESENT_DB);
    else expect(level, `no tone of user ${user} ${where}`).toBeLessThan(ABSENT_DB);
  }
}

async function participants(
  directory: string,
  ffmpegPath: string,
  stays: [number, number][][],
  extra: Record<number, unknown> = {},
) {
  return await Promise.all(
    stays.map(async (list, user) => ({
      userId: `user_${user}`,
      media: await makeClip(ffmpegPath, directory, `user_${user}`, {
        colour: COLOURS[user]!,
        toneHz: TONES_HZ[user]!,
        seconds: 4,
      }),
      stays: list,
      size: '640x360',
      fps: 15,
      ...(extra[user] ?? {}),
    })),
  );
}

async function expectDelivered(rig: Rig, view: RecordingView, seconds: number): Promise<string> {
  const file = view.files[0]!;
  expect(view.failure).toBeNull();
  expect(file.state).toBe('uploaded');
  expectLength(view, file.durationMs, seconds * 1000);
  expect((await stat(file.localPath!)).size).toBe(file.bytes);
  expect(await decodeComplaints(rig.ffmpegPath, file.localPath!)).toBe('');
  return file.localPath!;
}

describe('what the file shows and sounds like', { timeout: 180_000 }, () => {
  let rig: Rig;
  const END = 11;
  /** Those who stay until the room is dissolved. */
  const LATER = END + 5;

  beforeAll(async () => {
    rig = await startRig({
      name: 'content',
      rooms: async (directory, ffmpegPath) => {
        const six = await participants(directory, ffmpegPath, [
          [[0, LATER]],
          [
            [0, 6],
            [8.5, LATER],
          ],
          [[1, LATER]],
          [[2, LATER]],
          [[3, LATER]],
          [[3, LATER]],
        ]);
        const eight = await participants(
          directory,
          ffmpegPath,
          [
            [[0, 4]],
            [[0, LATER]],
            [[0.1, LATER]],
            [[0.2, LATER]],
            [[0.3, LATER]],
            [[0.4, LATER]],
            [[1, LATER]],
            [[1.5, LATER]],
          ],
          {
            5: {
              changes: [
                { at: 6, video: false },
                { at: 8, video: true },
                { at: 8, audio: false },
                { at: 9.5, audio: true },
              ],
            },
          },
        );
        const events = [{ at: END, type: 'dissolve' }];
        return {
          '1': { participants: six, events },
          '2': { participants: eight, events },
          'str:a room': { participants: six, events },
        };
      },
    });
  });
  afterAll(() => rig?.close());

  it('IsReserve true: six participants, a leaver keeps his cell with his last picture and silence, and gets it back', async () => {
    const id = await rig.box.record(
      sampleRequest({ RoomId: 1, IsReserve: true, Callback: `${rig.receiver.url}/reserve` }),
    );
    const view = await rig.box.waitForState(id, 'done');
    const file = await expectDelivered(rig, view, END);
    const media = await decodeMedia(rig.ffmpegPath, file, { ...CANVAS, fps: 15 });
    const all = [0, 1, 2, 3, 4, 5].map((user) => ({ user }));
    judge(media, 0, 1, { cells: all.slice(0, 2), heard: [0, 1] });
    judge(media, 1, 2, { cells: all.slice(0, 3), heard: [0, 1, 2] });
    judge(media, 2, 3, { cells: all.slice(0, 4), heard: [0, 1, 2, 3] });
    judge(media, 3, 6, { cells: all, heard: [0, 1, 2, 3, 4, 5] });
    const held = all.map(({ user }) => ({ user, held: user === 1 }));
    judge(media, 6, 8.5, { cells: held, heard: [0, 2, 3, 4, 5] });
    judge(media, 8.5, END, { cells: all, heard: [0, 1, 2, 3, 4, 5] });
    expect(view.endReason).toBe('dissolved');
    expect(view.result).toMatchObject({
      SdkAppId: '1400000000',
      RoomId: '1',
      UserId: 'user_55952145',
      StrRoomId: '',
      Files: [{ UserId: 'user_55952145', Status: 1, RecordFile: view.files[0]!.url }],
    });
  });

  it('IsReserve false with eight users: the first six are in, the seventh is promoted, a camera that is off takes no cell', async () => {
    // At this address nobody answers, so that it stays to be told: what matters here is on the disk before that.
    const Callback = `http://127.0.0.1:${await freePort()}/callback`;
    const id = await rig.box.record(sampleRequest({ RoomId: 2, IsReserve: false, Callback }));
    const view = await rig.box.waitForState(id, 'notifying');
    const file = await expectDelivered(rig, view, END);
    const media = await decodeMedia(rig.ffmpegPath, file, { ...CANVAS, fps: 15 });
    judge(media, 1.5, 4, { cells: [0, 1, 2, 3, 4, 5].map((user) => ({ user })), heard: [0, 1, 2, 3, 4, 5] });
    judge(media, 4, 6, { cells: [6, 1, 2, 3, 4, 5].map((user) => ({ user })), heard: [1, 2, 3, 4, 5, 6] });
    judge(media, 6, 8, { cells: [6, 1, 2, 3, 4].map((user) => ({ user })), heard: [1, 2, 3, 4, 5, 6] });
    judge(media, 8, 9.5, { cells: [6, 1, 2, 3, 4, 5].map((user) => ({ user })), heard: [1, 2, 3, 4, 6] });
    judge(media, 9.5, END, { cells: [6, 1, 2, 3, 4, 5].map((user) => ({ user })), heard: [1, 2, 3, 4, 5, 6] });
    const slots = Object.fromEntries(view.participants.map(({ userId, slot }) => [userId, slot]));
    expect(slots).toMatchObject({ user_1: 1, user_5: 5, user_6: 0, user_7: null });
  });

  it('mode 10 is the sound alone as MP3, mode 11 the pictures alone', async () => {
    const [audio, video] = await Promise.all([
      rig.box.record(sampleRequest({ RoomId: 1, UserId: 'rec_audio', Mode: 10, Callback: undefined })),
      rig.box.record(
        sampleRequest({
          RoomId: undefined,
          StrRoomId: 'a room',
          UserId: 'rec_video',
          Mode: '11',
          IsReserve: true,
          Callback: undefined,
        }),
      ),
    ]);
    const heard = await rig.box.waitForState(audio, 'done');
    const mp3 = await expectDelivered(rig, heard, END);
    expect(mp3).toMatch(/_1_rec_audio_.*\.mp3$/);
    const sound = await decodeMedia(rig.ffmpegPath, await seenFile(video), { ...CANVAS, fps: 15 });
    expect(sound.sound.length).toBe(0);
    judgePictures(sound);
    const { decodeSound } = await import('../support/media.ts');
    const samples = await decodeSound(rig.ffmpegPath, mp3);
    expect(toneLevelDb(samples.subarray(48_000 * 4, 48_000 * 5), 48_000, TONES_HZ[1]!)).toBeGreaterThan(PRESENT_DB);
    expect(toneLevelDb(samples.subarray(48_000 * 7, 48_000 * 8), 48_000, TONES_HZ[1]!)).toBeLessThan(ABSENT_DB);

    async function seenFile(id: string): Promise<string> {
      const seen = await rig.box.waitForState(id, 'done');
      expect(seen.result?.StrRoomId).toBe('a room');
      expect(seen.result?.RoomId).toBe('');
      return await expectDelivered(rig, seen, END);
    }
    function judgePictures(media: DecodedMedia): void {
      const rect = gridLayout(6, CANVAS.width, CANVAS.height)[5]!;
      const { destination } = placeInCell(rect, 640, 360, 0, 'fit');
      const area = { ...destination, height: Math.floor(destination.height / 2) };
      expect(colourDistance(meanColour(media, pictureAt(media, 5), area), rgbOf(COLOURS[5]!))).toBeLessThanOrEqual(8);
    }
  });
});
