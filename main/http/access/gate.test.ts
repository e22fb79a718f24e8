import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { FastifyInstance, FastifyRequest, InjectOptions, LightMyRequestResponse } from 'fastify';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { mayDo, ROLES, type Role, type Route } from '../../../shared/api/route.ts';
import { ROUTES } from '../../../shared/api/routes.ts';
import { ERRORS, type ErrorCode } from '../../../shared/errors.ts';
import { type AccessRig, accessRig } from '../../../test/support/access-rig.ts';
import { FakeBox, viewOf } from '../../../test/support/fake-box.ts';
import { createHttpServer } from '../server.ts';
import { SESSION_SECONDS } from './access-api.ts';

const SAMPLE = {
  SdkAppId: 1_400_000_000,
  RoomId: 43_474,
  UserId: 'user_55952145',
  UserSig: 'eJw',
  CosConfig: { Region: 'ap-shanghai', Bucket: 'test-123456789', Path: '/trtc' },
};
const WRONG = `box_${'A'.repeat(43)}`;

let box: FakeBox;
let rig: AccessRig;
let app: FastifyInstance;
let lines: string[];

function open(isRequired = true): void {
  box = new FakeBox();
  box.recordings = [viewOf({ id: 'known' })];
  rig = accessRig({ isRequired });
  lines = [];
  const write = (facts: object, message: string) => void lines.push(JSON.stringify({ ...facts, message }));
  const log = { debug: write, info: write, warn: write, error: write };
  app = createHttpServer({ box, version: '1.2.3', access: rig.access, log });
}

beforeEach(() => open());
afterEach(async () => {
  await app.close();
  const said = lines.join('\n');
  for (const token of Object.values(rig.tokens)) expect(said).not.toContain(token.slice(4));
  expect(said).not.toContain(WRONG);
});

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

function expectProblem(response: LightMyRequestResponse, code: ErrorCode): Record<string, unknown> {
  expect([response.statusCode, response.json().code]).toEqual([ERRORS[code].status, code]);
  expect(response.body).not.toMatch(/1\.2\.3|node_modules|\bat .*\.ts:/);
  return response.json();
}

function call({ method, path, body }: Route, headers: Record<string, string> = {}): Promise<LightMyRequestResponse> {
  const url = path.replace(/:\w+/g, 'known');
  return app.inject({ method, url, headers, ...(body ? { payload: {} } : {}) } as InjectOptions);
}

const bound = () => Object.entries<Route>(ROUTES).filter(([, { method, path }]) => app.hasRoute({ method, url: path }));

describe('every route of the table', () => {
  it('lets nobody but its role and those above it in', async () => {
    expect(bound().length).toBeGreaterThan(20);
    for (const [name, route] of bound()) {
      if (route.role === null) continue;
      expectProblem(await call(route), 'UNAUTHORIZED');
      for (const role of ROLES) {
        const response = await call(route, bearer(rig.tokens[role]));
        if (mayDo(role, route.role)) expect([401, 403], `${name} as ${role}`).not.toContain(response.statusCode);
        else expect(expectProblem(response, 'FORBIDDEN_ROLE').neededRole, name).toBe(route.role);
        if (name === 'rotateToken' || name === 'deleteToken') expect(response.statusCode).toBeLessThan(500);
      }
    }
  });

  it('is open to everybody on a box that demands no token, also with a wrong one', async () => {
    open(false);
    for (const headers of [{}, bearer(WRONG), bearer(rig.tokens.record)]) {
      for (const [name, route] of bound()) {
        const response = await call(route, headers as Record<string, string>);
        if (name !== 'openSession') expect([401, 403, 429], name).not.toContain(response.statusCode);
      }
    }
  });

  it('tells a refused caller how, in his language', async () => {
    const response = await app.inject({ url: '/api/recordings', headers: { 'accept-language': 'zh' } });
    expect(response.headers['www-authenticate']).toBe('Bearer');
    expect(expectProblem(response, 'UNAUTHORIZED').remedy).toBe(ERRORS.UNAUTHORIZED.remedy.zh);
  });
});

