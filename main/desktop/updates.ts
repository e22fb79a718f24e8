/**
 * Newer versions of the app, as a table: what is known goes in, the next thing to do comes out. Nothing here knows Electron, the
 * network or time.
 *
 * idle → checking → (nothing newer: idle) → waiting (something is recorded) → fetching → idle, with `ready` set
 *
 * A recording goes before an update: nothing is fetched while one runs or is being finished, and what is being fetched then is let go.
 * Installing is no part of this: it goes through the end of the app, see `shutdown.ts`.
 */
export interface UpdateState {
  step: 'idle' | 'checking' | 'waiting' | 'fetching';
  /** Version that was found and is not fetched yet. */
  found: string | null;
  /** Version that was fetched, was what the feed says it is, and can be installed. */
  ready: string | null;
  /** When the feed was asked last, or a try failed, on the caller's clock; null for never. */
  triedAtMs: number | null;
  /** Tries that failed one after the other; null after one that did not. */
  failure: { kind: UpdateFailure; count: number } | null;
}

/** Why updates do not work; each has a text with a remedy, `update.<kind>`. */
export const UPDATE_FAILURES = [
  'unreachable',
  'certificate',
  'insecure',
  'refused',
  'empty',
  'wrongList',
  'damaged',
  'signature',
  'disk',
  'unsupported',
  'notInstalled',
  'other',
] as const;
export type UpdateFailure = (typeof UPDATE_FAILURES)[number];

export type UpdateEvent =
  | { kind: 'checking' }
  | { kind: 'nothingNewer'; atMs: number }
  | { kind: 'found'; version: string; atMs: number }
  | { kind: 'fetching' }
  | { kind: 'fetched' }
  /** A recording came in between. */
  | { kind: 'letGo' }
  | { kind: 'failed'; failure: UpdateFailure; atMs: number };

/** What there is to do: ask the feed, fetch what was found, or give up fetching for now. */
export type UpdateTask = 'none' | 'check' | 'fetch' | 'letGo';

export interface UpdateCircumstances {
  nowMs: number;
  /** Something is being recorded or finished. */
  isBusy: boolean;
  /** Somebody wants to know now. */
  isAsked: boolean;
  checkEveryMs: number;
}

export interface UpdateSettings {
  /** Null for no updates. */
  feedUrl: string | null;
  checkEveryMs: number;
  install: 'ask' | 'atQuit';
}

const HOUR_MS = 3_600_000;
/** A try that failed is not waited for as long as the next regular one. */
const AGAIN_MS = HOUR_MS;
/** These pass by themselves as a rule, so they are told only when they last. */
const PASSING: ReadonlySet<UpdateFailure> = new Set(['unreachable', 'other']);
const LASTING_FAILURES = 3;

export const NO_UPDATE: UpdateState = { step: 'idle', found: null, ready: null, triedAtMs: null, failure: null };

/** What there is to do now. */
export function nextUpdateTask(state: UpdateState, now: UpdateCircumstances): UpdateTask {
  switch (state.step) {
    case 'checking':
      return 'none';
    case 'fetching':
      return now.isBusy ? 'letGo' : 'none';
    case 'waiting':
      return now.isBusy ? 'none' : 'fetch';
    case 'idle':
      return now.isAsked || isDue(state, now) ? 'check' : 'none';
  }
}

function isDue({ triedAtMs, failure }: UpdateState, { nowMs, checkEveryMs }: UpdateCircumstances): boolean {
  if (triedAtMs === null) return true;
  return nowMs - triedAtMs >= (failure === null ? checkEveryMs : Math.min(checkEveryMs, AGAIN_MS));
}

