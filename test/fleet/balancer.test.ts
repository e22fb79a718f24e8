import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { type Balancer, findNginx, startBalancer } from './balancer.ts';

// What no real box can be made to do on demand: take a request and lose the answer, lose its place between question and request. The boxes
// here are scripted; what they were asked is the proof that nothing could be recorded twice.

const ID = '0b51b3f4-6a0c-4c5b-9c6e-2f0f5a1d9e10';
const nginx = findNginx();
if ('why' in nginx) process.stderr.write(`test/fleet is skipped: ${nginx.why}\n`);

type Answer = (request: IncomingMessage, reply: ServerResponse, body: string) => void;

interface ScriptedBox {
  server: Server;
  port: number;
  /** Every request, as `METHOD /address`. */
  asked: string[];
  bodies: string[];
  keys: (string | undefined)[];
  ready: boolean;
  /** Keys it has recordings of. */
  known: Set<string>;
  /** Whether it tells its name, as a box does whose `fleet.boxName` is set. */
  isNamed: boolean;
  onPost: Answer;
  onOther: Answer;
  /** Called when it has said whether it knows a key. */
  onAskedForKey: (key: string) => void;
}

const json = (reply: ServerResponse, status: number, body: object, headers = {}): void => {
  const type = status < 400 ? 'application/json' : 'application/problem+json';
  reply.writeHead(status, { 'content-type': type, ...headers }).end(JSON.stringify(body));
};
const full: Answer = (_request, reply) => json(reply, 503, { code: 'AT_CAPACITY' }, { 'retry-after': '30' });

async function startScripted(name: string): Promise<ScriptedBox> {
  const server = createServer((request, reply) => {
    const { method = '', url = '', headers } = request;
    const key = headers['idempotency-key'] as string | undefined;
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      box.asked.push(`${method} ${url}`);
      if (box.isNamed) reply.setHeader('x-recorder-box', name);
      if (url.startsWith('/api/idempotency')) {
        const known = key !== undefined && box.known.has(key);
        if (known || (box.ready && url.endsWith('?orReady=true'))) json(reply, 200, { id: known ? ID : null });
        else json(reply, url.includes('?') ? 503 : 404, {});
        if (!url.includes('?')) box.onAskedForKey(key ?? '');
      } else if (url === '/readyz') json(reply, box.ready ? 200 : 503, {});
      else if (method !== 'POST') box.onOther(request, reply, body);
      else {
        box.bodies.push(body);
        box.keys.push(key);
        box.onPost(request, reply, body);
      }
    });
  }).listen(await freePort(), '127.0.0.1');
  await once(server, 'listening');
  const box: ScriptedBox = {
    ...{ server, port: (server.address() as AddressInfo).port, asked: [], bodies: [], keys: [], ready: true },
    known: new Set(),
    isNamed: true,
    onAskedForKey: () => {},
    onPost: (_request, reply) => {
      reply.writeHead(200, { 'x-scf-reqid': `${name}-${ID}` }).end('Async run task submitted');
    },
    onOther: (_request, reply) => json(reply, 404, { code: 'NOT_FOUND' }),
  };
  return box;
}

async function stopScripted({ server }: ScriptedBox): Promise<void> {
  if (!server.listening) return;
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}

