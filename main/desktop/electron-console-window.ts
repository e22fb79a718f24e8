import { readFileSync } from 'node:fs';
import { BrowserWindow, nativeTheme, type Session, session, shell } from 'electron';
import type { Logger } from '../logging.ts';
import { consoleAddress, judgeAddress } from './addresses.ts';

export interface ConsoleWindowDeps {
  /** Where this machine reaches the box, without a path. */
  boxUrl: string;
  /** Secret: shown to the box with each request of the page, known to the page itself never. */
  token: string;
  title: string;
  /** What takes the place of COS, or null. */
  cosEndpoint: string | null;
  /** The box's own certificate when it speaks HTTPS; a loopback address is in none. */
  certificatePath: string | null;
  icon: string | null;
  /** Tools of developers may be opened. */
  hasDevTools: boolean;
  log: Pick<Logger, 'info' | 'warn'>;
  /** The page's process ended time and again. */
  onFailed(): void;
}

/** The one window of the app. Closing hides it; only the end of the app takes it away. */
export interface ConsoleWindow {
  /** Brings the window to the front; a place of the console (`/start`) changes what it shows. */
  show(place?: string): void;
  hide(): void;
  /** Shows on the taskbar that something is being finished. */
  setBusy(isBusy: boolean): void;
  destroy(): void;
}

/** What the person chose in the console (language, look) stays; nothing else of the app shares it. */
export const CONSOLE_PARTITION = 'persist:console';
const RELOAD_AFTER_MS = 1000;
/** More crashes than this within a minute are no accident. */
const MOST_CRASHES = 3;
const CRASH_WINDOW_MS = 60_000;
const USE_CHROMIUMS_VERDICT = -3;
const TRUSTED = 0;

export function createConsoleWindow(deps: ConsoleWindowDeps): ConsoleWindow {
  const ownSession = prepareSession(deps);
  let window: BrowserWindow | null = null;
  let isEnding = false;
  const make = (place: string): BrowserWindow => {
    const made = new BrowserWindow(optionsOf(deps, ownSession));
    made.on('close', (event) => {
      if (isEnding) return;
      event.preventDefault();
      made.hide();
    });
    made.on('closed', () => {
      window = null;
    });
    made.once('ready-to-show', () => made.show());
    guardPage(made, deps);
    reviveAfterCrash(made, deps);
    load(made, consoleAddress(deps.boxUrl, place), deps.log);
    return made;
  };
  return {
    show(place) {
      if (isEnding) return;
      if (window === null) {
        window = make(place ?? '/');
        return;
      }
      if (place !== undefined) load(window, consoleAddress(deps.boxUrl, place), deps.log);
      if (window.isMinimized()) window.restore();
      window.show();
      window.focus();
    },
    hide: () => window?.hide(),
    setBusy: (isBusy) => window?.setProgressBar(isBusy ? 2 : -1),
    destroy() {
      isEnding = true;
      window?.destroy();
    },
  };
}

function optionsOf(deps: ConsoleWindowDeps, ownSession: Session): Electron.BrowserWindowConstructorOptions {
  return {
    ...{ title: deps.title, show: false, width: 1280, height: 840, minWidth: 360, minHeight: 480 },
    ...(deps.icon === null ? {} : { icon: deps.icon }),
    autoHideMenuBar: true,
    // The ground of the page, so that nothing flashes before it is there.
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#111113' : '#ffffff',
    webPreferences: {
      session: ownSession,
      ...{ contextIsolation: true, sandbox: true, nodeIntegration: false, webSecurity: true },
      ...{ webviewTag: false, navigateOnDragDrop: false, spellcheck: false, devTools: deps.hasDevTools },
    },
  };
}

