import { describe, expect, it } from 'vitest';
import { type CosAction, classifyCosError } from './classify.ts';
import { CosError, type CosErrorFields, type CosOperation, toCosError } from './cos-error.ts';

function classify(fields: Partial<CosErrorFields>) {
  return classifyCosError(
    new CosError({ origin: 'service', code: 'X', message: 'text', operation: 'uploadPart', ...fields }),
  );
}

const NETWORK = [
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'EPROTO',
];
const TIMEOUTS = ['ETIMEDOUT', 'ESOCKETTIMEDOUT', 'Deadline'];
const CERTIFICATES = [
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
];

describe('the line', () => {
  it.each(NETWORK)('%s: later, on Complete HEAD first', (code) => {
    expect(classify({ origin: 'network', code })).toMatchObject({ action: 'later', slow: false });
    expect(classify({ origin: 'network', code, operation: 'complete' })).toMatchObject({
      action: 'checkHead',
      otherwise: 'later',
    });
  });

  it.each(TIMEOUTS)('%s: later and slow', (code) => {
    expect(classify({ origin: 'network', code })).toMatchObject({ action: 'later', slow: true });
    expect(classify({ origin: 'network', code, operation: 'complete' }).action).toBe('checkHead');
  });

  it.each(CERTIFICATES)('%s: later, in no hurry, with a hint', (code) => {
    for (const operation of ['uploadPart', 'complete'] as const) {
      const why = classify({ origin: 'network', code, operation });
      expect(why).toMatchObject({ action: 'later', pauseMs: 60_000, remedy: 'checkCertificate' });
    }
  });
});

describe('COS and what stands before it', () => {
  type Row = [code: string, status: number, action: CosAction];
  const rows: Row[] = [
    ['RequestTimeout', 400, 'later'],
    ['UserNetworkTooSlow', 400, 'later'],
    ['IncompleteBody', 400, 'later'],
    ['InternalError', 500, 'later'],
    ['ServiceUnavailable', 503, 'later'],
    ['SlowDown', 503, 'later'],
    ['TooManyRequests', 429, 'later'],
    ['SignatureDoesNotMatch', 403, 'block'],
    ['InvalidAccessKeyId', 403, 'block'],
    ['AccessDenied', 403, 'block'],
    ['RequestTimeTooSkewed', 403, 'retryNow'],
    ['ExpiredToken', 400, 'block'],
    ['NoSuchBucket', 404, 'block'],
    ['InvalidBucketName', 400, 'block'],
    ['InvalidRegionName', 400, 'block'],
    ['PermanentRedirect', 301, 'block'],
    ['NoSuchUpload', 404, 'restart'],
    ['EntityTooSmall', 400, 'restartOnce'],
    ['InvalidPartOrder', 400, 'restartOnce'],
    ['MalformedXML', 400, 'restartOnce'],
    ['BadDigest', 400, 'rehash'],
    ['EntityTooLarge', 400, 'fail'],
    ['KeyTooLong', 400, 'fail'],
    ['InvalidArgument', 400, 'fail'],
    ['InvalidURI', 400, 'fail'],
    ['ObjectLocked', 409, 'fail'],
    ['PathConflict', 409, 'fail'],
    ['PaymentRequired', 402, 'block'],
    ['UnavailableForLegalReasons', 451, 'block'],
    ['NobodyKnowsThisCode', 409, 'block'],
  ];
  it.each(rows)('%s %i: %s', (code, statusCode, action) => {
    expect(classify({ code, statusCode }).action).toBe(action);
  });

  const byOperation: [string, Partial<CosErrorFields>, CosAction][] = [
    ['an expired request', { code: 'AccessDenied', statusCode: 403, message: 'Request has expired' }, 'retryNow'],
    ['NoSuchUpload on Complete', { code: 'NoSuchUpload', statusCode: 404, operation: 'complete' }, 'checkHead'],
    ['InvalidPart on Complete', { code: 'InvalidPart', statusCode: 400, operation: 'complete' }, 'reconcile'],
    ['InvalidPart in 200 on Complete', { code: 'InvalidPart', statusCode: 200, operation: 'complete' }, 'reconcile'],
    [
      'InternalError in 200 on Complete',
      { code: 'InternalError', statusCode: 200, operation: 'complete' },
      'checkHead',
    ],
    ['AccessDenied in 200 on Complete', { code: 'AccessDenied', statusCode: 200, operation: 'complete' }, 'block'],
    ['500 on Complete', { code: 'InternalError', statusCode: 500, operation: 'complete' }, 'checkHead'],
    ['no ETag from Complete', { origin: 'reply', code: 'NoEtag', statusCode: 200, operation: 'complete' }, 'checkHead'],
    ['no ETag from a part', { origin: 'reply', code: 'NoEtag', statusCode: 200 }, 'later'],
    ['bare 403 from HEAD', { code: '403', statusCode: 403, operation: 'head' }, 'askByGet'],
    ['bare 400 from HEAD', { code: '400', statusCode: 400, operation: 'head' }, 'askByGet'],
    ['503 from HEAD', { code: '503', statusCode: 503, operation: 'head' }, 'later'],
    ['a portal’s 302', { origin: 'reply', code: '302', statusCode: 302 }, 'later'],
    ['a proxy’s 403', { origin: 'reply', code: '403', statusCode: 403 }, 'later'],
    ['a proxy’s 407', { origin: 'reply', code: '407', statusCode: 407 }, 'block'],
    ['another CRC', { origin: 'reply', code: 'CrcMismatch' }, 'later'],
    ['a missing file', { origin: 'file', code: 'ENOENT', operation: 'readFile' }, 'fail'],
    ['a changed file', { origin: 'file', code: 'FileChanged', operation: 'readFile' }, 'restart'],
    ['a locked file', { origin: 'file', code: 'EBUSY', operation: 'readFile' }, 'later'],
    ['no permission', { origin: 'file', code: 'EACCES', operation: 'readFile' }, 'later'],
    ['a bad disk', { origin: 'file', code: 'EIO', operation: 'readFile' }, 'later'],
    ['refused parameters', { origin: 'local', code: 'InvalidParameter' }, 'block'],
    ['no credentials', { origin: 'local', code: 'MissingCredentials' }, 'block'],
    ['an interruption', { origin: 'local', code: 'Cancelled', operation: 'complete' }, 'later'],
  ];
  it.each(byOperation)('%s', (_name, fields, action) => {
    expect(classify(fields).action).toBe(action);
  });

  it('restarts only when Complete finds neither upload nor object', () => {
    expect(classify({ code: 'NoSuchUpload', statusCode: 404, operation: 'complete' }).otherwise).toBe('restart');
    expect(classify({ code: 'SlowDown', statusCode: 503, operation: 'complete' }).otherwise).toBe('later');
  });

  it('tells a person what to do whenever one is needed', () => {
    const operations: CosOperation[] = ['init', 'uploadPart', 'complete', 'head', 'putObject', 'listParts'];
    for (const [code, statusCode] of rows) {
      for (const operation of operations) {
        const why = classify({ code, statusCode, operation });
        if (why.action === 'block' || why.action === 'retryNow') expect(why.remedy).not.toBeNull();
      }
    }
  });
});

