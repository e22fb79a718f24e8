import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { app, crashReporter, Menu, session } from 'electron';
import { type ApiClient, createApiClient } from '../../shared/api/client.ts';
import { CAPTURING_STATES } from '../../shared/recording.ts';
import { LANGUAGE_TAG, type Language, pickLanguage } from '../../shared/texts/language.ts';
import { createFallbackHost } from '../capture/fallback-host.ts';
import type { CaptureHost } from '../capture/host.ts';
import { diskFaultOf } from '../disk-fault.ts';
import { SECRET_BYTES, tokenOf } from '../http/access/secrets.ts';
import { type Logging, openLogging } from '../logging.ts';
import { productPath } from '../product-root.ts';
import type { Settings } from '../settings/settings.ts';
import { createElectronTray, type ElectronTray } from '../tray/electron-tray.ts';
import { VERSION } from '../version.ts';
import { loopbackAddress, placeOfLink } from './addresses.ts';
import { type DesktopArguments, LINK_SCHEME, readDesktopArguments } from './arguments.ts';
import { createUtilityHost } from './electron-capture-host.ts';
import { CONSOLE_PARTITION, type ConsoleWindow, createConsoleWindow } from './electron-console-window.ts';
import { createKeychain } from './electron-keychain.ts';
import { createLoginItem } from './electron-login-item.ts';
import { showMessage } from './electron-message.ts';
import { createPowerSave } from './electron-power-save.ts';
import { startUtilityScript } from './electron-script.ts';
import { guardShutdown } from './electron-shutdown.ts';
import { type StartedBox, startWithPerson } from './electron-start.ts';
import { createUpdates } from './electron-updates.ts';
import { createWindowHost } from './electron-window-host.ts';
import { createInnerBox } from './inner-box.ts';
import { desktopText } from './texts/texts.ts';

export interface DesktopProcess {
  /** Behind the program's own name, and behind the script's in a checkout. */
  argv: readonly string[];
  variables: Readonly<Record<string, string | undefined>>;
  platform: NodeJS.Platform;
}

/** Windows groups windows, notifications and the icon on its taskbar by this. */
const APP_ID = 'com.trtc-recorder.box';
/** How long the question before quitting waits for the box. */
const COUNT_WITHIN_MS = 2000;
/** An app that crashes sooner is not started again: it would go on for ever. */
const RELAUNCH_AFTER_SECONDS = 60;

/** The appliance on a desktop, from its start to the moment in which it is at work. Resolves then, or when the app ends instead. */
export async function runDesktop(desktop: DesktopProcess): Promise<void> {
  const args = readDesktopArguments(desktop.argv);
  const dataDirectory = settleInSystem(desktop, args);
  if (!app.requestSingleInstanceLock()) return app.exit(0);
  // The box stays when its last window is gone; without a listener Electron would quit.
  app.on('window-all-closed', () => {});
  const calls = gatherCalls();
  await app.whenReady();
  const language = pickLanguage(app.getLocale());
  settleOnScreen(desktop.platform, language);
  const logging = await openLogging({ directory: dataDirectory });
  endInOrderOnError(logging, desktop.variables);
  const token = tokenOf(randomBytes(SECRET_BYTES));
  const { log } = logging;
  const isAtLogin = args.isHidden || (desktop.platform === 'darwin' && app.getLoginItemSettings().wasOpenedAtLogin);
  const started = await startWithPerson({
    ...{ arguments: args, dataDirectory, variables: desktop.variables, language, log },
    isAwaited: () => !isAtLogin || calls.isWaiting(),
    partsFor: ({ capture }) => {
      const captureHost = captureHostFor(capture.host, log);
      return {
        ...{ ownToken: token, captureHost, startScript: startUtilityScript },
        keychain: createKeychain(desktop.platform),
        startSelfTestBox: createInnerBox({ captureHost, log }),
      };
    },
  });
  if (started === null) {
    await logging.close();
    return app.exit(0);
  }
  const open = showFace({ ...started, desktop, language, logging, token });
  if (!isAtLogin) open('/');
  calls.answer((link) => {
    if (link === null) return open();
    const place = placeOfLink(link);
    if (place === null) logging.log.warn({}, 'a link that means no recording was refused');
    else open(place);
  });
  if (args.link !== null) calls.call(args.link);
}

