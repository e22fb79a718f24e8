import type { CallbackEvent } from '../../shared/callback-events.ts';
import type {
  EndReason,
  FileStream,
  Gap,
  Layout,
  Mode,
  ParticipantStay,
  RecordingState,
} from '../../shared/recording.ts';
import type { CallbackDeliveryState, FileState } from '../../shared/view.ts';
import type { OutputName } from '../capture/messages.ts';
import type { FailureKind } from '../recordings/transitions.ts';

/** Rows as the store hands them out. Times ending in `AtMs` are wall clock (ms since 1970) unless said otherwise. */

/** How the work ended, known from the moment a recording enters `notifying`. */
export type RecordingOutcome = 'delivered' | 'failed';

export interface RecordingRow {
  /** UUID, behind the name of the box where it has one; the `RequestId` of the contract. */
  id: string;
  state: RecordingState;
  createdAtMs: number;
  sdkAppId: number;
  /** Integer room, or null when `strRoomId` names the room. Exactly one of the two is set. */
  roomId: number | null;
  strRoomId: string | null;
  /** The recorder's own user. */
  userId: string;
  mode: Mode;
  isReserve: boolean;
  /** One file per user beside the mix. */
  alsoSingle: boolean;
  /** Null in recordings from before there was a choice: as the box is set. */
  layout: Layout | null;
  /** JSON object of names to show, by user id. */
  namesJson: string;
  /** As given by the caller: may carry credentials in its user part or query, so it is shown only through `urlForDisplay`. */
  callbackUrl: string | null;
  cosRegion: string;
  cosBucket: string;
  cosPath: string;
  /** True when the request brought no SecretId/SecretKey, so that the box's own COS credentials are used. */
  usesStoredCredentials: boolean;
  /** True when the room is a simulated one. */
  simulated: boolean;
  /** Wall clock of t=0 of the timeline; null until the room was entered for the first time. */
  startedAtMs: number | null;
  /** Wall clock at which the request's UserSig expires; null when it could not be read from it. */
  userSigExpiresAtMs: number | null;
  /** When the recording stopped recording. */
  endedAtMs: number | null;
  /** Length recorded so far, on the timeline. */
  timelineMs: number;
  /** Wall-clock time that was left out of the timeline, because nobody recorded for longer than may be filled. */
  cutMs: number;
  endReason: EndReason | null;
  /** Why somebody asked to stop; the first request wins. */
  stopRequested: EndReason | null;
  /** When the first picture or sound arrived, on the timeline. */
  firstMediaAtMs: number | null;
  /** When the last anchor left, or null while somebody is there; survives the capture process for the idle limit. */
  idleSinceAtMs: number | null;
  /** How often a capture process was started. */
  captureAttempts: number;
  /** Over all capture processes and all files: pictures that went to an encoder, and those left out because it was too slow. */
  picturesSent: number;
  picturesSkipped: number;
  /** Over all capture processes: participants' pictures that arrived, and those of them that could not be used. */
  framesReceived: number;
  framesDropped: number;
  outcome: RecordingOutcome | null;
  failureKind: FailureKind | null;
  failureCode: string | null;
  failureMessage: string | null;
  /** Tries of the current delivery step since it last made progress. */
  attempts: number;
  /** When the current delivery step is tried next; null means at once. */
  nextAtMs: number | null;
  /** Set while the step waits for somebody to correct something; it is probed again at `nextAtMs` nevertheless. */
  blockedCode: string | null;
  /** What that somebody should do. */
  blockedRemedy: string | null;
  /** `CODE: text` of the last unsuccessful try of the current step. */
  lastError: string | null;
  /** What somebody might do about a step that is to be tried again but is not blocked. */
  waitRemedy: string | null;
  /** When a step that waits for an hour of the day goes on; `nextAtMs` may be earlier, to look at the clock again. */
  waitUntilAtMs: number | null;
  /** Since when it waits for what `lastError` says, over all tries that say the same; null while it goes its way. */
  waitingSinceAtMs: number | null;
  /** How far uploads of this recording were slowed down for a bad line; 0 is full speed. See `paceOf`. */
  uploadPace: number;
  updatedAtMs: number;
}

/** What may be changed of a recording after it was accepted; the state itself changes only through `move`. */
export type RecordingPatch = Partial<
  Pick<
    RecordingRow,
    | 'startedAtMs'
    | 'endedAtMs'
    | 'timelineMs'
    | 'cutMs'
    | 'endReason'
    | 'stopRequested'
    | 'firstMediaAtMs'
    | 'idleSinceAtMs'
    | 'captureAttempts'
    | 'picturesSent'
    | 'picturesSkipped'
    | 'framesReceived'
    | 'framesDropped'
    | 'outcome'
    | 'failureKind'
    | 'failureCode'
    | 'failureMessage'
    | 'attempts'
    | 'nextAtMs'
    | 'blockedCode'
    | 'blockedRemedy'
    | 'lastError'
    | 'waitRemedy'
    | 'waitUntilAtMs'
    | 'waitingSinceAtMs'
    | 'uploadPace'
    | 'simulated'
  >
>;

