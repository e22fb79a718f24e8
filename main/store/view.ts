import { type FileView, type RecordingView, urlForDisplay } from '../../shared/view.ts';
import { resultOf } from '../delivery/result.ts';
import { namesOf } from './names.ts';
import type { MediaFileRow, RecordingRow } from './rows.ts';
import type { Store } from './store.ts';

function iso(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}

/**
 * What the API shows of a recording. Built from rows only, so that it says the same before and after a restart.
 * `progress` may give a newer number of uploaded bytes than the rows hold.
 */
export function recordingView(
  store: Pick<Store, 'stays' | 'files' | 'gaps'>,
  row: RecordingRow,
  progress?: { uploadedBytes: number } | undefined,
): RecordingView {
  const files = store.files.list(row.id);
  const gaps = store.gaps.list(row.id).map(({ recordingId: _, ...gap }) => gap);
  return {
    id: row.id,
    state: row.state,
    simulated: row.simulated,
    createdAt: new Date(row.createdAtMs).toISOString(),
    startedAt: iso(row.startedAtMs),
    endedAt: iso(row.endedAtMs),
    endReason: row.endReason,
    durationMs: Math.round(row.timelineMs),
    request: {
      SdkAppId: row.sdkAppId,
      RoomId: row.roomId,
      StrRoomId: row.strRoomId,
      UserId: row.userId,
      Mode: row.mode,
      IsReserve: row.isReserve,
      AlsoSingle: row.alsoSingle,
      Layout: row.layout,
      Names: namesOf(row),
      CosConfig: { Region: row.cosRegion, Bucket: row.cosBucket, Path: row.cosPath },
      Callback: row.callbackUrl === null ? null : urlForDisplay(row.callbackUrl),
    },
    participants: store.stays.list(row.id).map(({ recordingId: _, ...stay }) => stay),
    files: filesWithProgress(files, progress?.uploadedBytes ?? 0),
    gaps,
    pictures: { sent: row.picturesSent, skipped: row.picturesSkipped, framesDropped: row.framesDropped },
    failure:
      row.failureCode === null ? null : { code: row.failureCode, message: row.failureMessage ?? row.failureCode },
    attempts: row.attempts,
    nextAttemptAt: iso(row.nextAtMs),
    blocked:
      row.blockedCode === null
        ? null
        : { code: row.blockedCode, message: row.lastError ?? row.blockedCode, remedy: row.blockedRemedy ?? '' },
    result: resultOf(store, row),
  };
}

/** `runBytes`: bytes of all files together that are in COS after the running try; files are uploaded one after the other. */
function filesWithProgress(files: readonly MediaFileRow[], runBytes: number): FileView[] {
  let beforeBytes = 0;
  return files.map((file) => {
    const arrivedBytes = Math.max(file.uploadedBytes, runBytes - beforeBytes);
    beforeBytes += file.bytes;
    return {
      userId: file.userId,
      stream: file.stream,
      startOffsetMs: Math.round(file.startOffsetMs),
      // A file that could not be made is none on the disk.
      localPath: file.bytes === 0 ? null : file.localPath,
      bytes: file.bytes,
      durationMs: Math.round(file.durationMs),
      objectKey: file.objectKey,
      url: file.url,
      uploadedBytes: file.state === 'uploaded' ? file.bytes : Math.min(file.bytes, arrivedBytes),
      crc64: file.crc64,
      sha256: file.sha256,
      state: file.state,
    };
  });
}
