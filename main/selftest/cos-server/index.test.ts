import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BUCKET, type CosRig, CREDENTIAL, MIB, REGION, startCosRig } from '../../../test/support/cos-rig.ts';
import { type CosSdk, loadSdk } from '../../delivery/cos/sdk.ts';
import { crc64 } from '../../delivery/crc64.ts';

/** The rules of the server, seen by the real SDK. */
let rig: CosRig;
let sdk: CosSdk;
const object = { Bucket: BUCKET, Region: REGION, Key: 'a/录 1.bin' };
beforeEach(async () => {
  rig = await startCosRig({ minPartBytes: 1000 });
  sdk = connectSdk();
});
afterEach(async () => {
  await rig.close();
});

function connectSdk(): CosSdk {
  const Sdk = loadSdk();
  const address = { Protocol: 'http:', Ip: rig.server.url.slice('http://'.length), Timeout: 30_000 } as const;
  const connected = new Sdk({ SecretId: CREDENTIAL.secretId, SecretKey: CREDENTIAL.secretKey, ...address });
  connected.on('before-send', (request: { proxy: unknown }) => {
    request.proxy = null;
  });
  return connected;
}

async function code(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    return String((error as { code: unknown }).code);
  }
}

async function begin(): Promise<string> {
  return (await sdk.multipartInit({ ...object, ContentType: 'video/mp4' })).UploadId;
}

/** Uploads bodies as parts and makes an object of the first `count` of them; returns the upload's id. */
async function complete(bodies: readonly Buffer[], count = bodies.length): Promise<string> {
  const UploadId = await begin();
  const Parts = [];
  for (const [index, body] of bodies.entries()) {
    Parts.push({ PartNumber: index + 1, ETag: await part(UploadId, index + 1, body) });
  }
  await sdk.multipartComplete({ ...object, UploadId, Parts: Parts.slice(0, count) });
  return UploadId;
}

function store(...names: string[]): string {
  return path.join(rig.directory, 'cos', ...names);
}

async function part(UploadId: string, PartNumber: number, Body: Buffer): Promise<string> {
  return (await sdk.multipartUpload({ ...object, UploadId, PartNumber, Body })).ETag;
}

describe('objects', () => {
  it('keeps bytes and headers, and tells their checksums', async () => {
    const bytes = randomBytes(5000);
    const put = await sdk.putObject({ ...object, Body: bytes, ContentType: 'audio/mpeg', 'x-cos-meta-id': 'r1' });
    const etag = `"${createHash('md5').update(bytes).digest('hex')}"`;
    expect(put.ETag).toBe(etag);
    expect(put.headers).toMatchObject({ 'x-cos-hash-crc64ecma': crc64(bytes), server: 'local-cos-simulator' });
    const facts = {
      etag,
      'content-length': '5000',
      'content-type': 'audio/mpeg',
      'x-cos-meta-id': 'r1',
      'x-cos-hash-crc64ecma': crc64(bytes),
    };
    expect((await sdk.headObject(object)).headers).toMatchObject(facts);
    const got = await sdk.getObject(object);
    expect(Buffer.compare(got.Body, bytes)).toBe(0);
    expect(got.headers).toMatchObject(facts);
  });

  it.each([
    ['bytes=0-99', 0, 100],
    ['bytes=4990-', 4990, 5000],
    ['bytes=-5', 4995, 5000],
    ['bytes=100-99999', 100, 5000],
  ])('sends the range %s', async (Range, start, end) => {
    const bytes = randomBytes(5000);
    await sdk.putObject({ ...object, Body: bytes });
    const got = await sdk.getObject({ ...object, Range });
    expect(got.statusCode).toBe(206);
    expect(got.headers?.['content-range']).toBe(`bytes ${start}-${end - 1}/5000`);
    expect(Buffer.compare(got.Body, bytes.subarray(start, end))).toBe(0);
  });

  it('deletes, and knows what it has not', async () => {
    await sdk.putObject({ ...object, Body: 'x' });
    await sdk.deleteObject(object);
    expect(await code(sdk.headObject(object))).toBe('404');
    expect(await code(sdk.getObject(object))).toBe('NoSuchKey');
    expect(await rig.server.findObjectFile(BUCKET, object.Key)).toBeNull();
  });

  it('replaces an object as a whole and survives a restart', async () => {
    await sdk.putObject({ ...object, Body: 'first version' });
    await sdk.putObject({ ...object, Body: 'second' });
    await rig.restartServer();
    expect((await sdk.getObject(object)).Body.toString()).toBe('second');
  });

  it('refuses a wrong digest and keeps nothing of it', async () => {
    const ContentMD5 = createHash('md5').update('other').digest('base64');
    expect(await code(sdk.putObject({ ...object, Body: 'x', Headers: { 'Content-MD5': ContentMD5 } }))).toBe(
      'BadDigest',
    );
    expect(await code(sdk.headObject(object))).toBe('404');
    expect(await readdir(`${rig.directory}/cos/temp`)).toEqual([]);
  });

  it('keeps buckets apart', async () => {
    await sdk.putObject({ ...object, Body: 'x' });
    expect(await code(sdk.headObject({ ...object, Bucket: 'other-1250000000' }))).toBe('404');
  });
});

