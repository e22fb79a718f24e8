import { isIP } from 'node:net';

/** What the guard looks at in a request. */
export interface GuardedRequest {
  method: string;
  /** Header `Host`. */
  host: string | undefined;
  /** Header `Origin`: browsers send it with every request that can change something. */
  origin: string | undefined;
  /** Header `Sec-Fetch-Site`. */
  fetchSite: string | undefined;
}

function hostNameOf(host: string): string | null {
  const url = `http://${host}`;
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '').toLowerCase() : null;
}

function isOwnName(host: string | undefined, allowedHosts: readonly string[]): boolean {
  const name = host === undefined ? null : hostNameOf(host);
  return (
    name !== null &&
    (name === 'localhost' || name.endsWith('.localhost') || isIP(name) !== 0 || allowedHosts.includes(name))
  );
}

/**
 * Keeps web pages of other sites away from a box that listens on the very machine where somebody browses.
 * A page of another site gives itself away by its Origin; a page that had its own name pointed at this machine (DNS
 * rebinding) by the host name. Programs send no Origin and may start recordings under any name, as behind a reverse proxy.
 *
 * @param allowedHosts lower-case host names, besides addresses and localhost, under which browsers may use the box.
 */
export function isAllowed(request: GuardedRequest, allowedHosts: readonly string[]): boolean {
  const { method, host, origin, fetchSite } = request;
  const reads = method === 'GET' || method === 'HEAD';
  if (origin !== undefined) {
    const sameOrigin = URL.canParse(origin) && host !== undefined && new URL(origin).host === host.toLowerCase();
    return sameOrigin && isOwnName(host, allowedHosts);
  }
  if (!reads) {
    return fetchSite === undefined || fetchSite === 'same-origin' || fetchSite === 'none';
  }
  return isOwnName(host, allowedHosts);
}
