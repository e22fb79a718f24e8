import type { Gap } from '../../shared/recording.ts';
import type { ResultFile, ResultView } from '../../shared/view.ts';
import { messageFor } from '../recordings/transitions.ts';
import type { FileRow, RecordingRow } from '../store/rows.ts';

/** `Message` of a file that reached COS; the contract names texts for failures only. */
export const SUCCESS_MESSAGE = 'success';

function succeeded(file: FileRow): ResultFile {
  return {
    UserId: file.userId,
    RecordFile: file.url,
    Status: 1,
    Message: SUCCESS_MESSAGE,
    Bytes: file.bytes,
    DurationMs: Math.round(file.durationMs),
    ...(file.crc64 === null ? {} : { Crc64: file.crc64 }),
  };
}

function failed(recording: RecordingRow, userId: string, reason: string | null): ResultFile {
  const kind = messageFor(recording.failureKind ?? 'recording');
  return { UserId: userId, RecordFile: '', Status: 0, Message: reason ? `${kind}: ${reason}` : kind };
}

function resultFiles(recording: RecordingRow, files: readonly FileRow[]): ResultFile[] {
  if (recording.outcome !== 'failed') return files.map(succeeded);
  const anyUploaded = files.some(({ state }) => state === 'uploaded');
  if (!anyUploaded) return [failed(recording, recording.userId, recording.failureMessage)];
  return files.map((file) =>
    file.state === 'uploaded'
      ? succeeded(file)
      : failed(recording, file.userId, file.message ?? recording.failureMessage),
  );
}

/**
 * The result as the caller gets it, by API and by callback: the contract's keys with the contract's types, and the box's
 * additions. Null until the outcome is known.
 */
export function buildResult(
  recording: RecordingRow,
  files: readonly FileRow[],
  gaps: readonly Gap[],
): ResultView | null {
  if (recording.outcome === null) return null;
  const uploaded = files.filter(({ state }) => state === 'uploaded');
  const first = uploaded[0];
  return {
    SdkAppId: String(recording.sdkAppId),
    RoomId: recording.roomId === null ? '' : String(recording.roomId),
    UserId: recording.userId,
    StrRoomId: recording.strRoomId ?? '',
    Files: resultFiles(recording, files),
    RequestId: recording.id,
    EndReason: recording.endReason,
    StartedAt: recording.startedAtMs === null ? null : new Date(recording.startedAtMs).toISOString(),
    DurationMs: Math.round(first?.durationMs ?? recording.timelineMs),
    Bytes: uploaded.reduce((sum, { bytes }) => sum + bytes, 0),
    Crc64: first?.crc64 ?? null,
    Gaps: gaps.map(({ atMs, durationMs, reason, cut }) => ({
      AtMs: Math.round(atMs),
      DurationMs: Math.round(durationMs),
      Reason: reason,
      Cut: cut,
    })),
    ...(recording.simulated ? { Simulated: true } : {}),
  };
}
