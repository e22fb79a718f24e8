import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode, type ProblemJson } from '../../shared/errors.ts';
import { sampleRequest } from '../support/box.ts';
import { NOWHERE, type QuietBox, startQuietBox } from '../support/quiet-box.ts';
import { exchange, parseResponses } from '../support/raw-http.ts';
import { readSources } from '../support/source-tree.ts';

// The catalogue of errors against the code that raises them, the tests that see them, and the box that answers with them.

const HERE = 'test/http/catalogue.test.ts';
const CODES = Object.keys(ERRORS) as ErrorCode[];
const isAssembly = (file: string) => file.startsWith('main/capture/mix/kernel/assembly/');
const isCatalogue = (file: string) => file === 'shared/errors.ts' || file.startsWith('shared/errors/');
const SOURCES = readSources(['main', 'shared', 'test'], (file) => isAssembly(file) || isCatalogue(file));

/** Texts that stand in these files. */
function textsOf(files: typeof SOURCES): Set<string> {
  return new Set(files.flatMap(({ texts }) => texts.map(({ text }) => text)));
}

describe('every code of the catalogue', () => {
  it('is raised somewhere in the product', () => {
    const named = textsOf(SOURCES.filter(({ path, isTest }) => !isTest && !path.startsWith('test/')));
    expect(CODES.filter((code) => !named.has(code))).toEqual([]);
  });

  it('is seen by a test of what raises it, or provoked below', () => {
    const named = textsOf(SOURCES.filter(({ path, isTest }) => (isTest || path.startsWith('test/')) && path !== HERE));
    expect(CODES.filter((code) => !named.has(code) && !(code in PROVOCATIONS))).toEqual([]);
  });
});

it('whatever the HTTP face calls a code is in the catalogue', () => {
  const files = SOURCES.filter(({ path, isTest }) => path.startsWith('main/http/') && !isTest);
  const raised = files.flatMap(({ path }) => {
    const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
    return [...text.matchAll(/\bcode: '([A-Z][A-Z_]+)'/g)].map(([, code = '']) => code);
  });
  expect(raised.length).toBeGreaterThan(20);
  expect(raised.filter((code) => !(code in ERRORS))).toEqual([]);
});

let box: QuietBox;
beforeAll(async () => {
  box = await startQuietBox();
});
afterAll(() => box?.close());

interface Ask {
  method?: string;
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
}

async function ask({ method, path, body, headers = {} }: Ask): Promise<ProblemJson & { id?: string }> {
  const response = await fetch(`${box.url}${path}`, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, ...(text === '' ? {} : JSON.parse(text)) };
}

let rooms = 0;
function request(changes: Record<string, unknown> = {}): Record<string, unknown> {
  rooms += 1;
  return sampleRequest({ RoomId: rooms, Callback: `${NOWHERE}/callback`, ...changes });
}

async function started(changes?: Record<string, unknown>): Promise<string> {
  const { id } = await ask({ path: '/api/recordings', body: request(changes) });
  if (!id) throw new Error('nothing was started');
  return `/api/recordings/${id}`;
}

async function withSettings(change: object, back: object, then: () => Promise<ProblemJson>): Promise<ProblemJson> {
  await ask({ method: 'PATCH', path: '/api/settings', body: change });
  try {
    return await then();
  } finally {
    await ask({ method: 'PATCH', path: '/api/settings', body: back });
  }
}

/** How a caller gets each code out of a box that is well. What needs a box in trouble is in the tests of that trouble. */
const PROVOCATIONS: Partial<Record<ErrorCode, () => Promise<ProblemJson>>> = {
  INVALID_REQUEST: () => ask({ path: '/', body: {} }),
  NOT_JSON: () => ask({ path: '/', body: '{' }),
  FORBIDDEN_ORIGIN: () => ask({ path: '/healthz', headers: { origin: 'http://evil.example' } }),
  NOT_FOUND: () => ask({ path: '/api/recordings/nobody' }),
  ROUTE_NOT_FOUND: () => ask({ path: '/nowhere' }),
  METHOD_NOT_ALLOWED: () => ask({ method: 'PUT', path: '/api/recordings' }),
  KEY_UNKNOWN: () => ask({ path: '/api/idempotency', headers: { 'idempotency-key': 'never' } }),
  BODY_TOO_LARGE: () => ask({ path: '/', body: `"${'x'.repeat(70_000)}"` }),
  UNSUPPORTED_MEDIA_TYPE: () => ask({ path: '/api/recordings', body: '{}', headers: { 'content-type': 'text/plain' } }),
  ALREADY_RECORDING: async () => {
    const twice = request();
    await ask({ path: '/', body: twice, headers: { accept: 'text/plain' } }).catch(() => null);
    return await ask({ path: '/api/recordings', body: twice });
  },
  IDEMPOTENCY_MISMATCH: async () => {
    const headers = { 'idempotency-key': 'mismatch' };
    await ask({ path: '/api/recordings', body: request(), headers });
    return await ask({ path: '/api/recordings', body: request(), headers });
  },
  NOT_RUNNING: async () => await ask({ method: 'POST', path: `${await started()}/retry` }),
  NO_CALLBACK: async () => await ask({ method: 'POST', path: `${await started({ Callback: null })}/callback` }),
  CALLBACK_NOT_READY: async () => await ask({ method: 'POST', path: `${await started()}/callback` }),
  RESULT_NOT_READY: async () => await ask({ path: `${await started()}/result` }),
  STILL_RUNNING: async () => await ask({ method: 'DELETE', path: `${await started()}?force=true` }),
  TOKEN_NOT_FOUND: () => ask({ method: 'DELETE', path: '/api/tokens/nobody' }),
  TOKEN_EXISTS: async () => {
    const body = { name: 'twice', role: 'record' };
    await ask({ path: '/api/tokens', body });
    return await ask({ path: '/api/tokens', body });
  },
  UNAUTHORIZED: () => ask({ path: '/api/session', body: { token: 'wrong' } }),
  AT_CAPACITY: async () => {
    await started();
    const limits = (maxRecordings: number) => ({ limits: { maxRecordings } });
    return await withSettings(limits(1), limits(64), () => ask({ path: '/api/recordings', body: request() }));
  },
  NOT_QUIET: async () => {
    await started();
    return await ask({ method: 'POST', path: '/api/capacity/measure' });
  },
  RECORDING_PAUSED: () => {
    const pause = (paused: boolean) => ({ recording: { paused } });
    return withSettings(pause(true), pause(false), () => ask({ path: '/api/recordings', body: request() }));
  },
  DISK_RESERVE: () => {
    const disk = (reserveBytes: number) => ({ disk: { reserveBytes } });
    return withSettings(disk(1e15), disk(0), () => ask({ path: '/api/recordings', body: request() }));
  },
  HEADERS_TOO_LARGE: async () => {
    const text = `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`;
    const { bytes } = await exchange({ port: box.port, write: (socket) => void socket.write(text), keepOpen: true });
    return JSON.parse(parseResponses(bytes)[0]?.body.toString() ?? '') as ProblemJson;
  },
};

describe('a box that is well', () => {
  it.each(Object.entries(PROVOCATIONS))('answers with %s', async (code, provoke) => {
    expect(await provoke()).toMatchObject({ code, status: ERRORS[code as ErrorCode].status });
  });
});
