import type { FastifyInstance } from 'fastify';
import { endAnswersWithTheirTokens } from './access/long-answers.ts';
import { isAllowed } from './guard.ts';
import { ProblemError } from './problems.ts';
import type { HttpServerDeps } from './server-deps.ts';

/** Header with the name of the box in its fleet. */
const BOX_HEADER = 'x-recorder-box';

/** What happens with every request, whatever its route. */
export function addHooks(app: FastifyInstance, deps: HttpServerDeps): void {
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  if (deps.access) endAnswersWithTheirTokens(app, deps.access);
  app.addHook('onRequest', async (request) => {
    const { host, origin, 'sec-fetch-site': fetchSite } = request.headers;
    const guarded = { method: request.method, host, origin, fetchSite: fetchSite?.toString() };
    if (!isAllowed(guarded, deps.allowedHosts ?? [])) {
      throw new ProblemError({ code: 'FORBIDDEN_ORIGIN' });
    }
  });
  app.addHook('onSend', async (_request, reply) => {
    if (!reply.hasHeader('cache-control')) {
      reply.header('cache-control', 'no-store');
    }
    if (deps.boxName) {
      reply.header(BOX_HEADER, deps.boxName);
    }
    if (closing) {
      reply.header('connection', 'close');
    }
  });
  // Neither headers nor bodies nor the query: secrets travel in them. The route is the pattern, not the address that was asked.
  // What only looks, as the page does every two seconds, is not worth a line of the log.
  app.addHook('onResponse', async (request, reply) => {
    const facts = {
      requestId: request.id,
      method: request.method,
      route: request.routeOptions.url ?? '(none)',
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime),
      ...(request.caller?.name ? { caller: request.caller.name } : {}),
    };
    const onlyLooks = (request.method === 'GET' || request.method === 'HEAD') && reply.statusCode < 400;
    deps.log[onlyLooks ? 'debug' : 'info'](facts, 'request answered');
  });
}