/** The token goes to the box and to nobody else; permissions go to nobody at all. */
function prepareSession({ boxUrl, token, certificatePath }: ConsoleWindowDeps): Session {
  const own = session.fromPartition(CONSOLE_PARTITION);
  const { origin, hostname } = new URL(boxUrl);
  const authorization = `Bearer ${token}`;
  own.webRequest.onBeforeSendHeaders({ urls: ['*://*/*'] }, ({ url, requestHeaders }, callback) => {
    const isOwn = URL.canParse(url) && new URL(url).origin === origin;
    // A redirect to somebody else may still carry what the first request was given.
    const others = Object.entries(requestHeaders).filter(([, value]) => value !== authorization);
    callback({ requestHeaders: { ...Object.fromEntries(others), ...(isOwn ? { authorization } : {}) } });
  });
  // Copying an address or a text is the one thing that pages of the box need.
  const isGranted = (permission: string, requester: string): boolean =>
    permission === 'clipboard-sanitized-write' && URL.canParse(requester) && new URL(requester).origin === origin;
  own.setPermissionRequestHandler((contents, permission, callback) => {
    callback(isGranted(permission, contents.getURL()));
  });
  own.setPermissionCheckHandler((_contents, permission, requester) => isGranted(permission, requester));
  own.setDevicePermissionHandler(() => false);
  if (certificatePath !== null) {
    own.setCertificateVerifyProc((request, callback) => {
      const isOwn = request.hostname === hostname.replace(/^\[|\]$/g, '');
      callback(isOwn && isSame(request.certificate.data, certificatePath) ? TRUSTED : USE_CHROMIUMS_VERDICT);
    });
  }
  return own;
}

/** Whether this is the certificate in the file, which may be renewed while the app runs. */
function isSame(pem: string, certificatePath: string): boolean {
  try {
    const bare = (text: string): string =>
      /-----BEGIN CERTIFICATE-----([^-]+)-/.exec(text)?.[1]?.replace(/\s/g, '') ?? '';
    const shown = bare(pem);
    return shown !== '' && shown === bare(readFileSync(certificatePath, 'utf8'));
  } catch {
    return false;
  }
}

/** Nothing but the box is ever shown; files in COS open where the person is used to open them. */
function guardPage(window: BrowserWindow, { boxUrl, cosEndpoint, log }: ConsoleWindowDeps): void {
  const { webContents } = window;
  const { origin } = new URL(boxUrl);
  const openOutside = (address: string): void => {
    shell.openExternal(address).catch((error: unknown) => log.warn({ err: error }, 'an address could not be opened'));
  };
  const onNavigation = (event: { preventDefault(): void }, address: string): void => {
    const verdict = judgeAddress(address, origin, cosEndpoint);
    if (verdict === 'own') return;
    event.preventDefault();
    if (verdict === 'outside') openOutside(address);
  };
  webContents.on('will-navigate', (event) => onNavigation(event, event.url));
  webContents.on('will-redirect', (event) => onNavigation(event, event.url));
  webContents.on('will-attach-webview', (event) => event.preventDefault());
  webContents.setWindowOpenHandler(({ url }) => {
    if (judgeAddress(url, origin, cosEndpoint) !== 'refused') openOutside(url);
    return { action: 'deny' };
  });
}

function reviveAfterCrash(window: BrowserWindow, { log, onFailed }: ConsoleWindowDeps): void {
  const crashes: number[] = [];
  window.webContents.on('render-process-gone', (_event, { reason, exitCode }) => {
    if (reason === 'clean-exit' || window.isDestroyed()) return;
    log.warn({ reason, exitCode }, 'the page of the console ended unexpectedly');
    crashes.push(performance.now());
    const recent = crashes.filter((at) => performance.now() - at < CRASH_WINDOW_MS);
    if (recent.length > MOST_CRASHES) {
      onFailed();
      window.destroy();
      return;
    }
    setTimeout(() => {
      if (!window.isDestroyed()) window.webContents.reload();
    }, RELOAD_AFTER_MS);
  });
}

function load(window: BrowserWindow, address: string, log: Pick<Logger, 'warn'>): void {
  window.loadURL(address).catch((error: unknown) => {
    if (window.isDestroyed()) return;
    log.warn({ err: error }, 'the console could not be loaded; the window tries again');
    setTimeout(() => {
      if (!window.isDestroyed()) load(window, address, log);
    }, RELOAD_AFTER_MS);
  });
}