/** Windows unless the settings say otherwise: there alone the vendor supports the SDK. Processes, where no window ever comes up. */
function captureHostFor(wanted: Settings['capture']['host'], log: Logging['log']): CaptureHost {
  const options = { onStderr: (line: string) => log.debug({ line }, 'capture process wrote to stderr') };
  if (wanted === 'process') return createUtilityHost(options);
  const preferred = createWindowHost(options);
  if (wanted === 'window') return preferred;
  const words =
    'no window for a recording comes up on this machine: recordings run in processes until the app starts again';
  return createFallbackHost({
    ...{ preferred, instead: createUtilityHost(options), onGivenUp: () => log.error({}, words) },
  });
}

/** What has to be said before the app is ready. @returns the data directory */
function settleInSystem({ platform, variables, argv }: DesktopProcess, { dataDirectory }: DesktopArguments): string {
  if (dataDirectory !== null) moveFolder('userData', path.join(dataDirectory, 'desktop'));
  const own = dataDirectory ?? path.join(app.getPath('userData'), 'box');
  moveFolder('crashDumps', path.join(own, 'diagnostics', 'crashes'));
  crashReporter.start({ uploadToServer: false });
  if (platform === 'win32') app.setAppUserModelId(APP_ID);
  const script = app.isPackaged ? undefined : process.argv[process.argv.length - argv.length - 1];
  if (script === undefined) app.setAsDefaultProtocolClient(LINK_SCHEME);
  // A checkout is registered only on demand: it would take the links of an installed app.
  else if (variables.RECORDER_LINKS)
    app.setAsDefaultProtocolClient(LINK_SCHEME, process.execPath, [path.resolve(script)]);
  return own;
}

/** Electron takes only folders that are there. One that cannot be made leaves Electron's own: what is wrong with the disk the start tells. */
function moveFolder(name: 'userData' | 'crashDumps', directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    app.setPath(name, directory);
  } catch (error) {
    if (diskFaultOf(error) === null) throw error;
  }
}

function settleOnScreen(platform: NodeJS.Platform, language: Language): void {
  const name = desktopText(language, 'app.name');
  app.setAboutPanelOptions({
    ...{ applicationName: name, applicationVersion: VERSION, copyright: desktopText(language, 'app.about') },
    iconPath: productPath('resources/icons/icon.png'),
  });
  // Only macOS has its menu outside the windows, and takes the keys for copying and pasting from it.
  const roles = ['appMenu', 'editMenu', 'windowMenu'] as const;
  const menu = platform === 'darwin' ? Menu.buildFromTemplate(roles.map((role) => ({ role }))) : null;
  Menu.setApplicationMenu(menu);
}

/**
 * Second starts and links, from the first moment on: those that come before the box is there are answered then.
 * A call is a link, or null for a second start.
 */
function gatherCalls() {
  const waiting: (string | null)[] = [];
  let take = (link: string | null): void => void waiting.push(link);
  app.on('second-instance', (_event, argv) => take(readDesktopArguments(argv.slice(1)).link));
  // A click on the icon in the dock.
  app.on('activate', () => take(null));
  app.on('open-url', (event, link) => {
    event.preventDefault();
    take(link);
  });
  return {
    call: (link: string | null): void => take(link),
    /** Somebody called and was not answered yet. */
    isWaiting: () => waiting.length > 0,
    answer(answer: (link: string | null) => void): void {
      take = answer;
      for (const link of waiting.splice(0)) answer(link);
    },
  };
}

/** An unattended box comes back by itself: what it had begun it picks up at its next start. */
function endInOrderOnError({ log, close }: Logging, { APPIMAGE }: DesktopProcess['variables']): void {
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'unexpected error; the box stops and goes on at its next start');
    if (process.uptime() > RELAUNCH_AFTER_SECONDS) app.relaunch(APPIMAGE ? { execPath: APPIMAGE } : {});
    close().finally(() => app.exit(1));
  });
}

