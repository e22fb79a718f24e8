import { REMEDIES, type RemedyName } from '../../shared/texts/remedies.ts';
import type { RecordingRow } from '../store/rows.ts';
import type { UploadOutcome } from './cos/outcome.ts';
import type { Outcome } from './steps.ts';
import { isOpen, nextOpeningMs, type UploadWindow } from './upload-window.ts';

/** What an upload that did not get to its end means to the runner, and what somebody can do about it. Pure. */

/** Whose keys were used: the box's, or those of the request, which may be temporary ones. */
export type KeySource = 'box' | 'request' | 'temporary';

/** A blocked upload is looked at again this often, in case somebody mended the cause without telling the box. */
const BLOCKED_PROBE_MS = 60_000;

/** Null while uploads may run. */
export function outsideWindow(window: UploadWindow | null, nowMs: number): Outcome | null {
  if (window === null || isOpen(window, nowMs)) return null;
  const untilMs = nextOpeningMs(window, nowMs);
  const zone = window.timeZone === null ? '' : ` (${window.timeZone})`;
  return {
    kind: 'postponed',
    code: 'UPLOAD_WINDOW',
    message: `uploads run from ${window.from} to ${window.to}${zone}; this one goes on at ${new Date(untilMs).toISOString()}`,
    remedy: REMEDIES.waitForWindow.en,
    untilMs,
  };
}

export interface Circumstances {
  /** As it was before the try. */
  recording: Pick<RecordingRow, 'attempts' | 'lastError'>;
  keySource: KeySource;
  window: UploadWindow | null;
  nowMs: number;
}

export function standstillOf(
  outcome: Exclude<UploadOutcome, { kind: 'done' | 'failed' }>,
  { recording, keySource, window, nowMs }: Circumstances,
): Outcome {
  if (outcome.kind === 'restart') {
    return { kind: 'retryAt', code: outcome.code, message: 'the upload had to start from the beginning' };
  }
  const { code } = outcome;
  // COS's own id of the request: its support asks for it.
  const message = outcome.requestId === null ? outcome.message : `${outcome.message} (request ${outcome.requestId})`;
  const name = outcome.remedy && remedyFor(outcome.remedy, keySource);
  const remedy = name === null ? undefined : REMEDIES[name].en;
  const probeAfterMs = outcome.probeMs ?? BLOCKED_PROBE_MS;
  if (outcome.kind === 'blocked') return { kind: 'blocked', code, message, remedy: remedy ?? '', probeAfterMs };
  if (code === 'Paused') return outsideWindow(window, nowMs) ?? { kind: 'retryAt', afterMs: 0, code, message };
  const isAgain = recording.lastError?.startsWith(`${code}:`) ?? false;
  if (outcome.maxTries !== null && isAgain && recording.attempts + 1 >= outcome.maxTries) {
    return { kind: 'blocked', code, message, remedy: remedy ?? '', probeAfterMs };
  }
  return { kind: 'retryAt', afterMs: outcome.retryAfterMs ?? undefined, code, message, remedy };
}

/** Whoever has to change keys has to know whose. */
function remedyFor(name: RemedyName, keySource: KeySource): RemedyName {
  if (name === 'allowPolicy' && keySource === 'temporary') return 'checkToken';
  if (name !== 'checkKeys' && name !== 'newToken') return name;
  if (keySource === 'box') return 'changeBoxKeys';
  return keySource === 'temporary' ? 'newToken' : 'changeRequestKeys';
}
