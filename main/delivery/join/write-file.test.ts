import type { FileHandle } from 'node:fs/promises';
import { expect, it } from 'vitest';
import type { CopyRange } from './join-mp4.ts';
import { VerificationError } from './verify.ts';
import { type FinalizeFileSystem, type WritableJoin, writePartial } from './write-file.ts';

const MIB = 1024 ** 2;

/** Byte of a source at a place; sources are never whole in memory. */
const byteAt = (position: number): number => (position * 31 + (position >> 10)) & 255;

function sourceOf(bytes: number): FileHandle {
  const read = async (target: Buffer, at: number, length: number, position: number) => {
    const bytesRead = Math.max(0, Math.min(length, bytes - position));
    for (let index = 0; index < bytesRead; index += 1) target[at + index] = byteAt(position + index);
    return { bytesRead, buffer: target };
  };
  return { read } as unknown as FileHandle;
}

type Step = 'write' | 'datasync' | 'sync' | 'close';

/** A disk with one file that does not keep more than it is told to; each step can be made to wait or fail. */
function fakeDisk(on: (step: Step, count: number) => Promise<void> | void = () => {}, keptBytes = 8 * MIB) {
  const steps: Step[] = [];
  const content = Buffer.alloc(keptBytes);
  let isThere = false;
  let pending = 0;
  const step = async (name: Step): Promise<void> => {
    steps.push(name);
    pending += 1;
    try {
      await on(name, steps.filter((one) => one === name).length);
    } finally {
      pending -= 1;
    }
  };
  const handle = {
    async write(source: Buffer, at: number, length: number, position: number) {
      // Short writes are allowed to a disk.
      const bytesWritten = Math.min(length, 700_000);
      await step('write');
      if (position < keptBytes) source.copy(content, position, at, at + bytesWritten);
      return { bytesWritten, buffer: source };
    },
    datasync: () => step('datasync'),
    sync: () => step('sync'),
    async close() {
      if (pending > 0) throw new Error('closed while something was under way');
      steps.push('close');
    },
  };
  const fileSystem = {
    open: async () => {
      isThere = true;
      return handle;
    },
    rm: async () => {
      isThere = false;
    },
    rename: () => Promise.reject(new Error('not asked for')),
  };
  return { steps, content, fileSystem: fileSystem as unknown as FinalizeFileSystem, isThere: () => isThere };
}

function joinOf(ranges: CopyRange[], sourceBytes: number): WritableJoin {
  const mediaBytes = ranges.reduce((sum, range) => sum + ('bytes' in range ? range.bytes.length : range.length), 0);
  return {
    ...{ head: Buffer.from('head'), ranges, mediaBytes, sources: [sourceOf(sourceBytes)] },
    verify: async () => {},
  };
}

const options = (fileSystem: FinalizeFileSystem, signal = new AbortController().signal) => ({
  ...{ output: 'final.mp4', fileSystem, signal },
});

it('writes every byte in its place, while the next ones are read', async () => {
  const filler = Buffer.from('quiet');
  const ranges: CopyRange[] = [];
  for (let offset = 100; offset < 3 * MIB; offset += 250_000) {
    ranges.push({ segment: 0, offset, length: 240_000 }, { bytes: filler });
  }
  const disk = fakeDisk(() => new Promise((resolve) => setImmediate(resolve)));
  const told: number[] = [];
  const joined = joinOf(ranges, 4 * MIB);
  await writePartial(joined, { ...options(disk.fileSystem), onProgress: (bytes) => told.push(bytes) });
  const parts = ranges.map((range) =>
    'bytes' in range
      ? range.bytes
      : Uint8Array.from({ length: range.length }, (_, index) => byteAt(range.offset + index)),
  );
  const expected = Buffer.concat([joined.head, ...parts]);
  expect(Buffer.compare(disk.content.subarray(0, expected.length), expected)).toBe(0);
  expect(told).toEqual(told.toSorted((a, b) => a - b));
  expect(told.at(-1)).toBe(expected.length);
  expect(disk.steps.slice(-2)).toEqual(['sync', 'close']);
});

/** Long enough for several syncs on the way, without bytes that would have to be made. */
const ZEROS = Buffer.alloc(MIB);
const long = (): CopyRange[] => Array.from({ length: 200 }, () => ({ bytes: ZEROS }));

it('has the disk take what is there while it goes on, once at a time', async () => {
  let atOnce = 0;
  const disk = fakeDisk(async (step) => {
    if (step !== 'datasync') return;
    atOnce += 1;
    expect(atOnce).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    atOnce -= 1;
  });
  await writePartial(joinOf(long(), 0), options(disk.fileSystem));
  expect(disk.steps.filter((step) => step === 'datasync')).toHaveLength(3);
});

it.each([
  ['write', 1],
  ['write', 90],
  ['datasync', 1],
  ['datasync', 3],
  ['sync', 1],
] as const)('fails and leaves nothing when %s number %i fails, though the next one would not', async (step, nth) => {
  const disk = fakeDisk((name, count) => {
    if (name === step && count === nth) throw Object.assign(new Error('bad disk'), { code: 'EIO' });
  });
  await expect(writePartial(joinOf(long(), 0), options(disk.fileSystem))).rejects.toMatchObject({ code: 'EIO' });
  expect(disk.steps.at(-1)).toBe('close');
  expect(disk.isThere()).toBe(false);
});

it('ends what is under way before it closes, when a segment has become shorter', async () => {
  const disk = fakeDisk(() => new Promise((resolve) => setImmediate(resolve)));
  const ranges = [{ segment: 0, offset: 0, length: 3 * MIB }];
  const writing = writePartial(joinOf(ranges, 2 * MIB + 5), options(disk.fileSystem));
  await expect(writing).rejects.toThrow(VerificationError);
  expect(disk.steps.at(-1)).toBe('close');
  expect(disk.isThere()).toBe(false);
});

it('ends when it is stopped', async () => {
  const stop = new AbortController();
  const disk = fakeDisk((name, count) => {
    if (name === 'write' && count === 20) stop.abort();
  });
  await expect(writePartial(joinOf(long(), 0), options(disk.fileSystem, stop.signal))).rejects.toThrow('aborted');
  expect(disk.steps.filter((step) => step === 'write').length).toBeLessThan(25);
  expect(disk.isThere()).toBe(false);
});
