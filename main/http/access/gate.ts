import type { FastifyRequest } from 'fastify';
import { mayDo, type Role } from '../../../shared/api/route.ts';
import { ProblemError } from '../problems.ts';
import type { AccessApi } from './access-api.ts';
import type { Caller } from './caller.ts';

/** Decides who may use a route. */
export interface Gate {
  /**
   * Finds out who sent a request, and lets it pass or not.
   * @param role the least that is needed; null lets everybody pass.
   * @param options `tokenInQuery`: a token is also taken from the address (`?token=`), for callers that can send no headers. It counts
   * as one of the role `record` then, whatever it is: addresses are written down in many places.
   * @throws ProblemError UNAUTHORIZED, TOO_MANY_ATTEMPTS or FORBIDDEN_ROLE
   */
  authorize(request: FastifyRequest, role: Role | null, options?: { tokenInQuery: boolean }): Promise<void>;
  /** Who shows this token in the body of a request. @throws ProblemError UNAUTHORIZED or TOO_MANY_ATTEMPTS */
  signIn(request: FastifyRequest, token: string): { caller: Caller; cookie: string };
}

export interface GateLog {
  warn(facts: object, message: string): void;
}

/** On a box that demands no token everybody is this. */
const ANYBODY: Caller = { name: null, role: 'admin', credential: null };

/** `access` undefined: nobody is asked for a token. */
export function createGate(access: AccessApi | undefined, log: GateLog): Gate {
  /** Good tokens pass at any time: to hold back everybody behind the address of somebody who fails would be a weapon of its own. */
  const refusal = (request: FastifyRequest): ProblemError => {
    const waitSeconds = access?.failed(request.ip) ?? null;
    if (waitSeconds !== null) return new ProblemError({ code: 'TOO_MANY_ATTEMPTS', retryAfterSeconds: waitSeconds });
    log.warn({ address: request.ip, route: routeOf(request) }, 'a request came with an access token that is not known');
    return new ProblemError({ code: 'UNAUTHORIZED' });
  };

  return {
    async authorize(request, role, options) {
      if (access === undefined) {
        request.caller = ANYBODY;
        return;
      }
      const shown = shownBy(request, access.cookieName, options?.tokenInQuery ?? false);
      const caller = whoIs(shown, access);
      if (!access.isRequired) {
        request.caller = caller === null ? ANYBODY : { ...caller, role: 'admin' };
        return;
      }
      request.caller = caller;
      const wrong = caller === null && shown !== null && shown.kind !== 'cookie' ? refusal(request) : null;
      if (role === null) return;
      if (wrong !== null) throw wrong;
      if (caller === null) throw new ProblemError({ code: 'UNAUTHORIZED' });
      if (!mayDo(caller.role, role)) throw new ProblemError({ code: 'FORBIDDEN_ROLE', neededRole: role });
    },
    signIn(request, token) {
      const opened = access?.openSession(token) ?? null;
      if (opened === null) throw refusal(request);
      return opened;
    },
  };
}

type Shown = { kind: 'header' | 'query' | 'cookie'; secret: string };

/** What a request shows; the header counts before the address, and both before a cookie. */
function shownBy(request: FastifyRequest, cookieName: string, isQueryTaken: boolean): Shown | null {
  const bearer = /^bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return { kind: 'header', secret: bearer };
  const inQuery = isQueryTaken ? tokenInQuery(request.url) : null;
  if (inQuery !== null) return { kind: 'query', secret: inQuery };
  const cookie = cookieOf(request, cookieName);
  return cookie === null ? null : { kind: 'cookie', secret: cookie };
}

function whoIs(shown: Shown | null, access: AccessApi): Caller | null {
  if (shown === null) return null;
  if (shown.kind === 'cookie') return access.bySession(shown.secret);
  const caller = access.byToken(shown.secret);
  return caller !== null && shown.kind === 'query' ? { ...caller, role: 'record' } : caller;
}

function tokenInQuery(url: string): string | null {
  const at = url.indexOf('?');
  return at < 0 ? null : new URLSearchParams(url.slice(at)).get('token');
}

/** The value of a cookie, or null. */
export function cookieOf({ headers }: FastifyRequest, name: string): string | null {
  for (const pair of (headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return null;
}

function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? '(none)';
}
