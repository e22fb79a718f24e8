import { EventEmitter } from 'node:events';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type * as Electron from 'electron';
import { DoubleUtilityProcess } from './electron-double-utility.ts';
import {
  DoubleBaseWindow,
  DoubleBrowserWindow,
  DoubleSession,
  preventable,
  windows,
} from './electron-double-window.ts';

/**
 * A double of the part of Electron that the product uses, held against electron.d.ts by the compiler.
 *
 *     const electron = await vi.hoisted(async () => await import('../support/electron-double.ts'));
 *     vi.mock('electron', () => electron);
 *     beforeEach(() => electron.double.reset({ directory }));
 *
 * What it does not prove: that Chromium draws anything, runs a page, keeps its sandbox, or honours a permission handler; that the system
 * shows a tray, a notification or a dialog; in which order a real system sends its events when a session ends, and how long it waits;
 * that names of events and options are understood beyond their types. `npm run smoke:electron` looks at those with the real binary. Nor, and
 * nothing here looks at it, that a keychain keeps anything from anybody.
 */

export interface ShownDialog {
  options: Electron.MessageBoxOptions;
  /** The window it belongs to. */
  parent: unknown;
  isOpen: boolean;
  /** Presses the button with this label. Throws when there is none. */
  answer(label: string): void;
}

export interface DoubleOptions {
  /** Where `app.getPath` leads. */
  directory?: string;
  locale?: string;
  isPackaged?: boolean;
  /** Whether another instance has the lock. */
  isSecond?: boolean;
  /** As Electron is: ready only when its entry has run to its end. The test says so by `double.becomeReady()`. */
  isReadyLater?: boolean;
  keychain?: Partial<DoubleKeychain>;
}

export interface DoubleKeychain {
  isAvailable: boolean;
  backend: 'gnome_libsecret' | 'basic_text';
  /** Whose keychain it is: what one sealed no other opens. */
  user: string;
}

class DoubleApp extends EventEmitter {
  readonly commandLine = {
    appendSwitch: (name: string, value?: string): void => void double.switches.push([name, value]),
  };
  get isPackaged(): boolean {
    return double.options.isPackaged ?? false;
  }
  getName = (): string => 'TRTC Recorder';
  setName = (_name: string): void => {};
  getVersion = (): string => '0.1.0';
  getAppPath = (): string => process.cwd();
  getLocale = (): string => double.options.locale ?? 'en-US';
  getPreferredSystemLanguages = (): string[] => [this.getLocale()];
  getPath = (name: string): string => {
    const directory = double.paths.get(name) ?? path.join(double.options.directory ?? tmpdir(), name);
    if (name !== 'exe') mkdirSync(directory, { recursive: true });
    return directory;
  };
  setPath = (name: string, directory: string): void => void double.paths.set(name, directory);
  isReady = (): boolean => double.isReady;
  whenReady = (): Promise<void> =>
    double.isReady ? Promise.resolve() : new Promise((resolve) => this.once('ready', resolve));
  requestSingleInstanceLock = (): boolean => !(double.options.isSecond ?? false);
  releaseSingleInstanceLock = (): void => {};
  setAppUserModelId = (id: string): void => void double.calls.push(['setAppUserModelId', id]);
  setAsDefaultProtocolClient = (protocol: string, ...rest: unknown[]): boolean => {
    double.calls.push(['setAsDefaultProtocolClient', protocol, ...rest]);
    return true;
  };
  setAboutPanelOptions = (options: Electron.AboutPanelOptionsOptions): void =>
    void double.calls.push(['setAboutPanelOptions', options]);
  showAboutPanel = (): void => void double.calls.push(['showAboutPanel']);
  setLoginItemSettings = (settings: Electron.Settings): void => {
    double.loginItem = { ...double.loginItem, ...settings };
  };
  getLoginItemSettings = (): Electron.LoginItemSettings => ({
    ...{ openAtLogin: double.loginItem.openAtLogin ?? false, wasOpenedAtLogin: false, status: 'enabled' },
    ...{ executableWillLaunchAtLogin: true, launchItems: [] },
  });
  focus = (): void => void double.calls.push(['focus']);
  relaunch = (): void => void double.calls.push(['relaunch']);
  /** As Electron does: asks, closes every window, and ends unless somebody prevents it. */
  quit = (): void => {
    if (double.exitCode !== null) return;
    if (!preventable(this, 'before-quit')) return;
    double.isQuitting = true;
    for (const window of [...windows]) window.close();
    double.isQuitting = false;
    if (windows.length > 0 || !preventable(this, 'will-quit')) return;
    double.end(0);
  };
  /** Nobody is asked. */
  exit = (code = 0): void => {
    if (double.exitCode !== null) return;
    for (const window of [...windows]) window.destroy();
    double.end(code);
  };
}

