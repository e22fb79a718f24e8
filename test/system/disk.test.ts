import { rename } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Appliance, startAppliance } from '../../main/appliance.ts';
import { silentLogger } from '../../main/logging.ts';
import { systemProbe } from '../../main/recordings/recordings-disk.ts';
import { type CallbackReceiver, startCallbackReceiver } from '../../main/selftest/callback-receiver.ts';
import { type CosServer, startCosServer } from '../../main/selftest/cos-server/index.ts';
import { readEnvironment } from '../../main/settings/environment.ts';
import type { RecordingView } from '../../shared/view.ts';
import { makeDirectory, removeDirectory, sampleRequest, writeScenario } from '../support/box.ts';
import { COLOURS, makeClip, TONES_HZ } from '../support/clips.ts';
import { freePort } from '../support/free-port.ts';
import { toneLevelDb } from '../support/goertzel.ts';
import { decodeComplaints, decodeMedia } from '../support/media.ts';
import { productFfmpeg, SECRET_ID, SECRET_KEY } from '../support/rig.ts';

const PLENTY = 50e9;
/** Below the default reserve of 2 GB. */
const SHORT = 1e9;

let directory: string;
let ffmpegPath: string;
let recordings: string;
let cos: CosServer;
let receiver: CallbackReceiver;
let box: Appliance;
/** What the disks say is free. */
let freeBytes = PLENTY;

beforeAll(async () => {
  directory = await makeDirectory('disk');
  ffmpegPath = await productFfmpeg();
  const media = await makeClip(ffmpegPath, directory, 'a', { colour: COLOURS[0], toneHz: TONES_HZ[0], seconds: 4 });
  const participants = [{ userId: 'user_0', media, enterAt: 0, size: '640x360', fps: 15 }];
  const lasting = (seconds: number) => ({ participants, events: [{ at: seconds, type: 'dissolve' }] });
  const rooms = { '1': lasting(60), '2': lasting(60), '3': lasting(2) };
  const scenarioPath = await writeScenario(directory, rooms);
  const credentials = [{ secretId: SECRET_ID, secretKey: SECRET_KEY }];
  cos = await startCosServer({ directory: path.join(directory, 'cos'), port: await freePort(), credentials });
  receiver = await startCallbackReceiver({ port: 0 });
  recordings = path.join(directory, 'recordings');
  box = await startAppliance({
    dataDirectory: path.join(directory, 'box'),
    port: 0,
    rooms: { kind: 'simulated', scenarioPath },
    environment: readEnvironment({
      CFS_PATH: recordings,
      RECORDER_COS_ENDPOINT: cos.url,
      RECORDER_COS_SECRET_ID: SECRET_ID,
      RECORDER_COS_SECRET_KEY: SECRET_KEY,
    }),
    log: silentLogger(),
    diskProbe: { ...systemProbe, freeBytes: async () => freeBytes },
  });
});
afterAll(async () => {
  await box?.stop();
  await Promise.all([cos?.close(), receiver?.close()]);
  await removeDirectory(directory);
});

async function ask(request: Record<string, unknown>): Promise<{ status: number; code: string | null; id: string }> {
  const reply = await fetch(`${box.url}/api/recordings`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  const { code = null, id = '' } = (await reply.json()) as { code?: string; id?: string };
  return { status: reply.status, code, id };
}

async function look(id: string): Promise<RecordingView> {
  return (await (await fetch(`${box.url}/api/recordings/${id}`)).json()) as RecordingView;
}

async function until(id: string, what: string, isSo: (view: RecordingView) => boolean): Promise<RecordingView> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const view = await look(id);
    if (isSo(view)) return view;
    if (performance.now() > deadline) throw new Error(`not "${what}" in time: ${JSON.stringify(view)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('the disk while recordings run', { timeout: 150_000 }, () => {
  it('at the reserve: finalized in order, delivered with EndReason disk; 507 until there is space, proven files give it', async () => {
    const { id } = await ask(sampleRequest({ RoomId: 1, Mode: '12', Callback: `${receiver.url}/disk` }));
    await until(id, '3 s long', ({ durationMs }) => durationMs >= 3_000);
    freeBytes = SHORT;
    expect(await ask(sampleRequest({ RoomId: 2 }))).toMatchObject({ status: 507, code: 'DISK_RESERVE' });
    const done = await until(id, 'done', ({ state }) => state === 'done');
    expect(done.endReason).toBe('disk');
    const told = await receiver.waitFor(({ path: to }) => to === '/disk', 60_000);
    expect(JSON.parse(told.body)).toMatchObject({ EndReason: 'disk', Files: [{ Status: 1 }] });

    const object = await cos.findObjectFile('test-123456789', done.files[0]!.objectKey);
    expect(await decodeComplaints(ffmpegPath, object!)).toBe('');
    const { sound, pictures } = await decodeMedia(ffmpegPath, object!, { width: 1280, height: 720, fps: 15 });
    expect(pictures.length / 15).toBeGreaterThan(2.7);
    expect(toneLevelDb(sound.subarray(48_000, 96_000), 48_000, TONES_HZ[0])).toBeGreaterThan(-40);

    // Still short of space, the box gives up its copy of what COS was asked about right before.
    const evicted = await until(id, 'evicted', ({ files }) => files[0]!.localPath === null);
    expect(evicted.files[0]).toMatchObject({ state: 'uploaded', evictedAt: expect.any(String) });
    expect(cos.requests.some(({ method, status }) => method === 'HEAD' && status === 200)).toBe(true);

    const health = (await (await fetch(`${box.url}/healthz`)).json()) as Record<string, unknown>;
    expect(health).toMatchObject({ accepting: false, problems: ['DISK_RESERVE'], disk: { freeBytes: SHORT } });
    freeBytes = PLENTY;
    const again = await ask(sampleRequest({ RoomId: 2, Callback: undefined }));
    expect(again.status).toBe(202);
    await fetch(`${box.url}/api/recordings/${again.id}/stop`, { method: 'POST' });
    await until(again.id, 'over', ({ state }) => state === 'done' || state === 'failed');
  });

  it('unplugged: deliveries wait, nothing is given up, nothing is put in its place; all goes on when it is back', async () => {
    await cos.setOffline(true);
    const { id } = await ask(sampleRequest({ RoomId: 3, Callback: undefined }));
    await until(id, 'waiting for the line', ({ state, attempts }) => state === 'uploading' && attempts > 0);
    await rename(recordings, `${recordings}.away`);
    // A try that is under way may have read the file already: it has to fail before the line is back.
    const { attempts } = await look(id);
    await until(id, 'tried again', (view) => view.attempts > attempts || view.blocked !== null);
    await cos.setOffline(false);
    const blocked = await until(id, 'blocked', (view) => view.blocked !== null);
    expect(blocked.blocked).toMatchObject({ code: 'DISK_AWAY', remedy: expect.stringContaining('mount') });
    expect(await ask(sampleRequest({ RoomId: 2 }))).toMatchObject({ status: 507, code: 'DISK_AWAY' });
    const health = (await (await fetch(`${box.url}/healthz`)).json()) as Record<string, unknown>;
    expect(health).toMatchObject({ accepting: false, problems: ['DISK_AWAY'], disk: { freeBytes: null } });
    await rename(`${recordings}.away`, recordings);
    const done = await until(id, 'done', ({ state }) => state === 'done');
    expect(done.files[0]).toMatchObject({ state: 'uploaded' });
    expect(await decodeComplaints(ffmpegPath, done.files[0]!.localPath!)).toBe('');
  });
});
