import { execFile } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMp3 } from '../../main/capture/encode/mp3.ts';
import { memoryReader } from '../../main/capture/encode/random-access.ts';
import { waitForOrphan } from '../../main/recordings/job.ts';
import type { RecordingView } from '../../shared/view.ts';
import { sampleRequest } from '../support/box.ts';
import { hashFile } from '../support/cos-rig.ts';
import { ffprobePath } from '../support/flash-and-beep.ts';
import { decodeComplaints } from '../support/media.ts';
import { makeNoise } from '../support/noisy-segment.ts';
import { type Rig, startRig } from '../support/rig.ts';

const run = promisify(execFile);
const BUCKET = 'test-123456789';
const PART_BYTES = 1024 ** 2;
/** All uploads of the box together, as a line would: three times what is recorded. */
const LINE_BYTES_PER_SECOND = 2_000_000;
/** Sound of so many seconds is more than four parts. */
const LONGER_SECONDS = 120;

describe('a mix that is sent while it is recorded', { timeout: 180_000 }, () => {
  let rig: Rig;

  beforeAll(async () => {
    rig = await startRig({
      name: 'live-upload',
      settings: {
        upload: { live: true, maxBytesPerSecond: LINE_BYTES_PER_SECOND },
        audio: { mp3Kbps: 320 },
        video: { width: 320, height: 180, crf: 8, preset: 'ultrafast', maxRateKbps: 5000 },
      },
      rooms: async (directory, ffmpegPath) => {
        const participants = [
          { userId: 'user_0', media: await makeNoise(ffmpegPath, directory, '320x180'), size: '320x180', fps: 15 },
        ];
        return { '1': { participants }, '2': { participants }, '3': { participants } };
      },
    });
  });
  afterAll(() => rig?.close());

  /** Bytes of a recording that COS does not have yet. */
  const behindBytes = (id: string): number => {
    const folder = path.join(rig.box.dataDirectory, 'recordings', id);
    const segments = readdirSync(folder).filter((name) => name.startsWith('segment-'));
    const recorded = segments.reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0);
    return recorded - partsSince(0).length * PART_BYTES;
  };

  /** Numbers of the parts that arrived whole, since a moment. */
  const partsSince = (atMs: number): number[] =>
    rig.cos.requests.flatMap(({ partNumber, status, atMs: at }) =>
      partNumber !== null && status === 200 && at >= atMs ? [partNumber] : [],
    );

  const stop = async (id: string): Promise<number> => {
    const stoppedAtMs = Date.now();
    expect((await rig.box.post(`/api/recordings/${id}/stop`, {})).status).toBe(202);
    return stoppedAtMs;
  };

  async function expectWhole(view: RecordingView, kinds: readonly string[] = ['video', 'audio']): Promise<void> {
    const [file] = view.files;
    const object = await rig.cos.findObjectFile(BUCKET, file!.objectKey);
    expect(await hashFile(object!)).toBe(await hashFile(file!.localPath!));
    expect(await decodeComplaints(rig.ffmpegPath, object!)).toBe('');
    const { stdout } = await run(ffprobePath, [
      ...['-v', 'error', '-show_entries', 'stream=codec_type,duration:format=duration', '-of', 'json', object!],
    ]);
    const { streams } = JSON.parse(stdout) as { streams: { codec_type: string; duration: string }[] };
    expect(streams.map(({ codec_type }) => codec_type)).toEqual(kinds);
    for (const { duration } of streams) expect(Math.abs(Number(duration) - file!.durationMs / 1000)).toBeLessThan(0.5);
    expect(rig.cos.orphans()).toEqual([]);
  }

  it('has little to send after its end, and is the file on the disk', async () => {
    const id = await rig.box.record(sampleRequest({ RoomId: 1, Callback: undefined }));
    // However busy the machine was: what is sent keeps up with what is recorded.
    await rig.box.waitFor(id, 'sent in part', () => partsSince(0).length >= 8 && behindBytes(id) < 2 * PART_BYTES);
    const stoppedAtMs = await stop(id);
    const view = await rig.box.waitForState(id, 'done');
    await expectWhole(view);
    // The part with the header that tells the length, what was begun of the last one, and what was recorded since the last look.
    const late = partsSince(stoppedAtMs);
    expect(late).toContain(1);
    expect(late.length).toBeLessThanOrEqual(5);
    expect(new Set(partsSince(0)).size).toBeGreaterThanOrEqual(8);
  });

  it('goes on after a kill with what COS has, and without a line the ordinary way from there', async () => {
    const beganAtMs = Date.now();
    const id = await rig.box.record(sampleRequest({ RoomId: 2, Callback: undefined }));
    await rig.box.waitFor(id, 'sent in part', () => partsSince(beganAtMs).length >= 4);
    await rig.box.kill();
    // The answer to the last one may not have reached it; parts are sent one after another.
    const before = partsSince(beganAtMs).slice(0, -1);
    await rig.restartBox();
    await rig.box.waitFor(id, 'sent further', () => Math.max(...partsSince(beganAtMs)) >= Math.max(...before) + 2);
    await rig.cos.setOffline(true);
    const { durationMs } = await rig.box.get(id);
    await rig.box.waitFor(id, 'longer', (view) => view.durationMs > durationMs + 1500);
    await stop(id);
    await rig.box.waitFor(
      id,
      'waiting for the line',
      ({ state, waiting }) => state === 'uploading' && waiting !== null,
    );
    await rig.cos.setOffline(false);
    expect((await rig.box.post('/api/retry', {})).status).toBeLessThan(300);
    const view = await rig.box.waitForState(id, 'done');
    await expectWhole(view);
    const all = partsSince(beganAtMs);
    for (const number of before.slice(1)) expect(all.filter((each) => each === number)).toHaveLength(1);
    expect(view.gaps).toMatchObject([{ reason: 'boxDown' }]);
  });

  it('sends sound alone just so, through a kill', async () => {
    const beganAtMs = Date.now();
    const id = await rig.box.record(sampleRequest({ RoomId: 3, Mode: '10', Callback: undefined }));
    await rig.box.waitFor(id, 'recorded', ({ durationMs }) => durationMs >= 2000);
    await rig.box.kill();
    await makeLonger(path.join(rig.box.dataDirectory, 'recordings', id));
    await rig.restartBox();
    await rig.box.waitFor(id, 'sent in part', () => partsSince(beganAtMs).length >= 4);
    const { durationMs } = await rig.box.get(id);
    await rig.box.waitFor(id, 'going on', (view) => view.durationMs > durationMs + 2000);
    const before = partsSince(beganAtMs);
    await stop(id);
    const view = await rig.box.waitForState(id, 'done');
    await expectWhole(view, ['audio']);
    const [file] = view.files;
    expect(file!.durationMs).toBeGreaterThan(LONGER_SECONDS * 1000 + 4000);
    expect(file!.bytes).toBeGreaterThan(LONGER_SECONDS * 40_000);
    const late = partsSince(beganAtMs).slice(before.length);
    expect(late.filter((number) => before.includes(number))).toEqual([1]);
    expect(late.length).toBeLessThanOrEqual(3);
    expect(view.gaps).toMatchObject([{ reason: 'boxDown' }]);
  });
});

/** Repeats what a killed box has recorded, as if it had gone on for minutes. */
async function makeLonger(directory: string): Promise<void> {
  expect(await waitForOrphan(directory, 60_000)).toBe('gone');
  const [name] = (await readdir(directory)).filter((each) => each.startsWith('segment-'));
  const file = path.join(directory, name!);
  const recorded = await readFile(file);
  const { validLength, durationMs } = await parseMp3(memoryReader(recorded));
  const turns = Math.ceil((LONGER_SECONDS * 1000) / durationMs);
  await writeFile(file, Buffer.concat(Array.from({ length: turns }, () => recorded.subarray(0, validLength))));
}
