import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { RecordingView } from '../../shared/view.ts';
import { sampleRequest } from '../support/box.ts';
import { COLOURS, makeClip, TONES_HZ } from '../support/clips.ts';
import { hashFile } from '../support/cos-rig.ts';
import { type Rig, SECRET_ID, SECRET_KEY, startRig } from '../support/rig.ts';

const BUCKET = 'test-123456789';
let rig: Rig;

beforeAll(async () => {
  rig = await startRig({
    name: 'folders',
    rooms: async (directory, ffmpegPath) => {
      const clip = { colour: COLOURS[0]!, toneHz: TONES_HZ[0]!, seconds: 2 };
      const media = await makeClip(ffmpegPath, directory, 'a', clip);
      const participants = [{ userId: 'user_0', media, enterAt: 0, size: '320x180', fps: 15 }];
      const short = { participants, events: [{ at: 1.5, type: 'dissolve' }] };
      return { '1': short, '2': { participants } };
    },
  });
});
afterAll(() => rig?.close());

function change(directory: string | null): Promise<Response> {
  return fetch(`${rig.box.url}/api/settings`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ storage: { directory } }),
  });
}

const folderOf = ({ id, files }: RecordingView): string => {
  const file = files[0]!.localPath!;
  expect(path.basename(path.dirname(file))).toBe(id);
  return path.dirname(path.dirname(file));
};

async function delivered(id: string): Promise<RecordingView> {
  const view = await rig.box.waitForState(id, 'done');
  const [file] = view.files;
  const object = await rig.cos.findObjectFile(BUCKET, file!.objectKey);
  expect(await hashFile(object!)).toBe(await hashFile(file!.localPath!));
  return view;
}

it('another folder is for new recordings; those that are there go on, are delivered and played where they are', async () => {
  const before = path.join(rig.directory, 'box/recordings');
  const after = path.join(rig.directory, 'other disk/recordings');
  rig.cos.setCredentials([{ secretId: 'AKIDother', secretKey: 'another-key' }]);
  const waiting = await rig.box.record(sampleRequest({ RoomId: 1, Callback: undefined }));
  await rig.box.waitFor(waiting, 'blocked', ({ blocked }) => blocked !== null);
  const running = await rig.box.record(sampleRequest({ RoomId: 2, Callback: undefined }));
  await rig.box.waitFor(running, '1 s long', ({ durationMs }) => durationMs >= 1000);

  const refused = await change('recordings');
  expect([refused.status, JSON.stringify(await refused.json())]).toEqual([
    400,
    expect.stringContaining('storage.directory'),
  ]);
  const saved = (await (await change(after)).json()) as { values: object; needsRestart: string[] };
  expect(saved).toMatchObject({
    values: { storage: { directory: after } },
    needsRestart: expect.arrayContaining(['storage.directory']),
  });
  await rig.box.kill();
  rig.cos.setCredentials([{ secretId: SECRET_ID, secretKey: SECRET_KEY }]);
  await rig.restartBox();

  await rig.box.waitFor(running, 'on again', ({ gaps, state }) => gaps.length > 0 && state === 'recording');
  expect((await rig.box.post(`/api/recordings/${running}/stop`, '')).status).toBe(202);
  const later = await rig.box.record(sampleRequest({ RoomId: 1, UserId: 'later', Callback: undefined }));
  expect(folderOf(await delivered(later))).toBe(after);
  await rig.box.post(`/api/recordings/${waiting}/retry`, '');
  for (const id of [waiting, running]) {
    expect(folderOf(await delivered(id))).toBe(before);
    const file = await fetch(`${rig.box.url}/api/recordings/${id}/files/0`, { method: 'HEAD' });
    expect(file.status).toBe(200);
  }
  expect(rig.cos.orphans()).toEqual([]);
}, 180_000);
