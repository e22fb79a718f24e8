import path from 'node:path';
import { REMEDIES } from '../../shared/texts/remedies.ts';
import type { Logger } from '../logging.ts';
import type { Settings } from '../settings/settings.ts';
import type { FileRow, RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import type { BoxCredentials } from './box-credentials.ts';
import { type CosClient, type CosClientOptions, createCosClient } from './cos/cos-client.ts';
import type { Throttle } from './cos/file-access.ts';
import type { CosNetwork } from './cos/route.ts';
import { type UploadOutcome, uploadObject } from './cos/upload.ts';
import { nextPace, paceOf, SLOWEST_PACE } from './pace.ts';
import type { Outcome, Step, StepProgress } from './steps.ts';
import { type KeySource, outsideWindow, standstillOf } from './upload-standstill.ts';
import { isOpen } from './upload-window.ts';

export interface UploadStepDeps {
  store: Pick<Store, 'files' | 'recordings' | 'events' | 'uploadJournal' | 'transaction'>;
  /** Address that takes the place of COS, or null for the real service. */
  endpoint: string | null;
  /** Credentials for requests that brought none. */
  credentials: Pick<BoxCredentials, 'current'>;
  settings: Settings['upload'];
  log: Logger;
  /** Wall clock, ms since 1970; decides over the hours of uploads. */
  now(): number;
  /** Proxy and authorities; straight to COS by default. */
  network?: CosNetwork | undefined;
  /** Holds all uploads back together; nothing does by default. */
  throttle?: Throttle | undefined;
  /** Tests pass their own. */
  createClient?: (options: CosClientOptions) => CosClient;
}

/** An upload that starts from the beginning this often in one try is left for the next try. */
const MAX_RESTARTS = 2;
/** Parts of an open upload that got nowhere in so many tries at the slowest pace are cut anew, smaller. */
const TRIES_UNTIL_SMALLER_PARTS = 5;
const WHOLE_UP_TO_BYTES = 8 * 1024 ** 2;
/** Where the box itself holds uploads back, its slowest part still has to count as alive. */
const SLOWEST_BYTES_PER_SECOND = 4096;

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.json': 'application/json',
};

/** What COS is to say of a file of this name. */
export function contentTypeOf(name: string): string {
  return CONTENT_TYPES[path.extname(name)] ?? 'application/octet-stream';
}

/** Brings a recording's files and its manifest to COS, one after the other; done means that COS showed our size and CRC-64 for each of them. */
export function createUploadStep(deps: UploadStepDeps): Step {
  return async (recording, signal, report) => {
    const closed = outsideWindow(deps.settings.window, deps.now());
    if (closed) return closed;
    let keys: Keys | null;
    try {
      keys = keysOf(recording, deps);
    } catch (error) {
      return blockedOn('SECRET_UNREADABLE', error instanceof Error ? error.message : 'unreadable', 'unreadableKeys');
    }
    if (!keys)
      return blockedOn('COS_CREDENTIALS_MISSING', 'neither the request nor the box has COS credentials', 'giveKeys');
    const client = clientWith(recording, keys, deps);
    try {
      return await uploadFiles({ deps, client, keySource: keys.source, recording, signal, report });
    } finally {
      client.close();
    }
  };
}

interface Try {
  deps: UploadStepDeps;
  client: CosClient;
  keySource: KeySource;
  recording: RecordingRow;
  signal: AbortSignal;
  report(progress: StepProgress): void;
}

async function uploadFiles(run: Try): Promise<Outcome> {
  const { deps, recording, report } = run;
  const { store, log } = deps;
  const manifest = store.files.manifest(recording.id);
  const files = [...store.files.list(recording.id), ...(manifest ? [manifest] : [])];
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneBytes = 0;
  for (const file of files) {
    if (file.state === 'local' || file.state === 'uploading') {
      const before = doneBytes;
      const uploaded = await uploadFile(run, file, (bytes) => report({ doneBytes: before + bytes, totalBytes }));
      if (uploaded.kind === 'done') {
        store.transaction(() => noteUploaded(store, file, uploaded));
        log.info({ recordingId: recording.id, key: file.objectKey, bytes: uploaded.bytes }, 'object proven in COS');
      } else if (uploaded.kind === 'failed') {
        store.transaction(() => noteFailed(store, file, uploaded));
      } else {
        const { window } = deps.settings;
        return standstillOf(uploaded, { recording, keySource: run.keySource, window, nowMs: deps.now() });
      }
    }
    doneBytes += file.bytes;
  }
  return outcomeOf(store.files.list(recording.id));
}

/** One file that can never be delivered makes the recording a failure; by then all others are in COS. */
function outcomeOf(files: readonly FileRow[]): Outcome {
  const failed = files.find(({ state }) => state === 'failed');
  if (!failed) return { kind: 'done' };
  const code = failed.failureCode ?? 'FILE_FAILED';
  const failureKind = failed.bytes === 0 ? 'transcoding' : 'upload';
  return { kind: 'failed', code, message: failed.message ?? code, failureKind };
}

