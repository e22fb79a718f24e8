import { EventEmitter } from 'node:events';
import type * as Electron from 'electron';
import { type DoubleRenderer, startRenderer } from './electron-double-renderer.ts';

/** The windows of Electron's double: what `electron-double.ts` says of what is not proven holds here as well. */

/** Every window that is not destroyed. */
export const windows: DoubleBrowserWindow[] = [];

/** Tells an event, with its facts, that listeners may prevent. @returns whether nobody did. */
export function preventable(emitter: EventEmitter, name: string, facts: object = {}): boolean {
  let isPrevented = false;
  const event = {
    ...facts,
    preventDefault: () => {
      isPrevented = true;
    },
    get defaultPrevented() {
      return isPrevented;
    },
  };
  emitter.emit(name, event);
  return !isPrevented;
}

type HeadersListener = (
  details: Electron.OnBeforeSendHeadersListenerDetails,
  callback: (response: Electron.BeforeSendResponse) => void,
) => void;
type RequestListener = (
  details: Electron.OnBeforeRequestListenerDetails,
  callback: (response: Electron.CallbackResponse) => void,
) => void;
type PermissionRequestHandler = Parameters<Electron.Session['setPermissionRequestHandler']>[0];
type PermissionCheckHandler = Parameters<Electron.Session['setPermissionCheckHandler']>[0];

export class DoubleSession extends EventEmitter {
  static readonly all = new Map<string, DoubleSession>();
  static readonly fromPartition = (partition: string): DoubleSession => {
    const known = DoubleSession.all.get(partition) ?? new DoubleSession();
    DoubleSession.all.set(partition, known);
    return known;
  };
  permissionRequest: PermissionRequestHandler = null;
  permissionCheck: PermissionCheckHandler = null;
  devicePermission: Parameters<Electron.Session['setDevicePermissionHandler']>[0] = null;
  certificateVerify: Parameters<Electron.Session['setCertificateVerifyProc']>[0] = null;
  spellCheck = true;
  private requestRule: { urls: string[]; listener: RequestListener } | null = null;
  private headers: { urls: string[]; listener: HeadersListener } | null = null;
  readonly protocol = {
    handlers: new Map<string, Parameters<Electron.Protocol['handle']>[1]>(),
    handle(scheme: string, handler: Parameters<Electron.Protocol['handle']>[1]): void {
      this.handlers.set(scheme, handler);
    },
    unhandle(scheme: string): void {
      this.handlers.delete(scheme);
    },
  };
  readonly webRequest = {
    onBeforeSendHeaders: (filter: Electron.WebRequestFilter, listener: HeadersListener): void => {
      this.headers = { urls: filter.urls, listener };
    },
    onBeforeRequest: (filter: Electron.WebRequestFilter, listener: RequestListener): void => {
      this.requestRule = { urls: filter.urls, listener };
    },
  };
  /** Requests of `net` that are under way. */
  readonly requests = new Set<{ destroy(error: Error): void }>();
  closeAllConnections = async (): Promise<void> => {
    for (const request of this.requests) request.destroy(new Error('net::ERR_ABORTED'));
  };
  setPermissionRequestHandler = (handler: PermissionRequestHandler): void => {
    this.permissionRequest = handler;
  };
  setPermissionCheckHandler = (handler: PermissionCheckHandler): void => {
    this.permissionCheck = handler;
  };
  setDevicePermissionHandler = (handler: DoubleSession['devicePermission']): void => {
    this.devicePermission = handler;
  };
  setCertificateVerifyProc = (handler: DoubleSession['certificateVerify']): void => {
    this.certificateVerify = handler;
  };
  setSpellCheckerEnabled = (isEnabled: boolean): void => {
    this.spellCheck = isEnabled;
  };
  /** Node's: whoever needs it to trust a certificate says so in the environment. */
  fetch = async (url: string, init?: RequestInit): Promise<Response> => await fetch(url, init);
  /** Whether a request to `url` may leave. */
  mayRequest(url: string): boolean {
    const { urls = [], listener = null } = this.requestRule ?? {};
    let isCancelled = false;
    if (urls.some((pattern) => matches(pattern, url))) {
      listener?.({ url } as Electron.OnBeforeRequestListenerDetails, ({ cancel }) => {
        isCancelled = cancel ?? false;
      });
    }
    return !isCancelled;
  }
  /** The headers with which a request of a page to `url` would leave. */
  headersOf(url: string, requestHeaders: Record<string, string> = {}): Record<string, unknown> {
    const { urls = [], listener = null } = this.headers ?? {};
    if (listener === null || !urls.some((pattern) => matches(pattern, url))) return requestHeaders;
    let sent: Record<string, unknown> = requestHeaders;
    listener({ url, requestHeaders } as Electron.OnBeforeSendHeadersListenerDetails, (response) => {
      sent = response.requestHeaders ?? requestHeaders;
    });
    return sent;
  }
}

