import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Route } from '../../shared/api/route.ts';
import { ROUTES } from '../../shared/api/routes.ts';
import { ERRORS, type Problem, retryAfterSecondsOf, toProblemJson } from '../../shared/errors.ts';
import { LANGUAGE_TAG, pickLanguage } from '../../shared/texts/language.ts';
import { BODY_LIMIT_BYTES } from './body.ts';
import type { BoxApi } from './box-api.ts';
import { addDropInRoutes } from './drop-in-routes.ts';
import { isAllowed } from './guard.ts';
import { addPageRoutes } from './page-routes.ts';
import { ProblemError, problemOf, problemOfClientError } from './problems.ts';
import { recordingHandlers } from './recording-handlers.ts';
import { bindRoutes, type RouteName } from './route-binding.ts';

/** The part of a pino logger that the HTTP face uses. */
export interface HttpLog {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface HttpServerDeps {
  box: BoxApi;
  log: HttpLog;
  /** Version of the box, shown by /healthz. */
  version: string;
  /** Lower-case names, besides addresses and localhost, under which browsers may use the box. */
  allowedHosts?: readonly string[];
  /** Milliseconds since 1970; the system's clock by default. */
  nowMs?: () => number;
  /** The longest the box may take for an answer; 30 s by default. */
  handlerTimeoutMs?: number;
}

/** A request has to arrive within this time… */
const REQUEST_TIMEOUT_MS = 30_000;
/** …and the box has to answer within this time, unless told otherwise. */
const HANDLER_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_TIMEOUT_MS = 5_000;

interface Address {
  path: RegExp;
  /** Methods it takes, for the header Allow. */
  allow: string;
}

/** Which methods an address takes, to tell a wrong method from a wrong address. */
export function addressesOf(names: readonly RouteName[]): Address[] {
  const methods = new Map<string, string[]>();
  for (const { path, method } of names.map((name): Route => ROUTES[name])) {
    const known = methods.get(path) ?? [];
    methods.set(path, [...known, ...(method === 'GET' ? ['GET', 'HEAD'] : [method])]);
  }
  return [
    { path: /^\/$/, allow: 'GET, HEAD, POST' },
    { path: /^\/release(\/.*)?$/, allow: 'POST' },
    { path: /^\/healthz\/?$/, allow: 'GET, HEAD' },
    ...[...methods].map(([path, allow]) => ({
      path: new RegExp(`^${path.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+')}/?$`),
      allow: allow.sort().join(', '),
    })),
  ];
}

function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply {
  const language = pickLanguage(request.headers['accept-language']);
  const retryAfterSeconds = retryAfterSecondsOf(problem);
  if (retryAfterSeconds !== null) {
    reply.header('retry-after', String(retryAfterSeconds));
  }
  return reply
    .status(ERRORS[problem.code].status)
    .header('content-language', LANGUAGE_TAG[language])
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(toProblemJson(problem, language)));
}

/** Answers bytes that never became a request. Nobody's language is known yet, so it is English. */
function answerClientError(error: unknown, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const problem = toProblemJson(problemOfClientError(error), 'en');
  const body = JSON.stringify(problem);
  const reason = problem.status === 408 ? 'Request Timeout' : 'Bad Request';
  socket.end(
    `HTTP/1.1 ${problem.status} ${reason}\r\ncontent-type: application/problem+json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function addHooks(app: FastifyInstance, deps: HttpServerDeps): void {
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onRequest', async (request) => {
    const { host, origin, 'sec-fetch-site': fetchSite } = request.headers;
    const guarded = { method: request.method, host, origin, fetchSite: fetchSite?.toString() };
    if (!isAllowed(guarded, deps.allowedHosts ?? [])) {
      throw new ProblemError({ code: 'FORBIDDEN_ORIGIN' });
    }
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    reply.header('referrer-policy', 'no-referrer');
    reply.header('cache-control', 'no-store');
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
    };
    const onlyLooks = (request.method === 'GET' || request.method === 'HEAD') && reply.statusCode < 400;
    deps.log[onlyLooks ? 'debug' : 'info'](facts, 'request answered');
  });
}

function addErrorAnswers(app: FastifyInstance, deps: HttpServerDeps, addresses: readonly Address[]): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const problem = problemOf(error);
    if (problem !== null) {
      return sendProblem(request, reply, problem);
    }
    deps.log.error({ requestId: request.id, err: error }, 'request failed');
    return sendProblem(request, reply, { code: 'INTERNAL', requestId: request.id });
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '/';
    const route = addresses.find((known) => known.path.test(path));
    if (route === undefined) {
      return sendProblem(request, reply, { code: 'ROUTE_NOT_FOUND' });
    }
    reply.header('allow', route.allow);
    return sendProblem(request, reply, { code: 'METHOD_NOT_ALLOWED' });
  });
}

/**
 * The box's HTTP face, ready for `listen` or `inject`. Every error leaves as problem JSON in the caller's language; no
 * stack trace, body or header is sent or logged.
 */
export function createHttpServer(deps: HttpServerDeps): FastifyInstance {
  const app = Fastify({
    logger: false,
    genReqId: () => randomUUID(),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    handlerTimeout: deps.handlerTimeoutMs ?? HANDLER_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    // While closing, the box itself refuses new work as SHUTTING_DOWN; Fastify's own reply would not be problem JSON.
    return503OnClosing: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 200 },
    frameworkErrors: (error, request, reply) => {
      sendProblem(request, reply, problemOf(error) ?? { code: 'ROUTE_NOT_FOUND' });
    },
    clientErrorHandler: answerClientError,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) => {
    done(null, bytes);
  });
  addHooks(app, deps);
  const handlers = recordingHandlers(deps.box);
  addErrorAnswers(app, deps, addressesOf(Object.keys(handlers) as RouteName[]));
  addDropInRoutes(app, deps.box);
  bindRoutes(app, handlers, async () => {});
  addPageRoutes(app, deps.box, deps.version, deps.nowMs ?? Date.now);
  return app;
}
