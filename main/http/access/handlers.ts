import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Static } from 'typebox';
import type { SessionSchema } from '../../../shared/api/session-routes.ts';
import { ProblemError } from '../problems.ts';
import type { Handlers } from '../route-binding.ts';
import { type AccessApi, type NewToken, SESSION_SECONDS } from './access-api.ts';
import type { Caller } from './caller.ts';
import { cookieOf, type Gate } from './gate.ts';

/** Access tokens, and browsers that sign in with them. */
export function accessHandlers(access: AccessApi, gate: Gate) {
  const { tokens } = access;
  return {
    listTokens: async () => ({
      tokens: tokens.list().map(({ name, role, createdAtMs, lastUsedAtMs }) => ({
        name,
        role,
        createdAt: new Date(createdAtMs).toISOString(),
        lastUsedAt: lastUsedAtMs === null ? null : new Date(lastUsedAtMs).toISOString(),
      })),
    }),
    createToken: async ({ body, request, reply }) => {
      const made = orProblem(tokens.create(body.name, body.role, nameOf(request)));
      reply.status(201);
      return made;
    },
    rotateToken: async ({ params, request }) => orProblem(tokens.rotate(params.name, nameOf(request))),
    deleteToken: async ({ params, request, reply }) => {
      const problem = tokens.remove(params.name, nameOf(request));
      if (problem !== null) throw new ProblemError(problem);
      return reply.status(204).send();
    },
    getSession: async ({ request }) => sessionOf(access, request.caller),
    openSession: async ({ body, request, reply }) => {
      const { caller, cookie } = gate.signIn(request, body.token);
      setSessionCookie(access, request, reply, cookie);
      return sessionOf(access, access.isRequired ? caller : { ...caller, role: 'admin' });
    },
    closeSession: async ({ request, reply }) => {
      closeSession(access, request, reply);
      return reply.status(204).send();
    },
  } satisfies Partial<Handlers>;
}

/** Hands a browser its cookie: not for scripts, not for requests that other sites cause, and over TLS never in the clear. */
export function setSessionCookie(
  access: AccessApi,
  request: FastifyRequest,
  reply: FastifyReply,
  cookie: string,
): void {
  reply.header('set-cookie', cookieText(access, request, cookie, SESSION_SECONDS));
}

/** Ends the session of a browser and takes its cookie back. */
export function closeSession(access: AccessApi, request: FastifyRequest, reply: FastifyReply): void {
  const cookie = cookieOf(request, access.cookieName);
  if (cookie !== null) access.closeSession(cookie);
  reply.header('set-cookie', cookieText(access, request, '', 0));
}

function cookieText(access: AccessApi, request: FastifyRequest, value: string, maxAgeSeconds: number): string {
  const secure = request.protocol === 'https' ? '; Secure' : '';
  return `${access.cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}${secure}`;
}

function sessionOf({ isRequired }: AccessApi, caller: Caller | null): Static<typeof SessionSchema> {
  return { required: isRequired, name: caller?.name ?? null, role: caller?.role ?? null };
}

function nameOf(request: FastifyRequest): string | null {
  return request.caller?.name ?? null;
}

function orProblem(made: NewToken): Omit<Extract<NewToken, { kind: 'made' }>, 'kind'> {
  if (made.kind === 'problem') throw new ProblemError(made);
  const { token, name, role } = made;
  return { token, name, role };
}
