import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { guardAgent, type Resolve } from './guarded-connections.ts';
import type { TargetPolicy } from './targets.ts';

/** What a POST needs of `fetch`, which satisfies it. */
export type SendPost = (
  url: string,
  init: {
    method: 'POST';
    redirect: 'manual';
    signal: AbortSignal;
    headers: Record<string, string>;
    body: Buffer<ArrayBuffer>;
  },
) => Promise<PostAnswer>;

/** What is looked at of an answer. */
export interface PostAnswer {
  status: number;
  headers: { get(name: string): string | null };
  /** Null when there is none to read or to cancel. */
  body: Pick<ReadableStream<Uint8Array<ArrayBufferLike>>, 'cancel' | 'getReader'> | null;
}

/** Sends POSTs only where the policy allows, each over a connection of its own. Rejects with `TargetRefusedError` or the system's error. */
export function createGuardedPost(policy: TargetPolicy, resolve?: Resolve): SendPost {
  return (url, { method, signal, headers, body }) => {
    const { promise, resolve: answer, reject } = Promise.withResolvers<PostAnswer>();
    const isSecure = new URL(url).protocol === 'https:';
    const agent = guardAgent(isSecure ? new HttpsAgent() : new HttpAgent(), policy, 'request', resolve);
    const send = isSecure ? httpsRequest : httpRequest;
    const sending = send(
      url,
      { method, signal, agent, headers: { accept: '*/*', ...headers, 'content-length': String(body.length) } },
      (reply) => answer(answerOf(reply)),
    );
    sending.on('error', reject);
    sending.end(body);
    return promise;
  };
}

function answerOf(reply: IncomingMessage): PostAnswer {
  // Whoever cancels an answer, or loses it, has its status already.
  reply.on('error', () => {});
  return {
    status: reply.statusCode ?? 0,
    headers: {
      get(name) {
        const value = reply.headers[name];
        return (Array.isArray(value) ? value[0] : value) ?? null;
      },
    },
    body: Readable.toWeb(reply) as ReadableStream<Uint8Array>,
  };
}
