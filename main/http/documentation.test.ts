import { createHash } from 'node:crypto';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Route } from '../../shared/api/route.ts';
import { DESCRIBED_ROUTES } from '../../shared/api/routes.ts';
import { ERRORS } from '../../shared/errors.ts';
import { FakeBox } from '../../test/support/fake-box.ts';
import { createHttpServer } from './server.ts';

const silent = () => {};
const routes = Object.entries<Route>(DESCRIBED_ROUTES);
let app: ReturnType<typeof createHttpServer>;

beforeAll(() => {
  const log = { debug: silent, info: silent, warn: silent, error: silent };
  app = createHttpServer({ box: new FakeBox(), version: '7.7.7', log });
});
afterAll(() => app.close());

interface Parameter {
  name: string;
  in: string;
  required: boolean;
  schema: object;
}

interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  security: Record<string, string[]>[];
  parameters: Parameter[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<string, { description: string; content?: Record<string, { schema?: object }> }>;
}

interface Document {
  openapi: string;
  info: { title: string; version: string };
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; securitySchemes: Record<string, object> };
}

async function documentIn(language: string): Promise<Document> {
  const response = await app.inject({ url: '/openapi.json', headers: { 'accept-language': language } });
  expect([response.statusCode, response.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
  expect(response.body).not.toContain('7.7.7');
  return response.json();
}

describe('openapi.json', () => {
  test('describes every route, with its own summary in the language asked for', async () => {
    for (const [language, key] of [
      ['en', 'en'],
      ['zh-CN', 'zh'],
    ] as const) {
      const { openapi, paths } = await documentIn(language);
      expect(openapi).toBe('3.1.0');
      const described = Object.entries(paths).flatMap(([path, operations]) =>
        Object.entries(operations).map(([method, { summary }]) => `${method.toUpperCase()} ${path} ${summary}`),
      );
      const expected = routes.map(([, { method, path, summary }]) => {
        return `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')} ${summary[key]}`;
      });
      expect(described.sort()).toEqual(expected.sort());
    }
  });

  test('is whole: names are known, parameters are in their addresses, schemas are schemas', async () => {
    const document = await documentIn('en');
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const operations = Object.entries(document.paths).flatMap(([path, byMethod]) =>
      Object.values(byMethod).map((operation) => ({ path, ...operation })),
    );
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(routes.length);
    for (const { path, operationId, tags, security, parameters, requestBody, responses } of operations) {
      expect(
        document.tags.map(({ name }) => name),
        operationId,
      ).toEqual(expect.arrayContaining(tags));
      for (const one of security) {
        for (const name of Object.keys(one)) expect(document.components.securitySchemes).toHaveProperty(name);
      }
      const inPath = parameters.filter((parameter) => parameter.in === 'path');
      expect(inPath.map(({ name }) => `{${name}}`).sort(), operationId).toEqual((path.match(/\{\w+\}/g) ?? []).sort());
      expect(inPath.every(({ required }) => required)).toBe(true);
      const contents = [requestBody, ...Object.values(responses)].flatMap((one) => Object.values(one?.content ?? {}));
      const schemas = [...parameters, ...contents].flatMap(({ schema }) => schema ?? []);
      for (const schema of schemas.filter((one) => !('$ref' in one))) {
        expect(ajv.validateSchema(schema), `${operationId}: ${ajv.errorsText()}`).toBe(true);
      }
      for (const [status, { description }] of Object.entries(responses)) {
        expect([status, description]).toEqual([
          expect.stringMatching(/^([1-5]\d\d|default)$/),
          expect.stringMatching(/./),
        ]);
      }
    }
    const references = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g);
    for (const [, name = ''] of references) expect(document.components.schemas).toHaveProperty(name);
  });

  test('is a document that other tools take: it fits the published schema of its version', async () => {
    const { openapi, ...rest } = await documentIn('en');
    const validator = new Validator();
    expect(await validator.validate({ openapi, ...rest })).toEqual({ valid: true });
    expect(await validator.validate({ openapi, ...rest, paths: [] })).toMatchObject({ valid: false });
  });

  test('shows no secret that a body takes as something that is read back', async () => {
    const text = JSON.stringify((await documentIn('en')).paths['/api/recordings']?.post);
    expect(text.match(/"writeOnly":true/g)?.length).toBe(4);
  });
});

describe('the page of the API', () => {
  test.each([
    ['en', 'en', 'Start a recording'],
    ['zh', 'zh-CN', '开始录制'],
  ])('in %s holds every route and every error', async (language, tag, words) => {
    const { body, headers } = await app.inject({ url: '/api', headers: { 'accept-language': language } });
    expect(body).toContain(`<html lang="${tag}">`);
    expect(body).toContain(words);
    expect(headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'content-language': tag });
    for (const [name, { method, path }] of routes) {
      expect(body).toContain(`id="${name}"`);
      expect(body).toContain(`<code>${method} ${path}</code>`);
    }
    for (const code of Object.keys(ERRORS)) expect(body).toContain(`<code>${code}</code>`);
  });

  test('runs nothing and loads nothing: its one style sheet is the one its policy allows', async () => {
    const { body, headers } = await app.inject('/api');
    const policy = String(headers['content-security-policy']);
    const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(body) ?? [];
    expect(policy).toContain(`style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*/);
    expect(body).not.toMatch(/<script|<img|<link|style="|\son\w+=|undefined|\[object/);
  });

  test('can be read without eyes: one title, headings in order, tables with captions and headers, links that lead somewhere', async () => {
    const { body } = await app.inject('/api');
    const levels = [...body.matchAll(/<h([1-6])/g)].map(([, level]) => Number(level));
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    for (const [at, level] of levels.entries()) expect(level - (levels[at - 1] ?? 0)).toBeLessThanOrEqual(1);
    const tables = body.match(/<table>[\s\S]*?<\/table>/g) ?? [];
    expect(tables.length).toBeGreaterThan(routes.length);
    for (const table of tables) {
      expect(table).toMatch(/^<table>\n<caption>[^<]+<\/caption>/);
      expect(table).toContain('<th scope="col">');
      expect(table).toContain('<th scope="row">');
    }
    const ids = [...body.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [, target] of body.matchAll(/(?:href="#|aria-labelledby=")([^"]+)"/g)) expect(ids).toContain(target);
    expect(body).toMatch(/<main id="main">[\s\S]*<\/main>/);
  });
});
