import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countedSync, DISK_CODES, failOnce, systemError } from '../../test/support/failing-calls.ts';
import { createFile, realAtomicFiles, replaceFile } from './atomic-file.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'atomic-'));
  file = join(directory, 'settings.json');
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Runs `work` with its first, second, … file call failing, until none fails any more; returns the calls that failed. */
function eachCallFails(
  code: string,
  work: (files: typeof realAtomicFiles, failed: () => string | null) => void,
): string[] {
  const calls: string[] = [];
  for (let failAt = 1; ; failAt += 1) {
    const counter = failOnce(failAt, (call) => systemError(code, call));
    work(countedSync(realAtomicFiles, counter), () => counter.failed);
    if (counter.failed === null) return calls;
    calls.push(counter.failed);
  }
}

describe.each(DISK_CODES)('each call fails in turn with %s', (code) => {
  it('a file that is replaced has its old content or the new one, and can be replaced afterwards', () => {
    const calls = eachCallFails(code, (files, failed) => {
      writeFileSync(file, 'old');
      let thrown: unknown;
      try {
        replaceFile(file, 'new', 0o600, files);
      } catch (error) {
        thrown = error;
      }
      const isNew = readFileSync(file, 'utf8') === 'new';
      if (!isNew) expect(readFileSync(file, 'utf8')).toBe('old');
      // What did not throw is written; what threw says with which code.
      if (thrown === undefined) expect(isNew).toBe(true);
      else expect(thrown).toMatchObject({ code });
      replaceFile(file, 'newer');
      expect(readFileSync(file, 'utf8')).toBe('newer');
      expect(readdirSync(directory), `after ${failed()}`).toEqual(['settings.json']);
    });
    expect(calls).toEqual(['remove', 'open', 'write', 'sync', 'close', 'rename', 'open', 'sync', 'close']);
  });

  it('a file that is created is whole or not there, and its maker tells the truth', () => {
    const calls = eachCallFails(code, (files) => {
      rmSync(file, { force: true });
      let made: boolean | null = null;
      try {
        made = createFile(file, 'key', 0o600, files);
      } catch (error) {
        expect(error).toMatchObject({ code });
      }
      if (made) expect(existsSync(file)).toBe(true);
      if (existsSync(file)) expect(readFileSync(file, 'utf8')).toBe('key');
      const isThere = existsSync(file);
      expect(createFile(file, 'other')).toBe(!isThere);
      expect(readdirSync(directory)).toEqual(['settings.json']);
    });
    expect(calls).toEqual(['remove', 'open', 'write', 'sync', 'close', 'link', 'remove', 'open', 'sync', 'close']);
  });
});

it('a file that exists is not created again', () => {
  writeFileSync(file, 'mine');
  expect(createFile(file, 'other')).toBe(false);
  expect(readFileSync(file, 'utf8')).toBe('mine');
});