class DoubleMenu {
  readonly items: DoubleMenuItem[];
  constructor(template: readonly Electron.MenuItemConstructorOptions[] = []) {
    this.items = template.map((item) => new DoubleMenuItem(item));
  }
  static readonly buildFromTemplate = (template: Electron.MenuItemConstructorOptions[]): DoubleMenu =>
    new DoubleMenu(template);
  static readonly setApplicationMenu = (menu: unknown): void => {
    double.applicationMenu = menu as DoubleMenu | null;
  };
  /** The item with this label, at any depth. */
  find(label: string | RegExp): DoubleMenuItem {
    const found = this.all().find((item) =>
      typeof label === 'string' ? item.label === label : label.test(item.label),
    );
    if (!found) throw new Error(`no menu item ${label}; there are: ${this.labels().join(' | ')}`);
    return found;
  }
  labels(): string[] {
    return this.all().map(({ label }) => label);
  }
  private all(): DoubleMenuItem[] {
    return this.items.flatMap((item) => [item, ...(item.submenu?.all() ?? [])]);
  }
}

class DoubleMenuItem {
  readonly id: string;
  readonly label: string;
  readonly type: string;
  readonly enabled: boolean;
  readonly checked: boolean;
  readonly submenu: DoubleMenu | null;
  private readonly onClick: (() => void) | undefined;
  constructor(options: Electron.MenuItemConstructorOptions) {
    this.id = options.id ?? '';
    this.label = options.label ?? '';
    this.type = options.type ?? 'normal';
    this.enabled = options.enabled ?? true;
    this.checked = options.checked ?? false;
    this.submenu = Array.isArray(options.submenu) ? new DoubleMenu(options.submenu) : null;
    this.onClick = options.click as (() => void) | undefined;
  }
  /** As somebody at the menu would. Throws for an item that is greyed out. */
  click(): void {
    if (!this.enabled) throw new Error(`"${this.label}" is disabled`);
    this.onClick?.();
  }
}

class DoubleImage {
  readonly source: string;
  isTemplate = false;
  constructor(source: string) {
    this.source = source;
  }
  isEmpty = (): boolean => this.source === '';
  setTemplateImage = (isTemplate: boolean): void => {
    this.isTemplate = isTemplate;
  };
  addRepresentation = (): void => {};
  getSize = (): Electron.Size => ({ width: 16, height: 16 });
}

class DoubleTray extends EventEmitter {
  image: DoubleImage | string;
  toolTip = '';
  menu: DoubleMenu | null = null;
  private gone = false;
  constructor(image: Electron.NativeImage | string) {
    super();
    this.image = image as unknown as DoubleImage;
    double.trays.push(this);
  }
  setImage = (image: Electron.NativeImage | string): void => {
    this.image = image as unknown as DoubleImage;
  };
  setToolTip = (text: string): void => {
    this.toolTip = text;
  };
  setTitle = (_title: string): void => {};
  setIgnoreDoubleClickEvents = (_ignore: boolean): void => {};
  setContextMenu = (menu: Electron.Menu | null): void => {
    this.menu = menu as unknown as DoubleMenu;
  };
  popUpContextMenu = (): void => {};
  destroy = (): void => {
    this.gone = true;
  };
  isDestroyed = (): boolean => this.gone;
}

class DoubleNotification extends EventEmitter {
  static readonly isSupported = (): boolean => true;
  readonly options: Electron.NotificationConstructorOptions;
  constructor(options: Electron.NotificationConstructorOptions = {}) {
    super();
    this.options = options;
  }
  show = (): void => void double.notifications.push(this);
  close = (): void => void this.emit('close');
}

