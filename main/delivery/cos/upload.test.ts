import { truncateSync } from 'node:fs';
import { appendFile, open, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CosRig, CREDENTIAL, hashFile, MIB, startCosRig } from '../../../test/support/cos-rig.ts';
import { crc64 } from '../crc64.ts';
import { nodeFiles } from './file-access.ts';
import { createMemoryJournal } from './journal.ts';
import { MOST_HELD_BYTES, PartMemory } from './part-memory.ts';

const KEY = 'trtc/file.mp4';
let rig: CosRig;
beforeEach(async () => {
  rig = await startCosRig();
});
afterEach(async () => {
  await rig.close();
});

describe('a good line', () => {
  it.each([0, 1, 4096, MIB + 1])('puts a small file of %i bytes whole', async (bytes) => {
    const file = await rig.file('small', bytes);
    const outcome = await rig.upload(file);
    expect(outcome).toMatchObject({ kind: 'done', bytes, crc64: crc64(await readFile(file)) });
    expect(await rig.objectHash(KEY)).toBe(await hashFile(file));
    expect(rig.count('initMultipart')).toBe(0);
  });

  it('puts a larger file in parts, leaves nothing behind, and reports progress that never goes back', async () => {
    const file = await rig.file('large', 3.5 * MIB);
    const seen: number[] = [];
    const outcome = await rig.upload(file, { deps: { onProgress: (bytes) => seen.push(bytes) } });
    const etag = expect.stringMatching(/^"[0-9a-f]{32}-4"$/);
    expect(outcome).toMatchObject({ kind: 'done', bytes: 3.5 * MIB, crc64: crc64(await readFile(file)), etag });
    expect(await rig.objectHash(KEY)).toBe(await hashFile(file));
    expect(rig.partNumbers().sort()).toEqual([1, 2, 3, 4]);
    expect(rig.server.orphans()).toEqual([]);
    expect(seen.at(-1)).toBe(3.5 * MIB);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });

  it('reads every part once while there is memory for it, else twice', async () => {
    const file = await rig.file('large', 3.5 * MIB);
    let readBytes = 0;
    const read: typeof nodeFiles.read = (path, offset, length, memory) => {
      readBytes += length;
      return nodeFiles.read(path, offset, length, memory);
    };
    const send = async () => {
      readBytes = 0;
      expect(await rig.upload(file, { deps: { files: { ...nodeFiles, read } } })).toMatchObject({ kind: 'done' });
      expect(await rig.objectHash(KEY)).toBe(await hashFile(file));
      return readBytes / MIB;
    };
    expect(await send()).toBe(3.5);
    const others = new PartMemory();
    others.of(MOST_HELD_BYTES);
    try {
      expect(await send()).toBe(7);
    } finally {
      others.release();
    }
    expect(await send()).toBe(3.5);
  });

  it('reads one part at a time, while others are sent', async () => {
    const file = await rig.file('large', 5.5 * MIB);
    const client = rig.client();
    const send = client.uploadPart.bind(client);
    /** Until then nothing is sent to its end. */
    const readBesideTwo = Promise.withResolvers<void>();
    let [reading, mostReading, sending] = [0, 0, 0];
    async function* read(...args: Parameters<typeof nodeFiles.read>): AsyncGenerator<Buffer> {
      reading += 1;
      mostReading = Math.max(mostReading, reading);
      yield* nodeFiles.read(...args);
      if (sending === 2) readBesideTwo.resolve();
      reading -= 1;
    }
    client.uploadPart = async (...args) => {
      sending += 1;
      await readBesideTwo.promise;
      const receipt = await send(...args);
      sending -= 1;
      return receipt;
    };
    const outcome = await rig.upload(file, { client, concurrency: 3, deps: { files: { ...nodeFiles, read } } });
    expect(outcome).toMatchObject({ kind: 'done' });
    expect(await rig.objectHash(KEY)).toBe(await hashFile(file));
    expect(mostReading).toBe(1);
  });

  it('sends what it has computed the checksums of, whatever becomes of the file meanwhile', async () => {
    const file = await rig.file('f', 3.5 * MIB);
    const before = await hashFile(file);
    const identity = await nodeFiles.identify(file);
    async function* read(...args: Parameters<typeof nodeFiles.read>): AsyncGenerator<Buffer> {
      yield* nodeFiles.read(...args);
      const handle = await open(file, 'r+');
      await handle.write(Buffer.alloc(args[2]), 0, args[2], args[1]);
      await handle.close();
    }
    const files = { read, identify: async () => identity };
    expect(await rig.upload(file, { deps: { files } })).toMatchObject({ kind: 'done' });
    expect(await rig.objectHash(KEY)).toBe(before);
    expect(await hashFile(file)).not.toBe(before);
  });

  it('keeps the content type', async () => {
    const file = await rig.file('large', 2.5 * MIB);
    await rig.upload(file, { contentType: 'audio/mpeg' });
    const sidecar = `${rig.directory}/cos/headers/rec-1250000000/${encodeURIComponent(KEY)}.json`;
    expect(JSON.parse(await readFile(sidecar, 'utf8')).headers['content-type']).toBe('audio/mpeg');
  });

  it.each([0.5 * MIB, 2.5 * MIB])('takes Chinese keys with spaces and signs (%i bytes)', async (bytes) => {
    const file = await rig.file('f', bytes);
    const key = "录音/第 1 课 (a)+b&c=d#e%20'f'!*.mp4";
    expect(await rig.upload(file, { key })).toMatchObject({ kind: 'done' });
    expect(await rig.objectHash(key)).toBe(await hashFile(file));
  });

  it('accepts temporary keys with their token, and blocks without it', async () => {
    await rig.close();
    rig = await startCosRig({ credentials: [{ ...CREDENTIAL, token: 'tmp-token' }] });
    const file = await rig.file('f', 2.5 * MIB);
    expect(await rig.upload(file)).toMatchObject({ kind: 'blocked', code: 'AccessDenied' });
    expect(await rig.upload(file, { client: rig.client({ token: 'tmp-token' }) })).toMatchObject({ kind: 'done' });
  });

  it('does not ask the environment for a proxy when the endpoint is set', async () => {
    process.env.HTTP_PROXY = 'http://127.0.0.1:9';
    try {
      expect(await rig.upload(await rig.file('f', 2.5 * MIB))).toMatchObject({ kind: 'done' });
    } finally {
      delete process.env.HTTP_PROXY;
    }
  });
});

