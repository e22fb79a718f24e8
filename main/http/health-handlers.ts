import { callerMay } from './access/caller.ts';
import type { Handlers } from './route-binding.ts';
import type { HttpServerDeps } from './server-deps.ts';
import type { StatusApi } from './status-api.ts';

/** When a balancer should ask a box again that could not take a recording. */
const RETRY_AFTER_SECONDS = 10;

/** The process answers, so it is alive; whether it would take a request now is in the body, not in the status. */
export function healthHandlers({ box, version, tls }: Pick<HttpServerDeps, 'box' | 'version' | 'tls'>) {
  return {
    healthz: async ({ request }) =>
      callerMay(request, 'record')
        ? { status: 'ok', version, ...(await box.health()), ...(tls ? { tls: tls.state() } : {}) }
        : { status: 'ok' },
  } satisfies Partial<Handlers>;
}

/** What monitors and balancers ask. */
export function statusHandlers(status: StatusApi) {
  return {
    readyz: async ({ reply }) => {
      const readiness = await status.readiness();
      if (!readiness.ready) reply.status(503).header('retry-after', String(RETRY_AFTER_SECONDS));
      return readiness;
    },
    metrics: async ({ reply }) => {
      const { contentType, text } = await status.metrics();
      return reply.type(contentType).send(text);
    },
    getVersion: async () => status.version(),
  } satisfies Partial<Handlers>;
}
