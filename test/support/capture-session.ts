import { expect, vi } from 'vitest';
import type { CaptureJob, FromCapture, Resume } from '../../main/capture/messages.ts';
import { loadKernel } from '../../main/capture/mix/kernel/load.ts';
import type { I420Frame, PcmBlock } from '../../main/capture/mix/types.ts';
import type { Room, RoomListener } from '../../main/capture/room/room.ts';
import { CaptureSession, type SessionDeps } from '../../main/capture/session.ts';
import { type FakeEncoder, fakeEncoders, fakeJpegCoder } from './fake-encoder.ts';
import { soundKernel } from './sound-kernel.ts';

export const CANVAS = { width: 64, height: 36 };
export const T0_EPOCH_MS = Date.UTC(2026, 0, 1);

/** A room that does nothing by itself and remembers what it was asked. */
export interface FakeRoom extends Room {
  readonly calls: string[];
  /** `main:user`, as subscribed now. */
  readonly subscribed: Set<string>;
  /** Settable: what `exit` answers, or an error that it throws. */
  exitAnswer: 'confirmed' | 'timeout' | Error;
}

export interface SessionRig {
  session: CaptureSession;
  room: FakeRoom;
  encoders: FakeEncoder[];
  sent: FromCapture[];
  /** Settable: what the wall clock shows too much. */
  wallOffsetMs: number;
  of<T extends FromCapture['type']>(type: T): Extract<FromCapture, { type: T }>[];
  /** Lets time pass for everybody. */
  advance(durationMs: number): Promise<void>;
  /** The same, while a user sends a tone and a picture of one brightness, both in real time. */
  advanceSending(durationMs: number, users: Record<string, number>): Promise<void>;
  /** A user comes in with his camera on. */
  join(userId: string): void;
}

export function captureJob(changes: Partial<CaptureJob> = {}, limits: Partial<CaptureJob['limits']> = {}): CaptureJob {
  return {
    recordingId: 'recording',
    room: { sdkAppId: 1_400_000_000, roomId: 1, userId: 'recorder', userSig: 'sig', scene: 'live' },
    rooms: { kind: 'trtc' },
    media: { video: true, audio: true },
    outputs: { mix: true, singles: false },
    isReserve: false,
    layout: 'grid',
    dressing: { nameStrip: false, stamp: false, stampTimeZone: null, placeholder: false, watermarkPath: null },
    names: {},
    video: {
      ...CANVAS,
      fps: 15,
      preset: 'veryfast',
      crf: 23,
      maxRateKbps: 1000,
      gopSeconds: 2,
      fit: 'fit',
      background: '#000000',
    },
    audio: { aacKbps: 96, mp3Kbps: 64 },
    limits: {
      enterTimeoutMs: 10_000,
      exitTimeoutMs: 3_000,
      idleMs: 20_000,
      maxLengthMs: 3_600_000,
      fillGapMs: 60_000,
      connectionLostMs: 600_000,
      reenterMs: 3_600_000,
      ...limits,
    },
    directory: '/nowhere',
    ffmpeg: { path: '/nowhere/ffmpeg', hasFpsMode: true },
    hardwareFailure: null,
    nextSegment: 0,
    resume: null,
    slotOwners: [],
    idleSinceEpochMs: null,
    ...changes,
  };
}

/** What a process is told of earlier ones whose mix can be read up to `timelineMs`, right after they ended. */
export function resumeAt(timelineMs: number, changes: Partial<Resume> = {}): Resume {
  return {
    t0EpochMs: Date.now() - timelineMs,
    cutMs: 0,
    timelineMs,
    knownMs: 0,
    outputs: [{ output: 'mix', timelineMs }],
    absence: 'captureDied',
    ...changes,
  };
}

/** Takes over the timers and both clocks. Undone by `vi.useRealTimers()`. */
export function freezeTime(): void {
  vi.useFakeTimers({
    now: T0_EPOCH_MS,
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'Date', 'performance'],
  });
}

export function picture(luma: number): I420Frame {
  const { width, height } = CANVAS;
  const data = new Uint8Array((width * height * 3) / 2).fill(128);
  data.fill(luma, 0, width * height);
  return { data, width, height, rotation: 0 };
}

