import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { crc64 } from './crc64.ts';
import { hashFile } from './hash-file.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'hash-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

it.each([0, 9, 1024 * 1024, 2_500_001])('hashes a file of %i bytes', async (length) => {
  const file = path.join(directory, `${length}`);
  const content = length === 9 ? Buffer.from('123456789') : Buffer.alloc(length, 'some content, ');
  await writeFile(file, content);
  const sha256 = createHash('sha256').update(content).digest('hex');
  expect(await hashFile(file)).toEqual({ sha256, crc64: crc64(content), bytes: length });
});

it('gives the published check values', async () => {
  const file = path.join(directory, 'check');
  await writeFile(file, '123456789');
  expect(await hashFile(file)).toEqual({
    sha256: '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
    crc64: '11051210869376104954',
    bytes: 9,
  });
});

it('rejects when there is no such file, or when it was interrupted', async () => {
  await expect(hashFile(path.join(directory, 'nowhere'))).rejects.toMatchObject({ code: 'ENOENT' });
  const file = path.join(directory, 'interrupted');
  await writeFile(file, 'x');
  await expect(hashFile(file, { signal: AbortSignal.abort() })).rejects.toThrow('aborted');
});
