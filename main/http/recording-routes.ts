import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { FieldError } from '../../shared/errors.ts';
import { parseRecordingRequest } from '../../shared/parse-request.ts';
import { RECORDING_STATES, type RecordingState, TERMINAL_STATES } from '../../shared/recording.ts';
import type { RequestWarning } from '../../shared/request.ts';
import { pickLanguage } from '../../shared/texts/language.ts';
import { remedyIn } from '../../shared/texts/remedies.ts';
import type { RecordingView } from '../../shared/view.ts';
import { isJsonMediaType, parseJsonBytes, requestFingerprint } from './body.ts';
import type { BoxApi, ListQuery, ProblemResult } from './box-api.ts';
import { ProblemError } from './problems.ts';

/** The cloud function's answer, word for word: its callers may compare it. */
export const DROP_IN_REPLY = 'Async run task submitted';
/** Header with the id of the recording; the cloud function put the id of its run there. */
export const ID_HEADER = 'x-scf-reqid';

const DEFAULT_LIST_LIMIT = 100;
const MAX_LIST_LIMIT = 500;
/** Printable ASCII, as an HTTP header can carry it. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** Addresses of one recording, relative to the box. */
function linksOf(id: string): { self: string; stop: string; callback: string; retry: string; credentials: string } {
  const self = `/api/recordings/${encodeURIComponent(id)}`;
  return {
    self,
    stop: `${self}/stop`,
    callback: `${self}/callback`,
    retry: `${self}/retry`,
    credentials: `${self}/credentials`,
  };
}

function isProblem(result: RecordingView | ProblemResult | null): result is ProblemResult {
  return result !== null && 'kind' in result;
}

/** Throws when there is no such recording, or when it was refused. */
export function orNotFound(result: RecordingView | ProblemResult | null): RecordingView {
  if (result === null) {
    throw new ProblemError({ code: 'NOT_FOUND' });
  }
  if (isProblem(result)) {
    throw new ProblemError(result);
  }
  return result;
}

function readIdempotencyKey(request: FastifyRequest): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined) {
    return undefined;
  }
  if (typeof key !== 'string' || !IDEMPOTENCY_KEY.test(key)) {
    const error: FieldError = {
      field: 'Idempotency-Key',
      rule: 'pattern',
      message: {
        en: 'Idempotency-Key must be 1 to 255 printable ASCII characters without spaces.',
        zh: 'Idempotency-Key 必须为 1 到 255 个不含空格的可打印 ASCII 字符。',
      },
      remedy: {
        en: 'Send a fresh UUID for every new recording and the same one when you repeat a request.',
        zh: '每个新录制使用新的 UUID，重复请求时使用相同的 UUID。',
      },
    };
    throw new ProblemError({ code: 'INVALID_REQUEST', errors: [error] });
  }
  return key;
}

/** Validates the body and hands it to the box; throws a ProblemError for every refusal. */
async function submit(
  box: BoxApi,
  request: FastifyRequest,
): Promise<{ recording: RecordingView; replayed: boolean; warnings: RequestWarning[] }> {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new ProblemError({ code: 'UNSUPPORTED_MEDIA_TYPE' });
  }
  const body = parseJsonBytes(request.body);
  if (body === undefined) {
    throw new ProblemError({ code: 'NOT_JSON' });
  }
  const idempotencyKey = readIdempotencyKey(request);
  const parsed = parseRecordingRequest(body, box.parseOptions());
  if (!parsed.ok) {
    throw new ProblemError({ code: 'INVALID_REQUEST', errors: parsed.errors });
  }
  const result = await box.accept(parsed.request, { idempotencyKey, bodyHash: requestFingerprint(parsed.request) });
  if (result.kind === 'problem') {
    throw new ProblemError(result);
  }
  return { recording: result.recording, replayed: result.kind === 'replayed', warnings: parsed.warnings };
}

function markReplay(reply: FastifyReply, replayed: boolean): void {
  if (replayed) {
    reply.header('idempotency-replayed', 'true');
  }
}

/** The two addresses at which callers of the cloud function expect it. Their content type is not judged. */
export function addDropInRoutes(app: FastifyInstance, box: BoxApi): void {
  for (const url of ['/', '/release', '/release/*']) {
    app.route({
      method: 'POST',
      url,
      onRequest: async (request) => {
        // Fastify would refuse a content type it cannot read before any parser sees the body.
        request.raw.headers['content-type'] = 'application/json';
      },
      handler: async (request, reply) => {
        const { recording, replayed } = await submit(box, request);
        markReplay(reply, replayed);
        return reply.header(ID_HEADER, recording.id).type('text/plain; charset=utf-8').send(DROP_IN_REPLY);
      },
    });
  }
}

