import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { Server as SecureServer } from 'node:tls';
import Fastify, {
  type FastifyError,
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import type { Route } from '../../shared/api/route.ts';
import { ROUTES } from '../../shared/api/routes.ts';
import { ERRORS, type Problem, retryAfterSecondsOf, toProblemJson } from '../../shared/errors.ts';
import { LANGUAGE_TAG, pickLanguage } from '../../shared/texts/language.ts';
import { createGate } from './access/gate.ts';
import { accessHandlers } from './access/handlers.ts';
import { addLoginRoutes } from './access/login-page.ts';
import { addSecurityHeaders, NOTHING_ALLOWED } from './access/security-headers.ts';
import type { TlsSource } from './access/tls.ts';
import { archiveHandlers } from './archive-handlers.ts';
import { BODY_LIMIT_BYTES } from './body.ts';
import { capacityHandlers } from './capacity-handlers.ts';
import { checksHandlers, diagnosticsHandlers } from './checks-handlers.ts';
import { createClientErrors } from './client-errors.ts';
import { addConsoleRoutes, CONSOLE_PATH, hasConsole } from './console-routes.ts';
import { documentationHandlers } from './documentation-handlers.ts';
import { addDropInRoutes } from './drop-in-routes.ts';
import { fileHandlers } from './file-handlers.ts';
import { healthHandlers, statusHandlers } from './health-handlers.ts';
import { addHooks } from './hooks.ts';
import { keyHandlers } from './key-handlers.ts';
import { liveHandlers } from './live-handlers.ts';
import { livePictureHandlers } from './live-picture-handlers.ts';
import { addPageRoutes, PLAIN_PATH } from './page-routes.ts';
import { presetHandlers } from './preset-handlers.ts';
import { problemOf } from './problems.ts';
import { recordingHandlers } from './recording-handlers.ts';
import { bindRoutes, type RouteName } from './route-binding.ts';
import { selfTestHandlers } from './self-test-handlers.ts';
import type { HttpServerDeps } from './server-deps.ts';
import { settingsHandlers } from './settings-handlers.ts';

export type { HttpLog, HttpServerDeps } from './server-deps.ts';

/** A request has to arrive within this time… */
const REQUEST_TIMEOUT_MS = 30_000;
/** …and the box has to answer within this time, unless told otherwise. Both count from the same moment: whose body is late is to be told so. */
const HANDLER_TIMEOUT_MS = 40_000;
const KEEP_ALIVE_TIMEOUT_MS = 5_000;
/** What a connection may cost before it is known to be worth anything. */
const CONNECTION_LIMITS = {
  headersTimeout: 10_000,
  /** How often the two limits of time are looked at. */
  connectionsCheckingInterval: 2_000,
  maxHeaderSize: 16 * 1024,
};
const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;
const MAX_CONNECTIONS = 2_000;

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
    { path: /^\/plain\/?$/, allow: 'GET, HEAD' },
    { path: /^\/release(\/.*)?$/, allow: 'POST' },
    { path: /^\/login\/?$/, allow: 'GET, HEAD, POST' },
    { path: /^\/logout\/?$/, allow: 'POST' },
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
  if (problem.code === 'UNAUTHORIZED') {
    reply.header('www-authenticate', 'Bearer');
  }
  return reply
    .status(ERRORS[problem.code].status)
    .header('content-language', LANGUAGE_TAG[language])
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(toProblemJson(problem, language)));
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
  const clientErrors = createClientErrors();
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
      // No hook runs for an address that cannot be read.
      reply.header('x-content-type-options', 'nosniff').header('content-security-policy', NOTHING_ALLOWED);
      sendProblem(request, reply, problemOf(error) ?? { code: 'ROUTE_NOT_FOUND' });
    },
    clientErrorHandler: clientErrors.answer,
    ...transportOf(deps.tls),
  });
  clientErrors.watch(app.server);
  app.server.maxConnections = MAX_CONNECTIONS;
  app.decorateRequest('caller', null);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) => {
    done(null, bytes);
  });
  addSecurityHeaders(app);
  app.after(() => addHooks(app, deps));
  const gate = createGate(deps.access, deps.log);
  const handlers = {
    ...recordingHandlers(deps.box),
    ...documentationHandlers(),
    ...healthHandlers(deps),
    ...(deps.status && statusHandlers(deps.status)),
    ...(deps.events && liveHandlers(deps.events)),
    ...(deps.settings && settingsHandlers(deps.settings)),
    ...(deps.presets && presetHandlers(deps.presets, deps.box)),
    ...(deps.selfTest && selfTestHandlers(deps.selfTest)),
    ...(deps.capacity && capacityHandlers(deps.capacity)),
    ...(deps.checks && checksHandlers(deps.checks)),
    ...(deps.diagnostics && diagnosticsHandlers(deps.diagnostics)),
    ...(deps.access && accessHandlers(deps.access, gate)),
    ...(deps.keys && keyHandlers(deps.keys, deps.box)),
    ...(deps.files && fileHandlers(deps.files)),
    ...(deps.livePictures && livePictureHandlers(deps.livePictures)),
    ...(deps.archive && archiveHandlers(deps.archive, deps.box)),
  };
  addErrorAnswers(app, deps, addressesOf(Object.keys(handlers) as RouteName[]));
  addDropInRoutes(app, deps.box, gate);
  bindRoutes(app, handlers, gate.authorize);
  if (deps.access) addLoginRoutes(app, deps.access, gate);
  if (hasConsole(deps.consoleDirectory)) {
    addConsoleRoutes(app, deps.consoleDirectory, gate);
    addPageRoutes(app, deps, gate, [PLAIN_PATH]);
  } else {
    addPageRoutes(app, deps, gate, [CONSOLE_PATH, PLAIN_PATH]);
  }
  followTls(app, deps.tls);
  return app;
}

/** Limits of connections, and TLS when there is a certificate. */
function transportOf(tls: TlsSource | undefined): Pick<FastifyHttpOptions<Server>, 'http'> {
  if (tls === undefined) return { http: CONNECTION_LIMITS };
  const { cert, key } = tls.pair;
  const secure = { cert, key, minVersion: 'TLSv1.2', handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS, ...CONNECTION_LIMITS };
  // Fastify's types make two kinds of servers of it, which for everything here are one.
  return { https: secure } as Pick<FastifyHttpOptions<Server>, 'http'>;
}

function followTls(app: FastifyInstance, tls: TlsSource | undefined): void {
  if (tls === undefined) return;
  const server = app.server as unknown as SecureServer;
  app.addHook('onReady', async () => tls.follow((pair) => server.setSecureContext(pair)));
  app.addHook('onClose', async () => tls.stop());
}
