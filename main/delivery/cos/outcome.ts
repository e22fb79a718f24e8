import type { Classification } from './classify.ts';
import type { CosError } from './cos-error.ts';

/** How one attempt to upload one file ended. */
export type UploadOutcome =
  /** COS holds the file: its HEAD shows our size and our CRC-64. */
  | { kind: 'done'; etag: string; crc64: string; bytes: number; requestId: string | null }
  /**
   * Try again after a pause. `progressBytes` were newly acknowledged in this attempt: a caller that lengthens its pauses begins anew when
   * it is not 0. `slow`: the line did not keep up, use fewer parts at once.
   */
  | {
      kind: 'later';
      code: string;
      message: string;
      remedy: string;
      retryAfterMs: number | null;
      progressBytes: number;
      slow: boolean;
      requestId: string | null;
    }
  /** Nothing helps until a person acts; look again from time to time. */
  | { kind: 'blocked'; code: string; message: string; remedy: string; requestId: string | null }
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
    progressBytes,
    slow: why.slow,
    requestId,
  };
}

export function blockedOutcome(why: Classification, error: CosError): UploadOutcome {
  const { code, message, requestId } = error;
  return { kind: 'blocked', code, message, remedy: why.remedy, requestId };
}

export function failedOutcome(error: CosError): UploadOutcome {
  return { kind: 'failed', code: error.code, message: error.message, requestId: error.requestId };
}
