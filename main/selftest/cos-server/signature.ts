import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { ServiceError } from './service-error.ts';

/** Verifies COS request signatures (`q-sign-algorithm=sha1`). Pure. */

export interface Credential {
  secretId: string;
  secretKey: string;
  /** Present for temporary keys: the request must carry it as `x-cos-security-token`. */
  token?: string | undefined;
}

export interface SignedRequest {
  method: string;
  /** Percent-decoded, with the leading slash, query stripped. */
  path: string;
  /** Decoded names and values. */
  query: ReadonlyMap<string, string>;
  /** Lower-case names. */
  headers: Readonly<Record<string, string | undefined>>;
}

interface Authorization {
  secretId: string;
  signTime: string;
  keyTime: string;
  headerNames: string[];
  parameterNames: string[];
  signature: string;
}

/** A signature that starts further ahead of the server's clock is refused. The real tolerance is not published. */
const MAX_AHEAD_SECONDS = 15 * 60;

/** Throws a `ServiceError` (403) unless the request is signed by one of the credentials and its time is right. */
export function verifySignature(request: SignedRequest, credentials: readonly Credential[], nowMs: number): void {
  const authorization = parseAuthorization(request.headers.authorization);
  const credential = credentials.find((candidate) => candidate.secretId === authorization.secretId);
  if (credential === undefined) {
    throw new ServiceError(403, 'InvalidAccessKeyId', 'The access key Id you provided does not exist in our records');
  }
  checkTime(authorization.signTime, nowMs);
  checkTime(authorization.keyTime, nowMs);
  if (!authorization.headerNames.includes('host')) throw denied('The host header must be signed');
  const { expected, stringToSign, httpString } = computeSignature(request, authorization, credential.secretKey);
  const given = Buffer.from(authorization.signature);
  const wanted = Buffer.from(expected);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
    throw new ServiceError(403, 'SignatureDoesNotMatch', 'The Signature you specified is invalid.', {
      StringToSign: stringToSign,
      FormatString: httpString,
    });
  }
  if (credential.token !== undefined && request.headers['x-cos-security-token'] !== credential.token) {
    throw denied('The temporary key needs its security token');
  }
}

/** The signature that the given signing times and lists should have, and the texts it was made from. */
export function computeSignature(
  request: SignedRequest,
  lists: Pick<Authorization, 'signTime' | 'keyTime' | 'headerNames' | 'parameterNames'>,
  secretKey: string,
): { expected: string; stringToSign: string; httpString: string } {
  const parameters = lists.parameterNames.map((name) => pair(name, findDecoded(request.query, name)));
  const headers = lists.headerNames.map((name) => pair(name, request.headers[decodeURIComponent(name)]));
  const httpString = [request.method.toLowerCase(), request.path, parameters.join('&'), headers.join('&'), ''].join(
    '\n',
  );
  const stringToSign = ['sha1', lists.signTime, createHash('sha1').update(httpString).digest('hex'), ''].join('\n');
  const signKey = createHmac('sha1', secretKey).update(lists.keyTime).digest('hex');
  const expected = createHmac('sha1', signKey).update(stringToSign).digest('hex');
  return { expected, stringToSign, httpString };
}

function parseAuthorization(header: string | undefined): Authorization {
  if (header === undefined || header === '') throw denied('Access denied: the request is not signed');
  const fields = new Map<string, string>();
  for (const field of header.split('&')) {
    const mark = field.indexOf('=');
    fields.set(mark < 0 ? field : field.slice(0, mark), mark < 0 ? '' : field.slice(mark + 1));
  }
  if (fields.get('q-sign-algorithm') !== 'sha1') throw denied('Unknown signature algorithm');
  return {
    secretId: fields.get('q-ak') ?? '',
    signTime: fields.get('q-sign-time') ?? '',
    keyTime: fields.get('q-key-time') ?? '',
    headerNames: splitList(fields.get('q-header-list')),
    parameterNames: splitList(fields.get('q-url-param-list')),
    signature: fields.get('q-signature') ?? '',
  };
}

function splitList(text: string | undefined): string[] {
  return text === undefined || text === '' ? [] : text.split(';');
}

function checkTime(range: string, nowMs: number): void {
  const match = /^(\d{1,12});(\d{1,12})$/.exec(range);
  if (match === null) throw denied('The signing time is malformed');
  const nowSeconds = nowMs / 1000;
  if (nowSeconds > Number(match[2])) throw denied('Request has expired');
  if (Number(match[1]) - nowSeconds > MAX_AHEAD_SECONDS) {
    throw new ServiceError(
      403,
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
    );
  }
}

/** The lists carry lower-case, percent-encoded names; the query has them as sent. */
function findDecoded(query: ReadonlyMap<string, string>, listedName: string): string | undefined {
  for (const [name, value] of query) if (encode(name).toLowerCase() === listedName) return value;
  return undefined;
}

function pair(name: string, value: string | undefined): string {
  if (value === undefined) throw denied(`A signed header or parameter is absent: ${name}`);
  return `${name}=${encode(value)}`;
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

function denied(message: string): ServiceError {
  return new ServiceError(403, 'AccessDenied', message);
}
