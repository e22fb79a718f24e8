import type { FastifyInstance } from 'fastify';
import type { AccessApi } from './access-api.ts';

/** How soon an answer that goes on, such as a stream of events, ends after its reader's token did. */
const RECHECK_MS = 5_000;

/** Cuts off readers whose token or session ended while they were being answered. */
export function endAnswersWithTheirTokens(app: FastifyInstance, access: AccessApi, everyMs = RECHECK_MS): void {
  const underWay = new Set<() => void>();
  app.addHook('onRequest', async (request, reply) => {
    const check = (): void => {
      const { caller } = request;
      if (access.isRequired && caller !== null && !access.isCurrent(caller)) reply.raw.destroy();
    };
    underWay.add(check);
    reply.raw.once('close', () => underWay.delete(check));
  });
  const timer = setInterval(() => {
    for (const check of underWay) check();
  }, everyMs);
  timer.unref();
  app.addHook('onClose', async () => clearInterval(timer));
}
