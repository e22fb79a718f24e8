import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A caller's callback address for the self-test, the demonstration and the tests: records what is posted to it. */

export interface ReceivedCallback {
  /** From 1, in order of arrival. */
  n: number;
  /** Milliseconds since 1970. */
  atMs: number;
  /** Path with query. */
  path: string;
  /** Lower-case names. */
  headers: Record<string, string>;
  /** Exactly as sent. */
  body: string;
}

/** How a callback is answered. */
export interface CallbackReply {
  status: number;
  /** Pause before the answer. */
  delayMs?: number;
  /** No answer ever comes. */
  hang?: boolean;
  headers?: Record<string, string>;
}

export interface CallbackReceiverOptions {
  /** 0 takes any free port. */
  port: number;
  host?: string;
  /** Answers the `n`th callback, counted from 1; default 200. */
  respond?: (n: number, callback: ReceivedCallback) => CallbackReply;
}

export interface CallbackReceiver {
  /** `http://host:port` */
  readonly url: string;
  readonly port: number;
  /** Everything posted so far, answered or not. */
  readonly received: readonly ReceivedCallback[];
  /** Resolves with the first callback, received already or to come, that satisfies the predicate; rejects after `timeoutMs`. */
  waitFor(predicate: (callback: ReceivedCallback) => boolean, timeoutMs: number): Promise<ReceivedCallback>;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 4 * 1024 ** 2;

/** Starts the receiver; resolves when the port is open. Anything but POST gets 405 and is not recorded. */
export async function startCallbackReceiver(options: CallbackReceiverOptions): Promise<CallbackReceiver> {
  const host = options.host ?? '127.0.0.1';
  const received: ReceivedCallback[] = [];
  const waiting = new Set<(callback: ReceivedCallback) => void>();
  const sockets = new Set<Socket>();

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method !== 'POST') {
      response.writeHead(405, { allow: 'POST' }).end();
      return;
    }
    const body = await readBody(request);
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const callback = { n: received.length + 1, atMs: Date.now(), path: request.url ?? '/', headers, body };
    received.push(callback);
    const reply = options.respond?.(callback.n, callback) ?? { status: 200 };
    for (const tell of [...waiting]) tell(callback);
    if (reply.hang === true) return;
    if (reply.delayMs !== undefined) await sleep(reply.delayMs);
    response.writeHead(reply.status, reply.headers).end();
  };

  const server = createServer((request, response) => {
    serve(request, response).catch(() => request.socket.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, host, resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://${host}:${port}`,
    port,
    received,
    async waitFor(predicate, timeoutMs) {
      const known = received.find(predicate);
      if (known !== undefined) return known;
      return await new Promise((resolve, reject) => {
        const finish = (): void => {
          clearTimeout(timer);
          waiting.delete(tell);
        };
        const tell = (callback: ReceivedCallback): void => {
          if (!predicate(callback)) return;
          finish();
          resolve(callback);
        };
        const timer = setTimeout(() => {
          finish();
          reject(new Error(`no such callback within ${timeoutMs} ms; ${received.length} received`));
        }, timeoutMs);
        waiting.add(tell);
      });
    },
    async close() {
      await new Promise((resolve) => {
        server.close(resolve);
        for (const socket of sockets) socket.destroy();
      });
    },
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new RangeError('the callback is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
