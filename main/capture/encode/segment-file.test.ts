import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countedAsync, DISK_CODES, failOnce, systemError } from '../../../test/support/failing-calls.ts';
import { realSegmentFileSystem, SegmentFile } from './segment-file.ts';

const CHUNK = Buffer.from('0123456789');
const CHUNKS = 4;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'segment-file-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Writes a segment of four chunks, each synced, while the given call fails. */
async function write(file: string, failAt: number, code: string) {
  const counter = failOnce(failAt, (call) => systemError(code, call));
  const errors: Error[] = [];
  let segment: SegmentFile | null = null;
  try {
    segment = await SegmentFile.create({
      file,
      fileSystem: countedAsync(realSegmentFileSystem, counter),
      syncEveryMs: 0,
      onError: (error) => errors.push(error),
    });
  } catch (error) {
    return { failed: counter.failed, rejected: error, errors, segment };
  }
  for (let chunk = 0; chunk < CHUNKS; chunk += 1) {
    await segment.append(CHUNK);
    const isSettled = () => segment!.syncedBytes === segment!.writtenBytes || errors.length > 0;
    await expect.poll(isSettled, { interval: 2 }).toBe(true);
  }
  await segment.close();
  return { failed: counter.failed, rejected: null, errors, segment };
}

describe.each(DISK_CODES)('each file call fails in turn with %s', (code) => {
  it('is told once, keeps a true beginning, and nothing hangs or throws', async () => {
    const calls: string[] = [];
    for (let failAt = 1; ; failAt += 1) {
      const file = path.join(directory, `segment-${failAt}`);
      const { failed, rejected, errors, segment } = await write(file, failAt, code);
      if (failed === null) {
        expect(await readFile(file)).toEqual(Buffer.concat(Array.from({ length: CHUNKS }, () => CHUNK)));
        break;
      }
      calls.push(failed);
      if (rejected !== null) {
        expect(rejected).toMatchObject({ code });
        continue;
      }
      expect(errors, failed).toMatchObject([{ code }]);
      const content = await readFile(file);
      // What is there is what came first, and no more is claimed to be on the disk than there is.
      expect(Buffer.concat(Array.from({ length: CHUNKS }, () => CHUNK)).subarray(0, content.length)).toEqual(content);
      expect(segment!.syncedBytes).toBeLessThanOrEqual(content.length);
      await segment!.append(CHUNK);
      expect((await readFile(file)).length).toBe(content.length);
    }
    const opening = ['open', 'open', 'handle.sync', 'handle.close'];
    const chunks = Array.from({ length: CHUNKS }, () => ['handle.write', 'handle.datasync']).flat();
    expect(calls).toEqual([...opening, ...chunks, 'handle.close']);
  });
});
