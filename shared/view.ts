import type { CallbackEvent } from './callback-events.ts';
import type { EndReason, FileStream, Gap, Layout, Mode, ParticipantStay, RecordingState } from './recording.ts';
import type { Text } from './texts/language.ts';

/** What the API, the page and the console show of a recording. Holds no secret; times are ISO 8601 in UTC. */

/** The request as accepted, under its wire names, without UserSig and credentials. */
export interface RequestView {
  SdkAppId: number;
  /** Null when the room is a string room. */
  RoomId: number | null;
  /** Null when the room is an integer room. */
  StrRoomId: string | null;
  UserId: string;
  Mode: Mode;
  IsReserve: boolean;
  AlsoSingle: boolean;
  /** Null: as the box is set. */
  Layout: Layout | null;
  Names: Readonly<Record<string, string>>;
  CosConfig: { Region: string; Bucket: string; Path: string };
  /** Without user name, password and query: see `urlForDisplay`. Null when the caller wants no callback. */
  Callback: string | null;
  /** Which events the caller wants beside the result. */
  Event: readonly CallbackEvent[];
}

/** `local`: safe on the box's disk, waiting; `failed`: there is no such file or COS refuses it for good. */
export type FileState = 'recording' | 'local' | 'uploading' | 'uploaded' | 'failed';

export interface FileView {
  /** Whose streams the file holds; in mixed modes the recorder's own user. */
  userId: string;
  stream: FileStream;
  /** Where on the recording's timeline the file begins. */
  startOffsetMs: number;
  /** Where the file is on the box; null while none has been finalized or once it was cleaned away. */
  localPath: string | null;
  /** When the local file was given up because COS is proven to hold it; null while it is on the box. */
  evictedAt: string | null;
  bytes: number;
  durationMs: number;
  objectKey: string;
  /** Address of the object in COS; it answers only once `state` is `uploaded`. */
  url: string;
  uploadedBytes: number;
  /** CRC-64/XZ as an unsigned decimal, the form COS uses; null until computed. */
  crc64: string | null;
  /** Lower-case hexadecimal; null when it was not computed. */
  sha256: string | null;
  state: FileState;
}

/** One entry of `Files` in the result; the first four keys are the contract, the others are additions. */
export interface ResultFile {
  UserId: string;
  RecordFile: string;
  /** 0 failure, 1 success. */
  Status: 0 | 1;
  Message: string;
  Stream?: FileStream;
  /** Where the file begins, after the moment that all files of the recording share as their time 0. */
  StartOffsetMs?: number;
  DurationMs?: number;
  Bytes?: number;
  Crc64?: string;
}

/** What the caller is told at the end, by API and Callback; the first five keys are the contract, the others are additions. */
export interface ResultView {
  SdkAppId: string;
  RoomId: string;
  UserId: string;
  StrRoomId: string;
  Files: ResultFile[];
  [addition: string]: unknown;
}

/** `parked`: given up after the configured time; it can be sent again by hand. */
export type CallbackDeliveryState = 'pending' | 'delivered' | 'parked';

/** One message on its way to the caller. */
export interface CallbackDeliveryView {
  /** Null for the result. */
  event: string | null;
  /** The same in every try: header `x-delivery-id`. */
  deliveryId: string;
  state: CallbackDeliveryState;
  attempts: number;
  /** Null when it is due now, waits for the one before it, or is over. */
  nextAttemptAt: string | null;
  /** HTTP status of the last answer; null when there was none. */
  lastStatus: number | null;
  lastError: string | null;
  createdAt: string;
  endedAt: string | null;
}

/** Something that somebody should know although the recording goes on. */
export interface RecordingWarning {
  code: 'USERSIG_EXPIRES';
  /** When it becomes a trouble. */
  at: string;
  message: Text;
}

/** What may be shown of the box's own COS credentials; the keys themselves are never read back. */
export interface CosCredentialsView {
  /** `stored`: given at run time; `environment`: from RECORDER_COS_SECRET_ID and RECORDER_COS_SECRET_KEY. */
  source: 'stored' | 'environment' | 'none';
  /** First and last characters. */
  secretId: string | null;
  /** When they were stored. */
  setAt: string | null;
}

/** Why the next try of a step is still to come, although nobody has to do anything. */
export interface Waiting {
  code: string;
  message: string;
  /** What might help; empty when nothing can be done. */
  remedy: string;
  /** When the step goes on, where that is known (`UPLOAD_WINDOW`). */
  until: string | null;
}

/** Why delivery stands still until somebody changes something. */
export interface Blocked {
  code: string;
  message: string;
  remedy: string;
}

export interface RecordingView {
  /** UUID; the caller also gets it as `x-scf-reqid`. */
  id: string;
  state: RecordingState;
  /** True when the room was a simulation: the file shows no real room. */
  simulated: boolean;
  createdAt: string;
  /** t=0 of the timeline; null until the room was entered. */
  startedAt: string | null;
  endedAt: string | null;
  endReason: EndReason | null;
  /** Length on the timeline so far. */
  durationMs: number;
  request: RequestView;
  participants: ParticipantStay[];
  files: FileView[];
  gaps: Gap[];
  /**
   * Pictures handed to the encoders, pictures left out because an encoder could not keep up (time stays right, the picture before lasts
   * longer), and frames from the room that could not be used. Over all files and processes, at most ten seconds old.
   */
  pictures: { sent: number; skipped: number; framesDropped: number };
  failure: { code: string; message: string } | null;
  /** Tries of the step the recording is in now. */
  attempts: number;
  nextAttemptAt: string | null;
  blocked: Blocked | null;
  /** Null while the step is blocked, at work for the first time, or over. */
  waiting: Waiting | null;
  /** `CODE: text` of the last unsuccessful try of the step the recording is in now; entering the room counts as one. */
  lastError: string | null;
  warnings: RecordingWarning[];
  /** What the caller was told and is to be told by callback, in that order. */
  callbacks: CallbackDeliveryView[];
  /** Null until the recording has ended and its outcome is known. */
  result: ResultView | null;
}

/** What an address may show in a reply, a page or a log: no user name, no password, no query, no fragment. */
export function urlForDisplay(url: string): string {
  if (!URL.canParse(url)) {
    return '(not a URL)';
  }
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  shown.search = '';
  shown.hash = '';
  return shown.href;
}
