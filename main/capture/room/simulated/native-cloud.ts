import type { SimulationSetup } from './configuration.ts';
import { BIG, type NativeSide, RoomSimulation, SUB } from './engine.ts';
import type { RoomEvent, ScenarioRoom } from './scenario.ts';
import { describeProblems } from './scenario-problems.ts';
import { readState, type SimulationState, writeState } from './state-file.ts';
import type { PictureReceiver, SoundReceiver } from './streams.ts';

type EventCallback = (args: [name: string, data: Record<string, unknown>]) => void;
type PictureCallback = (
  args: [
    userId: string,
    streamType: number,
    width: number,
    height: number,
    timestampMs: number,
    rotation: number,
    valid: boolean,
    bufferId: number,
  ],
) => void;
type SoundCallback = (frame: NativeAudioFrame, userId: string) => void;

interface NativeAudioFrame {
  audioFormat: 1;
  data: Buffer;
  length: number;
  sampleRate: number;
  channel: number;
  timestamp: number;
  extraData: null;
  extraDataLength: 0;
}

/** Fields of the SDK's TRTCParams that matter for entering; the signature is not even looked at. */
interface EnterParams {
  roomId: number;
  strRoomId: string;
  userId: string;
}

interface PictureBuffer {
  buffer: Uint8Array;
  width: number;
  height: number;
  id: number;
}

interface Visit {
  simulation: RoomSimulation | null;
}

const ERR_ROOM_ENTER_FAIL = -3301;
const ERR_ALREADY_IN_ROOM = -3340;
const I420 = 1;

/**
 * One native SDK instance, with the contract the SDK's JavaScript relies on: array arguments, strict booleans, events only
 * after the call that caused them has returned, pictures only into the buffer and id set last, every size announced before
 * its first picture, buffers overwritten in place. Methods are named as the SDK's JavaScript calls them.
 */
export class NativeCloud {
  readonly #setup: SimulationSetup;
  readonly #pictureCallbacks = new Map<string, PictureCallback>();
  readonly #buffers = new Map<string, PictureBuffer>();
  /** Views that were started, and whether their first picture was announced. */
  readonly #views = new Map<string, { isAnnounced: boolean }>();
  readonly #soundFrames = new Map<string, NativeAudioFrame>();
  readonly #mutedUsers = new Set<string>();
  #onEvent: EventCallback | null = null;
  #onPlaySound: SoundCallback | null = null;
  #receivesSound = true;
  #isAllMuted = false;
  /** From entering, asked for or done, until the recorder is out. */
  #visit: Visit | null = null;
  #isDestroyed = false;
  readonly #side: NativeSide;

