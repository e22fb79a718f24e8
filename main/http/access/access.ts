import type { Role } from '../../../shared/api/route.ts';
import type { FieldError, Problem } from '../../../shared/errors.ts';
import { type AccessApi, type NewToken, SESSION_SECONDS, type TokensApi } from './access-api.ts';
import { createAttemptLimit } from './attempts.ts';
import type { Caller } from './caller.ts';
import { findBySecret, hashOf, SECRET_BYTES, tokenOf } from './secrets.ts';

export interface KeptToken {
  name: string;
  role: Role;
  hash: string;
  createdAtMs: number;
  lastUsedAtMs: number | null;
}

/** Where tokens and sessions are kept; each call that writes is on disk when it returns. */
export interface TokenRows {
  list(): KeptToken[];
  insert(token: KeptToken): boolean;
  replaceHash(name: string, hash: string): boolean;
  remove(name: string): boolean;
  noteUse(hash: string, atMs: number): void;
  session(hash: string): { tokenHash: string; endsAtMs: number } | undefined;
  openSession(session: { hash: string; tokenHash: string; openedAtMs: number; endsAtMs: number }, keep: number): void;
  closeSession(hash: string): void;
}

export interface AccessDeps {
  rows: TokenRows;
  /** Wall clock, ms since 1970. */
  now(): number;
  randomBytes(count: number): Buffer;
  isRequired: boolean;
  /** The box's UUID. */
  boxId: string;
  /** A token of the role `admin` beside those in the rows; neither listed nor noted nor good for signing in. Secret. */
  ownToken?: string | undefined;
  /** Writes a change into the history of the box. */
  note(type: 'tokenCreated' | 'tokenRotated' | 'tokenDeleted', facts: Record<string, unknown>): void;
  /** Told when the last use of a token could not be written down; the request goes on. */
  onNoteFailed(error: unknown): void;
}

/** Name of the token that is made when one is needed and there is none. */
export const FIRST_TOKEN = 'first';
/** Who the desktop around the box is in its history. No token of the rows can have this name: theirs hold no spaces. */
const OWN_TOKEN = 'this computer';
const MAX_TOKENS = 100;
/** Browsers signed in with one token at a time. */
const MAX_SESSIONS = 50;
/** The last use of a token is kept as exactly as this. */
const NOTE_USE_EVERY_MS = 60_000;

type TokensDeps = Pick<AccessDeps, 'rows' | 'now' | 'randomBytes' | 'isRequired' | 'note'>;

export function createTokens(deps: TokensDeps): TokensApi {
  const { rows, now, randomBytes, note } = deps;
  const named = (name: string) => rows.list().find((token) => token.name.toLowerCase() === name.toLowerCase());
  return {
    list: () => rows.list().map(({ hash: _, ...shown }) => shown),
    create(name, role, by, given) {
      if (rows.list().length >= MAX_TOKENS) return { kind: 'problem', code: 'INVALID_REQUEST', errors: [TOO_MANY] };
      const token = given ?? tokenOf(randomBytes(SECRET_BYTES));
      if (given !== undefined && findBySecret(given, rows.list()) !== null) {
        return { kind: 'problem', code: 'TOKEN_EXISTS' };
      }
      const isNew = rows.insert({ name, role, hash: hashOf(token), createdAtMs: now(), lastUsedAtMs: null });
      if (!isNew) return { kind: 'problem', code: 'TOKEN_EXISTS' };
      note('tokenCreated', { name, role, by });
      return { kind: 'made', token, name, role };
    },
    rotate(name, by) {
      const known = named(name);
      if (known === undefined) return { kind: 'problem', code: 'TOKEN_NOT_FOUND' };
      const token = tokenOf(randomBytes(SECRET_BYTES));
      rows.replaceHash(known.name, hashOf(token));
      note('tokenRotated', { name: known.name, role: known.role, by });
      return { kind: 'made', token, name: known.name, role: known.role };
    },
    remove(name, by): Problem | null {
      const known = named(name);
      if (known === undefined) return { code: 'TOKEN_NOT_FOUND' };
      if (deps.isRequired && known.role === 'admin' && adminsOf(rows).length === 1) return { code: 'LAST_ADMIN_TOKEN' };
      rows.remove(known.name);
      note('tokenDeleted', { name: known.name, role: known.role, by });
      return null;
    },
  };
}

