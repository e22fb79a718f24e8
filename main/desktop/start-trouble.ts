import type { Language } from '../../shared/texts/language.ts';
import { EnvironmentError } from '../settings/environment.ts';
import { SecretError } from '../settings/secrets.ts';
import { SettingsError } from '../settings/settings.ts';
import { DirectoryInUseError } from '../store/directory-lock.ts';
import type { DesktopTextKey } from './texts/en.ts';
import { desktopText } from './texts/texts.ts';

/** Why the box did not start, and what a person is told and offered. */

export type StartTrouble =
  /** Another box works on the data. */
  | { kind: 'lockHeld' }
  | { kind: 'portBusy' }
  /** No network of this computer has the address that the settings name: at a login it may still be on its way. */
  | { kind: 'addressAway' }
  | { kind: 'settings'; problems: readonly string[] }
  | { kind: 'environment'; problem: string }
  /** The keychain does not open the key of the secrets. */
  | { kind: 'keyLocked' }
  | { kind: 'other'; problem: string };

export type StartRemedy = 'again' | 'openOther' | 'usePort' | 'openFolder' | 'quit';

export interface StartFacts {
  language: Language;
  dataDirectory: string;
  settingsFile: string;
  logsDirectory: string;
  /** Where the box was to listen. */
  port: number;
  host: string;
  /** Console of the box that has the data, or null when it does not answer where it should. */
  otherConsole: string | null;
  /** A port that could take the place of the busy one; null when none may. */
  freePort: number | null;
}

export interface StartDialog {
  title: string;
  message: string;
  detail: string;
  /** In their order; the first is the usual one, the last leaves. */
  buttons: readonly { label: string; remedy: StartRemedy }[];
}

export function troubleOf(error: unknown, language: Language): StartTrouble {
  if (error instanceof DirectoryInUseError) return { kind: 'lockHeld' };
  if (error instanceof SettingsError) {
    const problems = error.problems.map(({ key, message, zh }) => {
      const words = language === 'zh' ? (zh ?? message) : message;
      return key === '' ? words : `${key} ${words}`;
    });
    return { kind: 'settings', problems };
  }
  if (error instanceof EnvironmentError) return { kind: 'environment', problem: error.message };
  if (error instanceof SecretError && error.code === 'SECRET_KEY_LOCKED') return { kind: 'keyLocked' };
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return { kind: 'portBusy' };
  if (code === 'EADDRNOTAVAIL') return { kind: 'addressAway' };
  return { kind: 'other', problem: error instanceof Error ? error.message : String(error) };
}

/** What becomes of a start that did not work. */
export interface StartPlan {
  /** Whether the person is told now. */
  isTold: boolean;
  /** When the box tries again by itself, told or not; null: only when somebody says so. */
  againAfterMs: number | null;
}

/** Those that end without anybody at work: at a login much is still on its way, and the box before may still be ending. */
const PASSING: readonly StartTrouble['kind'][] = ['lockHeld', 'portBusy', 'addressAway', 'keyLocked'];
const AGAIN_AFTER_MS = 10_000;
/** Nobody asked for the box that starts at a login: a trouble that is over sooner needs no words. */
const SILENT_FOR_MS = 180_000;

/**
 * @param isAwaited somebody sits there and wants to see the app
 * @param sinceMs since the first try
 */
export function planAfter({ kind }: StartTrouble, isAwaited: boolean, sinceMs: number): StartPlan {
  const isSilent = PASSING.includes(kind) && !isAwaited && sinceMs < SILENT_FOR_MS;
  return { isTold: !isSilent, againAfterMs: endsHere(kind) ? null : AGAIN_AFTER_MS };
}

/** A process keeps the environment it was started with; all else somebody may mend from elsewhere, and then nobody has to come to the machine. */
function endsHere(kind: StartTrouble['kind']): boolean {
  return kind === 'environment';
}

export function startDialog(trouble: StartTrouble, facts: StartFacts): StartDialog {
  const { language, port, freePort } = facts;
  const say = (key: DesktopTextKey, values: Record<string, string | number> = {}): string =>
    desktopText(language, key, values);
  const button = (remedy: StartRemedy) => ({ remedy, label: say(LABELS[remedy], { port: freePort ?? '' }) });
  const byItself = endsHere(trouble.kind) ? '' : `\n\n${say('start.byItself')}`;
  const dialog = (message: string, detail: string, ...remedies: StartRemedy[]): StartDialog => ({
    ...{ title: say('start.title'), message, detail: detail + byItself },
    buttons: [...remedies, 'quit' as const].map(button),
  });
  switch (trouble.kind) {
    case 'lockHeld': {
      const detail = say('lock.detail', { directory: facts.dataDirectory });
      const open: StartRemedy[] = facts.otherConsole === null ? [] : ['openOther'];
      return dialog(say('lock.message'), detail, ...open, 'again');
    }
    case 'portBusy': {
      const message = say('port.message', { port });
      if (freePort === null) return dialog(message, say('port.detailNoOther'), 'again');
      return dialog(message, say('port.detail'), 'again', 'usePort');
    }
    case 'addressAway': {
      const message = say('address.message', { host: facts.host });
      return dialog(message, say('address.detail', { file: facts.settingsFile }), 'again', 'openFolder');
    }
    case 'settings': {
      const detail = say('settings.detail', { problems: trouble.problems.join('\n'), file: facts.settingsFile });
      return dialog(say('settings.message'), detail, 'again', 'openFolder');
    }
    case 'environment':
      return dialog(say('environment.message'), say('environment.detail', { problem: trouble.problem }));
    case 'keyLocked': {
      const detail = say('key.detail', { directory: facts.dataDirectory });
      return dialog(say('key.message'), detail, 'again', 'openFolder');
    }
    case 'other': {
      const detail = say('other.detail', { problem: trouble.problem, logs: facts.logsDirectory });
      return dialog(say('other.message'), detail, 'again', 'openFolder');
    }
  }
}

const LABELS = {
  again: 'start.again',
  openOther: 'start.openOther',
  usePort: 'start.usePort',
  openFolder: 'start.openFolder',
  quit: 'start.quit',
} as const;