  constructor(setup: SimulationSetup) {
    this.#setup = setup;
    this.#side = {
      tell: (name, data) => this.#tell(name, data),
      pictureReceiver: (userId, streamType) => this.#pictureReceiver(userId, streamType),
      soundReceiver: (userId) => this.#soundReceiver(userId),
      forget: (userId) => this.#forget(userId),
      putOut: (reason) => {
        this.#leave();
        this.#tell('onExitRoom', { reason });
      },
    };
  }

  setTRTCCloudCallback(callback: EventCallback): void {
    this.#onEvent = callback;
  }

  getSDKVersion(): string {
    return 'simulated';
  }

  callExperimentalAPI(json: string): void {
    JSON.parse(json);
  }

  setLogLevel(level: number): void {
    expectNumber('setLogLevel', level);
  }

  setVideoRenderFPS(fps: number): void {
    expectNumber('setVideoRenderFPS', fps);
  }

  setAudioPlayoutVolume(volume: number): void {
    expectNumber('setAudioPlayoutVolume', volume);
  }

  setDefaultStreamRecvMode(audio: boolean, video: boolean): void {
    expectBoolean('setDefaultStreamRecvMode', audio);
    expectBoolean('setDefaultStreamRecvMode', video);
    this.#receivesSound = audio;
  }

  setAudioFrameCallback(...callbacks: (SoundCallback | null)[]): void {
    if (callbacks.length !== 5) throw new TypeError('setAudioFrameCallback takes five callbacks');
    this.#onPlaySound = callbacks[2] ?? null;
  }

  muteAllRemoteAudio(mute: boolean): void {
    expectBoolean('muteAllRemoteAudio', mute);
    this.#isAllMuted = mute;
  }

  muteRemoteAudio(userId: string, mute: boolean): void {
    expectBoolean('muteRemoteAudio', mute);
    if (mute) this.#mutedUsers.add(userId);
    else this.#mutedUsers.delete(userId);
  }

  enterRoom(params: EnterParams, scene: number): void {
    expectNumber('enterRoom', scene);
    if (this.#visit) {
      this.#later(() => this.#tell('onError', { errCode: ERR_ALREADY_IN_ROOM, errMsg: 'already in a room' }));
      return;
    }
    const visit: Visit = { simulation: null };
    this.#visit = visit;
    if (this.#setup.faults.noEnterAnswer) return;
    const roomKey = params.roomId > 0 ? String(params.roomId) : `str:${params.strRoomId}`;
    this.#later(() => {
      this.#enter(visit, roomKey).catch((error: Error) => this.#refuse(visit, ERR_ROOM_ENTER_FAIL, error.message));
    });
  }

  exitRoom(): void {
    const answers = this.#visit?.simulation?.answersExit() ?? true;
    this.#leave();
    this.#later(() => {
      if (this.#setup.faults.callbackAfterStop) {
        for (const [userId, frame] of this.#soundFrames) this.#onPlaySound?.(frame, userId);
      }
      if (answers) this.#tell('onExitRoom', { reason: 0 });
    });
  }

  addRemoteVideoRenderCallback(userId: string, callback: PictureCallback, pixelFormat: number): void {
    if (pixelFormat !== I420)
      throw new TypeError(`addRemoteVideoRenderCallback: pixel format ${pixelFormat} is not I420`);
    this.#pictureCallbacks.set(userId, callback);
  }

  removeRemoteVideoRenderCallback(userId: string): void {
    this.#pictureCallbacks.delete(userId);
  }

  setRemoteVideoBuffer(
    userId: string,
    buffer: Uint8Array | null,
    streamType: number,
    width: number,
    height: number,
    pixelFormat: number,
    id: number,
  ): void {
    if (pixelFormat !== I420) throw new TypeError(`setRemoteVideoBuffer: pixel format ${pixelFormat} is not I420`);
    if (buffer && width > 0 && height > 0) this.#buffers.set(keyOf(userId, streamType), { buffer, width, height, id });
    else this.#buffers.delete(keyOf(userId, streamType));
  }

  startRemoteView(userId: string, streamType: number): void {
    expectNumber('startRemoteView', streamType);
    this.#views.set(keyOf(userId, streamType), { isAnnounced: false });
  }

  stopRemoteView(userId: string, streamType: number): void {
    expectNumber('stopRemoteView', streamType);
    const key = keyOf(userId, streamType);
    const target = this.#buffers.get(key);
    if (this.#setup.faults.callbackAfterStop && target) {
      const { width, height, id } = target;
      const callback = this.#pictureCallbacks.get(userId);
      this.#later(() => callback?.([userId, streamType, width, height, 0, 0, true, id]));
    }
    this.#views.delete(key);
  }

  stopAllRemoteView(): void {
    this.#views.clear();
  }

  destroy(): void {
    this.#leave();
    this.#isDestroyed = true;
    this.#onEvent = null;
    this.#onPlaySound = null;
    this.#pictureCallbacks.clear();
  }

  #tell(name: string, data: Record<string, unknown>): void {
    if (!this.#isDestroyed) this.#onEvent?.([name, data]);
  }

  #pictureReceiver(userId: string, streamType: number): PictureReceiver {
    const key = keyOf(userId, streamType);
    return (size, timestampMs, rotation, fill) => {
      const view = this.#views.get(key);
      const callback = this.#pictureCallbacks.get(userId);
      let target = this.#buffers.get(key);
      if (!view || !callback || !target) return 'nobody';
      const { width, height } = size;
      if (target.width !== width || target.height !== height) {
        callback([userId, streamType, width, height, timestampMs, rotation, false, target.id]);
        target = this.#buffers.get(key);
        if (target?.width !== width || target.height !== height) return 'nobody';
      }
      if (fill(target.buffer) === 'pending') return 'pending';
      if (!view.isAnnounced) {
        view.isAnnounced = true;
        this.#later(() => this.#tell('onFirstVideoFrame', { userId, streamType, width, height }));
      }
      callback([userId, streamType, width, height, timestampMs, rotation, true, target.id]);
      return 'delivered';
    };
  }

  #soundReceiver(userId: string): SoundReceiver {
    return (format, timestampMs, fill) => {
      const callback = this.#onPlaySound;
      if (!callback || !this.#receivesSound || this.#isAllMuted || this.#mutedUsers.has(userId)) return;
      const frame = this.#soundFrame(userId, format.samples * format.channels * 2);
      fill(new Int16Array(frame.data.buffer, frame.data.byteOffset, frame.data.byteLength / 2));
      frame.sampleRate = format.sampleRate;
      frame.channel = format.channels;
      frame.timestamp = timestampMs;
      callback(frame, userId);
    };
  }

  #forget(userId: string): void {
    for (const streamType of [BIG, 1, SUB]) {
      this.#views.delete(keyOf(userId, streamType));
      this.#buffers.delete(keyOf(userId, streamType));
    }
    this.#soundFrames.delete(userId);
  }

  async #enter(visit: Visit, roomKey: string): Promise<void> {
    if (this.#visit !== visit) return;
    const { clock, log, media, crash, statePath } = this.#setup;
    const startedMs = clock.nowMs();
    const parsed = this.#setup.scenario();
    if (!parsed.ok) {
      this.#refuse(visit, ERR_ROOM_ENTER_FAIL, `the scenario cannot be played: ${describeProblems(parsed.problems)}`);
      return;
    }
    const room = parsed.scenario.rooms[roomKey];
    if (!room) {
      const known = Object.keys(parsed.scenario.rooms).join(', ');
      this.#refuse(visit, ERR_ROOM_ENTER_FAIL, `room ${roomKey} is not in the scenario; it has: ${known}`);
      return;
    }
    const state: SimulationState = statePath
      ? readState(statePath, roomKey)
      : { room: roomKey, enteredAtEpochMs: null, enterAttempts: 0 };
    const elapsedMs = () =>
      state.enteredAtEpochMs === null ? 0 : Math.max(0, clock.epochMs() - state.enteredAtEpochMs);
    state.enterAttempts += 1;
    if (statePath) writeState(statePath, state);
    const refusal = refusalOf(room, elapsedMs(), state.enterAttempts);
    if (refusal) {
      this.#refuse(visit, refusal.code ?? ERR_ROOM_ENTER_FAIL, 'entering fails as the scenario says (enterError)');
      return;
    }
    const simulation = new RoomSimulation({ room, native: this.#side, media, clock, log, crash });
    visit.simulation = simulation;
    await simulation.prepare(elapsedMs());
    if (this.#visit !== visit) return;
    const enteredAfterMs = elapsedMs();
    if (state.enteredAtEpochMs === null) {
      state.enteredAtEpochMs = clock.epochMs();
      if (statePath) writeState(statePath, state);
    }
    this.#tell('onEnterRoom', { result: Math.max(1, Math.round(clock.nowMs() - startedMs)) });
    simulation.begin(enteredAfterMs);
  }

  #refuse(visit: Visit, code: number, message: string): void {
    if (this.#visit !== visit) return;
    this.#leave();
    this.#tell('onError', { errCode: code, errMsg: message });
    this.#tell('onEnterRoom', { result: code });
  }

  #leave(): void {
    this.#visit?.simulation?.stop();
    this.#visit = null;
  }

  #soundFrame(userId: string, bytes: number): NativeAudioFrame {
    const known = this.#soundFrames.get(userId);
    if (known?.data.byteLength === bytes) return known;
    const frame: NativeAudioFrame = {
      audioFormat: 1,
      data: Buffer.from(new ArrayBuffer(bytes)),
      length: bytes,
      sampleRate: 48_000,
      channel: 1,
      timestamp: 0,
      extraData: null,
      extraDataLength: 0,
    };
    this.#soundFrames.set(userId, frame);
    return frame;
  }

  #later(callback: () => void): void {
    this.#setup.clock.soon(() => {
      if (!this.#isDestroyed) callback();
    });
  }
}

function refusalOf(room: ScenarioRoom, elapsedMs: number, attempt: number): RoomEvent | undefined {
  return room.events.find(
    (event) => event.type === 'enterError' && event.atMs <= elapsedMs && attempt <= (event.times ?? attempt),
  );
}

function keyOf(userId: string, streamType: number): string {
  return `${userId} ${streamType}`;
}

function expectBoolean(method: string, value: unknown): void {
  if (typeof value !== 'boolean') throw new TypeError(`${method}: ${String(value)} is not a boolean`);
}

function expectNumber(method: string, value: unknown): void {
  if (typeof value !== 'number') throw new TypeError(`${method}: ${String(value)} is not a number`);
}
