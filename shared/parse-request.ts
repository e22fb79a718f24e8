import type Type from 'typebox';
import type { TLocalizedValidationError } from 'typebox/error';
import { Errors } from 'typebox/schema';
import { CALLBACK_EVENTS, type CallbackEvent } from './callback-events.ts';
import { Complaints, type Fields, isFields } from './complaints.ts';
import type { CosTarget, ParsedRequest, ParseOptions, RequestWarning, TargetCheck } from './request.ts';
import {
  EVENT_NAME_RULE,
  MAX_EVENTS,
  MAX_NAME_LENGTH,
  MAX_NAMES,
  MAX_PATH_BYTES,
  REQUEST_SCHEMA,
  RULE_TEXTS,
  SECRET_FIELDS,
  STR_ROOM_ID,
  USER_ID,
} from './request-rules.ts';

type WireRequest = Type.Static<typeof REQUEST_SCHEMA>;

/** More unknown keys than this are summed up in one warning. */
const MAX_UNKNOWN_KEYS = 20;
/** Optional texts of which an empty one means the same as none. */
const MAY_BE_EMPTY: ReadonlySet<string> = new Set([
  'Callback',
  'CosConfig.SecretId',
  'CosConfig.SecretKey',
  'CosConfig.Token',
]);

/** Every text below a secret key, however deep and however the key is cased. */
function collectSecrets(value: unknown): string[] {
  const secrets: string[] = [];
  const pending: { value: unknown; secret: boolean }[] = [{ value, secret: false }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (typeof next.value === 'object' && next.value !== null) {
      for (const [key, inner] of Object.entries(next.value)) {
        pending.push({ value: inner, secret: next.secret || SECRET_FIELDS.has(key.toLowerCase()) });
      }
    } else if (next.secret && (typeof next.value === 'string' || typeof next.value === 'number')) {
      secrets.push(String(next.value));
    }
  }
  return secrets.filter((secret) => secret !== '');
}

/** The fields without those that count as absent: null, and an empty text where a text is optional. */
function withoutAbsent(fields: Fields, prefix: string, warnings: RequestWarning[]): Record<string, unknown> {
  const kept: Record<string, unknown> = Object.create(null);
  for (const [key, value] of Object.entries(fields)) {
    const field = prefix + key;
    if (value === '' && MAY_BE_EMPTY.has(field)) {
      warnings.push({
        field,
        message: { en: `${field} is empty and counts as absent.`, zh: `${field} 为空，视为未提供。` },
      });
    } else if (value !== null && value !== undefined) {
      kept[key] = value;
    }
  }
  return kept;
}

function warnOfUnknown(fields: Fields, prefix: string, known: object, secrets: readonly string[]): RequestWarning[] {
  const unknown = Object.keys(fields).filter((key) => !Object.hasOwn(known, key));
  const warnings = unknown.slice(0, MAX_UNKNOWN_KEYS).map((key): RequestWarning => {
    const hidden = secrets.some((secret) => key.includes(secret)) || !/^[\x20-\x7e]{1,64}$/.test(key);
    const field = hidden ? `${prefix}(…)` : prefix + key;
    const meant = Object.keys(known).find((name) => name.toLowerCase() === key.toLowerCase());
    return {
      field,
      message: meant
        ? {
            en: `${field} is ignored; did you mean ${prefix}${meant}?`,
            zh: `${field} 被忽略；是否想写 ${prefix}${meant}？`,
          }
        : { en: `${field} is not a field of the contract and is ignored.`, zh: `${field} 不是约定的字段，已忽略。` },
    };
  });
  if (unknown.length > MAX_UNKNOWN_KEYS) {
    const more = unknown.length - MAX_UNKNOWN_KEYS;
    warnings.push({
      field: `${prefix}(…)`,
      message: { en: `${more} more unknown keys are ignored.`, zh: `另有 ${more} 个未知字段被忽略。` },
    });
  }
  return warnings;
}

/** Rule names for JSON Schema keywords; the keyword itself otherwise. */
const RULE_OF_KEYWORD: Readonly<Record<string, string>> = {
  minimum: 'range',
  maximum: 'range',
  minLength: 'length',
  maxLength: 'length',
  const: 'choice',
  anyOf: 'choice',
  enum: 'choice',
};

function addShapeError(complaints: Complaints, error: TLocalizedValidationError): void {
  const parent = error.instancePath.slice(1).replaceAll('/', '.');
  if (error.keyword === 'required') {
    for (const missing of error.params.requiredProperties) {
      complaints.addForm(parent === '' ? missing : `${parent}.${missing}`, 'required');
    }
    return;
  }
  complaints.addForm(parent, RULE_OF_KEYWORD[error.keyword] ?? error.keyword);
}