describe.skipIf('why' in nginx)('the shipped nginx configuration', () => {
  let boxes: [ScriptedBox, ScriptedBox];
  let balancer: Balancer;

  beforeEach(async () => {
    boxes = [await startScripted('box1'), await startScripted('box2')];
    balancer = await startBalancer((nginx as { program: string }).program, [boxes[0].port, boxes[1].port]);
  });
  afterEach(async () => {
    await balancer?.close();
    await Promise.all(boxes.map(stopScripted));
  });

  const post = (key?: string, route = '/', body = '{"a":1}') =>
    fetch(balancer.url + route, { method: 'POST', body, headers: key === undefined ? {} : { 'idempotency-key': key } });
  const posts = () => boxes.map(({ bodies }) => bodies.length);
  const codeOf = async (reply: Response) => ((await reply.json()) as { code: string }).code;

  it('a POST goes as it is to one box with room, with a key even when the caller sent none', async () => {
    boxes[0].ready = false;
    const body = JSON.stringify({ text: '录'.repeat(8_000) });
    for (const [index, route] of ['/', '/release/record?x=1', '/api/recordings'].entries()) {
      expect((await post(undefined, route, body)).headers.get('x-scf-reqid')).toBe(`box2-${ID}`);
      expect(boxes[1].asked.at(-1)).toBe(`POST ${route}`);
      expect(boxes[1].bodies[index]).toBe(body);
    }
    expect(posts()).toEqual([0, 3]);
    expect(new Set(boxes[1].keys).size).toBe(3);
    for (const key of boxes[1].keys) expect(key).toMatch(/^[0-9a-f]{32}$/);
  });

  it('a box that takes a request and loses the answer: nobody else gets it, and the caller learns how to repeat it', async () => {
    const lose: Answer = (request) => request.socket.destroy();
    for (const box of boxes) box.onPost = lose;
    for (const key of ['k1', undefined]) {
      const [before] = [posts()];
      const reply = await post(key);
      expect([reply.status, await codeOf(reply)]).toEqual([504, 'ANSWER_LOST']);
      const after = posts();
      expect(after[0]! + after[1]! - before[0]! - before[1]!).toBe(1);
      const used = boxes.flatMap(({ keys }) => keys);
      expect(used).toContain(reply.headers.get('idempotency-key'));
      if (key !== undefined) expect(reply.headers.get('idempotency-key')).toBe(key);
    }
  });

  it('half an answer counts as lost as well', async () => {
    for (const box of boxes) {
      box.onPost = (request) => {
        request.socket.write('HTTP/1.1 200 OK\r\ncontent-le', () => request.socket.destroy());
      };
    }
    expect((await post('k')).status).toBe(504);
    expect(posts().sort()).toEqual([0, 1]);
  });

  it('the same where the balancer cannot tell the boxes apart, as they have no names', async () => {
    for (const box of boxes)
      Object.assign(box, { isNamed: false, onPost: (({ socket }) => socket.destroy()) as Answer });
    expect(await codeOf(await post('k'))).toBe('ANSWER_LOST');
    expect(posts().sort()).toEqual([0, 1]);
    expect(boxes.flatMap(({ keys }) => keys)).toEqual(['k']);
  });

  it('a key that becomes known while the balancer asks around, on a box that is full then: nobody else gets it', async () => {
    for (const box of boxes) {
      box.onAskedForKey = (key) => {
        for (const one of boxes) one.onAskedForKey = () => {};
        box.known.add(key);
        box.ready = false;
      };
    }
    await post('k');
    const started = boxes.findIndex(({ known }) => known.has('k'));
    expect(posts()[started]).toBe(1);
    expect(posts()[1 - started]).toBe(0);
  });

  it('a place that was taken between question and request: the other box gets it', async () => {
    for (const box of boxes) {
      box.onPost = (request, reply, body) => {
        box.ready = false;
        full(request, reply, body);
        boxes.find((one) => one !== box)!.onPost = (_request, other) =>
          other.writeHead(200, { 'x-scf-reqid': ID }).end('taken');
      };
    }
    const reply = await post('k');
    expect([reply.status, await reply.text()]).toEqual([200, 'taken']);
    expect(posts()).toEqual([1, 1]);
  });

  it('a box that goes down between question and request: the other one gets it', async () => {
    for (const box of boxes) {
      const other = boxes.find((one) => one !== box)!;
      box.server.prependListener('request', ({ method, url = '' }: IncomingMessage, reply: ServerResponse) => {
        const isRoom = method === 'GET' && (url === '/readyz' || url.endsWith('orReady=true'));
        if (!isRoom || !other.server.listening) return;
        // From here on nothing listens; the answer that is under way still leaves.
        box.server.close();
        reply.setHeader('connection', 'close');
      });
    }
    for (const key of ['k', undefined]) {
      const reply = await post(key);
      expect([reply.status, await reply.text()]).toEqual([200, 'Async run task submitted']);
    }
    expect(posts().sort()).toEqual([0, 2]);
  });

  it('a repeated key goes to the box that knows it, full or not, wherever the balancer would begin', async () => {
    for (const box of boxes) box.ready = false;
    for (let number = 0; number < 8; number += 1) {
      const box = boxes[number % 2]!;
      box.known.add(`key-${number}`);
      // The other one has room: without asking, half of the keys would be recorded there a second time.
      boxes[(number + 1) % 2]!.ready = true;
      box.ready = false;
      expect((await post(`key-${number}`)).headers.get('x-scf-reqid')).toBe(`box${(number % 2) + 1}-${ID}`);
    }
    expect(posts()).toEqual([4, 4]);
  });

  it('no room anywhere: the 503 of a box, word for word, after each was asked', async () => {
    for (const box of boxes) Object.assign(box, { ready: false, onPost: full });
    for (const key of [undefined, 'k']) {
      const reply = await post(key);
      expect([reply.status, reply.headers.get('retry-after'), await codeOf(reply)]).toEqual([503, '30', 'AT_CAPACITY']);
    }
    for (const { asked } of boxes) expect(asked).toContain('GET /readyz');
  });

  it('a refusal that is not about room is the answer: nobody else is asked', async () => {
    for (const [status, code] of [
      [400, 'INVALID_REQUEST'],
      [401, 'UNAUTHORIZED'],
      [409, 'ALREADY_RECORDING'],
      [422, 'IDEMPOTENCY_MISMATCH'],
      [500, 'INTERNAL'],
    ] as const) {
      const before = posts();
      for (const box of boxes) box.onPost = (_request, reply) => json(reply, status, { code });
      const reply = await post('k');
      expect([reply.status, await codeOf(reply)]).toEqual([status, code]);
      const after = posts();
      expect(after[0]! + after[1]! - before[0]! - before[1]!).toBe(1);
    }
  });

  it('one box is full and one is down: the clear answer of the full one; none at all: the balancer says so', async () => {
    Object.assign(boxes[0], { ready: false, onPost: full });
    await stopScripted(boxes[1]);
    for (const key of ['a', 'b', 'c', undefined]) {
      const reply = await post(key);
      expect([reply.status, await codeOf(reply)]).toEqual([503, 'AT_CAPACITY']);
    }
    await stopScripted(boxes[0]);
    const reply = await post('k');
    expect([reply.status, reply.headers.get('retry-after'), await codeOf(reply)]).toEqual([
      503,
      '10',
      'BOX_UNREACHABLE',
    ]);
    const chinese = await fetch(`${balancer.url}/api/recordings/box1-${ID}`, {
      headers: { 'accept-language': 'zh-CN' },
    });
    expect(chinese.headers.get('content-type')).toBe('application/problem+json');
    expect(((await chinese.json()) as { title: string }).title).toMatch(/无法连接/);
  });

  it('ids lead to their box, unknown ones to whoever knows them; ranges, bodies and tokens pass', async () => {
    const seen: Record<string, unknown>[] = [];
    const tell =
      (name: string): Answer =>
      (request, reply, body) => {
        const { range, authorization, host } = request.headers;
        seen.push({ name, asked: `${request.method} ${request.url}`, range, authorization, host, body });
        json(reply, 206, {}, { 'content-range': 'bytes 0-1/9' });
      };
    boxes[0].onOther = tell('box1');
    boxes[0].onPost = tell('box1');
    const headers = { range: 'bytes=0-1', authorization: 'Bearer secret' };
    const file = await fetch(`${balancer.url}/api/recordings/box1-${ID}/files/0?download=true`, { headers });
    expect([file.status, file.headers.get('content-range')]).toEqual([206, 'bytes 0-1/9']);
    await fetch(`${balancer.url}/api/recordings/box1-${ID}/credentials`, { method: 'POST', body: 'b', headers });
    expect(boxes[1].asked).toEqual([]);
    const host = new URL(balancer.url).host;
    const passed = { name: 'box1', authorization: 'Bearer secret', host };
    expect(seen).toEqual([
      { ...passed, asked: `GET /api/recordings/box1-${ID}/files/0?download=true`, range: 'bytes=0-1', body: '' },
      { ...passed, asked: `POST /api/recordings/box1-${ID}/credentials`, range: 'bytes=0-1', body: 'b' },
    ]);

    boxes[1].onPost = (_request, reply) => json(reply, 404, {});
    // Made before the box had a name, or by a box that the balancer does not know by name.
    for (const id of [ID, `deadbeef-${ID}`, `box9-${ID}`]) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        const { status } = await fetch(`${balancer.url}/api/recordings/${id}/x`, {
          method,
          body: method === 'GET' ? null : 'b',
        });
        expect([id, method, status]).toEqual([id, method, 206]);
      }
    }
  });

  it('/box/NAME/ is that box; what belongs to no box in particular says so', async () => {
    boxes[1].onOther = (request, reply) => json(reply, 200, { url: request.url });
    const list = await fetch(`${balancer.url}/box/box2/api/recordings?text=a%20b`);
    expect(await list.json()).toEqual({ url: '/api/recordings?text=a%20b' });
    expect((await fetch(`${balancer.url}/box/box1/api/settings`)).headers.get('x-recorder-box')).toBe('box1');
    for (const address of [
      '/',
      '/api/recordings',
      '/api/events',
      '/metrics',
      '/box/box3/',
      '/box/',
      '/favicon.ico',
      '/.recorder-place',
    ]) {
      const reply = await fetch(balancer.url + address);
      expect([address, reply.status, await codeOf(reply)]).toEqual([address, 404, 'WHICH_BOX']);
    }
  });

  it('server-sent events come as they are sent', async () => {
    let send: (text: string) => void = () => {};
    boxes[0].onOther = (_request, reply) => {
      reply.writeHead(200, { 'content-type': 'text/event-stream' });
      reply.write('id: 1\n\n');
      send = (text) => reply.end(text);
    };
    const reply = await fetch(`${balancer.url}/box/box1/api/events`, { headers: { 'last-event-id': '0' } });
    const reader = reply.body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('id: 1\n\n');
    send('id: 2\n\n');
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('id: 2\n\n');
  });

  it('a body beyond every limit is refused without asking a box', async () => {
    const reply = await post('k', '/', 'x'.repeat(300_000));
    expect([reply.status, await codeOf(reply)]).toEqual([413, 'BODY_TOO_LARGE']);
    expect(posts()).toEqual([0, 0]);
  });
});