function queryError(field: string, value: unknown, is: { en: string; zh: string }): FieldError {
  return {
    field,
    rule: 'query',
    message: { en: `${field} must be ${is.en}.`, zh: `${field} 必须为：${is.zh}。` },
    remedy: { en: `Correct ${field} or leave it out.`, zh: `请修正 ${field} 或去掉该参数。` },
    ...(typeof value === 'string' ? { value: value.slice(0, 100) } : {}),
  };
}

function isState(value: unknown): value is RecordingState {
  return RECORDING_STATES.some((state) => state === value);
}

/** Reads `state`, `limit` and `before`; throws with every wrong one named. */
function readListQuery(query: unknown): ListQuery {
  const given: Readonly<Record<string, unknown>> = typeof query === 'object' && query !== null ? { ...query } : {};
  const { state, limit, before } = given;
  const errors: FieldError[] = [];
  if (state !== undefined && !isState(state)) {
    const states = RECORDING_STATES.join(', ');
    errors.push(queryError('state', state, { en: `one of ${states}`, zh: `${states} 之一` }));
  }
  const count = limit === undefined ? DEFAULT_LIST_LIMIT : /^[0-9]{1,9}$/.test(String(limit)) ? Number(limit) : 0;
  if (count < 1 || count > MAX_LIST_LIMIT) {
    errors.push(
      queryError('limit', limit, {
        en: `an integer from 1 to ${MAX_LIST_LIMIT}`,
        zh: `1 到 ${MAX_LIST_LIMIT} 之间的整数`,
      }),
    );
  }
  if (before !== undefined && typeof before !== 'string') {
    errors.push(queryError('before', before, { en: 'one id of a recording', zh: '一个录制 id' }));
  }
  if (errors.length > 0) {
    throw new ProblemError({ code: 'INVALID_REQUEST', errors });
  }
  return {
    limit: count,
    ...(isState(state) ? { state } : {}),
    ...(typeof before === 'string' ? { before } : {}),
  };
}

/** A recording with its addresses, and with remedies in the reader's language. */
export function recordingAnswer(
  request: FastifyRequest,
  recording: RecordingView,
): RecordingView & { links: ReturnType<typeof linksOf> } {
  const language = pickLanguage(request.headers['accept-language']);
  const { blocked, waiting } = recording;
  return {
    ...recording,
    blocked: blocked && { ...blocked, remedy: remedyIn(language, blocked.remedy) },
    waiting: waiting && { ...waiting, remedy: remedyIn(language, waiting.remedy) },
    links: linksOf(recording.id),
  };
}

function isOver(recording: RecordingView): boolean {
  return TERMINAL_STATES.some((state) => state === recording.state);
}

/** For routes at which a body means nothing, and so neither does its type. */
export async function ignoreBodyType(request: FastifyRequest): Promise<void> {
  request.raw.headers['content-type'] = 'application/json';
}

/** The box's own JSON routes. */
export function addRecordingRoutes(app: FastifyInstance, box: BoxApi): void {
  app.post('/api/recordings', async (request, reply) => {
    if (!isJsonMediaType(request.headers['content-type'])) {
      throw new ProblemError({ code: 'UNSUPPORTED_MEDIA_TYPE' });
    }
    const { recording, replayed, warnings } = await submit(box, request);
    const language = pickLanguage(request.headers['accept-language']);
    const links = linksOf(recording.id);
    markReplay(reply, replayed);
    return reply
      .status(202)
      .header(ID_HEADER, recording.id)
      .header('location', links.self)
      .send({
        id: recording.id,
        state: recording.state,
        links,
        warnings: warnings.map(({ field, message }) => ({ field, message: message[language] })),
      });
  });

  app.get('/api/recordings', async (request) => {
    const query = readListQuery(request.query);
    const recordings = await box.list(query);
    const last = recordings.length === query.limit ? recordings.at(-1) : undefined;
    return { recordings: recordings.map((recording) => recordingAnswer(request, recording)), before: last?.id ?? null };
  });

  app.get<{ Params: { id: string } }>('/api/recordings/:id', async (request) =>
    recordingAnswer(request, orNotFound(await box.get(request.params.id))),
  );

  app.post<{ Params: { id: string } }>('/api/recordings/:id/stop', {
    onRequest: ignoreBodyType,
    handler: async (request, reply) => {
      const recording = orNotFound(await box.stop(request.params.id));
      return reply.status(isOver(recording) ? 200 : 202).send(recordingAnswer(request, recording));
    },
  });

  app.post<{ Params: { id: string } }>('/api/recordings/:id/callback', {
    onRequest: ignoreBodyType,
    handler: async (request, reply) =>
      reply.status(202).send(recordingAnswer(request, orNotFound(await box.resendCallback(request.params.id)))),
  });
}
