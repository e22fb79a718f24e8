import type { AttentionItem } from '../../shared/attention.ts';
import type { RunningRecording, TrayFacts } from './facts.ts';
import { shortened, statusLines, type TrayWords } from './status.ts';
import type { TrayTextKey } from './texts/en.ts';
import { lengthInWords, trayText } from './texts/texts.ts';

// The tray's menu as data: what it shows is a function of the facts, what a click means is an action for somebody else to do.

export type TrayAction =
  /** `path` is a place in the console: `/`, `/start`, `/recordings/<id>`. */
  | { kind: 'openConsole'; path: string }
  | { kind: 'openRecordingsFolder' }
  /** Asks first. */
  | { kind: 'stop'; recordingId: string; room: string }
  | { kind: 'setPaused'; paused: boolean }
  | { kind: 'retryAll' }
  | { kind: 'setLaunchAtLogin'; on: boolean }
  | { kind: 'checkForUpdates' }
  /** Asks first. */
  | { kind: 'installUpdate' }
  | { kind: 'showUpdateTrouble' }
  | { kind: 'about' }
  | { kind: 'quit' };

export interface MenuEntry {
  kind: 'item';
  /** Unique in the whole menu, and the same as long as the entry means the same. */
  id: string;
  label: string;
  enabled: boolean;
  /** Null for what cannot be ticked. */
  checked: boolean | null;
  /** Empty for what opens nothing. */
  children: readonly MenuNode[];
  /** Null for what only tells, or opens `children`. */
  action: TrayAction | null;
}

export type MenuNode = MenuEntry | { kind: 'separator'; id: string };

/** What the menu shows beside the box itself. */
export interface DesktopFacts {
  /** Null where this system cannot do it. */
  launchesAtLogin: boolean | null;
  update: UpdateFacts;
}

/** How it stands with newer versions of the app. */
export interface UpdateFacts {
  /** `waiting`: to be fetched as soon as nothing is recorded; `ready`: fetched, found to be what the feed says, to be installed. */
  step: 'off' | 'idle' | 'checking' | 'waiting' | 'fetching' | 'ready';
  /** Of the newer one; null as long as there is none. */
  version: string | null;
  /** They have not worked for some time, or somebody has to mend something. */
  isTroubled: boolean;
}

export const NO_UPDATES: UpdateFacts = { step: 'off', version: null, isTroubled: false };

/** More recordings than this stand in a menu of their own. */
const MOST_IN_MAIN_MENU = 6;

/** The menu for these facts. */
export function trayMenu(facts: TrayFacts, desktop: DesktopFacts, words: TrayWords): MenuNode[] {
  const say = sayIn(words);
  const isUp = facts.line === 'up';
  return [
    ...statusLines(facts, words).map((label, index) => entry({ id: `status-${index}`, label, enabled: false })),
    separator('after-status'),
    entry({
      id: 'start',
      label: say('menu.start'),
      enabled: isUp && !facts.isPaused,
      action: { kind: 'openConsole', path: '/start' },
    }),
    ...runningEntries(facts, words),
    entry({
      id: 'pause',
      label: say('menu.pause'),
      enabled: isUp,
      checked: facts.isPaused,
      action: { kind: 'setPaused', paused: !facts.isPaused },
    }),
    separator('after-recordings'),
    uploadsEntry(facts, words),
    ...attentionEntries(facts, words),
    separator('after-state'),
    entry({ id: 'console', label: say('menu.console'), action: { kind: 'openConsole', path: '/' } }),
    entry({ id: 'folder', label: say('menu.folder'), enabled: isUp, action: { kind: 'openRecordingsFolder' } }),
    separator('after-places'),
    ...(desktop.launchesAtLogin === null
      ? []
      : [
          entry({
            id: 'login',
            label: say('menu.login'),
            checked: desktop.launchesAtLogin,
            action: { kind: 'setLaunchAtLogin', on: !desktop.launchesAtLogin },
          }),
        ]),
    ...updateEntries(desktop.update, words),
    entry({ id: 'about', label: say('menu.about'), action: { kind: 'about' } }),
    entry({ id: 'quit', label: say('menu.quit'), action: { kind: 'quit' } }),
  ];
}

/** Every entry of a menu, those of its submenus included. */
export function allEntries(nodes: readonly MenuNode[]): MenuEntry[] {
  return nodes.flatMap((node) => (node.kind === 'separator' ? [] : [node, ...allEntries(node.children)]));
}

function runningEntries(facts: TrayFacts, words: TrayWords): MenuNode[] {
  const entries = facts.running.map((recording) => recordingEntry(recording, facts.line === 'up', words));
  if (entries.length <= MOST_IN_MAIN_MENU) return entries;
  const label = sayIn(words)('menu.running', { count: entries.length });
  return [entry({ id: 'running', label, children: entries })];
}

