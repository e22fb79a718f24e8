import type { FromCapture, ToCapture } from '../messages.ts';
import type { ParentLine } from '../parent-line.ts';

/** Channel on which the host of a capture window and its page talk; they send `ToCaptureWindow` and `FromCaptureWindow`. */
export const CAPTURE_CHANNEL = 'capture';

export type ToCaptureWindow =
  | { kind: 'message'; message: ToCapture }
  /** What a signal is to a process. */
  | { kind: 'endAsked' };

export type FromCaptureWindow =
  | { kind: 'message'; message: FromCapture }
  /** Last message: the window may be taken away. A page cannot end itself in a way that everybody hears of. */
  | { kind: 'exit'; code: number };

/** What the preload script gives the page; the page itself touches neither Node nor Electron. */
export interface CaptureBridge {
  send(message: FromCaptureWindow): void;
  onMessage(listener: (message: ToCaptureWindow) => void): void;
  /** Runs the capture on this line. */
  start(line: WindowLine): void;
}

export interface WindowLine extends ParentLine {
  /** Tells of an error that nobody caught. One that comes before anybody listens ends the window. */
  fail(error: Error): void;
}

/** How a window leaves whose page failed before the capture ran. */
const FAILED_CODE = 70;

/** The line of a capture in a window, made of the bridge. Nothing is sent after `exit`. */
export function createWindowLine(bridge: Pick<CaptureBridge, 'send' | 'onMessage'>): WindowLine {
  let isOver = false;
  let onMessage = (_message: ToCapture): void => {};
  let onEndAsked = (): void => {};
  let onUncaught: ((error: Error) => void) | null = null;
  const line: WindowLine = {
    send(message) {
      if (!isOver) bridge.send({ kind: 'message', message });
    },
    onMessage(listener) {
      onMessage = listener;
    },
    // Chromium ends the process of a page together with the app.
    onGone: () => {},
    onEndAsked(listener) {
      onEndAsked = listener;
    },
    onUncaught(listener) {
      onUncaught = listener;
    },
    fail(error) {
      if (onUncaught) {
        onUncaught(error);
        return;
      }
      const data = { error: error.message, stack: error.stack };
      line.send({ type: 'log', level: 'error', message: 'the page of a capture failed', data });
      line.exit(FAILED_CODE);
    },
    exit(code) {
      if (isOver) return;
      isOver = true;
      bridge.send({ kind: 'exit', code });
    },
  };
  bridge.onMessage((message) => {
    if (isOver) return;
    if (message.kind === 'endAsked') onEndAsked();
    else onMessage(message.message);
  });
  return line;
}
