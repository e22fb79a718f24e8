import { type Fields, isFields } from './complaints.ts';
import type { FieldError } from './errors.ts';
import { parseRecordingRequest } from './parse-request.ts';
import type { ParseOptions } from './request.ts';
import { CREDENTIAL_PATTERN } from './request-rules.ts';
import type { Text } from './texts/language.ts';

/** Rules of what is saved under a name and of requests that name it. */
export const PRESET_RULES = {
  name: {
    message: {
      en: 'The name must have 1 to 64 characters, none of them a control character, and not be "." or "..".',
      zh: '名称必须为 1 到 64 个字符，不含控制字符，且不能是 "." 或 ".."。',
    },
    remedy: { en: 'Choose a shorter name on one line, in any script.', zh: '请使用较短的单行名称，可用任何文字。' },
  },
  sdkSecretKey: {
    message: {
      en: 'SdkSecretKey must be a text of 1 to 512 printable ASCII characters without spaces.',
      zh: 'SdkSecretKey 必须为 1 到 512 个不含空格的可打印 ASCII 字符。',
    },
    remedy: {
      en: 'Copy the SDKSecretKey of the application from the TRTC console, or leave it out to keep the stored one.',
      zh: '请从 TRTC 控制台复制应用的 SDKSecretKey；不提供则保留已保存的密钥。',
    },
  },
  unknownName: {
    message: { en: 'Nothing is saved under this name.', zh: '没有以此名称保存的内容。' },
    remedy: {
      en: 'Name one that is saved (GET /api/applications, GET /api/destinations), or give the fields themselves.',
      zh: '请使用已保存的名称（GET /api/applications、GET /api/destinations），或直接提供各字段。',
    },
  },
  notBoth: {
    message: {
      en: 'A saved name and the fields it stands for are both given.',
      zh: '同时提供了已保存的名称和它所代表的字段。',
    },
    remedy: { en: 'Leave one of them out.', zh: '请去掉其中之一。' },
  },
  unreadable: {
    message: {
      en: 'The secret that is saved under this name cannot be opened any more.',
      zh: '以此名称保存的密钥已无法解密。',
    },
    remedy: { en: 'Have it saved again under the same name.', zh: '请以相同名称重新保存密钥。' },
  },
} as const satisfies Record<string, { message: Text; remedy: Text }>;
export type PresetRule = keyof typeof PRESET_RULES;

export type Parsed<Value> = { ok: true; value: Value } | { ok: false; errors: FieldError[] };

/** Longest name, in characters. */
export const MAX_PRESET_NAME_LENGTH = 64;

/** COS keys. Secret. */
export interface DestinationKeys {
  secretId: string;
  secretKey: string;
  token: string | null;
}

export interface GivenDestination {
  Region: string;
  Bucket: string;
  Path: string;
  /** Undefined: as they are; null: none of its own. */
  keys: DestinationKeys | null | undefined;
}

export interface GivenApplication {
  SdkAppId: number;
  /** Secret. Undefined: as it is; null: none. */
  sdkSecretKey: string | null | undefined;
}

/** Trims a name and writes each letter in one way (NFC), so that what looks alike is alike. */
export function parsePresetName(given: unknown): Parsed<string> {
  const name =
    typeof given === 'string' && given.length <= 1000 && given.isWellFormed() ? given.normalize().trim() : '';
  const length = [...name].length;
  const isGood =
    length > 0 &&
    length <= MAX_PRESET_NAME_LENGTH &&
    name !== '.' &&
    name !== '..' &&
    !/[\p{Cc}\u2028\u2029]/u.test(name);
  return isGood ? { ok: true, value: name } : { ok: false, errors: [errorOf('name', 'name')] };
}

/** A request that is right, but for the part that is looked at. */
const REQUEST_AROUND = {
  SdkAppId: 1,
  RoomId: 1,
  UserId: 'a',
  UserSig: 'a',
  CosConfig: { Region: 'a', Bucket: 'a-1', Path: '/' },
};

/** Judges a destination by the rules that the contract has for CosConfig. */
export function parseDestination(body: unknown, options: ParseOptions): Parsed<GivenDestination> {
  const CosConfig = isFields(body) ? { ...body } : body;
  const parsed = parseRecordingRequest(
    { ...REQUEST_AROUND, CosConfig },
    { ...options, hasStoredCredentials: true, checkUserSig: null },
  );
  if (!parsed.ok) return { ok: false, errors: parsed.errors.map((error) => atTheTop(error, 'CosConfig.')) };
  const { Region, Bucket, Path, SecretId, SecretKey, Token } = parsed.request.CosConfig;
  const isRemoved = isFields(body) && body.SecretId === null && SecretId === null;
  const keys =
    SecretId !== null && SecretKey !== null ? { secretId: SecretId, secretKey: SecretKey, token: Token } : undefined;
  return { ok: true, value: { Region, Bucket, Path, keys: isRemoved ? null : keys } };
}

export function parseApplication(body: unknown): Parsed<GivenApplication> {
  const fields: Fields = isFields(body) ? body : {};
  const { SdkAppId, SdkSecretKey } = fields;
  const parsed = parseRecordingRequest(isFields(body) ? { ...REQUEST_AROUND, SdkAppId } : body, ANYTHING);
  const errors = parsed.ok ? [] : parsed.errors;
  const isKey = typeof SdkSecretKey === 'string' && SdkSecretKey !== '';
  const isGoodKey = isKey && SdkSecretKey.length <= 512 && new RegExp(CREDENTIAL_PATTERN).test(SdkSecretKey);
  if (SdkSecretKey !== undefined && SdkSecretKey !== null && SdkSecretKey !== '' && !isGoodKey) {
    errors.push(errorOf('SdkSecretKey', 'sdkSecretKey'));
  }
  if (!parsed.ok || errors.length > 0) return { ok: false, errors };
  const sdkSecretKey = isGoodKey ? SdkSecretKey : SdkSecretKey === null ? null : undefined;
  return { ok: true, value: { SdkAppId: parsed.request.SdkAppId, sdkSecretKey } };
}

const ANYTHING: ParseOptions = { nowMs: 0, hasStoredCredentials: true, checkUserSig: null };

function errorOf(field: string, rule: PresetRule): FieldError {
  return { field, rule, ...PRESET_RULES[rule] };
}

/** The rules are those of a group of the request; here its fields stand at the top. */
function atTheTop({ field, message, remedy, ...error }: FieldError, group: string): FieldError {
  const strip = ({ en, zh }: Text): Text => ({ en: en.replaceAll(group, ''), zh: zh.replaceAll(group, '') });
  const name = field.startsWith(group) ? field.slice(group.length) : '';
  return { ...error, field: name, message: strip(message), remedy: strip(remedy) };
}