/** The state after something happened. */
export function nextUpdate(state: UpdateState, event: UpdateEvent): UpdateState {
  switch (event.kind) {
    case 'checking':
      return { ...state, step: 'checking' };
    case 'nothingNewer':
      return { ...state, step: 'idle', found: null, triedAtMs: event.atMs, failure: null };
    case 'found': {
      const asked = { ...state, triedAtMs: event.atMs };
      // What is there already is not fetched once more.
      if (event.version === state.ready) return { ...asked, step: 'idle', found: null, failure: null };
      return { ...asked, step: 'waiting', found: event.version };
    }
    case 'fetching':
      // Fetching takes the place of what was fetched before.
      return { ...state, step: 'fetching', ready: null };
    case 'fetched':
      return { ...state, step: 'idle', found: null, ready: state.found, failure: null };
    case 'letGo':
      return { ...state, step: 'waiting' };
    case 'failed': {
      const { failure: kind, atMs } = event;
      const count = state.failure?.kind === kind ? state.failure.count + 1 : 1;
      return { ...state, step: 'idle', found: null, triedAtMs: atMs, failure: { kind, count } };
    }
  }
}

/** Whether a person has to be told: it will not pass by itself, or has not for some time. */
export function isLasting({ failure }: Pick<UpdateState, 'failure'>): boolean {
  return failure !== null && (!PASSING.has(failure.kind) || failure.count >= LASTING_FAILURES);
}

const BY_CODE: Readonly<Record<string, UpdateFailure>> = {
  ERR_UPDATER_CHANNEL_FILE_NOT_FOUND: 'empty',
  ERR_UPDATER_INVALID_UPDATE_INFO: 'wrongList',
  ERR_UPDATER_NO_FILES_PROVIDED: 'wrongList',
  ERR_UPDATER_NO_CHECKSUM: 'wrongList',
  ERR_UPDATER_INVALID_VERSION: 'wrongList',
  ERR_UPDATER_ZIP_FILE_NOT_FOUND: 'wrongList',
  HTTP_ERROR_404: 'wrongList',
  HTTP_ERROR_401: 'refused',
  HTTP_ERROR_403: 'refused',
  HTTP_ERROR_407: 'refused',
  ERR_CHECKSUM_MISMATCH: 'damaged',
  ERR_UPDATER_INVALID_SIGNATURE: 'signature',
  UNSUPPORTED: 'unsupported',
  ENOSPC: 'disk',
  EACCES: 'disk',
  EPERM: 'disk',
  EROFS: 'disk',
  EIO: 'disk',
  EDQUOT: 'disk',
};

/** What an error of the updater means, by its code or by the words of Chromium's network. */
export function updateFailureOf(error: unknown): UpdateFailure {
  const { code, message } = (
    typeof error === 'object' && error !== null ? error : {}
  ) as Partial<NodeJS.ErrnoException>;
  const known = code === undefined ? undefined : BY_CODE[code];
  if (known) return known;
  const text = `${code ?? ''} ${message ?? ''}`;
  if (/ERR_BLOCKED_BY_CLIENT/.test(text)) return 'insecure';
  if (/ERR_CERT_|ERR_SSL_|CERT_|SELF_SIGNED/.test(text)) return 'certificate';
  if (/status 40[137]\b/.test(text)) return 'refused';
  if (/status 404\b/.test(text)) return 'wrongList';
  if (
    /net::ERR_|HTTP_ERROR_5|status 5\d\d|ECONN|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|timed out/.test(
      text,
    )
  ) {
    return 'unreachable';
  }
  // Squirrel of macOS has words for it, and no code.
  if (/code signature/i.test(text)) return 'signature';
  return 'other';
}

/** Of the settings as the API tells them; what is not understood counts as off. */
export function updateSettingsOf(values: Readonly<Record<string, unknown>>): UpdateSettings {
  const group = values.updates;
  const { feedUrl, checkHours, install } = (typeof group === 'object' && group !== null ? group : {}) as Record<
    string,
    unknown
  >;
  return {
    feedUrl: typeof feedUrl === 'string' ? feedUrl : null,
    checkEveryMs: (typeof checkHours === 'number' ? checkHours : 24) * HOUR_MS,
    install: install === 'atQuit' ? 'atQuit' : 'ask',
  };
}

/** A text of the updater for the log: addresses without user, password and query, which may be a key. */
export function withoutSecrets(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]*:\/\/)([^\s/"'<>]*@)?([^\s"'<>?#]*)[?#]?[^\s"'<>]*/gi, '$1$3');
}
