import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FieldError } from '../../shared/errors.ts';
import { parseRecordingRequest } from '../../shared/parse-request.ts';
import type { RequestWarning } from '../../shared/request.ts';
import type { RecordingView } from '../../shared/view.ts';
import { parseJsonBytes, requestFingerprint } from './body.ts';
import type { BoxApi } from './box-api.ts';
import { ProblemError } from './problems.ts';

/** Header with the id of the recording; the cloud function put the id of its run there. */
export const ID_HEADER = 'x-scf-reqid';
/** Printable ASCII, as an HTTP header can carry it. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** The caller's key, or undefined when there is none. @throws ProblemError when it is no key */
export function readIdempotencyKey(request: FastifyRequest): string | undefined {
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

/** What became of a request that was taken. */
export interface Submitted {
  recording: RecordingView;
  /** This Idempotency-Key was answered before. */
  replayed: boolean;
  warnings: RequestWarning[];
}

/** Reads the bytes of a body and hands the request to the box. @throws ProblemError for every refusal */
export async function submitBytes(box: BoxApi, request: FastifyRequest): Promise<Submitted> {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new ProblemError({ code: 'UNSUPPORTED_MEDIA_TYPE' });
  }
  const body = parseJsonBytes(request.body);
  if (body === undefined) {
    throw new ProblemError({ code: 'NOT_JSON' });
  }
  return await submit(box, request, body);
}

/** Judges a body by the rules of the contract and hands the request to the box. @throws ProblemError for every refusal */
export async function submit(box: BoxApi, request: FastifyRequest, body: unknown): Promise<Submitted> {
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

/** Says that the answer is one that was given before. */
export function markReplay(reply: FastifyReply, replayed: boolean): void {
  if (replayed) {
    reply.header('idempotency-replayed', 'true');
  }
}