function checkRoom(fields: Fields, complaints: Complaints): void {
  if (fields.RoomId !== undefined) {
    return;
  }
  const strRoomId = fields.StrRoomId;
  if (strRoomId === undefined) {
    complaints.addRule('RoomId', 'oneRoom');
  } else if (typeof strRoomId === 'string' && !STR_ROOM_ID.test(strRoomId)) {
    complaints.addForm('StrRoomId', strRoomId === '' || strRoomId.length > 64 ? 'length' : 'pattern');
  }
}

/** Path with a leading slash and without a trailing one. */
function normalisePath(path: string): string {
  return `/${path.replace(/^\//, '').replace(/\/$/, '')}`;
}

function checkPath(path: unknown, complaints: Complaints): void {
  if (typeof path !== 'string' || path === '') {
    return;
  }
  const field = 'CosConfig.Path';
  const normal = normalisePath(path);
  if (/[\p{Cc}\\\u2028\u2029]/u.test(path) || !path.isWellFormed()) {
    complaints.addRule(field, 'characters');
  } else if (
    path !== '/' &&
    normal
      .slice(1)
      .split('/')
      .some((segment) => ['', '.', '..'].includes(segment))
  ) {
    complaints.addRule(field, 'segments');
  } else if (new TextEncoder().encode(normal).length > MAX_PATH_BYTES) {
    complaints.addRule(field, 'pathLength');
  }
}

function checkCredentials(cos: Fields, hasStoredCredentials: boolean, complaints: Complaints): void {
  const hasId = cos.SecretId !== undefined;
  const hasKey = cos.SecretKey !== undefined;
  if (hasId !== hasKey) {
    complaints.addRule(hasId ? 'CosConfig.SecretKey' : 'CosConfig.SecretId', 'pair');
  } else if (!hasId && cos.Token !== undefined) {
    complaints.addRule('CosConfig.Token', 'tokenAlone');
  } else if (!hasId && !hasStoredCredentials) {
    complaints.addRule('CosConfig.SecretId', 'storedCredentials');
  }
}

function checkCallback(callback: unknown, complaints: Complaints): void {
  if (typeof callback !== 'string') {
    return;
  }
  if (!URL.canParse(callback)) {
    complaints.addRule('Callback', 'url');
  } else if (!['http:', 'https:'].includes(new URL(callback).protocol)) {
    complaints.addRule('Callback', 'scheme');
  }
}

const CALLBACK_REFUSALS = {
  forbidden: 'callbackForbidden',
  loopback: 'callbackLoopback',
  notListed: 'callbackNotListed',
} as const;

/** What a request may not make the box call. Judged by name; where a name leads is judged when it is called. */
function checkTargets(fields: Fields, cos: Fields | null, judge: TargetCheck, complaints: Complaints): void {
  const { Callback: callback } = fields;
  const url = typeof callback === 'string' && !complaints.has('Callback') ? URL.parse(callback) : null;
  const refusal = url === null ? null : judge({ kind: 'callback', host: url.hostname });
  if (refusal !== null) {
    complaints.addRule('Callback', CALLBACK_REFUSALS[refusal]);
  }
  const { Bucket: bucket, Region: region } = cos ?? {};
  const isNamed = !complaints.has('CosConfig.Bucket') && !complaints.has('CosConfig.Region');
  if (typeof bucket === 'string' && typeof region === 'string' && isNamed) {
    if (judge({ kind: 'bucket', bucket, region }) !== null) {
      complaints.addRule('CosConfig.Bucket', 'bucketNotListed');
    }
  }
}

function isCallbackEvent(name: unknown): name is CallbackEvent {
  return CALLBACK_EVENTS.some((event) => event === name);
}

function checkEvents(fields: Fields, complaints: Complaints): void {
  const { Event: events } = fields;
  if (!Array.isArray(events) || events.length === 0) {
    return;
  }
  if (events.length > MAX_EVENTS) {
    complaints.addRule('Event', 'eventCount');
    return;
  }
  const { is, remedy } = EVENT_NAME_RULE;
  for (const [index, name] of events.entries()) {
    if (!isCallbackEvent(name)) {
      const field = `Event.${index}`;
      const message = { en: `${field} must be ${is.en}.`, zh: `${field} 必须为：${is.zh}。` };
      complaints.add(field, 'choice', { message, remedy });
    }
  }
  if (fields.Callback === undefined) {
    complaints.addRule('Event', 'eventNeedsCallback');
  }
}

function checkUserSig(fields: Fields, options: ParseOptions, complaints: Complaints, warnings: RequestWarning[]): void {
  const userSig = fields.UserSig;
  if (options.checkUserSig === null || typeof userSig !== 'string' || complaints.has('UserSig')) {
    return;
  }
  const { SdkAppId, UserId } = fields;
  const verdict = options.checkUserSig(userSig, {
    SdkAppId: typeof SdkAppId === 'number' && !complaints.has('SdkAppId') ? SdkAppId : null,
    UserId: typeof UserId === 'string' && !complaints.has('UserId') ? UserId : null,
    nowMs: options.nowMs,
  });
  if (!verdict.ok) {
    complaints.add('UserSig', verdict.rule, verdict);
  } else if (verdict.warning !== null) {
    warnings.push({ field: 'UserSig', message: verdict.warning });
  }
}

