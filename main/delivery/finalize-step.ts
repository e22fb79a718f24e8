import { rm } from 'node:fs/promises';
import path from 'node:path';
import { fileName, mediaKind, objectKey } from '../recordings/naming.ts';
import type { RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { objectUrl } from './cos/object-url.ts';
import { type FinalizeOutcome, finalizeMedia } from './finalize.ts';
import type { Outcome, Step } from './steps.ts';

export interface FinalizeStepDeps {
  store: Pick<Store, 'segments' | 'files' | 'transaction' | 'events'>;
  /** Directory of a recording's segments and of its final file. */
  directoryOf(recordingId: string): string;
  ffmpegPath: string | null;
}

/**
 * Joins a recording's segments into its one file. Safe to repeat: the final file appears by a rename, the row about it comes next,
 * and only then the segments go.
 */
export function createFinalizeStep(deps: FinalizeStepDeps): Step {
  return async (recording, signal, report) => {
    const { store, directoryOf, ffmpegPath } = deps;
    const directory = directoryOf(recording.id);
    const segments = store.segments.list(recording.id).map((segment) => ({
      path: path.join(directory, path.basename(segment.file)),
      startMs: segment.startMs,
    }));
    if (recording.firstMediaAtMs === null) return noMedia(recording);
    if (ffmpegPath === null) return FFMPEG_MISSING;
    const output = path.join(directory, fileName(recording));
    if (store.files.list(recording.id).length === 0) {
      const media = await finalizeMedia({
        segments,
        output,
        kind: mediaKind(recording.mode),
        hasVideo: recording.mode !== '10',
        hasAudio: recording.mode !== '11',
        ffmpegPath,
        metadata: metadataOf(recording),
        signal,
        onProgress: (doneBytes, totalBytes) => report({ doneBytes, totalBytes }),
      });
      if (media.kind !== 'done') return outcomeOf(media);
      const key = objectKey(recording);
      store.transaction(() => {
        store.files.put({
          recordingId: recording.id,
          fileIndex: 0,
          userId: recording.userId,
          localPath: output,
          bytes: media.bytes,
          durationMs: media.durationMs,
          objectKey: key,
          url: objectUrl(recording.cosBucket, recording.cosRegion, key),
          uploadedBytes: 0,
          crc64: null,
          etag: null,
          state: 'local',
          message: null,
        });
        store.events.append('finalized', recording.id, { bytes: media.bytes, durationMs: media.durationMs });
      });
    }
    const removals = await Promise.allSettled(segments.map(({ path: segment }) => rm(segment, { force: true })));
    // A segment that somebody holds open is no reason to keep a finished file from its caller.
    const left = removals.filter(({ status }) => status === 'rejected').length;
    if (left > 0) store.events.append('segmentsLeft', recording.id, { segments: left });
    return { kind: 'done' };
  };
}

const FFMPEG_MISSING: Outcome = {
  kind: 'blocked',
  code: 'FFMPEG_MISSING',
  message: 'no working ffmpeg was found',
  remedy: 'Install ffmpeg or set FFMPEG_PATH, then start the box again; the recording is safe in its segments.',
  probeAfterMs: 60_000,
};

function noMedia(recording: RecordingRow): Outcome {
  const why =
    recording.failureMessage ?? `the room gave no picture and no sound until the end (${recording.endReason})`;
  return { kind: 'failed', code: recording.failureCode ?? 'NO_MEDIA', message: why, failureKind: 'recording' };
}

function outcomeOf(media: Exclude<FinalizeOutcome, { kind: 'done' }>): Outcome {
  return media.kind === 'retry'
    ? { kind: 'retryAt', code: media.code, message: media.message }
    : { kind: 'failed', code: media.code, message: media.message, failureKind: 'transcoding' };
}

function metadataOf(recording: RecordingRow): { title: string; comment: string; creationTime: string } {
  const room = recording.roomId ?? recording.strRoomId;
  return {
    title: `TRTC room ${room}`,
    comment: `SdkAppId ${recording.sdkAppId}, recorder ${recording.userId}, recording ${recording.id}`,
    creationTime: new Date(recording.startedAtMs ?? recording.createdAtMs).toISOString(),
  };
}
