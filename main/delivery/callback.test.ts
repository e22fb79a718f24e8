import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addRecording } from '../../test/support/new-recording.ts';
import { silentLogger } from '../logging.ts';
import type { RecordingRow } from '../store/rows.ts';
import { openStore, type Store } from '../store/store.ts';
import { type CallbackOptions, createCallbackStep } from './callback.ts';
import { buildResult } from './result.ts';
import type { Outcome } from './steps.ts';

const GIVE_UP_MS = 3_600_000;

interface Received {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}
type Answer = number | 'hang' | 'reset' | { status: number; headers: Record<string, string> };

let directory: string;
let store: Store;
let server: Server;
let origin: string;
let received: Received[];
/** What the receiver answers, one per POST; 200 afterwards. */
let answers: Answer[];
let nowMs: number;

beforeEach(async () => {
  nowMs = Date.UTC(2026, 0, 1);
  received = [];
  answers = [];
  directory = mkdtempSync(join(tmpdir(), 'box-callback-'));
  store = openStore(directory, { now: () => nowMs });
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url: path, headers } = request;
      received.push({ method, path, headers, body: Buffer.concat(chunks).toString('utf8') });
      const answer = answers.shift() ?? 200;
      if (answer === 'hang') return;
      if (answer === 'reset') request.socket.destroy();
      else if (typeof answer === 'number') response.writeHead(answer).end('thank you');
      else response.writeHead(answer.status, answer.headers).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  store.close();
  rmSync(directory, { recursive: true });
});

/** A delivered recording that waits for its caller to be told. */
function waiting(callbackUrl: string | null): RecordingRow {
  const { id } = addRecording(store, { callbackUrl });
  store.recordings.move(id, 'accepted', 'notifying', { outcome: 'delivered', endReason: 'stopped' });
  return row(id);
}

function row(id: string): RecordingRow {
  const found = store.recordings.get(id);
  if (found === undefined) throw new Error(`no recording ${id}`);
  return found;
}

function attempt(
  recording: RecordingRow,
  options: Partial<CallbackOptions> = {},
  signal?: AbortSignal,
): Promise<Outcome> {
  const step = createCallbackStep({
    store,
    now: () => nowMs,
    log: silentLogger(),
    settings: { timeoutMs: 5000, giveUpAfterMs: GIVE_UP_MS },
    ...options,
  });
  return step(recording, signal ?? new AbortController().signal, () => {});
}

function lastEvent(id: string) {
  return store.events.list({ recordingId: id }).at(-1);
}

