import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ensureDirectory } from './durable-directory.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'box-durable-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

// That the names survive a power cut is shown in test/faults/power.
it('creates what is missing, with its mode, and leaves what is there', () => {
  const deep = path.join(directory, 'a', 'b', 'c');
  ensureDirectory(deep, 0o700);
  if (process.platform !== 'win32') expect(statSync(deep).mode & 0o777).toBe(0o700);
  writeFileSync(path.join(deep, 'file'), '');
  ensureDirectory(deep);
  expect(readdirSync(deep)).toEqual(['file']);
});

it("throws the system's error", () => {
  const file = path.join(directory, 'file');
  writeFileSync(file, '');
  expect(() => ensureDirectory(path.join(file, 'below'))).toThrow('ENOTDIR');
});
