import { CAPTURING_STATES, type EndReason, type RecordingState } from '../../shared/recording.ts';
import type { RecordingRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';

export interface Conclusion {
  reason: EndReason;
  /** Null when nothing went wrong. */
  failure: { code: string; message: string } | null;
  /** Wall clock, ms since 1970. */
  endedAtMs: number;
  /** Length as the last process told it. */
  timelineMs: number;
}

/**
 * Hands a recording over to delivery: with segments it is finalized, without any it is a failure that the caller is told. Does nothing
 * when it left the capturing states before, so that a recording is concluded once.
 * @returns why it ended; a stop that was asked for goes before what the last process said.
 */
export function concludeCapture(store: Store, recordingId: string, conclusion: Conclusion): EndReason {
  const { failure, endedAtMs } = conclusion;
  const row = store.recordings.get(recordingId);
  if (!row) throw new Error(`recording ${recordingId} is missing`);
  const endReason = row.stopRequested ?? conclusion.reason;
  store.transaction(() => {
    if (!isCapturing(row.state)) return;
    const timelineMs = Math.max(row.timelineMs, conclusion.timelineMs);
    store.stays.leaveAll(recordingId, timelineMs);
    const patch = { endReason, endedAtMs, timelineMs };
    // Somebody was there to be recorded: whether nothing of it is on the disk is for the finalizer to find out.
    if (row.state === 'recording' || store.segments.list(recordingId).length > 0) {
      const failurePatch = failure ? { failureCode: failure.code, failureMessage: failure.message } : {};
      store.recordings.move(recordingId, row.state, 'finalizing', { ...patch, ...failurePatch });
    } else {
      const told = failure ?? { code: 'NOTHING_RECORDED', message: nothingRecorded(row) };
      store.recordings.move(recordingId, row.state, 'notifying', {
        ...patch,
        outcome: 'failed',
        failureKind: 'recording',
        failureCode: told.code,
        failureMessage: told.message,
      });
    }
  });
  return endReason;
}

function isCapturing(state: RecordingState): boolean {
  return (CAPTURING_STATES as readonly RecordingState[]).includes(state);
}

function nothingRecorded(row: RecordingRow): string {
  if (row.startedAtMs !== null) return 'the room was entered, but the recording ended before anything was recorded';
  const cause = row.lastError === null ? '' : ` (${row.lastError})`;
  return `the recording ended before the room was entered${cause}`;
}