/** 20 ms of a 500 Hz tone, which is a whole number of waves. */
export function tone(): PcmBlock {
  const data = Int16Array.from({ length: 960 }, (_, index) => 8_000 * Math.sin((2 * Math.PI * 500 * index) / 48_000));
  return { data, sampleRate: 48_000, channels: 1 };
}

/** Makes a session over a fake room and fake encoders; nothing is started yet. */
export function createSession(job: CaptureJob, overrides: Partial<SessionDeps> = {}): SessionRig {
  const { open, opened } = fakeEncoders();
  const sent: FromCapture[] = [];
  const room = fakeRoom();
  const session = new CaptureSession(job, {
    openRoom: async () => room,
    openEncoder: open,
    openJpegCoder: fakeJpegCoder,
    loadKernel,
    loadSoundKernel: async () => soundKernel,
    loadTextRenderer: async () => {
      throw new Error('nothing is to be written here');
    },
    monotonicMs: () => performance.now(),
    epochMs: () => Date.now() + rig.wallOffsetMs,
    send: (message) => sent.push(structuredClone(message)),
    ...overrides,
  });
  const listener: RoomListener = session;
  const rig: SessionRig = {
    session,
    room,
    encoders: opened,
    sent,
    wallOffsetMs: 0,
    of: <T extends FromCapture['type']>(type: T) =>
      sent.filter((message): message is Extract<FromCapture, { type: T }> => message.type === type),
    advance: async (durationMs) => {
      await vi.advanceTimersByTimeAsync(durationMs);
    },
    async advanceSending(durationMs, users) {
      for (let at = 0; at < durationMs; at += 20) {
        for (const [userId, luma] of Object.entries(users)) {
          listener.onAudio(userId, tone());
          if (at % 60 === 0) listener.onVideo(userId, 'main', picture(luma), 0);
        }
        await vi.advanceTimersByTimeAsync(20);
      }
    },
    join(userId) {
      listener.onUserEntered(userId);
      listener.onVideoAvailable(userId, 'main', true);
      listener.onAudioAvailable(userId, true);
    },
  };
  return rig;
}

/** A session that has entered its room. */
export async function enteredSession(job: CaptureJob, overrides: Partial<SessionDeps> = {}): Promise<SessionRig> {
  const rig = createSession(job, overrides);
  await rig.session.start();
  rig.session.onEntered(120);
  return rig;
}

function fakeRoom(): FakeRoom {
  const room: FakeRoom = {
    about: { sdkVersion: '13.3.801', simulated: true },
    calls: [],
    subscribed: new Set(),
    exitAnswer: 'confirmed',
    enter: () => room.calls.push('enter'),
    subscribe: (userId, stream) => room.subscribed.add(`${stream}:${userId}`),
    unsubscribe: (userId, stream) => room.subscribed.delete(`${stream}:${userId}`),
    async exit() {
      room.calls.push('exit');
      if (room.exitAnswer instanceof Error) throw room.exitAnswer;
      return room.exitAnswer;
    },
    dispose: () => room.calls.push('dispose'),
  };
  return room;
}

/** Pictures of a recording of so many milliseconds. */
export function ticksOf(durationMs: number): number {
  return Math.round((durationMs * 15) / 1000);
}

/** Sound blocks that end with those pictures. */
export function blocksOf(durationMs: number): number {
  return Math.round((ticksOf(durationMs) * 50) / 15);
}

/** Brightness in the middle of a picture. */
export function lumaOf(encoder: FakeEncoder | undefined, index: number): number | undefined {
  return encoder?.pictures.at(index)?.canvas[(CANVAS.height / 2) * CANVAS.width + CANVAS.width / 2];
}

/** Whether a block holds the tone at its full level. */
export function isLoud(pcm: Int16Array): boolean {
  return Math.sqrt(pcm.reduce((sum, sample) => sum + sample * sample, 0) / pcm.length) > 4_000;
}

/** Waits for the end of a session that entered its room; it must be told once, as the last message, with the room left in order. */
export async function ended(rig: SessionRig): Promise<Extract<FromCapture, { type: 'ended' }>> {
  await rig.advance(30_000);
  await rig.session.finished;
  const messages = rig.of('ended');
  expect(messages).toHaveLength(1);
  expect(rig.sent.at(-1)).toEqual(messages[0]);
  expect(rig.room.calls).toEqual(['enter', 'exit', 'dispose']);
  return messages[0]!;
}
