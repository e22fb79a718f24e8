import { createHash } from 'node:crypto';
import { appendFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crc64 } from '../crc64.ts';
import { digestRange, type FileAccess, memoryBody, nodeFiles, rangeBody } from './file-access.ts';

const PIECE = 256 * 1024;
const content = Buffer.from(Uint8Array.from({ length: 3 * PIECE + 1001 }, (_, index) => (index * 31) ^ (index >> 9)));
const { signal } = new AbortController();
let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'file-access-'));
  file = path.join(directory, 'f');
  await writeFile(file, content);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function piecesOf(offset: number, length: number, memory?: Buffer): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  for await (const piece of nodeFiles.read(file, offset, length, memory))
    pieces.push(memory ? Buffer.from(piece) : piece);
  return pieces;
}

describe('reading', () => {
  it.each([
    [0, content.length],
    [1, 0],
    [77, 1],
    [5, 2 * PIECE],
    [content.length - 9, 100],
    [content.length + 1, 100],
  ])('from %i on %i bytes, however large the memory is', async (offset, length) => {
    const expected = content.subarray(offset, offset + length);
    for (const memory of [undefined, Buffer.alloc(1000), Buffer.alloc(PIECE), Buffer.alloc(4 * PIECE)]) {
      expect(Buffer.compare(Buffer.concat(await piecesOf(offset, length, memory)), expected)).toBe(0);
    }
  });

  it('leaves all of the range in memory that is as long', async () => {
    const memory = Buffer.alloc(2 * PIECE);
    const options = { signal, memory };
    const digest = await digestRange(nodeFiles, file, 9, memory.length, options);
    const range = content.subarray(9, 9 + memory.length);
    expect(Buffer.compare(memory, range)).toBe(0);
    expect(digest).toMatchObject({ md5: createHash('md5').update(range).digest('hex'), crc64: crc64(range) });
    expect(await digestRange(nodeFiles, file, 9, memory.length, { signal })).toEqual(digest);
  });

  it('of a file that is shorter is no digest of what is left', async () => {
    await truncate(file, PIECE + 3);
    const reading = digestRange(nodeFiles, file, 0, content.length, { signal, memory: Buffer.alloc(content.length) });
    await expect(reading).rejects.toMatchObject({ code: 'FileChanged' });
  });

  it('that fails on the way tells the error of the disk', async () => {
    const files: FileAccess = {
      ...nodeFiles,
      async *read(...args) {
        for await (const piece of nodeFiles.read(...args)) {
          yield piece;
          throw Object.assign(new Error('bad disk'), { code: 'EIO' });
        }
      },
    };
    await expect(digestRange(files, file, 0, content.length, { signal })).rejects.toMatchObject({ code: 'EIO' });
  });

  it('ends when it is stopped', async () => {
    const stop = new AbortController();
    const onBytes = () => stop.abort();
    await expect(digestRange(nodeFiles, file, 0, content.length, { signal: stop.signal, onBytes })).rejects.toThrow(
      'aborted',
    );
  });
});

describe('a body', () => {
  const options = { signal, onBytes: () => {} };

  it('has the bytes of its range, from the disk and from memory', async () => {
    expect(Buffer.compare(await buffer(rangeBody(nodeFiles, file, 0, content.length, options)), content)).toBe(0);
    expect(Buffer.compare(await buffer(memoryBody(content, options)), content)).toBe(0);
  });

  it('asks for no more at once than may go out', async () => {
    const asked: number[] = [];
    const throttle = {
      pieceBytes: 100_000,
      wait: async (bytes: number) => {
        asked.push(bytes);
      },
    };
    await buffer(memoryBody(content, { ...options, throttle }));
    expect(Math.max(...asked)).toBe(100_000);
    expect(asked.reduce((sum, bytes) => sum + bytes, 0)).toBe(content.length);
  });

  it('of a file that has grown has none of the new bytes', async () => {
    await appendFile(file, 'more');
    const body = await buffer(rangeBody(nodeFiles, file, PIECE, content.length - PIECE, options));
    expect(Buffer.compare(body, content.subarray(PIECE))).toBe(0);
  });

  it('of a file that is shorter breaks off with an error', async () => {
    await truncate(file, PIECE);
    await expect(buffer(rangeBody(nodeFiles, file, 0, content.length, options))).rejects.toMatchObject({
      code: 'FileChanged',
    });
  });
});
