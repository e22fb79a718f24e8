import { once } from 'node:events';
import { copyFileSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { accessRig } from '../../../test/support/access-rig.ts';
import { createAuthority } from '../../../test/support/certificates.ts';
import { FakeBox } from '../../../test/support/fake-box.ts';
import { createHttpServer } from '../server.ts';
import { openTls, TlsPairError, type TlsSource } from './tls.ts';

const authority = createAuthority();
let directory: string;
let certPath: string;
let keyPath: string;
let lines: string[];
let tls: TlsSource | null;
let app: FastifyInstance | null;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'box-tls-'));
  [certPath, keyPath] = [path.join(directory, 'box.pem'), path.join(directory, 'box.key')];
  [lines, tls, app] = [[], null, null];
});
afterEach(async () => {
  tls?.stop();
  await app?.close();
  rmSync(directory, { recursive: true });
});

const note = (facts: object, message: string) => void lines.push(JSON.stringify({ ...facts, message }));
const log = { debug: note, info: note, warn: note, error: note };

function write({ certificate, key }: { certificate: string; key: string }): void {
  writeFileSync(certPath, certificate);
  writeFileSync(keyPath, key);
}

function open(): TlsSource {
  tls = openTls({ certPath, keyPath, log });
  return tls;
}

async function listen(): Promise<number> {
  app = createHttpServer({ box: new FakeBox(), version: '1', log, access: accessRig().access, tls: open() });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as AddressInfo).port;
}

/** Name on the certificate that a new connection is shown, and the raw answer to a request. */
async function ask(port: number, request = 'GET /healthz'): Promise<{ name: string; answer: string }> {
  const socket = connect({ port, host: '127.0.0.1', ca: authority.certificate, checkServerIdentity: () => undefined });
  await once(socket, 'secureConnect');
  const certificate = socket.getPeerCertificate() as PeerCertificate;
  socket.end(`${request} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return { name: String(certificate.subject.CN), answer };
}

describe('https', () => {
  it('is spoken with the given pair; a renewed one counts without a restart, a broken one does not', async () => {
    write(authority.issue(['one.example', '127.0.0.1']));
    const port = await listen();
    const first = await ask(port);
    expect([first.name, first.answer.slice(0, 15)]).toEqual(['one.example', 'HTTP/1.1 200 OK']);
    expect(first.answer).toContain('{"status":"ok"}');

    // As certbot does: other files under the same names.
    const next = authority.issue(['two.example'], 20);
    writeFileSync(`${certPath}.new`, next.certificate);
    writeFileSync(`${keyPath}.new`, next.key);
    renameSync(`${certPath}.new`, certPath);
    renameSync(`${keyPath}.new`, keyPath);
    await vi.waitFor(async () => expect((await ask(port)).name).toBe('two.example'), 20_000);
    expect(tls?.state()).toEqual({ validUntil: expect.stringMatching(/^20/), problem: null });

    writeFileSync(keyPath, authority.issue(['three.example']).key);
    await vi.waitFor(() => expect(tls?.state().problem).toContain('another certificate'), 20_000);
    expect((await ask(port)).name).toBe('two.example');
    writeFileSync(keyPath, next.key);
    await vi.waitFor(() => expect(tls?.state().problem).toBeNull(), 20_000);
    expect(lines.join('\n')).not.toContain('PRIVATE KEY');
  });

  it('makes cookies that never travel in the clear', async () => {
    write(authority.issue(['one.example']));
    const rig = accessRig();
    app = createHttpServer({ box: new FakeBox(), version: '1', log, access: rig.access, tls: open() });
    await app.listen({ host: '127.0.0.1', port: 0 });
    const body = JSON.stringify({ token: rig.tokens.admin });
    const socket = connect({
      port: (app.server.address() as AddressInfo).port,
      host: '127.0.0.1',
      ca: authority.certificate,
      checkServerIdentity: () => undefined,
    });
    socket.end(
      `POST /api/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    expect(answer).toMatch(/^HTTP\/1\.1 200[\s\S]*set-cookie: [^\r]*; Secure\r/i);
  });

  it('speaks nothing older than TLS 1.2', async () => {
    write(authority.issue(['one.example']));
    const port = await listen();
    const old = connect({
      port,
      host: '127.0.0.1',
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      rejectUnauthorized: false,
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    const [error] = await once(old, 'error').then(
      (found) => found,
      (thrown) => [thrown],
    );
    expect(String(error)).toMatch(/protocol|alert|ECONNRESET/i);
  });
});

describe('the files', () => {
  it.each([
    ['no certificate', () => rmSync(certPath), 'cert', 'ENOENT'],
    ['no key', () => rmSync(keyPath), 'key', 'ENOENT'],
    ['something else in place of the certificate', () => writeFileSync(certPath, 'hello'), 'cert', 'BEGIN CERTIFICATE'],
    ['something else in place of the key', () => writeFileSync(keyPath, 'hello'), 'key', 'private key'],
    ['the certificate in place of the key', () => copyFileSync(certPath, keyPath), 'key', 'private key'],
    ['the key of another', () => writeFileSync(keyPath, authority.issue(['x']).key), 'key', 'another certificate'],
  ] as const)('%s: refused, naming the file', (_what, spoil, file, message) => {
    write(authority.issue(['one.example']));
    spoil();
    expect(() => open()).toThrow(TlsPairError);
    expect(() => open()).toThrow(expect.objectContaining({ file, message: expect.stringContaining(message) }));
  });

  it('are found to have changed by looking, where nothing tells of it: behind links', async () => {
    const real = mkdtempSync(path.join(tmpdir(), 'box-tls-'));
    const [linkedCert, linkedKey] = [certPath, keyPath];
    [certPath, keyPath] = [path.join(real, 'a'), path.join(real, 'b')];
    write(authority.issue(['one.example']));
    symlinkSync(certPath, linkedCert);
    symlinkSync(keyPath, linkedKey);
    tls = openTls({ certPath: linkedCert, keyPath: linkedKey, log, pollMs: 20 });
    const used: string[] = [];
    tls.follow(({ cert }) => void used.push(cert));
    const next = authority.issue(['two.example']);
    write(next);
    await vi.waitFor(() => expect(used).toEqual([next.certificate]), 20_000);
    tls.stop();
    rmSync(real, { recursive: true });
  });
});
