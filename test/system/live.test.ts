import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ApiClient, ApiError, createApiClient } from '../../shared/api/client.ts';
import type { BoxMessage } from '../../shared/api/messages.ts';
import { sampleRequest } from '../support/box.ts';
import { makeClip } from '../support/clips.ts';
import { type Rig, startRig } from '../support/rig.ts';

// The whole box as whoever watches it sees it: one recording runs while its settings change, its events are followed, and a
// self-test goes on beside it.

let rig: Rig;
let api: ApiClient;
const stop = new AbortController();

beforeAll(async () => {
  rig = await startRig({
    name: 'live',
    settings: {
      video: { width: 320, height: 180, preset: 'ultrafast' },
      limits: { exitTimeoutMs: 1000, maxRecordings: 1 },
    },
    rooms: async (directory, ffmpegPath) => {
      const clip = { colour: '30a030', toneHz: 440, seconds: 3, size: '320x180' };
      const media = await makeClip(ffmpegPath, directory, 'a', clip);
      return { '1': { participants: [{ userId: 'a', media }] }, '2': { participants: [{ userId: 'a', media }] } };
    },
  });
  api = createApiClient({ baseUrl: rig.box.url });
});
afterAll(async () => {
  stop.abort();
  await rig?.close();
});

async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + 120_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`not in time: ${what}\n${rig.box.log().slice(-2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${rig.box.url}/metrics`)).text();
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1));
}

it('is watched, changed and tested while it records', async () => {
  const messages: BoxMessage[] = [];
  const watching = (async () => {
    for await (const message of api.watch({ after: 0, signal: stop.signal })) messages.push(message);
  })();
  expect(await api.call('getVersion', {})).toMatchObject({ simulated: true, node: process.versions.node });
  expect(await api.call('readyz', {})).toMatchObject({ ready: true, problems: [], room: { mixed: 1 } });

  // One recording fills this box, until the setting that says so is changed.
  const id = await rig.box.record(sampleRequest({ RoomId: 1, Callback: `${rig.receiver.url}/1` }));
  const full = await fetch(`${rig.box.url}/readyz`);
  expect([full.status, full.headers.get('retry-after')]).toEqual([503, '10']);
  expect(await full.json()).toMatchObject({ ready: false, problems: ['AT_CAPACITY'], room: { mixed: 0, sound: 0 } });
  const refused = await rig.box.post('/', sampleRequest({ RoomId: 2 }));
  expect(refused.status).toBe(503);
  const wrong = api.call('changeSettings', { body: { limits: { maxRecordings: 501 } } });
  await expect(wrong).rejects.toSatisfy(
    (error) => error instanceof ApiError && error.problem.errors?.[0]?.field === 'limits.maxRecordings',
  );
  const changed = await api.call('changeSettings', { body: { limits: { maxRecordings: 2 }, video: { fps: 10 } } });
  expect(changed.values).toMatchObject({ limits: { maxRecordings: 2, exitTimeoutMs: 1000 }, video: { fps: 10 } });
  const second = await rig.box.record(sampleRequest({ RoomId: 2, Callback: `${rig.receiver.url}/2` }));
  const file = JSON.parse(await readFile(path.join(rig.box.dataDirectory, 'settings.json'), 'utf8'));
  expect(file).toMatchObject({ limits: { maxRecordings: 2 }, video: { fps: 10, width: 320 } });

  // The self-test neither counts as a recording nor leaves anything behind.
  expect(await api.call('startSelfTest', {})).toMatchObject({ state: 'running' });
  await expect(api.call('startSelfTest', {})).rejects.toThrow('SELF_TEST_RUNNING');
  expect(await until('progress', () => messages.find(({ name }) => name === 'progress'))).toMatchObject({
    data: { state: expect.any(String), timelineMs: expect.any(Number) },
  });
  await rig.box.waitFor(second, '1.5 s long', ({ durationMs }) => durationMs >= 1500);
  expect(await metric('recorder_capturing_recordings')).toBe(2);
  const test = await until('the self-test', async () => {
    const view = await api.call('getSelfTest', {});
    return view.state === 'running' ? undefined : view;
  });
  expect(
    test.steps.map(({ name, state, message }) => `${name} ${state} ${state === 'passed' ? '' : message.en}`),
  ).toEqual(['encoder', 'box', 'record', 'upload', 'callback', 'content', 'cleanup'].map((name) => `${name} passed `));
  expect(existsSync(path.join(rig.box.dataDirectory, 'self-test'))).toBe(false);
  // The stream goes its own way, and may come later than the answer to a question.
  await until('news of the self-test', () =>
    messages.find((message) => message.name === 'selfTest' && message.data.state === 'passed'),
  );
  expect((await rig.box.list()).map((one) => one.id).sort()).toEqual([id, second].sort());

  // Uploads wait for hours that are not now, until somebody opens them.
  const hour = (later: number): string => new Date(Date.now() + later * 3_600_000).toISOString().slice(11, 16);
  await api.call('changeSettings', { body: { upload: { window: { from: hour(2), to: hour(3), timeZone: 'UTC' } } } });
  for (const one of [id, second]) await api.call('stopRecording', { params: { id: one } });
  for (const one of [id, second]) {
    await rig.box.waitFor(one, 'waiting for its hours', ({ waiting }) => waiting?.code === 'UPLOAD_WINDOW');
  }
  expect(await metric('recorder_upload_backlog_bytes')).toBeGreaterThan(10_000);
  await api.call('changeSettings', { body: { upload: { window: null } } });
  const [, later] = await Promise.all([id, second].map((one) => rig.box.waitForState(one, 'done')));
  // Settings of the time it began: ten pictures a second.
  expect(later!.pictures.sent / (later!.durationMs / 1000)).toBeLessThan(11.5);
  expect(await metric('recorder_recordings{state="done"}')).toBe(2);
  expect(await metric('recorder_pictures_sent_total')).toBeGreaterThan(30);
  expect(await metric('recorder_upload_backlog_bytes')).toBe(0);

  // Everything of the history came, once and in order.
  const audits = await until('the last event', () => {
    const all = messages.flatMap((message) => (message.name === 'audit' ? [message.data] : []));
    const isOver = [id, second].every((one) => all.some((e) => e.recordingId === one && e.data.to === 'done'));
    return isOver ? all : undefined;
  });
  const seqs = audits.map(({ seq }) => seq);
  expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
  expect(audits.filter((e) => e.recordingId === id && e.type === 'state').map((e) => e.data.to)).toEqual([
    'joining',
    'waiting',
    'recording',
    'finalizing',
    'uploading',
    'notifying',
    'done',
  ]);
  expect(audits.some(({ type, data }) => type === 'settingsChanged' && String(data.keys).includes('video.fps'))).toBe(
    true,
  );

  stop.abort();
  await watching;
}, 240_000);
