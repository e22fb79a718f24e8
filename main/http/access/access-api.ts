import type { Role } from '../../../shared/api/route.ts';
import type { Problem } from '../../../shared/errors.ts';
import type { Caller } from './caller.ts';

/** What of a token may be shown. */
export interface TokenView {
  name: string;
  role: Role;
  createdAtMs: number;
  lastUsedAtMs: number | null;
}

/** A token just made; `token` is the secret, which nobody can read again. */
export type NewToken = { kind: 'made'; token: string; name: string; role: Role } | ({ kind: 'problem' } & Problem);

/** The access tokens of the box. Every change is on disk when a call returns; nothing here throws for an expected refusal. */
export interface TokensApi {
  list(): TokenView[];
  /**
   * @param by name of the token that asked for it; null for the operator at the machine.
   * @param given the secret of a token of another box (`isToken` holds for it), so that one opens all boxes of a fleet; a new one by default.
   */
  create(name: string, role: Role, by: string | null, given?: string): NewToken;
  /** A new secret under the same name and role; the old one and its sessions end at once. */
  rotate(name: string, by: string | null): NewToken;
  /** Null when it is gone. */
  remove(name: string, by: string | null): Problem | null;
}

/** Who may use the HTTP face. */
export interface AccessApi {
  /** Whether requests need a token; without that need everybody who reaches the box may do everything. */
  readonly isRequired: boolean;
  readonly tokens: TokensApi;
  /** Name of the cookie, the box's own: cookies do not tell the ports of a machine apart. */
  readonly cookieName: string;
  /** Who shows this token; null when it is not known. Notes the use. */
  byToken(secret: string): Caller | null;
  /** Who was signed in with this cookie; null when it is not known or over. */
  bySession(secret: string): Caller | null;
  /** Signs in: the value of a cookie for the token that was shown, which counts for `SESSION_SECONDS`. Null when the token is not known. */
  openSession(secret: string): { caller: Caller; cookie: string } | null;
  closeSession(secret: string): void;
  /** Whether what a caller showed still counts. */
  isCurrent(caller: Caller): boolean;
  /** Notes a token that is not known. @returns null, or the seconds to wait when there were too many. */
  failed(address: string): number | null;
}

/** A week. */
export const SESSION_SECONDS = 7 * 24 * 3600;
