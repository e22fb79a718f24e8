import type { ErrorObject } from 'ajv';
import type { FieldError } from '../errors.ts';
import type { Text } from '../texts/language.ts';

/** What a JSON Schema keyword asks for, in words that follow "must be". */
const ASKS: Readonly<Record<string, (params: Record<string, unknown>) => Text>> = {
  required: () => ({ en: 'given', zh: '必填' }),
  type: ({ type }) => ({ en: `of type ${list(type)}`, zh: `类型 ${list(type)}` }),
  enum: ({ allowedValues }) => ({ en: `one of ${list(allowedValues)}`, zh: `${list(allowedValues)} 之一` }),
  minimum: ({ limit }) => ({ en: `at least ${limit}`, zh: `不小于 ${limit}` }),
  maximum: ({ limit }) => ({ en: `at most ${limit}`, zh: `不大于 ${limit}` }),
  multipleOf: ({ multipleOf }) => ({ en: `a multiple of ${multipleOf}`, zh: `${multipleOf} 的倍数` }),
  minLength: ({ limit }) => ({ en: `at least ${limit} characters long`, zh: `至少 ${limit} 个字符` }),
  maxLength: ({ limit }) => ({ en: `at most ${limit} characters long`, zh: `至多 ${limit} 个字符` }),
  pattern: ({ pattern }) => ({ en: `of the form ${pattern}`, zh: `符合格式 ${pattern}` }),
  additionalProperties: () => ({ en: 'left out: it is not known here', zh: '去掉：未知字段' }),
};

function list(values: unknown): string {
  return Array.isArray(values) ? values.join(', ') : String(values ?? '');
}

/** What the rule that was broken asks for, in words that follow "must be". */
export function askOf({ keyword, params }: Pick<ErrorObject, 'keyword' | 'params'>): Text {
  return ASKS[keyword]?.(params as Record<string, unknown>) ?? { en: 'valid', zh: '有效' };
}

/** A broken rule of a schema as callers are told: field, rule, remedy. */
export function fieldErrorOf(error: ErrorObject): FieldError {
  const { keyword, instancePath, params } = error;
  const facts = params as Record<string, unknown>;
  const last = facts.missingProperty ?? facts.additionalProperty;
  const field = [...instancePath.split('/').slice(1), ...(typeof last === 'string' ? [last] : [])].join('.');
  const is = askOf(error);
  const name = field || 'The value';
  return {
    field,
    rule: keyword,
    message: { en: `${name} must be ${is.en}.`, zh: `${field || '值'} 必须为：${is.zh}。` },
    remedy: { en: 'Correct it and send the request again.', zh: '请修正后重新发送。' },
  };
}
