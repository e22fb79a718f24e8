import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FromCapture, ToCapture } from './messages.ts';

/** How a capture process ended, for the supervisor's decision. */
export interface CaptureExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A running capture process, whatever hosts it. */
export interface CaptureProcess {
  readonly pid: number | undefined;
  send(message: ToCapture): void;
  /** Ends the process for good: terminate, then kill after `graceMs`. Resolves when it is gone. */
  destroy(graceMs: number): Promise<void>;
}

export interface CaptureHostEvents {
  onMessage(message: FromCapture): void;
  /** Comes exactly once, after the last message. */
  onExit(exit: CaptureExit): void;
}

/** Starts capture processes. `process` is a plain Node child; the desktop has a second one that hosts the SDK in a hidden window. */
export interface CaptureHost {
  readonly kind: 'process' | 'window';
  start(events: CaptureHostEvents): CaptureProcess;
}

// The packaged app runs compiled .js, a checkout runs .ts: the entry has the extension of this file.
/** What a capture process runs. */
export const CAPTURE_ENTRY = fileURLToPath(new URL(`./capture-main${path.extname(import.meta.url)}`, import.meta.url));

export interface ProcessHostOptions {
  onStderr(line: string): void;
  /**
   * Directory of the box for compiled code, so that a process is ready in a third of the time and cost; null for none. It must not be
   * writable by others: what lies there is executed.
   */
  codeCacheDirectory: string | null;
}

/**
 * Hosts each recording in a Node child process, so that a native crash in the SDK takes one recording's process and not the box.
 * The job travels over IPC, never in arguments or environment, where other users of the machine could read the UserSig.
 */
export function createProcessHost(options: ProcessHostOptions): CaptureHost {
  return {
    kind: 'process',
    start(events) {
      const child = fork(CAPTURE_ENTRY, [], {
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        // Little here lives short and is large: with V8's usual young generation 10 MB more are held for nothing.
        execArgv: ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=2'],
        // A group of its own: Ctrl-C in the box's terminal must not end capture and encoder behind the box's back.
        detached: process.platform !== 'win32',
        env: captureEnvironment(process.env, options.codeCacheDirectory),
      });
      return superviseChild(child, events, options.onStderr);
    },
  };
}

/** Hold the box's own secrets. */
export const SECRET_VARIABLES = ['RECORDER_COS_SECRET_ID', 'RECORDER_COS_SECRET_KEY', 'RECORDER_CALLBACK_KEY'] as const;

/**
 * What glibc gives back to the system: free memory at its end beyond this many bytes. By itself it keeps up to 64 MB, which a process holds from its start
 * on; others know nothing of it.
 */
const TRIM_THRESHOLD = { MALLOC_TRIM_THRESHOLD_: '131072' };

/** The environment of a capture process: the box's own secrets are of no use to it. */
export function captureEnvironment(
  environment: NodeJS.ProcessEnv,
  codeCacheDirectory: string | null,
): NodeJS.ProcessEnv {
  const rest: NodeJS.ProcessEnv = { ...TRIM_THRESHOLD, ...environment };
  for (const name of SECRET_VARIABLES) delete rest[name];
  return codeCacheDirectory === null ? rest : { ...rest, NODE_COMPILE_CACHE: codeCacheDirectory };
}

function superviseChild(
  child: ChildProcess,
  events: CaptureHostEvents,
  onStderr: (line: string) => void,
): CaptureProcess {
  let reportExit: (exit: CaptureExit) => void = () => {};
  const exited = new Promise<CaptureExit>((resolve) => {
    reportExit = resolve;
  });
  let done = false;
  const settle = (exit: CaptureExit) => {
    if (done) return;
    done = true;
    events.onExit(exit);
    reportExit(exit);
  };
  child.on('message', (message) => {
    if (!done) events.onMessage(message as FromCapture);
  });
  // `close` comes after the IPC channel and stderr are drained, so no last message is lost; `error` alone means it never started.
  child.on('close', (code, signal) => settle({ code, signal }));
  child.on('error', () => {
    if (child.pid === undefined) settle({ code: null, signal: null });
  });
  if (child.stderr) eachLine(child.stderr, onStderr);
  return {
    get pid() {
      return child.pid;
    },
    send(message) {
      if (child.connected) child.send(message, () => {});
    },
    async destroy(graceMs) {
      if (done) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Tells what a process writes, by lines as they arrive; empty ones are left out. */
export function eachLine(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  stream.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split('\n')) if (line.trim() !== '') onLine(line);
  });
}
