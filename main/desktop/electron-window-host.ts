import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BrowserWindow, type Session, session } from 'electron';
import type { CaptureExit, CaptureHost, CaptureHostEvents, CaptureProcess } from '../capture/host.ts';
import { CAPTURE_CHANNEL, type FromCaptureWindow, type ToCaptureWindow } from '../capture/window/window-line.ts';

export interface WindowHostOptions {
  /** Told of warnings and errors that a page writes on its console. */
  onStderr(line: string): void;
}

const FOLDER = '../capture/window';
const PAGE = fileURLToPath(new URL(`${FOLDER}/capture-page.html`, import.meta.url));
// The packaged app has compiled .mjs, a checkout .mts, which only the tests run.
const PRELOAD_ENDING = path.extname(import.meta.url).replace('.', '.m');
const PRELOAD = fileURLToPath(new URL(`${FOLDER}/electron-preload${PRELOAD_ENDING}`, import.meta.url));
/** A page that is busy for so long does not come back; the supervisor notices one that is silent. */
const UNRESPONSIVE_MS = 10_000;
/** How a window ended that never ran its page. */
const FAILED_CODE = 70;
const KILLED: CaptureExit = { code: null, signal: 'SIGKILL' };

/**
 * Hosts each recording in a hidden window of its own: the vendor supports the SDK in pages alone. The window is never shown nor hidden,
 * because Chromium then would take it for one that nobody sees and slow it down. The job travels over IPC, never in an address.
 */
export function createWindowHost(options: WindowHostOptions): CaptureHost {
  const taken = new Set<number>();
  return {
    kind: 'window',
    start(events) {
      let number = 0;
      while (taken.has(number)) number += 1;
      taken.add(number);
      const release = (): void => void taken.delete(number);
      return superviseWindow(openWindow(number), { ...events, release, onStderr: options.onStderr });
    },
  };
}

/**
 * A session of its own keeps Chromium from putting two windows into one process. Sessions last as long as the app, so they are taken again
 * by number; without a name that begins with `persist:` they leave nothing on the disk.
 */
function openWindow(number: number): BrowserWindow {
  const window = new BrowserWindow({
    ...{ title: `capture ${number}`, show: false, width: 320, height: 180, skipTaskbar: true, focusable: false },
    webPreferences: {
      session: lockedSession(`capture-${number}`),
      preload: PRELOAD,
      // As the SDK's scripts need it. Only the product's own page is ever loaded here.
      ...{ nodeIntegration: true, contextIsolation: false, sandbox: false },
      ...{ backgroundThrottling: false, webviewTag: false, spellcheck: false, disableDialogs: true, devTools: false },
    },
  });
  const { webContents } = window;
  webContents.on('will-navigate', (event) => event.preventDefault());
  webContents.on('will-redirect', (event) => event.preventDefault());
  webContents.on('will-attach-webview', (event) => event.preventDefault());
  webContents.setWindowOpenHandler(() => ({ action: 'deny' }));
  // Whoever closes all windows of the app does not mean the recordings: those are ended by the box, and their windows destroyed.
  window.on('close', (event) => event.preventDefault());
  return window;
}

function lockedSession(partition: string): Session {
  const own = session.fromPartition(partition);
  own.setPermissionRequestHandler((_contents, _permission, callback) => callback(false));
  own.setPermissionCheckHandler(() => false);
  own.setDevicePermissionHandler(() => false);
  return own;
}

interface WindowEvents extends CaptureHostEvents, WindowHostOptions {
  /** The window is gone. */
  release(): void;
}

function superviseWindow(window: BrowserWindow, events: WindowEvents): CaptureProcess {
  const { webContents } = window;
  const { promise: exited, resolve: reportExit } = Promise.withResolvers<void>();
  let pid: number | undefined;
  let isDone = false;
  let hung: NodeJS.Timeout | undefined;
  const settle = (exit: CaptureExit): void => {
    if (isDone) return;
    isDone = true;
    clearTimeout(hung);
    // Not in the midst of an event of the window itself.
    setImmediate(() => {
      if (!window.isDestroyed()) window.destroy();
      events.release();
      events.onExit(exit);
      reportExit();
    });
  };
  const kill = (): void => {
    if (isDone) return;
    settle(KILLED);
    webContents.forcefullyCrashRenderer();
  };
  const send = (message: ToCaptureWindow): void => {
    if (!isDone) webContents.send(CAPTURE_CHANNEL, message);
  };
  webContents.ipc.on(CAPTURE_CHANNEL, (_event, message: FromCaptureWindow) => {
    if (isDone) return;
    if (message.kind === 'exit') settle({ code: message.code, signal: null });
    else {
      pid ??= webContents.getOSProcessId();
      events.onMessage(message.message);
    }
  });
  webContents.on('console-message', ({ level, message }) => {
    if (level === 'warning' || level === 'error') events.onStderr(message);
  });
  webContents.on('render-process-gone', (_event, { exitCode }) => settle({ code: exitCode, signal: null }));
  webContents.on('preload-error', (_event, _file, { message }) => {
    events.onStderr(message);
    settle({ code: FAILED_CODE, signal: null });
  });
  webContents.on('did-fail-load', (_event, _code, description) => {
    events.onStderr(description);
    settle({ code: FAILED_CODE, signal: null });
  });
  webContents.on('destroyed', () => settle(KILLED));
  window.on('unresponsive', () => {
    hung ??= setTimeout(kill, UNRESPONSIVE_MS);
  });
  window.on('responsive', () => {
    clearTimeout(hung);
    hung = undefined;
  });
  window.loadFile(PAGE).catch((error: unknown) => {
    if (isDone) return;
    events.onStderr(error instanceof Error ? error.message : String(error));
    settle({ code: FAILED_CODE, signal: null });
  });
  return {
    get pid() {
      return pid;
    },
    send: (message) => send({ kind: 'message', message }),
    async destroy(graceMs) {
      send({ kind: 'endAsked' });
      const timer = setTimeout(kill, graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}
