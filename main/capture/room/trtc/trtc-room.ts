import type { StreamKind } from '../../mix/types.ts';
import type { RoomLog } from '../log.ts';
import type { ExitReason, Room, RoomListener, RoomParams } from '../room.ts';
import { isEvenSize, toPcmBlock, toRotation } from './media-checks.ts';
import type { TrtcSdk } from './sdk.ts';

type Cloud = InstanceType<TrtcSdk['default']>;
type StreamType = Parameters<Cloud['startRemoteView']>[2];
type VideoFrame = Parameters<
  NonNullable<Parameters<Cloud['setRemoteVideoRenderCallback']>[3]>['onRenderVideoFrame']
>[2];

export interface TrtcRoomOptions {
  simulated: boolean;
  log: RoomLog;
  /** Calls back once after `delayMs`; the result cancels. */
  after?: (delayMs: number, callback: () => void) => () => void;
}

const KINDS = ['main', 'sub'] as const satisfies readonly StreamKind[];
const EXIT_REASONS: Record<number, ExitReason> = { 0: 'left', 1: 'kicked', 2: 'dissolved' };
const LEAVE_REASONS = ['left', 'timeout', 'kicked', 'becameAudience'] as const;
/** How long a refusal waits for the `onError` that carries its text. */
const REFUSAL_TEXT_WAIT_MS = 100;

/**
 * A room over the SDK's JavaScript. The SDK is a singleton per process: dispose one room before making the next.
 * Pictures are received only from whom `subscribe` asked for, and again by themselves after the camera was off or the
 * user was away.
 */
export function createTrtcRoom(sdk: TrtcSdk, listener: RoomListener, options: TrtcRoomOptions): Room {
  return new TrtcRoom(sdk, listener, options);
}

/** What the recorder wants to see of a user, and what of it the SDK was told. */
interface Subscription {
  wanted: Set<StreamKind>;
  available: Set<StreamKind>;
  armed: Set<StreamKind>;
}

class TrtcRoom implements Room {
  readonly about: Room['about'];
  readonly #sdk: TrtcSdk;
  readonly #cloud: Cloud;
  readonly #listener: RoomListener;
  readonly #log: RoomLog;
  readonly #after: NonNullable<TrtcRoomOptions['after']>;
  readonly #users = new Map<string, Subscription>();
  #stage: 'outside' | 'entering' | 'inside' | 'leaving' | 'left' | 'disposed' = 'outside';
  #lastError: { code: number; message: string } | null = null;
  #isExitReported = false;
  #exit: Promise<'confirmed' | 'timeout'> | null = null;
  #onExitConfirmed: (() => void) | null = null;
  #reportsBadSound = true;

