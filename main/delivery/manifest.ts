import path from 'node:path';
import type { Gap, ParticipantStay } from '../../shared/recording.ts';
import { urlForDisplay } from '../../shared/view.ts';
import type { CaptureStats } from '../capture/messages.ts';
import { replaceFile } from '../settings/atomic-file.ts';
import { namesOf } from '../store/names.ts';
import type { MediaFileRow, RecordingRow, SegmentRow } from '../store/rows.ts';
import { MANIFEST_FORMAT_VERSION, type Manifest } from './manifest-schema.ts';

export { MANIFEST_FORMAT_VERSION, type Manifest, manifestSchema } from './manifest-schema.ts';

/** What a manifest says of a file, apart from its place on the box. */
export type ManifestFile = Pick<
  MediaFileRow,
  | 'userId'
  | 'stream'
  | 'localPath'
  | 'bytes'
  | 'durationMs'
  | 'startOffsetMs'
  | 'sha256'
  | 'crc64'
  | 'objectKey'
  | 'url'
>;

/** Everything that goes into a manifest. */
export interface ManifestInputs {
  /** Null while the box has no name. */
  boxId: string | null;
  recorderVersion: string;
  /** Wall clock, ms since 1970. */
  nowMs: number;
  recording: RecordingRow;
  stays: readonly ParticipantStay[];
  gaps: readonly Gap[];
  segments: readonly (SegmentRow & { sha256?: string | null })[];
  /** Over all capture processes of the recording; null when they were not kept. */
  counters: Pick<CaptureStats, 'picturesSent' | 'picturesSkipped' | 'framesReceived' | 'framesDropped'> | null;
  /** What the SDK warned of; equal ones are counted together. */
  warnings: readonly Manifest['warnings'][number][];
  files: readonly ManifestFile[];
}

const PUBLIC_FILE_MODE = 0o644;

/** Builds the manifest: the same inputs give the same document. Holds no secret and no path of the box. */
export function buildManifest(inputs: ManifestInputs): Manifest {
  const { boxId, recorderVersion, nowMs, recording, counters } = inputs;
  return {
    formatVersion: MANIFEST_FORMAT_VERSION,
    recordingId: recording.id,
    boxId,
    recorderVersion,
    createdAt: iso(nowMs),
    request: requestOf(recording),
    room:
      recording.roomId === null
        ? { kind: 'string', id: recording.strRoomId ?? '' }
        : { kind: 'integer', id: String(recording.roomId) },
    mode: recording.mode,
    simulated: recording.simulated,
    acceptedAt: iso(recording.createdAtMs),
    startedAt: recording.startedAtMs === null ? null : iso(recording.startedAtMs),
    endedAt: recording.endedAtMs === null ? null : iso(recording.endedAtMs),
    endReason: recording.endReason,
    timelineMs: rounded(recording.timelineMs),
    firstMediaAtMs: roundedOrNull(recording.firstMediaAtMs),
    participants: participantsOf(inputs.stays),
    gaps: inputs.gaps
      .map(({ atMs, durationMs, reason, cut }) => ({
        atMs: rounded(atMs),
        durationMs: rounded(durationMs),
        reason,
        cut,
      }))
      .sort((a, b) => a.atMs - b.atMs),
    counters: counters && {
      picturesSent: counters.picturesSent,
      picturesSkipped: counters.picturesSkipped,
      framesReceived: counters.framesReceived,
      framesDropped: counters.framesDropped,
    },
    segments: inputs.segments.map(({ segment, output, file, startMs, bytes, clean, sha256 }) => ({
      segment,
      output,
      file: path.basename(file),
      startMs: rounded(startMs),
      bytes,
      clean,
      sha256: sha256 ?? null,
    })),
    warnings: countedTogether(inputs.warnings),
    files: inputs.files.map(fileOf),
  };
}

/** Name of the manifest that lies beside a file, on the disk or in the bucket. */
export function manifestName(fileName: string): string {
  return `${fileName}.json`;
}

/** Writes a manifest in one step: a reader finds the old one or the new one, never a part. Throws the system's error. */
export function writeManifest(file: string, manifest: Manifest): void {
  replaceFile(file, `${JSON.stringify(manifest, null, 2)}\n`, PUBLIC_FILE_MODE);
}

function requestOf(recording: RecordingRow): Manifest['request'] {
  return {
    SdkAppId: recording.sdkAppId,
    RoomId: recording.roomId,
    StrRoomId: recording.strRoomId,
    UserId: recording.userId,
    Mode: recording.mode,
    IsReserve: recording.isReserve,
    AlsoSingle: recording.alsoSingle,
    Layout: recording.layout,
    Names: namesOf(recording),
    CosConfig: { Region: recording.cosRegion, Bucket: recording.cosBucket, Path: recording.cosPath },
    Callback: recording.callbackUrl === null ? null : urlForDisplay(recording.callbackUrl),
  };
}

/** In the order of first entering, each with all his stays. */
function participantsOf(stays: readonly ParticipantStay[]): Manifest['participants'] {
  const participants = new Map<string, Manifest['participants'][number]>();
  for (const { userId, enteredAtMs, leftAtMs, slot } of stays.toSorted((a, b) => a.enteredAtMs - b.enteredAtMs)) {
    const participant = participants.get(userId) ?? { userId, intervals: [] };
    participants.set(userId, participant);
    participant.intervals.push({ enteredAtMs: rounded(enteredAtMs), leftAtMs: roundedOrNull(leftAtMs), slot });
  }
  return [...participants.values()];
}

function countedTogether(warnings: ManifestInputs['warnings']): Manifest['warnings'] {
  const together = new Map<string, Manifest['warnings'][number]>();
  for (const { level, code, text, count } of warnings) {
    const key = `${level} ${code} ${text}`;
    together.set(key, { level, code, text, count: (together.get(key)?.count ?? 0) + count });
  }
  return [...together.values()];
}

function fileOf(file: ManifestFile): Manifest['files'][number] {
  return {
    name: path.basename(file.localPath),
    userId: file.userId,
    stream: file.stream,
    bytes: file.bytes,
    durationMs: rounded(file.durationMs),
    startOffsetMs: rounded(file.startOffsetMs),
    sha256: file.sha256,
    crc64: file.crc64,
    objectKey: file.objectKey,
    url: file.url,
  };
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/** To the microsecond; a time before 0 of the timeline is 0. */
function rounded(ms: number): number {
  return Math.max(0, Math.round(ms * 1000) / 1000);
}

function roundedOrNull(ms: number | null): number | null {
  return ms === null ? null : rounded(ms);
}
