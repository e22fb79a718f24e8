import { Complaints, isFields } from './complaints.ts';
import type { FieldError } from './errors.ts';
import { CREDENTIAL_PATTERN, type RuleName } from './request-rules.ts';
import type { Text } from './texts/language.ts';

/** COS keys as a caller sends them. Secret. */
export interface GivenCredentials {
  SecretId: string;
  SecretKey: string;
  /** Of a temporary pair. */
  Token: string | null;
}

export type ParsedCredentials = { ok: true; credentials: GivenCredentials } | { ok: false; errors: FieldError[] };

const PRINTABLE = new RegExp(CREDENTIAL_PATTERN);
const LONGEST = { SecretId: 512, SecretKey: 512, Token: 8192 };
const RULES: readonly { field: keyof typeof LONGEST; required: boolean }[] = [
  { field: 'SecretId', required: true },
  { field: 'SecretKey', required: true },
  { field: 'Token', required: false },
];

const OBJECT: { message: Text; remedy: Text } = {
  message: { en: 'The body must be a JSON object.', zh: '请求体必须是 JSON 对象。' },
  remedy: {
    en: 'Send {"SecretId":"…","SecretKey":"…"}, with "Token" for a temporary pair.',
    zh: '请发送 {"SecretId":"…","SecretKey":"…"}；临时密钥还需 "Token"。',
  },
};

/** Reads a pair of COS keys from a request body. Names every broken field at once, and never repeats a value. */
export function parseCredentials(body: unknown): ParsedCredentials {
  const complaints = new Complaints(body, []);
  if (!isFields(body)) {
    complaints.add('', 'object' satisfies RuleName, OBJECT);
    return { ok: false, errors: complaints.errors };
  }
  const values: Record<string, string> = {};
  for (const { field, required } of RULES) {
    const value = body[field];
    const isAbsent = value === undefined || value === null || value === '';
    if (isAbsent && !required) continue;
    if (typeof value === 'string' && PRINTABLE.test(value) && value.length <= LONGEST[field]) values[field] = value;
    else complaints.addForm(`CosConfig.${field}`, isAbsent ? 'required' : 'pattern');
  }
  const { SecretId, SecretKey, Token = null } = values;
  if (complaints.errors.length > 0 || SecretId === undefined || SecretKey === undefined) {
    // The rules are those of CosConfig; here the fields stand at the top.
    return { ok: false, errors: complaints.errors.map(atTheTop) };
  }
  return { ok: true, credentials: { SecretId, SecretKey, Token } };
}

function atTheTop({ message, remedy, ...error }: FieldError): FieldError {
  const strip = ({ en, zh }: Text): Text => ({ en: withoutGroup(en), zh: withoutGroup(zh) });
  return { ...error, field: withoutGroup(error.field), message: strip(message), remedy: strip(remedy) };
}

function withoutGroup(text: string): string {
  return text.replaceAll('CosConfig.', '');
}
