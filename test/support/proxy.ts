import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** A plain HTTP proxy: absolute addresses for http, CONNECT for everything else. */
export interface TestProxy {
  /** `http://127.0.0.1:PORT` */
  url: string;
  /** What it was asked for, in order: `CONNECT host:port`, or method and address. */
  asked: string[];
  /** What CONNECT is answered with; 200 opens the tunnel. */
  connectStatus: number;
  close(): Promise<void>;
}

/** @param user `name:password` that it asks for; anybody may use it when left out. */
export async function startProxy(user?: string): Promise<TestProxy> {
  const sockets = new Set<Socket>();
  const wanted = user === undefined ? undefined : `Basic ${Buffer.from(user).toString('base64')}`;
  const isAllowed = (asking: IncomingMessage): boolean =>
    wanted === undefined || asking.headers['proxy-authorization'] === wanted;
  const server = createServer((asking: IncomingMessage, reply: ServerResponse) => {
    proxy.asked.push(`${asking.method} ${asking.url}`);
    if (!isAllowed(asking)) {
      asking.resume();
      reply.writeHead(407, { 'proxy-authenticate': 'Basic' }).end('who are you?');
      return;
    }
    const onward = request(asking.url ?? '', { method: asking.method, headers: asking.headers }, (answer) => {
      reply.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(reply);
    });
    onward.on('error', () => reply.writeHead(502).end());
    asking.pipe(onward);
  });
  server.on('connect', (asking: IncomingMessage, socket: Socket) => {
    proxy.asked.push(`CONNECT ${asking.url}`);
    const status = isAllowed(asking) ? proxy.connectStatus : 407;
    if (status !== 200) {
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    const { hostname, port } = new URL(`http://${asking.url}`);
    const onward = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      onward.pipe(socket);
      socket.pipe(onward);
    });
    sockets.add(onward);
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
    socket.on('close', () => onward.destroy());
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: TestProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    connectStatus: 200,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
