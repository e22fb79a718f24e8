import type { FastifyInstance } from 'fastify';
import { LANGUAGE_TAG, pickLanguage } from '../../shared/texts/language.ts';
import type { BoxApi } from './box-api.ts';
import { PAGE_POLICY, renderPage } from './page.ts';

/** How many recordings the page shows. */
const PAGE_LIMIT = 100;

/** The page for people and the health check for machines. */
export function addPageRoutes(app: FastifyInstance, box: BoxApi, version: string, nowMs: () => number): void {
  app.get('/', async (request, reply) => {
    const language = pickLanguage(request.headers['accept-language']);
    const [health, { recordings, total }] = await Promise.all([box.health(), box.list({ limit: PAGE_LIMIT })]);
    return reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', PAGE_POLICY)
      .header('content-language', LANGUAGE_TAG[language])
      .header('vary', 'accept-language')
      .send(
        renderPage({
          health,
          recordings,
          hasOlder: total > recordings.length,
          language,
          nowMs: nowMs(),
        }),
      );
  });

  // The process answers, so it is alive; whether it would take a request now is in the body, not in the status.
  app.get('/healthz', async () => ({ status: 'ok', version, ...(await box.health()) }));
}
