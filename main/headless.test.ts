import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listBackups } from './store/backup.ts';

const HEADLESS = path.join(import.meta.dirname, 'headless.ts');

let directory: string;
let children: ChildProcess[];

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'box-headless-'));
  children = [];
});

afterEach(() => {
  for (const child of children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
    child.kill('SIGKILL');
  }
  rmSync(directory, { recursive: true, force: true });
});

function start(args: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [HEADLESS, ...args], { env: { ...process.env, ...environment } });
  children.push(child);
  const output = { out: '', err: '' };
  child.stdout.on('data', (bytes: Buffer) => {
    output.out += bytes.toString('utf8');
  });
  child.stderr.on('data', (bytes: Buffer) => {
    output.err += bytes.toString('utf8');
  });
  const ended = once(child, 'close').then(([exitCode]) => ({ exitCode, ...output }));
  const firstLine = new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const end = output.out.indexOf('\n');
      if (end >= 0) {
        resolve(output.out.slice(0, end));
      }
    });
    ended.then(() => reject(new Error(`ended before its first line: ${output.err}`)), reject);
  });
  firstLine.catch(() => {});
  return { child, ended, firstLine };
}

test('cos-server says where it listens in one line of JSON, answers there, and ends on SIGTERM with 0', async () => {
  const { child, ended, firstLine } = start([
    'cos-server',
    '--data',
    directory,
    '--port',
    '0',
    '--secret-id',
    'id',
    '--secret-key',
    'Pr1vate',
  ]);
  const ready: unknown = JSON.parse(await firstLine);
  expect(ready).toEqual({ ready: true, url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), pid: child.pid });
  const { url } = ready as { url: string };
  expect((await fetch(url, { signal: AbortSignal.timeout(30_000) })).headers.get('server')).toBe('local-cos-simulator');
  child.kill('SIGTERM');
  const { exitCode, out, err } = await ended;
  expect(exitCode).toBe(0);
  expect(out.trimEnd().split('\n')).toHaveLength(1);
  expect(out + err).not.toContain('Pr1vate');
});

test('mistakes in arguments, settings and environment: a clear text on stderr, nothing on stdout, exit code 2', async () => {
  writeFileSync(path.join(directory, 'settings.json'), '{"http":{"port":-1}}');
  const runs = await Promise.all([
    start(['serve', '--data', directory, '--rooms', 'simulated']).ended,
    start(['serve', '--data', directory]).ended,
    start(['serve', '--data', directory], { RECORDER_COS_ENDPOINT: 'ftp://x' }).ended,
  ]);
  expect(runs.map(({ exitCode, out }) => [exitCode, out])).toEqual([
    [2, ''],
    [2, ''],
    [2, ''],
  ]);
  expect(runs[0]?.err).toContain('--scenario');
  expect(runs[1]?.err).toContain('http.port');
  expect(runs[2]?.err).toContain('RECORDER_COS_ENDPOINT');
  expect(runs.map(({ err }) => err).join('')).not.toMatch(/\bat .*\.ts:/);
});

test('a second box on the same data directory is refused; after a kill the next one starts', async () => {
  const args = ['serve', '--data', directory, '--port', '0'];
  const first = start(args);
  await first.firstLine;
  const second = await start(args).ended;
  expect(second).toMatchObject({ exitCode: 1, out: '' });
  expect(second.err).toContain(`another box is running on ${directory}`);
  first.child.kill('SIGKILL');
  await first.ended;
  const third = start(args);
  expect(JSON.parse(await third.firstLine)).toMatchObject({ ready: true });
  third.child.kill('SIGTERM');
  expect((await third.ended).exitCode).toBe(0);
  expect(listBackups(path.join(directory, 'backups'))).toHaveLength(1);
});

test('a key that the desktop app gave to the keychain: says how to get it back, and makes no other', async () => {
  writeFileSync(path.join(directory, 'secret.key.sealed'), 'opens on the desktop alone');
  // Tokens are no secrets of that key.
  const made = await start(['token', 'create', 'caller', '--role', 'record', '--data', directory]).ended;
  expect(made).toMatchObject({ exitCode: 0, out: expect.stringMatching(/^box_/) });
  const { exitCode, out, err } = await start(['serve', '--data', directory, '--port', '0']).ended;
  expect([exitCode, out]).toEqual([1, '']);
  expect(err).toContain('given to the keychain');
  expect(err).toContain('Start the desktop app once with "secrets": {"keyStore": "file"}');
  expect(err).not.toMatch(/\bat .*\.ts:/);
  expect(existsSync(path.join(directory, 'secret.key'))).toBe(false);
  expect(readdirSync(directory)).toContain('secret.key.sealed');
});
