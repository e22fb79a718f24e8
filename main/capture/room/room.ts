import type { I420Frame, PcmBlock, StreamKind } from '../mix/types.ts';

/** Why the recorder is no longer in the room (SDK `onExitRoom` 0, 1, 2). */
export type ExitReason = 'left' | 'kicked' | 'dissolved';

export interface RoomParams {
  sdkAppId: number;
  /** Integer room; wins over `strRoomId` when both are given. */
  roomId?: number | undefined;
  strRoomId?: string | undefined;
  userId: string;
  /** Secret: never logged. */
  userSig: string;
  /** TRTCAppScene: only in `live` and `voiceChatRoom` is an audience member invisible to others. */
  scene: 'live' | 'videoCall' | 'audioCall' | 'voiceChatRoom';
}

/**
 * What a room tells the recorder. Calls arrive one at a time on the capture process's event loop.
 * `onVideo` and `onAudio` hand over buffers that the SDK overwrites afterwards: consume them before returning, never throw.
 */
export interface RoomListener {
  /** The room was entered; `tookMs` as measured by the SDK. */
  onEntered(tookMs: number): void;
  /** Entering was refused; `code` is the SDK's negative error code, `message` its text. */
  onEnterFailed(code: number, message: string): void;
  /** The recorder is out of the room. Comes at most once. */
  onExited(reason: ExitReason): void;
  /** An anchor entered (in LIVE the SDK reports anchors only). */
  onUserEntered(userId: string): void;
  onUserLeft(userId: string, reason: 'left' | 'timeout' | 'kicked' | 'becameAudience'): void;
  onVideoAvailable(userId: string, stream: StreamKind, available: boolean): void;
  onAudioAvailable(userId: string, available: boolean): void;
  /** `timestampMs` is the sender's; only differences within a stream count, and 0 when there is none. */
  onVideo(userId: string, stream: StreamKind, frame: I420Frame, timestampMs: number): void;
  onAudio(userId: string, block: PcmBlock): void;
  /** A frame the recorder could not use (odd size, length that does not match the size). */
  onFrameDropped(userId: string, stream: StreamKind, why: 'oddSize' | 'badLength'): void;
  onConnection(state: 'lost' | 'reconnecting' | 'recovered'): void;
  /** Not proof of an end: only `onExited` is. */
  onProblem(level: 'warning' | 'error', code: number, message: string): void;
}

/** One entered room. Implemented over the SDK's JavaScript; whether rooms are real or simulated is decided below it, at the native addon. */
export interface Room {
  /** Starts entering as audience. The answer comes as `onEntered` or `onEnterFailed`; the caller keeps its own deadline. */
  enter(params: RoomParams): void;
  /** Starts receiving a user's pictures. Harmless when already subscribed. */
  subscribe(userId: string, stream: StreamKind): void;
  /** Stops receiving a user's pictures. Harmless when not subscribed. */
  unsubscribe(userId: string, stream: StreamKind): void;
  /** Leaves; resolves when the SDK confirmed or after `timeoutMs`, whichever is first. Harmless when not in the room. */
  exit(timeoutMs: number): Promise<'confirmed' | 'timeout'>;
  /** Destroys the SDK instance. Call after `exit`; nothing is reported afterwards. */
  dispose(): void;
  /** SDK version, and whether the native addon is the real one. */
  readonly about: { sdkVersion: string; simulated: boolean };
}