/**
 * Makes sure that somebody can manage a box that demands tokens.
 * @returns the first token, to be shown once, or null when there is one of the role `admin` already.
 */
export function ensureAdmin(
  deps: Pick<AccessDeps, 'rows'> & { tokens: TokensApi },
): Extract<NewToken, { kind: 'made' }> | null {
  if (adminsOf(deps.rows).length > 0) return null;
  for (let number = 1; ; number += 1) {
    const made = deps.tokens.create(number === 1 ? FIRST_TOKEN : `${FIRST_TOKEN}-${number}`, 'admin', null);
    if (made.kind === 'made') return made;
    if (made.code !== 'TOKEN_EXISTS') throw new Error(`the first access token cannot be made: ${made.code}`);
  }
}

export function createAccess(deps: AccessDeps): AccessApi {
  const { rows, now } = deps;
  const attempts = createAttemptLimit();
  const own = ownTokenOf(deps);
  const noteUse = ({ hash, lastUsedAtMs }: KeptToken): void => {
    if (lastUsedAtMs !== null && Math.abs(now() - lastUsedAtMs) < NOTE_USE_EVERY_MS) return;
    try {
      rows.noteUse(hash, now());
    } catch (error) {
      deps.onNoteFailed(error);
    }
  };
  const byToken = (secret: string): Caller | null => {
    const token = findBySecret(secret, [...rows.list(), ...own]);
    if (token === null) return null;
    const isOwn = own.includes(token);
    if (!isOwn) noteUse(token);
    return { name: token.name, role: token.role, credential: { kind: isOwn ? 'own' : 'token', hash: token.hash } };
  };
  const ofSession = (hash: string): KeptToken | null => {
    const session = rows.session(hash);
    if (session === undefined || session.endsAtMs <= now()) return null;
    return rows.list().find((token) => token.hash === session.tokenHash) ?? null;
  };
  return {
    isRequired: deps.isRequired,
    tokens: createTokens(deps),
    cookieName: `box_session_${deps.boxId.slice(0, 8)}`,
    byToken,
    bySession(secret) {
      const hash = hashOf(secret);
      const token = ofSession(hash);
      if (token === null) return null;
      noteUse(token);
      return { name: token.name, role: token.role, credential: { kind: 'session', hash } };
    },
    openSession(secret) {
      const caller = byToken(secret);
      if (caller === null || caller.credential === null) return null;
      if (findBySecret(secret, own) !== null) return null;
      const cookie = deps.randomBytes(SECRET_BYTES).toString('base64url');
      const hash = hashOf(cookie);
      const openedAtMs = now();
      const endsAtMs = openedAtMs + SESSION_SECONDS * 1000;
      rows.openSession({ hash, tokenHash: caller.credential.hash, openedAtMs, endsAtMs }, MAX_SESSIONS);
      return { caller: { ...caller, credential: { kind: 'session', hash } }, cookie };
    },
    closeSession(secret) {
      rows.closeSession(hashOf(secret));
    },
    isCurrent({ credential }) {
      if (credential === null) return true;
      if (credential.kind === 'session') return ofSession(credential.hash) !== null;
      return [...rows.list(), ...own].some(({ hash }) => hash === credential.hash);
    },
    failed: (address) => attempts.failed(address, now()),
  };
}

/** None, or the one that lives with this process. */
function ownTokenOf({ ownToken, now }: Pick<AccessDeps, 'ownToken' | 'now'>): KeptToken[] {
  if (ownToken === undefined) return [];
  return [{ name: OWN_TOKEN, role: 'admin', hash: hashOf(ownToken), createdAtMs: now(), lastUsedAtMs: null }];
}

function adminsOf(rows: Pick<TokenRows, 'list'>): KeptToken[] {
  return rows.list().filter(({ role }) => role === 'admin');
}

const TOO_MANY: FieldError = {
  field: 'name',
  rule: 'tokenCount',
  message: { en: `There are ${MAX_TOKENS} access tokens already.`, zh: `访问令牌已达 ${MAX_TOKENS} 个。` },
  remedy: { en: 'Delete tokens that nobody uses.', zh: '请删除不再使用的令牌。' },
};
