import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort } from '../support/free-port.ts';

/** A caller's address whose socket misbehaves at its first tries and then hands over to an honest receiver. */

export const CALLER_FAULTS = [
  'noConnection',
  'resetBeforeBody',
  'resetBeforeAnswer',
  'cutAnswer',
  'hang',
  'redirect',
  'serverError',
] as const;
export type CallerFault = (typeof CALLER_FAULTS)[number];

/** One POST that arrived. */
export interface CallerTry {
  deliveryId: string | undefined;
  /** Empty when the connection was reset before it was read. */
  body: string;
}

export interface BadCaller {
  /** Where the callback goes. */
  readonly url: string;
  readonly tries: readonly CallerTry[];
  /** Opens the port of a caller that could not be reached. Harmless for others. */
  appear(): Promise<void>;
  close(): void;
}

/**
 * Starts it on a port of its own.
 * @param goodUrl where a POST goes on to once the faults are used up
 */
export async function startBadCaller(fault: CallerFault, path: string, goodUrl: string): Promise<BadCaller> {
  const tries: CallerTry[] = [];
  const faults: (CallerFault | undefined)[] = fault === 'noConnection' ? [] : [fault, fault];
  const server = createServer((request, response) => {
    void answer(request, response, faults.shift(), tries, `${goodUrl}${path}`).catch(() => request.socket.destroy());
  });
  const port = await listen(server, await freePort());
  if (fault === 'noConnection') await new Promise((resolve) => server.close(resolve));
  return {
    url: `http://127.0.0.1:${port}${path}`,
    tries,
    async appear() {
      if (!server.listening) await listen(server, port);
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  fault: CallerFault | undefined,
  tries: CallerTry[],
  goodUrl: string,
): Promise<void> {
  const id = request.headers['x-delivery-id'];
  const arrived: CallerTry = { deliveryId: Array.isArray(id) ? id[0] : id, body: '' };
  tries.push(arrived);
  if (fault === 'resetBeforeBody') {
    request.socket.resetAndDestroy();
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  arrived.body = Buffer.concat(chunks).toString('utf8');
  switch (fault) {
    case 'resetBeforeAnswer':
      request.socket.resetAndDestroy();
      return;
    case 'cutAnswer':
      request.socket.end('HTTP/1.1 20');
      return;
    case 'hang':
      return;
    case 'redirect':
      response.writeHead(302, { location: 'http://127.0.0.1:9/elsewhere' }).end();
      return;
    case 'serverError':
      response.writeHead(500).end();
      return;
    default: {
      const headers = { 'content-type': 'application/json', 'x-delivery-id': arrived.deliveryId ?? '' };
      const reply = await fetch(goodUrl, { method: 'POST', headers, body: arrived.body });
      response.writeHead(reply.status).end();
    }
  }
}
