import fc, { type Arbitrary } from 'fast-check';
import type { Route } from '../../shared/api/route.ts';
import { DESCRIBED_ROUTES } from '../../shared/api/routes.ts';
import { sampleRequest } from '../support/box.ts';
import { NOWHERE } from '../support/quiet-box.ts';
import { SECRET_MARK } from './judge.ts';

/** Requests out of the table of routes: good ones, nearly good ones and nonsense, each as the bytes of one connection. */

export interface GeneratedRequest {
  /** The route it aims at; null when method or address were bent away from it. */
  name: string | null;
  method: string;
  bytes: Buffer;
}

/** Real recordings are not worth it here: one starts a box of its own, the other measures the machine. */
const LEFT_OUT = new Set(['startSelfTest', 'measureCapacity']);

interface Schema {
  type?: string | string[];
  enum?: unknown[];
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: readonly string[];
  additionalProperties?: boolean | Schema;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
}

/** Values that obey a schema. */
function valid(schema: Schema): Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(valid));
  const [type] = [schema.type].flat();
  switch (type) {
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -(2 ** 53), max: schema.maximum ?? 2 ** 53 });
    case 'number':
      return fc.double({ min: schema.minimum ?? -1e300, max: schema.maximum ?? 1e300, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(valid(schema.items ?? {}), { maxLength: 5 });
    case 'object':
      return validObject(schema);
    case 'string':
      if (schema.format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
      if (schema.pattern) return fc.stringMatching(new RegExp(schema.pattern));
      return fc.string({
        minLength: schema.minLength ?? 0,
        maxLength: Math.min(schema.maxLength ?? 40, 300),
        unit: 'binary',
      });
    default:
      return fc.jsonValue();
  }
}

function validObject({ properties = {}, required = [], additionalProperties }: Schema): Arbitrary<unknown> {
  const known = Object.fromEntries(Object.entries(properties).map(([key, one]) => [key, valid(one)]));
  const requiredKeys = Object.keys(known).filter((key) => required.includes(key));
  if (Object.keys(known).length > 0) return fc.record(known, { requiredKeys });
  const values = typeof additionalProperties === 'object' ? valid(additionalProperties) : fc.jsonValue();
  return fc.dictionary(fc.string(), values, { maxKeys: 5 });
}

/** Secrets that a reader of the answers and the log would know again. */
const SECRETS = {
  UserSig: `${SECRET_MARK}-sig`,
  SecretId: `${SECRET_MARK}-id`,
  SecretKey: `${SECRET_MARK}-key`,
  Token: `${SECRET_MARK}-token`,
};

/** Whatever is generated stays on this machine, and its secrets can be told. */
function tame(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tame);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, one]) => {
    if (key === 'Callback' && typeof one === 'string' && URL.canParse(one)) return [key, `${NOWHERE}/callback`];
    if (Object.hasOwn(SECRETS, key) && typeof one === 'string') return [key, SECRETS[key as keyof typeof SECRETS]];
    return [key, tame(one)];
  });
  return Object.fromEntries(entries);
}

/** JSON texts that parsers stumble over. */
const ODD_TEXTS = [
  '',
  ' ',
  'null',
  '[]',
  '{}',
  '0',
  '-0',
  '1e400',
  '-1e400',
  'NaN',
  '"\\ud800"',
  '"\ud800"',
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '{"toString":1,"hasOwnProperty":2,"valueOf":null}',
  `${'['.repeat(10_000)}${']'.repeat(10_000)}`,
  `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`,
  '['.repeat(60_000),
  `"${'x'.repeat(63_000)}"`,
  `"${'x'.repeat(70_000)}"`,
  `9${'9'.repeat(5_000)}`,
  '\ufeff{}',
  '{}{}',
  '{"a":1,}',
  "{'a':1}",
  '// {}',
  '\u0000',
];

/** Values to put where another is expected, as JSON. */
const ODD_VALUES = [
  ...[
    'null',
    'true',
    '0',
    '-0',
    '-1',
    '1.5',
    '1e400',
    '-1e400',
    '1e-400',
    '9007199254740993',
    '4294967296',
    '""',
    '[]',
    '{}',
  ],
  ...[
    '"\\ud800"',
    '"\\u0000"',
    '"../../etc/passwd"',
    '"%2e%2e%2f"',
    '"\u202e\u0000\ufeff"',
    '"👩‍👩‍👧‍👦"',
    '"é\u0301"',
    '[[[[[[]]]]]]',
  ],
  ...['{"__proto__":1}', `"${'长'.repeat(3_000)}"`, `${'['.repeat(5_000)}${']'.repeat(5_000)}`],
];

