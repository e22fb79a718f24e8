import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BUCKET, type CosRig, CREDENTIAL, hashFile, MIB, REGION, startCosRig } from '../../test/support/cos-rig.ts';
import { newRecording } from '../../test/support/new-recording.ts';
import { silentLogger } from '../logging.ts';
import { SecretError } from '../settings/secrets.ts';
import { defaultSettings } from '../settings/settings.ts';
import type { FileRow, RecordingRow, RecordingSecrets } from '../store/rows.ts';
import { openStore, type Store } from '../store/store.ts';
import { type CosClient, type CosClientOptions, createCosClient } from './cos/cos-client.ts';
import { CosError, type CosErrorFields } from './cos/cos-error.ts';
import type { Outcome, StepProgress } from './steps.ts';
import { createUploadStep, type UploadStepDeps } from './upload-step.ts';

const OWN: RecordingSecrets = { userSig: 'sig', ...CREDENTIAL, token: null };
const NONE: RecordingSecrets = { userSig: 'sig', secretId: null, secretKey: null, token: null };

/** What the store does when `secret.key` is another one. */
function openOnly(): never {
  throw new SecretError('SECRET_UNREADABLE', 'the secret cannot be opened');
}

let rig: CosRig;
let directory: string;
let store: Store;
/** Options of the clients that were made, and how many of them were closed. */
let clients: CosClientOptions[];
let closed: number;

beforeAll(async () => {
  rig = await startCosRig();
});
afterAll(() => rig.close());
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'upload-step-'));
  store = openStore(directory, { now: Date.now });
  clients = [];
  closed = 0;
});
afterEach(() => {
  expect(closed).toBe(clients.length);
  store.close();
  rmSync(directory, { recursive: true });
});

/** A recording with files of so many bytes that are to be uploaded. */
function finalized(sizes: number[], secrets: RecordingSecrets = OWN): RecordingRow {
  const request = newRecording({ cosBucket: BUCKET, cosRegion: REGION });
  const created = store.recordings.create(request, secrets);
  if (created.kind !== 'created') throw new Error(created.kind);
  const { id } = created.recording;
  store.recordings.move(id, 'accepted', 'finalizing');
  for (const [fileIndex, bytes] of sizes.entries()) {
    const localPath = path.join(directory, `${id}-${fileIndex}.mp4`);
    writeFileSync(localPath, randomBytes(bytes));
    const objectKey = `trtc/${path.basename(localPath)}`;
    const url = `https://${BUCKET}/${objectKey}`;
    store.files.put({ recordingId: id, fileIndex, userId: 'u', localPath, bytes, durationMs: 1, objectKey, url });
  }
  store.recordings.move(id, 'finalizing', 'uploading');
  return store.recordings.get(id)!;
}

/** A client that closes under our eyes. */
function counted(make: (options: CosClientOptions) => CosClient): UploadStepDeps['createClient'] {
  return (options) => {
    clients.push(options);
    const client = make(options);
    const close = client.close.bind(client);
    client.close = () => {
      closed += 1;
      close();
    };
    return client;
  };
}

/** A client whose every call fails. */
function failing(fields: Partial<CosErrorFields>, calls: string[] = []): UploadStepDeps['createClient'] {
  const fail = (operation: string) => async () => {
    calls.push(operation);
    throw new CosError({ origin: 'service', code: 'X', message: 'said COS', operation: 'putObject', ...fields });
  };
  return counted(() => ({
    bucket: BUCKET,
    region: REGION,
    init: fail('init'),
    uploadPart: fail('uploadPart'),
    complete: fail('complete'),
    listParts: fail('listParts'),
    listUploads: fail('listUploads'),
    abort: fail('abort'),
    head: fail('head'),
    putObject: fail('putObject'),
    deleteObject: fail('deleteObject'),
    close: () => {},
  }));
}

interface RunOptions extends Partial<UploadStepDeps> {
  signal?: AbortSignal;
}

async function run(
  recording: RecordingRow,
  { signal = new AbortController().signal, ...deps }: RunOptions = {},
): Promise<{ outcome: Outcome; progress: StepProgress[] }> {
  const progress: StepProgress[] = [];
  const step = createUploadStep({
    store,
    endpoint: rig.server.url,
    credentials: { current: () => null },
    now: Date.now,
    settings: { ...defaultSettings().upload, partBytes: MIB },
    log: silentLogger(),
    createClient: counted(createCosClient),
    ...deps,
  });
  const outcome = await step(recording, signal, (report) => progress.push(report));
  expect(JSON.stringify(outcome)).not.toContain(CREDENTIAL.secretKey);
  return { outcome, progress };
}

const filesOf = (recording: RecordingRow): FileRow[] => store.files.list(recording.id);

async function expectInCos(file: FileRow): Promise<void> {
  expect(await rig.objectHash(file.objectKey)).toBe(await hashFile(file.localPath));
  expect(file).toMatchObject({ state: 'uploaded', uploadedBytes: file.bytes });
  expect(file.crc64).toMatch(/^\d+$/);
  expect(file.etag).not.toBeNull();
}

