import path from 'node:path';
import type { MenuItemConstructorOptions } from 'electron';
import { Menu, Notification, nativeImage, shell, Tray } from 'electron';
import { type ApiClient, ApiError } from '../../shared/api/client.ts';
import type { Language } from '../../shared/texts/language.ts';
import { systemClock } from '../delivery/clock.ts';
import { showMessage } from '../desktop/electron-message.ts';
import type { Logger } from '../logging.ts';
import type { TrayFacts } from './facts.ts';
import { iconFileOf, iconStyleOf } from './icon-files.ts';
import { type MenuNode, type TrayAction, trayMenu, type UpdateFacts } from './menu.ts';
import { decideNotices, NO_MEMORY, type Notice } from './notices.ts';
import { iconStateOf, type TrayWords, tooltipOf } from './status.ts';
import { trayText } from './texts/texts.ts';
import { watchTray } from './watch-box.ts';

export interface ElectronTrayDeps {
  /** Of the box, with a token that may change its settings. */
  client: Pick<ApiClient, 'call' | 'watch'>;
  language: Language;
  platform: NodeJS.Platform;
  /** `resources/icons`. */
  iconsDirectory: string;
  log: Pick<Logger, 'warn'>;
  /** Shows the window at a place of the console: `/`, `/start`, `/attention`, `/recordings`, `/recordings/<id>`. */
  openConsole(path: string): void;
  showAbout(): void;
  /** Asks and ends in order. */
  quit(): void;
  launchAtLogin: {
    /** Null where this system cannot do it. */
    get(): boolean | null;
    set(on: boolean): void;
  };
  updates: {
    facts(): UpdateFacts;
    check(): void;
    showTrouble(): void;
  };
  /** Asks, installs the update that is ready, and comes back. */
  installUpdate(): void;
  /** Told of every change, for what else depends on how the box is. */
  onFacts?(facts: TrayFacts): void;
}

export interface ElectronTray {
  readonly facts: TrayFacts;
  /** Something beside the box has changed. */
  redraw(): void;
  destroy(): void;
}

/** Notices whose click still leads somewhere; older ones the system has put away long since. */
const MOST_NOTICES = 32;

/** The tray of a desktop, following the box until it is destroyed. To be called once the app is ready. */
export function createElectronTray(deps: ElectronTrayDeps): ElectronTray {
  const words: TrayWords = { language: deps.language, timeOf: (iso) => momentOf(iso, deps.language) };
  const face = createFace(deps, words);
  const notices = createNotices(deps);
  let memory = NO_MEMORY;
  const watch = watchTray({
    client: deps.client,
    clock: systemClock,
    onRefused: ({ problem }) => deps.log.warn({ code: problem.code }, 'the box refuses the tray'),
    onFacts: (after, before) => {
      const decided = decideNotices(memory, before, after, performance.now(), deps.language);
      memory = decided.memory;
      face.show(after);
      for (const notice of decided.notices) notices.show(notice);
      deps.onFacts?.(after);
    },
  });
  face.onAction = async (action) => {
    try {
      await act(action, deps, watch);
    } catch (error) {
      await tellFailure(error, deps);
    }
    // A tick that was clicked shows itself at once, whatever came of it.
    face.redraw(watch.facts);
  };
  face.show(watch.facts);
  return {
    get facts() {
      return watch.facts;
    },
    redraw: () => face.redraw(watch.facts),
    destroy: () => {
      watch.stop();
      notices.close();
      face.destroy();
    },
  };
}

/** The icon with its words and menu; touched only when what it shows has changed. */
function createFace(deps: ElectronTrayDeps, words: TrayWords) {
  const style = iconStyleOf(deps.platform);
  const imageOf = (facts: TrayFacts) => {
    const image = nativeImage.createFromPath(
      path.join(deps.iconsDirectory, 'tray', iconFileOf(iconStateOf(facts), style)),
    );
    if (style === 'template') image.setTemplateImage(true);
    return image;
  };
  let tray: Tray | null = null;
  let launchesAtLogin = deps.launchAtLogin.get();
  const shown = { icon: '', toolTip: '', menu: '' };
  const isNew = (part: keyof typeof shown, value: string): boolean => {
    const differs = shown[part] !== value;
    shown[part] = value;
    return differs;
  };
  const face = {
    onAction: (_: TrayAction): Promise<void> => Promise.resolve(),
    show(facts: TrayFacts): void {
      const isNewIcon = isNew('icon', iconStateOf(facts));
      if (tray === null) {
        tray = new Tray(imageOf(facts));
        // On macOS a click opens the menu, and nothing else may happen by it.
        if (deps.platform !== 'darwin') tray.on('click', () => deps.openConsole('/'));
      } else if (isNewIcon) tray.setImage(imageOf(facts));
      const toolTip = tooltipOf(facts, words);
      if (isNew('toolTip', toolTip)) tray.setToolTip(toolTip);
      const model = trayMenu(facts, { launchesAtLogin, update: deps.updates.facts() }, words);
      if (!isNew('menu', JSON.stringify(model))) return;
      tray.setContextMenu(Menu.buildFromTemplate(templateOf(model, (action) => void face.onAction(action))));
    },
    redraw(facts: TrayFacts): void {
      if (tray === null || tray.isDestroyed()) return;
      shown.menu = '';
      launchesAtLogin = deps.launchAtLogin.get();
      face.show(facts);
    },
    destroy(): void {
      tray?.destroy();
    },
  };
  return face;
}

