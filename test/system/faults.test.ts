import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sampleRequest } from '../support/box.ts';
import { COLOURS, makeClip, TONES_HZ } from '../support/clips.ts';
import { toneLevelDb } from '../support/goertzel.ts';
import { expectLength } from '../support/length.ts';
import {
  colourDistance,
  type DecodedMedia,
  decodeComplaints,
  decodeMedia,
  meanColour,
  rgbOf,
} from '../support/media.ts';
import { descendants, isCapture, isEncoder, type ProcessEntry } from '../support/processes.ts';
import { type Rig, SECRET_KEY, startRig } from '../support/rig.ts';

const CANVAS = { width: 1280, height: 720 };
const END = 12;
const USER_SIG = 'eJwtzNEKgkAUBNB-masked-in-the-document';
const REQUEST_KEY = 'secret-key-of-this-request';

/** The process of a box that a test is about to kill. */
function theProcess(boxPid: number, kind: 'encoder' | 'capture'): number {
  const matches = descendants(boxPid).filter(kind === 'encoder' ? isEncoder : isCapture);
  expect(matches, `${kind} processes of the box`).toHaveLength(1);
  return matches[0]!.pid;
}

/** Seconds of the file in which user 0 is neither seen nor heard although he was there all the time, at most. */
function longestHole(media: DecodedMedia): { pictureSeconds: number; soundSeconds: number } {
  const area = { x: 32, y: 32, width: 200, height: 200 };
  const wanted = rgbOf(COLOURS[0]!);
  const dark = media.pictures.map((picture) => colourDistance(meanColour(media, picture, area), wanted) > 8);
  const step = 4_800;
  const quiet: boolean[] = [];
  for (let at = 0; at + step <= media.sound.length; at += step) {
    quiet.push(toneLevelDb(media.sound.subarray(at, at + step), 48_000, TONES_HZ[0]!) < -40);
  }
  return { pictureSeconds: longestRun(dark) / media.fps, soundSeconds: (longestRun(quiet) * step) / 48_000 };
}

