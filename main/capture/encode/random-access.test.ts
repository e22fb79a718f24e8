import fc from 'fast-check';
import { expect, it } from 'vitest';
import { aheadReader, fileReader } from './random-access.ts';

/** A file in memory that gives at most `mostBytes` at once, and remembers what was asked of it. */
function fakeFile(content: Buffer, mostBytes = Number.POSITIVE_INFINITY, size = content.length) {
  const asked: number[] = [];
  const read = async (target: Buffer, at: number, length: number, position: number) => {
    asked.push(length);
    const bytesRead = content.subarray(position, position + Math.min(length, mostBytes)).copy(target, at);
    return { bytesRead, buffer: target };
  };
  const handle = { read, stat: async () => ({ size }) };
  return { handle: handle as unknown as Parameters<typeof fileReader>[0], asked };
}

const content = Buffer.from(Array.from({ length: 1000 }, (_, index) => index * 7));

it('gives the same bytes wherever it is asked, however small its window and the answers of the disk', async () => {
  const step = fc.record({ offset: fc.nat(1100), length: fc.nat(300) });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 400 }), fc.nat(50), fc.array(step), async (window, most, steps) => {
      const { handle } = fakeFile(content, most + 1);
      for (const reader of [await aheadReader(handle, window), await fileReader(handle)]) {
        for (const { offset, length } of steps) {
          expect(Buffer.compare(await reader.read(offset, length), content.subarray(offset, offset + length))).toBe(0);
        }
      }
    }),
    { numRuns: 50 },
  );
});

it('asks the disk once for many small steps', async () => {
  const { handle, asked } = fakeFile(content);
  const reader = await aheadReader(handle, 400);
  for (let offset = 0; offset < 800; offset += 10) await reader.read(offset, 10);
  expect(asked).toEqual([400, 400]);
});

it('gives less where the file has become shorter', async () => {
  const { handle } = fakeFile(content, 100, 2000);
  const reader = await aheadReader(handle, 400);
  expect((await reader.read(900, 200)).length).toBe(100);
  expect((await reader.read(990, 600)).length).toBe(10);
  expect((await reader.read(1000, 10)).length).toBe(0);
});