function body(schema: Schema, sample: object): Arbitrary<string> {
  const fields = Object.entries(schema.properties ?? {}).map(([key, one]) =>
    valid(one).map((value) => ({ [key]: value })),
  );
  const change = fields.length === 0 ? fc.constant({}) : fc.oneof(fc.constant({}), ...fields);
  const good = change.map((changes) => ({ ...sample, ...changes }));
  const text = fc.oneof(good, valid(schema)).map((value) => JSON.stringify(tame(value)));
  const keys = Object.keys(schema.properties ?? { key: {} });
  const field = fc.tuple(fc.constantFrom(...keys, '__proto__', 'constructor', ''), fc.constantFrom(...ODD_VALUES));
  // The last of two equal keys counts, and a wrong one beside a good one is a wrong one.
  const bent = fc.tuple(text, field, fc.boolean()).map(([json, [key, value], isLast]) => {
    const extra = `${JSON.stringify(key)}:${value}`;
    if (json === '{}' || !json.startsWith('{')) return `{${extra}}`;
    return isLast ? `${json.slice(0, -1)},${extra}}` : `{${extra},${json.slice(1)}`;
  });
  const cut = fc.tuple(text, fc.nat(2_000)).map(([json, length]) => json.slice(0, length % (json.length + 1)));
  return fc.oneof(
    { arbitrary: text, weight: 4 },
    { arbitrary: bent, weight: 4 },
    { arbitrary: cut, weight: 1 },
    { arbitrary: fc.constantFrom(...ODD_TEXTS), weight: 2 },
    { arbitrary: fc.json(), weight: 1 },
  );
}

const ODD_SEGMENTS = [
  ...[
    '%',
    '%zz',
    '%00',
    '%ff',
    '%c3%28',
    '%ed%a0%80',
    '..',
    '%2e%2e',
    '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
    '%5c..%5c',
    ':id',
    '*',
    '.',
  ],
  ...[
    '__proto__',
    'constructor',
    '-1',
    '0',
    '999999999999999999999',
    '1e3',
    'x'.repeat(199),
    'x'.repeat(300),
    '%F0%9F%8E%AC',
    "'--",
    '%27%20OR%201=1',
  ],
];

function segment(schema: Schema, ids: () => readonly string[]): Arbitrary<string> {
  const own = fc.nat().map((n) => ids()[n % Math.max(1, ids().length)] ?? 'none');
  return fc.oneof(
    { arbitrary: own, weight: 4 },
    { arbitrary: valid(schema).map((value) => encodeURIComponent(wellFormed(String(value)))), weight: 2 },
    { arbitrary: fc.constantFrom(...ODD_SEGMENTS), weight: 2 },
  );
}

function wellFormed(text: string): string {
  return text.toWellFormed();
}

function query(schema: Schema): Arbitrary<string> {
  const good = valid(schema).map((value) => {
    const entries = Object.entries(value as object).map(([key, one]) => [key, wellFormed(String(one))]);
    return `?${new URLSearchParams(entries)}`;
  });
  const keys = Object.keys(schema.properties ?? {});
  const bent = fc
    .array(fc.tuple(fc.constantFrom(...keys, 'nothing', '__proto__'), fc.constantFrom(...ODD_SEGMENTS)), {
      maxLength: 4,
    })
    .map((pairs) => `?${pairs.map(([key, value]) => `${key}=${value}`).join('&')}`);
  return fc.oneof(good, bent, fc.constantFrom('?', '?&&&=', `?${'a=b&'.repeat(500)}`, ''));
}

