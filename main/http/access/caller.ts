import { mayDo, type Role } from '../../../shared/api/route.ts';

/** Who sent a request, as far as the box knows. */
export interface Caller {
  /** Name of the token; null on a box that demands none. */
  name: string | null;
  role: Role;
  /** What was shown, as its SHA-256; null when nothing was needed. `own` is the token of the desktop around the box. */
  credential: { kind: 'token' | 'session' | 'own'; hash: string } | null;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler runs; null for strangers, who reach only what is open to everybody. */
    caller: Caller | null;
  }
}

/** Whether a request comes from somebody who may do what is open to `needed`; strangers may not. */
export function callerMay({ caller }: { caller: Caller | null }, needed: Role): boolean {
  return caller !== null && mayDo(caller.role, needed);
}

/** Whether a request comes from the window or tray of the desktop around the box: from whoever sits at the machine itself. */
export function isDesktop({ caller }: { caller: Caller | null }): boolean {
  return caller?.credential?.kind === 'own';
}