describe('strangers', () => {
  it('learn from /healthz that it is alive, and nothing else', async () => {
    for (const headers of [{}, bearer(WRONG)] as Record<string, string>[]) {
      expect((await app.inject({ url: '/healthz', headers })).json()).toEqual({ status: 'ok' });
    }
    const known = await app.inject({ url: '/healthz', headers: bearer(rig.tokens.record) });
    expect(known.json()).toMatchObject({ status: 'ok', version: '1.2.3', accepting: true });
  });

  it('get no name and version of software in any header', async () => {
    for (const url of ['/', '/healthz', '/api/recordings', '/nothing', '/%']) {
      const { headers } = await app.inject(url);
      expect(headers).not.toHaveProperty('server');
      expect(headers).not.toHaveProperty('x-powered-by');
    }
  });
});

describe('security headers', () => {
  it('come with answers, refusals and addresses that cannot be read alike', async () => {
    const urls = ['/', '/api/recordings', '/healthz', '/nothing', '/openapi.json', '/%'];
    for (const url of urls) {
      const { headers } = await app.inject({
        url,
        headers: { host: url === '/nothing' ? 'evil.example' : 'localhost' },
      });
      expect(headers['x-content-type-options'], url).toBe('nosniff');
      expect(headers['content-security-policy'], url).toContain("default-src 'none'");
      expect(headers['content-security-policy'], url).toContain("frame-ancestors 'none'");
    }
    const { headers } = await app.inject('/api/recordings');
    expect(headers).toMatchObject({
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
    });
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers).not.toHaveProperty('strict-transport-security');
  });
});

describe('callers of the cloud function', () => {
  const start = (url: string, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url, headers, payload: SAMPLE });

  it.each(['/', '/release', '/release/record'])('%s wants a token, in a header or in the address', async (url) => {
    expectProblem(await start(url), 'UNAUTHORIZED');
    expectProblem(await start(`${url}?token=${WRONG}`), 'UNAUTHORIZED');
    expect((await start(url, bearer(rig.tokens.record))).body).toBe('Async run task submitted');
    expect((await start(`${url}?x=1&token=${rig.tokens.record}`)).body).toBe('Async run task submitted');
    expect(box.accepted).toHaveLength(2);
  });

  it('the address is no place for a token anywhere else', async () => {
    expectProblem(await app.inject(`/api/recordings?token=${rig.tokens.admin}`), 'UNAUTHORIZED');
    expectProblem(await start(`/api/recordings?token=${rig.tokens.admin}`), 'UNAUTHORIZED');
  });

  it('a wrong header is not mended by a good address', async () => {
    expectProblem(await start(`/?token=${rig.tokens.record}`, bearer(WRONG)), 'UNAUTHORIZED');
  });
});

