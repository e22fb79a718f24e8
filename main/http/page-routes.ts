import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LANGUAGE_TAG, pickLanguage } from '../../shared/texts/language.ts';
import { callerMay } from './access/caller.ts';
import type { Gate } from './access/gate.ts';
import { FORM_REFERRER, sendLogin } from './access/login-page.ts';
import { PAGE_POLICY, renderPage } from './page.ts';
import type { HttpServerDeps } from './server-deps.ts';

/** How many recordings the page shows. */
const PAGE_LIMIT = 100;

/** The page for people. */
export function addPageRoutes(
  app: FastifyInstance,
  { box, access, nowMs = Date.now }: Pick<HttpServerDeps, 'box' | 'access' | 'nowMs'>,
  gate: Gate,
): void {
  const identify = async (request: FastifyRequest): Promise<void> => await gate.authorize(request, null);
  app.get('/', { onRequest: identify }, async (request, reply) => {
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
  });
}
