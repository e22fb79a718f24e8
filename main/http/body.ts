import { createHash } from 'node:crypto';
import type { RecordingRequest } from '../../shared/request.ts';

/** The largest body in bytes; a normal request is under 2 KB. */
export const BODY_LIMIT_BYTES = 64 * 1024;

/** How deep a body may be nested: whoever walks through it later does so on the stack. */
const MAX_DEPTH = 100;

/** Reads bytes as JSON in UTF-8 (a byte-order mark is tolerated); `undefined` when they are not, or nested too deeply. */
export function parseJsonBytes(bytes: unknown): unknown {
  if (!(bytes instanceof Uint8Array)) {
    return undefined;
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return depthOf(text) > MAX_DEPTH ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** How many lists and objects of a JSON text lie in one another. */
function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  let isInText = false;
  for (let at = 0; at < json.length; at += 1) {
    const character = json[at];
    if (character === '"') isInText = !isInText;
    else if (isInText) at += character === '\\' ? 1 : 0;
    else if (character === '[' || character === '{') deepest = Math.max(deepest, ++depth);
    else if (character === ']' || character === '}') depth -= 1;
  }
  return deepest;
}

/** True for `application/json` and `…+json`, whatever parameters follow. */
export function isJsonMediaType(contentType: string | undefined): boolean {
  const mediaType = (contentType ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  return mediaType === 'application/json' || /^application\/[a-z0-9.+-]+\+json$/.test(mediaType);
}

/**
 * SHA-256 (hex) over what is to be recorded and where it goes. UserSig and credentials are left out: a caller that repeats a
 * request may have signed afresh, and no digest of a secret should lie in a database.
 */
export function requestFingerprint(request: RecordingRequest): string {
  const { CosConfig, AlsoSingle, Layout, ...rest } = request;
  const names = Object.entries(rest.Names).sort(([a], [b]) => (a < b ? -1 : 1));
  const canonical = [
    rest.SdkAppId,
    rest.RoomId,
    rest.StrRoomId,
    rest.UserId,
    rest.Mode,
    rest.IsReserve,
    rest.Callback,
    CosConfig.Region,
    CosConfig.Bucket,
    CosConfig.Path,
    ...(rest.Event.length > 0 ? [{ Event: rest.Event }] : []),
    ...(AlsoSingle || Layout !== null || names.length > 0 ? [AlsoSingle, Layout, names] : []),
  ];
  return createHash('sha256').update(JSON.stringify(canonical)).digest('hex');
}