/** Patterns as Chromium's: scheme, host and path, without a port, which it does not look at. */
function matches(pattern: string, url: string): boolean {
  const [, scheme = '', host = '', path = ''] = /^(\*|[a-z]+):\/\/([^/]+)(\/.*)$/.exec(pattern) ?? [];
  const { protocol, hostname, pathname } = new URL(url);
  const like = (text: string) => new RegExp(`^${text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`);
  return like(scheme).test(protocol.slice(0, -1)) && like(host).test(hostname) && like(path).test(pathname);
}

/** A window without a page: what it hears of the system is all that is used of it. */
export class DoubleBaseWindow extends EventEmitter {
  static readonly all: DoubleBaseWindow[] = [];
  readonly options: Electron.BaseWindowConstructorOptions;
  constructor(options: Electron.BaseWindowConstructorOptions = {}) {
    super();
    this.options = options;
    DoubleBaseWindow.all.push(this);
  }
  isGone = false;
  destroy(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.emit('closed');
  }
}

let nextId = 1;

export class DoubleWebContents extends EventEmitter {
  readonly id: number;
  readonly session: DoubleSession;
  /** What was sent to the page, as [channel, message, number of ports]. */
  readonly sent: [string, unknown, number][] = [];
  readonly ipc = new EventEmitter();
  private url = '';
  private crashed = false;
  private gone = false;
  private renderer: DoubleRenderer | null = null;
  private openHandler: ((details: Electron.HandlerDetails) => Electron.WindowOpenHandlerResponse) | null = null;
  constructor(session: DoubleSession) {
    super();
    this.id = nextId++;
    this.session = session;
  }
  send = (channel: string, ...args: unknown[]): void => {
    this.sent.push([channel, args[0], 0]);
    this.renderer?.send(channel, args[0]);
  };
  postMessage = (channel: string, message: unknown, transfer: unknown[] = []): void =>
    void this.sent.push([channel, message, transfer.length]);
  getURL = (): string => this.url;
  getOSProcessId = (): number => this.renderer?.pid ?? 40_000 + this.id;
  isCrashed = (): boolean => this.crashed;
  isDestroyed = (): boolean => this.gone;
  reload = (): void => void this.load(this.url);
  setWindowOpenHandler = (handler: (details: Electron.HandlerDetails) => Electron.WindowOpenHandlerResponse): void => {
    this.openHandler = handler;
  };
  setAudioMuted = (_isMuted: boolean): void => {};
  forcefullyCrashRenderer = (): void => this.crash('killed');
  /** The page's process ends. */
  crash(reason: Electron.RenderProcessGoneDetails['reason']): void {
    if (this.crashed || this.gone) return;
    this.crashed = true;
    this.renderer?.kill();
    this.emit('render-process-gone', {}, { reason, exitCode: reason === 'clean-exit' ? 0 : 139 });
  }
  load(url: string): void {
    this.url = url;
    this.crashed = false;
    queueMicrotask(() => {
      if (!this.gone) this.emit('did-finish-load');
    });
  }
  /** The page and its preload script run in a real process with Node. */
  run(preload: string, page: string): void {
    this.load(`file://${page}`);
    this.renderer = startRenderer(preload, page, {
      onMessage: (channel, message) => void this.ipc.emit(channel, {}, message),
      onPreloadError: (error) => void this.emit('preload-error', {}, preload, error),
      onGone: () => this.crash('killed'),
    });
  }
  /** A link of the page is followed. @returns whether the page may go there. */
  navigate(url: string): boolean {
    const allowed = preventable(this, 'will-navigate', { url });
    if (allowed) this.load(url);
    return allowed;
  }
  /** The page opens a window. @returns what the handler said. */
  openWindow(url: string): 'allow' | 'deny' {
    return this.openHandler?.({ url } as Electron.HandlerDetails).action ?? 'allow';
  }
  end(): void {
    this.gone = true;
    this.renderer?.kill();
    this.emit('destroyed');
  }
}

