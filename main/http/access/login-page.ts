import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ERRORS } from '../../../shared/errors.ts';
import { LANGUAGE_TAG, type Language, pickLanguage } from '../../../shared/texts/language.ts';
import { text } from '../../../shared/texts/texts.ts';
import { type Html, html } from '../html.ts';
import { ProblemError } from '../problems.ts';
import type { AccessApi } from './access-api.ts';
import type { Gate } from './gate.ts';
import { closeSession, setSessionCookie } from './handlers.ts';
import { pagePolicy } from './security-headers.ts';

/** Where a browser without scripts signs in and out. */
export const LOGIN_PATH = '/login';
export const LOGOUT_PATH = '/logout';

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 30rem; padding: 1rem; }
h1 { font-size: 1.4rem; }
label, input, button { display: block; font: inherit; }
input { box-sizing: border-box; width: 100%; padding: .4rem; }
button { margin-top: .8rem; padding: .4rem 1rem; }
[role="alert"] { padding: .6rem 1rem; border-inline-start: .4rem solid #b91c1c; background: #ef444422; }
`;

const POLICY = pagePolicy(STYLE, "'self'");

/** Without a referrer a browser hides where a form comes from, and the guard would take it for another site's. */
export const FORM_REFERRER = 'same-origin';

/** The page that asks for a token. @param complaint why the last one was not taken, or null. */
export function renderLogin(language: Language, complaint: string | null): string {
  // Written by hand and not by the tag: the hash in the policy covers every byte between the style tags.
  const style: Html = { html: `<style>${STYLE}</style>` };
  return html`<!doctype html>
<html lang="${LANGUAGE_TAG[language]}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(language, 'login.title')}</title>
${style}
</head>
<body>
<h1>${text(language, 'page.title')}</h1>
${complaint === null ? null : html`<p role="alert">${complaint}</p>`}
<form method="post" action="${LOGIN_PATH}">
<label for="token">${text(language, 'login.token')}</label>
<input id="token" name="token" type="password" autocomplete="current-password" required maxlength="256">
<button>${text(language, 'login.send')}</button>
</form>
<p>${text(language, 'login.help')}</p>
</body>
</html>
`.html;
}

/** Answers with the page that asks for a token. */
export function sendLogin(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  complaint = false,
): FastifyReply {
  const language = pickLanguage(request.headers['accept-language']);
  const code = status === 429 ? 'TOO_MANY_ATTEMPTS' : 'UNAUTHORIZED';
  return reply
    .status(status)
    .type('text/html; charset=utf-8')
    .header('content-security-policy', POLICY)
    .header('referrer-policy', FORM_REFERRER)
    .header('content-language', LANGUAGE_TAG[language])
    .header('vary', 'accept-language')
    .send(
      renderLogin(language, complaint ? `${ERRORS[code].message[language]} ${ERRORS[code].remedy[language]}` : null),
    );
}

/** Forms, for browsers; programs and scripts use /api/session. That a form comes from the box's own page is for the guard to see. */
export function addLoginRoutes(app: FastifyInstance, access: AccessApi, gate: Gate): void {
  app.get(LOGIN_PATH, async (request, reply) => sendLogin(request, reply, 200));
  app.post(LOGIN_PATH, async (request, reply) => {
    const token = formField(request, 'token').trim();
    try {
      setSessionCookie(access, request, reply, gate.signIn(request, token).cookie);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      const { code, retryAfterSeconds } = error.problem;
      if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds));
      return sendLogin(request, reply, ERRORS[code].status, true);
    }
    return reply.redirect('/', 303);
  });
  app.post(LOGOUT_PATH, async (request, reply) => {
    closeSession(access, request, reply);
    return reply.redirect(LOGIN_PATH, 303);
  });
}

function formField({ body }: FastifyRequest, name: string): string {
  return new URLSearchParams(Buffer.isBuffer(body) ? body.toString('utf8') : '').get(name) ?? '';
}
