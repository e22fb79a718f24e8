import {
  type CallbackDeliveryView,
  type FileView,
  type RecordingView,
  urlForDisplay,
  type Waiting,
} from '../../shared/view.ts';
import { resultOf } from '../delivery/result.ts';
import { DELIVERY_STATES } from '../delivery/steps.ts';
import { namesOf } from './names.ts';
import type { CallbackRow, MediaFileRow, RecordingRow } from './rows.ts';
import type { Store } from './store.ts';

function iso(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}

/**
 * What the API shows of a recording. Built from rows only, so that it says the same before and after a restart.
 * `progress` may give a newer number of uploaded bytes than the rows hold.
 */
export function recordingView(
  store: Pick<Store, 'stays' | 'files' | 'gaps' | 'callbacks' | 'announcements' | 'acknowledgedBytes'>,
  row: RecordingRow,
  progress?: { uploadedBytes: number } | undefined,
): RecordingView {
  const files = store.files.list(row.id);
  const callbacks = store.callbacks.listOf(row.id);
  const result = callbacks.find(({ event }) => event === null);
  const waiting = waitingOf(row);
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
      Event: store.announcements.wanted(row.id),
    },
    participants: store.stays.list(row.id).map(({ recordingId: _, ...stay }) => stay),
    files: filesWithProgress(files, progress?.uploadedBytes ?? 0, store.acknowledgedBytes(row.id)),
    gaps,
    pictures: { sent: row.picturesSent, skipped: row.picturesSkipped, framesDropped: row.framesDropped },
    failure:
      row.failureCode === null ? null : { code: row.failureCode, message: row.failureMessage ?? row.failureCode },
    ...triesOf(row, result),
    blocked:
      row.blockedCode === null
        ? null
        : { code: row.blockedCode, message: row.lastError ?? row.blockedCode, remedy: row.blockedRemedy ?? '' },
    waiting,
    waitingSince: row.blockedCode === null && waiting === null ? null : iso(row.waitingSinceAtMs),
    lastError: row.lastError,
    warnings: [],
    callbacks: callbacks.map(callbackView),
    result: resultOf(store, row),
  };
}

/** Tries of the step the recording is in. Telling the caller is one whose tries stand in the outbox. */
function triesOf(
  row: RecordingRow,
  result: CallbackRow | undefined,
): Pick<RecordingView, 'attempts' | 'nextAttemptAt'> {
  const tried = row.state === 'notifying' && result ? result : row;
  return { attempts: tried.attempts, nextAttemptAt: iso(row.waitUntilAtMs ?? tried.nextAtMs) };
}

/** What the API shows of a message to a caller. */
export function callbackView(row: CallbackRow): CallbackDeliveryView {
  const { event, deliveryId, state, attempts, lastStatus, lastError } = row;
  return {
    event,
    deliveryId,
    state,
    attempts,
    nextAttemptAt: state === 'pending' ? iso(row.nextAtMs) : null,
    lastStatus,
    lastError,
    createdAt: new Date(row.createdAtMs).toISOString(),
    endedAt: iso(row.endedAtMs),
  };
}

/** Why the next try is still to come. A block is shown as such. */
function waitingOf({
  state,
  blockedCode,
  nextAtMs,
  lastError,
  waitRemedy,
  waitUntilAtMs,
}: RecordingRow): Waiting | null {
  const isDelivering = (DELIVERY_STATES as readonly string[]).includes(state);
  if (!isDelivering || blockedCode !== null || nextAtMs === null || lastError === null) return null;
  const [, code = '', message = lastError] = /^(\S+?): ([\s\S]*)$/.exec(lastError) ?? [];
  return { code, message, remedy: waitRemedy ?? '', until: iso(waitUntilAtMs) };
}

/** `runBytes`: bytes of all files together that are in COS after the running try; files are uploaded one after the other. */
function filesWithProgress(
  files: readonly MediaFileRow[],
  runBytes: number,
  acknowledged: ReadonlyMap<number, number>,
): FileView[] {
  let beforeBytes = 0;
  return files.map((file) => {
    const arrivedBytes = Math.max(file.uploadedBytes, acknowledged.get(file.fileIndex) ?? 0, runBytes - beforeBytes);
    beforeBytes += file.bytes;
    return {
      userId: file.userId,
      stream: file.stream,
      startOffsetMs: Math.round(file.startOffsetMs),
      // A file that could not be made is none on the disk, and one that was given up is only in COS.
      localPath: file.bytes === 0 || file.evictedAtMs !== null ? null : file.localPath,
      evictedAt: iso(file.evictedAtMs),
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
