import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { LightMyRequestResponse } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeBox, viewOf } from '../../test/support/fake-box.ts';
import type { ArchiveApi, EventView } from './archive-api.ts';
import type { ProblemResult } from './box-api.ts';
import { contentDisposition } from './file-reply.ts';
import type { FilesApi } from './files-api.ts';
import { createHttpServer } from './server.ts';

const CONTENT = randomBytes(200_000);
const NAME = '1400000000_43474_会议 "1".mp4';
const ETAG = '"abc"';

let directory: string;
let film: string;
let box: FakeBox;
let app: ReturnType<typeof createHttpServer>;
let refusal: ProblemResult | null;
let events: EventView[];
let removed: [string, { force: boolean; by: string | null }][];
let pages: number;

const files: FilesApi = {
  async file(_, index) {
    if (refusal) return refusal;
    const handle = await open(index === 0 ? film : path.join(directory, 'empty'));
    const { size } = await handle.stat();
    const modifiedAtMs = Date.UTC(2026, 0, 1);
    return { kind: 'file', handle, bytes: size, modifiedAtMs, etag: ETAG, mediaType: 'video/mp4', name: NAME };
  },
  thumbnail: (id, index) => files.file(id, index),
  waveform: async () => refusal ?? { kind: 'waveform', durationMs: 1, peaks: [0.5] },
  manifest: async () => refusal ?? { kind: 'manifest', manifest: { formatVersion: 1 } },
};

const archive: ArchiveApi = {
  events(id, { after, limit }) {
    pages += 1;
    return id === 'known' ? events.filter(({ seq }) => seq > after).slice(0, limit) : null;
  },
  callbacks: () => null,
  async remove(id, options) {
    removed.push([id, options]);
    return id === 'known' ? (refusal ?? 'deleted') : null;
  },
};

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'file-routes-'));
  film = path.join(directory, 'film.mp4');
  await writeFile(film, CONTENT);
  await writeFile(path.join(directory, 'empty'), '');
  box = new FakeBox();
  refusal = null;
  removed = [];
  pages = 0;
  events = Array.from({ length: 2500 }, (_, index) => {
    return {
      seq: index + 1,
      at: '2026-01-01T00:00:00.000Z',
      recordingId: 'known',
      type: 'state',
      data: { to: 'done' },
    };
  });
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  app = createHttpServer({ box, version: '1', log, files, archive });
});
afterEach(async () => {
  await app.close();
  await rm(directory, { recursive: true });
});

const FILE = '/api/recordings/known/files/0';
const get = (url: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') =>
  app.inject({ method, url, headers });

/** Files of this directory that the process holds open. */
async function openFiles(): Promise<number> {
  const descriptors = await readdir('/proc/self/fd').catch(() => []);
  const targets = await Promise.all(descriptors.map((one) => readlink(`/proc/self/fd/${one}`).catch(() => '')));
  return targets.filter((target) => target.startsWith(directory)).length;
}

function expectHeaders(response: LightMyRequestResponse, length: number): void {
  expect(response.headers).toMatchObject({
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-cache',
    'content-length': String(length),
    'content-type': 'video/mp4',
    'last-modified': 'Thu, 01 Jan 2026 00:00:00 GMT',
    'x-content-type-options': 'nosniff',
    etag: ETAG,
  });
}

describe('a file', () => {
  it('comes whole, under its name, to look at or to save', async () => {
    const response = await get(FILE);
    expect(response.statusCode).toBe(200);
    expect(response.rawPayload.equals(CONTENT)).toBe(true);
    expectHeaders(response, CONTENT.length);
    expect(response.headers['content-disposition']).toMatch(/^inline; filename="/);
    expect(response.headers['content-security-policy']).toContain("media-src 'self'");
    const saved = await get(`${FILE}?download=true`);
    expect(saved.headers['content-disposition']).toBe(
      `attachment; filename="1400000000_43474___ _1_.mp4"; filename*=UTF-8''1400000000_43474_%E4%BC%9A%E8%AE%AE%20%221%22.mp4`,
    );
  });

  it('comes in parts, to the byte', async () => {
    for (const [range, first, last] of [
      ['bytes=0-0', 0, 0],
      ['bytes=100-65535', 100, 65_535],
      ['bytes=199999-', 199_999, 199_999],
      ['bytes=-70000', 130_000, 199_999],
    ] as const) {
      const response = await get(FILE, { range, 'if-range': ETAG });
      expect(response.statusCode).toBe(206);
      expect(response.headers['content-range']).toBe(`bytes ${first}-${last}/200000`);
      expectHeaders(response, last - first + 1);
      expect(response.rawPayload.equals(CONTENT.subarray(first, last + 1))).toBe(true);
    }
    expect((await get(FILE, { range: 'bytes=0-9', 'if-range': '"old"' })).rawPayload).toHaveLength(CONTENT.length);
  });

  it('is not sent when it is known, another, or has no such part; HEAD gets the headers alone', async () => {
    const known = await get(FILE, { 'if-none-match': ETAG });
    expect([known.statusCode, known.rawPayload.length, known.headers.etag]).toEqual([304, 0, ETAG]);
    const outside = await get(FILE, { range: 'bytes=200000-' });
    expect(outside.json()).toMatchObject({ code: 'RANGE_NOT_SATISFIABLE', status: 416 });
    expect(outside.headers['content-range']).toBe('bytes */200000');
    expect(outside.headers['content-type']).toContain('application/problem+json');
    expect((await get(FILE, { 'if-match': '"x"' })).json()).toMatchObject({ code: 'PRECONDITION_FAILED' });
    const head = await get(FILE, { range: 'bytes=0-9' }, 'HEAD');
    expect([head.statusCode, head.rawPayload.length]).toEqual([200, 0]);
    expectHeaders(head, CONTENT.length);
    const empty = await get('/api/recordings/known/files/1');
    expect([empty.statusCode, empty.rawPayload.length]).toEqual([200, 0]);
    expectHeaders(empty, 0);
    expect(await openFiles()).toBe(0);
  });

  it('is closed when its reader goes in the middle', async () => {
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    await writeFile(film, Buffer.alloc(64 * 1024 ** 2));
    for (let reader = 0; reader < 5; reader += 1) {
      await new Promise<void>((resolve, reject) => {
        const asked = httpRequest({ host: '127.0.0.1', port, path: FILE }, (response) => {
          response.once('data', () => {
            asked.destroy();
            resolve();
          });
        });
        asked.once('error', reject);
        asked.end();
      });
    }
    await expect.poll(openFiles).toBe(0);
  });

  it.each([
    [{ code: 'FILE_NOT_READY' }, 409],
    [{ code: 'FILE_NOT_FOUND' }, 404],
    [
      { code: 'FILE_NOT_HERE', url: 'https://cos/x', remedy: { en: 'Fetch it from COS: https://cos/x', zh: '获取' } },
      410,
    ],
    [{ code: 'PREVIEW_NOT_READY', retryAfterSeconds: 5 }, 503],
  ] as const)('%j is refused with %i', async (given, status) => {
    refusal = { kind: 'problem', ...given };
    for (const below of ['', '/thumbnail', '/waveform']) {
      const response = await get(`${FILE}${below}`);
      expect([below, response.statusCode, response.json().code]).toEqual([below, status, given.code]);
      if ('url' in given) expect(response.json()).toMatchObject({ url: given.url, remedy: given.remedy.en });
      expect(response.headers['retry-after']).toBe('retryAfterSeconds' in given ? '5' : undefined);
    }
  });

  it('has a number that is one', async () => {
    for (const index of ['-1', 'x', '1.5', '..%2f0']) {
      const response = await get(`/api/recordings/known/files/${index}`);
      expect([index, response.statusCode]).toEqual([index, 400]);
    }
  });
});

it('a name in any script stays one header, and says what it said', () => {
  for (const name of ['plain.mp4', '会议.mp4', 'a"b\\c%d.mp4', "it's (1)*.mp4", '\ud800.mp4', 'a\r\nx: y.mp4']) {
    const header = contentDisposition('attachment', name);
    expect(header).toMatch(/^[\x20-\x7e]+$/);
    const [, plain = '', utf8 = ''] = /filename="([^"\\]*)"; filename\*=UTF-8''([^'()*\s]*)$/.exec(header) ?? [];
    expect(decodeURIComponent(utf8)).toBe(name.toWellFormed());
    expect(plain.length).toBe(name.length);
  }
});

