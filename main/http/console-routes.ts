import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { send } from '@fastify/send';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { callerMay } from './access/caller.ts';
import type { Gate } from './access/gate.ts';
import { sendLogin } from './access/login-page.ts';
import { ProblemError } from './problems.ts';

/** The console is the page of the box. */
export const CONSOLE_PATH = '/';
/** Where it was before; bookmarks lead on. Browsers keep what stands behind the hash. */
const FORMER_PATH = '/console';
/** Everything that the page loads; the names carry a hash of their content. */
const ASSETS_PATH = '/assets';
const ICON_PATH = '/icon.svg';

/**
 * Everything comes from the box itself and nothing is evaluated. Styles may stand in elements, because the console's components move
 * things about by them; scripts may not.
 */
export const CONSOLE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** What carries a hash of its content in its name never changes. */
const FOREVER = 'public, max-age=31536000, immutable';

/** Whether a directory holds a built console. */
export function hasConsole(directory: string | undefined): directory is string {
  return directory !== undefined && existsSync(path.join(directory, 'index.html'));
}

/** The console as it was built: its page for whoever may use the box, and what the page loads for everybody, as it holds no facts. */
export function addConsoleRoutes(app: FastifyInstance, directory: string, gate: Gate): void {
  const page = readFileSync(path.join(directory, 'index.html'), 'utf8');
  const identify = async (request: FastifyRequest): Promise<void> => await gate.authorize(request, null);
  app.get(CONSOLE_PATH, { onRequest: identify }, async (request, reply) => {
    if (!callerMay(request, 'record')) return sendLogin(request, reply, 401);
    return reply.type('text/html; charset=utf-8').header('content-security-policy', CONSOLE_POLICY).send(page);
  });
  app.get(FORMER_PATH, async (_request, reply) => reply.redirect(CONSOLE_PATH, 302));
  const open = async (request: FastifyRequest, address: string) => {
    const file = await send(request.raw, encodeURI(address), { root: directory, index: false, cacheControl: false });
    if (file.type !== 'file') throw new ProblemError({ code: 'ROUTE_NOT_FOUND' });
    return file;
  };
  app.get<{ Params: { '*': string } }>(`${ASSETS_PATH}/*`, async (request, reply) => {
    const file = await open(request, `assets/${request.params['*']}`);
    return sendFile(reply.header('cache-control', FOREVER), file);
  });
  app.get(ICON_PATH, async (request, reply) => sendFile(reply, await open(request, ICON_PATH.slice(1))));
}

function sendFile(
  reply: FastifyReply,
  {
    statusCode,
    headers,
    stream,
  }: { statusCode: number; headers: Record<string, string>; stream: NodeJS.ReadableStream },
): FastifyReply {
  return reply.status(statusCode).headers(headers).send(stream);
}
