import { createRequire } from 'node:module';
import type COS from 'cos-nodejs-sdk-v5';

export type CosSdk = COS;
export type CosSdkClass = typeof COS;

let loaded: CosSdkClass | null = null;

/** Loads the COS SDK at first use: it takes 150 ms, which a box that has nothing to upload need not spend. */
export function loadSdk(): CosSdkClass {
  if (loaded !== null) return loaded;
  const require = createRequire(import.meta.url);
  guardReplyParser(require('cos-nodejs-sdk-v5/sdk/util.js'));
  loaded = require('cos-nodejs-sdk-v5') as CosSdkClass;
  return loaded;
}

interface SdkUtil {
  parseResBody(body: string): unknown;
}

/**
 * The SDK parses reply bodies in a socket callback without catching. A page that is no XML, XML that a proxy cut off, or a plain
 * text would end the whole process as an uncaught exception. Guarded, such a body counts as empty, and the checks on ETag and
 * UploadId find that nothing was confirmed.
 */
function guardReplyParser(util: SdkUtil): void {
  const parse = util.parseResBody;
  util.parseResBody = (body) => {
    try {
      const parsed = parse(body);
      return typeof parsed === 'object' && parsed !== null ? parsed : {};
    } catch {
      return {};
    }
  };
}
