import type { FieldError } from './errors.ts';
import { FIELD_RULES, RULE_TEXTS, type RuleName, SECRET_FIELDS } from './request-rules.ts';
import type { Text } from './texts/language.ts';
import { urlForDisplay } from './view.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** Longest text that is echoed. */
const MAX_ECHO_LENGTH = 200;

/** Whether a value is a JSON object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Collects what is broken. The first complaint about a field is kept: one cause can break several rules. */
export class Complaints {
  readonly errors: FieldError[] = [];
  readonly #body: unknown;
  readonly #secrets: readonly string[];

  constructor(body: unknown, secrets: readonly string[]) {
    this.#body = body;
    this.#secrets = secrets;
  }

  add(field: string, rule: string, text: { message: Text; remedy: Text }): void {
    if (this.has(field)) {
      return;
    }
    const value = this.#echo(field);
    this.errors.push({
      field,
      rule,
      message: text.message,
      remedy: text.remedy,
      ...(value === undefined ? {} : { value }),
    });
  }

  addRule(field: string, rule: RuleName): void {
    this.add(field, rule, RULE_TEXTS[rule]);
  }

  /** The field does not look as it should; `rule` says in which way. */
  addForm(field: string, rule: string): void {
    const form = FIELD_RULES[field];
    const is: Text = form?.is ?? { en: 'valid', zh: '有效值' };
    const message: Text =
      rule === 'required'
        ? { en: `${field} is required: it must be ${is.en}.`, zh: `缺少 ${field}，必须为：${is.zh}。` }
        : { en: `${field} must be ${is.en}.`, zh: `${field} 必须为：${is.zh}。` };
    this.add(field, rule, { message, remedy: form?.remedy ?? RULE_TEXTS.object.remedy });
  }

  has(field: string): boolean {
    return this.errors.some((error) => error.field === field);
  }

  /** The value as it may be shown, or undefined when it is secret, holds a secret, or is no single value. */
  #echo(field: string): string | number | boolean | undefined {
    const value = field.split('.').reduce<unknown>(valueAt, this.#body);
    if (SECRET_FIELDS.has(lastKey(field).toLowerCase()) || field === 'CosConfig') {
      return undefined;
    }
    if (typeof value === 'number' && this.#secrets.includes(String(value))) {
      return undefined;
    }
    if (typeof value === 'number' || typeof value === 'boolean') {
      return value;
    }
    if (typeof value !== 'string') {
      return undefined;
    }
    const shown = field === 'Callback' ? callbackForDisplay(value) : value;
    if (shown === undefined || this.#secrets.some((secret) => shown.includes(secret) || value.includes(secret))) {
      return undefined;
    }
    return shown.length > MAX_ECHO_LENGTH ? `${shown.slice(0, MAX_ECHO_LENGTH)}…` : shown;
  }
}

/** One step into an object or a list. */
function valueAt(at: unknown, key: string): unknown {
  if (Array.isArray(at)) {
    return at[Number(key)];
  }
  return isFields(at) ? at[key] : undefined;
}

/** `b` of `a.b`. */
export function lastKey(field: string): string {
  return field.slice(field.lastIndexOf('.') + 1);
}

/** A broken address may carry a password or a token where no parser finds it: then it is not shown at all. */
function callbackForDisplay(value: string): string | undefined {
  if (URL.canParse(value)) {
    return urlForDisplay(value);
  }
  return /[@?#]/.test(value) ? undefined : value;
}