describe('wrong tokens', () => {
  it('are held back after a while; good ones never, not even from the same address', async () => {
    const codes: string[] = [];
    for (let count = 0; count < 15; count += 1) {
      codes.push((await app.inject({ url: '/api/recordings', headers: bearer(WRONG) })).json().code);
    }
    expect(codes).toEqual([...Array(10).fill('UNAUTHORIZED'), ...Array(5).fill('TOO_MANY_ATTEMPTS')]);
    const held = await app.inject({ url: '/api/recordings', headers: bearer(WRONG) });
    expect(Number(held.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(held.json().retryAfterSeconds).toBe(Number(held.headers['retry-after']));
    expectProblem(await signIn(WRONG), 'TOO_MANY_ATTEMPTS');
    expect((await app.inject({ url: '/api/recordings', headers: bearer(rig.tokens.record) })).statusCode).toBe(200);
    expectProblem(await app.inject('/api/recordings'), 'UNAUTHORIZED');
    rig.clock.nowMs += 7000;
    expectProblem(await app.inject({ url: '/api/recordings', headers: bearer(WRONG) }), 'UNAUTHORIZED');
    expect(lines.filter((line) => line.includes('not known'))).toHaveLength(11);
  });
});

function signIn(token: string): Promise<LightMyRequestResponse> {
  return app.inject({ method: 'POST', url: '/api/session', payload: { token } });
}

function cookieIn(response: LightMyRequestResponse): string {
  return String(response.headers['set-cookie']).split(';', 1)[0] ?? '';
}

describe('browsers', () => {
  it('sign in for a cookie that scripts and other sites cannot use, and out again', async () => {
    expect((await app.inject('/api/session')).json()).toEqual({ required: true, name: null, role: null });
    const response = await signIn(rig.tokens.operate);
    expect(response.json()).toEqual({ required: true, name: 'operate', role: 'operate' });
    expect(response.headers['set-cookie']).toMatch(
      new RegExp(`^box_session_0b51b3f4=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${SESSION_SECONDS}$`),
    );
    const cookie = cookieIn(response);
    expect(cookie).not.toContain(rig.tokens.operate);
    const headers = { cookie: `a=b; ${cookie}; c=d` };
    expect((await app.inject({ url: '/api/recordings', headers })).statusCode).toBe(200);
    expect((await app.inject({ url: '/api/session', headers })).json().role).toBe('operate');
    expectProblem(await app.inject({ url: '/api/tokens', headers }), 'FORBIDDEN_ROLE');
    const out = await app.inject({ method: 'DELETE', url: '/api/session', headers });
    expect([out.statusCode, out.headers['set-cookie']]).toEqual([204, expect.stringContaining('Max-Age=0')]);
    expectProblem(await app.inject({ url: '/api/recordings', headers }), 'UNAUTHORIZED');
  });

  it('an old cookie is no attempt, and does not get in the way of signing in', async () => {
    const headers = { cookie: 'box_session_0b51b3f4=gone' };
    for (let count = 0; count < 30; count += 1) {
      expectProblem(await app.inject({ url: '/api/recordings', headers }), 'UNAUTHORIZED');
    }
    expect((await signIn(rig.tokens.record)).statusCode).toBe(200);
  });

  it('cannot be made to write by other sites, cookie or not', async () => {
    const cookie = cookieIn(await signIn(rig.tokens.admin));
    for (const foreign of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'same-site' }] as Record<
      string,
      string
    >[]) {
      const response = await app.inject({
        ...{ method: 'POST', url: '/api/tokens', payload: { name: 'x', role: 'admin' } },
        headers: { cookie, host: 'localhost', ...foreign },
      });
      expectProblem(response, 'FORBIDDEN_ORIGIN');
    }
  });

  it('without scripts there is a form', async () => {
    const page = await app.inject('/');
    expect([page.statusCode, page.headers['content-type']]).toEqual([401, 'text/html; charset=utf-8']);
    expect(page.body).toContain('<form method="post" action="/login">');
    expect(page.body).not.toContain('user_55952145');
    const form = (token: string) =>
      app.inject({
        ...{ method: 'POST', url: '/login', payload: new URLSearchParams({ token }).toString() },
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          origin: 'http://localhost:8787',
          host: 'localhost:8787',
        },
      });
    const wrong = await form(WRONG);
    expect([wrong.statusCode, wrong.headers['set-cookie']]).toEqual([401, undefined]);
    expect(wrong.body).toContain('role="alert"');
    expect(wrong.body).not.toContain(WRONG);
    const right = await form(` ${rig.tokens.record}\n`);
    expect([right.statusCode, right.headers.location]).toEqual([303, '/']);
    const cookie = cookieIn(right);
    const inside = await app.inject({ url: '/', headers: { cookie } });
    expect([inside.statusCode, inside.body.includes('user_55952145')]).toEqual([200, true]);
    expect(inside.body).toContain('action="/logout"');
    expect((await app.inject({ method: 'POST', url: '/logout', headers: { cookie } })).headers.location).toBe('/login');
    expect((await app.inject({ url: '/', headers: { cookie } })).statusCode).toBe(401);
  });
});

