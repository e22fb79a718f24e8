/** Names of objects: what is allowed, and how callers are told. Pure. */

/**
 * Address of an object as callers get it. It is no signed link: a private bucket asks its reader for a signature.
 */
export function objectUrl(bucket: string, region: string, key: string): string {
  return `https://${bucket}.cos.${region}.myqcloud.com/${key.split('/').map(encodeSegment).join('/')}`;
}

const MAX_KEY_BYTES = 850;

/**
 * Says what is wrong with an object key, or null. Stricter than COS: empty, `.` and `..` segments are stored by COS as they are, but
 * proxies on the way rewrite them, and the file would land elsewhere.
 */
export function objectKeyProblem(key: string): string | null {
  if (key === '') return 'the object key is empty';
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `the object key is longer than ${MAX_KEY_BYTES} bytes`;
  if (key.includes('\\')) return 'the object key contains a backslash';
  if ([...key].some((sign) => sign < ' ' || sign === '\x7f')) return 'the object key contains a control character';
  if (key.split('/').some((segment) => segment === '' || segment === '.' || segment === '..')) {
    return 'the object key contains an empty, "." or ".." segment';
  }
  return key.isWellFormed() ? null : 'the object key is not valid Unicode';
}

function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
