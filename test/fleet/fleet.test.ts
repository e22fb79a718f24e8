import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CosServer, startCosServer } from '../../main/selftest/cos-server/index.ts';
import { type PartialSettings, SETTINGS_FILE } from '../../main/settings/settings.ts';
import { runTokenCommand } from '../../main/token-command.ts';
import type { RecordingView } from '../../shared/view.ts';
import {
  makeDirectory,
  removeDirectory,
  sampleRequest,
  startBox,
  type TestBox,
  writeScenario,
} from '../support/box.ts';
import { makeClip } from '../support/clips.ts';
import { productFfmpeg, SECRET_ID, SECRET_KEY } from '../support/rig.ts';
import { type Balancer, findNginx, startBalancer } from './balancer.ts';

// Two real boxes with room for one recording each, which demand tokens as boxes on a network do, behind a real nginx with the configuration we ship. One story, told in order.

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const ID = new RegExp(`^(box[12])-${UUID}$`);
const NAMES = ['box1', 'box2'];
const DEADLINE_MS = 60_000;
const POLL_MS = 50;
const nginx = findNginx();
if ('why' in nginx) process.stderr.write(`test/fleet is skipped: ${nginx.why}\n`);

describe.skipIf('why' in nginx)('two boxes behind nginx', { timeout: 180_000 }, () => {
  let directory: string;
  let cos: CosServer;
  let boxes: TestBox[] = [];
  let balancer: Balancer;
  /** Of the role `record`, the same on both boxes. */
  let token: string | undefined;
  const ids: string[] = [];

  beforeAll(async () => {
    directory = await makeDirectory('fleet');
    const ffmpegPath = await productFfmpeg();
    const media = await makeClip(ffmpegPath, directory, 'a', {
      ...{ colour: '30a030', toneHz: 500, seconds: 3, size: '320x180' },
    });
    const steady = { participants: [{ userId: 'user_0', media }] };
    const rooms = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [String(index + 1), steady]));
    const scenario = await writeScenario(directory, rooms);
    cos = await startCosServer({
      directory: path.join(directory, 'cos'),
      port: 0,
      credentials: [{ secretId: SECRET_ID, secretKey: SECRET_KEY }],
    });
    const start = async (boxName: string): Promise<TestBox> => {
      const dataDirectory = path.join(directory, boxName);
      const settings: PartialSettings = {
        fleet: { boxName },
        http: { requireToken: true },
        limits: { maxRecordings: 1, exitTimeoutMs: 1_000 },
      };
      await mkdir(dataDirectory);
      await writeFile(path.join(dataDirectory, SETTINGS_FILE), JSON.stringify(settings));
      const named = { command: 'token', action: 'create', name: 'callers', role: 'record', dataDirectory } as const;
      const made = runTokenCommand({ ...named, fromStdin: token !== undefined }, () => token ?? '');
      expect(made.exitCode).toBe(0);
      token ??= made.out.trim();
      return await startBox({
        dataDirectory,
        args: ['--rooms', 'simulated', '--scenario', scenario],
        environment: {
          RECORDER_COS_ENDPOINT: cos.url,
          RECORDER_COS_SECRET_ID: SECRET_ID,
          RECORDER_COS_SECRET_KEY: SECRET_KEY,
        },
      });
    };
    boxes = [await start('box1'), await start('box2')];
    const [first, second] = boxes.map(({ url }) => Number(new URL(url).port)) as [number, number];
    balancer = await startBalancer((nginx as { program: string }).program, [first, second]);
  });
  afterAll(async () => {
    await balancer?.close();
    await Promise.all(boxes.map((box) => box.stop()));
    await cos?.close();
    if (directory) await removeDirectory(directory);
  });

  const send = (route: string, init: RequestInit & { headers?: Record<string, string> } = {}) =>
    fetch(balancer.url + route, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } });
  const post = async (route: string, body: object | null, key?: string) => {
    const reply = await send(route, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { 'idempotency-key': key }) },
      body: body === null ? null : JSON.stringify(body),
    });
    return { status: reply.status, headers: reply.headers, text: await reply.text() };
  };
  const room = (RoomId: number) => sampleRequest({ RoomId, Mode: 10, Callback: undefined });
  const nameIn = (id: string | null | undefined): string => ID.exec(id ?? '')?.[1] ?? `no box in "${id}"`;
  const get = async (id: string) => (await (await send(`/api/recordings/${id}`)).json()) as RecordingView;
  /** Ids of what a box has, by its own list. */
  const idsOf = async (name: string): Promise<string[]> => {
    const list = (await (await send(`/box/${name}/api/recordings`)).json()) as { recordings: RecordingView[] };
    return list.recordings.map(({ id }) => id);
  };
  const until = async (id: string, what: string, isSo: (view: RecordingView) => boolean): Promise<RecordingView> => {
    const deadline = performance.now() + DEADLINE_MS;
    for (;;) {
      const view = await get(id);
      if (isSo(view)) return view;
      if (performance.now() > deadline) throw new Error(`${id} is not ${what}: ${JSON.stringify(view)}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  };
  const stopped = async (id: string): Promise<RecordingView> => {
    await until(id, 'there with sound', ({ durationMs }) => durationMs >= 500);
    expect((await post(`/api/recordings/${id}/stop`, null)).status).toBe(202);
    const view = await until(id, 'over', ({ state }) => state === 'done' || state === 'failed');
    expect(view).toMatchObject({ state: 'done', endReason: 'stopped', files: [{ state: 'uploaded' }] });
    return view;
  };
  const codeOf = async (reply: Response) => ((await reply.json()) as { code: string }).code;
  const expectFull = ({ status, headers, text }: Awaited<ReturnType<typeof post>>) => {
    expect([status, headers.get('content-type')]).toEqual([503, 'application/problem+json; charset=utf-8']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(JSON.parse(text)).toMatchObject({ code: 'AT_CAPACITY', retryAfterSeconds: expect.any(Number) });
  };

  it('three requests: one on each box, and a clear 503 with Retry-After', async () => {
    expect((await fetch(`${balancer.url}/readyz`)).status).toBe(200);
    const first = await post('/', room(1));
    const second = await post('/api/recordings', room(2), 'key-of-2');
    expect([first.status, first.text, second.status]).toEqual([200, 'Async run task submitted', 202]);
    ids.push(...[first, second].map(({ headers }) => headers.get('x-scf-reqid') ?? ''));
    expect(ids.map(nameIn).sort()).toEqual(NAMES);
    for (const [route, key] of [
      ['/', undefined],
      ['/release/record', 'key-of-3'],
      ['/api/recordings', 'key-of-4'],
    ] as const) {
      expectFull(await post(route, room(3), key));
    }
    expect((await fetch(`${balancer.url}/readyz`)).status).toBe(503);
    for (const id of ids) expect(await idsOf(nameIn(id))).toEqual([id]);
  });

  it('ids resolve through the balancer, and keys; who shows no token gets nothing', async () => {
    for (const [index, id] of ids.entries()) {
      const view = await until(id, '1 s long', ({ durationMs }) => durationMs >= 1_000);
      expect([view.id, view.request.RoomId]).toEqual([id, index + 1]);
      expect((await fetch(`${balancer.url}/api/recordings/${id}`)).status).toBe(401);
    }
    const known = await send('/api/idempotency', { headers: { 'idempotency-key': 'key-of-2' } });
    expect(await known.json()).toEqual({ id: ids[1] });
    const nobody = await send('/api/recordings/box1-0b51b3f4-6a0c-4c5b-9c6e-2f0f5a1d9e10');
    expect([nobody.status, await codeOf(nobody)]).toEqual([404, 'NOT_FOUND']);
    const stranger = await fetch(`${balancer.url}/`, { method: 'POST', body: JSON.stringify(room(3)) });
    expect([stranger.status, await codeOf(stranger)]).toEqual([401, 'UNAUTHORIZED']);
  });

  it('a repeated key gives the first recording, while all are full and when the other box has room', async () => {
    const again = async () => {
      const { status, headers } = await post('/api/recordings', room(2), 'key-of-2');
      expect([status, headers.get('x-scf-reqid'), headers.get('idempotency-replayed')]).toEqual([202, ids[1], 'true']);
    };
    await again();
    const view = await stopped(ids[0]!);
    // What tells the file from others is the random part of the id, not the name of the box.
    expect(view.files[0]!.objectKey).toMatch(new RegExp(`_${ids[0]!.slice(5, 13)}\\.mp3$`));
    await again();
    expect((await post('/api/recordings', room(5), 'key-of-2')).status).toBe(422);
    for (const id of ids) expect(await idsOf(nameIn(id))).toEqual([id]);
  });

  it('the same key 20 times at once is one recording, on the box with room', async () => {
    const replies = await Promise.all(Array.from({ length: 20 }, () => post('/', room(6), 'key-of-6')));
    expect(new Set(replies.map(({ status, text }) => `${status} ${text}`))).toEqual(
      new Set(['200 Async run task submitted']),
    );
    const started = new Set(replies.map(({ headers }) => headers.get('x-scf-reqid') ?? ''));
    expect(started.size).toBe(1);
    ids.push(...started);
    expect(nameIn(ids[2])).toBe(nameIn(ids[0]));
    expect(await idsOf(nameIn(ids[0]))).toEqual([ids[2], ids[0]]);
    expect(await idsOf(nameIn(ids[1]))).toEqual([ids[1]]);
  });

  it('a box that is down is skipped: the other takes what it can, and says when it can no more', async () => {
    await stopped(ids[2]!);
    await boxes[NAMES.indexOf(nameIn(ids[1]))]!.kill();
    for (const [RoomId, key] of [
      [7, undefined],
      [8, 'key-of-8'],
    ] as const) {
      const { status, headers } = await post('/', room(RoomId), key);
      const id = headers.get('x-scf-reqid') ?? '';
      expect([status, nameIn(id)]).toEqual([200, nameIn(ids[0])]);
      expectFull(await post('/', room(9)));
      await stopped(id);
    }
    const lost = await send(`/api/recordings/${ids[1]}`);
    expect([lost.status, await codeOf(lost)]).toEqual([503, 'BOX_UNREACHABLE']);
  });
});