describe('resuming', () => {
  /** A journal whose process dies at the `n`th part: the part is in COS, the row is not. */
  function dyingJournal(n: number) {
    const journal = createMemoryJournal();
    let saved = 0;
    const savePart: typeof journal.savePart = (part) => {
      saved += 1;
      if (saved >= n) throw new Error('killed');
      journal.savePart(part);
    };
    return { journal, dying: { ...journal, savePart } };
  }

  it('sends only what the journal has not, with a new client and the same journal', async () => {
    const file = await rig.file('f', 5.5 * MIB);
    const { journal, dying } = dyingJournal(4);
    await expect(rig.upload(file, { journal: dying, concurrency: 1 })).rejects.toThrow('killed');
    expect(rig.partNumbers()).toEqual([1, 2, 3, 4]);
    expect(await rig.upload(file, { journal })).toMatchObject({ kind: 'done' });
    expect(rig.partNumbers().slice(4).sort()).toEqual([4, 5, 6]);
    expect(rig.count('initMultipart')).toBe(1);
    expect(await rig.objectHash(KEY)).toBe(await hashFile(file));
    expect(rig.server.orphans()).toEqual([]);
  });

  it('goes on after the server was restarted too', async () => {
    const file = await rig.file('f', 4.5 * MIB);
    const { journal, dying } = dyingJournal(3);
    await expect(rig.upload(file, { journal: dying, concurrency: 1 })).rejects.toThrow('killed');
    await rig.restartServer();
    expect(await rig.upload(file, { journal })).toMatchObject({ kind: 'done' });
    expect(rig.count('initMultipart')).toBe(0);
    expect(rig.partNumbers().sort()).toEqual([3, 4, 5]);
    expect(await rig.objectHash(KEY)).toBe(await hashFile(file));
  });

  it('finds a delivered object again when the result was never recorded', async () => {
    const file = await rig.file('f', 2.5 * MIB);
    const journal = createMemoryJournal();
    const first = await rig.upload(file, { journal });
    const second = await rig.upload(file, { journal });
    expect(second).toMatchObject({ kind: 'done', etag: first.kind === 'done' ? first.etag : '' });
    expect(rig.count('uploadPart')).toBe(3);
  });

  it('stops at once when told to, and goes on later', async () => {
    const file = await rig.file('f', 4.5 * MIB);
    const journal = createMemoryJournal();
    const stop = new AbortController();
    rig.server.faults.add({
      match: { operation: 'uploadPart', partNumber: 3 },
      kind: 'hang',
      times: Number.POSITIVE_INFINITY,
    });
    const attempt = rig.upload(file, { journal, signal: stop.signal, concurrency: 1 });
    await expect.poll(() => rig.partNumbers()).toContain(3);
    stop.abort();
    expect(await attempt).toMatchObject({ kind: 'later', code: 'Cancelled', progressBytes: 2 * MIB });
    rig.server.faults.clear();
    expect(await rig.upload(file, { journal })).toMatchObject({ kind: 'done' });
    expect(await rig.objectHash(KEY)).toBe(await hashFile(file));
  });

  it('says at once that it was interrupted when it never began', async () => {
    const file = await rig.file('f', MIB);
    expect(await rig.upload(file, { signal: AbortSignal.abort() })).toMatchObject({ kind: 'later', code: 'Cancelled' });
    expect(rig.server.requests).toEqual([]);
  });

  it('starts anew when the journal belongs to another key', async () => {
    const file = await rig.file('f', 2.5 * MIB);
    const { journal, dying } = dyingJournal(2);
    await expect(rig.upload(file, { journal: dying, concurrency: 1 })).rejects.toThrow('killed');
    expect(await rig.upload(file, { journal, key: 'other.mp4' })).toMatchObject({ kind: 'restart' });
    expect(await rig.upload(file, { journal, key: 'other.mp4' })).toMatchObject({ kind: 'done' });
    expect(rig.server.orphans()).toEqual([]);
  });
});

