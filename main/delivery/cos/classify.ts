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
  /** What a person can do; empty when nothing is needed. */
  remedy: string;
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
  remedy?: string;
}

const TIMEOUTS = ['ETIMEDOUT', 'ESOCKETTIMEDOUT', 'Deadline'];
const CERTIFICATES = [
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'ERR_TLS_CERT_ALTNAME_INVALID',
];
const BUSY = ['SlowDown', 'ServiceUnavailable', 'InternalError'];
const SLOW_REPLIES = ['RequestTimeout', 'UserNetworkTooSlow', 'IncompleteBody'];

const CHECK_KEY = 'Check SecretId and SecretKey of the COS account.';
const CHECK_CLOCK = "Check this machine's clock and time zone.";
const CHECK_BUCKET = 'Check Bucket and Region in CosConfig, and that the bucket exists.';
const CHECK_POLICY =
  'Allow this key to put, complete, list and head objects under the path, and check that the account is not in arrears.';
const CHECK_ACCOUNT = 'Check the balance and quotas of the COS account.';
const CHECK_CERTIFICATE =
  'Check for a login page or a proxy that reads encrypted traffic, for its root certificate, and for a wrong clock on this machine.';
const CHECK_PORTAL = 'Something else answered in place of COS: check for a login page or a proxy on the line.';

/** The first rule that fits decides. */
const RULES: readonly Rule[] = [
  { origins: ['local'], codes: ['Cancelled'], action: 'later' },
  {
    origins: ['local'],
    codes: ['MissingCredentials'],
    action: 'block',
    remedy: 'Give SecretId and SecretKey in the request or store them in the settings.',
  },
  { origins: ['local'], action: 'block', remedy: CHECK_BUCKET },

  { origins: ['file'], codes: ['FileChanged'], action: 'restart' },
  { origins: ['file'], codes: ['ENOENT', 'ENOTDIR', 'EISDIR'], action: 'fail' },
  { origins: ['file'], action: 'later', remedy: 'Check the disk and the permissions of the recordings folder.' },

  { origins: ['network'], codes: CERTIFICATES, action: 'later', pauseMs: 60_000, remedy: CHECK_CERTIFICATE },
  { operations: ['complete'], codes: ['NoSuchUpload'], action: 'checkHead', otherwise: 'restart' },
  { operations: ['complete'], codes: BUSY, action: 'checkHead' },
  { operations: ['complete'], statuses: [500, 599], action: 'checkHead' },
  { operations: ['complete'], origins: ['network'], action: 'checkHead' },
  { operations: ['complete'], origins: ['reply'], statuses: [200, 299], action: 'checkHead' },

  { origins: ['network'], codes: TIMEOUTS, action: 'later', slow: true },
  { origins: ['network'], action: 'later' },

  { codes: ['CrcMismatch', 'ObjectMismatch'], action: 'later' },
  {
    statuses: [407, 407],
    action: 'block',
    remedy: 'The proxy on the line asks for a user and a password: put them into its address.',
  },
  { origins: ['service', 'reply'], statuses: [402, 402], action: 'block', remedy: CHECK_ACCOUNT },
  { origins: ['service', 'reply'], statuses: [451, 451], action: 'block', remedy: CHECK_ACCOUNT },
  { operations: ['head'], origins: ['service', 'reply'], statuses: [403, 403], action: 'askByGet' },
  { operations: ['head'], origins: ['service'], statuses: [400, 400], action: 'askByGet' },
  { statuses: [429, 429], action: 'later' },
  { statuses: [500, 599], action: 'later' },
  { codes: BUSY, action: 'later' },
  { origins: ['reply'], action: 'later', remedy: CHECK_PORTAL },

  { codes: SLOW_REPLIES, action: 'later', slow: true },
  { codes: ['AccessDenied'], message: 'Request has expired', action: 'retryNow', remedy: CHECK_CLOCK },
  { codes: ['RequestTimeTooSkewed'], action: 'retryNow', remedy: CHECK_CLOCK },
  {
    codes: ['ExpiredToken', 'InvalidToken', 'TokenExpired'],
    action: 'block',
    remedy: 'The temporary key has expired: send a new one.',
  },
  { codes: ['SignatureDoesNotMatch', 'InvalidAccessKeyId', 'InvalidSecretId'], action: 'block', remedy: CHECK_KEY },
  { codes: ['AccessDenied'], action: 'block', remedy: CHECK_POLICY },
  { codes: ['NoSuchBucket', 'InvalidBucketName', 'InvalidRegionName'], action: 'block', remedy: CHECK_BUCKET },
  { statuses: [300, 399], action: 'block', remedy: CHECK_BUCKET },

  { codes: ['NoSuchUpload'], action: 'restart' },
  { codes: ['InvalidPart'], operations: ['complete'], action: 'reconcile' },
  { codes: ['EntityTooSmall', 'InvalidPartOrder', 'MalformedXML'], action: 'restartOnce' },
  { codes: ['BadDigest'], action: 'rehash' },
  {
    codes: ['EntityTooLarge', 'KeyTooLong', 'InvalidArgument', 'InvalidURI', 'ObjectLocked', 'PathConflict'],
    action: 'fail',
  },
];

/** An answer nobody has written a rule for: somebody has to look at it, and the file stays safe meanwhile. */
const UNKNOWN: Rule = {
  action: 'block',
  remedy: 'COS refused with a code this box does not know: see its message and the account.',
};

/** Decides what a failure means. */
export function classifyCosError(error: CosError): Classification {
  const rule = RULES.find((candidate) => fits(candidate, error)) ?? UNKNOWN;
  return {
    action: rule.action,
    code: error.code,
    otherwise: rule.otherwise ?? 'later',
    slow: rule.slow ?? false,
    pauseMs: error.retryAfterMs ?? rule.pauseMs ?? null,
    remedy: rule.remedy ?? '',
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