function freshKeychain(): DoubleKeychain {
  return { isAvailable: true, backend: 'gnome_libsecret', user: 'operator' };
}

/** Hexadecimal behind a mark: enough to see that a text is not kept in clear. */
function seal(text: string): Buffer {
  return Buffer.from(`sealed:${double.safeStorage.user}:${Buffer.from(text).toString('hex')}`);
}

function unseal(sealed: Buffer): string {
  const [, user, hex] = /^sealed:(\w+):((?:[0-9a-f]{2})*)$/.exec(sealed.toString()) ?? [];
  const { isAvailable, user: own } = double.safeStorage;
  if (hex === undefined || user !== own || !isAvailable) throw new Error('cannot decrypt');
  return Buffer.from(hex, 'hex').toString();
}

const safeStorageDouble = {
  isEncryptionAvailable: () => double.safeStorage.isAvailable,
  isAsyncEncryptionAvailable: async () => double.safeStorage.isAvailable,
  getSelectedStorageBackend: () => double.safeStorage.backend,
  encryptString: seal,
  encryptStringAsync: async (text: string): Promise<Buffer> => seal(text),
  decryptString: unseal,
  decryptStringAsync: async (sealed: Buffer): Promise<Electron.DecryptStringAsyncReturnValue> => ({
    result: unseal(sealed),
    shouldReEncrypt: false,
  }),
} satisfies Pick<
  Electron.SafeStorage,
  | 'isEncryptionAvailable'
  | 'isAsyncEncryptionAvailable'
  | 'getSelectedStorageBackend'
  | 'encryptString'
  | 'encryptStringAsync'
  | 'decryptString'
  | 'decryptStringAsync'
>;

function showMessageBox(...args: unknown[]): Promise<Electron.MessageBoxReturnValue> {
  const options = args.at(-1) as Electron.MessageBoxOptions;
  return new Promise((resolve) => {
    const close = (response: number): void => {
      dialog.isOpen = false;
      resolve({ response, checkboxChecked: options.checkboxChecked ?? false });
    };
    const dialog: ShownDialog = {
      options,
      parent: args.length > 1 ? args[0] : null,
      isOpen: true,
      answer(label) {
        const response = options.buttons?.indexOf(label) ?? -1;
        if (response < 0) throw new Error(`no button "${label}"; there are: ${options.buttons?.join(' | ')}`);
        close(response);
      },
    };
    options.signal?.addEventListener('abort', () => close(options.cancelId ?? 0));
    double.dialogs.push(dialog);
  });
}

/** What tests see and change of the double. */
export const double = {
  options: {} as DoubleOptions,
  /** Null while the app runs. */
  exitCode: null as number | null,
  isReady: true,
  /** Whether `app.quit` is closing the windows. */
  isQuitting: false,
  windows: windows as readonly DoubleBrowserWindow[],
  baseWindows: DoubleBaseWindow.all as readonly DoubleBaseWindow[],
  trays: [] as DoubleTray[],
  notifications: [] as DoubleNotification[],
  dialogs: [] as ShownDialog[],
  errorBoxes: [] as { title: string; content: string }[],
  opened: [] as string[],
  powerBlockers: new Map<number, string>(),
  loginItem: {} as Electron.Settings,
  paths: new Map<string, string>(),
  calls: [] as unknown[][],
  switches: [] as [string, string | undefined][],
  applicationMenu: null as DoubleMenu | null,
  safeStorage: freshKeychain(),
  becomeReady(): void {
    double.isReady = true;
    app.emit('ready');
  },
  end(code: number): void {
    double.exitCode = code;
    app.emit('quit', {}, code);
  },
  /** The open dialog whose words match, or undefined. */
  dialog: (words: RegExp): ShownDialog | undefined =>
    double.dialogs.find(({ isOpen, options }) => isOpen && words.test(`${options.message}\n${options.detail ?? ''}`)),
  /** A new app that nobody listens to yet. */
  reset(options: DoubleOptions = {}): void {
    for (const window of [...windows]) window.destroy();
    for (const emitter of [app, ipcMain, powerMonitor, nativeTheme]) emitter.removeAllListeners();
    DoubleSession.all.clear();
    DoubleBaseWindow.all.length = 0;
    for (const list of [double.trays, double.notifications, double.dialogs, double.errorBoxes]) list.length = 0;
    for (const list of [double.opened, double.calls, double.switches]) list.length = 0;
    for (const map of [double.powerBlockers, double.paths]) map.clear();
    Object.assign(double, { options, exitCode: null, isQuitting: false, loginItem: {}, applicationMenu: null });
    double.safeStorage = { ...freshKeychain(), ...options.keychain };
    double.isReady = !(options.isReadyLater ?? false);
  },
};

