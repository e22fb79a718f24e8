import { randomBytes } from 'node:crypto';
import { createAccess, createTokens, ensureAdmin } from './http/access/access.ts';
import type { AccessApi, NewToken, TokensApi } from './http/access/access-api.ts';
import { openTls, TlsPairError, type TlsSource } from './http/access/tls.ts';
import type { HttpServerDeps } from './http/server-deps.ts';
import type { Logger } from './logging.ts';
import { isLoopbackHost } from './network/address-kind.ts';
import { createTargetPolicy, type TargetPolicy } from './network/targets.ts';
import { SETTINGS_FILE, type Settings, SettingsError } from './settings/settings.ts';
import type { Store } from './store/store.ts';

/** Who may use the box, under which names, and where it goes by itself: the settings' words made into parts. */

export type FirstToken = Extract<NewToken, { kind: 'made' }>;

export interface FaceOptions {
  store: Store;
  settings: Settings;
  /** Where the box listens. */
  host: string;
  log: Logger;
  /** Shows the first token to whoever started the box, once and nowhere else. Without it none is made. */
  showFirstToken?: ((first: FirstToken) => void) | undefined;
  /** Token of the desktop around the box. Secret: known as long as this process lives, and kept nowhere. */
  ownToken?: string | undefined;
}

/** Whether a box that listens on `host` demands access tokens. */
export function needsToken({ http }: Pick<Settings, 'http'>, host: string): boolean {
  return http.requireToken || !isLoopbackHost(host);
}

/** Where the box may go because a request says so. */
export function targetsOf(settings: Settings, host: string): TargetPolicy {
  const { allowedHosts, loopback } = settings.network;
  // Whoever needs no token is on this machine already, and may call its services himself.
  const allowLoopback = loopback === 'auto' ? !needsToken(settings, host) : loopback === 'allow';
  return createTargetPolicy({ allowedHosts, allowLoopback });
}

/**
 * What the HTTP face needs to know of access.
 * @throws SettingsError when tokens are needed and there is none, or when the certificate cannot be used; the store is closed then.
 */
export function openFace(options: FaceOptions): Pick<HttpServerDeps, 'access' | 'tls' | 'allowedHosts'> {
  try {
    const tls = tlsOf(options);
    return {
      access: openAccess(options),
      allowedHosts: options.settings.http.allowedHosts,
      ...(tls === null ? {} : { tls }),
    };
  } catch (error) {
    options.store.close();
    throw error;
  }
}

/** The tokens in a store, for whoever is at the machine. */
export function tokensOf(store: Pick<Store, 'tokens' | 'events'>, isRequired: boolean): TokensApi {
  return createTokens({ ...partsOf(store), isRequired });
}

function openAccess({ store, settings, host, log, showFirstToken, ownToken }: FaceOptions): AccessApi {
  const access = createAccess({
    ...partsOf(store),
    isRequired: needsToken(settings, host),
    boxId: store.boxId,
    ownToken,
    onNoteFailed: (error) => log.warn({ err: error }, 'the use of an access token could not be written down'),
  });
  // Whoever sits at the desktop can make tokens in its window.
  if (ownToken !== undefined) return access;
  if (!access.isRequired || access.tokens.list().some(({ role }) => role === 'admin')) return access;
  if (showFirstToken === undefined) {
    const message = `("${host}") needs an access token of the role admin and there is none; make one first with: box token create first --role admin --data DIRECTORY`;
    throw new SettingsError(SETTINGS_FILE, [{ key: 'http.host', message }]);
  }
  const first = ensureAdmin({ rows: store.tokens, tokens: access.tokens });
  if (first !== null) showFirstToken(first);
  return access;
}

function partsOf({ tokens, events }: Pick<Store, 'tokens' | 'events'>) {
  return {
    rows: tokens,
    now: Date.now,
    randomBytes,
    note: (type: string, facts: Record<string, unknown>): void => {
      events.append(type, null, facts);
    },
  };
}

function tlsOf({ settings, log }: Pick<FaceOptions, 'settings' | 'log'>): TlsSource | null {
  const { certPath, keyPath } = settings.http.tls;
  if (certPath === null || keyPath === null) return null;
  try {
    return openTls({ certPath, keyPath, log });
  } catch (error) {
    if (!(error instanceof TlsPairError)) throw error;
    throw new SettingsError(SETTINGS_FILE, [{ key: `http.tls.${error.file}Path`, message: error.message }], {
      cause: error,
    });
  }
}
