import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DirectoryInUseError, LOCK_FILE, lockDirectory } from './directory-lock.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'box-lock-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const HOLDER = `
  const { lockDirectory } = await import(${JSON.stringify(new URL('./directory-lock.ts', import.meta.url).href)});
  lockDirectory(process.argv[1]);
  globalThis.gc();
  console.log('held');
  setInterval(() => {}, 1000);`;

it('is held against a second caller in the same process until it is released', () => {
  const lock = lockDirectory(directory);
  expect(() => lockDirectory(directory, 0)).toThrow(DirectoryInUseError);
  expect(() => lockDirectory(directory, 0)).toThrow(directory);
  lock.release();
  lock.release();
  lockDirectory(directory, 0).release();
});

it('is held against other processes, and gone when its holder was killed', async () => {
  const holder = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', HOLDER, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'exit');
  await once(holder.stdout, 'data');
  expect(() => lockDirectory(directory, 0)).toThrow(DirectoryInUseError);
  holder.kill('SIGKILL');
  await ended;
  lockDirectory(directory, 0).release();
});

it('leaves nothing but an empty private file', () => {
  lockDirectory(directory).release();
  expect(readdirSync(directory)).toEqual([LOCK_FILE]);
  expect(statSync(join(directory, LOCK_FILE)).size).toBe(0);
  if (process.platform !== 'win32') expect(statSync(join(directory, LOCK_FILE)).mode & 0o077).toBe(0);
});
