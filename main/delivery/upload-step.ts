import path from 'node:path';
import type { Logger } from '../logging.ts';
import type { CosCredentials } from '../settings/environment.ts';
import type { Settings } from '../settings/settings.ts';
import type { FileRow, RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { type CosClient, type CosClientOptions, createCosClient } from './cos/cos-client.ts';
import { type UploadOutcome, uploadObject } from './cos/upload.ts';
import type { Outcome, Step, StepProgress } from './steps.ts';

export interface UploadStepDeps {
  store: Pick<Store, 'files' | 'recordings' | 'events' | 'uploadJournal' | 'transaction'>;
  /** Plain http address that takes the place of COS, or null for the real service. */
  endpoint: string | null;
  /** Credentials for requests that brought none. */
  storedCredentials: CosCredentials | null;
  settings: Settings['upload'];
  log: Logger;
  /** Tests pass their own. */
  createClient?: (options: CosClientOptions) => CosClient;
}

/** A blocked upload is looked at again this often, in case somebody mended the cause without telling the box. */
const BLOCKED_PROBE_MS = 60_000;
/** An upload that starts from the beginning this often in one try is left for the next try. */
const MAX_RESTARTS = 2;

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.mp3': 'audio/mpeg',
  '.mp4': 'video/mp4',
  '.json': 'application/json',
};

/** Brings a recording's files and its manifest to COS, one after the other; done means that COS showed our size and CRC-64 for each of them. */
export function createUploadStep(deps: UploadStepDeps): Step {
  return async (recording, signal, report) => {
    const client = clientFor(recording, deps);
    if (!client) return CREDENTIALS_MISSING;
    try {
      return await uploadFiles(deps, client, recording, signal, report);
    } finally {
      client.close();
    }
  };
}

async function uploadFiles(
  deps: UploadStepDeps,
  client: CosClient,
  recording: RecordingRow,
  signal: AbortSignal,
  report: (progress: StepProgress) => void,
): Promise<Outcome> {
  const { store, log } = deps;
  const manifest = store.files.manifest(recording.id);
  const files = [...store.files.list(recording.id), ...(manifest ? [manifest] : [])];
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneBytes = 0;
  for (const file of files) {
    if (file.state === 'local' || file.state === 'uploading') {
      const before = doneBytes;
      const uploaded = await uploadFile(deps, client, file, signal, (bytes) =>
        report({ doneBytes: before + bytes, totalBytes }),
      );
      if (uploaded.kind === 'done') {
        store.transaction(() => noteUploaded(store, file, uploaded));
        log.info({ recordingId: recording.id, key: file.objectKey, bytes: uploaded.bytes }, 'object proven in COS');
      } else if (uploaded.kind === 'failed') {
        store.transaction(() => noteFailed(store, file, uploaded));
      } else {
        return standstillOf(uploaded);
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
  { code, message }: Extract<UploadOutcome, { kind: 'failed' }>,
): void {
  store.files.update(file.recordingId, file.fileIndex, { state: 'failed', failureCode: code, message });
  store.events.append('uploadFailed', file.recordingId, { file: file.fileIndex, code, message });
}

const CREDENTIALS_MISSING: Outcome = {
  kind: 'blocked',
  code: 'COS_CREDENTIALS_MISSING',
  message: 'the request brought no COS credentials and the box has none of its own',
  remedy:
    'Set RECORDER_COS_SECRET_ID and RECORDER_COS_SECRET_KEY and start the box again; the file is safe on this disk.',
  probeAfterMs: BLOCKED_PROBE_MS,
};

/** Client with the request's own credentials, else with the box's. */
function clientFor(recording: RecordingRow, deps: UploadStepDeps): CosClient | null {
  const { store, storedCredentials, endpoint, settings, createClient = createCosClient } = deps;
  const secrets = store.recordings.secrets(recording.id);
  const own = secrets?.secretId && secrets.secretKey ? secrets : null;
  const keys = own ? { secretId: own.secretId ?? '', secretKey: own.secretKey ?? '' } : storedCredentials;
  if (!keys) return null;
  return createClient({
    region: recording.cosRegion,
    bucket: recording.cosBucket,
    ...keys,
    token: own?.token ?? undefined,
    endpoint: endpoint ?? undefined,
    timeoutMs: settings.timeoutMs,
  });
}

async function uploadFile(
  deps: UploadStepDeps,
  client: CosClient,
  file: FileRow,
  signal: AbortSignal,
  onBytes: (doneBytes: number) => void,
): Promise<UploadOutcome> {
  const { store, settings } = deps;
  if (file.state === 'local') store.files.update(file.recordingId, file.fileIndex, { state: 'uploading' });
  let outcome: UploadOutcome = { kind: 'restart', code: 'NotStarted' };
  for (let restarts = 0; outcome.kind === 'restart' && restarts <= MAX_RESTARTS; restarts += 1) {
    outcome = await uploadObject(
      { client, journal: store.uploadJournal(file.recordingId, file.fileIndex), onProgress: onBytes },
      {
        path: file.localPath,
        key: file.objectKey,
        contentType: CONTENT_TYPES[path.extname(file.localPath)] ?? 'application/octet-stream',
        partBytes: settings.partBytes,
        concurrency: settings.partsInFlight,
        restarts,
      },
      signal,
    );
  }
  return outcome;
}

function standstillOf(outcome: Exclude<UploadOutcome, { kind: 'done' | 'failed' }>): Outcome {
  switch (outcome.kind) {
    case 'later':
      return {
        kind: 'retryAt',
        afterMs: outcome.retryAfterMs ?? undefined,
        code: outcome.code,
        message: outcome.message,
      };
    case 'restart':
      return { kind: 'retryAt', code: outcome.code, message: 'the upload had to start from the beginning' };
    case 'blocked':
      return { ...outcome, probeAfterMs: BLOCKED_PROBE_MS };
  }
}