interface FaceParts extends StartedBox {
  desktop: DesktopProcess;
  language: Language;
  logging: Logging;
  /** Secret. */
  token: string;
}

/** Window, tray and the end of the app around a box at work. @returns what shows the window */
function showFace(parts: FaceParts): (place?: string) => void {
  const { appliance, language, logging, token, settings, desktop } = parts;
  const { log } = logging;
  const boxUrl = loopbackAddress(appliance.url);
  const client = clientOf(boxUrl, token, language);
  const powerSave = createPowerSave();
  const shownParts: { tray: ElectronTray | null } = { tray: null };
  const window = createWindow(parts, boxUrl);
  const updates = createUpdates({
    ...{ client, language, log, appImage: desktop.variables.APPIMAGE },
    isService: desktop.variables.SYSTEMD_EXEC_PID === String(process.pid),
    onChange: () => shownParts.tray?.redraw(),
    install: () => shutdown.update(),
  });
  const shutdown = guardShutdown({
    ...{ language, log, platform: desktop.platform, hideWindow: window.hide, setBusy: window.setBusy },
    ...{ updates, countRunning: () => countRunning(client) },
    isRecording: () => powerSave.isOn,
    async drain() {
      await appliance.stop();
      await logging.close();
    },
    takeDown() {
      powerSave.set(false);
      updates.stop();
      shownParts.tray?.destroy();
      window.destroy();
    },
  });
  const name = desktopText(language, 'app.name');
  shownParts.tray = createElectronTray({
    ...{ client, language, log, platform: desktop.platform },
    iconsDirectory: productPath('resources/icons'),
    openConsole: window.show,
    showAbout: () => app.showAboutPanel(),
    ...{ quit: shutdown.quit, installUpdate: shutdown.update, updates },
    launchAtLogin: createLoginItem({ platform: desktop.platform, variables: desktop.variables, name }),
    onFacts: ({ running }) => {
      const isOn = running.length > 0;
      // While nothing runs there is little news, and any of it may be that the last recording is finished.
      if (powerSave.isOn !== isOn || !isOn) void updates.look();
      powerSave.set(isOn);
    },
  });
  void updates.look();
  log.info({ certificate: settings.http.tls.certPath !== null }, 'the desktop is there');
  return window.show;
}

function createWindow(
  { language, token, settings, environment, logging: { log } }: FaceParts,
  boxUrl: string,
): ConsoleWindow {
  return createConsoleWindow({
    ...{ boxUrl, token, log, cosEndpoint: environment.cosEndpoint },
    title: desktopText(language, 'app.name'),
    certificatePath: settings.http.tls.certPath,
    icon: productPath('resources/icons/icon.png'),
    hasDevTools: !app.isPackaged,
    onFailed: () => {
      void showMessage({
        ...{ type: 'warning', title: desktopText(language, 'app.name') },
        ...{ message: desktopText(language, 'window.failed'), detail: desktopText(language, 'window.failedDetail') },
      });
    },
  });
}

/** Over HTTPS by the window's session, which knows the box's certificate: Node trusts none for a loopback address. */
function clientOf(boxUrl: string, token: string, language: Language): ApiClient {
  const isHttps = boxUrl.startsWith('https:');
  const ownSession = session.fromPartition(CONSOLE_PARTITION);
  return createApiClient({
    ...{ baseUrl: boxUrl, token, language: LANGUAGE_TAG[language] },
    ...(isHttps ? { fetch: ((input, init) => ownSession.fetch(String(input), init)) as typeof fetch } : {}),
  });
}

async function countRunning(client: ApiClient): Promise<number> {
  const signal = AbortSignal.timeout(COUNT_WITHIN_MS);
  const answers = await Promise.all(
    CAPTURING_STATES.map((state) => client.call('listRecordings', { query: { state, limit: 1 } }, { signal })),
  );
  return answers.reduce((sum, { total }) => sum + total, 0);
}
