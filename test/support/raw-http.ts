import { connect, type Socket } from 'node:net';

/** HTTP by hand, for bytes that no client library would send. */

export interface RawResponse {
  status: number;
  /** Names in lower case; the last of several counts. */
  headers: Record<string, string>;
  body: Buffer;
}

/** How a connection ended: by the box, by a reset, by us because the answer is a stream, or not at all in time. */
export type Ending = 'closed' | 'reset' | 'stream' | 'late';

export interface Exchange {
  /** Everything that came back. */
  bytes: Buffer;
  ending: Ending;
}

export interface ExchangeOptions {
  port: number;
  /** Sends what is to be sent; what it throws because the box hung up does not count. */
  write: (socket: Socket) => void | Promise<void>;
  /** Our side is not closed after sending: the box has to end the connection. */
  keepOpen?: boolean;
  timeoutMs?: number;
}

const TIMEOUT_MS = 30_000;

/** One connection from its beginning to its end. */
export function exchange({
  port,
  write,
  keepOpen = false,
  timeoutMs = TIMEOUT_MS,
}: ExchangeOptions): Promise<Exchange> {
  const { promise, resolve } = Promise.withResolvers<Exchange>();
  const chunks: Buffer[] = [];
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const end = (ending: Ending) => {
    clearTimeout(timer);
    socket.destroy();
    resolve({ bytes: Buffer.concat(chunks), ending });
  };
  const timer = setTimeout(() => end('late'), timeoutMs);
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    if (chunk.includes('text/event-stream')) end('stream');
  });
  socket.on('error', () => end('reset'));
  socket.on('close', () => end('closed'));
  socket.on('connect', async () => {
    try {
      await write(socket);
    } catch {
      return;
    }
    if (!keepOpen && !socket.destroyed) socket.end();
  });
  return promise;
}

/** The answers in what came back, in order; interim ones (1xx) are left out. @throws when the bytes are no HTTP */
export function parseResponses(bytes: Buffer, methods: readonly string[] = []): RawResponse[] {
  const responses: RawResponse[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) throw new Error(`an answer without an end of its headers: ${rest.subarray(0, 200)}`);
    const [statusLine = '', ...lines] = rest.subarray(0, end).toString('latin1').split('\r\n');
    const status = Number(/^HTTP\/1\.[01] ([1-5]\d\d) /.exec(statusLine)?.[1]);
    if (!status) throw new Error(`no status line: ${statusLine.slice(0, 200)}`);
    const headers = Object.fromEntries(lines.map(headerOf));
    rest = rest.subarray(end + 4);
    if (status < 200) continue;
    const isEmpty = methods[responses.length] === 'HEAD' || status === 204 || status === 304;
    const { body, after } = isEmpty ? { body: Buffer.alloc(0), after: rest } : bodyOf(headers, rest);
    responses.push({ status, headers, body });
    rest = after;
  }
  return responses;
}

function headerOf(line: string): [string, string] {
  const colon = line.indexOf(':');
  if (colon < 1) throw new Error(`no header: ${line.slice(0, 200)}`);
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function bodyOf(headers: Record<string, string>, rest: Buffer): { body: Buffer; after: Buffer } {
  if (headers['transfer-encoding'] === 'chunked') return chunksOf(rest);
  const length = Number(headers['content-length'] ?? rest.length);
  if (length > rest.length) throw new Error(`${rest.length} of ${length} bytes of a body came`);
  return { body: rest.subarray(0, length), after: rest.subarray(length) };
}

function chunksOf(bytes: Buffer): { body: Buffer; after: Buffer } {
  const chunks: Buffer[] = [];
  let rest = bytes;
  while (true) {
    const end = rest.indexOf('\r\n');
    const size = Number.parseInt(rest.subarray(0, end).toString('latin1'), 16);
    if (end < 0 || Number.isNaN(size) || rest.length < end + 4 + size) throw new Error('a chunk is cut off');
    chunks.push(rest.subarray(end + 2, end + 2 + size));
    rest = rest.subarray(end + 4 + size);
    if (size === 0) return { body: Buffer.concat(chunks), after: rest };
  }
}