function longestRun(flags: readonly boolean[]): number {
  let longest = 0;
  let run = 0;
  for (const flag of flags) {
    run = flag ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}

const what = 'processes die while recording (looks into /proc, so Linux only)';
describe.skipIf(process.platform !== 'linux')(what, { timeout: 150_000 }, () => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await startRig({
      name: 'deaths',
      rooms: async (directory, ffmpegPath) => {
        const media = await makeClip(ffmpegPath, directory, 'a', {
          colour: COLOURS[0]!,
          toneHz: TONES_HZ[0]!,
          seconds: 4,
        });
        const room = {
          participants: [{ userId: 'user_0', media, enterAt: 0, size: '640x360', fps: 15 }],
          events: [{ at: END, type: 'dissolve' }],
        };
        return { '1': room, '2': room, '3': room, '4': room };
      },
    });
  });
  afterAll(() => rig?.close());

  /** @param downMs how long nobody was there to start another process */
  async function expectOneWholeFile(id: string, gapReason: string, downMs = 0): Promise<void> {
    const view = await rig.box.waitForState(id, 'done');
    const file = view.files[0]!;
    expect(view.files).toHaveLength(1);
    expect(await decodeComplaints(rig.ffmpegPath, file.localPath!)).toBe('');
    expectLength(view, file.durationMs, END * 1000 - 150);
    expect(view.gaps.map(({ reason }) => reason)).toEqual([gapReason]);
    expect(view.gaps[0]!.durationMs).toBeLessThanOrEqual(3_000 + downMs);
    const media = await decodeMedia(rig.ffmpegPath, file.localPath!, { ...CANVAS, fps: 15 });
    const hole = longestHole(media);
    expect(hole.pictureSeconds).toBeLessThanOrEqual(3 + downMs / 1_000);
    expect(hole.soundSeconds).toBeLessThanOrEqual(3 + downMs / 1_000);
    expect(media.pictures.length / 15).toBeGreaterThan(END - 0.3);
    expect(rig.receiver.received.filter(({ path: to }) => to === `/${id}`)).toHaveLength(0);
    const directory = path.dirname(file.localPath!);
    expect((await readdir(directory)).filter((name) => name.startsWith('segment-'))).toEqual([]);
  }

  it('ffmpeg is killed: the next segment goes on, the result is one file', async () => {
    const id = await rig.box.record(sampleRequest({ RoomId: 1, Callback: undefined }));
    await rig.box.waitFor(id, '4 s long', (view) => view.durationMs >= 4_000);
    process.kill(theProcess(rig.box.pid, 'encoder'), 'SIGKILL');
    await expectOneWholeFile(id, 'encoderDied');
  });

  it('the capture process is killed: a new one re-enters, the result is one file', async () => {
    const id = await rig.box.record(sampleRequest({ RoomId: 2, Callback: undefined }));
    await rig.box.waitFor(id, '4 s long', (view) => view.durationMs >= 4_000);
    process.kill(theProcess(rig.box.pid, 'capture'), 'SIGKILL');
    await expectOneWholeFile(id, 'captureDied');
  });

  it('the box is killed: its next start goes on with the recording and delivers it', async () => {
    const id = await rig.box.record(sampleRequest({ RoomId: 3, Callback: undefined }));
    await rig.box.waitFor(id, '3 s long', (view) => view.durationMs >= 3_000);
    const killedMs = performance.now();
    await rig.box.kill();
    await rig.restartBox();
    await expectOneWholeFile(id, 'boxDown', performance.now() - killedMs);
  });

  it('SIGTERM: the recording is finalized, the exit code is 0, the next start delivers', async () => {
    await rig.cos.setOffline(true);
    const id = await rig.box.record(
      sampleRequest({
        RoomId: 4,
        UserSig: USER_SIG,
        CosConfig: {
          Region: 'ap-shanghai',
          Bucket: 'test-123456789',
          Path: '/',
          SecretId: 'AKIDsystemtest',
          SecretKey: SECRET_KEY,
        },
        Callback: `${rig.receiver.url}/after-restart`,
      }),
    );
    await rig.box.waitFor(id, '3 s long', (view) => view.durationMs >= 3_000);
    expect(await rig.box.stop()).toBe(0);
    await rig.cos.setOffline(false);
    await rig.restartBox();
    const view = await rig.box.waitForState(id, 'done');
    expect(view.endReason).toBe('shutdown');
    expect(view.files[0]!.durationMs).toBeGreaterThan(2_900);
    const told = await rig.receiver.waitFor(({ path: to }) => to === '/after-restart', 60_000);
    expect(JSON.parse(told.body)).toMatchObject({ EndReason: 'shutdown', Files: [{ Status: 1 }] });
  });

  it('secrets are in no file of the data directory and in no line of the log', async () => {
    const id = await rig.box.record(
      sampleRequest({
        RoomId: 1,
        UserId: 'rec_secret',
        UserSig: USER_SIG,
        CosConfig: {
          Region: 'ap-shanghai',
          Bucket: 'test-123456789',
          Path: '/',
          SecretId: 'AKIDrequest',
          SecretKey: REQUEST_KEY,
          Token: 'token-of-this-request',
        },
        Callback: undefined,
      }),
    );
    await rig.box.waitFor(id, '1 s long', (view) => view.durationMs >= 1_000);
    const running = descendants(rig.box.pid);
    expect([running.filter(isCapture).length, running.filter(isEncoder).length]).toEqual([1, 1]);
    const visible = running.map((entry) => entry.command + environmentOf(entry));
    await rig.box.waitFor(id, 'blocked: COS refuses the keys', ({ blocked }) => blocked !== null);
    const secrets = [USER_SIG, REQUEST_KEY, 'token-of-this-request', SECRET_KEY];
    const everything = await allBytes(rig.box.dataDirectory);
    expect(everything.length).toBeGreaterThan(5);
    for (const { file, bytes } of [...everything, { file: 'stderr', bytes: Buffer.from(rig.box.log()) }]) {
      for (const secret of secrets) expect(bytes.includes(secret), `${file} holds a secret`).toBe(false);
    }
    const reply = await (await fetch(`${rig.box.url}/api/recordings/${id}`)).text();
    for (const secret of secrets) expect(reply.includes(secret)).toBe(false);
    for (const secret of secrets) expect(visible.some((text) => text.includes(secret))).toBe(false);
  });
});

/** Of a process that may have ended by now, as those that only decode a clip do. */
function environmentOf(entry: ProcessEntry): string {
  try {
    return readFileSync(`/proc/${entry.pid}/environ`, 'utf8');
  } catch (error) {
    if (isCapture(entry) || isEncoder(entry)) throw error;
    return '';
  }
}

async function allBytes(directory: string): Promise<{ file: string; bytes: Buffer }[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  return await Promise.all(files.map(async (file) => ({ file, bytes: await readFile(file) })));
}