describe('telling the caller', () => {
  it('posts the result as JSON, once', async () => {
    const recording = waiting(`${origin}/post/xxx?key=1`);
    expect(await attempt(recording)).toEqual({ kind: 'done' });
    const outbox = store.callbacks.get(recording.id);
    expect(received).toMatchObject([
      {
        method: 'POST',
        path: '/post/xxx?key=1',
        headers: {
          'content-type': 'application/json',
          'x-delivery-id': outbox?.deliveryId,
          'x-delivery-attempt': '1',
        },
      },
    ]);
    expect(JSON.parse(received[0]?.body ?? '')).toEqual(buildResult(recording, [], []));
    expect(outbox).toMatchObject({ state: 'delivered', attempts: 1, lastStatus: 200, endedAtMs: nowMs });
    expect(lastEvent(recording.id)).toMatchObject({ type: 'callbackDelivered', data: { url: `${origin}/post/xxx` } });
    expect(JSON.stringify(store.events.list())).not.toContain('key=1');
    // The row may be asked for once more after a crash between the answer and the move.
    expect(await attempt(recording)).toEqual({ kind: 'done' });
    expect(received).toHaveLength(1);
  });

  it('is done at once without an address', async () => {
    const recording = waiting(null);
    expect(await attempt(recording)).toEqual({ kind: 'done' });
    expect(store.callbacks.get(recording.id)).toBeUndefined();
  });

  it.each([301, 307, 400, 404, 410, 500])('takes %i for not told, and does not follow redirects', async (status) => {
    const recording = waiting(`${origin}/a`);
    answers = [{ status, headers: { location: `${origin}/elsewhere` } }];
    expect(await attempt(recording)).toMatchObject({
      kind: 'retryAt',
      code: 'CALLBACK_NOT_TAKEN',
      message: `HTTP status ${status}`,
    });
    expect(received.map(({ path }) => path)).toEqual(['/a']);
    expect(store.callbacks.get(recording.id)).toMatchObject({ state: 'pending', attempts: 1, lastStatus: status });
  });

  it('sends the same bytes under the same id in every try, also after a restart and when facts changed', async () => {
    const recording = waiting(`${origin}/a`);
    answers = ['reset', 503, 204];
    expect(await attempt(recording)).toMatchObject({
      kind: 'retryAt',
      message: expect.stringMatching(/^no connection \(/),
    });
    store.close();
    store = openStore(directory, { now: () => nowMs });
    store.gaps.add(recording.id, { atMs: 1, durationMs: 2, reason: 'boxDown', cut: false });
    store.recordings.update(recording.id, { timelineMs: 99_000 });
    expect(await attempt(row(recording.id))).toMatchObject({ kind: 'retryAt', message: 'HTTP status 503' });
    expect(await attempt(row(recording.id))).toEqual({ kind: 'done' });
    expect(new Set(received.map(({ body }) => body)).size).toBe(1);
    expect(new Set(received.map(({ headers }) => headers['x-delivery-id'])).size).toBe(1);
    expect(received.map(({ headers }) => headers['x-delivery-attempt'])).toEqual(['1', '2', '3']);
  });

  it('has the frozen body on disk before anything is sent', async () => {
    const recording = waiting(`${origin}/a`);
    let onDisk: string | undefined;
    const watching: typeof fetch = (input, init) => {
      const other = openStore(directory, { now: () => nowMs });
      onDisk = other.callbacks.get(recording.id)?.body;
      other.close();
      return fetch(input, init);
    };
    await attempt(recording, { fetch: watching });
    expect(onDisk).toBe(received[0]?.body);
    expect(onDisk).toContain(recording.id);
  });

  it('does not wait longer than its deadline for an answer', async () => {
    const recording = waiting(`${origin}/a`);
    answers = ['hang'];
    const settings = { timeoutMs: 100, giveUpAfterMs: GIVE_UP_MS };
    expect(await attempt(recording, { settings })).toMatchObject({
      kind: 'retryAt',
      message: 'no answer within 100 ms',
    });
  });

  it('lets go at once when the box stops, without counting the try', async () => {
    const recording = waiting(`${origin}/a`);
    answers = ['hang'];
    const stop = new AbortController();
    const outcome = attempt(recording, {}, stop.signal);
    await expect.poll(() => received.length).toBe(1);
    stop.abort();
    expect(await outcome).toMatchObject({ kind: 'retryAt', code: 'CALLBACK_ABORTED' });
    expect(store.callbacks.get(recording.id)).toMatchObject({ state: 'pending', attempts: 0 });
  });

  it('waits as long as the receiver asks for, within reason', async () => {
    const recording = waiting(`${origin}/a`);
    answers = ['7', '100000', 'soon'].map((after) => ({ status: 503, headers: { 'retry-after': after } }));
    expect(await attempt(recording)).toMatchObject({ afterMs: 7000 });
    expect(await attempt(recording)).toMatchObject({ afterMs: 300_000 });
    expect(await attempt(recording)).toMatchObject({ afterMs: undefined });
  });

  it('parks the result after the configured time and ends the recording all the same', async () => {
    const recording = waiting(`${origin}/a?key=hidden`);
    answers = [500, 500, 500];
    expect(await attempt(recording)).toMatchObject({ kind: 'retryAt' });
    nowMs += GIVE_UP_MS - 1;
    expect(await attempt(recording)).toMatchObject({ kind: 'retryAt' });
    nowMs += 1;
    expect(await attempt(recording)).toEqual({ kind: 'done' });
    expect(store.callbacks.list('parked')).toMatchObject([
      { recordingId: recording.id, attempts: 3, lastError: 'HTTP status 500' },
    ]);
    expect(lastEvent(recording.id)).toMatchObject({
      type: 'callbackParked',
      data: { attempts: 3, url: `${origin}/a` },
    });
  });
});

describe('addresses', () => {
  async function asked(url: string): Promise<{ href: string; headers: Headers }> {
    let seen: { href: string; headers: Headers } | undefined;
    const fake: typeof fetch = async (input, init) => {
      // The real constructor, so that what the platform refuses is refused here too.
      const request = new Request(input, init);
      seen = { href: request.url, headers: request.headers };
      return new Response(null, { status: 200 });
    };
    expect(await attempt(waiting(url), { fetch: fake })).toEqual({ kind: 'done' });
    if (seen === undefined) throw new Error('nothing was sent');
    return seen;
  }

  it('reads the odd one of the published sample', async () => {
    expect((await asked('https:xxxxxxxx.com/post/xxx')).href).toBe('https://xxxxxxxx.com/post/xxx');
  });

  it('sends user name and password as authorization, which fetch would refuse in the address', async () => {
    const { href, headers } = await asked('http://us%40er:p%C3%A4ss@127.0.0.1/x?y=1');
    expect(href).toBe('http://127.0.0.1/x?y=1');
    expect(headers.get('authorization')).toBe(`Basic ${Buffer.from('us@er:päss').toString('base64')}`);
  });

  it('never puts credentials or queries into events and errors, also when nobody listens', async () => {
    const port = (server.address() as AddressInfo).port;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const recording = waiting(`http://user:hiddenpass@127.0.0.1:${port}/x?key=hiddenkey`);
    const outcome = await attempt(recording, { settings: { timeoutMs: 5000, giveUpAfterMs: 0 } });
    expect(outcome).toEqual({ kind: 'done' });
    const shown = JSON.stringify([store.events.list(), store.callbacks.get(recording.id)?.lastError]);
    expect(shown).toContain('ECONNREFUSED');
    expect(shown).not.toContain('hidden');
  });
});
