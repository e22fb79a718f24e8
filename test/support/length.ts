import { expect } from 'vitest';
import type { RecordingView } from '../../shared/view.ts';

/** How far the length of a file may be from what the box's own clock says. */
const LENGTH_TOLERANCE_MS = 150;

/**
 * A file of a room that lives in real time is as long as its recording: not shorter than the room or its limit says, and not longer than
 * the box's own clock between start and end. The end of a room is noticed late on a busy machine; no length in seconds holds everywhere.
 * @param durationMs of the file, or of one of its tracks
 * @param leastMs how long the room lived, or where its limit ended the recording
 */
export function expectLength(view: RecordingView, durationMs: number, leastMs: number): void {
  const off = `${durationMs} ms instead of`;
  expect(Math.abs(durationMs - view.durationMs), `${off} ${view.durationMs}`).toBeLessThanOrEqual(LENGTH_TOLERANCE_MS);
  expect(durationMs, `${off} ${leastMs}`).toBeGreaterThanOrEqual(leastMs - LENGTH_TOLERANCE_MS);
  const mostMs = Date.parse(view.endedAt!) - Date.parse(view.startedAt!);
  expect(durationMs, `${off} ${mostMs}`).toBeLessThanOrEqual(mostMs + LENGTH_TOLERANCE_MS);
}
