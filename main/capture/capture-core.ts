import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createJpegCoder } from './encode/jpeg-coder.ts';
import { openSegmentEncoder } from './encode/segment.ts';
import type { CaptureJob } from './messages.ts';
import { loadKernel, loadSoundKernel } from './mix/kernel/load.ts';
import type { ParentLine } from './parent-line.ts';
import { openRoom } from './room/open-room.ts';
import { CaptureSession } from './session.ts';

/** How long an orphan may take to close its segment. */
const ORPHAN_END_TIMEOUT_MS = 4_000;
/** Name of the file that tells a later box which process may still be writing here. */
const PID_FILE = 'capture.pid';
/** Answer for a failure below the SDK (missing addon, unreadable scenario): the SDK's own generic "entering failed". */
const OPEN_FAILED_CODE = -3301;
/** After an error that nobody caught. */
const FAILED_CODE = 70;

/**
 * One recording, told over the line what to do, whatever hosts it. Holds the SDK, the mixer and the ffmpeg child. Without its parent it
 * ends the segment in order and goes: the box that comes back finds a whole file and starts anew. Once per process.
 */
export function runCapture(line: ParentLine): void {
  const { send } = line;
  let session: CaptureSession | null = null;
  let pidFile: string | null = null;

  function log(level: 'debug' | 'info' | 'warn' | 'error', message: string, data?: Record<string, unknown>): void {
    send(data ? { type: 'log', level, message, data } : { type: 'log', level, message });
  }

  /** Leaves once the messages sent before are out. */
  function leave(code: number): void {
    try {
      if (pidFile) rmSync(pidFile, { force: true });
    } catch {
      // A file with the number of a process that is gone is understood by whoever finds it.
    }
    line.exit(code);
  }

  function endAsOrphan(): void {
    setTimeout(() => line.exit(2), ORPHAN_END_TIMEOUT_MS);
    if (session) void session.end('shutdown');
    else line.exit(2);
  }

  /** Without the file a later box does not wait for this process; that is no reason not to record. */
  function notePid(file: string): void {
    try {
      writeFileSync(file, String(process.pid));
      pidFile = file;
    } catch (error) {
      log('warn', 'the pid could not be noted', { error: error instanceof Error ? error.message : 'unknown' });
    }
  }

  async function begin(job: CaptureJob): Promise<void> {
    notePid(path.join(job.directory, PID_FILE));
    session = new CaptureSession(job, {
      openRoom: (listener) => openRoom(job.rooms, job.ffmpeg.path, listener, log),
      openEncoder: (place, video, events) => openSegmentEncoder(job, place, video, events),
      openJpegCoder: (size) => createJpegCoder(job.ffmpeg.path, size),
      loadKernel,
      loadSoundKernel,
      loadTextRenderer: async () => (await import('./text/text-renderer.ts')).createTextRenderer(),
      monotonicMs: () => performance.now(),
      epochMs: () => Date.now(),
      send,
    });
    void session.finished.then(() => leave(0));
    try {
      await session.start();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      send({ type: 'enterFailed', code: OPEN_FAILED_CODE, message: text });
      leave(3);
    }
  }

  line.onMessage((message) => {
    if (message.type === 'start') {
      void begin(message.job);
    } else if (message.type === 'stop') {
      void session?.end(message.reason);
    } else session?.watch(message.forMs);
  });
  line.onGone(endAsOrphan);
  line.onEndAsked(() => {
    if (session) void session.end('shutdown');
    else line.exit(0);
  });
  line.onUncaught((error) => {
    log('error', 'capture process failed', { error: error.message, stack: error.stack });
    // As a crash: the supervisor goes on in a new process, and whoever finds the pid file knows better.
    line.exit(FAILED_CODE);
  });
  send({ type: 'ready', pid: process.pid });
}
