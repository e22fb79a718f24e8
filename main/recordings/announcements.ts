import type { CallbackEvent } from '../../shared/callback-events.ts';
import { CAPTURING_STATES, type RecordingState } from '../../shared/recording.ts';
import type { RecordingPatch, RecordingRow } from '../store/rows.ts';

/** Something a caller may want to be told. `data` holds no secret and no path of the box. */
export interface Announcement {
  event: CallbackEvent;
  data: Readonly<Record<string, unknown>>;
}

/** Why a recorder is out of the room for a while. */
export type Interruption = 'captureRestarted' | 'connectionLost';

/** The recorder is out of the room; the recording goes on by itself. */
export function interrupted(reason: Interruption): Announcement {
  return { event: 'recording.interrupted', data: { Reason: reason } };
}

/** The recorder is in the room again. */
export const RESUMED: Announcement = { event: 'recording.resumed', data: {} };

function isCapturing(state: RecordingState): boolean {
  return (CAPTURING_STATES as readonly RecordingState[]).includes(state);
}

/**
 * What a move of a recording means to its caller. Some of it is no news (a second process in the room is no second start): that is for
 * whoever knows what was told to leave out.
 *
 * @param row the recording before the move, `patch` what changes with it.
 */
export function announcementsOf(row: RecordingRow, to: RecordingState, patch: RecordingPatch): Announcement[] {
  if (to === 'waiting') {
    const startedAtMs = patch.startedAtMs ?? row.startedAtMs;
    const startedAt = startedAtMs === null ? null : new Date(startedAtMs).toISOString();
    return [{ event: 'recording.waiting', data: { StartedAt: startedAt } }, RESUMED];
  }
  if (to === 'recording') return [{ event: 'recording.started', data: {} }];
  if (to === 'joining') return row.startedAtMs === null ? [] : [interrupted('captureRestarted')];
  if (isCapturing(row.state) && !isCapturing(to)) {
    const data = {
      EndReason: patch.endReason ?? row.endReason,
      DurationMs: Math.round(patch.timelineMs ?? row.timelineMs),
      ...(patch.failureCode ? { FailureCode: patch.failureCode } : {}),
    };
    return [{ event: 'recording.ended', data }];
  }
  if (row.state === 'uploading' && patch.outcome === 'delivered') return [{ event: 'upload.resumed', data: {} }];
  return [];
}
