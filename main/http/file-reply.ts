import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { judgeConditions, type Verdict } from './conditions.ts';
import type { OpenFile } from './files-api.ts';
import { ProblemError } from './problems.ts';

/**
 * What a browser may do with a file that it opens by itself, as it does when somebody follows a link: show it in the player that it
 * brings along. The player's own style counts as inline.
 */
const MEDIA_POLICY =
  "default-src 'none'; media-src 'self'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'";

/** The end of a header: RFC 6266 with the name in UTF-8 by RFC 8187, and in ASCII for who cannot read that. */
export function contentDisposition(kind: 'inline' | 'attachment', name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const utf8 = encodeURIComponent(name.toWellFormed()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16)}`,
  );
  return `${kind}; filename="${ascii}"; filename*=UTF-8''${utf8}`;
}

/** Answers with a file, whole or the part that was asked for, and closes it whatever happens. @throws ProblemError for 412 and 416 */
export async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: OpenFile,
  kind: 'inline' | 'attachment',
): Promise<FastifyReply> {
  const { handle, bytes, etag, modifiedAtMs, mediaType, name } = file;
  const verdict = judgeConditions(request.method, request.headers, file);
  const sends = request.method !== 'HEAD' && bytes > 0 && (verdict.status === 200 || verdict.status === 206);
  if (!sends) await handle.close();
  reply.headers({
    'accept-ranges': 'bytes',
    etag,
    'last-modified': new Date(modifiedAtMs).toUTCString(),
    // Shared caches would keep it for who has no token; a browser may keep it, and asks whether it still counts.
    'cache-control': 'private, no-cache',
  });
  refuse(reply, verdict, bytes);
  if (verdict.status === 304) return reply.status(304).send();
  const { first, last } = verdict.status === 206 ? verdict : { first: 0, last: bytes - 1 };
  if (verdict.status === 206) reply.header('content-range', `bytes ${first}-${last}/${bytes}`);
  reply
    .status(verdict.status)
    .headers({
      'content-length': last - first + 1,
      'content-disposition': contentDisposition(kind, name),
      'content-security-policy': MEDIA_POLICY,
    })
    .type(mediaType);
  // For HEAD Fastify takes the length from what is sent, unless that is a stream.
  return reply.send(sends ? handle.createReadStream({ start: first, end: last }) : Readable.from([]));
}

function refuse(reply: FastifyReply, { status }: Verdict, bytes: number): void {
  if (status === 412) throw new ProblemError({ code: 'PRECONDITION_FAILED' });
  if (status !== 416) return;
  reply.header('content-range', `bytes */${bytes}`);
  throw new ProblemError({ code: 'RANGE_NOT_SATISFIABLE' });
}