describe('an upload', () => {
  it('is done when COS has shown every file; progress counts over all of them', async () => {
    const recording = finalized([40_000, 9 * MIB]);
    const { outcome, progress } = await run(recording);
    expect(outcome).toEqual({ kind: 'done' });
    for (const file of filesOf(recording)) await expectInCos(file);
    expect(progress.every(({ totalBytes }) => totalBytes === 40_000 + 9 * MIB)).toBe(true);
    expect(progress.at(-1)?.doneBytes).toBe(40_000 + 9 * MIB);
    const sorted = progress.map(({ doneBytes }) => doneBytes).sort((a, b) => a - b);
    expect(progress.map(({ doneBytes }) => doneBytes)).toEqual(sorted);
    expect(store.uploadJournal(recording.id, 1).load()).toBeNull();
    const events = store.events.list({ recordingId: recording.id }).filter(({ type }) => type === 'uploaded');
    expect(events.map(({ data }) => data.file)).toEqual([0, 1]);
  });

  it('is repeated after a crash before its row without sending the parts again', async () => {
    const recording = finalized([9 * MIB]);
    const dying: Store = {
      ...store,
      transaction: () => {
        throw new Error('power cut');
      },
    };
    await expect(run(recording, { store: dying })).rejects.toThrow('power cut');
    expect(filesOf(recording)[0]).toMatchObject({ state: 'uploading', crc64: null });
    const sent = rig.count('uploadPart');
    expect((await run(recording)).outcome).toEqual({ kind: 'done' });
    expect(rig.count('uploadPart')).toBe(sent);
    await expectInCos(filesOf(recording)[0]!);
  });

  it('asks COS nothing about a file that is there already', async () => {
    const recording = finalized([1_000, 2_000]);
    await run(recording);
    const before = rig.server.requests.length;
    store.files.update(recording.id, 1, { state: 'uploading' });
    expect((await run(recording)).outcome).toEqual({ kind: 'done' });
    const keys = rig.server.requests.slice(before).map(({ key }) => key);
    expect(new Set(keys)).toEqual(new Set([filesOf(recording)[1]?.objectKey]));
  });
});

describe('the manifest', () => {
  function withManifest(): RecordingRow {
    const recording = finalized([1_000]);
    const localPath = path.join(directory, 'x.mp4.json');
    writeFileSync(localPath, '{}');
    const objectKey = 'trtc/x.mp4.json';
    const place = { localPath, objectKey, url: 'https://x/x.mp4.json', bytes: 2, durationMs: 0 };
    store.files.put({ recordingId: recording.id, fileIndex: 1, userId: 'u', stream: 'manifest', ...place });
    return recording;
  }

  it('goes after the files, is proven like them, and is no file of the recording', async () => {
    const recording = withManifest();
    const { outcome, progress } = await run(recording);
    expect(outcome).toEqual({ kind: 'done' });
    expect(progress.at(-1)).toEqual({ doneBytes: 1_002, totalBytes: 1_002 });
    await expectInCos(store.files.manifest(recording.id)!);
    expect(rig.server.requests.at(-1)?.key).toBe('trtc/x.mp4.json');
    expect(filesOf(recording)).toHaveLength(1);
  });

  it('that is gone is noted and does not keep the files from their caller', async () => {
    const recording = withManifest();
    rmSync(path.join(directory, 'x.mp4.json'));
    expect((await run(recording)).outcome).toEqual({ kind: 'done' });
    expect(store.files.manifest(recording.id)).toMatchObject({ state: 'failed', failureCode: 'ENOENT' });
    const events = store.events.list({ recordingId: recording.id }).filter(({ type }) => type === 'uploadFailed');
    expect(events.map(({ data }) => data.file)).toEqual([1]);
  });
});

describe('a file that changed after it was made', () => {
  it('is delivered as the disk holds it, with a note', async () => {
    const recording = finalized([1_000]);
    store.files.update(recording.id, 0, { crc64: '1' });
    expect((await run(recording)).outcome).toEqual({ kind: 'done' });
    const [note] = store.events.list({ recordingId: recording.id }).filter(({ type }) => type === 'fileChanged');
    expect(note?.data).toEqual({ file: 0, was: '1', is: filesOf(recording)[0]?.crc64 });
    await expectInCos(filesOf(recording)[0]!);
  });
});

