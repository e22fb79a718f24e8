import { describe, expect, it } from 'vitest';
import { ServiceError } from './service-error.ts';
import { computeSignature, type SignedRequest, verifySignature } from './signature.ts';

/** A request signed by hand from the published algorithm. */
const REQUEST: SignedRequest = {
  method: 'PUT',
  path: '/录音/课 1.m4a',
  query: new Map([
    ['partNumber', '3'],
    ['uploadId', 'abc'],
  ]),
  headers: {
    'content-length': '5',
    'content-md5': 'XUFAKrxLKna5cZ2REBfFkg==',
    'content-type': 'audio/mp4',
    host: 'rec-1250000000.cos.ap-shanghai.myqcloud.com',
  },
};
const SIGNATURE = '4a552bf8ab4a3c16ac31f955f8cc4680a24563cb';
const CREDENTIAL = { secretId: 'AKIDtest', secretKey: 'SKtest' };
const IN_TIME_MS = 1_700_000_100_000;

function authorization(changes: Record<string, string> = {}): string {
  const fields = {
    'q-sign-algorithm': 'sha1',
    'q-ak': 'AKIDtest',
    'q-sign-time': '1700000000;1700000900',
    'q-key-time': '1700000000;1700000900',
    'q-header-list': 'content-length;content-md5;content-type;host',
    'q-url-param-list': 'partnumber;uploadid',
    'q-signature': SIGNATURE,
    ...changes,
  };
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function refusal(
  changes: Partial<SignedRequest>,
  fields: Record<string, string> = {},
  nowMs = IN_TIME_MS,
  token?: string,
): string {
  const headers = { ...REQUEST.headers, authorization: authorization(fields), ...changes.headers };
  try {
    verifySignature({ ...REQUEST, ...changes, headers }, [{ ...CREDENTIAL, token }], nowMs);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    expect(error.status).toBe(403);
    return error.code;
  }
}

it('computes the signature of the test vector', () => {
  const lists = {
    signTime: '1700000000;1700000900',
    keyTime: '1700000000;1700000900',
    headerNames: ['content-length', 'content-md5', 'content-type', 'host'],
    parameterNames: ['partnumber', 'uploadid'],
  };
  expect(computeSignature(REQUEST, lists, 'SKtest').expected).toBe(SIGNATURE);
});

describe('verifySignature', () => {
  it('accepts the test vector', () => {
    expect(refusal({})).toBe('accepted');
  });

  it.each<[string, Partial<SignedRequest>, Record<string, string>, string]>([
    ['another method', { method: 'POST' }, {}, 'SignatureDoesNotMatch'],
    ['another path', { path: '/录音/课 2.m4a' }, {}, 'SignatureDoesNotMatch'],
    [
      'another parameter value',
      { query: new Map([...REQUEST.query, ['partNumber', '4']]) },
      {},
      'SignatureDoesNotMatch',
    ],
    ['another header value', { headers: { 'content-length': '6' } }, {}, 'SignatureDoesNotMatch'],
    [
      'another host',
      { headers: { host: 'other-1250000000.cos.ap-shanghai.myqcloud.com' } },
      {},
      'SignatureDoesNotMatch',
    ],
    ['a listed header that is absent', { headers: { 'content-md5': undefined } }, {}, 'AccessDenied'],
    ['a listed parameter that is absent', { query: new Map([['uploadId', 'abc']]) }, {}, 'AccessDenied'],
    ['an unknown key', {}, { 'q-ak': 'AKIDother' }, 'InvalidAccessKeyId'],
    ['a short signature', {}, { 'q-signature': 'abc' }, 'SignatureDoesNotMatch'],
    ['an unsigned host', {}, { 'q-header-list': 'content-length;content-md5;content-type' }, 'AccessDenied'],
    ['a longer time than signed', {}, { 'q-sign-time': '1700000000;1700009999' }, 'SignatureDoesNotMatch'],
    ['a malformed time', {}, { 'q-key-time': 'soon' }, 'AccessDenied'],
    ['another algorithm', {}, { 'q-sign-algorithm': 'md5' }, 'AccessDenied'],
    ['no signature at all', { headers: { authorization: undefined } }, {}, 'AccessDenied'],
  ])('refuses %s', (_name, changes, fields, code) => {
    expect(refusal(changes, fields)).toBe(code);
  });

  it('refuses an expired request with the words the SDK looks for', () => {
    const headers = { ...REQUEST.headers, authorization: authorization() };
    const late = (): void => verifySignature({ ...REQUEST, headers }, [CREDENTIAL], 1_700_000_901_000);
    expect(late).toThrow('Request has expired');
  });

  it('refuses a request from the future', () => {
    expect(refusal({}, {}, 1_699_990_000_000)).toBe('RequestTimeTooSkewed');
  });

  it('wants the token of a temporary key', () => {
    expect(refusal({}, {}, IN_TIME_MS, 'tok')).toBe('AccessDenied');
    expect(refusal({ headers: { 'x-cos-security-token': 'old' } }, {}, IN_TIME_MS, 'tok')).toBe('AccessDenied');
    expect(refusal({ headers: { 'x-cos-security-token': 'tok' } }, {}, IN_TIME_MS, 'tok')).toBe('accepted');
  });
});