/** An accepted request, without its secrets. */
export interface NewRecording {
  sdkAppId: number;
  /** Wins over `strRoomId` when both are given. */
  roomId?: number | null | undefined;
  strRoomId?: string | null | undefined;
  userId: string;
  mode: Mode;
  isReserve: boolean;
  alsoSingle?: boolean | undefined;
  layout?: Layout | null | undefined;
  names?: Readonly<Record<string, string>> | undefined;
  callbackUrl?: string | null | undefined;
  /** Which events the caller wants beside the result. */
  events?: readonly CallbackEvent[] | undefined;
  /** Null when it cannot be read from the UserSig. */
  userSigExpiresAtMs?: number | null | undefined;
  cosRegion: string;
  cosBucket: string;
  cosPath: string;
  simulated: boolean;
}

/** Secrets of one recording; kept sealed, deleted when the recording has ended. */
export interface RecordingSecrets {
  userSig: string;
  /** Null when the box's own COS credentials are used. */
  secretId: string | null;
  secretKey: string | null;
  token: string | null;
}

/** One stay of a participant. Times are milliseconds on the recording's timeline. */
export interface StayRow extends ParticipantStay {
  recordingId: string;
}

export interface SegmentRow {
  recordingId: string;
  /** 0, 1, 2 … in the order of their opening, over all outputs of the recording. */
  segment: number;
  /** Which file it becomes a part of. */
  output: OutputName;
  /** Name or path as the capture process reported it. */
  file: string;
  /** Where the segment begins on the timeline. */
  startMs: number;
  /** Null while the segment is open, or when its process died before closing it. */
  bytes: number | null;
  /** True when the encoder ended by itself and everything was synced; null while open. */
  clean: boolean | null;
  openedAtMs: number;
  closedAtMs: number | null;
}

export interface GapRow extends Gap {
  recordingId: string;
}

/** `manifest`: the document about the others, which is uploaded like them but is no file of the result. */
export type FileRowStream = FileStream | 'manifest';

/** A row of a file with media. */
export type MediaFileRow = FileRow & { stream: FileStream };

/** What the SDK warned of. */
export interface SdkProblemRow {
  recordingId: string;
  level: 'warning' | 'error';
  code: number;
  /** As it was worded last. */
  text: string;
  /** Over all capture processes; those since the last message of a process that died are missing. */
  count: number;
}

export interface FileRow {
  recordingId: string;
  /** 0 for the mixed file when there is one, otherwise for the user who came first. */
  fileIndex: number;
  /** Recorded user; the recorder's own user in a mixed file. */
  userId: string;
  stream: FileRowStream;
  /** Where on the recording's timeline the file begins. */
  startOffsetMs: number;
  localPath: string;
  bytes: number;
  durationMs: number;
  objectKey: string;
  /** URL of the object as given to callers. */
  url: string;
  uploadedBytes: number;
  /** CRC-64/XZ, decimal; null until known. */
  crc64: string | null;
  /** Lower-case hexadecimal; null when it was not computed. */
  sha256: string | null;
  etag: string | null;
  state: FileState;
  /** Why the file failed for good; null otherwise. */
  failureCode: string | null;
  /** The same in words, for the result. */
  message: string | null;
  /** When the local file was given up because COS holds it; null while it is on the disk. */
  evictedAtMs: number | null;
}

/** `parked`: given up after the configured time; the body stays here, can be sent again, and the result be fetched through the API. */
export type CallbackState = CallbackDeliveryState;

/** One result or event on its way to the caller (an outbox row). */
export interface CallbackRow {
  recordingId: string;
  /** UUID, the same in every try, so that a receiver can tell a repetition. */
  deliveryId: string;
  /** Name of the event; null for the result, of which a recording has one. */
  event: string | null;
  url: string;
  /** JSON text, frozen when the row is written: every try sends the same bytes. */
  body: string;
  /** Tries over all, those before a resending included. */
  attempts: number;
  state: CallbackState;
  /** When it is tried next; null means at once. */
  nextAtMs: number | null;
  /** Since when the receiver answers without taking it, or takes the connection and does not answer; null while nobody is there. */
  refusedSinceAtMs: number | null;
  lastStatus: number | null;
  lastError: string | null;
  createdAtMs: number;
  /** From when the time to give up counts: its creation, or when it was last asked to be sent again. */
  queuedAtMs: number;
  endedAtMs: number | null;
}

export interface EventRow {
  /** Grows by at least one per event, over all recordings. */
  seq: number;
  atMs: number;
  /** Null for events of the box itself. */
  recordingId: string | null;
  type: string;
  data: Record<string, unknown>;
}

export interface IdempotencyRow {
  key: string;
  bodyHash: string;
  recordingId: string;
  createdAtMs: number;
}

/** One try to send an outbox row. */
export interface CallbackTryRow {
  deliveryId: string;
  /** 1, 2, … over the whole life of the row, resendings included. */
  attempt: number;
  /** When it began. */
  atMs: number;
  tookMs: number;
  /** HTTP status of the answer; null when there was none. */
  status: number | null;
  /** Why it was not taken; null when it was. */
  error: string | null;
  /** The first characters of the answer's body; null when there were none. */
  answer: string | null;
}

/** A row that could not be read, kept as it was. */
export interface QuarantineRow {
  id: number;
  tableName: string;
  rowKey: string;
  reason: string;
  /** The raw row as JSON. */
  content: string;
  atMs: number;
}
