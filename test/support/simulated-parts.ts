import type { RoomListener } from '../../main/capture/room/room.ts';
import type { SimulationClock } from '../../main/capture/room/simulated/clock.ts';
import type { SimulationFaults, SimulationSetup } from '../../main/capture/room/simulated/configuration.ts';
import type { MediaLibrary } from '../../main/capture/room/simulated/media.ts';
import type { Participant, RoomEvent, ScenarioRoom } from '../../main/capture/room/simulated/scenario.ts';

/** A simulation clock that stands still until the test moves it. */
export interface ManualClock extends SimulationClock {
  /** Moves time on, firing timers at their moments; promises and immediates settle in between. */
  advance(durationMs: number): Promise<void>;
  /** Time passes but the process does not run: timers are late afterwards. */
  freeze(durationMs: number): void;
}

export function manualClock(startEpochMs = 1_700_000_000_000): ManualClock {
  let nowMs = 5_000;
  const zeroMs = nowMs;
  const timers = new Set<{ atMs: number; callback: () => void }>();
  return {
    nowMs: () => nowMs,
    epochMs: () => startEpochMs + nowMs - zeroMs,
    after(delayMs, callback) {
      const timer = { atMs: nowMs + delayMs, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    soon: (callback) => void setImmediate(callback),
    freeze(durationMs) {
      nowMs += durationMs;
    },
    async advance(durationMs) {
      const endMs = nowMs + durationMs;
      for (;;) {
        await turns();
        const next = [...timers].sort((a, b) => a.atMs - b.atMs)[0];
        if (!next || next.atMs > endMs) break;
        timers.delete(next);
        nowMs = Math.max(nowMs, next.atMs);
        next.callback();
      }
      nowMs = Math.max(nowMs, endMs);
    },
  };
}

/** Enough turns of the event loop for an event to pass through the SDK and back. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** One participant of a scenario in its normal form, in the room from the beginning to the end unless told otherwise. */
export function participant(userId: string, extra: Partial<Participant> = {}): Participant {
  return {
    userId,
    media: { path: `${userId}.mp4`, isRaw: false, size: null, fps: null },
    audioPath: null,
    stays: [{ fromMs: 0, toMs: null }],
    changes: [],
    screen: null,
    ...extra,
  };
}

export function roomEvent(atMs: number, type: RoomEvent['type'], extra: Partial<RoomEvent> = {}): RoomEvent {
  return { atMs, type, code: null, times: null, ...extra };
}

/** Size and rate of all generated pictures. */
export const SIZE = { width: 32, height: 16 };
export const FPS = 10;

/**
 * Media made up in memory: every byte of picture k is `k % 256`, every sample of sound block n is `n + 1`, and both loop after
 * 25 s.
 */
export const generatedMedia: MediaLibrary = {
  async pictures(source) {
    const size = source.size ?? SIZE;
    return {
      size,
      fps: source.fps ?? FPS,
      loopSeconds: 25,
      open: (wanted) => ({
        size: wanted,
        ready: Promise.resolve(),
        take(index, target) {
          target?.fill(index % 256);
          return 'taken';
        },
        close: () => undefined,
      }),
    };
  },
  async sound() {
    const samples = new Int16Array(25 * 48_000).map((_, index) => Math.floor(index / 960) + 1);
    return { samples, loopSamples: samples.length };
  },
  close: () => undefined,
};

export interface SetupParts {
  clock: SimulationClock;
  statePath?: string;
  faults?: SimulationFaults;
  crash?: () => void;
}

/** A setup that plays `room` as room 43474 from generated media. */
export function generatedSetup(room: Partial<ScenarioRoom>, parts: SetupParts): SimulationSetup {
  const whole: ScenarioRoom = { participants: [], events: [], ...room };
  return {
    scenario: () => ({ ok: true, scenario: { rooms: { '43474': whole } } }),
    statePath: parts.statePath ?? null,
    media: generatedMedia,
    clock: parts.clock,
    log: () => undefined,
    crash: parts.crash ?? (() => undefined),
    faults: parts.faults ?? {},
  };
}

/** What a listener heard: news as text in order, media as counts and last values. */
export interface Heard {
  listener: RoomListener;
  news: string[];
  pictures: { userId: string; stream: string; size: string; rotation: number; first: number; bytes: number }[];
  blocks: { userId: string; sampleRate: number; channels: number; samples: number; first: number }[];
  dropped: string[];
}

export function hear(extra: Partial<RoomListener> = {}): Heard {
  const heard: Omit<Heard, 'listener'> = { news: [], pictures: [], blocks: [], dropped: [] };
  const say = (...words: unknown[]) => void heard.news.push(words.join(' '));
  const listener: RoomListener = {
    onEntered: () => say('entered'),
    onEnterFailed: (code, message) => say('enterFailed', code, message),
    onExited: (reason) => say('exited', reason),
    onUserEntered: (userId) => say('+', userId),
    onUserLeft: (userId, reason) => say('-', userId, reason),
    onVideoAvailable: (userId, stream, available) => say('video', userId, stream, available),
    onAudioAvailable: (userId, available) => say('audio', userId, available),
    onVideo: (userId, stream, { data, width, height, rotation }) => {
      const [first = -1] = data;
      heard.pictures.push({ userId, stream, size: `${width}x${height}`, rotation, first, bytes: data.byteLength });
    },
    onAudio: (userId, { data, sampleRate, channels }) => {
      heard.blocks.push({ userId, sampleRate, channels, samples: data.length, first: data[0] ?? 0 });
    },
    onFrameDropped: (userId, stream, why) => void heard.dropped.push(`${userId} ${stream} ${why}`),
    onConnection: (state) => say('connection', state),
    onProblem: (level, code) => say(level, code),
    ...extra,
  };
  return { ...heard, listener };
}
