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

/** Brings a recording's files to COS, one after the other; done means that COS showed our size and CRC-64 for each of them. */
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
  const files = store.files.list(recording.id);
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneBytes = 0;
  for (const file of files) {
    if (file.state !== 'uploaded') {
      const before = doneBytes;
      const uploaded = await uploadFile(deps, client, file, signal, (bytes) =>
        report({ doneBytes: before + bytes, totalBytes }),
      );
      if (uploaded.kind !== 'done') return settle(deps, file, uploaded);
      store.transaction(() => noteUploaded(store, file, uploaded));
      log.info({ recordingId: recording.id, key: file.objectKey, bytes: uploaded.bytes }, 'object proven in COS');
    }
    doneBytes += file.bytes;
  }
  return { kind: 'done' };
}

function noteUploaded(
  store: UploadStepDeps['store'],
  file: FileRow,
  uploaded: Extract<UploadOutcome, { kind: 'done' }>,
): void {
  const { crc64, etag, bytes, requestId } = uploaded;
  store.files.update(file.recordingId, file.fileIndex, { state: 'uploaded', uploadedBytes: bytes, crc64, etag });
  store.uploadJournal(file.recordingId, file.fileIndex).clear();
  store.events.append('uploaded', file.recordingId, { file: file.fileIndex, bytes, crc64, requestId });
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
        contentType: file.localPath.endsWith('.mp3') ? 'audio/mpeg' : 'video/mp4',
        partBytes: settings.partBytes,
        concurrency: settings.partsInFlight,
        restarts,
      },
      signal,
    );
  }
  return outcome;
}

function settle(deps: UploadStepDeps, file: FileRow, outcome: Exclude<UploadOutcome, { kind: 'done' }>): Outcome {
  const { store } = deps;
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
    case 'failed':
      store.files.update(file.recordingId, file.fileIndex, { state: 'failed', message: outcome.message });
      return { kind: 'failed', code: outcome.code, message: outcome.message, failureKind: 'upload' };
  }
}
