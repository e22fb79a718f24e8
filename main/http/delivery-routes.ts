import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type GivenCredentials, parseCredentials } from '../../shared/parse-credentials.ts';
import { isJsonMediaType, parseJsonBytes } from './body.ts';
import type { BoxApi } from './box-api.ts';
import { ProblemError } from './problems.ts';
import { ignoreBodyType, orNotFound, recordingAnswer } from './recording-routes.ts';

function readJson(request: FastifyRequest): unknown {
  if (!isJsonMediaType(request.headers['content-type'])) {
    throw new ProblemError({ code: 'UNSUPPORTED_MEDIA_TYPE' });
  }
  const body = parseJsonBytes(request.body);
  if (body === undefined) {
    throw new ProblemError({ code: 'NOT_JSON' });
  }
  return body;
}

function readCredentials(body: unknown): GivenCredentials {
  const parsed = parseCredentials(body);
  if (!parsed.ok) {
    throw new ProblemError({ code: 'INVALID_REQUEST', errors: parsed.errors });
  }
  return parsed.credentials;
}

/** `{"UseBox": true}`: the box's own keys in place of the recording's. */
function wantsBoxKeys(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'UseBox' in body && body.UseBox === true;
}

/** What people do about deliveries that stand still: other COS keys, another try. No answer ever holds a key. */
export function addDeliveryRoutes(app: FastifyInstance, box: BoxApi): void {
  app.get('/api/cos-credentials', async () => await box.credentials());
  app.put('/api/cos-credentials', async (request) => await box.storeCredentials(readCredentials(readJson(request))));
  app.delete('/api/cos-credentials', {
    onRequest: ignoreBodyType,
    handler: async () => await box.forgetCredentials(),
  });

  app.post<{ Params: { id: string } }>('/api/recordings/:id/credentials', async (request, reply) => {
    const body = readJson(request);
    const credentials = wantsBoxKeys(body) ? null : readCredentials(body);
    const recording = orNotFound(await box.setRecordingCredentials(request.params.id, credentials));
    return reply.status(202).send(recordingAnswer(request, recording));
  });

  app.post<{ Params: { id: string } }>('/api/recordings/:id/retry', {
    onRequest: ignoreBodyType,
    handler: async (request, reply) => {
      const recording = orNotFound(await box.retry(request.params.id));
      return reply.status(202).send(recordingAnswer(request, recording));
    },
  });

  app.post('/api/retry', {
    onRequest: ignoreBodyType,
    handler: async (_request, reply) => reply.status(202).send({ retried: await box.retryAll() }),
  });
}
