import type { HardwareEncoder } from '../../shared/encoders.ts';
import type { EndReason, Gap } from '../../shared/recording.ts';
import type { RoomParams } from './room/room.ts';
import type { SeenUser } from './roster.ts';

/**
 * Messages between the main process and one capture process (Node IPC, JSON). Main sends `start` after `ready`; the child
 * heartbeats with `stats` every second; every wait on either side has a deadline. Raw media never travels here: a `picture` is a small
 * JPEG, and comes only while somebody looks.
 */

/**
 * An encoder of graphics hardware, or x264 in a recording that may also have segments of one: its headers are then numbered so that both
 * fit into one file.
 */
export type PictureCoder = HardwareEncoder | 'standIn';

export interface VideoSettings {
  /** Canvas size in pixels, even. */
  width: number;
  height: number;
  fps: number;
  /** Absent for x264 alone. */
  coder?: PictureCoder;
  /** Of x264. */
  preset: string;
  /**
   * The preset that the recording was begun with, when `preset` is a lighter one: segments keep the headers of that one, so that they
   * fit into one file.
   */
  begunWithPreset?: string;
  crf: number;
  maxRateKbps: number;
  gopSeconds: number;
  /** How a picture meets its cell: whole with borders, or filling with the overhang cut off. */
  fit: 'fit' | 'fill';
  /** `#rrggbb` behind and between pictures. */
  background: string;
}

/** What belongs on the canvas beside the pictures; all off by default. */
export interface DressingSettings {
  /** A name under each picture. */
  nameStrip: boolean;
  /** Date and time of day in a corner. */
  stamp: boolean;
  /** IANA time zone of the stamp; null for the machine's own. */
  stampTimeZone: string | null;
  /** A tile with the name for a recorded user in the room whose camera is off. */
  placeholder: boolean;
  /** Image file blended into a corner; null for none. */
  watermarkPath: string | null;
}

/** How the canvas is shared out: equal cells, the loudest large, or a shared screen large while there is one (also in the others). */
export type LayoutName = 'grid' | 'speaker' | 'screen';

/**
 * One file in the making: the mix, or one user's camera and voice (`main`), or his shared screen (`sub`). User ids have no colon.
 */
export type OutputName = 'mix' | `main:${string}` | `sub:${string}`;

export interface AudioSettings {
  /** AAC bit rate in modes with pictures. */
  aacKbps: number;
  /** MP3 bit rate in mode 10. */
  mp3Kbps: number;
}

export interface CaptureLimits {
  enterTimeoutMs: number;
  exitTimeoutMs: number;
  /** No anchor in the room for this long ends the recording. */
  idleMs: number;
  maxLengthMs: number;
  /** A hole in the timeline up to this long is filled with held picture and silence; a longer one is cut out. */
  fillGapMs: number;
  /** A connection lost for longer than this is given up: the process leaves, and the next one enters anew. */
  connectionLostMs: number;
  /** How long a recorder that was in the room tries to come back while line or service are away. */
  reenterMs: number;
}

/** Where rooms come from. `simulated` swaps the SDK's native addon, nothing above it. */
export type RoomsSource =
  | { kind: 'trtc' }
  | {
      kind: 'simulated';
      scenarioPath: string;
      /** File that remembers when this recording first entered, so that a room goes on while the capture process is away. */
      statePath: string;
    };

/** Why nobody recorded before a process came back: the box was down, the capture process was gone, or it left to enter anew. */
export type Absence = Extract<Gap['reason'], 'boxDown' | 'captureDied' | 'connectionLost'>;

/** What a recording's next process has to know of the earlier ones. */
export interface Resume {
  /** Wall clock of t=0, ms since 1970. */
  t0EpochMs: number;
  /** How much wall-clock time was left out of the timeline until now: the timeline is that much shorter. */
  cutMs: number;
  /** Where on the timeline the readable media of the whole recording ends. */
  timelineMs: number;
  /** How far the timeline is known to have come; more than `timelineMs` when the last moments, or files, were lost. */
  knownMs: number;
  /** Where the readable media of each output ends that has any. */
  outputs: { output: OutputName; timelineMs: number }[];
  absence: Absence;
}

export interface CaptureJob {
  recordingId: string;
  room: RoomParams;
  rooms: RoomsSource;
  /** Which media: the second digit of the mode. */
  media: { video: boolean; audio: boolean };
  /** Which files: modes 1x make the mix, modes 0x (and AlsoSingle) one per user and screen. At least one is true. */
  outputs: { mix: boolean; singles: boolean };
  isReserve: boolean;
  layout: LayoutName;
  dressing: DressingSettings;
  /** Names to show for user ids; whoever is not listed is shown by his id. */
  names: Record<string, string>;
  video: VideoSettings;
  audio: AudioSettings;
  limits: CaptureLimits;
  /** Directory of this recording; segment files are created in it. */
  directory: string;
  ffmpeg: {
    path: string;
    /** Whether `-fps_mode` is understood (older builds have `-vsync`). */
    hasFpsMode: boolean;
  };
  /** How an encoder of graphics hardware failed an earlier process of this recording; x264 encodes it since then. */
  hardwareFailure: HardwareFailure | null;
  /** Number of the first segment this process may open. */
  nextSegment: number;
  /** Null for the first process of a recording. */
  resume: Resume | null;
  /** With IsReserve: whose the slots are from an earlier process of this recording, null where free. Empty for the first process. */
  slotOwners: (string | null)[];
  /** Wall clock since when nobody with media rights is in the room, as an earlier process saw it; null when somebody was there. */
  idleSinceEpochMs: number | null;
}

