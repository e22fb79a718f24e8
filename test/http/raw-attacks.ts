import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { sampleRequest } from '../support/box.ts';
import { NOWHERE } from '../support/quiet-box.ts';

/** What somebody sends who does not speak HTTP, or speaks it to do harm. */
export interface Attack {
  what: string;
  write: (socket: Socket) => void | Promise<void>;
  /** The statuses of the answers, in order; absent where an end without answer, or any refusal, will do. */
  statuses?: readonly number[];
  methods?: readonly string[];
}

const HOST = 'host: 127.0.0.1\r\n';
const CLOSE = 'connection: close\r\n';
const GET = `GET /healthz HTTP/1.1\r\n${HOST}\r\n`;
const LAST_GET = `GET /healthz HTTP/1.1\r\n${HOST}${CLOSE}\r\n`;

/** A request to record in a room of its own. */
export function recordingBody(room: number): string {
  return JSON.stringify(sampleRequest({ RoomId: room, UserId: 'raw', Callback: `${NOWHERE}/callback` }));
}

export function postOf(room: number, path = '/api/recordings'): string {
  const body = recordingBody(room);
  const length = Buffer.byteLength(body);
  return `POST ${path} HTTP/1.1\r\n${HOST}content-type: application/json\r\ncontent-length: ${length}\r\n${CLOSE}\r\n${body}`;
}

function says(what: string, bytes: string | Buffer, statuses?: readonly number[], methods?: readonly string[]): Attack {
  return {
    what,
    write: (socket) => void socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes),
    ...(statuses ? { statuses } : {}),
    ...(methods ? { methods } : {}),
  };
}

function post(headers: string, body: string): string {
  return `POST / HTTP/1.1\r\n${HOST}${CLOSE}${headers}\r\n${body}`;
}

function chunked(body: string): string {
  return post('transfer-encoding: chunked\r\n', body);
}

