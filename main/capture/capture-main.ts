/**
 * Entry of a capture process: one recording, told over IPC what to do. Holds the SDK, the mixer and the ffmpeg child.
 * Without its parent it ends the segment in order and goes: the box that comes back finds a whole file and starts anew.
 */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createJpegCoder } from './encode/jpeg-coder.ts';
import { openSegmentEncoder } from './encode/segment.ts';
import type { CaptureJob } from './messages.ts';
import { loadKernel } from './mix/kernel/load.ts';
import { openParentLine } from './parent-line.ts';
import { openRoom } from './room/open-room.ts';
import { CaptureSession } from './session.ts';

/** How long an orphan may take to close its segment. */
const ORPHAN_END_TIMEOUT_MS = 4_000;
/** Name of the file that tells a later box which process may still be writing here. */
const PID_FILE = 'capture.pid';
/** Answer for a failure below the SDK (missing addon, unreadable scenario): the SDK's own generic "entering failed". */
const OPEN_FAILED_CODE = -3301;

const parent = openParentLine();
const { send } = parent;
let session: CaptureSession | null = null;
let pidFile: string | null = null;

function log(level: 'debug' | 'info' | 'warn' | 'error', message: string, data?: Record<string, unknown>): void {
  send(data ? { type: 'log', level, message, data } : { type: 'log', level, message });
}

/** Leaves once the messages sent before are out. */
function exit(code: number): void {
  try {
    if (pidFile) rmSync(pidFile, { force: true });
  } catch {
    // A file with the number of a process that is gone is understood by whoever finds it.
  }
  parent.leave();
  if (!parent.isOpen) process.exit(code);
  send({ type: 'log', level: 'debug', message: 'capture process leaves' }, () => process.exit(code));
}

function endAsOrphan(): void {
  setTimeout(() => process.exit(2), ORPHAN_END_TIMEOUT_MS);
  if (session) void session.end('shutdown');
  else process.exit(2);
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
    loadTextRenderer: async () => (await import('./text/text-renderer.ts')).createTextRenderer(),
    monotonicMs: () => performance.now(),
    epochMs: () => Date.now(),
    send,
  });
  void session.finished.then(() => exit(0));
  try {
    await session.start();
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    send({ type: 'enterFailed', code: OPEN_FAILED_CODE, message: text });
    exit(3);
  }
}

parent.onMessage((message) => {
  if (message.type === 'start') {
    void begin(message.job);
  } else if (message.type === 'stop') {
    void session?.end(message.reason);
  } else session?.watch(message.forMs);
});

parent.onGone(endAsOrphan);
process.on('SIGTERM', () => {
  if (session) void session.end('shutdown');
  else process.exit(0);
});
// Ctrl-C in a terminal reaches every process of its group; only the box decides when a recording ends.
process.on('SIGINT', () => {});
process.on('uncaughtException', (error) => {
  log('error', 'capture process failed', { error: error.message, stack: error.stack });
  // Let the message out, then die as a crash: the supervisor goes on in a new process.
  setTimeout(() => process.exit(70), 50);
});

send({ type: 'ready', pid: process.pid });
