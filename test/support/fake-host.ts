import type { CaptureHost, CaptureHostEvents, CaptureProcess } from '../../main/capture/host.ts';
import type { CaptureStats, FromCapture, ToCapture } from '../../main/capture/messages.ts';

type Entered = Extract<FromCapture, { type: 'entered' }>;

/** A capture process that says and does what the test says. */
export interface FakeProcess extends CaptureProcess {
  readonly received: ToCapture[];
  /** The grace of each `destroy`. */
  readonly destroyed: number[];
  /** Settable: whether it goes when it is destroyed. */
  obeys: boolean;
  tell(...messages: FromCapture[]): void;
  /** Comes into the room and opens a segment. */
  enter(segment: number, startMs?: number, t0EpochMs?: number, resumed?: Entered['resumed']): void;
  beat(timelineMs: number): void;
  exit(code: number | null, signal?: NodeJS.Signals | null): void;
}

export interface FakeHost extends CaptureHost {
  readonly started: FakeProcess[];
  /** The process that was started last. */
  readonly last: FakeProcess;
  /** Settable: an error that `start` throws. */
  failure: Error | null;
}

export function createFakeHost(): FakeHost {
  const started: FakeProcess[] = [];
  return {
    kind: 'process',
    started,
    failure: null,
    get last() {
      const process = started.at(-1);
      if (!process) throw new Error('no capture process was started');
      return process;
    },
    start(events) {
      if (this.failure) throw this.failure;
      const process = fakeProcess(1000 + started.length, events);
      started.push(process);
      return process;
    },
  };
}

function fakeProcess(pid: number, events: CaptureHostEvents): FakeProcess {
  let isGone = false;
  const process: FakeProcess = {
    pid,
    received: [],
    destroyed: [],
    obeys: true,
    send: (message) => process.received.push(message),
    async destroy(graceMs) {
      process.destroyed.push(graceMs);
      if (process.obeys) process.exit(null, 'SIGKILL');
    },
    tell(...messages) {
      for (const message of messages) if (!isGone) events.onMessage(message);
    },
    enter(segment, startMs = 0, t0EpochMs = Date.now(), resumed = null) {
      process.tell(
        { type: 'ready', pid },
        { type: 'entered', t0EpochMs, tookMs: 90, simulated: true, sdkVersion: '13.3.801', resumed },
        { type: 'segmentOpened', segment, output: 'mix', file: `segment-${segment}.mp4`, startMs },
      );
    },
    beat: (timelineMs) => process.tell({ type: 'stats', stats: statsAt(timelineMs) }),
    exit(code, signal = null) {
      if (isGone) return;
      isGone = true;
      events.onExit({ code, signal });
    },
  };
  return process;
}

export function statsAt(timelineMs: number): CaptureStats {
  return {
    timelineMs,
    picturesSent: 0,
    picturesSkipped: 0,
    framesReceived: 0,
    framesDropped: 0,
    audioBlocksReceived: 0,
    soundMissingSinceMs: null,
    pipeBacklogBytes: 0,
    segmentBytes: 0,
    relief: null,
    hardwareFailure: null,
    participantsInRoom: 0,
    participantsRecorded: 0,
    encoder: 'fake',
    live: { levelDb: null, participants: [], encoderSpeed: null },
  };
}