describe('credentials', () => {
  it('come from the request, its token included, else from the box', async () => {
    const own = finalized([10], { ...OWN, token: 'tmp-token' });
    const stored = { secretId: 'AKIDstored', secretKey: 'stored-key' };
    const createClient = failing({ origin: 'network', code: 'ECONNREFUSED' });
    await run(own, { credentials: { current: () => stored }, createClient });
    store.recordings.move(own.id, 'uploading', 'notifying');
    await run(finalized([10], NONE), { credentials: { current: () => stored }, createClient });
    expect(clients).toMatchObject([
      { ...CREDENTIAL, token: 'tmp-token', region: REGION, bucket: BUCKET, endpoint: rig.server.url },
      { ...stored, token: undefined },
    ]);
  });

  it('that nobody has block the upload with a remedy', async () => {
    const { outcome } = await run(finalized([10], NONE));
    expect(outcome).toMatchObject({ kind: 'blocked', code: 'COS_CREDENTIALS_MISSING', probeAfterMs: 60_000 });
    expect(clients).toHaveLength(0);
  });

  it('that cannot be opened any more block the upload instead of ending it', async () => {
    const recording = finalized([10]);
    const other = { ...store, recordings: { ...store.recordings, secrets: openOnly } };
    const { outcome } = await run(recording, { store: other });
    expect(outcome).toMatchObject({ kind: 'blocked', code: 'SECRET_UNREADABLE' });
    expect(store.recordings.setCredentials(recording.id, CREDENTIAL)).toBe(true);
    expect((await run(recording)).outcome).toEqual({ kind: 'done' });
  });
});

describe('trouble', () => {
  it('that passes is tried again, when COS says so after its time', async () => {
    const recording = finalized([10]);
    const offline = await run(recording, { createClient: failing({ origin: 'network', code: 'ECONNREFUSED' }) });
    expect(offline.outcome).toMatchObject({ kind: 'retryAt', code: 'ECONNREFUSED', afterMs: undefined });
    const busy = { code: 'SlowDown', statusCode: 503, retryAfterMs: 7_000 };
    const { outcome } = await run(recording, { createClient: failing(busy) });
    expect(outcome).toMatchObject({ kind: 'retryAt', code: 'SlowDown', message: 'said COS', afterMs: 7_000 });
    expect(filesOf(recording)[0]).toMatchObject({ state: 'uploading', message: null });
  });

  it('that somebody has to mend blocks, and goes on once it is mended', async () => {
    const recording = finalized([10]);
    const refused = { code: 'AccessDenied', statusCode: 403 };
    const { outcome } = await run(recording, { createClient: failing(refused) });
    expect(outcome).toMatchObject({ kind: 'blocked', code: 'AccessDenied', probeAfterMs: 60_000 });
    expect(outcome.kind === 'blocked' && outcome.remedy).not.toBe('');
    expect((await run(recording)).outcome).toEqual({ kind: 'done' });
    await expectInCos(filesOf(recording)[0]!);
  });

  it('that never passes fails the file and says why', async () => {
    const recording = finalized([10]);
    const { outcome } = await run(recording, { createClient: failing({ code: 'EntityTooLarge', statusCode: 400 }) });
    expect(outcome).toEqual({ kind: 'failed', code: 'EntityTooLarge', message: 'said COS', failureKind: 'upload' });
    expect(filesOf(recording)[0]).toMatchObject({
      state: 'failed',
      failureCode: 'EntityTooLarge',
      message: 'said COS',
    });
  });

  it('that wants a beginning anew gets three of them, then a pause', async () => {
    const calls: string[] = [];
    const { outcome } = await run(finalized([10]), { createClient: failing({ code: 'NoSuchUpload' }, calls) });
    expect(outcome).toMatchObject({ kind: 'retryAt', code: 'NoSuchUpload' });
    expect(calls).toEqual(['putObject', 'putObject', 'putObject']);
  });

  it('with the second file leaves the others delivered, and is the same after a crash', async () => {
    const recording = finalized([1_000, 2_000, 3_000]);
    rmSync(filesOf(recording)[1]!.localPath);
    expect((await run(recording)).outcome).toMatchObject({ kind: 'failed', code: 'ENOENT' });
    expect(filesOf(recording).map(({ state }) => state)).toEqual(['uploaded', 'failed', 'uploaded']);
    const before = rig.server.requests.length;
    expect((await run(recording)).outcome).toMatchObject({ kind: 'failed', code: 'ENOENT', failureKind: 'upload' });
    expect(rig.server.requests).toHaveLength(before);
  });

  it('with making a file is told once the others are delivered', async () => {
    const recording = finalized([1_000, 2_000]);
    const never = { state: 'failed', bytes: 0, failureCode: 'TRANSCODE_FAILED', message: 'no way' } as const;
    store.files.update(recording.id, 0, never);
    expect((await run(recording)).outcome).toEqual({
      kind: 'failed',
      code: 'TRANSCODE_FAILED',
      message: 'no way',
      failureKind: 'transcoding',
    });
    await expectInCos(filesOf(recording)[1]!);
  });

  it('an abort ends it without a verdict, and a broken journal closes the client, too', async () => {
    const recording = finalized([9 * MIB]);
    const { outcome } = await run(recording, { signal: AbortSignal.abort() });
    expect(outcome).toMatchObject({ kind: 'retryAt', code: 'Cancelled' });
    const broken: Store = {
      ...store,
      uploadJournal: () => {
        throw new Error('database is locked');
      },
    };
    await expect(run(recording, { store: broken })).rejects.toThrow('database is locked');
    expect(closed).toBe(2);
  });
});
