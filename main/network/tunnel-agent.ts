import { type IncomingMessage, request } from 'node:http';
import { Agent, type AgentOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect } from 'node:tls';

/** Node's code on the error of a tunnel that the proxy refused, by what has to be done about it. */
export type TunnelErrorCode = 'ProxyAuthenticationRequired' | 'ProxyRefused';

/** The proxy answered CONNECT with something else than 200. Never holds the proxy's user or password. */
export class TunnelError extends Error {
  readonly code: TunnelErrorCode;
  constructor(status: number) {
    super(`The proxy answered ${status} to CONNECT`);
    this.name = 'TunnelError';
    this.code = status === 407 ? 'ProxyAuthenticationRequired' : 'ProxyRefused';
  }
}

type Connected = (error: Error | null, socket: Duplex) => void;
type Target = ConnectionOptions & { host?: string | undefined; port?: number | string | undefined };

/** An HTTPS agent whose connections go through a plain HTTP proxy by CONNECT, so that the proxy sees names and no content. */
export class TunnelAgent extends Agent {
  readonly #proxy: URL;
  readonly #connectTimeoutMs: number;

  /** @param connectTimeoutMs longest time the proxy may take to open a tunnel. */
  constructor(proxy: string, connectTimeoutMs: number, options: AgentOptions) {
    super(options);
    this.#proxy = new URL(proxy);
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  override createConnection(options: Target, callback?: Connected): undefined {
    const { host = 'localhost', port = 443 } = options;
    const done = (error: Error | null, socket?: Duplex): void => {
      // Node hands the socket on only when there is no error, whatever its type says.
      callback?.(error, socket as Duplex);
    };
    const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    const asking = request({
      host: this.#proxy.hostname.replace(/^\[|\]$/g, ''),
      port: this.#proxy.port || 80,
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...this.#authorization() },
      agent: false,
      timeout: this.#connectTimeoutMs,
    });
    asking.once('connect', (reply: IncomingMessage, socket: Socket) => {
      // The time limit was for the proxy's answer; from here on the request's own limits count.
      socket.setTimeout(0);
      if (reply.statusCode !== 200) {
        socket.destroy();
        done(new TunnelError(reply.statusCode ?? 0));
        return;
      }
      done(null, connect({ ...options, socket, servername: options.servername ?? host }));
    });
    asking.once('timeout', () => {
      asking.destroy(Object.assign(new Error('The proxy did not answer in time'), { code: 'ETIMEDOUT' }));
    });
    asking.once('response', (reply) => {
      reply.resume();
      done(new TunnelError(reply.statusCode ?? 0));
    });
    asking.once('error', (error) => done(error));
    asking.end();
  }

  #authorization(): Record<string, string> {
    const { username, password } = this.#proxy;
    if (username === '') return {};
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
  }
}
