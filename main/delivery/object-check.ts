import type { ObjectAnswer } from '../recordings/retention.ts';
import type { ProvenFile } from '../store/files.ts';
import type { RecordingRow } from '../store/rows.ts';
import type { CosClient } from './cos/cos-client.ts';
import { toCosError } from './cos/cos-error.ts';

export interface ObjectCheckDeps {
  recordingOf(recordingId: string): RecordingRow | undefined;
  /** A client for the recording's bucket, or null when the box has no keys for it any more. */
  clientFor(recording: RecordingRow): CosClient | null;
}

/** Asks COS by HEAD whether an object is still the proven one. Never rejects. */
export function createObjectCheck({
  recordingOf,
  clientFor,
}: ObjectCheckDeps): (file: ProvenFile, signal: AbortSignal) => Promise<ObjectAnswer> {
  return async (file, signal) => {
    const recording = recordingOf(file.recordingId);
    if (!recording) return 'denied';
    let client: CosClient | null = null;
    try {
      client = clientFor(recording);
      if (client === null) return 'denied';
      const facts = await client.head(file.objectKey, signal);
      if (facts === null) return 'gone';
      // A gateway without checksums cannot prove anything anew; what the upload proved still holds.
      if (facts.crc64 === null) return facts.bytes === file.bytes ? 'denied' : 'different';
      return facts.bytes === file.bytes && facts.crc64 === file.crc64 ? 'same' : 'different';
    } catch (error) {
      const { origin, statusCode } = toCosError(error, 'head');
      if (signal.aborted || origin === 'network' || origin === 'reply') return 'offline';
      return (statusCode ?? 0) >= 500 || statusCode === 429 ? 'offline' : 'denied';
    } finally {
      client?.close();
    }
  };
}
