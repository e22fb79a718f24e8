import type { FromCapture, ToCapture } from './messages.ts';

/** The line of a capture to the box that started it, and its way out: all that differs by what hosts it. */
export interface ParentLine {
  send(message: FromCapture): void;
  onMessage(listener: (message: ToCapture) => void): void;
  /** The listener is called when the box is gone; not after `exit`. */
  onGone(listener: () => void): void;
  /** Somebody wants this capture to end, in order, without saying why. */
  onEndAsked(listener: () => void): void;
  /** An error that nobody caught. It may come several times. */
  onUncaught(listener: (error: Error) => void): void;
  /** Ends what hosts this capture once everything sent before is out. Whatever is called first counts. */
  exit(code: number): void;
}

/** What Electron puts into a utility process; by its declaration, which code of Node must not import. */
interface ParentPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown;
}

/** Electron does not tell when a posted message is out. */
const POSTED_WITHIN_MS = 100;

/** By whatever hosts this process: Node's own channel, or the port of Electron's utility process. */
export function openParentLine(): ParentLine {
  const { parentPort } = process as NodeJS.Process & { parentPort?: ParentPort };
  return { ...signalsOfProcess(), ...(parentPort === undefined ? nodeLine() : utilityLine(parentPort)) };
}

function signalsOfProcess(): Pick<ParentLine, 'onEndAsked' | 'onUncaught'> {
  // Ctrl-C in a terminal reaches every process of its group; only the box decides when a recording ends.
  process.on('SIGINT', () => {});
  return {
    onEndAsked: (listener) => void process.on('SIGTERM', listener),
    onUncaught: (listener) => void process.on('uncaughtException', listener),
  };
}

type Channel = Omit<ParentLine, 'onEndAsked' | 'onUncaught'>;

function nodeLine(): Channel {
  let gone = (): void => {};
  return {
    send(message) {
      if (process.connected) process.send?.(message, undefined, undefined, () => {});
    },
    onMessage: (listener) => void process.on('message', listener),
    onGone(listener) {
      gone = listener;
      process.on('disconnect', gone);
    },
    exit(code) {
      process.off('disconnect', gone);
      if (!process.connected || !process.send) process.exit(code);
      const last: FromCapture = { type: 'log', level: 'debug', message: 'capture process leaves' };
      process.send(last, undefined, undefined, () => process.exit(code));
    },
  };
}

/** Chromium ends such a process together with the app, so nobody is ever told that the box is gone. */
function utilityLine(port: ParentPort): Channel {
  return {
    send: (message) => port.postMessage(message),
    onMessage: (listener) => void port.on('message', ({ data }) => listener(data as ToCapture)),
    onGone: () => {},
    exit: (code) => void setTimeout(() => process.exit(code), POSTED_WITHIN_MS),
  };
}
