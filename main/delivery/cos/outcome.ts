import type { RemedyName } from '../../../shared/texts/remedies.ts';
import type { Classification } from './classify.ts';
import type { CosError } from './cos-error.ts';

/** How one attempt to upload one file ended. */
export type UploadOutcome =
  /** COS holds the file: its HEAD shows our size and our CRC-64. */
  | { kind: 'done'; etag: string; crc64: string; bytes: number; requestId: string | null }
  /**
   * Try again after a pause. `progressBytes` were newly acknowledged in this attempt: a caller that lengthens its pauses begins anew when
   * it is not 0. `slow`: the line did not keep up, use fewer and smaller parts. `maxTries`: after so many of the same in a row somebody
   * should look at it.
   */
  | {
      kind: 'later';
      code: string;
      message: string;
      remedy: RemedyName | null;
      retryAfterMs: number | null;
      maxTries: number | null;
      probeMs: number | null;
      progressBytes: number;
      slow: boolean;
      requestId: string | null;
    }
  /** Nothing helps until a person acts; look again from time to time. */
  | {
      kind: 'blocked';
      code: string;
      message: string;
      remedy: RemedyName | null;
      probeMs: number | null;
      requestId: string | null;
    }
  /** This file cannot be uploaded under this key. */
  | { kind: 'failed'; code: string; message: string; requestId: string | null }
  /** The journal is cleared; call again for an upload from the beginning. */
  | { kind: 'restart'; code: string };

/** `why` is the classification of `error`; `progressBytes` were acknowledged before it. */
export function laterOutcome(why: Classification, error: CosError, progressBytes: number): UploadOutcome {
  const { code, message, requestId } = error;
  return {
    kind: 'later',
    code,
    message,
    remedy: why.remedy,
    retryAfterMs: why.pauseMs,
    maxTries: why.maxTries,
    probeMs: why.probeMs,
    progressBytes,
    slow: why.slow,
    requestId,
  };
}

export function blockedOutcome(why: Classification, error: CosError): UploadOutcome {
  const { code, message, requestId } = error;
  return { kind: 'blocked', code, message, remedy: why.remedy, probeMs: why.probeMs, requestId };
}

export function failedOutcome(error: CosError): UploadOutcome {
  return { kind: 'failed', code: error.code, message: error.message, requestId: error.requestId };
}

export function headForbidden(): UploadOutcome {
  return {
    kind: 'blocked',
    code: 'HeadForbidden',
    message: 'COS took the file but does not let this key look at it',
    remedy: 'allowHead',
    probeMs: null,
    requestId: null,
  };
}
