import { connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import Fastify from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiError, createApiClient } from '../../shared/api/client.ts';
import type { BoxMessage } from '../../shared/api/messages.ts';
import { FakeBox } from '../../test/support/fake-box.ts';
import { freePort } from '../../test/support/free-port.ts';
import { systemClock } from '../delivery/clock.ts';
import { EventFeed } from '../events/event-feed.ts';
import type { EventRow } from '../store/rows.ts';
import { liveHandlers } from './live-handlers.ts';
import { bindRoutes } from './route-binding.ts';
import { createHttpServer } from './server.ts';

// Over real sockets: what counts here is how streams begin, break and end.

/** What is waited for comes much earlier on any machine. */
const WITHIN_MS = 30_000;

let rows: EventRow[];
let feed: EventFeed;
let app: FastifyInstance;
let stop: AbortController;
let reads: number;

function append(data: Record<string, unknown> = {}): void {
  rows.push({ seq: rows.length + 1, atMs: Date.UTC(2030, 0, 1), recordingId: 'r', type: 'state', data });
}

function openFeed(): EventFeed {
  const events = {
    lastSeq: () => rows.length,
    list: ({ afterSeq = 0, limit = 1000 } = {}) => {
      reads += 1;
      return rows.slice(afterSeq, afterSeq + limit);
    },
  };
  return new EventFeed({ events, progress: () => [], clock: systemClock, log: { error: () => {} } });
}

async function serve(port = 0): Promise<string> {
  feed = openFeed();
  const quiet = () => {};
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  app = createHttpServer({ box: new FakeBox(), version: '1', log, events: feed, handlerTimeoutMs: 300 });
  return await app.listen({ host: '127.0.0.1', port });
}

beforeEach(() => {
  rows = [];
  reads = 0;
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await feed.close();
  await app.close();
});

/** Watches until `isEnough`, and gives what came. */
async function watch(
  url: string,
  isEnough: (messages: BoxMessage[]) => boolean,
  options: { after?: number; onMessage?: (messages: BoxMessage[]) => void; onLine?: (state: string) => void } = {},
): Promise<BoxMessage[]> {
  const messages: BoxMessage[] = [];
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(WITHIN_MS)]);
  for await (const message of createApiClient({ baseUrl: url }).watch({ ...options, signal })) {
    messages.push(message);
    options.onMessage?.(messages);
    if (isEnough(messages)) break;
  }
  return messages;
}

const seqsOf = (messages: BoxMessage[]): number[] => messages.flatMap((m) => (m.name === 'audit' ? [m.data.seq] : []));

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('the stream', () => {
  it('replays from a place and goes on live, longer than any answer may take', async () => {
    const url = await serve();
    append({ text: 'line\nbreak 换行' });
    append();
    setTimeout(append, 600);
    const messages = await watch(url, (all) => seqsOf(all).length === 3, { after: 0 });
    expect(messages[0]).toEqual({ name: 'opened', data: { seq: 0, missed: false } });
    expect(messages[1]).toEqual({
      name: 'audit',
      data: {
        seq: 1,
        at: '2030-01-01T00:00:00.000Z',
        recordingId: 'r',
        type: 'state',
        data: { text: 'line\nbreak 换行' },
      },
    });
    expect(seqsOf(messages)).toEqual([1, 2, 3]);
    await until('the reader is gone', () => feed.readers === 0);
  });

  it('is plain text/event-stream; Last-Event-ID wins over the address; HEAD opens nothing', async () => {
    const url = await serve();
    for (let n = 0; n < 3; n += 1) append();
    const { signal } = stop;
    const response = await fetch(`${url}/api/events?after=0`, { headers: { 'last-event-id': '2' }, signal });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    const expected =
      'retry: 2000\nevent: opened\nid: 2\ndata: {"seq":2,"missed":false}\n\nevent: audit\nid: 3\ndata: ' +
      '{"seq":3,"at":"2030-01-01T00:00:00.000Z","recordingId":"r","type":"state","data":{}}\n\n';
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (text.length < expected.length) text += (await reader.read()).value ?? expect.unreachable(text);
    expect(text).toBe(expected);
    expect((await fetch(`${url}/api/events`, { method: 'HEAD' })).status).toBe(200);
    expect(feed.readers).toBe(1);
  });

  it('is refused to one too many, with the time to wait', async () => {
    const url = await serve();
    for (let n = 0; n < 32; n += 1) feed.subscribe({ after: null, cutOff: () => {} });
    const response = await fetch(`${url}/api/events`);
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '10']);
    expect(await response.json()).toMatchObject({ code: 'TOO_MANY_READERS' });
  });

  it('does not keep the box from closing, and ends with what happened last', async () => {
    const url = await serve();
    const response = await fetch(`${url}/api/events`, { signal: stop.signal });
    await until('the reader is there', () => feed.readers === 1);
    append();
    await feed.close();
    await app.close();
    expect(await response.text()).toContain('id: 1\n');
  });
});

describe('readers that do not read', () => {
  it('are cut off, cost little memory, and hold nobody else up', async () => {
    feed = openFeed();
    app = Fastify({ forceCloseConnections: 'idle' });
    bindRoutes(app, liveHandlers(feed, { stallMs: 300, longestMs: 60_000 }), async () => {});
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const text = 'x'.repeat(50_000);
    for (let n = 0; n < 2000; n += 1) append({ text });
    const slow = connect(Number(new URL(url).port), '127.0.0.1');
    slow.write('GET /api/events?after=0 HTTP/1.1\r\nhost: localhost\r\n\r\n');
    slow.pause();
    slow.on('error', () => {});
    await until('it is read for', () => reads > 0);
    await until('it is cut off', () => feed.readers === 0);
    // 100 MB were waiting for it; what the system's buffers and one batch hold is all that was taken.
    expect(reads).toBeLessThan(8);
    slow.destroy();
    const messages = await watch(url, (all) => seqsOf(all).length === 1, { after: 1999 });
    expect(seqsOf(messages)).toEqual([2000]);
  });
});

describe('the client', () => {
  it('comes back after the box was away, and has every event once', async () => {
    const url = await serve(await freePort());
    const line: string[] = [];
    append();
    let isRestarting = false;
    const onMessage = (all: BoxMessage[]): void => {
      if (seqsOf(all).length !== 1 || isRestarting) return;
      isRestarting = true;
      void (async () => {
        await feed.close();
        await app.close();
        append();
        append();
        await serve(Number(new URL(url).port));
        append();
      })();
    };
    const messages = await watch(url, (all) => seqsOf(all).length === 4, {
      ...{ after: 0, onMessage },
      onLine: (state) => line.push(state),
    });
    expect(seqsOf(messages)).toEqual([1, 2, 3, 4]);
    expect([line[0], line[1], line.at(-1)]).toEqual(['up', 'down', 'up']);
  });

  it('gives up when the box says no, and ends at once when told to', async () => {
    const url = await serve();
    const refused = createApiClient({ baseUrl: `${url}/nowhere` }).watch({ signal: stop.signal });
    await expect(refused.next()).rejects.toSatisfy(
      (error) => error instanceof ApiError && error.problem.status === 404,
    );
    const watching = createApiClient({ baseUrl: url }).watch({ signal: stop.signal });
    await watching.next();
    const pending = watching.next();
    stop.abort();
    expect(await pending).toEqual({ done: true, value: undefined });
    await until('the reader is gone', () => feed.readers === 0);
  });
});
