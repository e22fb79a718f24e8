import type { CallbackRow } from '../store/rows.ts';

export interface GiveUpSettings {
  /** What was not taken for this long is parked. */
  giveUpAfterMs: number;
  /** An event that the receiver refuses for this long while the result waits behind it is parked. */
  eventGiveUpAfterMs: number;
}

/**
 * Whether a row that was not taken is given up.
 *
 * The result waits for the events before it, because a caller hears of his recording in order. A receiver that refuses an event (or hangs
 * on it) may take the result, so then the event has only a short while. While nobody is there at all the result would fare no better:
 * nothing is given up, and the order is kept until the line is back.
 *
 * @param row as it is after the failed try; `result` the recording's result when it is waiting, else null.
 */
export function isGivenUp(
  row: Pick<CallbackRow, 'event' | 'queuedAtMs' | 'refusedSinceAtMs'>,
  result: Pick<CallbackRow, 'queuedAtMs'> | null,
  nowMs: number,
  settings: GiveUpSettings,
): boolean {
  if (nowMs - row.queuedAtMs >= settings.giveUpAfterMs) return true;
  if (row.event === null || result === null || row.refusedSinceAtMs === null) return false;
  return nowMs - Math.max(row.refusedSinceAtMs, result.queuedAtMs) >= settings.eventGiveUpAfterMs;
}
