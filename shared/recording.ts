/** Words for a recording's life that code, API, console and docs share. */

/**
 * accepted → joining → waiting (in the room, no anchor yet) → recording → finalizing → uploading → notifying → done | failed.
 * A failed recording also passes through `notifying`: its caller is told.
 */
export const RECORDING_STATES = [
  'accepted',
  'joining',
  'waiting',
  'recording',
  'finalizing',
  'uploading',
  'notifying',
  'done',
  'failed',
] as const;
export type RecordingState = (typeof RECORDING_STATES)[number];

/** States in which a capture process should be running. */
export const CAPTURING_STATES = [
  'accepted',
  'joining',
  'waiting',
  'recording',
] as const satisfies readonly RecordingState[];
export const TERMINAL_STATES = ['done', 'failed'] as const satisfies readonly RecordingState[];

/**
 * Why a recording ended: room dissolved, recorder removed from the room, no anchor for the idle limit, maximum length,
 * stopped by API/tray/console, disk reserve reached, the box was shut down, or an error (see the failure).
 */
export const END_REASONS = [
  'dissolved',
  'kicked',
  'idle',
  'maxLength',
  'stopped',
  'disk',
  'shutdown',
  'error',
] as const;
export type EndReason = (typeof END_REASONS)[number];

/** 10 mixed audio → MP3, 11 mixed video → MP4 without sound, 12 mixed audio and video → MP4; 00, 01, 02 the same per user. */
export const MODES = ['10', '11', '12', '00', '01', '02'] as const;
export type Mode = (typeof MODES)[number];

/** Which media a mode records: the second digit, 0 sound, 1 pictures, 2 both. */
export function mediaOf(mode: Mode): { video: boolean; audio: boolean } {
  return { video: !mode.endsWith('0'), audio: !mode.endsWith('1') };
}

/** How the mixed picture is shared out: equal cells, the loudest user large, or a shared screen large while there is one. */
export const LAYOUTS = ['grid', 'speaker', 'screen'] as const;
export type Layout = (typeof LAYOUTS)[number];

/** What a file holds: everybody mixed, one user's camera and voice, or one user's shared screen. */
export const FILE_STREAMS = ['mix', 'main', 'sub'] as const;
export type FileStream = (typeof FILE_STREAMS)[number];

/** A stretch of the timeline for which nothing could be recorded; held picture and silence stand in for it unless `cut`. */
export interface Gap {
  /** Milliseconds on the recording's timeline. */
  atMs: number;
  durationMs: number;
  reason: 'encoderDied' | 'captureDied' | 'boxDown' | 'connectionLost' | 'segmentLost';
  /** True when the stretch was left out of the file because it was longer than the fill limit. */
  cut: boolean;
}

/** One stay of a participant in the room; a participant who enters twice has two. */
export interface ParticipantStay {
  userId: string;
  /** Milliseconds on the recording's timeline. */
  enteredAtMs: number;
  leftAtMs: number | null;
  /** Slot 0…5, or null while six others are being recorded. */
  slot: number | null;
}
