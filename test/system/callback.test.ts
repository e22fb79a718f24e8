import { createHmac } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ReceivedCallback } from '../../main/selftest/callback-receiver.ts';
import { CALLBACK_EVENTS } from '../../shared/callback-events.ts';
import { sampleRequest } from '../support/box.ts';
import { COLOURS, makeClip, TONES_HZ } from '../support/clips.ts';
import { type Rig, startRig } from '../support/rig.ts';

const KEY = 'callbackKeyOfTheSystemTest';

function nameOf(callback: ReceivedCallback): string {
  return JSON.parse(callback.body).Event ?? 'result';
}

describe('a caller who wants to know everything', { timeout: 120_000 }, () => {
  let rig: Rig;
  /** How many objects COS had shown to the box when each callback came. */
  const provenBefore = new Map<number, number>();

  beforeAll(async () => {
    rig = await startRig({
      name: 'callback',
      environment: { RECORDER_CALLBACK_KEY: KEY },
      rooms: async (directory, ffmpegPath) => {
        const media = await makeClip(ffmpegPath, directory, 'a', {
          colour: COLOURS[0]!,
          toneHz: TONES_HZ[0]!,
          seconds: 2,
        });
        return {
          '1': { participants: [{ userId: 'user_0', media, enterAt: 0.5 }], events: [{ at: 2.5, type: 'dissolve' }] },
        };
      },
      respond: (n, callback) => {
        provenBefore.set(
          n,
          rig.cos.requests.filter(({ method, status }) => method === 'HEAD' && status === 200).length,
        );
        const isFirst = rig.receiver.received.filter((one) => one.body === callback.body).length === 1;
        return { status: isFirst && callback.body.includes('"Files"') ? 503 : 200 };
      },
    });
  });
  afterAll(() => rig?.close());

  it('hears of each step in order, signed, and of the file only when COS has shown it', async () => {
    const { cos, receiver } = rig;
    const withdraw = cos.faults.add({ kind: 'error', status: 403, code: 'InvalidAccessKeyId', times: 1_000 });
    const id = await rig.box.record(
      sampleRequest({ RoomId: 1, Mode: '10', Callback: `${receiver.url}/hook?secret=1`, Event: [...CALLBACK_EVENTS] }),
    );
    expect((await rig.box.post(`/api/recordings/${id}/callback`, '')).status).toBe(409);
    await rig.box.waitFor(id, 'blocked', ({ blocked }) => blocked !== null);
    await receiver.waitFor((callback) => nameOf(callback) === 'upload.blocked', 60_000);
    await rig.box.kill();
    withdraw();
    cos.faults.add({ kind: 'error', status: 503, code: 'ServiceUnavailable', times: 2 });
    await rig.restartBox();
    await rig.box.post(`/api/recordings/${id}/retry`, '');
    const view = await rig.box.waitForState(id, 'done');

    const order = receiver.received.map(nameOf).filter((name, at, all) => name !== all[at - 1]);
    expect(order).toEqual([
      'recording.waiting',
      'recording.started',
      'recording.ended',
      'upload.blocked',
      'upload.resumed',
      'result',
    ]);
    const results = receiver.received.filter((callback) => nameOf(callback) === 'result');
    expect(results.length).toBeGreaterThanOrEqual(2);
    expect(new Set(results.map(({ body, headers }) => `${headers['x-delivery-id']} ${body}`)).size).toBe(1);
    for (const { n } of results) expect(provenBefore.get(n)).toBeGreaterThanOrEqual(1);
    for (const { body, headers } of receiver.received) {
      expect(headers.sign).toBe(createHmac('sha256', KEY).update(Buffer.from(body, 'utf8')).digest('base64'));
      expect(headers.sdkappid).toBe('1400000000');
    }
    expect(JSON.parse(results[0]?.body ?? '')).toMatchObject({
      RequestId: id,
      EndReason: 'dissolved',
      Files: [{ Status: 1 }],
    });
    expect(view.callbacks.map(({ event, state }) => [event ?? 'result', state])).toEqual(
      order.map((name) => [name, 'delivered']),
    );
    expect(view.request).toMatchObject({ Callback: `${receiver.url}/hook`, Event: [...CALLBACK_EVENTS] });
  });

  it('gets the result again when somebody asks for it, the same bytes under the same id', async () => {
    const { receiver } = rig;
    const [{ id } = { id: '' }] = await rig.box.list();
    const before = receiver.received.length;
    const { status, text } = await rig.box.post(`/api/recordings/${id}/callback`, '');
    expect([status, JSON.parse(text).state]).toEqual([202, 'done']);
    const again = await receiver.waitFor(({ n }) => n > before, 60_000);
    const first = receiver.received.find((callback) => nameOf(callback) === 'result');
    expect([again.body, again.headers['x-delivery-id']]).toEqual([first?.body, first?.headers['x-delivery-id']]);
    await rig.box.waitFor(id, 'told again', ({ callbacks }) => callbacks.every(({ state }) => state === 'delivered'));
    expect(receiver.received).toHaveLength(before + 1);
  });

  it('is the only one who learns the key and what is in the address', async () => {
    const data = rig.box.dataDirectory;
    const files = (await readdir(data, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const texts = await Promise.all(files.map((file) => readFile(path.join(file.parentPath, file.name), 'latin1')));
    const logs = files.flatMap((file, at) => (file.name.includes('.log') ? [texts[at] ?? ''] : []));
    expect(texts.filter((text) => text.includes(KEY))).toEqual([]);
    expect([rig.box.log(), ...logs].filter((text) => text.includes('secret=1'))).toEqual([]);
  });
});
