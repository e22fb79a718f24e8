import type { FromCapture, ToCapture } from './messages.ts';

/** The line of a capture process to the box that started it. */
export interface ParentLine {
  /** False once the box is gone. */
  readonly isOpen: boolean;
  /** `sent` is called once the message is out of this process, or cannot go out any more. */
  send(message: FromCapture, sent?: () => void): void;
  onMessage(listener: (message: ToCapture) => void): void;
  /** The listener is called when the box is gone; not after `leave`. */
  onGone(listener: () => void): void;
  /** This process goes by itself: the end of the line is no news any more. */
  leave(): void;
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
  return parentPort === undefined ? nodeLine() : utilityLine(parentPort);
}

function nodeLine(): ParentLine {
  let gone = (): void => {};
  return {
    get isOpen() {
      return process.connected;
    },
    send(message, sent = () => {}) {
      if (process.connected && process.send) process.send(message, undefined, undefined, () => sent());
      else sent();
    },
    onMessage: (listener) => void process.on('message', listener),
    onGone(listener) {
      gone = listener;
      process.on('disconnect', gone);
    },
    leave: () => void process.off('disconnect', gone),
  };
}

/** Chromium ends such a process together with the app, so nobody is ever told that the box is gone. */
function utilityLine(port: ParentPort): ParentLine {
  return {
    isOpen: true,
    send(message, sent) {
      port.postMessage(message);
      if (sent) setTimeout(sent, POSTED_WITHIN_MS);
    },
    onMessage: (listener) => void port.on('message', ({ data }) => listener(data as ToCapture)),
    onGone: () => {},
    leave: () => {},
  };
}
