import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type QuarantineFiles, quarantineFile, realQuarantineFiles } from './quarantine-file.ts';

let root: string;
let file: string;
let data: string;

beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'quarantine-'));
  data = path.join(root, 'data');
  file = path.join(root, 'recordings', 'r1', 'segment-0003.mp4');
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, 'what nobody understands');
});
afterEach(() => rm(root, { recursive: true }));

const note = { recordingId: 'r1', file: 'segment-0003.mp4', reason: 'no place', bytes: 23, atMs: 5 };

it('moves the file whole, with a note that tells why, and never onto another one', async () => {
  const first = await quarantineFile(file, note, data);
  expect(first).toBe(path.join(data, 'quarantine', 'r1', 'segment-0003.mp4'));
  expect(existsSync(file)).toBe(false);
  await writeFile(file, 'another');
  const second = await quarantineFile(file, note, data);
  expect(await readFile(first, 'utf8')).toBe('what nobody understands');
  expect(await readFile(second, 'utf8')).toBe('another');
  expect(JSON.parse(await readFile(`${second}.json`, 'utf8'))).toEqual(note);
});

it('on another disk than the data directory it stays beside where it was', async () => {
  const files: QuarantineFiles = {
    ...realQuarantineFiles,
    rename: async (from, to) => {
      if (to.startsWith(data)) throw Object.assign(new Error('cross-device link'), { code: 'EXDEV' });
      await realQuarantineFiles.rename(from, to);
    },
  };
  const place = await quarantineFile(file, note, data, files);
  expect(place).toBe(path.join(path.dirname(file), 'quarantine', 'segment-0003.mp4'));
  expect(await readFile(place, 'utf8')).toBe('what nobody understands');
});

it.each(['mkdir', 'list', 'write', 'rename', 'syncDirectory'] as const)(
  'when %s fails the file is in the one place or in the other, and a further try ends in order',
  async (step) => {
    const fail = (): never => {
      throw Object.assign(new Error('no'), { code: 'EIO' });
    };
    await expect(quarantineFile(file, note, data, { ...realQuarantineFiles, [step]: fail })).rejects.toThrow('no');
    if (existsSync(file)) await quarantineFile(file, note, data);
    const places = (await readdir(path.join(data, 'quarantine', 'r1'))).filter((name) => name.endsWith('.mp4'));
    expect(places).toHaveLength(1);
    const place = path.join(data, 'quarantine', 'r1', places[0]!);
    expect(await readFile(place, 'utf8')).toBe('what nobody understands');
    expect(JSON.parse(await readFile(`${place}.json`, 'utf8'))).toEqual(note);
  },
);
