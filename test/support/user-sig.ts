import { deflateSync } from 'node:zlib';

/** A UserSig as a signing server packs it, without a true signature: enough for every check that needs no key. */
export function makeUserSig(options: { sdkAppId: number; userId: string; expireSeconds?: number }): string {
  const content = {
    'TLS.ver': '2.0',
    'TLS.identifier': options.userId,
    'TLS.sdkappid': options.sdkAppId,
    'TLS.time': Math.floor(Date.now() / 1000),
    'TLS.expire': options.expireSeconds ?? 7 * 86_400,
    'TLS.sig': 'bm90IGEgc2lnbmF0dXJl',
  };
  const base64 = deflateSync(JSON.stringify(content)).toString('base64');
  return base64.replaceAll('+', '*').replaceAll('/', '-').replaceAll('=', '_');
}
