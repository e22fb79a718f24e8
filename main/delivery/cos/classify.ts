import type { RemedyName } from '../../../shared/texts/remedies.ts';
import type { CosError, CosErrorOrigin, CosOperation } from './cos-error.ts';

/**
 * What to do about a failure.
 * - `later`: keep everything, try again after a pause
 * - `block`: stop until somebody changes settings, permissions or the account
 * - `fail`: this file can never be uploaded
 * - `restart`: forget the upload, begin a new one; `restartOnce`: the same, but a second time is `fail`
 * - `checkHead`: the object may be there; HEAD decides, `otherwise` says what follows when it is not
 * - `reconcile`: ask COS which parts it holds, send the odd ones, complete again
 * - `rehash`: the bytes that arrived were others than announced; read the part again to see whether the file changed
 * - `retryNow`: the clock was off and has been corrected; ask once more, then block
 * - `askByGet`: HEAD carries no reason; a call with a body tells it
 */
export type CosAction =
  | 'later'
  | 'block'
  | 'fail'
  | 'restart'
  | 'restartOnce'
  | 'checkHead'
  | 'reconcile'
  | 'rehash'
  | 'retryNow'
  | 'askByGet';

export interface Classification {
  action: CosAction;
  code: string;
  /** After `checkHead`, when HEAD does not show our object. */
  otherwise: 'later' | 'restart';
  /** The line is too slow for what is sent at once. */
  slow: boolean;
  /** Least pause before the next try, where a quick one is pointless. */
  pauseMs: number | null;
  /** After `later`: this many tries in a row with the same failure, then it is a `block`. */
  maxTries: number | null;
  /** After `block`: how often it is looked at again, where the usual minute is too often. */
  probeMs: number | null;
  /** What a person can do; null when nothing is needed. */
  remedy: RemedyName | null;
}

interface Rule {
  operations?: readonly CosOperation[];
  origins?: readonly CosErrorOrigin[];
  codes?: readonly string[];
  /** HTTP status, both ends included. */
  statuses?: readonly [number, number];
  message?: string;
  action: CosAction;
  otherwise?: 'later' | 'restart';
  slow?: boolean;
  pauseMs?: number;
  maxTries?: number;
  probeMs?: number;
  remedy?: RemedyName;
}