describe('a file that does not stay the same', () => {
  it('never mixes two versions when the file is replaced between attempts', async () => {
    const file = await rig.file('f', 3.5 * MIB);
    const journal = createMemoryJournal();
    rig.server.faults.add({
      match: { operation: 'uploadPart', partNumber: 3 },
      kind: 'error',
      status: 503,
      code: 'SlowDown',
    });
    expect(await rig.upload(file, { journal, concurrency: 1 })).toMatchObject({
      kind: 'later',
      progressBytes: 2 * MIB,
    });
    await rig.file('f', 3.5 * MIB);
    expect(await rig.upload(file, { journal })).toEqual({ kind: 'restart', code: 'FileChanged' });
    expect(rig.server.orphans()).toEqual([]);
    expect(await rig.upload(file, { journal })).toMatchObject({ kind: 'done' });
    expect(await rig.objectHash(KEY)).toBe(await hashFile(file));
  });

  it.each([1, 3])('restarts when the file is truncated during the upload (%i at once)', async (concurrency) => {
    const file = await rig.file('f', 4.5 * MIB);
    const journal = createMemoryJournal();
    const onProgress = (bytes: number): void => {
      if (bytes >= MIB) truncateSync(file, 2.25 * MIB);
    };
    const outcome = await rig.upload(file, { journal, concurrency, deps: { onProgress } });
    expect(outcome).toEqual({ kind: 'restart', code: 'FileChanged' });
    expect(rig.server.orphans()).toEqual([]);
    expect(await rig.objectHash(KEY)).toBeNull();
    expect(await rig.upload(file, { journal })).toMatchObject({ kind: 'done', bytes: 2.25 * MIB });
    expect(await rig.objectHash(KEY)).toBe(await hashFile(file));
  });

  it('restarts when the file has grown before Complete', async () => {
    const file = await rig.file('f', 2.5 * MIB);
    const journal = createMemoryJournal();
    const identify = async (path: string) => {
      const identity = await nodeFiles.identify(path);
      await appendFile(file, 'more');
      return identity;
    };
    expect(await rig.upload(file, { journal, deps: { files: { ...nodeFiles, identify } } })).toMatchObject({
      kind: 'restart',
    });
    expect(await rig.objectHash(KEY)).toBeNull();
  });

  it('notices an edit under the old time and size when COS finds a wrong digest', async () => {
    const file = await rig.file('f', 3.5 * MIB);
    const journal = createMemoryJournal();
    rig.server.faults.add({
      match: { operation: 'uploadPart', partNumber: 3 },
      kind: 'error',
      status: 503,
      code: 'SlowDown',
    });
    await rig.upload(file, { journal, concurrency: 1 });
    // The edit keeps size, inode and time, so the identity is the same; only the bytes of the parts already sent tell.
    const before = await stat(file);
    const bytes = await readFile(file);
    bytes.fill(7, 100, 200);
    await writeFile(file, bytes);
    await utimes(file, before.atime, before.mtime);
    const identity = journal.load()?.identity;
    const identify = async () => identity ?? (await nodeFiles.identify(file));
    rig.server.faults.add({ match: { operation: 'uploadPart', partNumber: 3 }, kind: 'corruptBody' });
    const outcome = await rig.upload(file, { journal, deps: { files: { ...nodeFiles, identify } } });
    expect(outcome).toEqual({ kind: 'restart', code: 'FileChanged' });
    expect(await rig.upload(file, { journal })).toMatchObject({ kind: 'done' });
    expect(await rig.objectHash(KEY)).toBe(await hashFile(file));
  });

  it('fails for a file that is gone', async () => {
    expect(await rig.upload(`${rig.directory}/nothing`)).toMatchObject({ kind: 'failed', code: 'ENOENT' });
  });

  it('waits for a file that cannot be read just now', async () => {
    const file = await rig.file('f', MIB);
    const read = (): AsyncIterable<Buffer> => {
      throw Object.assign(new Error('busy'), { code: 'EBUSY' });
    };
    const outcome = await rig.upload(file, { deps: { files: { ...nodeFiles, read } } });
    expect(outcome).toMatchObject({ kind: 'later', code: 'EBUSY' });
  });

  it('waits when a part cannot be read to its end, and goes on with it later', async () => {
    const file = await rig.file('f', 3.5 * MIB);
    const journal = createMemoryJournal();
    let isBad = true;
    async function* read(...args: Parameters<typeof nodeFiles.read>): AsyncGenerator<Buffer> {
      for await (const piece of nodeFiles.read(...args)) {
        yield piece;
        if (isBad && args[1] === 2 * MIB) throw Object.assign(new Error('bad disk'), { code: 'EIO' });
      }
    }
    const options = { journal, concurrency: 1, deps: { files: { ...nodeFiles, read } } };
    expect(await rig.upload(file, options)).toMatchObject({ kind: 'later', code: 'EIO', progressBytes: 2 * MIB });
    isBad = false;
    expect(await rig.upload(file, options)).toMatchObject({ kind: 'done' });
    expect(await rig.objectHash(KEY)).toBe(await hashFile(file));
    expect(rig.partNumbers()).toEqual([1, 2, 3, 4]);
  });

  it('refuses keys that proxies would rewrite', async () => {
    expect(await rig.upload(await rig.file('f', 1), { key: 'a/../b' })).toMatchObject({
      kind: 'failed',
      code: 'InvalidKey',
    });
    expect(rig.server.requests).toEqual([]);
  });
});