export type ToCapture =
  | { type: 'start'; job: CaptureJob }
  | { type: 'stop'; reason: Extract<EndReason, 'stopped' | 'shutdown' | 'disk'> }
  /** Somebody looks: a `picture` every second for this long. Told again before it is over, it goes on. */
  | { type: 'watch'; forMs: number };

/** One user as a watcher sees him. */
export interface ParticipantLive extends SeenUser {
  /** Loudest 20 ms of the last second in decibels of full scale; null when nothing was heard. */
  levelDb: number | null;
  talking: boolean;
}

/** What is told to those who watch a recording; made anew with each heartbeat. */
export interface CaptureLive {
  /** Of the mix, as in `ParticipantLive`; also null when no mix is made. */
  levelDb: number | null;
  participants: ParticipantLive[];
  /** What the encoders took in of what was due over the last seconds: 1 when they keep up. Null at the beginning. */
  encoderSpeed: number | null;
}

/** An encoder of graphics hardware that did not start or died; x264 encodes the recording in its place. */
export interface HardwareFailure {
  encoder: HardwareEncoder;
  /** Since when, on the timeline. */
  sinceMs: number;
}

/** What a recording gets while the machine is too slow for what was set. */
export interface CaptureRelief {
  /** Null while an encoder of graphics hardware is at work, which has no presets. */
  preset: string | null;
  /** Pictures a second, which need not be a whole number. */
  fps: number;
  /** Since when, on the timeline. */
  sinceMs: number;
}

export interface CaptureStats {
  /** Length on the timeline. */
  timelineMs: number;
  picturesSent: number;
  picturesSkipped: number;
  framesReceived: number;
  framesDropped: number;
  audioBlocksReceived: number;
  /** Since when, on the timeline, no sound comes although somebody sends some; null while all is well. */
  soundMissingSinceMs: number | null;
  /** Pictures handed to ffmpeg but not yet read by it. */
  pipeBacklogBytes: number;
  segmentBytes: number;
  /** How pictures are encoded while the encoder cannot keep up as they should be; null as long as it can. */
  relief: CaptureRelief | null;
  hardwareFailure: HardwareFailure | null;
  participantsInRoom: number;
  participantsRecorded: number;
  encoder: string;
  live: CaptureLive;
}

export type FromCapture =
  | { type: 'ready'; pid: number }
  | {
      type: 'entered';
      t0EpochMs: number;
      tookMs: number;
      simulated: boolean;
      sdkVersion: string;
      /** Null in the first process. Otherwise all that was left out of the timeline, and when an earlier process last saw the room. */
      resumed: { cutMs: number; lastSeenMs: number } | null;
    }
  | { type: 'enterFailed'; code: number; message: string }
  /** `anchors`: how many users with media rights are in the room now. */
  | {
      type: 'participant';
      change: 'entered' | 'left' | 'slot';
      userId: string;
      atMs: number;
      slot: number | null;
      anchors: number;
    }
  | { type: 'firstMedia'; atMs: number }
  | { type: 'segmentOpened'; segment: number; output: OutputName; file: string; startMs: number }
  | { type: 'segmentClosed'; segment: number; bytes: number; clean: boolean }
  | { type: 'gap'; gap: Gap }
  /** From now on pictures are encoded otherwise than before: lighter, or `relief` null as they should be. */
  | { type: 'relieved'; relief: CaptureRelief | null; atMs: number }
  /** From now on x264 encodes what is begun; `description` is how the encoder of graphics hardware ended. Told once. */
  | { type: 'hardwareFailed'; failure: HardwareFailure; description: string }
  | { type: 'connection'; state: 'lost' | 'reconnecting' | 'recovered'; atMs: number }
  /** Somebody who is recorded sends sound, and since `atMs` none comes; or it comes again. */
  | { type: 'sound'; state: 'missing' | 'back'; atMs: number }
  | { type: 'stats'; stats: CaptureStats }
  /** The canvas as it is now, as JPEG in base64. */
  | { type: 'picture'; jpeg: string }
  /** The SDK warned; sent for the first and, with the count so far, for every power of two of one code. */
  | { type: 'sdkProblem'; level: 'warning' | 'error'; code: number; text: string; count: number; atMs: number }
  | { type: 'log'; level: 'debug' | 'info' | 'warn' | 'error'; message: string; data?: Record<string, unknown> }
  /** Last message of a process that gave its connection up: segments are closed and synced, and a successor is to enter anew. */
  | { type: 'leftToReenter'; timelineMs: number }
  /** Last message: segments are closed and synced, the process exits with 0 afterwards. */
  | { type: 'ended'; reason: EndReason; code: number | null; message: string | null; timelineMs: number };