describe('toCosError', () => {
  it('reads the service’s XML error and nothing of the request', () => {
    const thrown = Object.assign(new Error('Denied'), {
      code: 'AccessDenied',
      statusCode: 403,
      error: { Code: 'AccessDenied', Message: 'Denied', StringToSign: 'sha1…' },
      headers: { 'x-cos-request-id': 'r1', 'retry-after': '3' },
      url: 'http://x/?q-signature=abc',
    });
    const error = toCosError(thrown, 'init');
    expect(error).toMatchObject({
      origin: 'service',
      code: 'AccessDenied',
      statusCode: 403,
      requestId: 'r1',
      retryAfterMs: 3000,
    });
    expect(JSON.stringify({ ...error })).not.toMatch(/signature|StringToSign/);
    expect(error.cause).toBeUndefined();
  });

  it.each([
    [{ code: '403', statusCode: 403, headers: {}, message: 'Forbidden' }, 'reply', '403'],
    [{ code: '403', statusCode: 403, headers: { 'x-cos-request-id': 'r' } }, 'service', '403'],
    [{ code: 'ENOTFOUND', message: 'getaddrinfo' }, 'network', 'ENOTFOUND'],
    [{ code: 'Error', message: 'Region format error.' }, 'local', 'InvalidParameter'],
    [{ code: 'ERR_INVALID_CHAR' }, 'local', 'InvalidParameter'],
    [new TypeError('oops'), 'local', 'InvalidParameter'],
    ['text', 'local', 'InvalidParameter'],
    [undefined, 'local', 'InvalidParameter'],
  ])('%j is %s %s', (thrown, origin, code) => {
    expect(toCosError(thrown, 'head')).toMatchObject({ origin, code, operation: 'head' });
  });
});
