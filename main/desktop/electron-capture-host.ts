import { utilityProcess } from 'electron';
import type { CaptureExit, CaptureHost, CaptureHostEvents, CaptureProcess } from '../capture/host.ts';
import { CAPTURE_ENTRY, captureEnvironment, eachLine } from '../capture/host.ts';
import type { FromCapture } from '../capture/messages.ts';

/**
 * Hosts each recording in a utility process of Electron: a packaged app cannot run a script by its own program, as Node can. The job
 * travels over the port, never in arguments or environment.
 */
export function createUtilityHost(options: { onStderr(line: string): void }): CaptureHost {
  return { kind: 'process', start: (events) => superviseUtility(events, options.onStderr) };
}

function superviseUtility(events: CaptureHostEvents, onStderr: (line: string) => void): CaptureProcess {
  const child = utilityProcess.fork(CAPTURE_ENTRY, [], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: captureEnvironment(process.env, null),
    serviceName: 'recorder capture',
  });
  const { promise: exited, resolve: reportExit } = Promise.withResolvers<CaptureExit>();
  let pid: number | undefined;
  let isDone = false;
  child.on('spawn', () => {
    pid = child.pid;
  });
  child.on('message', (message: unknown) => {
    if (!isDone) events.onMessage(message as FromCapture);
  });
  child.on('exit', (code) => {
    if (isDone) return;
    isDone = true;
    const exit = { code, signal: null };
    events.onExit(exit);
    reportExit(exit);
  });
  if (child.stderr) eachLine(child.stderr, onStderr);
  return {
    get pid() {
      return child.pid ?? pid;
    },
    send(message) {
      if (!isDone) child.postMessage(message);
    },
    async destroy(graceMs) {
      if (isDone) return;
      child.kill();
      const timer = setTimeout(() => killHard(child.pid ?? pid), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Electron only knows the polite end; a process that has just gone by itself is none to complain about. */
function killHard(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
