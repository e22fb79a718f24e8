import { expect, test } from 'vitest';
import { isAllowed } from './guard.ts';

const NONE = { origin: undefined, fetchSite: undefined };

test.each([
  ['a program under any name', { method: 'POST', host: 'recorder.example.com', ...NONE }, true],
  ['a program without a host name', { method: 'POST', host: undefined, ...NONE }, true],
  ['the page itself', { method: 'GET', host: '127.0.0.1:8787', ...NONE }, true],
  ['the page by localhost', { method: 'GET', host: 'localhost:8787', ...NONE }, true],
  ['the page by IPv6', { method: 'HEAD', host: '[::1]:8787', ...NONE }, true],
  ['the page under a name of ours', { method: 'GET', host: 'Box.Example.com', ...NONE }, true],
  [
    'its own script',
    { method: 'POST', host: 'localhost:1', origin: 'http://localhost:1', fetchSite: 'same-origin' },
    true,
  ],
  [
    'a link from another site',
    { method: 'GET', host: 'localhost:1', origin: undefined, fetchSite: 'cross-site' },
    true,
  ],
  [
    "another site's form",
    { method: 'POST', host: 'localhost:1', origin: 'https://evil.example', fetchSite: 'cross-site' },
    false,
  ],
  [
    "another site's script that reads",
    { method: 'GET', host: '127.0.0.1', origin: 'https://evil.example', fetchSite: undefined },
    false,
  ],
  ['a sandboxed page', { method: 'POST', host: 'localhost:1', origin: 'null', fetchSite: undefined }, false],
  [
    'another port of this machine',
    { method: 'POST', host: 'localhost:1', origin: 'http://localhost:2', fetchSite: undefined },
    false,
  ],
  [
    'a page that gives no origin',
    { method: 'POST', host: 'localhost:1', origin: undefined, fetchSite: 'cross-site' },
    false,
  ],
  ['a rebound name that reads', { method: 'GET', host: 'evil.example', ...NONE }, false],
  [
    'a rebound name that writes',
    { method: 'POST', host: 'evil.example', origin: 'http://evil.example', fetchSite: undefined },
    false,
  ],
  ['a host name nobody can read', { method: 'GET', host: 'a b', ...NONE }, false],
])('%s', (_name, request, expected) => {
  expect(isAllowed(request, ['box.example.com'])).toBe(expected);
});