/** One byte in each packet, as fast as they go. */
export async function byteByByte(socket: Socket, text: string): Promise<void> {
  for (const byte of Buffer.from(text)) {
    if (socket.destroyed) return;
    socket.write(Uint8Array.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const LINES: Attack[] = [
  says('nothing', ''),
  says('empty lines', '\r\n\r\n\r\n\r\n'),
  says('empty lines before a request', `\r\n\r\n${LAST_GET}`, [200]),
  says('HTTP/0.9', 'GET /\r\n\r\n'),
  says('HTTP/1.0', 'GET /healthz HTTP/1.0\r\n\r\n'),
  says('HTTP/1.0 with a host', `GET /healthz HTTP/1.0\r\n${HOST}\r\n`, [200]),
  says('HTTP/1.1 without a host', `GET /healthz HTTP/1.1\r\n${CLOSE}\r\n`, [400]),
  says('a future version', `GET /healthz HTTP/9.9\r\n${HOST}\r\n`, [400]),
  says('the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [400]),
  says('a greeting of TLS', Buffer.from('16030100a5010000a1030365', 'hex'), [400]),
  says('SMTP', 'EHLO box\r\n', [400]),
  says('an unknown method', `BREW / HTTP/1.1\r\n${HOST}\r\n`, [400]),
  says('a method in lower case', `get / HTTP/1.1\r\n${HOST}\r\n`, [400]),
  says('no address', `GET HTTP/1.1\r\n${HOST}\r\n`, [400]),
  says('a space in the address', `GET /a b HTTP/1.1\r\n${HOST}\r\n`, [400]),
  says('a NUL in the address', `GET /\0 HTTP/1.1\r\n${HOST}\r\n`, [400]),
  says('bare bytes in the address', `GET /\xff\xfe HTTP/1.1\r\n${HOST}${CLOSE}\r\n`),
  says('another host as address', `GET http://evil.example/api/recordings HTTP/1.1\r\n${HOST}${CLOSE}\r\n`, [200]),
  says('its own host as address', `GET http://127.0.0.1/healthz HTTP/1.1\r\n${HOST}${CLOSE}\r\n`),
  says('an asterisk as address', `OPTIONS * HTTP/1.1\r\n${HOST}${CLOSE}\r\n`),
  says('a way to another machine', `CONNECT evil.example:443 HTTP/1.1\r\n${HOST}\r\n`),
  says('up out of the root', `GET /../../etc/passwd HTTP/1.1\r\n${HOST}${CLOSE}\r\n`, [404]),
  says('a very long address', `GET /${'a'.repeat(100_000)} HTTP/1.1\r\n${HOST}\r\n`, [431]),
];

const HEADERS: Attack[] = [
  says('two hosts', `GET /healthz HTTP/1.1\r\n${HOST}host: evil.example\r\n${CLOSE}\r\n`),
  says('no colon', `GET /healthz HTTP/1.1\r\n${HOST}nonsense\r\n\r\n`, [400]),
  says('a space before the colon', `GET /healthz HTTP/1.1\r\n${HOST}a : b\r\n\r\n`, [400]),
  says('a folded line', `GET /healthz HTTP/1.1\r\n${HOST}a: b\r\n c\r\n\r\n`),
  says('a NUL in a value', `GET /healthz HTTP/1.1\r\n${HOST}a: \0\r\n\r\n`, [400]),
  says('bare line feeds', 'GET /healthz HTTP/1.1\nhost: 127.0.0.1\n\n'),
  says('a flood of headers', `GET /healthz HTTP/1.1\r\n${HOST}${'a: b\r\n'.repeat(20_000)}\r\n`, [431]),
  says('many small headers', `GET /healthz HTTP/1.1\r\n${HOST}${CLOSE}${'a:b\r\n'.repeat(200)}\r\n`, [200]),
  says('one huge header', `GET /healthz HTTP/1.1\r\n${HOST}a: ${'b'.repeat(1_000_000)}\r\n\r\n`, [431]),
  says('a name of controls', `GET /healthz HTTP/1.1\r\n${HOST}\x01\x02: b\r\n\r\n`, [400]),
  says('an upgrade to WebSocket', `GET / HTTP/1.1\r\n${HOST}connection: upgrade\r\nupgrade: websocket\r\n\r\n`),
  says('an upgrade to HTTP/2', `GET / HTTP/1.1\r\n${HOST}connection: upgrade, http2-settings\r\nupgrade: h2c\r\n\r\n`),
  says('an upgrade of a request to record', post('connection: upgrade\r\nupgrade: x\r\ncontent-length: 2\r\n', '{}')),
  says('an expectation', `GET /healthz HTTP/1.1\r\n${HOST}${CLOSE}expect: miracles\r\n\r\n`, [417]),
];

const BODIES: Attack[] = [
  says('two lengths', post('content-length: 2\r\ncontent-length: 3\r\n', '{}'), [400]),
  says('a length and chunks', post('content-length: 2\r\ntransfer-encoding: chunked\r\n', '0\r\n\r\n'), [400]),
  says('a negative length', post('content-length: -1\r\n', '{}'), [400]),
  says('a length of letters', post('content-length: two\r\n', '{}'), [400]),
  says('a length beyond all numbers', post(`content-length: ${'9'.repeat(30)}\r\n`, '{}'), [400]),
  says('a length beyond the limit', post('content-length: 99999999\r\n', '{}'), [413]),
  says('more than the length', post('content-length: 2\r\n', '{}{}{}')),
  says('chunks', chunked('2\r\n{}\r\n0\r\n\r\n'), [400]),
  says('chunks with trailers', chunked('2\r\n{}\r\n0\r\na: b\r\nhost: evil.example\r\n\r\n'), [400]),
  says('chunks with notes', chunked(`2;${'n=1;'.repeat(10_000)}\r\n{}\r\n0\r\n\r\n`)),
  says('a chunk of letters', chunked('zz\r\n{}\r\n0\r\n\r\n'), [400]),
  says('a chunk of all memory', chunked('ffffffffffffffff\r\n{}\r\n')),
  says('a negative chunk', chunked('-2\r\n{}\r\n0\r\n\r\n'), [400]),
  says('a chunk shorter than it says', chunked('5\r\n{}\r\n0\r\n\r\n')),
  says('chunks beyond the limit', chunked('1000\r\n'.concat('x'.repeat(4_096), '\r\n').repeat(20)), [413]),
  says('chunks twice', post('transfer-encoding: chunked, chunked\r\n', '0\r\n\r\n')),
  says('packed chunks', post('transfer-encoding: gzip, chunked\r\n', '0\r\n\r\n')),
  says('deep JSON', post('content-length: 20000\r\n', '['.repeat(10_000) + ']'.repeat(10_000)), [400]),
  says('deeper JSON', post('content-length: 60000\r\n', '{"a":'.repeat(12_000)), [400]),
  says(
    'random bytes as body',
    Buffer.concat([Buffer.from(post('content-length: 500\r\n', '')), randomBytes(500)]),
    [400],
  ),
];

const PIPELINES: Attack[] = [
  says('fifty at once', GET.repeat(49) + LAST_GET, Array(50).fill(200)),
  says('nonsense after a request', `${GET}nonsense\r\n\r\n`, [200, 400]),
  says('a request smuggled behind a short length', post('content-length: 2\r\n', `{}${GET}`), [400]),
  says('HEAD before GET', `HEAD /healthz HTTP/1.1\r\n${HOST}\r\n${LAST_GET}`, [200, 200], ['HEAD', 'GET']),
];

const MANNERS: Attack[] = [
  {
    what: 'a request byte by byte',
    write: (socket) => byteByByte(socket, LAST_GET),
    statuses: [200],
  },
  {
    what: 'a request to record byte by byte',
    write: (socket) => byteByByte(socket, postOf(990_001)),
    statuses: [202],
  },
  {
    what: 'a reset in the middle of the headers',
    write: (socket) => {
      socket.write(LAST_GET.slice(0, 20));
      setTimeout(() => socket.resetAndDestroy(), 20);
    },
  },
  {
    what: 'a reset in the middle of a body',
    write: (socket) => {
      socket.write(postOf(990_002).slice(0, -50));
      setTimeout(() => socket.resetAndDestroy(), 20);
    },
  },
  {
    what: 'hanging up in the middle of a body',
    write: (socket) => void socket.end(postOf(990_003).slice(0, -50)),
  },
  {
    what: 'hanging up before the answer',
    write: (socket) => void socket.write(postOf(990_004), () => socket.destroy()),
  },
];

export const ATTACKS: readonly Attack[] = [...LINES, ...HEADERS, ...BODIES, ...PIPELINES, ...MANNERS];
