import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessRig } from '../../test/support/access-rig.ts';
import { FakeBox, viewOf } from '../../test/support/fake-box.ts';
import { silentLogger } from '../logging.ts';
import { CONSOLE_POLICY } from './console-routes.ts';
import { createHttpServer } from './server.ts';

const PAGE = '<!doctype html><title>console</title>';
let directory: string;
let app: FastifyInstance;
let guarded: FastifyInstance;
const rig = accessRig();

beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'console-routes-'));
  mkdirSync(path.join(directory, 'built/assets'), { recursive: true });
  writeFileSync(path.join(directory, 'secret.txt'), 'outside');
  writeFileSync(path.join(directory, 'built/index.html'), PAGE);
  writeFileSync(path.join(directory, 'built/icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(path.join(directory, 'built/assets/a-1234.js'), 'export {};');
  const box = new FakeBox();
  box.recordings = [viewOf({ id: 'known' })];
  const deps = { box, version: '1', log: silentLogger(), consoleDirectory: path.join(directory, 'built') };
  app = createHttpServer(deps);
  guarded = createHttpServer({ ...deps, access: rig.access });
});
afterAll(async () => {
  await app.close();
  await guarded.close();
  rmSync(directory, { recursive: true });
});

describe('a box with a built console', () => {
  it('has it as its page, under its policy and never from a store', async () => {
    const { statusCode, headers, body } = await app.inject('/');
    expect([statusCode, body]).toEqual([200, PAGE]);
    expect(headers).toMatchObject({ 'content-security-policy': CONSOLE_POLICY, 'cache-control': 'no-store' });
    expect(CONSOLE_POLICY).not.toMatch(/script-src[^;]*unsafe|https?:/);
  });

  it('leads on from where the console was before', async () => {
    for (const url of ['/console', '/console/']) {
      const { statusCode, headers } = await app.inject(url);
      expect([statusCode, headers.location]).toEqual([302, '/']);
    }
  });

  it('keeps the page without scripts beside it', async () => {
    const plain = await app.inject('/plain');
    expect(plain.body).toContain('user_55952145');
    expect(plain.headers['content-security-policy']).toContain("default-src 'none'");
    const wrong = await app.inject({ method: 'POST', url: '/plain' });
    expect([wrong.statusCode, wrong.headers.allow]).toEqual([405, 'GET, HEAD']);
  });

  it('gives the parts of the console to everybody, for good; what is not there is not remembered', async () => {
    for (const one of [app, guarded]) {
      const part = await one.inject('/assets/a-1234.js');
      expect([part.statusCode, part.body]).toEqual([200, 'export {};']);
      expect(part.headers['content-type']).toContain('javascript');
      expect(part.headers['cache-control']).toContain('immutable');
      expect((await one.inject('/icon.svg')).headers['content-type']).toContain('image/svg+xml');
    }
    const none = await app.inject('/assets/b-5678.js');
    expect([none.statusCode, none.json().code, none.headers['cache-control']]).toEqual([
      404,
      'ROUTE_NOT_FOUND',
      'no-store',
    ]);
  });

  it.each([
    '/assets/../index.html',
    '/assets/../../secret.txt',
    '/assets/%2e%2e/%2e%2e/secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/assets/..%5c..%5csecret.txt',
    '/assets/',
    '/assets/%00',
  ])('opens nothing else: %s', async (url) => {
    const { statusCode, body } = await app.inject(url);
    expect(statusCode).toBeGreaterThanOrEqual(400);
    expect(body).not.toContain('outside');
  });

  it('asks strangers for a token first', async () => {
    for (const url of ['/', '/plain']) {
      const { statusCode, body } = await guarded.inject(url);
      expect([statusCode, body.includes('<form method="post" action="/login">')]).toEqual([401, true]);
      expect(body).not.toContain('user_55952145');
    }
    const cookie = `${rig.access.cookieName}=${rig.access.openSession(rig.tokens.record)?.cookie}`;
    expect((await guarded.inject({ url: '/', headers: { cookie } })).body).toBe(PAGE);
  });
});

it('a box without one has the page without scripts at both places', async () => {
  const plain = createHttpServer({ box: new FakeBox(), version: '1', log: silentLogger() });
  const [first, second] = await Promise.all([plain.inject('/'), plain.inject('/plain')]);
  expect(first.body).toBe(second.body);
  expect(first.body).toContain('<h1>');
  expect((await plain.inject('/console')).statusCode).toBe(404);
  await plain.close();
});
