import { join } from 'node:path';
import { trustedAuthorities } from '../network/trust.ts';
import { replaceFile } from './atomic-file.ts';
import { requireWritableFolder } from './folder.ts';
import {
  loadSettings,
  type PartialSettings,
  parseSettings,
  readSettingsFile,
  SETTINGS_FILE,
  type Settings,
  SettingsError,
  SettingsSchema,
  withOverrides,
} from './settings.ts';

/** The settings of a running box, which may change while it runs. */
export interface SettingsStore {
  /** The settings of this moment; what is returned never changes. */
  current(): Settings;
  /**
   * Settings whose keys are read anew each time: who is handed these follows every change without being told. Copy what has to stay as
   * it is for the length of a piece of work.
   */
  readonly live: Settings;
  /**
   * Writes the given keys into the settings file, beside what it says already, and makes them count.
   * @param patch groups with the keys to change; anything else is refused
   * @throws SettingsError naming every wrong key; nothing is changed then. The system's error when the file cannot be written.
   */
  change(patch: unknown): Settings;
  /** Calls `listener` after every change. @returns what ends that. */
  onChange(listener: (now: Settings, before: Settings) => void): () => void;
}

/** Keys and groups that are read only when the box starts. */
export const READ_AT_START = [
  'http',
  'network',
  'fleet',
  'secrets',
  'capture.host',
  'backup.directory',
  'storage.directory',
] as const;

/** Keys and groups that only the desktop app on the machine itself changes: they decide which program the machine installs. */
const DESKTOP_ONLY = ['updates'] as const;

/**
 * @param overrides win over the settings file as long as this box runs; they are never written.
 * @throws SettingsError
 */
export function openSettings(directory: string, overrides: PartialSettings = {}): SettingsStore {
  let settings = loadSettings(directory, overrides);
  const listeners = new Set<(now: Settings, before: Settings) => void>();
  return {
    current: () => settings,
    live: liveView(() => settings),
    change(patch) {
      const changed = merged(readSettingsFile(directory), patch, ROOT);
      const path = join(directory, SETTINGS_FILE);
      const next = withOverrides(parseSettings(changed, SETTINGS_FILE), overrides);
      // A box that could not start again with these must not be left with them.
      if (next.network.caPath !== settings.network.caPath) trustedAuthorities(next.network.caPath);
      if (next.storage.directory !== settings.storage.directory) requireWritableFolder(next.storage.directory);
      // Only what somebody set is written, so that better defaults of a later version count.
      replaceFile(path, `${JSON.stringify(changed, null, 2)}\n`);
      const before = settings;
      settings = next;
      for (const listener of listeners) listener(next, before);
      return next;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** An object with the keys of the settings, each of which is read when it is asked for. */
function liveView(current: () => Settings): Settings {
  const groups = Object.keys(current()) as (keyof Settings)[];
  return withGetters(groups, (group) => {
    const keys = Object.keys(current()[group]);
    return withGetters(keys, (key) => () => (current()[group] as Record<string, unknown>)[key]);
  }) as unknown as Settings;
}

/** @param readerOf a key's value, or a function that is called at each reading. */
function withGetters<Key extends string>(
  keys: readonly Key[],
  readerOf: (key: Key) => object | (() => unknown),
): Record<Key, unknown> {
  const view = {} as Record<Key, unknown>;
  for (const key of keys) {
    const value = readerOf(key);
    Object.defineProperty(view, key, {
      enumerable: true,
      get: typeof value === 'function' ? (value as () => unknown) : () => value,
    });
  }
  return view;
}

interface SchemaNode {
  type?: unknown;
  properties?: Readonly<Record<string, SchemaNode>>;
}

const ROOT = SettingsSchema as unknown as SchemaNode;

/** `base` with the keys of `patch`: groups are merged, every other value is replaced whole. */
function merged(base: unknown, patch: unknown, schema: SchemaNode): Record<string, unknown> {
  if (!isObject(patch)) {
    const problem = {
      key: '',
      message: 'settings must be a JSON object of groups',
      rule: 'type',
      zh: '必须为 JSON 对象',
    };
    throw new SettingsError(SETTINGS_FILE, [problem]);
  }
  const result = new Map(Object.entries(isObject(base) ? base : {}));
  for (const [key, value] of Object.entries(patch)) {
    const node = schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    const isGroup = node?.type === 'object' && node.properties !== undefined && isObject(value);
    result.set(key, isGroup ? merged(result.get(key), value, node) : value);
  }
  return Object.fromEntries(result);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every single setting as `group.key`, in the order of the schema; a nested group counts with its keys. */
export function settingKeys(schema = ROOT): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, node]) =>
    node.type === 'object' && node.properties ? settingKeys(node).map((below) => `${key}.${below}`) : [key],
  );
}

/** Those whose change counts only after the next start. */
export function keysReadAtStart(): string[] {
  return settingsWithin(READ_AT_START);
}

/** Those that nobody changes over the API but the desktop around the box. */
export function keysOfDesktop(): string[] {
  return settingsWithin(DESKTOP_ONLY);
}

function settingsWithin(groups: readonly string[]): string[] {
  return settingKeys().filter((key) => groups.some((group) => key === group || key.startsWith(`${group}.`)));
}
