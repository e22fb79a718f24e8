import type { Fields } from '../../shared/complaints.ts';
import type { FieldError } from '../../shared/errors.ts';
import { PRESET_RULES, type PresetRule } from '../../shared/parse-presets.ts';
import { USER_ID } from '../../shared/request-rules.ts';
import type { ResolvedRequest } from '../http/presets-api.ts';
import type { CosCredentials } from '../settings/environment.ts';
import type { Signing } from './user-sig.ts';

/** A place in COS that was saved under a name. */
export interface ResolvedDestination {
  name: string;
  Region: string;
  Bucket: string;
  Path: string;
  /** Secret. Null: the box's own. */
  keys: CosCredentials | null;
}

/** A TRTC application that was saved under a name. */
export interface ResolvedApplication {
  name: string;
  SdkAppId: number;
  /** Secret; null when UserSigs come from elsewhere. */
  sdkSecretKey: string | null;
}

/** What names stand for. `unreadable`: it is there, but its secret cannot be opened any more. */
export interface Known {
  destination(name: string): ResolvedDestination | null | 'unreadable';
  application(name: string): ResolvedApplication | null | 'unreadable';
  makeUserSig(signing: Signing): string;
}

/** Keys of a request by hand that the contract does not have. */
const NAMES = ['application', 'destination'] as const;
type NameField = (typeof NAMES)[number];

/** For which fields of the contract each may stand. */
const STANDS_FOR: Readonly<Record<NameField, readonly string[]>> = {
  application: ['SdkAppId', 'UserSig'],
  destination: ['CosConfig'],
};
/** Fields of which a request has either the name or the field itself. */
const INSTEAD_OF: Readonly<Record<NameField, string>> = { application: 'SdkAppId', destination: 'CosConfig' };

/**
 * Puts what they stand for in the place of the names `application` and `destination`. A UserSig that the request brings is taken as it
 * is; without one it is made, when the application has a key and UserId is one that can be signed.
 */
export function resolveByHand(given: Fields, known: Known): ResolvedRequest {
  const body: Record<string, unknown> = Object.fromEntries(
    Object.entries(given).filter(([key]) => !NAMES.some((name) => name === key)),
  );
  const errors: FieldError[] = [];
  const standsFor: string[] = [];
  const refuse = (field: NameField, rule: PresetRule): null => {
    errors.push({ field, rule, ...PRESET_RULES[rule] });
    standsFor.push(...STANDS_FOR[field]);
    return null;
  };
  const named = <Preset>(field: NameField, find: (name: string) => Preset | null | 'unreadable'): Preset | null => {
    const name = given[field];
    if (isAbsent(name)) return null;
    if (!isAbsent(given[INSTEAD_OF[field]])) return refuse(field, 'notBoth');
    const preset = typeof name === 'string' ? find(name) : null;
    if (preset === 'unreadable') return refuse(field, 'unreadable');
    return preset ?? refuse(field, 'unknownName');
  };

  const application = named('application', known.application);
  if (application !== null) Object.assign(body, signed(application, given, known));
  const destination = named('destination', known.destination);
  if (destination !== null) body.CosConfig = cosConfigOf(destination);
  return { body, errors, standsFor };
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function signed({ SdkAppId, sdkSecretKey }: ResolvedApplication, given: Fields, known: Known): Fields {
  const { UserId } = given;
  if (!isAbsent(given.UserSig) || sdkSecretKey === null) return { SdkAppId };
  // For a UserId that breaks its rule nothing can be signed; only that one error is told then.
  const canSign = typeof UserId === 'string' && USER_ID.test(UserId);
  return { SdkAppId, UserSig: canSign ? known.makeUserSig({ SdkAppId, sdkSecretKey, UserId }) : UNSIGNED };
}

/** Stands where a signature would, in a request that is refused for its UserId anyway. */
const UNSIGNED = '-';

function cosConfigOf({ Region, Bucket, Path, keys }: ResolvedDestination): Fields {
  const { secretId: SecretId, secretKey: SecretKey, token: Token } = keys ?? {};
  return { Region, Bucket, Path, ...(keys && { SecretId, SecretKey, Token }) };
}
