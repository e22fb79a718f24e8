import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventView } from '../../main/http/archive-api.ts';
import { sampleRequest } from '../support/box.ts';
import { COLOURS, makeClip, TONES_HZ } from '../support/clips.ts';
import { type Rig, startRig } from '../support/rig.ts';

// What is left of a recording when it is over: file, previews, manifest, history; and that it can be deleted, whatever happens meanwhile.

const ROOM_SECONDS = 2;
const TIMEOUT_MS = 120_000;

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({
    name: 'library',
    rooms: async (directory, ffmpegPath) => {
      const plan = { colour: COLOURS[0], toneHz: TONES_HZ[0], seconds: 2 };
      const media = await makeClip(ffmpegPath, directory, 'user', plan);
      const participants = [{ userId: 'anna', media }];
      const events = [{ at: ROOM_SECONDS, type: 'dissolve' }];
      return { '1': { participants, events }, '2': { participants, events }, '3': { participants } };
    },
  });
}, TIMEOUT_MS);
afterAll(() => rig?.close());

function ask(address: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${rig.box.url}${address}`, init);
}

async function delivered(RoomId: number): Promise<{ id: string; folder: string; objectKey: string }> {
  const id = await rig.box.record(sampleRequest({ RoomId, UserId: `rec_${RoomId}`, Callback: undefined }));
  const { files } = await rig.box.waitForState(id, 'done');
  return { id, folder: path.dirname(files[0]?.localPath ?? ''), objectKey: files[0]?.objectKey ?? '' };
}

async function eventTypes(id: string): Promise<string[]> {
  const lines = await ask(`/api/recordings/${id}/events`, { headers: { accept: 'application/x-ndjson' } });
  expect(lines.status).toBe(200);
  return (await lines.text())
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as EventView).type);
}

describe('a recording that is over', { timeout: TIMEOUT_MS }, () => {
  it('is there to be seen, found and deleted; its object and its history stay', async () => {
    const { id, folder, objectKey } = await delivered(1);
    const view = (await (await ask(`/api/recordings/${id}`)).json()) as {
      files: { links: Record<string, string> }[];
      links: Record<string, string>;
    };
    const { file = '', thumbnail = '', waveform = '' } = view.files[0]?.links ?? {};
    const part = await ask(file, { headers: { range: 'bytes=4-7' } });
    expect([part.status, await part.text()]).toEqual([206, 'ftyp']);
    const picture = await ask(thumbnail);
    expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    expect([...new Uint8Array(await picture.arrayBuffer()).subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    const { durationMs, peaks } = (await (await ask(waveform)).json()) as { durationMs: number; peaks: number[] };
    expect(durationMs).toBeGreaterThan(1000);
    expect(Math.max(...peaks)).toBeGreaterThan(0.05);
    const manifest = await (await ask(view.links.manifest ?? '')).json();
    expect(manifest).toMatchObject({ recordingId: id, files: [{ objectKey }] });
    expect(await (await ask(view.links.result ?? '')).json()).toMatchObject({
      RequestId: id,
      Files: [{ Status: 1 }],
    });
    for (const text of ['anna', 'rec_1', id.slice(3, 20), objectKey.slice(5)]) {
      const found = (await (await ask(`/api/recordings?text=${encodeURIComponent(text)}`)).json()) as { total: number };
      expect([text, found.total]).toEqual([text, 1]);
    }
    expect((await ask(`/api/recordings/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await ask(`/api/recordings/${id}`)).status).toBe(404);
    expect((await ask(file)).status).toBe(404);
    expect(existsSync(folder)).toBe(false);
    expect(await rig.cos.findObjectFile('test-123456789', objectKey)).not.toBeNull();
    expect(await eventTypes(id)).toEqual(expect.arrayContaining(['accepted', 'uploaded', 'deletionAsked', 'deleted']));
  });

  it('is deleted also when the box is killed in the middle, and one that runs is not', async () => {
    const running = await rig.box.record(sampleRequest({ RoomId: 3, UserId: 'rec_3', Callback: undefined }));
    const { id, folder } = await delivered(2);
    const refused = await ask(`/api/recordings/${running}?force=true`, { method: 'DELETE' });
    expect([refused.status, await refused.json()]).toEqual([409, expect.objectContaining({ code: 'STILL_RUNNING' })]);
    const answer = ask(`/api/recordings/${id}`, { method: 'DELETE' }).then(
      ({ status }) => status,
      () => null,
    );
    // Whatever it has come to by the time the wish is on the disk.
    await expect.poll(async () => await eventTypes(id), { interval: 1 }).toContain('deletionAsked');
    await rig.box.kill();
    expect([204, null]).toContain(await answer);
    await rig.restartBox();
    await expect.poll(() => existsSync(folder)).toBe(false);
    expect((await ask(`/api/recordings/${id}`)).status).toBe(404);
    expect((await eventTypes(id)).filter((type) => type === 'deleted')).toHaveLength(1);
    expect((await rig.box.get(running)).id).toBe(running);
  });
});