const TIMEOUTS = ['ETIMEDOUT', 'ESOCKETTIMEDOUT', 'Deadline'];
const CERTIFICATES = [
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_UNTRUSTED',
  'CERT_SIGNATURE_FAILURE',
  'INVALID_CA',
  'ERR_TLS_CERT_ALTNAME_INVALID',
];
const BUSY = ['SlowDown', 'ServiceUnavailable', 'InternalError'];
const SLOW_REPLIES = ['RequestTimeout', 'UserNetworkTooSlow', 'IncompleteBody'];
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The first rule that fits decides. */
const RULES: readonly Rule[] = [
  // What never left the box.
  { origins: ['local'], codes: ['Cancelled', 'Paused'], action: 'later' },
  { origins: ['local'], codes: ['MissingCredentials'], action: 'block', remedy: 'giveKeys' },
  { origins: ['local'], action: 'block', remedy: 'checkBucket' },

  // The file on the disk.
  { origins: ['file'], codes: ['FileChanged'], action: 'restart' },
  { origins: ['file'], codes: ['ENOENT', 'ENOTDIR', 'EISDIR'], action: 'fail' },
  { origins: ['file'], action: 'later', remedy: 'checkDisk' },

  // The line, and what stands on it.
  {
    origins: ['network'],
    codes: ['ProxyAuthenticationRequired'],
    action: 'block',
    remedy: 'proxyPassword',
  },
  {
    origins: ['network'],
    codes: ['AddressRefused'],
    action: 'block',
    probeMs: 10 * MINUTE_MS,
    remedy: 'checkAddress',
  },
  { origins: ['network'], codes: ['ProxyRefused'], action: 'later', pauseMs: MINUTE_MS, remedy: 'checkProxy' },
  { origins: ['network'], codes: CERTIFICATES, action: 'later', pauseMs: MINUTE_MS, remedy: 'checkCertificate' },
  { operations: ['complete'], codes: ['NoSuchUpload'], action: 'checkHead', otherwise: 'restart' },
  { operations: ['complete'], codes: BUSY, action: 'checkHead' },
  { operations: ['complete'], statuses: [500, 599], action: 'checkHead' },
  { operations: ['complete'], origins: ['network'], action: 'checkHead', remedy: 'checkLine' },
  { operations: ['complete'], origins: ['reply'], statuses: [200, 299], action: 'checkHead', remedy: 'checkPortal' },
  { origins: ['network'], codes: TIMEOUTS, action: 'later', slow: true, remedy: 'checkLine' },
  { origins: ['network'], action: 'later', remedy: 'checkLine' },
  {
    codes: ['CrcMismatch', 'ObjectMismatch'],
    action: 'later',
    maxTries: 5,
    probeMs: HOUR_MS,
    remedy: 'checkIntegrity',
  },
  { statuses: [407, 407], action: 'block', remedy: 'proxyPassword' },
  { statuses: [511, 511], action: 'later', remedy: 'checkPortal' },

  // COS itself.
  { origins: ['service'], statuses: [402, 402], action: 'block', probeMs: HOUR_MS, remedy: 'checkAccount' },
  { origins: ['service'], statuses: [451, 451], action: 'block', probeMs: HOUR_MS, remedy: 'checkAccount' },
  { operations: ['head'], origins: ['service', 'reply'], statuses: [403, 403], action: 'askByGet' },
  { operations: ['head'], origins: ['service'], statuses: [400, 400], action: 'askByGet' },
  { statuses: [429, 429], action: 'later' },
  { statuses: [500, 599], action: 'later' },
  { codes: BUSY, action: 'later' },
  { origins: ['reply'], action: 'later', remedy: 'checkPortal' },

  { codes: SLOW_REPLIES, action: 'later', slow: true },
  { codes: ['AccessDenied'], message: 'Request has expired', action: 'retryNow', remedy: 'checkClock' },
  { codes: ['RequestTimeTooSkewed'], action: 'retryNow', remedy: 'checkClock' },
  { codes: ['ExpiredToken', 'InvalidToken', 'TokenExpired'], action: 'block', remedy: 'newToken' },
  { codes: ['SignatureDoesNotMatch', 'InvalidAccessKeyId', 'InvalidSecretId'], action: 'block', remedy: 'checkKeys' },
  { codes: ['AccessDenied'], action: 'block', remedy: 'allowPolicy' },
  { codes: ['NoSuchBucket', 'InvalidBucketName', 'InvalidRegionName'], action: 'block', remedy: 'checkBucket' },
  { statuses: [300, 399], action: 'block', remedy: 'checkBucket' },

  { codes: ['NoSuchUpload'], action: 'restart' },
  { codes: ['InvalidPart'], operations: ['complete'], action: 'reconcile' },
  { codes: ['EntityTooSmall', 'InvalidPartOrder', 'MalformedXML'], action: 'restartOnce' },
  { codes: ['BadDigest'], action: 'rehash', maxTries: 5, probeMs: HOUR_MS, remedy: 'checkIntegrity' },
  {
    codes: ['EntityTooLarge', 'KeyTooLong', 'InvalidArgument', 'InvalidURI', 'ObjectLocked', 'PathConflict'],
    action: 'fail',
  },
];

/** An answer nobody has written a rule for: somebody has to look at it, and the file stays safe meanwhile. */
const UNKNOWN: Rule = { action: 'block', probeMs: 10 * MINUTE_MS, remedy: 'readMessage' };

/** Decides what a failure means. */
export function classifyCosError(error: CosError): Classification {
  const rule = RULES.find((candidate) => fits(candidate, error)) ?? UNKNOWN;
  return {
    action: rule.action,
    code: error.code,
    otherwise: rule.otherwise ?? 'later',
    slow: rule.slow ?? false,
    pauseMs: error.retryAfterMs ?? rule.pauseMs ?? null,
    maxTries: rule.maxTries ?? null,
    probeMs: rule.probeMs ?? null,
    remedy: rule.remedy ?? null,
  };
}

function fits(rule: Rule, error: CosError): boolean {
  const status = error.statusCode ?? 0;
  return (
    (rule.operations?.includes(error.operation) ?? true) &&
    (rule.origins?.includes(error.origin) ?? true) &&
    (rule.codes?.includes(error.code) ?? true) &&
    (rule.statuses === undefined || (status >= rule.statuses[0] && status <= rule.statuses[1])) &&
    (rule.message === undefined || error.message.includes(rule.message))
  );
}