it('waveform and manifest are JSON', async () => {
  expect((await get(`${FILE}/waveform`)).json()).toEqual({ durationMs: 1, peaks: [0.5] });
  expect((await get('/api/recordings/known/manifest')).json()).toEqual({ formatVersion: 1 });
});

describe('the history of a recording', () => {
  const EVENTS = '/api/recordings/known/events';
  const lines = { accept: 'application/x-ndjson' };
  const seqs = (text: string) =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as EventView).seq);

  it('comes in pages', async () => {
    expect((await get(EVENTS)).json().events).toHaveLength(1000);
    const page = (await get(`${EVENTS}?after=2490&limit=5`)).json().events as EventView[];
    expect(page.map(({ seq }) => seq)).toEqual([2491, 2492, 2493, 2494, 2495]);
    expect((await get(`${EVENTS}?limit=0`)).statusCode).toBe(400);
  });

  it('or whole as lines of JSON', async () => {
    const response = await get(EVENTS, lines);
    expect(response.headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    expect(seqs(response.body)).toEqual(events.map(({ seq }) => seq));
    expect(pages).toBe(4);
    expect(seqs((await get(`${EVENTS}?after=2000&limit=3`, lines)).body)).toEqual([2001, 2002, 2003]);
    events = [];
    expect((await get(EVENTS, lines)).body).toBe('');
  });

  it('of a recording that never was is not found', async () => {
    expect((await get('/api/recordings/none/events')).json()).toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('deleting', () => {
  const remove = (url: string) => app.inject({ method: 'DELETE', url });

  it('answers with nothing, or with why not', async () => {
    expect((await remove('/api/recordings/known')).statusCode).toBe(204);
    expect((await remove('/api/recordings/known?force=true')).statusCode).toBe(204);
    expect(removed).toEqual([
      ['known', { force: false, by: null }],
      ['known', { force: true, by: null }],
    ]);
    expect((await remove('/api/recordings/none')).statusCode).toBe(404);
    refusal = { kind: 'problem', code: 'STILL_RUNNING' };
    expect((await remove('/api/recordings/known')).json()).toMatchObject({ code: 'STILL_RUNNING', status: 409 });
    expect((await remove('/api/recordings/known?force=maybe')).statusCode).toBe(400);
  });
});

it('the result is the one of the callback, once there is one', async () => {
  box.recordings = [viewOf({ id: 'known' })];
  expect((await get('/api/recordings/known/result')).json()).toMatchObject({ code: 'RESULT_NOT_READY', status: 409 });
  const result = { SdkAppId: '1', RoomId: '2', UserId: 'u', StrRoomId: '', Files: [], EndReason: 'stopped' };
  box.recordings = [viewOf({ id: 'known', state: 'done', result })];
  expect((await get('/api/recordings/known/result')).json()).toEqual(result);
  expect((await get('/api/recordings/none/result')).statusCode).toBe(404);
});
