import Module, { createRequire } from 'node:module';
import type { RoomsSource } from '../../messages.ts';
import type { RoomLog } from '../log.ts';
import { ADDON_FILE, findAddon, SDK_PACKAGE } from './addon.ts';

export { findAddon };

/** The vendor's JavaScript, as its own types describe it. */
export type TrtcSdk = typeof import('trtc-electron-sdk', { with: { 'resolution-mode': 'require' }});

const require = createRequire(import.meta.url);

/** Why the SDK cannot be used; `message` says what to do. */
export class SdkError extends Error {
  readonly code: 'ADDON_MISSING' | 'SDK_LOADED_OTHERWISE';

  constructor(code: SdkError['code'], message: string) {
    super(message);
    this.name = 'SdkError';
    this.code = code;
  }
}

let loaded: { rooms: RoomsSource['kind']; sdk: TrtcSdk } | null = null;

/**
 * Loads the vendor's JavaScript, in Electron or in plain Node. With `simulated` rooms its native addon is replaced by ours;
 * everything above the addon is the same in both cases. One process can only ever have one of the two.
 */
export async function loadSdk(options: { rooms: RoomsSource['kind']; log: RoomLog }): Promise<TrtcSdk> {
  if (loaded) {
    if (loaded.rooms === options.rooms) return loaded.sdk;
    throw new SdkError('SDK_LOADED_OTHERWISE', `this process already uses the SDK with ${loaded.rooms} rooms`);
  }
  if (options.rooms === 'trtc') requireAddon();
  const replacement = options.rooms === 'simulated' ? (await import('../simulated/addon.ts')).simulatedAddon : null;
  provideDom();
  quietenLogger(options.log);
  const sdk = withAddon(replacement, () => require(SDK_PACKAGE) as TrtcSdk);
  loaded = { rooms: options.rooms, sdk };
  return sdk;
}

function requireAddon(): void {
  const addon = findAddon();
  if (addon.present) return;
  const { version } = require(`${SDK_PACKAGE}/package.json`) as { version: string };
  throw new SdkError(
    'ADDON_MISSING',
    `The native part of ${SDK_PACKAGE} ${version} is missing: ${addon.path} does not exist. ` +
      `Run "npm rebuild ${SDK_PACKAGE}" on this machine with access to web.sdk.qcloud.com, or unpack the vendor's archive ` +
      `${SDK_PACKAGE}-<os>-${version}.zip so that this file exists; then start again. Simulated rooms work without it.`,
  );
}

interface ModuleLoader {
  _load(request: string, parent: unknown, isMain: boolean): unknown;
}

/** The addon is required from eight files in two spellings; only the file name is the same in all. */
function withAddon(replacement: object | null, load: () => TrtcSdk): TrtcSdk {
  if (!replacement) return load();
  const loader = Module as unknown as ModuleLoader;
  const original = loader._load;
  loader._load = function loadOrReplace(this: unknown, request, parent, isMain) {
    return request.endsWith(ADDON_FILE) ? replacement : Reflect.apply(original, this, [request, parent, isMain]);
  };
  try {
    return load();
  } finally {
    loader._load = original;
  }
}

/** The little of a browser that the SDK touches while it loads and enters a room. */
function provideDom(): void {
  if (typeof document !== 'undefined') return;
  const listeners = { addEventListener: () => undefined, removeEventListener: () => undefined };
  Object.assign(globalThis, {
    document: { hidden: false, createElement: () => ({ getContext: () => null }), ...listeners },
    window: { devicePixelRatio: 1, matchMedia: () => listeners, navigator: globalThis.navigator },
  });
}

/** The SDK writes to the console, for every picture it drops among others. Warnings and errors go to our log instead. */
function quietenLogger(log: RoomLog): void {
  const { Logger } = require(`${SDK_PACKAGE}/liteav/logger`) as { Logger: { prototype: Record<string, unknown> } };
  const ignore = () => undefined;
  const pass = (level: 'debug' | 'warn') => (first: unknown) => log(level, `TRTC SDK: ${describe(first)}`);
  Object.assign(Logger.prototype, {
    debug: ignore,
    info: ignore,
    log: ignore,
    warn: pass('debug'),
    error: pass('warn'),
  });
}

/** Only the text itself: what the SDK passes along with it may hold whole requests. */
function describe(value: unknown): string {
  return (value instanceof Error ? value.message : String(value)).slice(0, 300);
}
