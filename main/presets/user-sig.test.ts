import { createHmac } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createUserSigCheck } from '../recordings/user-sig.ts';
import { makeUserSig } from './user-sig.ts';

const SIGNING = { SdkAppId: 1400000000, sdkSecretKey: '5bd2850fff3ecb11d7c805251c51ee46', UserId: 'recorder_1' };
const DAY_MS = 24 * 3_600_000;

function contentOf(userSig: string): Record<string, unknown> {
  const base64 = userSig.replaceAll('*', '+').replaceAll('-', '/').replaceAll('_', '=');
  return JSON.parse(inflateSync(Buffer.from(base64, 'base64')).toString('utf8')) as Record<string, unknown>;
}

describe('a UserSig made by the box', () => {
  it('passes the check that real rooms are entered with, without a warning', () => {
    const maxLengthMs = 7 * DAY_MS;
    const check = createUserSigCheck({ maxLengthMs });
    const userSig = makeUserSig(SIGNING, { outlivesMs: maxLengthMs });
    expect(check(userSig, { SdkAppId: SIGNING.SdkAppId, UserId: SIGNING.UserId, nowMs: Date.now() })).toEqual({
      ok: true,
      warning: null,
    });
    const others = { SdkAppId: SIGNING.SdkAppId, UserId: 'somebody', nowMs: Date.now() };
    expect(check(userSig, others)).toMatchObject({ ok: false, rule: 'otherUser' });
  });

  it('is signed with the key over user, application, time and validity, as TRTC verifies it', () => {
    const content = contentOf(makeUserSig(SIGNING, { outlivesMs: DAY_MS }));
    const { 'TLS.time': time, 'TLS.expire': expire } = content;
    const signed = [
      'TLS.identifier:recorder_1',
      'TLS.sdkappid:1400000000',
      `TLS.time:${String(time)}`,
      `TLS.expire:${String(expire)}`,
      '',
    ].join('\n');
    expect(content).toMatchObject({
      'TLS.ver': '2.0',
      'TLS.identifier': 'recorder_1',
      'TLS.sdkappid': 1400000000,
      'TLS.expire': 7 * 86_400,
      'TLS.sig': createHmac('sha256', SIGNING.sdkSecretKey).update(signed).digest('base64'),
    });
    expect(Math.abs(Number(time) - Date.now() / 1000)).toBeLessThan(60);
  });
});
