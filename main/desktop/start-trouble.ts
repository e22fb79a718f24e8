import type { Language } from '../../shared/texts/language.ts';
import { EnvironmentError } from '../settings/environment.ts';
import { SettingsError } from '../settings/settings.ts';
import { DirectoryInUseError } from '../store/directory-lock.ts';
import type { DesktopTextKey } from './texts/en.ts';
import { desktopText } from './texts/texts.ts';

/** Why the box did not start, and what a person is told and offered. */

export type StartTrouble =
  /** Another box works on the data. */
  | { kind: 'lockHeld' }
  | { kind: 'portBusy' }
  | { kind: 'settings'; problems: readonly string[] }
  | { kind: 'environment'; problem: string }
  | { kind: 'other'; problem: string };

export type StartRemedy = 'again' | 'openOther' | 'usePort' | 'openFolder' | 'quit';

export interface StartFacts {
  language: Language;
  dataDirectory: string;
  settingsFile: string;
  logsDirectory: string;
  /** Where the box was to listen. */
  port: number;
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
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return { kind: 'portBusy' };
  return { kind: 'other', problem: error instanceof Error ? error.message : String(error) };
}

export function startDialog(trouble: StartTrouble, facts: StartFacts): StartDialog {
  const { language, port, freePort } = facts;
  const say = (key: DesktopTextKey, values: Record<string, string | number> = {}): string =>
    desktopText(language, key, values);
  const button = (remedy: StartRemedy) => ({ remedy, label: say(LABELS[remedy], { port: freePort ?? '' }) });
  const dialog = (message: string, detail: string, ...remedies: StartRemedy[]): StartDialog => ({
    ...{ title: say('start.title'), message, detail },
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
    case 'settings': {
      const detail = say('settings.detail', { problems: trouble.problems.join('\n'), file: facts.settingsFile });
      return dialog(say('settings.message'), detail, 'again', 'openFolder');
    }
    case 'environment':
      return dialog(say('environment.message'), say('environment.detail', { problem: trouble.problem }));
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