class DoubleIpcMain extends EventEmitter {
  readonly handlers = new Map<string, (...args: never[]) => unknown>();
  handle = (channel: string, listener: (...args: never[]) => unknown): void =>
    void this.handlers.set(channel, listener);
  removeHandler = (channel: string): void => void this.handlers.delete(channel);
}

class DoublePowerMonitor extends EventEmitter {}
class DoubleNativeTheme extends EventEmitter {
  shouldUseDarkColors = false;
}

type AppUsed = Exclude<keyof DoubleApp, keyof EventEmitter | 'commandLine'>;
export const app = new DoubleApp() satisfies Pick<Electron.App, AppUsed>;
export const ipcMain = new DoubleIpcMain();
export const powerMonitor = new DoublePowerMonitor();
export const nativeTheme = new DoubleNativeTheme() satisfies Pick<Electron.NativeTheme, 'shouldUseDarkColors'>;
export const safeStorage = safeStorageDouble;
export const dialog = {
  showMessageBox,
  showErrorBox: (title: string, content: string): void => void double.errorBoxes.push({ title, content }),
} satisfies Pick<Electron.Dialog, 'showMessageBox' | 'showErrorBox'>;
export const shell = {
  openExternal: async (url: string): Promise<void> => void double.opened.push(url),
  openPath: async (file: string): Promise<string> => {
    double.opened.push(file);
    return '';
  },
  showItemInFolder: (file: string): void => void double.opened.push(file),
} satisfies Pick<Electron.Shell, 'openExternal' | 'openPath' | 'showItemInFolder'>;
export const powerSaveBlocker = {
  start(type: 'prevent-app-suspension' | 'prevent-display-sleep'): number {
    const id = double.powerBlockers.size + 1;
    double.powerBlockers.set(id, type);
    return id;
  },
  stop: (id: number): boolean => double.powerBlockers.delete(id),
  isStarted: (id: number): boolean => double.powerBlockers.has(id),
} satisfies Electron.PowerSaveBlocker;
export const crashReporter = {
  start: (options: Electron.CrashReporterStartOptions): void => void double.calls.push(['crashReporter', options]),
} satisfies Pick<Electron.CrashReporter, 'start'>;
export const protocol = {
  registerSchemesAsPrivileged: (schemes: Electron.CustomScheme[]): void => void double.calls.push(['schemes', schemes]),
  handle: (scheme: string): void => void double.calls.push(['handle', scheme]),
} satisfies Pick<Electron.Protocol, 'registerSchemesAsPrivileged' | 'handle'>;
export const nativeImage = {
  createFromPath: (file: string): DoubleImage => new DoubleImage(file),
  createEmpty: (): DoubleImage => new DoubleImage(''),
};
export const session = { fromPartition: DoubleSession.fromPartition };
export const utilityProcess = { fork: DoubleUtilityProcess.fork };
export const BrowserWindow = DoubleBrowserWindow;
export const BaseWindow = DoubleBaseWindow;
export const Tray = DoubleTray;
export const Menu = DoubleMenu;
export const Notification = DoubleNotification;

/** What is used of the classes has the types it has in Electron; `on` returns another `this` and is left out. */
type Methods<Class> = Pick<Class, Exclude<keyof Class, keyof EventEmitter>>;
type TrayUsed = Omit<Methods<DoubleTray>, 'image' | 'toolTip' | 'menu'>;
({}) as DoubleTray satisfies Pick<Electron.Tray, keyof TrayUsed & keyof Electron.Tray>;
({}) as DoubleNotification satisfies Pick<Electron.Notification, 'show' | 'close'>;
({}) as DoubleImage satisfies Pick<Electron.NativeImage, 'isEmpty' | 'setTemplateImage' | 'addRepresentation'>;