  constructor(sdk: TrtcSdk, listener: RoomListener, options: TrtcRoomOptions) {
    this.#sdk = sdk;
    this.#listener = listener;
    this.#log = options.log;
    this.#after = options.after ?? afterTimeout;
    this.#cloud = sdk.default.getTRTCShareInstance();
    this.#cloud.setLogLevel(sdk.TRTCLogLevel.TRTCLogLevelError);
    // Otherwise a hidden or slow page lowers the rate at which the SDK delivers pictures.
    this.#cloud.callExperimentalAPI(
      JSON.stringify({ api: 'disableLocalRenderFPSOptimization', params: { disable: true } }),
    );
    this.about = { sdkVersion: String(this.#cloud.getSDKVersion()), simulated: options.simulated };
    this.#listen();
  }

  enter(params: RoomParams): void {
    if (this.#stage !== 'outside') throw new Error(`cannot enter a room: ${this.#stage}`);
    this.#stage = 'entering';
    const cloud = this.#cloud;
    // Pictures only for whom they are asked for; both calls count only before entering.
    cloud.setDefaultStreamRecvMode(true, false);
    cloud.setAudioFrameCallback({
      ...noAudioCallbacks(),
      onPlayAudioFrame: (frame, userId) => this.#guard('onPlayAudioFrame', () => this.#onSound(frame, userId)),
    });
    const trtcParams = new this.#sdk.TRTCParams(params.sdkAppId, params.userId, params.userSig);
    trtcParams.roomId = params.roomId ?? 0;
    trtcParams.strRoomId = params.roomId ? '' : (params.strRoomId ?? '');
    trtcParams.role = this.#sdk.TRTCRoleType.TRTCRoleAudience;
    cloud.enterRoom(trtcParams, this.#sceneOf(params.scene));
  }

  subscribe(userId: string, stream: StreamKind): void {
    const user = this.#user(userId);
    if (user.wanted.has(stream)) return;
    user.wanted.add(stream);
    if (user.available.has(stream)) this.#arm(userId, user, stream);
  }

  unsubscribe(userId: string, stream: StreamKind): void {
    const user = this.#users.get(userId);
    if (!user?.wanted.delete(stream)) return;
    this.#disarm(userId, user, stream);
    this.#forgetIdle(userId, user);
  }

  exit(timeoutMs: number): Promise<'confirmed' | 'timeout'> {
    if (this.#exit) return this.#exit;
    if (this.#stage === 'outside' || this.#stage === 'disposed') return Promise.resolve('confirmed');
    this.#stage = 'leaving';
    this.#exit = new Promise((resolve) => {
      const cancel = this.#after(timeoutMs, () => resolve('timeout'));
      this.#onExitConfirmed = () => {
        cancel();
        resolve('confirmed');
      };
    });
    this.#disarmAll();
    // Also after the room put us out and after a refusal: the SDK wants each entering paired with a leaving.
    this.#guard('exitRoom', () => this.#cloud.exitRoom());
    return this.#exit;
  }

  dispose(): void {
    if (this.#stage === 'disposed') return;
    if (this.#stage === 'entering' || this.#stage === 'inside') void this.exit(0);
    this.#stage = 'disposed';
    this.#onExitConfirmed?.();
    this.#cloud.removeAllListeners();
    this.#guard('setAudioFrameCallback', () => this.#cloud.setAudioFrameCallback(noAudioCallbacks()));
    this.#guard('destroyTRTCShareInstance', () => this.#sdk.default.destroyTRTCShareInstance());
  }

  #listen(): void {
    const on = <A extends unknown[]>(name: string, handle: (...args: A) => void) => {
      this.#cloud.on(name, (...args: unknown[]) => {
        if (this.#stage !== 'disposed') this.#guard(name, () => handle(...(args as A)));
      });
    };
    on('onEnterRoom', (result: number) => this.#onEnterRoom(result));
    on('onExitRoom', (reason: number) => this.#onExitRoom(reason));
    on('onError', (code: number, message: string) => {
      this.#lastError = { code, message };
      this.#listener.onProblem('error', code, String(message));
    });
    on('onWarning', (code: number, message: string) => this.#listener.onProblem('warning', code, String(message)));
    on('onRemoteUserEnterRoom', (userId: string) => this.#listener.onUserEntered(userId));
    on('onRemoteUserLeaveRoom', (userId: string, reason: number) => this.#onUserLeft(userId, reason));
    on('onUserVideoAvailable', (userId: string, available: number) =>
      this.#onAvailable(userId, 'main', available === 1),
    );
    on('onUserSubStreamAvailable', (userId: string, available: number) => {
      this.#onAvailable(userId, 'sub', available === 1);
    });
    on('onUserAudioAvailable', (userId: string, available: number) => {
      this.#listener.onAudioAvailable(userId, available === 1);
    });
    on('onConnectionLost', () => this.#listener.onConnection('lost'));
    on('onTryToReconnect', () => this.#listener.onConnection('reconnecting'));
    on('onConnectionRecovery', () => this.#listener.onConnection('recovered'));
  }

  #onEnterRoom(result: number): void {
    if (this.#stage !== 'entering') return;
    if (result > 0) {
      this.#stage = 'inside';
      this.#listener.onEntered(result);
      return;
    }
    const refuse = () => {
      if (this.#stage !== 'entering') return;
      const text = this.#lastError?.code === result ? this.#lastError.message : `entering the room failed (${result})`;
      // Leaving afterwards is still due: `exit` pairs the call and the SDK answers it or not.
      this.#listener.onEnterFailed(result, text);
    };
    if (this.#lastError?.code === result) refuse();
    else this.#after(REFUSAL_TEXT_WAIT_MS, () => this.#guard('onEnterRoom', refuse));
  }

  #onExitRoom(reason: number): void {
    this.#disarmAll();
    if (this.#stage === 'leaving') this.#onExitConfirmed?.();
    this.#stage = 'left';
    // A second one, for instance the answer to our own leaving after we were removed, is of no interest.
    if (this.#isExitReported) return;
    this.#isExitReported = true;
    this.#listener.onExited(EXIT_REASONS[reason] ?? 'left');
  }

  #onUserLeft(userId: string, reason: number): void {
    const user = this.#users.get(userId);
    if (user) {
      // The SDK clears nothing on leaving, and without this a user who returns gets no new buffer.
      for (const stream of KINDS) {
        this.#guard('stopRemoteView', () => this.#cloud.stopRemoteView(userId, this.#typeOf(stream)));
      }
      user.armed.clear();
      user.available.clear();
      this.#setPictureCallback(userId, false);
      this.#forgetIdle(userId, user);
    }
    this.#listener.onUserLeft(userId, LEAVE_REASONS[reason] ?? 'left');
  }

  #onAvailable(userId: string, stream: StreamKind, available: boolean): void {
    const user = this.#user(userId);
    if (available) {
      user.available.add(stream);
      // The SDK dropped the buffer when the stream ended and does not make a new one by itself.
      if (user.wanted.has(stream)) this.#arm(userId, user, stream);
    } else {
      user.available.delete(stream);
      this.#forgetIdle(userId, user);
    }
    this.#listener.onVideoAvailable(userId, stream, available);
  }

  #arm(userId: string, user: Subscription, stream: StreamKind): void {
    if (this.#stage !== 'inside') return;
    const type = this.#typeOf(stream);
    this.#guard('startRemoteView', () => {
      if (user.armed.has(stream)) this.#cloud.stopRemoteView(userId, type);
      else if (user.armed.size === 0) this.#setPictureCallback(userId, true);
      this.#cloud.startRemoteView(userId, null, type);
      user.armed.add(stream);
    });
  }

  #disarm(userId: string, user: Subscription, stream: StreamKind): void {
    if (!user.armed.delete(stream)) return;
    this.#guard('stopRemoteView', () => this.#cloud.stopRemoteView(userId, this.#typeOf(stream)));
    if (user.armed.size === 0) this.#setPictureCallback(userId, false);
  }

  #disarmAll(): void {
    for (const [userId, user] of this.#users) {
      for (const stream of KINDS) this.#disarm(userId, user, stream);
    }
    this.#users.clear();
  }

  #setPictureCallback(userId: string, isOn: boolean): void {
    const { TRTCVideoPixelFormat: format, TRTCVideoBufferType: buffer } = this.#sdk;
    this.#guard('setRemoteVideoRenderCallback', () => {
      const result = isOn
        ? this.#cloud.setRemoteVideoRenderCallback(
            userId,
            format.TRTCVideoPixelFormat_I420,
            buffer.TRTCVideoBufferType_Buffer,
            {
              onRenderVideoFrame: (from, type, frame) => {
                this.#guard('onRenderVideoFrame', () => this.#onPicture(from, type, frame));
              },
            },
          )
        : this.#cloud.setRemoteVideoRenderCallback(
            userId,
            format.TRTCVideoPixelFormat_Unknown,
            buffer.TRTCVideoBufferType_Unknown,
            null,
          );
      if (result !== 0) this.#log('error', 'the SDK refused the picture callback', { userId, result });
    });
  }

  #onPicture(userId: string, type: number, frame: VideoFrame): void {
    const stream: StreamKind = type === this.#sdk.TRTCVideoStreamType.TRTCVideoStreamTypeSub ? 'sub' : 'main';
    if (this.#stage !== 'inside' || !this.#users.get(userId)?.armed.has(stream)) return;
    const { data, width, height } = frame;
    if (!isEvenSize(width, height)) {
      this.#listener.onFrameDropped(userId, stream, 'oddSize');
      return;
    }
    const bytes = (width * height * 3) / 2;
    if (!data || frame.length !== bytes || data.byteLength !== bytes) {
      this.#listener.onFrameDropped(userId, stream, 'badLength');
      return;
    }
    const pixels = ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, bytes)
      : new Uint8Array(data, 0, bytes);
    const picture = { data: pixels, width, height, rotation: toRotation(frame.rotation) };
    this.#listener.onVideo(userId, stream, picture, Number.isFinite(frame.timestamp) ? frame.timestamp : 0);
  }

  #onSound(frame: Parameters<typeof toPcmBlock>[0], userId: string): void {
    if (this.#stage !== 'inside') return;
    const block = toPcmBlock(frame);
    if (block) {
      this.#listener.onAudio(userId, block);
    } else if (this.#reportsBadSound) {
      this.#reportsBadSound = false;
      this.#log('warn', 'sound in a form that cannot be recorded is left out', {
        userId,
        sampleRate: frame.sampleRate,
        channels: frame.channel,
      });
    }
  }

  #user(userId: string): Subscription {
    const known = this.#users.get(userId);
    if (known) return known;
    const user: Subscription = { wanted: new Set(), available: new Set(), armed: new Set() };
    this.#users.set(userId, user);
    return user;
  }

  /** Rooms go on for days: whoever is not wanted and not sending is not kept in mind. */
  #forgetIdle(userId: string, user: Subscription): void {
    if (user.wanted.size === 0 && user.available.size === 0 && user.armed.size === 0) this.#users.delete(userId);
  }

  #typeOf(stream: StreamKind): NonNullable<StreamType> {
    const { TRTCVideoStreamType: type } = this.#sdk;
    return stream === 'main' ? type.TRTCVideoStreamTypeBig : type.TRTCVideoStreamTypeSub;
  }

  #sceneOf(scene: RoomParams['scene']): Parameters<Cloud['enterRoom']>[1] {
    const { TRTCAppScene } = this.#sdk;
    switch (scene) {
      case 'live':
        return TRTCAppScene.TRTCAppSceneLIVE;
      case 'voiceChatRoom':
        return TRTCAppScene.TRTCAppSceneVoiceChatRoom;
      case 'videoCall':
        return TRTCAppScene.TRTCAppSceneVideoCall;
      case 'audioCall':
        return TRTCAppScene.TRTCAppSceneAudioCall;
    }
  }

  /** Nothing may escape into the SDK: there it would end in native code. */
  #guard(what: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#log('error', `${what} failed`, { error: error instanceof Error ? error.message : String(error) });
    }
  }
}

/** All off. The vendor's types leave out that null is how a callback is taken back. */
function noAudioCallbacks(): Parameters<Cloud['setAudioFrameCallback']>[0] {
  const none: Record<keyof Parameters<Cloud['setAudioFrameCallback']>[0], null> = {
    onCapturedAudioFrame: null,
    onLocalProcessedAudioFrame: null,
    onPlayAudioFrame: null,
    onMixedPlayAudioFrame: null,
    onMixedAllAudioFrame: null,
  };
  return none as unknown as Parameters<Cloud['setAudioFrameCallback']>[0];
}

function afterTimeout(delayMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}