function recordingEntry(recording: RunningRecording, isUp: boolean, words: TrayWords): MenuEntry {
  const say = sayIn(words);
  const { id, room, state, lengthMs, isEnding } = recording;
  const length = state === 'recording' ? lengthInWords(words.language, lengthMs) : say(`state.${state}`);
  return entry({
    id: `recording-${id}`,
    label: say('menu.recording', { room: shortened(room), length: isEnding ? say('menu.stopping') : length }),
    children: [
      entry({ id: `show-${id}`, label: say('menu.show'), action: { kind: 'openConsole', path: pathOf(id) } }),
      entry({
        id: `stop-${id}`,
        label: say(isEnding ? 'menu.stopping' : 'menu.stop'),
        enabled: isUp && !isEnding,
        action: { kind: 'stop', recordingId: id, room },
      }),
    ],
  });
}

function uploadsEntry({ uploads, line }: TrayFacts, words: TrayWords): MenuEntry {
  const say = sayIn(words);
  const { active, waiting, blocked, offlineSince, windowOpensAt } = uploads;
  const parts = [
    active > 0 && say('menu.uploadsActive', { count: active }),
    waiting > 0 && say('menu.uploadsWaiting', { count: waiting }),
    blocked > 0 && say('menu.uploadsBlocked', { count: blocked }),
  ].filter((part) => part !== false);
  if (parts.length === 0) return entry({ id: 'uploads', label: say('menu.uploadsNone'), enabled: false });
  const reasons: [string, string][] = [];
  if (offlineSince !== null) {
    reasons.push(['uploads-offline', say('menu.offlineSince', { time: words.timeOf(offlineSince) })]);
  }
  if (windowOpensAt !== null) {
    reasons.push(['uploads-window', say('menu.windowOpens', { time: words.timeOf(windowOpensAt) })]);
  }
  const separate = words.language === 'zh' ? '，' : ', ';
  return entry({
    id: 'uploads',
    label: say('menu.uploads', { parts: parts.join(separate) }),
    children: [
      ...reasons.map(([id, label]) => entry({ id, label, enabled: false })),
      entry({
        id: 'retry',
        label: say('menu.retry'),
        enabled: line === 'up' && waiting + blocked > 0,
        action: { kind: 'retryAll' },
      }),
      entry({
        id: 'show-uploads',
        label: say('menu.showUploads'),
        action: { kind: 'openConsole', path: '/recordings' },
      }),
    ],
  });
}

function attentionEntries({ attention }: TrayFacts, words: TrayWords): MenuEntry[] {
  const isNote = ({ severity }: AttentionItem): boolean => severity === 'note';
  const below = (id: string, key: TrayTextKey, items: readonly AttentionItem[]): MenuEntry[] => {
    if (items.length === 0) return [];
    const children = items.map(({ title }, index) =>
      entry({
        id: `${id}-${index}`,
        label: title[words.language],
        action: { kind: 'openConsole', path: '/attention' },
      }),
    );
    return [entry({ id, label: sayIn(words)(key, { count: items.length }), children })];
  };
  return [
    ...below(
      'attention',
      'menu.attention',
      attention.filter((item) => !isNote(item)),
    ),
    ...below('notes', 'menu.notes', attention.filter(isNote)),
  ];
}

function updateEntries({ step, version, isTroubled }: UpdateFacts, words: TrayWords): MenuEntry[] {
  const say = sayIn(words);
  const entries: MenuEntry[] = [];
  if (step === 'idle') {
    entries.push(entry({ id: 'update', label: say('menu.updateCheck'), action: { kind: 'checkForUpdates' } }));
  } else if (step === 'ready') {
    const label = say('menu.updateReady', { version: version ?? '' });
    entries.push(entry({ id: 'update', label, action: { kind: 'installUpdate' } }));
  } else if (step !== 'off') {
    entries.push(entry({ id: 'update', label: say(UPDATE_TEXTS[step], { version: version ?? '' }), enabled: false }));
  }
  if (!isTroubled) return entries;
  return [
    ...entries,
    entry({ id: 'update-trouble', label: say('menu.updateTrouble'), action: { kind: 'showUpdateTrouble' } }),
  ];
}

const UPDATE_TEXTS = {
  checking: 'menu.updateChecking',
  waiting: 'menu.updateWaiting',
  fetching: 'menu.updateFetching',
} as const;

/** Where the console shows a recording. */
export function pathOf(recordingId: string): string {
  return `/recordings/${encodeURIComponent(recordingId)}`;
}

function entry(fields: Pick<MenuEntry, 'id' | 'label'> & Partial<MenuEntry>): MenuEntry {
  return { kind: 'item', enabled: true, checked: null, children: [], action: null, ...fields };
}

function separator(id: string): MenuNode {
  return { kind: 'separator', id };
}

function sayIn({ language }: TrayWords) {
  return (key: TrayTextKey, values: Readonly<Record<string, string | number>> = {}): string =>
    trayText(language, key, values);
}
