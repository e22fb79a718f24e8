import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { send } from '@fastify/send';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { callerMay } from './access/caller.ts';
import type { Gate } from './access/gate.ts';
import { sendLogin } from './access/login-page.ts';
import { ProblemError } from './problems.ts';

/** Where the console is; the bundler writes it into the page. */
export const CONSOLE_PATH = '/console';

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

/** Names of files below `assets` carry a hash of their content, so they never change. */
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
  app.get<{ Params: { '*': string } }>(`${CONSOLE_PATH}/*`, async (request, reply) => {
    const address = request.params['*'];
    const file = await send(request.raw, encodeURI(address), { root: directory, index: false, cacheControl: false });
    if (file.type !== 'file') throw new ProblemError({ code: 'ROUTE_NOT_FOUND' });
    if (address.startsWith('assets/')) reply.header('cache-control', FOREVER);
    return sendFile(reply, file);
  });
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