function templateOf(nodes: readonly MenuNode[], onAction: (action: TrayAction) => void): MenuItemConstructorOptions[] {
  return nodes.map((node) => {
    if (node.kind === 'separator') return { type: 'separator', id: node.id };
    const { id, enabled, checked, children, action } = node;
    // One "&" would underline what follows it.
    const item: MenuItemConstructorOptions = { id, enabled, label: node.label.replaceAll('&', '&&') };
    if (checked !== null) Object.assign(item, { type: 'checkbox', checked });
    if (children.length > 0) item.submenu = templateOf(children, onAction);
    if (action !== null) item.click = () => onAction(action);
    return item;
  });
}

function createNotices({ openConsole, log }: Pick<ElectronTrayDeps, 'openConsole' | 'log'>) {
  // A notification that nobody holds is collected, and its click leads nowhere.
  const open: Notification[] = [];
  const drop = (notification: Notification): void => {
    const index = open.indexOf(notification);
    if (index >= 0) open.splice(index, 1);
  };
  return {
    show({ title, text, path: place, isUrgent }: Notice): void {
      if (!Notification.isSupported()) return;
      const notification = new Notification({
        ...{ title, body: text, silent: !isUrgent },
        urgency: isUrgent ? 'critical' : 'normal',
      });
      notification.on('click', () => {
        drop(notification);
        openConsole(place);
      });
      notification.on('close', () => drop(notification));
      notification.on('failed', (_event, error) => log.warn({ error }, 'a notification could not be shown'));
      open.push(notification);
      if (open.length > MOST_NOTICES) open.shift();
      notification.show();
    },
    close: () => {
      for (const notification of open.splice(0)) notification.close();
    },
  };
}

async function act(action: TrayAction, deps: ElectronTrayDeps, watch: ReturnType<typeof watchTray>): Promise<void> {
  const { client } = deps;
  switch (action.kind) {
    case 'openConsole':
      return deps.openConsole(action.path);
    case 'openRecordingsFolder':
      return await openFolder(deps);
    case 'stop':
      if (!(await mayStop(action.room, deps))) return;
      await client.call('stopRecording', { params: { id: action.recordingId } });
      return watch.tell({ kind: 'stopAsked', recordingId: action.recordingId });
    case 'setPaused':
      await client.call('changeSettings', { body: { recording: { paused: action.paused } } });
      return await watch.refresh();
    case 'retryAll':
      await client.call('retryAll', {});
      return await watch.refresh();
    case 'setLaunchAtLogin':
      return deps.launchAtLogin.set(action.on);
    case 'checkForUpdates':
      return deps.updates.check();
    case 'installUpdate':
      return deps.installUpdate();
    case 'showUpdateTrouble':
      return deps.updates.showTrouble();
    case 'about':
      return deps.showAbout();
    case 'quit':
      return deps.quit();
  }
}

async function mayStop(room: string, { language }: ElectronTrayDeps): Promise<boolean> {
  const response = await showMessage({
    type: 'question',
    message: trayText(language, 'stop.title', { room }),
    detail: trayText(language, 'stop.text'),
    buttons: [trayText(language, 'stop.confirm'), trayText(language, 'stop.cancel')],
    ...{ defaultId: 1, cancelId: 1, noLink: true },
  });
  return response === 0;
}

async function openFolder({ client, language }: ElectronTrayDeps): Promise<void> {
  const { storage } = await client.call('getFirstRun', {});
  const reason = await shell.openPath(storage.directory);
  if (reason !== '') await tell(language, trayText(language, 'failed.folder', { reason }));
}

/** What was refused, in the box's own words; these are made for people. */
async function tellFailure(error: unknown, { language, log }: ElectronTrayDeps): Promise<void> {
  if (error instanceof ApiError) {
    const { code, detail, remedy } = error.problem;
    log.warn({ code }, 'what somebody asked for in the tray was refused');
    return await tell(language, detail, remedy);
  }
  log.warn({ err: error }, 'what somebody asked for in the tray did not work');
  await tell(language, trayText(language, 'failed.unreachable'));
}

async function tell(language: Language, ...sentences: readonly string[]): Promise<void> {
  await showMessage({
    type: 'warning',
    message: trayText(language, 'failed.title'),
    detail: sentences.join('\n\n'),
    buttons: [trayText(language, 'failed.ok')],
  });
}

/** The time of day, with the date when it is another day than today. */
function momentOf(iso: string, language: Language): string {
  const moment = new Date(iso);
  const isToday = moment.toDateString() === new Date().toDateString();
  const style = isToday ? ({ timeStyle: 'short' } as const) : ({ dateStyle: 'medium', timeStyle: 'short' } as const);
  return new Intl.DateTimeFormat(language === 'zh' ? 'zh-CN' : 'en-GB', style).format(moment);
}
