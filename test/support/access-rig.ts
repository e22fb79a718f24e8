import { randomBytes } from 'node:crypto';
import { createAccess, type TokenRows } from '../../main/http/access/access.ts';
import type { AccessApi } from '../../main/http/access/access-api.ts';
import type { Role } from '../../shared/api/route.ts';

/** Tokens and sessions in memory, that keep the promises of the table. */
export function tokenRows(): TokenRows {
  type Token = Parameters<TokenRows['insert']>[0];
  type Session = Parameters<TokenRows['openSession']>[0];
  let tokens: Token[] = [];
  let sessions: Session[] = [];
  const same = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();
  const endSessions = (name: string) => {
    const hash = tokens.find((token) => same(token.name, name))?.hash;
    sessions = sessions.filter(({ tokenHash }) => tokenHash !== hash);
  };
  const rows: TokenRows = {
    list: () => tokens.map((token) => ({ ...token })),
    insert(token) {
      if (tokens.some(({ name, hash }) => same(name, token.name) || hash === token.hash)) return false;
      tokens.push({ ...token });
      return true;
    },
    replaceHash(name, hash) {
      endSessions(name);
      tokens = tokens.map((token) => (same(token.name, name) ? { ...token, hash, lastUsedAtMs: null } : token));
      return tokens.some((token) => same(token.name, name));
    },
    remove(name) {
      endSessions(name);
      const before = tokens.length;
      tokens = tokens.filter((token) => !same(token.name, name));
      return tokens.length < before;
    },
    noteUse(hash, atMs) {
      tokens = tokens.map((token) => (token.hash === hash ? { ...token, lastUsedAtMs: atMs } : token));
    },
    session: (hash) => sessions.find((session) => session.hash === hash),
    openSession(session, keep) {
      const others = sessions.filter(({ tokenHash }) => tokenHash !== session.tokenHash);
      const own = sessions.filter(({ tokenHash }) => tokenHash === session.tokenHash);
      sessions = [...others, ...[...own, session].slice(-keep)];
    },
    closeSession(hash) {
      sessions = sessions.filter((session) => session.hash !== hash);
    },
  };
  return rows;
}

export interface AccessRig {
  access: AccessApi;
  rows: TokenRows;
  /** A token of each role. */
  tokens: Record<Role, string>;
  /** What was written into the history. */
  notes: { type: string; facts: Record<string, unknown> }[];
  clock: { nowMs: number };
}

/** Access over tokens in memory, with one token of each role under the role's name. */
export function accessRig({ isRequired = true }: { isRequired?: boolean } = {}): AccessRig {
  const rows = tokenRows();
  const notes: AccessRig['notes'] = [];
  const clock = { nowMs: Date.UTC(2030, 0, 1) };
  const access = createAccess({
    rows,
    now: () => clock.nowMs,
    randomBytes,
    isRequired,
    boxId: '0b51b3f4-6a0c-4c5b-9c6e-2f0f5a1d9e10',
    note: (type, facts) => notes.push({ type, facts }),
    onNoteFailed: (error) => {
      throw error;
    },
  });
  const make = (role: Role): string => {
    const made = access.tokens.create(role, role, null);
    if (made.kind === 'problem') throw new Error(made.code);
    return made.token;
  };
  return {
    access,
    rows,
    notes,
    clock,
    tokens: { record: make('record'), operate: make('operate'), admin: make('admin') },
  };
}
