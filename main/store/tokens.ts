import type { Role } from '../../shared/api/route.ts';
import { defineColumns, type SqlValue } from './columns.ts';
import type { Database } from './database.ts';

/** An access token as it is kept: nothing in it opens anything. */
export interface TokenRow {
  /** Unique, whatever its case. */
  name: string;
  role: Role;
  /** SHA-256 of the secret, lower-case hexadecimal. */
  hash: string;
  createdAtMs: number;
  /** To the minute; null while it was never used. */
  lastUsedAtMs: number | null;
}

/** A browser that was signed in with a token, until the token ends. */
export interface SessionRow {
  /** SHA-256 of the cookie, lower-case hexadecimal. */
  hash: string;
  tokenHash: string;
  openedAtMs: number;
  endsAtMs: number;
}

export interface TokensTable {
  /** The oldest first. */
  list(): TokenRow[];
  /** @returns false, and changes nothing, when there is one with this name or this hash. */
  insert(row: TokenRow): boolean;
  /** Gives a token another secret and ends the sessions of the old one. @returns false when there is none with this name. */
  replaceHash(name: string, hash: string): boolean;
  /** Also ends its sessions. @returns false when there is none with this name. */
  remove(name: string): boolean;
  noteUse(hash: string, atMs: number): void;
  session(hash: string): SessionRow | undefined;
  /** Adds a session; forgets those that ended, and of the same token all but the newest `keep`. */
  openSession(row: SessionRow, keep: number): void;
  closeSession(hash: string): void;
}

const TOKEN = defineColumns<TokenRow>({
  name: 'value',
  role: 'value',
  hash: 'value',
  createdAtMs: 'value',
  lastUsedAtMs: 'value',
});

const SESSION = defineColumns<SessionRow>({
  hash: 'value',
  tokenHash: 'value',
  openedAtMs: 'value',
  endsAtMs: 'value',
});

export function createTokensTable(db: Database): TokensTable {
  const list = db.prepare<[], Record<string, SqlValue>>(
    `SELECT ${TOKEN.list} FROM tokens ORDER BY created_at_ms, rowid`,
  );
  const insert = db.prepare<SqlValue[]>(
    `INSERT INTO tokens (name, role, hash, created_at_ms, last_used_at_ms) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO NOTHING`,
  );
  const endSessions = db.prepare<[string]>(
    'DELETE FROM sessions WHERE token_hash = (SELECT hash FROM tokens WHERE name = ?)',
  );
  const replace = db.prepare<[string, string]>('UPDATE tokens SET hash = ?, last_used_at_ms = NULL WHERE name = ?');
  const remove = db.prepare<[string]>('DELETE FROM tokens WHERE name = ?');
  const noteUse = db.prepare<[number, string]>('UPDATE tokens SET last_used_at_ms = ? WHERE hash = ?');
  const session = db.prepare<[string], Record<string, SqlValue>>(`SELECT ${SESSION.list} FROM sessions WHERE hash = ?`);
  const addSession = db.prepare<SqlValue[]>(
    'INSERT INTO sessions (hash, token_hash, opened_at_ms, ends_at_ms) VALUES (?, ?, ?, ?)',
  );
  const endOver = db.prepare<[number]>('DELETE FROM sessions WHERE ends_at_ms <= ?');
  const endOldest = db.prepare<[string, number]>(
    `DELETE FROM sessions WHERE hash IN
       (SELECT hash FROM sessions WHERE token_hash = ? ORDER BY opened_at_ms DESC, rowid DESC LIMIT -1 OFFSET ?)`,
  );
  const endSession = db.prepare<[string]>('DELETE FROM sessions WHERE hash = ?');
  return {
    list: () => list.all().map(TOKEN.fromSql),
    insert: ({ name, role, hash, createdAtMs, lastUsedAtMs }) =>
      insert.run(name, role, hash, createdAtMs, lastUsedAtMs).changes > 0,
    replaceHash: db.transaction((name: string, hash: string) => {
      endSessions.run(name);
      return replace.run(hash, name).changes > 0;
    }),
    remove: (name) => remove.run(name).changes > 0,
    noteUse: (hash, atMs) => {
      noteUse.run(atMs, hash);
    },
    session: (hash) => {
      const row = session.get(hash);
      return row && SESSION.fromSql(row);
    },
    openSession: db.transaction(({ hash, tokenHash, openedAtMs, endsAtMs }: SessionRow, keep: number) => {
      endOver.run(openedAtMs);
      addSession.run(hash, tokenHash, openedAtMs, endsAtMs);
      endOldest.run(tokenHash, keep);
    }),
    closeSession: (hash) => {
      endSession.run(hash);
    },
  };
}