function checkNames(names: unknown, complaints: Complaints): void {
  if (!isFields(names)) {
    return;
  }
  const entries = Object.entries(names);
  if (entries.length > MAX_NAMES) {
    complaints.addRule('Names', 'nameCount');
    return;
  }
  for (const [userId, name] of entries) {
    if (!USER_ID.test(userId)) {
      complaints.addRule('Names', 'nameKey');
    } else if (!isName(name)) {
      complaints.addRule(`Names.${userId}`, 'nameText');
    }
  }
}

/** Counted in characters, not in the units of UTF-16. */
function isName(name: unknown): name is string {
  if (typeof name !== 'string' || name.trim() === '' || name.length > 2 * MAX_NAME_LENGTH) {
    return false;
  }
  return [...name].length <= MAX_NAME_LENGTH && name.isWellFormed() && !/[\p{Cc}\u2028\u2029]/u.test(name);
}

function textsOf(fields: Fields): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, string] => isName(entry[1])));
}

function toCosTarget(cos: WireRequest['CosConfig']): CosTarget {
  return {
    Region: cos.Region,
    Bucket: cos.Bucket,
    Path: normalisePath(cos.Path),
    SecretId: cos.SecretId ?? null,
    SecretKey: cos.SecretKey ?? null,
    Token: cos.Token ?? null,
  };
}

/**
 * Reads a request body by the rules of the wire contract. Every broken field is named at once; what is merely odd (unknown
 * keys, empty optional texts, a UserSig that may end early) becomes a warning. Never throws, never echoes a secret.
 *
 * When RoomId and StrRoomId are both given, RoomId is used and StrRoomId only has to be a text.
 */
export function parseRecordingRequest(body: unknown, options: ParseOptions): ParsedRequest {
  const secrets = collectSecrets(body);
  const complaints = new Complaints(body, secrets);
  if (!isFields(body)) {
    complaints.addRule('', 'object');
    return { ok: false, errors: complaints.errors };
  }
  const warnings: RequestWarning[] = [];
  const fields = withoutAbsent(body, '', warnings);
  const cos = isFields(fields.CosConfig) ? withoutAbsent(fields.CosConfig, 'CosConfig.', warnings) : null;
  if (cos !== null) {
    fields.CosConfig = cos;
  }
  if (typeof fields.Mode === 'number') {
    fields.Mode = String(fields.Mode);
  }

  // Walks along the schema: compilers of schemas have programs evaluated, which the console's page forbids.
  const [isShaped, broken] = Errors(REQUEST_SCHEMA, fields);
  for (const error of broken) {
    addShapeError(complaints, error);
  }
  const shaped = isShaped ? (fields as unknown as WireRequest) : null;
  checkRoom(fields, complaints);
  checkPath(cos?.Path, complaints);
  if (cos !== null) {
    checkCredentials(cos, options.hasStoredCredentials, complaints);
  }
  checkCallback(fields.Callback, complaints);
  if (options.judgeTarget) {
    checkTargets(fields, cos, options.judgeTarget, complaints);
  }
  checkEvents(fields, complaints);
  checkNames(fields.Names, complaints);
  checkUserSig(fields, options, complaints, warnings);
  if (shaped === null || complaints.errors.length > 0) {
    return { ok: false, errors: complaints.errors };
  }

  warnings.push(...warnOfUnknown(body, '', REQUEST_SCHEMA.properties, secrets));
  warnings.push(
    ...warnOfUnknown(shaped.CosConfig, 'CosConfig.', REQUEST_SCHEMA.properties.CosConfig.properties, secrets),
  );
  const mode = shaped.Mode ?? '10';
  const makesMix = mode.startsWith('1');
  if (shaped.AlsoSingle && !makesMix) {
    warnings.push({ field: 'AlsoSingle', message: RULE_TEXTS.singleAnyway.message });
  }
  return {
    ok: true,
    warnings,
    request: {
      SdkAppId: shaped.SdkAppId,
      RoomId: shaped.RoomId ?? null,
      StrRoomId: shaped.RoomId === undefined ? (shaped.StrRoomId ?? null) : null,
      UserId: shaped.UserId,
      UserSig: shaped.UserSig,
      CosConfig: toCosTarget(shaped.CosConfig),
      Callback: shaped.Callback === undefined ? null : new URL(shaped.Callback).href,
      Event: CALLBACK_EVENTS.filter((event) => shaped.Event?.includes(event) ?? false),
      Mode: mode,
      IsReserve: shaped.IsReserve ?? true,
      AlsoSingle: makesMix && (shaped.AlsoSingle ?? false),
      Layout: shaped.Layout ?? null,
      Names: textsOf(shaped.Names ?? {}),
    },
  };
}