export class DoubleBrowserWindow extends EventEmitter {
  static readonly getAllWindows = (): DoubleBrowserWindow[] => [...windows];
  static readonly fromWebContents = (contents: { id: number }): DoubleBrowserWindow | null =>
    windows.find(({ webContents }) => webContents.id === contents.id) ?? null;
  /** Told of what every window loads; it may stand in for the page. */
  static onLoad: ((window: DoubleBrowserWindow, address: string) => void | Promise<void>) | null = null;
  readonly options: Electron.BrowserWindowConstructorOptions;
  readonly webContents: DoubleWebContents;
  readonly id: number;
  progress = -1;
  title: string;
  isFocusedNow = false;
  private visible: boolean;
  private minimized = false;
  private gone = false;
  constructor(options: Electron.BrowserWindowConstructorOptions = {}) {
    super();
    this.options = options;
    this.title = options.title ?? '';
    const { session, partition } = options.webPreferences ?? {};
    const own = (session as unknown as DoubleSession) ?? DoubleSession.fromPartition(partition ?? '');
    this.webContents = new DoubleWebContents(own);
    this.id = this.webContents.id;
    this.visible = options.show ?? true;
    windows.push(this);
  }
  loadURL = async (url: string): Promise<void> => {
    this.webContents.load(url);
    queueMicrotask(() => this.emit('ready-to-show'));
    await DoubleBrowserWindow.onLoad?.(this, url);
  };
  loadFile = async (file: string): Promise<void> => {
    const { preload, nodeIntegration } = this.options.webPreferences ?? {};
    if (nodeIntegration && preload && !DoubleBrowserWindow.onLoad) this.webContents.run(preload, file);
    else this.webContents.load(`file://${file}`);
    await DoubleBrowserWindow.onLoad?.(this, file);
  };
  show = (): void => {
    this.visible = true;
    this.isFocusedNow = true;
  };
  hide = (): void => {
    this.visible = false;
    this.isFocusedNow = false;
  };
  focus = (): void => {
    this.isFocusedNow = true;
  };
  minimize = (): void => {
    this.minimized = true;
  };
  restore = (): void => {
    this.minimized = false;
  };
  isVisible = (): boolean => this.visible;
  isMinimized = (): boolean => this.minimized;
  isFocused = (): boolean => this.isFocusedNow;
  isDestroyed = (): boolean => this.gone;
  setProgressBar = (progress: number): void => {
    this.progress = progress;
  };
  setTitle = (title: string): void => {
    this.title = title;
  };
  setMenuBarVisibility = (_isVisible: boolean): void => {};
  removeMenu = (): void => {};
  close = (): void => {
    if (!this.gone && preventable(this, 'close')) this.destroy();
  };
  destroy = (): void => {
    if (this.gone) return;
    this.gone = true;
    windows.splice(windows.indexOf(this), 1);
    this.webContents.end();
    this.emit('closed');
  };
}

/** What is used of the classes has the types it has in Electron; `on` returns another `this` and is left out. */
type Own<Class, Reference> = Pick<Reference, Exclude<keyof Class & keyof Reference, keyof EventEmitter>>;
type WindowUsed = Omit<Own<DoubleBrowserWindow, Electron.BrowserWindow>, 'webContents'>;
type ContentsUsed = Omit<Own<DoubleWebContents, Electron.WebContents>, 'session' | 'ipc'>;
type SessionUsed = Omit<Own<DoubleSession, Electron.Session>, 'protocol' | 'webRequest'>;
({}) as DoubleBrowserWindow satisfies WindowUsed;
({}) as DoubleWebContents satisfies ContentsUsed;
({}) as DoubleSession satisfies SessionUsed;
