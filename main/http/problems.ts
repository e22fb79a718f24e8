import type { Problem } from '../../shared/errors.ts';

/** Thrown inside a route to answer with this problem. */
export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.code);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

/** Fastify's own codes that mean something to the caller; every other error is ours. */
const PROBLEM_OF_FASTIFY_CODE: Readonly<Record<string, Problem>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'BODY_TOO_LARGE' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { code: 'UNSUPPORTED_MEDIA_TYPE' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'NOT_JSON',
    detail: {
      en: 'The body is not as long as Content-Length says.',
      zh: '请求体长度与 Content-Length 不一致。',
    },
  },
  FST_ERR_BAD_URL: { code: 'ROUTE_NOT_FOUND' },
  FST_ERR_MAX_PARAM_LENGTH: { code: 'ROUTE_NOT_FOUND' },
  FST_ERR_HANDLER_TIMEOUT: {
    code: 'INTERNAL',
    detail: { en: 'The box did not answer in time.', zh: '本机未能及时响应。' },
  },
};

function codeOf(error: unknown): string | null {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : null;
}

/** The problem to answer with; null when the error was not foreseen and has to be logged. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof ProblemError) {
    return error.problem;
  }
  const code = codeOf(error);
  return code === null ? null : (PROBLEM_OF_FASTIFY_CODE[code] ?? null);
}

/** The problem for bytes that Node's HTTP parser gave up on, before there was a request. */
export function problemOfClientError(error: unknown): Problem {
  if (codeOf(error) === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { code: 'REQUEST_TIMEOUT' };
  }
  if (codeOf(error) === 'HPE_HEADER_OVERFLOW') {
    return { code: 'HEADERS_TOO_LARGE' };
  }
  return {
    code: 'INVALID_REQUEST',
    errors: [],
    detail: { en: 'What arrived is not valid HTTP/1.1.', zh: '收到的内容不是有效的 HTTP/1.1。' },
  };
}
