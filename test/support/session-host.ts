import type { CaptureHost, CaptureHostEvents, CaptureProcess } from '../../main/capture/host.ts';
import type { CaptureJob } from '../../main/capture/messages.ts';
import { loadKernel } from '../../main/capture/mix/kernel/load.ts';
import type { Room, RoomListener } from '../../main/capture/room/room.ts';
import { CaptureSession } from '../../main/capture/session.ts';
import { fakeEncoders, fakeJpegCoder } from './fake-encoder.ts';
import { soundKernel } from './sound-kernel.ts';

export interface SessionHost extends CaptureHost {
  /** Resolves when every session that was started is entering its room: opening one takes real time, also where time is a fake. */
  started(): Promise<void>;
}

/**
 * Runs capture sessions in this process, as a capture process would: the same messages in the same order, over the rooms that the test
 * opens and encoders that only count.
 */
export function createSessionHost(openRoom: (listener: RoomListener) => Promise<Room>): SessionHost {
  let pid = 0;
  const starting = new Set<Promise<void>>();
  return {
    kind: 'process',
    async started() {
      while (starting.size > 0) await Promise.all(starting);
    },
    start(events) {
      pid += 1;
      return hostSession(pid, events, openRoom, (start) => {
        starting.add(start);
        void start.finally(() => starting.delete(start));
      });
    },
  };
}

function hostSession(
  pid: number,
  events: CaptureHostEvents,
  openRoom: (listener: RoomListener) => Promise<Room>,
  onStart: (start: Promise<void>) => void,
): CaptureProcess {
  let session: CaptureSession | null = null;
  let isGone = false;
  const exit = (code: number | null): void => {
    if (isGone) return;
    isGone = true;
    events.onExit({ code, signal: code === null ? 'SIGKILL' : null });
  };
  const begin = (job: CaptureJob): void => {
    session = new CaptureSession(job, {
      openRoom,
      openEncoder: fakeEncoders().open,
      openJpegCoder: fakeJpegCoder,
      loadKernel,
      loadSoundKernel: async () => soundKernel,
      loadTextRenderer: async () => {
        throw new Error('nothing is to be written here');
      },
      monotonicMs: () => Date.now(),
      epochMs: () => Date.now(),
      send: (message) => {
        if (!isGone) events.onMessage(structuredClone(message));
      },
    });
    void session.finished.then(() => exit(0));
    onStart(session.start().catch(() => exit(3)));
  };
  setImmediate(() => events.onMessage({ type: 'ready', pid }));
  return {
    pid,
    send(message) {
      if (message.type === 'start') begin(message.job);
      else if (message.type === 'stop') void session?.end(message.reason);
      else session?.watch(message.forMs);
    },
    async destroy() {
      void session?.end('shutdown');
      exit(null);
    },
  };
}
