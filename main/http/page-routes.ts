import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LANGUAGE_TAG, pickLanguage } from '../../shared/texts/language.ts';
import { callerMay } from './access/caller.ts';
import type { Gate } from './access/gate.ts';
import { FORM_REFERRER, sendLogin } from './access/login-page.ts';
import { PAGE_POLICY, renderPage } from './page.ts';
import type { HttpServerDeps } from './server-deps.ts';

/** How many recordings the page shows. */
const PAGE_LIMIT = 100;

/** Where the page without scripts is always found. */
export const PLAIN_PATH = '/plain';

/** The page without scripts. @param paths where it is; it is the box's own page where no console was built */
export function addPageRoutes(
  app: FastifyInstance,
  { box, access, nowMs = Date.now }: Pick<HttpServerDeps, 'box' | 'access' | 'nowMs'>,
  gate: Gate,
  paths: readonly string[],
): void {
  const identify = async (request: FastifyRequest): Promise<void> => await gate.authorize(request, null);
  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    if (!callerMay(request, 'record')) return sendLogin(request, reply, 401);
    const language = pickLanguage(request.headers['accept-language']);
    const [health, { recordings, total }] = await Promise.all([box.health(), box.list({ limit: PAGE_LIMIT })]);
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', PAGE_POLICY)
      .header('referrer-policy', FORM_REFERRER)
      .header('content-language', LANGUAGE_TAG[language])
      .header('vary', 'accept-language')
      .send(
        renderPage({
          health,
          recordings,
          hasOlder: total > recordings.length,
          language,
          nowMs: nowMs(),
          canSignOut: access?.isRequired ?? false,
        }),
      );
  };
  for (const url of paths) app.get(url, { onRequest: identify }, answer);
}
