import { BlockList, isIP } from 'node:net';

/** Which HTTP proxy a request goes through. Pure. */

/** Variables that name proxies; both cases are read, the lower one first, as curl does. */
export interface ProxyVariables {
  HTTP_PROXY?: string | undefined;
  http_proxy?: string | undefined;
  HTTPS_PROXY?: string | undefined;
  https_proxy?: string | undefined;
  NO_PROXY?: string | undefined;
  no_proxy?: string | undefined;
}

/**
 * What is wrong with the address of a proxy, or null. The address may hold a password, so the answer never repeats it.
 */
export function proxyProblem(address: string): string | null {
  if (!URL.canParse(address)) return 'is not an address; give http://HOST:PORT or http://USER:PASSWORD@HOST:PORT';
  const url = new URL(address);
  if (url.protocol !== 'http:')
    return 'must begin with http:// (SOCKS, PAC and TLS to the proxy itself are not supported)';
  if (url.hostname === '' || url.pathname !== '/' || url.search !== '' || url.hash !== '') {
    return 'must be http://HOST:PORT without a path';
  }
  return null;
}

/**
 * Address of the proxy for a request to `target`, or null for a direct connection. The box's own setting wins and is used for every
 * address. Without it the variables count: HTTPS_PROXY for https, HTTP_PROXY for http and for https that has none; NO_PROXY and
 * addresses of this machine are asked directly. A variable that is no http proxy counts as absent.
 */
export function proxyFor(target: URL, setting: string | null, variables: ProxyVariables): string | null {
  if (setting !== null) return setting;
  if (isThisMachine(target.hostname) || isExempt(target, variables.no_proxy ?? variables.NO_PROXY ?? '')) return null;
  const plain = variables.http_proxy || variables.HTTP_PROXY;
  const secure = variables.https_proxy || variables.HTTPS_PROXY;
  const named = target.protocol === 'https:' ? secure || plain : plain;
  if (!named) return null;
  const address = named.includes('://') ? named : `http://${named}`;
  return proxyProblem(address) === null ? address : null;
}

/** A proxy's address for logs and views: without user and password. */
export function proxyForDisplay(address: string): string {
  const { protocol, host } = new URL(address);
  return `${protocol}//${host}`;
}

/** Whether a host of a URL is this machine, by its address or by a name that means nothing else. */
export function isThisMachine(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  const version = isIP(name);
  if (version === 0) return false;
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8, 'ipv4');
  loopback.addAddress('::1', 'ipv6');
  return loopback.check(name, version === 6 ? 'ipv6' : 'ipv4');
}

/** NO_PROXY: names separated by commas or blanks, each for itself and everything below it, with or without a port; `*` for all. */
function isExempt(target: URL, list: string): boolean {
  const port = target.port || (target.protocol === 'https:' ? '443' : '80');
  const name = target.hostname.toLowerCase();
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const [, host = '', wantedPort] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
      const bare = host.replace(/^\*?\./, '');
      if (wantedPort !== undefined && wantedPort !== port) return false;
      return bare !== '' && (name === bare || name.endsWith(`.${bare}`));
    });
}
