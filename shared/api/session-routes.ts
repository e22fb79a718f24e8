import { Type } from 'typebox';
import { ROLES, type Route } from './route.ts';
import { OrNull, Text, Words } from './views.ts';

/** Who the box takes the asker for. */
export const SessionSchema = Type.Object({
  required: Type.Boolean({ description: 'Whether the box demands a token at all.' }),
  name: OrNull(Text(), 'Of the token; null without one.'),
  role: OrNull(Words(ROLES), 'What the asker may do; null: nothing.'),
});

/** How a browser, which cannot send headers with a page or a stream of events, shows its token: once, for a cookie. */
export const SESSION_ROUTES = {
  getSession: {
    method: 'GET',
    path: '/api/session',
    role: null,
    group: 'Settings',
    summary: { en: 'Is a token needed, and what may this one do', zh: '是否需要令牌，以及当前令牌的权限' },
    replies: { 200: { description: 'Who you are here', schema: SessionSchema } },
  },
  openSession: {
    method: 'POST',
    path: '/api/session',
    role: null,
    group: 'Settings',
    summary: {
      en: 'Sign in a browser: a token for a cookie that scripts cannot read',
      zh: '浏览器登录：用令牌换取脚本无法读取的 Cookie',
    },
    body: Type.Object({ token: Type.String({ minLength: 1, maxLength: 256, writeOnly: true }) }),
    replies: {
      200: { description: 'Signed in; the cookie ends with the token, or after a week', schema: SessionSchema },
    },
  },
  closeSession: {
    method: 'DELETE',
    path: '/api/session',
    role: null,
    group: 'Settings',
    summary: { en: 'Sign out', zh: '退出登录' },
    replies: { 204: { description: 'Signed out' } },
  },
} as const satisfies Record<string, Route>;
