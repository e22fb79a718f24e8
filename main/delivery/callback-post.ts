import { createHmac } from 'node:crypto';
import type { PostAnswer, SendPost } from '../network/guarded-post.ts';
import { TargetRefusedError } from '../network/targets.ts';
import { BACKOFF_CAP_MS } from './steps.ts';

/** How one POST went. `answer`: how the body of the answer begins; null when it has none. */
export type Reply =
  | { kind: 'taken'; status: number; answer: string | null }
  /** The receiver answered without taking it, or did not answer in time: perhaps it is this message that it cannot take. */
  | { kind: 'refused'; status: number | null; error: string; afterMs: number | null; answer: string | null }
  /** No connection: it would have been the same with any message. */
  | { kind: 'nobody'; error: string }
  /** The box stops; the try does not count. */
  | { kind: 'aborted' };

export interface Post {
  url: string;
  body: string;
  deliveryId: string;
  /** 1, 2, … */
  attempt: number;
  sdkAppId: number;
}

export interface PostOptions {
  /** The platform's `fetch`, or one that goes only where it may. */
  fetch: SendPost;
  /** Deadline of the whole POST, redirects and answer included. */
  timeoutMs: number;
  /** Signs every body when there is one. Secret. */
  signingKey: string | null;
  /** Wall clock, ms since 1970. */
  now: () => number;
}

/** Begins the error of a message that was not sent because of where its address leads. */
export const ADDRESS_REFUSED = 'CALLBACK_ADDRESS_REFUSED';

/** How much of an answer is kept, and how long it may take to come. */
const ANSWER_CHARACTERS = 500;
const ANSWER_BYTES = 4 * ANSWER_CHARACTERS;
const ANSWER_WAIT_MS = 1000;
/** More hops than this are a loop. */
const MAX_REDIRECTS = 3;

/**
 * TRTC's own callback signature: base64 of HMAC-SHA256 over the raw body. Receivers written for TRTC's callbacks check it as it is.
 */
export function signatureOf(key: string, body: Uint8Array): string {
  return createHmac('sha256', key).update(body).digest('base64');
}

/** Sends one message. Never throws, and shows nothing of the address but its host: the rest may hold credentials. */
export async function postCallback(post: Post, options: PostOptions, signal: AbortSignal): Promise<Reply> {
  const deadline = AbortSignal.timeout(options.timeoutMs);
  try {
    const response = await send(post, options, AbortSignal.any([signal, deadline]));
    if (typeof response === 'string') {
      return { kind: 'refused', status: null, error: response, afterMs: null, answer: null };
    }
    const { status } = response;
    const answer = await beginningOf(response.body);
    if (status >= 200 && status < 300) return { kind: 'taken', status, answer };
    const afterMs = retryAfterMs(response.headers.get('retry-after'), options.now());
    return { kind: 'refused', status, error: `HTTP status ${status}`, afterMs, answer };
  } catch (error) {
    if (signal.aborted) return { kind: 'aborted' };
    if (error instanceof TargetRefusedError) {
      // Names change where they lead, so it is tried again; but it is the address that has to be corrected, not the line.
      return {
        kind: 'refused',
        status: null,
        error: `${ADDRESS_REFUSED}: ${error.message}`,
        afterMs: null,
        answer: null,
      };
    }
    if (!deadline.aborted) return { kind: 'nobody', error: failureText(error) };
    const late = `no answer within ${options.timeoutMs} ms`;
    return { kind: 'refused', status: null, error: late, afterMs: null, answer: null };
  }
}

/**
 * How a body begins, for people who ask why. The status is the answer: a body that never ends, or comes slowly, must not keep the connection,
 * and one that breaks off changes nothing.
 */
async function beginningOf(body: PostAnswer['body']): Promise<string | null> {
  if (body === null) return null;
  const reader = body.getReader();
  const timer = setTimeout(() => void reader.cancel().catch(() => {}), ANSWER_WAIT_MS);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    while (bytes < ANSWER_BYTES) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      bytes += value.byteLength;
    }
  } catch {
    // What came until then is shown.
  } finally {
    clearTimeout(timer);
    reader.cancel().catch(() => {});
  }
  const text = Buffer.concat(chunks).toString('utf8', 0, ANSWER_BYTES).slice(0, ANSWER_CHARACTERS).trim();
  return text === '' ? null : text;
}

/** The last answer, or what is wrong with a redirect. Only 307 and 308 are followed, which keep method and body, and only to the same host. */
async function send(post: Post, options: PostOptions, signal: AbortSignal): Promise<PostAnswer | string> {
  const body = Buffer.from(post.body, 'utf8');
  const { url: first, authorization } = target(post.url);
  const headers = {
    'content-type': 'application/json',
    'x-delivery-id': post.deliveryId,
    'x-delivery-attempt': String(post.attempt),
    ...(authorization === null ? {} : { authorization }),
    ...(options.signingKey === null
      ? {}
      : { Sign: signatureOf(options.signingKey, body), SdkAppId: String(post.sdkAppId) }),
  };
  let url = first;
  for (let hops = 0; ; hops += 1) {
    const response = await options.fetch(url.href, { method: 'POST', redirect: 'manual', signal, headers, body });
    const location = response.headers.get('location');
    if ((response.status !== 307 && response.status !== 308) || location === null) return response;
    response.body?.cancel().catch(() => {});
    const next = URL.parse(location, url.href);
    if (next === null) return `HTTP status ${response.status} to an address that is none`;
    if (!isSameHost(url, next)) return `HTTP status ${response.status} to another host (${next.host}), not followed`;
    if (hops >= MAX_REDIRECTS) return `more than ${MAX_REDIRECTS} redirects`;
    next.username = '';
    next.password = '';
    url = next;
  }
}

/** The same scheme, name and port; from http to https of the same name is the one step that is trusted besides. */
function isSameHost(from: URL, to: URL): boolean {
  if (to.origin === from.origin) return true;
  const isUpgrade = from.protocol === 'http:' && to.protocol === 'https:';
  return isUpgrade && to.hostname === from.hostname && from.port === '' && to.port === '';
}

/** `fetch` refuses addresses with a user name or password in them, so they go as Basic authorization. */
function target(address: string): { url: URL; authorization: string | null } {
  const url = new URL(address);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  if (!username && !password) return { url, authorization: null };
  const pair = `${percentDecoded(username)}:${percentDecoded(password)}`;
  return { url, authorization: `Basic ${Buffer.from(pair, 'utf8').toString('base64')}` };
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What went wrong, by the system's code: messages of `fetch` may hold the whole address. */
function failureText(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as { code?: unknown } | null)?.code;
  if (typeof code === 'string') return `no connection (${code})`;
  return `no connection (${cause instanceof Error ? cause.name : 'unknown'})`;
}

/** `Retry-After` in milliseconds from `nowMs`, at most the backoff's cap; null when absent or unreadable. */
function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  const waitMs = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isFinite(waitMs) && waitMs >= 0 ? Math.min(waitMs, BACKOFF_CAP_MS) : null;
}
