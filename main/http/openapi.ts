import { type Reply, ROLES, type Route } from '../../shared/api/route.ts';
import { DESCRIBED_ROUTES } from '../../shared/api/routes.ts';
import type { Language } from '../../shared/texts/language.ts';
import { text } from '../../shared/texts/texts.ts';

type JsonObject = Record<string, unknown>;

const PROBLEM: JsonObject = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'remedy'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', description: 'One of the codes in docs/api.md.' },
    remedy: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          field: { type: 'string' },
          rule: { type: 'string' },
          message: { type: 'string' },
          remedy: { type: 'string' },
          value: {},
        },
      },
    },
    runningId: { type: 'string' },
    url: { type: 'string' },
    neededRole: { type: 'string' },
    retryAfterSeconds: { type: 'integer' },
    requestId: { type: 'string' },
  },
};

/** Version of the interface, not of the box: strangers may read it. Rises when callers would have to change. */
const API_VERSION = '1.0.0';

/** The whole API as an OpenAPI 3.1 document, out of the table that also registers and validates. */
export function openApiDocument(language: Language): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const [name, route] of Object.entries<Route>(DESCRIBED_ROUTES)) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] ??= {};
    paths[path][route.method.toLowerCase()] = operation(name, route, language);
  }
  return {
    openapi: '3.1.0',
    info: { title: text(language, 'api.title'), version: API_VERSION },
    servers: [{ url: '/' }],
    tags: [...new Set(Object.values<Route>(DESCRIBED_ROUTES).map(({ group }) => group))].map((name) => ({ name })),
    paths,
    components: {
      schemas: { Problem: PROBLEM },
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: `Roles, each including the one before it: ${ROLES.join(', ')}. Not asked for on the machine itself unless the settings say so.`,
        },
      },
    },
  };
}

function operation(name: string, route: Route, language: Language): JsonObject {
  const { summary, role, group, body, replies } = route;
  const responses: JsonObject = { default: problemReply };
  for (const [status, reply] of Object.entries(replies)) responses[status] = replyOf(reply);
  return {
    operationId: name,
    tags: [group],
    summary: summary[language],
    ...(role === null ? { security: [{}] } : { security: [{ token: [role] }, {}] }),
    parameters: [
      ...parameters('path', route.params),
      ...parameters('query', route.query),
      ...parameters('header', route.headers),
    ],
    ...(body ? { requestBody: { required: true, content: { 'application/json': { schema: body } } } } : {}),
    responses,
  };
}

const problemReply = {
  description: 'A refusal',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

function parameters(place: 'path' | 'query' | 'header', schema: Route['params']): JsonObject[] {
  if (!schema) return [];
  const required: readonly string[] = schema.required ?? [];
  return Object.entries(schema.properties).map(([name, one]) => {
    const { description, ...rest } = one as JsonObject;
    return {
      name,
      in: place,
      required: required.includes(name),
      ...(description === undefined ? {} : { description }),
      schema: rest,
    };
  });
}

function replyOf({ description, schema, type }: Reply): JsonObject {
  if (schema) return { description, content: { [type ?? 'application/json']: { schema } } };
  if (type === undefined) return { description };
  const types = type.split(' or ');
  return { description, content: Object.fromEntries(types.map((one) => [one, {}])) };
}
