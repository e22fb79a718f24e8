import type { Gap } from '../../shared/recording.ts';
import type { ResultFile, ResultView } from '../../shared/view.ts';
import { type FailureKind, messageFor } from '../recordings/transitions.ts';
import type { FileRow, MediaFileRow, RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';

/** `Message` of a file that reached COS; the contract names texts for failures only. */
export const SUCCESS_MESSAGE = 'success';

function succeeded(file: MediaFileRow): ResultFile {
  return {
    UserId: file.userId,
    RecordFile: file.url,
    Status: 1,
    Message: SUCCESS_MESSAGE,
    Stream: file.stream,
    StartOffsetMs: Math.round(file.startOffsetMs),
    Bytes: file.bytes,
    DurationMs: Math.round(file.durationMs),
    ...(file.crc64 === null ? {} : { Crc64: file.crc64 }),
  };
}

function failed({ userId, kind, reason }: { userId: string; kind: FailureKind; reason: string | null }): ResultFile {
  const text = messageFor(kind);
  return { UserId: userId, RecordFile: '', Status: 0, Message: reason ? `${text}: ${reason}` : text };
}

/** A file without a byte was never made. */
function failedFile(recording: RecordingRow, file: MediaFileRow): ResultFile {
  const kind = file.state !== 'failed' ? recording.failureKind : file.bytes === 0 ? 'transcoding' : 'upload';
  const reason = file.message ?? recording.failureMessage;
  return {
    ...failed({ userId: file.userId, kind: kind ?? 'recording', reason }),
    Stream: file.stream,
  };
}

function resultFiles(recording: RecordingRow, files: readonly MediaFileRow[]): ResultFile[] {
  const { outcome, userId, failureKind, failureMessage } = recording;
  if (outcome === 'failed' && files.length === 0) {
    return [failed({ userId, kind: failureKind ?? 'recording', reason: failureMessage })];
  }
  const isThere = (file: MediaFileRow): boolean => file.state === 'uploaded' || outcome === 'delivered';
  return files.map((file) =>
    file.state !== 'failed' && isThere(file) ? succeeded(file) : failedFile(recording, file),
  );
}

/** The whole recording's length and checksum are those of its mix, or of its only file. */
function chiefOf(uploaded: readonly MediaFileRow[]): MediaFileRow | undefined {
  return uploaded.find(({ stream }) => stream === 'mix') ?? (uploaded.length === 1 ? uploaded[0] : undefined);
}

/** The result of a recording as its rows are now. */
export function resultOf(store: Pick<Store, 'files' | 'gaps'>, recording: RecordingRow): ResultView | null {
  const { files, gaps } = store;
  return buildResult(recording, files.list(recording.id), gaps.list(recording.id), files.manifest(recording.id));
}

/**
 * The result as the caller gets it, by API and by callback: the contract's keys with the contract's types, and the box's
 * additions. Null until the outcome is known. The manifest is named when it was uploaded.
 */
export function buildResult(
  recording: RecordingRow,
  files: readonly MediaFileRow[],
  gaps: readonly Gap[],
  manifest?: FileRow | undefined,
): ResultView | null {
  if (recording.outcome === null) return null;
  const uploaded = files.filter(({ state }) => state === 'uploaded');
  const chief = chiefOf(uploaded);
  const endsMs = uploaded.map(({ startOffsetMs, durationMs }) => startOffsetMs + durationMs);
  return {
    SdkAppId: String(recording.sdkAppId),
    RoomId: recording.roomId === null ? '' : String(recording.roomId),
    UserId: recording.userId,
    StrRoomId: recording.strRoomId ?? '',
    Files: resultFiles(recording, files),
    RequestId: recording.id,
    EndReason: recording.endReason,
    StartedAt: recording.startedAtMs === null ? null : new Date(recording.startedAtMs).toISOString(),
    DurationMs: Math.round(chief?.durationMs ?? (uploaded.length > 0 ? Math.max(...endsMs) : recording.timelineMs)),
    Bytes: uploaded.reduce((sum, { bytes }) => sum + bytes, 0),
    Crc64: chief?.crc64 ?? null,
    Gaps: gaps.map(({ atMs, durationMs, reason, cut }) => ({
      AtMs: Math.round(atMs),
      DurationMs: Math.round(durationMs),
      Reason: reason,
      Cut: cut,
    })),
    ...(manifest?.state === 'uploaded' ? { Manifest: manifest.url } : {}),
    ...(recording.simulated ? { Simulated: true } : {}),
  };
}