describe('tokens over HTTP', () => {
  const as = (role: Role, method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) =>
    app.inject({ method, url, headers: bearer(rig.tokens[role]), ...(payload ? { payload } : {}) });

  it('are made, used, changed and ended; the secret is shown once', async () => {
    const made = await as('admin', 'POST', '/api/tokens', { name: 'ci', role: 'record' });
    expect([made.statusCode, made.json()]).toEqual([
      201,
      { name: 'ci', role: 'record', token: expect.stringMatching(/^box_/) },
    ]);
    const use = (token: string) => app.inject({ url: '/api/recordings', headers: bearer(token) });
    expect((await use(made.json().token)).statusCode).toBe(200);
    const list = await as('admin', 'GET', '/api/tokens');
    expect(list.body).not.toContain(made.json().token);
    expect(list.json().tokens.find(({ name }: { name: string }) => name === 'ci')).toEqual({
      name: 'ci',
      role: 'record',
      createdAt: '2030-01-01T00:00:00.000Z',
      lastUsedAt: '2030-01-01T00:00:00.000Z',
    });
    const next = await as('admin', 'POST', '/api/tokens/ci/rotate');
    expectProblem(await use(made.json().token), 'UNAUTHORIZED');
    expect((await use(next.json().token)).statusCode).toBe(200);
    expect((await as('admin', 'DELETE', '/api/tokens/ci')).statusCode).toBe(204);
    expectProblem(await use(next.json().token), 'UNAUTHORIZED');
    expect(rig.notes.slice(3)).toEqual([
      { type: 'tokenCreated', facts: { name: 'ci', role: 'record', by: 'admin' } },
      { type: 'tokenRotated', facts: { name: 'ci', role: 'record', by: 'admin' } },
      { type: 'tokenDeleted', facts: { name: 'ci', role: 'record', by: 'admin' } },
    ]);
  });

  it('refusals say what is wrong', async () => {
    expectProblem(await as('admin', 'DELETE', '/api/tokens/admin'), 'LAST_ADMIN_TOKEN');
    expectProblem(await as('admin', 'DELETE', '/api/tokens/nobody'), 'TOKEN_NOT_FOUND');
    expectProblem(await as('admin', 'POST', '/api/tokens', { name: 'RECORD', role: 'admin' }), 'TOKEN_EXISTS');
    const broken = await as('admin', 'POST', '/api/tokens', { name: '../x', role: 'root' });
    expect(expectProblem(broken, 'INVALID_REQUEST').errors).toMatchObject([{ field: 'name' }, { field: 'role' }]);
  });
});

describe('over sockets', () => {
  it('an answer that goes on ends with its token', async () => {
    vi.useFakeTimers({ toFake: ['setInterval'] });
    open();
    const identify = async (request: FastifyRequest) => {
      request.caller = rig.access.byToken((request.headers.authorization ?? '').slice('Bearer '.length));
    };
    app.get('/stream', { onRequest: identify }, async (_request, reply) => {
      reply.hijack();
      reply.raw.write('x');
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const streams = await Promise.all(
      [rig.tokens.operate, rig.tokens.admin].map(async (token) => {
        const socket = connect(port, '127.0.0.1').on('error', () => {});
        socket.write(`GET /stream HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${token}\r\n\r\n`);
        await once(socket, 'data');
        return socket;
      }),
    );
    const [ended, stays] = streams as [Socket, Socket];
    vi.advanceTimersByTime(60_000);
    expect([ended.destroyed, stays.destroyed]).toEqual([false, false]);
    const closed = once(ended, 'close');
    rig.access.tokens.rotate('operate', null);
    vi.advanceTimersByTime(5_000);
    await closed;
    expect(stays.destroyed).toBe(false);
    stays.destroy();
    vi.useRealTimers();
  });

  it('a connection that says nothing, or its headers for too long, is not kept', async () => {
    const { headersTimeout, requestTimeout, maxHeaderSize, maxConnections } = app.server as typeof app.server & {
      maxHeaderSize?: number;
    };
    expect({ headersTimeout, requestTimeout, maxConnections }).toEqual({
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      maxConnections: 2000,
    });
    expect(maxHeaderSize ?? 16_384).toBeLessThanOrEqual(16_384);
  });
});
