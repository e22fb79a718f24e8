import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createUserSigCheck, userSigExpiresAtMs } from './user-sig.ts';

const NOW_MS = Date.UTC(2030, 0, 1);
const DAY_MS = 86_400_000;
const EXPECTED = { SdkAppId: 1_400_000_000, UserId: 'recorder', nowMs: NOW_MS };
const check = createUserSigCheck({ maxLengthMs: DAY_MS });

/** Packs a content the way signing servers do; the signature itself is no matter for a local check. */
function pack(content: unknown): string {
  const base64 = deflateSync(typeof content === 'string' ? content : JSON.stringify(content)).toString('base64');
  return base64.replaceAll('+', '*').replaceAll('/', '-').replaceAll('=', '_');
}

function content(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    'TLS.ver': '2.0',
    'TLS.identifier': 'recorder',
    'TLS.sdkappid': 1_400_000_000,
    'TLS.time': NOW_MS / 1000 - 60,
    'TLS.expire': 7 * 86_400,
    'TLS.sig': 'c2lnbmF0dXJlIG9mIHRoZSByZWNvcmRlcg==',
    ...changes,
  };
}

describe('good ones', () => {
  test('the usual form, and numbers written as texts', () => {
    expect(check(pack(content()), EXPECTED)).toEqual({ ok: true, warning: null });
    expect(check(pack(content({ 'TLS.sdkappid': '1400000000', 'TLS.expire': '604800' })), EXPECTED).ok).toBe(true);
  });

  test('tell when they expire; whatever is none tells nothing', () => {
    expect(userSigExpiresAtMs(pack(content({ 'TLS.expire': 3660 })))).toBe(NOW_MS + 3_600_000);
    for (const none of ['', 'eJwtzNEKgkAUBNB-…', pack('[]'), pack(content({ 'TLS.time': null }))]) {
      expect(userSigExpiresAtMs(none)).toBeNull();
    }
  });

  test('nothing is compared with fields that are broken in the request', () => {
    expect(check(pack(content()), { SdkAppId: null, UserId: null, nowMs: NOW_MS }).ok).toBe(true);
  });

  test('one that ends before the longest recording would is accepted with a warning that says when', () => {
    const verdict = check(pack(content({ 'TLS.expire': 3660 })), EXPECTED);
    expect(verdict.ok && verdict.warning?.en).toContain('2030-01-01T01:00:00.000Z');
    expect(verdict.ok && verdict.warning?.zh).toContain('2030-01-01T01:00:00.000Z');
  });

  test('a signing server whose clock runs a little ahead', () => {
    expect(check(pack(content({ 'TLS.time': NOW_MS / 1000 + 300 })), EXPECTED).ok).toBe(true);
  });
});

describe('bad ones', () => {
  const good = pack(content());
  test.each([
    ['masked as in the published sample', 'eJwtzNEKgkAUBNB-…', 'characters'],
    ['URL-encoded', `${good}%3D`, 'characters'],
    ['plain base64', deflateSync(JSON.stringify(content())).toString('base64'), 'characters'],
    ['cut off', good.slice(0, -24), 'unreadable'],
    ['not packed at all', 'hello', 'unreadable'],
    ['a bomb', pack(`"${'a'.repeat(1_000_000)}"`), 'unreadable'],
    ['packed, but not JSON', pack('{"TLS.ver":'), 'content'],
    ['JSON null', pack('null'), 'content'],
    ['without an expiry', pack(content({ 'TLS.expire': undefined })), 'content'],
    ['with a negative expiry', pack(content({ 'TLS.expire': -1 })), 'content'],
    ['of version 1.0', pack(content({ 'TLS.ver': '1.0' })), 'version'],
    ['of another user', pack(content({ 'TLS.identifier': 'somebody' })), 'otherUser'],
    ['of another application', pack(content({ 'TLS.sdkappid': 1_400_000_001 })), 'otherApp'],
    ['expired', pack(content({ 'TLS.time': NOW_MS / 1000 - 3600, 'TLS.expire': 3600 })), 'expired'],
    ['signed in the future', pack(content({ 'TLS.time': NOW_MS / 1000 + 3600 })), 'notYetValid'],
  ])('%s', (_name, userSig, rule) => {
    const verdict = check(userSig, EXPECTED);
    expect(verdict).toMatchObject({ ok: false, rule });
    const told = JSON.stringify(verdict);
    expect(told).not.toContain(userSig);
    expect(told).not.toContain('c2lnbmF0dXJl');
  });

  test('each bad kind has its own text in both languages', () => {
    const rules = [
      check('…', EXPECTED),
      check('hello', EXPECTED),
      check(pack('null'), EXPECTED),
      check(pack(content({ 'TLS.ver': '1' })), EXPECTED),
      check(pack(content({ 'TLS.identifier': 'x' })), EXPECTED),
      check(pack(content({ 'TLS.sdkappid': 1 })), EXPECTED),
      check(pack(content({ 'TLS.expire': 0 })), EXPECTED),
      check(pack(content({ 'TLS.time': NOW_MS })), EXPECTED),
    ].map((verdict) => (verdict.ok ? null : verdict.message));
    expect(new Set(rules.map((message) => message?.en)).size).toBe(8);
    expect(new Set(rules.map((message) => message?.zh)).size).toBe(8);
  });

  test('anything at all gets a verdict', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.jsonValue().map(pack), fc.string().map(pack)), (userSig) => {
        expect(check(userSig, EXPECTED).ok).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