describe('multipart', () => {
  it('joins parts in order, replaces a part sent again, and forgets the upload', async () => {
    const [a, b] = [randomBytes(1500), randomBytes(700)];
    const UploadId = await begin();
    await part(UploadId, 1, randomBytes(1200));
    const Parts = [
      { PartNumber: 1, ETag: await part(UploadId, 1, a) },
      { PartNumber: 2, ETag: await part(UploadId, 2, b) },
    ];
    expect(rig.server.orphans()).toMatchObject([{ key: object.Key, bucket: BUCKET, partNumbers: [1, 2] }]);
    const done = await sdk.multipartComplete({ ...object, UploadId, Parts });
    expect(done.ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
    const whole = Buffer.concat([a, b]);
    expect((await sdk.headObject(object)).headers).toMatchObject({
      etag: done.ETag,
      'x-cos-hash-crc64ecma': crc64(whole),
      'content-type': 'video/mp4',
    });
    expect(Buffer.compare((await sdk.getObject(object)).Body, whole)).toBe(0);
    expect(rig.server.orphans()).toEqual([]);
    expect(await code(sdk.multipartComplete({ ...object, UploadId, Parts }))).toBe('NoSuchUpload');
    expect(await readdir(`${rig.directory}/cos/uploads`)).toEqual([]);
  });

  it('makes an object of parts by bookkeeping, and one file of it when somebody wants its bytes', async () => {
    const bodies = [randomBytes(1500), randomBytes(1100), randomBytes(10)];
    const whole = Buffer.concat(bodies.slice(0, 2));
    const uploadId = await complete(bodies, 2);
    expect((await readdir(store('parts', uploadId))).length).toBe(2);
    expect(await readdir(store()).then((names) => names.includes('objects'))).toBe(false);
    await rig.restartServer();
    const facts = { 'content-length': '2600', 'x-cos-hash-crc64ecma': crc64(whole) };
    expect((await sdk.headObject(object)).headers).toMatchObject(facts);
    const ask = () => rig.server.findObjectFile(BUCKET, object.Key);
    const [file, again] = await Promise.all([ask(), ask()]);
    expect(again).toBe(file);
    expect(Buffer.compare(await readFile(file ?? ''), whole)).toBe(0);
    expect(await readdir(store('parts'))).toEqual([]);
    await rig.restartServer();
    expect((await sdk.headObject(object)).headers).toMatchObject(facts);
    expect(
      Buffer.compare((await sdk.getObject({ ...object, Range: 'bytes=1400-1599' })).Body, whole.subarray(1400, 1600)),
    ).toBe(0);
  });

  it('replaces and deletes objects that are in parts, and leaves none behind', async () => {
    const first = [randomBytes(1500), randomBytes(900)];
    const second = [randomBytes(1200), randomBytes(800)];
    await complete(first);
    await complete(second);
    expect(Buffer.compare((await sdk.getObject(object)).Body, Buffer.concat(second))).toBe(0);
    await complete(first);
    expect(await readdir(store('objects', BUCKET))).toEqual([]);
    await sdk.putObject({ ...object, Body: 'whole' });
    expect((await sdk.getObject(object)).Body.toString()).toBe('whole');
    await complete(second);
    await sdk.deleteObject(object);
    expect(await code(sdk.getObject(object))).toBe('NoSuchKey');
    for (const name of ['parts', 'uploads', 'temp']) expect(await readdir(store(name))).toEqual([]);
  });

  it('keeps the parts of an object when its upload is dropped once more', async () => {
    const bodies = [randomBytes(1500), randomBytes(900)];
    rig.server.faults.add({ kind: 'forgetUpload', match: { operation: 'abortMultipart' } });
    const UploadId = await complete(bodies);
    expect(await code(sdk.multipartAbort({ ...object, UploadId }))).toBe('NoSuchUpload');
    expect(Buffer.compare((await sdk.getObject(object)).Body, Buffer.concat(bodies))).toBe(0);
  });

  it('knows after a crash which parts belong to an object, which to an upload, and which to nobody', async () => {
    const bodies = [randomBytes(1500), randomBytes(900)];
    const UploadId = await begin();
    const row = await readFile(store('uploads', `${UploadId}.json`));
    const Parts = [];
    for (const [index, body] of bodies.entries()) {
      Parts.push({ PartNumber: index + 1, ETag: await part(UploadId, index + 1, body) });
    }
    // A part that was sent again, with the crash before the earlier one was removed.
    const [earlier = ''] = (await readdir(store('parts', UploadId))).filter((name) => name.startsWith('1.'));
    const held = await readFile(store('parts', UploadId, earlier));
    await rename(store('parts', UploadId, earlier), store('parts', UploadId, earlier.replace(/\.[^.]*$/, '.zzzzzzzz')));
    const past = earlier.split('.').with(2, 'f'.repeat(32)).with(4, '5');
    await writeFile(store('parts', UploadId, past.join('.')), held);
    // An upload whose folder was there before its row, and one whose row was removed before its folder.
    await mkdir(store('parts', 'nobody'));
    await rig.restartServer();
    expect(rig.server.orphans()).toMatchObject([{ uploadId: UploadId, partNumbers: [1, 2] }]);
    expect(await readdir(store('parts'))).toEqual([UploadId]);
    expect(await code(sdk.multipartComplete({ ...object, UploadId, Parts }))).toBe('ok');
    // The object was written down, then the crash came.
    await writeFile(store('uploads', `${UploadId}.json`), row);
    await rig.restartServer();
    expect(rig.server.orphans()).toEqual([]);
    expect((await readdir(store('parts', UploadId))).length).toBe(2);
    expect(Buffer.compare((await sdk.getObject(object)).Body, Buffer.concat(bodies))).toBe(0);
  });

  it('refuses wrong lists', async () => {
    const UploadId = await begin();
    const one = { PartNumber: 1, ETag: await part(UploadId, 1, randomBytes(999)) };
    const two = { PartNumber: 2, ETag: await part(UploadId, 2, randomBytes(999)) };
    const complete = (Parts: { PartNumber: number; ETag: string }[]) =>
      code(sdk.multipartComplete({ ...object, UploadId, Parts }));
    expect(await complete([])).toBe('MalformedXML');
    expect(await complete([two, one])).toBe('InvalidPartOrder');
    expect(await complete([one, one])).toBe('InvalidPartOrder');
    expect(await complete([two])).toBe('InvalidPart');
    expect(await complete([{ ...one, ETag: two.ETag }])).toBe('InvalidPart');
    expect(await complete([one, two, { PartNumber: 3, ETag: 'x' }])).toBe('InvalidPart');
    expect(await complete([one, two])).toBe('EntityTooSmall');
    expect(await complete([one])).toBe('ok');
  });

  it('refuses part numbers and uploads it does not know', async () => {
    const UploadId = await begin();
    expect(await code(part(UploadId, 0, randomBytes(10)))).toBe('InvalidArgument');
    expect(await code(part(UploadId, 10_001, randomBytes(10)))).toBe('InvalidArgument');
    expect(await code(part('nobody', 1, randomBytes(10)))).toBe('NoSuchUpload');
    expect(await code(sdk.multipartUpload({ ...object, Key: 'other', UploadId, PartNumber: 1, Body: 'x' }))).toBe(
      'NoSuchUpload',
    );
    await sdk.multipartAbort({ ...object, UploadId });
    expect(await code(sdk.multipartAbort({ ...object, UploadId }))).toBe('NoSuchUpload');
    expect(await code(part(UploadId, 1, randomBytes(10)))).toBe('NoSuchUpload');
  });

  it('lists parts by pages and open uploads by prefix, after a restart too', async () => {
    const UploadId = await begin();
    const etags: string[] = [];
    for (const number of [3, 1, 2]) etags[number] = await part(UploadId, number, randomBytes(number));
    await rig.restartServer();
    const first = await sdk.multipartListPart({ ...object, UploadId, MaxParts: 2 });
    expect(first.Part.map(({ PartNumber, Size, ETag }) => [PartNumber, Size, ETag])).toEqual([
      ['1', '1', etags[1]],
      ['2', '2', etags[2]],
    ]);
    expect(String(first.IsTruncated)).toBe('true');
    const PartNumberMarker = String(first.NextPartNumberMarker);
    const second = await sdk.multipartListPart({ ...object, UploadId, MaxParts: 2, PartNumberMarker });
    expect(second.Part.map(({ PartNumber }) => PartNumber)).toEqual(['3']);
    expect(String(second.IsTruncated)).toBe('false');
    expect(await rig.client().listUploads(object.Key, AbortSignal.timeout(30_000))).toEqual([UploadId]);
    expect(await rig.client().listUploads('a/', AbortSignal.timeout(30_000))).toEqual([]);
  });

  it('lets the client collect a list of several pages', async () => {
    await rig.close();
    rig = await startCosRig({ pageSize: 3 });
    sdk = connectSdk();
    const UploadId = await begin();
    for (let number = 1; number <= 7; number++) await part(UploadId, number, randomBytes(number));
    const listed = await rig.client().listParts(object.Key, UploadId, AbortSignal.timeout(30_000));
    expect(listed.map(({ number, bytes }) => [number, bytes])).toEqual([1, 2, 3, 4, 5, 6, 7].map((n) => [n, n]));
    expect(rig.count('listParts')).toBe(3);
  });
});

describe('the door', () => {
  it('logs every request without headers', async () => {
    await code(sdk.getObject(object));
    expect(rig.server.requests).toEqual([
      {
        atMs: expect.any(Number),
        method: 'GET',
        operation: 'getObject',
        bucket: BUCKET,
        key: object.Key,
        partNumber: null,
        status: 404,
        code: 'NoSuchKey',
      },
    ]);
  });

  it('knows only the buckets it was given', async () => {
    await rig.close();
    rig = await startCosRig({ buckets: ['else-1250000000'] });
    sdk = connectSdk();
    expect(await code(sdk.putObject({ ...object, Body: 'x' }))).toBe('NoSuchBucket');
    expect(await code(sdk.putObject({ ...object, Bucket: 'else-1250000000', Body: 'x' }))).toBe('ok');
  });

  it('refuses unsigned requests and operations it has not', async () => {
    const unsigned = await fetch(`${rig.server.url}/a`);
    expect([unsigned.status, await unsigned.text()]).toEqual([
      403,
      expect.stringContaining('<Code>AccessDenied</Code>'),
    ]);
    expect((await fetch(`${rig.server.url}/%zz`)).status).toBe(403);
    expect(await code(sdk.getObjectAcl(object))).toBe('NotImplemented');
  });

  it('goes offline and comes back on the same port', async () => {
    await sdk.putObject({ ...object, Body: 'x' });
    await rig.server.setOffline(true);
    expect(await code(sdk.headObject(object))).toBe('ECONNREFUSED');
    await rig.server.setOffline(false);
    expect(await code(sdk.headObject(object))).toBe('ok');
  });

  it('writes a body to disk while it is still coming', async () => {
    const temp = `${rig.directory}/cos/temp`;
    const half = randomBytes(2 * MIB);
    const bytesOnDisk = async (): Promise<number> => {
      const names = await readdir(temp);
      return names[0] === undefined ? 0 : (await stat(`${temp}/${names[0]}`)).size;
    };
    async function* body(): AsyncGenerator<Buffer> {
      yield half;
      await expect.poll(bytesOnDisk).toBe(half.length);
      yield half;
    }
    const Body = Readable.from(body(), { objectMode: false });
    await sdk.putObject({ ...object, Body, ContentLength: 2 * half.length, ContentType: 'video/mp4' });
    expect((await sdk.headObject(object)).headers?.['x-cos-hash-crc64ecma']).toBe(crc64(Buffer.concat([half, half])));
  });
});
