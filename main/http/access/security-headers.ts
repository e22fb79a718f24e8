import { createHash } from 'node:crypto';
import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

/** An answer that is shown as a document may load, run, send and be framed by nothing. Pages name what they need instead. */
export const NOTHING_ALLOWED = "default-src 'none';base-uri 'none';form-action 'none';frame-ancestors 'none'";

/** Policy of a page without scripts: nothing may be loaded or run but its one style sheet. @param formAction where its forms may go */
export function pagePolicy(style: string, formAction: "'self'" | "'none'"): string {
  const hash = createHash('sha256').update(style).digest('base64');
  const rules = ["default-src 'none'", `style-src 'sha256-${hash}'`, "base-uri 'none'", `form-action ${formAction}`];
  return [...rules, "frame-ancestors 'none'"].join('; ');
}

/**
 * Headers that keep browsers from doing with an answer what it is not for. Hooks that are added after this run after it, so refusals
 * carry them as well. No Strict-Transport-Security: it would count for every port of the host, and a box shares its host with others.
 */
export function addSecurityHeaders(app: FastifyInstance): void {
  app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  });
}
