import { CAPTURING_STATES, type RecordingState } from '../../shared/recording.ts';
import type { Text } from '../../shared/texts/language.ts';
import type { RecordingWarning } from '../../shared/view.ts';
import type { RecordingRow } from '../store/rows.ts';

/** A UserSig that is about to expire is told of this long before. */
export const USER_SIG_NOTICE_MS = 10 * 60_000;

/** Whether a recording may outlast its UserSig: a capture process that has to enter the room anew afterwards is refused. */
export function endsAfterUserSig(
  row: Pick<RecordingRow, 'createdAtMs' | 'userSigExpiresAtMs'>,
  maxLengthMs: number,
): boolean {
  return row.userSigExpiresAtMs !== null && row.userSigExpiresAtMs < row.createdAtMs + maxLengthMs;
}

/** What somebody should know of a recording that is under way. Empty once it is not being captured any more. */
export function warningsOf(row: RecordingRow, maxLengthMs: number, nowMs: number): RecordingWarning[] {
  const isCapturing = (CAPTURING_STATES as readonly RecordingState[]).includes(row.state);
  if (!isCapturing || row.userSigExpiresAtMs === null || !endsAfterUserSig(row, maxLengthMs)) return [];
  const at = new Date(row.userSigExpiresAtMs).toISOString();
  const leftMs = row.userSigExpiresAtMs - nowMs;
  return [{ code: 'USERSIG_EXPIRES', at, message: leftMs > 0 ? expiresIn(leftMs, row, maxLengthMs) : HAS_EXPIRED }];
}

const HAS_EXPIRED: Text = {
  en: 'UserSig has expired: the recording goes on while the connection lasts, but the room cannot be entered again.',
  zh: 'UserSig 已过期：连接保持期间录制继续，但无法再次进入房间。',
};

function expiresIn(leftMs: number, row: RecordingRow, maxLengthMs: number): Text {
  const left = hoursAndMinutes(leftMs);
  const before = hoursAndMinutes(row.createdAtMs + maxLengthMs - (row.userSigExpiresAtMs ?? 0));
  return {
    en: `UserSig expires in ${left}, ${before} before the maximum length: after that the room cannot be entered again.`,
    zh: `UserSig 将在 ${left} 后过期，比最长录制时间早 ${before}：此后无法再次进入房间。`,
  };
}

/** `1:05` hours and minutes, rounded up so that it is never `0:00` before the time. */
function hoursAndMinutes(durationMs: number): string {
  const minutes = Math.max(1, Math.ceil(durationMs / 60_000));
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')} h`;
}
