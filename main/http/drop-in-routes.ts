import type { FastifyInstance } from 'fastify';
import type { Gate } from './access/gate.ts';
import type { BoxApi } from './box-api.ts';
import { ID_HEADER, markReplay, submitBytes } from './submit.ts';

/** The cloud function's answer, word for word: its callers may compare it. */
export const DROP_IN_REPLY = 'Async run task submitted';

/** The two addresses at which callers of the cloud function expect it. Their content type is not judged. */
export function addDropInRoutes(app: FastifyInstance, box: BoxApi, gate: Gate): void {
  for (const url of ['/', '/release', '/release/*']) {
    app.route({
      method: 'POST',
      url,
      onRequest: async (request) => {
        await gate.authorize(request, 'record', { tokenInQuery: true });
        // Fastify would refuse a content type it cannot read before any parser sees the body.
        request.raw.headers['content-type'] = 'application/json';
      },
      handler: async (request, reply) => {
        const { recording, replayed } = await submitBytes(box, request);
        markReplay(reply, replayed);
        return reply.header(ID_HEADER, recording.id).type('text/plain; charset=utf-8').send(DROP_IN_REPLY);
      },
    });
  }
}
