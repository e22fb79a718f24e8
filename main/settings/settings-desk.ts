import { isDeepStrictEqual } from 'node:util';
import type { FieldError } from '../../shared/errors.ts';
import { diskFaultOf } from '../disk-fault.ts';
import type { SettingsAnswer, SettingsApi, SettingsAsker } from '../http/settings-api.ts';
import type { Logger } from '../logging.ts';
import { proxyForDisplay } from '../network/proxy.ts';
import type { EventsTable } from '../store/events.ts';
import { keysOfDesktop, keysReadAtStart, type SettingsStore, settingKeys } from './live-settings.ts';
import { defaultSettings, type Settings, SettingsError, type SettingsProblem, SettingsSchema } from './settings.ts';

export interface SettingsDeskOptions {
  store: SettingsStore;
  /** Changes are noted there, by key. */
  events: Pick<EventsTable, 'append'>;
  log: Pick<Logger, 'info' | 'error'>;
}

const ANYBODY: SettingsAsker = { isDesktop: false };

/** Reads and changes settings for whoever asks from outside. */
export function createSettingsDesk({ store, events, log }: SettingsDeskOptions): SettingsApi {
  const answer = (asker = ANYBODY): SettingsAnswer => ({
    values: shown(store.current()),
    defaults: defaultSettings(),
    schema: SettingsSchema as unknown as Record<string, unknown>,
    needsRestart: keysReadAtStart(),
    readOnly: readOnlyFor(asker),
  });
  /** The change is made; that it cannot be noted now does not unmake it. */
  const note = (keys: readonly string[]): void => {
    log.info({ keys }, 'settings changed');
    try {
      events.append('settingsChanged', null, { keys });
    } catch (error) {
      log.error({ err: error }, 'a change of settings could not be noted');
    }
  };
  return {
    get: answer,
    change(patch, asker = ANYBODY) {
      const refused = readOnlyFor(asker).filter((key) => valueAt(patch, key) !== undefined);
      if (refused.length > 0) return { kind: 'problem', code: 'DESKTOP_ONLY', errors: refused.map(desktopOnly) };
      const before = store.current();
      try {
        store.change(withSecretsOf(before, patch));
      } catch (error) {
        if (error instanceof SettingsError) {
          return { kind: 'problem', code: 'INVALID_REQUEST', errors: error.problems.map(fieldErrorOf) };
        }
        if (diskFaultOf(error) === null) throw error;
        return { kind: 'problem', code: 'DISK_FAULT' };
      }
      const now = store.current();
      const keys = settingKeys().filter((key) => !isDeepStrictEqual(valueAt(now, key), valueAt(before, key)));
      if (keys.length > 0) note(keys);
      return answer(asker);
    },
  };
}

/** The address of a proxy may hold a password, which is never shown. */
function shown(settings: Settings): Record<string, unknown> {
  const { proxy } = settings.network;
  return { ...settings, network: { ...settings.network, proxy: proxy && proxyForDisplay(proxy) } };
}

/** Whoever sends back what he was shown means the address with its password. */
function withSecretsOf(settings: Settings, patch: unknown): unknown {
  const { proxy } = settings.network;
  if (proxy === null || !isObject(patch) || !isObject(patch.network)) return patch;
  if (patch.network.proxy !== proxyForDisplay(proxy)) return patch;
  return { ...patch, network: { ...patch.network, proxy } };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Keys that this asker may not change, whatever the role. */
function readOnlyFor({ isDesktop }: SettingsAsker): string[] {
  return isDesktop ? [] : keysOfDesktop();
}

function valueAt(settings: unknown, key: string): unknown {
  return key.split('.').reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), settings);
}

function desktopOnly(key: string): FieldError {
  return {
    field: key,
    rule: 'desktopOnly',
    message: {
      en: `${key} decides which program this machine installs, and is changed only at the machine itself.`,
      zh: `${key} 决定本机安装哪个程序，只能在本机上更改。`,
    },
    remedy: {
      en: 'Change it in the window of the desktop app on that machine, or in settings.json there. Nothing was changed.',
      zh: '请在该机器的桌面应用窗口中更改，或修改那里的 settings.json。没有任何设置被更改。',
    },
  };
}

const REMEDY = {
  en: 'Correct the value and send the change again; GET /api/settings shows limits and defaults. Nothing was changed.',
  zh: '请修正后重新发送；GET /api/settings 会给出范围与默认值。没有任何设置被更改。',
};

function fieldErrorOf({ key, message, rule, zh }: SettingsProblem): FieldError {
  return {
    field: key,
    rule: rule ?? 'meaning',
    message: { en: `${key || 'The body'} ${message}.`, zh: `${key || '请求体'} ${zh ?? message}。` },
    remedy: REMEDY,
  };
}
