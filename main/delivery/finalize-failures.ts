import type { MediaFileRow, RecordingRow } from '../store/rows.ts';
import type { Outcome } from './steps.ts';

type Failed = Extract<Outcome, { kind: 'failed' }>;

/** A segment as it lies on the disk; null when it is not there. */
export interface FoundSegment {
  bytes: number | null;
}

/**
 * Why a recording has no file, as it was: what ended it, a room that sent nothing, or segments that are missing, empty or unreadable.
 * Its segments stay in its folder.
 */
export function whyNothing(recording: RecordingRow, segments: readonly FoundSegment[]): Failed {
  const { failureCode, failureMessage, endReason, firstMediaAtMs } = recording;
  if (failureCode !== null) return failed(failureCode, failureMessage ?? failureCode);
  const end = `(the recording ended with: ${endReason})`;
  if (firstMediaAtMs === null) {
    return failed('NO_MEDIA', `the room gave no picture and no sound until the end (${endReason})`);
  }
  const there = segments.filter(({ bytes }) => bytes !== null);
  const all = segments.length === 1 ? 'the only segment' : `all ${segments.length} segments`;
  if (segments.length === 0) return failed('SEGMENTS_LOST', `the room gave media, but no segment was written ${end}`);
  if (there.length === 0) return failed('SEGMENTS_LOST', `${all} of the recording are missing on the disk ${end}`);
  if (there.every(({ bytes }) => bytes === 0)) {
    return failed('SEGMENTS_EMPTY', `the encoder wrote nothing: ${all} on the disk are empty ${end}`);
  }
  return failed('SEGMENTS_UNREADABLE', `${all} on the disk hold no picture and no sound that can be read ${end}`);
}

/** Why none of the files that were made, or were to be made, can be delivered; null when at least one can. */
export function whyNoFile(files: readonly MediaFileRow[]): Failed | null {
  const [first] = files;
  if (!first || files.some(({ state }) => state !== 'failed')) return null;
  const code = first.failureCode ?? 'FILE_FAILED';
  return { kind: 'failed', code, message: first.message ?? code, failureKind: 'transcoding' };
}

function failed(code: string, message: string): Failed {
  return { kind: 'failed', code, message, failureKind: 'recording' };
}

/** Segments that do not fit each other wait for an encoder. */
export const FFMPEG_MISSING = {
  kind: 'blocked',
  code: 'FFMPEG_MISSING',
  message: 'no working ffmpeg was found to encode segments anew that do not fit each other',
  remedy: 'Install ffmpeg or set FFMPEG_PATH, then start the box again; the recording is safe in its segments.',
  probeAfterMs: 60_000,
} as const satisfies Outcome;
