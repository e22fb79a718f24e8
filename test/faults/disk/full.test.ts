import { spawnSync } from 'node:child_process';
import { mkdir, open, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CallbackReceiver, startCallbackReceiver } from '../../../main/selftest/callback-receiver.ts';
import { type CosServer, startCosServer } from '../../../main/selftest/cos-server/index.ts';
import {
  makeDirectory,
  removeDirectory,
  sampleRequest,
  startBox,
  type TestBox,
  writeScenario,
} from '../../support/box.ts';
import { COLOURS, makeClip, TONES_HZ } from '../../support/clips.ts';
import { decodeComplaints, decodeMedia } from '../../support/media.ts';
import { productFfmpeg, SECRET_ID, SECRET_KEY } from '../../support/rig.ts';

/** A file system of its own in memory, which only the box sees; what is behind it is its command. */
const ON_SMALL_DISK = [
  'sh',
  '-c',
  'mount -t tmpfs -o size=24m none "$1" && mkdir "$1/box" && printf %s "$2" > "$1/box/settings.json" && shift 2 && exec "$@"',
  'sh',
];
const mayMount = process.platform === 'linux' && spawnSync('unshare', ['-rm', 'true']).status === 0;
if (!mayMount)
  process.stderr.write('SKIPPED: a disk that is really full needs "unshare -rm", which this machine refuses\n');

const what = 'a disk that is really full (tmpfs in a namespace of its own)';
describe.skipIf(!mayMount)(what, { timeout: 150_000 }, () => {
  let directory: string;
  let ffmpegPath: string;
  let cos: CosServer;
  let receiver: CallbackReceiver;
  let box: TestBox;
  /** The box's disk as this process sees it. */
  let disk: string;

  beforeAll(async () => {
    directory = await makeDirectory('full');
    ffmpegPath = await productFfmpeg();
    const media = await makeClip(ffmpegPath, directory, 'a', { colour: COLOURS[0], toneHz: TONES_HZ[0], seconds: 4 });
    const participants = [{ userId: 'user_0', media, enterAt: 0, size: '640x360', fps: 15 }];
    const room = { participants, events: [{ at: 60, type: 'dissolve' }] };
    const scenario = await writeScenario(directory, { '1': room, '2': room });
    const credentials = [{ secretId: SECRET_ID, secretKey: SECRET_KEY }];
    cos = await startCosServer({ directory: path.join(directory, 'cos'), port: 0, credentials });
    receiver = await startCallbackReceiver({ port: 0 });
    const mountPoint = path.join(directory, 'disk');
    await mkdir(mountPoint);
    // Without a reserve nothing warns before the first write fails.
    const settings = JSON.stringify({
      disk: { reserveBytes: 0, dataReserveBytes: 0 },
      retention: { evictAtReserve: false },
    });
    box = await startBox({
      dataDirectory: path.join(mountPoint, 'box'),
      args: ['--rooms', 'simulated', '--scenario', scenario],
      launcher: ['unshare', '-rm', ...ON_SMALL_DISK, mountPoint, settings],
      environment: {
        RECORDER_COS_ENDPOINT: cos.url,
        RECORDER_COS_SECRET_ID: SECRET_ID,
        RECORDER_COS_SECRET_KEY: SECRET_KEY,
      },
    });
    disk = path.join('/proc', String(box.pid), 'root', mountPoint);
  });
  afterAll(async () => {
    await box?.stop();
    await Promise.all([cos?.close(), receiver?.close()]);
    await removeDirectory(directory);
  });

  /** Leaves no byte free. */
  async function fill(): Promise<void> {
    const handle = await open(path.join(disk, 'filler'), 'a');
    for (const bytes of [1024 * 1024, 4096, 1]) {
      try {
        for (;;) await handle.write(Buffer.alloc(bytes));
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOSPC' });
      }
    }
    await handle.close();
  }

  it('neither crashes the box nor loses the recording; requests are refused truthfully; with space all goes on', async () => {
    const id = await box.record(sampleRequest({ RoomId: 1, Callback: `${receiver.url}/full` }));
    await box.waitFor(id, '3 s long', ({ durationMs }) => durationMs >= 3_000);
    await fill();
    const refused = await box.post('/', sampleRequest({ RoomId: 2 }));
    expect(refused.status, refused.text).toBe(507);
    expect(JSON.parse(refused.text)).toMatchObject({ code: 'DISK_FAULT', remedy: expect.any(String) });
    // The encoder's file fails within its next second; its rows cannot be written either.
    await expect.poll(() => box.log()).toMatch(/SQLITE_FULL|database or disk is full/);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect((await fetch(`${box.url}/healthz`)).status).toBe(200);
    expect((await box.get(id)).state).toMatch(/recording|finalizing/);
    await rm(path.join(disk, 'filler'));

    const done = await box.waitForState(id, 'done');
    expect(done.endReason).toBe('disk');
    expect(done.failure).toBeNull();
    const object = await cos.findObjectFile('test-123456789', done.files[0]!.objectKey);
    expect(await decodeComplaints(ffmpegPath, object!)).toBe('');
    const { pictures } = await decodeMedia(ffmpegPath, object!, { width: 1280, height: 720, fps: 15 });
    expect(pictures.length / 15).toBeGreaterThan(2);
    const told = await receiver.waitFor(({ path: to }) => to === '/full', 60_000);
    expect(JSON.parse(told.body)).toMatchObject({ EndReason: 'disk', Files: [{ Status: 1 }] });
    expect(box.log()).not.toMatch(/unexpected error/);
    expect(await box.record(sampleRequest({ RoomId: 2, Callback: undefined }))).toMatch(/^[0-9a-f-]{36}$/);
  });
});
