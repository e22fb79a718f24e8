import { Ajv, type ValidateFunction } from 'ajv';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Static, TSchema } from 'typebox';
import type { Role, Route, RouteOutput } from '../../shared/api/route.ts';
import { ROUTES } from '../../shared/api/routes.ts';
import { fieldErrorOf } from '../../shared/api/schema-errors.ts';
import { isJsonMediaType, parseJsonBytes } from './body.ts';
import { ProblemError } from './problems.ts';

export type RouteName = keyof typeof ROUTES;
type Part<Name extends RouteName, Key extends string> = Key extends keyof (typeof ROUTES)[Name]
  ? (typeof ROUTES)[Name][Key] extends TSchema
    ? Static<(typeof ROUTES)[Name][Key]>
    : undefined
  : undefined;

/** A request that obeys its route's schemas. */
export interface Call<Name extends RouteName> {
  params: Part<Name, 'params'>;
  query: Part<Name, 'query'>;
  /** Judged by the route's schema, unless the route says that its handler judges. */
  body: Part<Name, 'body'>;
  request: FastifyRequest;
  reply: FastifyReply;
}

/** Answers a route: with its JSON, or with what it sent by `reply`. */
export type Handler<Name extends RouteName> = (
  call: Call<Name>,
) => Promise<RouteOutput<(typeof ROUTES)[Name]> | FastifyReply>;
export type Handlers<Names extends RouteName = RouteName> = { [Name in Names]: Handler<Name> };

/** Values of addresses arrive as text. */
const addressAjv = new Ajv({
  allErrors: true,
  coerceTypes: true,
  useDefaults: true,
  strict: false,
  validateFormats: false,
});
const bodyAjv = new Ajv({ allErrors: true, strict: false, validateFormats: false });

/** The longest that a timer of Node can wait. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** Registers those routes that have handlers; `authorize` throws when a request may not use what is open to a role. */
export function bindRoutes(
  app: FastifyInstance,
  handlers: Partial<Handlers>,
  authorize: (request: FastifyRequest, role: Role | null) => Promise<void>,
): void {
  for (const name of Object.keys(handlers) as RouteName[]) {
    const route: Route = ROUTES[name];
    const handler = handlers[name] as (call: unknown) => Promise<unknown>;
    const judge = { params: compile(addressAjv, route.params), query: compile(addressAjv, route.query) };
    const judgeBody = route.judgesBody ? null : compile(bodyAjv, route.body);
    app.route({
      method: route.method,
      url: route.path,
      ...(route.streams ? { handlerTimeout: LONGEST_TIMEOUT_MS } : {}),
      onRequest: async (request) => {
        await authorize(request, route.role);
        // Without a body its type means nothing; with one it is judged here, where Fastify would refuse it in its own words.
        if (!route.body) request.raw.headers['content-type'] = 'application/json';
      },
      handler: async (request, reply) => {
        const params = judged(judge.params, { ...(request.params as object) });
        const query = judged(judge.query, { ...(request.query as object) });
        const body = route.body ? judged(judgeBody, readJsonBody(request)) : undefined;
        const answer = await handler({ params, query, body, request, reply });
        // A handler that answered by `reply` comes to here when all is sent, or when the caller has hung up.
        const isAnswered = reply.sent || reply.raw.headersSent || reply.raw.destroyed;
        return answer === undefined && !isAnswered ? reply.status(204).send() : answer;
      },
    });
  }
}

/** The body as JSON. @throws ProblemError when it is not, or not labelled so */
function readJsonBody(request: FastifyRequest): unknown {
  const encoding = request.headers['content-encoding'];
  const isPlain = encoding === undefined || encoding.toLowerCase() === 'identity';
  if (!isPlain || !isJsonMediaType(request.headers['content-type'])) {
    throw new ProblemError({ code: 'UNSUPPORTED_MEDIA_TYPE' });
  }
  const body = parseJsonBytes(request.body);
  if (body === undefined) throw new ProblemError({ code: 'NOT_JSON' });
  return body;
}

function compile(ajv: Ajv, schema: TSchema | undefined): ValidateFunction | null {
  return schema ? ajv.compile(schema) : null;
}

/** The value, in which the judge of addresses replaces texts by what they say. */
function judged(validate: ValidateFunction | null, value: unknown): unknown {
  if (!validate || validate(value)) return value;
  throw new ProblemError({ code: 'INVALID_REQUEST', errors: (validate.errors ?? []).map(fieldErrorOf) });
}