const HEADERS: Arbitrary<string>[] = [
  ...[
    [
      'content-type',
      'application/json',
      'application/json; charset=utf-16',
      'text/plain',
      '',
      ';',
      'multipart/form-data',
      'é',
    ],
  ],
  ...[['accept-language', 'zh', 'en;q=nan, zh;q=1e9', ','.repeat(3_000), '*;q=0']],
  ...[['idempotency-key', 'k1', 'k2', '', 'two words', 'x'.repeat(256), 'é', '__proto__']],
  ...[
    [
      'authorization',
      `Bearer ${SECRET_MARK}`,
      `Basic ${SECRET_MARK}`,
      'Bearer',
      '',
      `Bearer ${SECRET_MARK.repeat(500)}`,
    ],
  ],
  ...[['origin', 'http://evil.example', 'null', '', 'not a url']],
  ...[['sec-fetch-site', 'cross-site', 'same-origin', 'x']],
  ...[
    [
      'range',
      'bytes=0-',
      'bytes=-5',
      'bytes=5-1',
      'bytes=0-0,2-2',
      'bytes=a-b',
      'bytes=99999999999999999999-',
      'lines=1-2',
    ],
  ],
  ...[['if-range', '"x"', 'Tue, 01 Jan 2030 00:00:00 GMT', '\\']],
  ...[['if-none-match', '*', '"x"', 'W/"x"']],
  ...[['last-event-id', '0', '-1', '1e400', 'x', '99999999999999999999']],
  ...[['cookie', `session=${SECRET_MARK}`, '=;;=', 'a=b; '.repeat(300)]],
  ...[['content-encoding', 'gzip', 'identity', 'br, br', '']],
  ...[['expect', '100-continue', '417-please']],
  ...[['x-forwarded-for', '127.0.0.1', ';DROP TABLE']],
  ...[['accept', 'application/x-ndjson', 'text/html', '*/*;q=0', '']],
].map(([name = '', ...values]) => fc.constantFrom(...values).map((value) => `${name}: ${value}`));

const HOSTS = ['127.0.0.1', 'localhost', 'evil.example', '', '[::1]', 'a b', '127.0.0.1:99999'];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'get', 'FOO'];

export interface GeneratorOptions {
  /** Ids of recordings that are there. */
  ids: () => readonly string[];
}

/** All routes alike; `fc.sample` and `fc.assert` draw from it. */
export function generatedRequest({ ids }: GeneratorOptions): Arbitrary<GeneratedRequest> {
  const routes = Object.entries<Route>(DESCRIBED_ROUTES).filter(([name]) => !LEFT_OUT.has(name));
  return fc.oneof(
    ...routes.map(([name, route]) => ({
      arbitrary: requestFor(name, route, ids),
      // What the contract is about has more to get wrong than the rest.
      weight: route.path === '/' || name === 'startRecording' ? 5 : 1,
    })),
  );
}

function requestFor(name: string, route: Route, ids: () => readonly string[]): Arbitrary<GeneratedRequest> {
  const params = Object.entries((route.params?.properties ?? {}) as Record<string, Schema>);
  const segments = fc.tuple(...params.map(([, schema]) => segment(schema, ids)));
  const sample = route.path === '/' || name === 'startRecording' ? sampleOf(name) : {};
  return fc
    .record({
      segments,
      query: route.query ? query(route.query as Schema) : fc.constantFrom('', '?a=1'),
      body: route.body ? body(route.body as Schema, sample) : fc.constantFrom('', '{}', 'junk'),
      headers: fc.oneof(
        { arbitrary: fc.constant<string[]>([]), weight: 2 },
        {
          arbitrary: fc.uniqueArray(fc.oneof(...HEADERS), { maxLength: 3, selector: (line) => line.split(':', 1)[0] }),
          weight: 1,
        },
      ),
      host: fc.oneof(
        { arbitrary: fc.constant('127.0.0.1'), weight: 9 },
        { arbitrary: fc.constantFrom(...HOSTS), weight: 1 },
      ),
      method: fc.oneof(
        { arbitrary: fc.constant(route.method), weight: 9 },
        { arbitrary: fc.constantFrom(...METHODS), weight: 1 },
      ),
      room: fc.integer({ min: 1, max: 1_000_000 }),
    })
    .map((parts) => {
      let index = 0;
      const path = route.path.replace(/:(\w+)/g, () => parts.segments[index++] ?? '');
      const payload = Buffer.from(parts.body.replaceAll('43474', String(parts.room)));
      const isOwnMethod = parts.method === route.method;
      const typed = parts.headers.some((line) => line.startsWith('content-type'))
        ? []
        : ['content-type: application/json'];
      const lines = [
        `${parts.method} ${path}${parts.query} HTTP/1.1`,
        `host: ${parts.host}`,
        ...[...typed, ...parts.headers],
        ...(route.body || payload.length > 0 ? [`content-length: ${payload.length}`] : []),
        'connection: close',
      ];
      const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
      const isPlain = params.every((_, at) => ![...ODD_SEGMENTS, ''].includes(parts.segments[at] ?? ''));
      return {
        name: isOwnMethod && isPlain ? name : null,
        method: parts.method,
        bytes: Buffer.concat([head, payload]),
        toString: () => `${parts.method} ${path}`,
      };
    });
}

/** The published sample, in rooms of their own so that not every one after the first is refused. */
function sampleOf(name: string): object {
  return sampleRequest({
    UserId: `recorder_${name}`,
    UserSig: SECRETS.UserSig,
    Callback: `${NOWHERE}/callback`,
  });
}