function noteUploaded(
  store: UploadStepDeps['store'],
  file: FileRow,
  uploaded: Extract<UploadOutcome, { kind: 'done' }>,
): void {
  const { crc64, etag, bytes, requestId } = uploaded;
  // What was frozen when the file was made differs from what the disk gave now: COS holds the latter, and somebody should know.
  if (file.crc64 !== null && file.crc64 !== crc64) {
    store.events.append('fileChanged', file.recordingId, { file: file.fileIndex, was: file.crc64, is: crc64 });
  }
  store.files.update(file.recordingId, file.fileIndex, { state: 'uploaded', uploadedBytes: bytes, crc64, etag });
  store.uploadJournal(file.recordingId, file.fileIndex).clear();
  store.events.append('uploaded', file.recordingId, { file: file.fileIndex, bytes, crc64, requestId });
}

function noteFailed(
  store: UploadStepDeps['store'],
  file: FileRow,
  { code, message, requestId }: Extract<UploadOutcome, { kind: 'failed' }>,
): void {
  store.files.update(file.recordingId, file.fileIndex, { state: 'failed', failureCode: code, message });
  store.events.append('uploadFailed', file.recordingId, { file: file.fileIndex, code, message, requestId });
}

function blockedOn(code: string, message: string, remedy: keyof typeof REMEDIES): Outcome {
  return { kind: 'blocked', code, message, remedy: REMEDIES[remedy].en, probeAfterMs: KEYS_PROBE_MS };
}

/** Keys that are stored wake the upload by themselves; this is for a restored `secret.key`. */
const KEYS_PROBE_MS = 60_000;

interface Keys {
  secretId: string;
  secretKey: string;
  token: string | undefined;
  source: KeySource;
}

/** The request's own keys, else the box's. @throws SecretError */
function keysOf(recording: RecordingRow, { store, credentials }: UploadStepDeps): Keys | null {
  const own = store.recordings.secrets(recording.id);
  if (own?.secretId && own.secretKey) {
    const { secretId, secretKey, token } = own;
    return { secretId, secretKey, token: token ?? undefined, source: token === null ? 'request' : 'temporary' };
  }
  const box = credentials.current();
  return box && { secretId: box.secretId, secretKey: box.secretKey, token: box.token ?? undefined, source: 'box' };
}

function clientWith(recording: RecordingRow, { source: _, ...keys }: Keys, deps: UploadStepDeps): CosClient {
  const { endpoint, settings, network, createClient = createCosClient } = deps;
  const { maxBytesPerSecond, filesInFlight, partsInFlight } = settings;
  const share = (maxBytesPerSecond ?? Number.POSITIVE_INFINITY) / (2 * filesInFlight * partsInFlight);
  return createClient({
    region: recording.cosRegion,
    bucket: recording.cosBucket,
    ...keys,
    endpoint: endpoint ?? undefined,
    timeoutMs: settings.timeoutMs,
    network,
    slowestBytesPerSecond: Math.min(SLOWEST_BYTES_PER_SECOND, share),
  });
}

/** Client with the request's own credentials, else with the box's; null when there are none. @throws SecretError */
export function clientFor(recording: RecordingRow, deps: UploadStepDeps): CosClient | null {
  const keys = keysOf(recording, deps);
  return keys && clientWith(recording, keys, deps);
}

async function uploadFile(run: Try, file: FileRow, onProgress: (doneBytes: number) => void): Promise<UploadOutcome> {
  const { deps, client, recording, signal } = run;
  const { store, settings, throttle, now } = deps;
  if (file.state === 'local') store.files.update(file.recordingId, file.fileIndex, { state: 'uploading' });
  const level = store.recordings.get(recording.id)?.uploadPace ?? 0;
  const { partBytes, partsInFlight } = paceOf(level, settings);
  const isStuck = level === SLOWEST_PACE && recording.attempts >= TRIES_UNTIL_SMALLER_PARTS;
  const journal = store.uploadJournal(file.recordingId, file.fileIndex);
  // The hours may be changed while the upload goes on.
  const mayGoOn = (): boolean => settings.window === null || isOpen(settings.window, now());
  let outcome: UploadOutcome = { kind: 'restart', code: 'NotStarted' };
  for (let restarts = 0; outcome.kind === 'restart' && restarts <= MAX_RESTARTS; restarts += 1) {
    outcome = await uploadObject(
      { client, journal, onProgress, throttle, mayGoOn },
      {
        path: file.localPath,
        key: file.objectKey,
        contentType: contentTypeOf(file.localPath),
        // At full speed a file of one part is put whole; at a slower pace it is cut, so that less is lost with a try.
        multipartFromBytes: level === 0 ? WHOLE_UP_TO_BYTES : Math.min(WHOLE_UP_TO_BYTES, partBytes + 1),
        partBytes,
        tooLargePartBytes: isStuck ? partBytes + 1 : undefined,
        concurrency: partsInFlight,
        restarts,
      },
      signal,
    );
  }
  notePace(store, recording.id, level, outcome);
  return outcome;
}

function notePace(store: UploadStepDeps['store'], recordingId: string, level: number, outcome: UploadOutcome): void {
  const ended = outcome.kind === 'done' ? { slow: false, progressBytes: outcome.bytes } : outcome;
  if (!('slow' in ended)) return;
  const next = nextPace(level, ended);
  if (next === level) return;
  store.recordings.update(recordingId, { uploadPace: next });
  store.events.append('uploadPace', recordingId, { was: level, is: next });
}
