import { EventEmitter } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type * as Electron from 'electron';
import type { DoubleSession } from './electron-double-window.ts';

/**
 * Electron's network over Node's: requests really leave, rules of the session count, and a redirect is an event of its own. That
 * Chromium's trust, proxies and cache work as they should is not proven.
 */
export const net = {
  request(options: Electron.ClientRequestConstructorOptions): http.ClientRequest {
    const { protocol = 'https:', hostname = '', port, path = '/', method = 'GET', headers } = options;
    const url = `${protocol}//${hostname}${port ? `:${port}` : ''}${path}`;
    const session = options.session as unknown as DoubleSession | undefined;
    if (session?.mayRequest(url) === false) return new BlockedRequest() as unknown as http.ClientRequest;
    const { request } = protocol === 'http:' ? http : https;
    const sent = request(url, { method, headers: headers as http.OutgoingHttpHeaders });
    session?.requests.add(sent);
    sent.once('close', () => session?.requests.delete(sent));
    sent.prependListener('response', ({ statusCode = 0, headers: { location } }) => {
      if (statusCode < 300 || statusCode >= 400 || location === undefined) return;
      sent.removeAllListeners('response');
      sent.emit('redirect', statusCode, method, new URL(location, url).href, {});
    });
    return sent;
  },
};

/** Never leaves this process. */
class BlockedRequest extends EventEmitter {
  end = (): void => void setImmediate(() => this.emit('error', new Error('net::ERR_BLOCKED_BY_CLIENT')));
  abort = (): void => {};
}
