import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Static, TSchema } from 'typebox';
import type { Role, Route, RouteOutput } from '../../shared/api/route.ts';
import { ROUTES } from '../../shared/api/routes.ts';
import type { FieldError } from '../../shared/errors.ts';
import type { Text } from '../../shared/texts/language.ts';
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

/** Registers routes with their handlers; `authorize` throws when a request may not use what is open to a role. */
export function bindRoutes<Names extends RouteName>(
  app: FastifyInstance,
  handlers: Handlers<Names>,
  authorize: (request: FastifyRequest, role: Role | null) => Promise<void>,
): void {
  for (const name of Object.keys(handlers) as Names[]) {
    const route: Route = ROUTES[name];
    const handler = handlers[name] as (call: unknown) => Promise<unknown>;
    const judge = { params: compile(addressAjv, route.params), query: compile(addressAjv, route.query) };
    const judgeBody = route.judgesBody ? null : compile(bodyAjv, route.body);
    app.route({
      method: route.method,
      url: route.path,
      onRequest: async (request) => {
        await authorize(request, route.role);
        // Without a body its type means nothing; with one it is judged here, where Fastify would refuse it in its own words.
        if (!route.body) request.raw.headers['content-type'] = 'application/json';
      },
      handler: async (request, reply) => {
        const params = judged(judge.params, request.params);
        const query = judged(judge.query, request.query);
        const body = route.body ? judged(judgeBody, readJsonBody(request)) : undefined;
        const answer = await handler({ params, query, body, request, reply });
        return answer === undefined ? reply.status(204).send() : answer;
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

function judged(validate: ValidateFunction | null, value: unknown): unknown {
  if (!validate) return value;
  const candidate: unknown = structuredClone(value ?? {});
  if (validate(candidate)) return candidate;
  throw new ProblemError({ code: 'INVALID_REQUEST', errors: (validate.errors ?? []).map(fieldErrorOf) });
}

/** What a JSON Schema keyword asks for, in words. */
const ASKS: Readonly<Record<string, (params: Record<string, unknown>) => Text>> = {
  required: () => ({ en: 'given', zh: '必填' }),
  type: ({ type }) => ({ en: `of type ${type}`, zh: `类型 ${type}` }),
  enum: ({ allowedValues }) => ({ en: `one of ${list(allowedValues)}`, zh: `${list(allowedValues)} 之一` }),
  minimum: ({ limit }) => ({ en: `at least ${limit}`, zh: `不小于 ${limit}` }),
  maximum: ({ limit }) => ({ en: `at most ${limit}`, zh: `不大于 ${limit}` }),
  minLength: ({ limit }) => ({ en: `at least ${limit} characters long`, zh: `至少 ${limit} 个字符` }),
  maxLength: ({ limit }) => ({ en: `at most ${limit} characters long`, zh: `至多 ${limit} 个字符` }),
  pattern: ({ pattern }) => ({ en: `of the form ${pattern}`, zh: `符合格式 ${pattern}` }),
  additionalProperties: () => ({ en: 'left out: it is not known here', zh: '去掉：未知字段' }),
};

function list(values: unknown): string {
  return Array.isArray(values) ? values.join(', ') : '';
}

function fieldErrorOf({ keyword, instancePath, params }: ErrorObject): FieldError {
  const facts = params as Record<string, unknown>;
  const last = facts.missingProperty ?? facts.additionalProperty;
  const field = [...instancePath.split('/').slice(1), ...(typeof last === 'string' ? [last] : [])].join('.');
  const is = ASKS[keyword]?.(facts) ?? { en: 'valid', zh: '有效' };
  const name = field || 'The value';
  return {
    field,
    rule: keyword,
    message: { en: `${name} must be ${is.en}.`, zh: `${field || '值'} 必须为：${is.zh}。` },
    remedy: { en: 'Correct it and send the request again.', zh: '请修正后重新发送。' },
  };
}
