import type { EndReason } from '../../shared/recording.ts';
import type { RecordingRow } from '../store/rows.ts';
import { decideEnter, type EnterLimits, enterVerdict } from './enter-policy.ts';

/** The SDK's answer to the last try to enter, and what went before. */
export interface RefusedEntry {
  code: number;
  message: string;
  /** Tries without success, this one included. */
  attempts: number;
  /** Wall clock of the first of them. */
  sinceAtMs: number;
}

/** `failure`: what to tell when the recording ends with this; null when the room is gone, which is none. */
export type AfterRefusal = { failure: { code: string; message: string } | null } & (
  | { kind: 'retry'; delayMs: number }
  | { kind: 'end'; reason: EndReason }
);

/** What becomes of a recording whose recorder was refused, in words for its row. */
export function afterRefusal(
  row: Pick<RecordingRow, 'userSigExpiresAtMs' | 'startedAtMs' | 'createdAtMs'>,
  refused: RefusedEntry,
  limits: EnterLimits,
  nowMs: number,
): AfterRefusal {
  const wasInRoom = row.startedAtMs !== null;
  const triedForMs = nowMs - (wasInRoom ? refused.sinceAtMs : row.createdAtMs);
  const decision = decideEnter(refused.code, { attempts: refused.attempts, triedForMs, wasInRoom }, limits);
  if (decision.kind === 'end' && decision.reason === 'dissolved') return { ...decision, failure: null };
  const isExpired = row.userSigExpiresAtMs !== null && row.userSigExpiresAtMs <= nowMs;
  const message = `${enterVerdict(refused.code).meaning} (code ${refused.code}: ${refused.message})`;
  // The clock that says so may be wrong, so the service was asked; asking it again would be in vain.
  if (isExpired) {
    const failure = { code: 'USERSIG_EXPIRED', message: `the UserSig has expired meanwhile: ${message}` };
    return { kind: 'end', reason: 'error', failure };
  }
  return { ...decision, failure: { code: `ENTER_ROOM_${refused.code}`, message } };
}
