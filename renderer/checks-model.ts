import type { Static } from 'typebox';
import type { SelfTestSchema } from '../shared/api/box-routes.ts';
import { ApiError } from '../shared/api/client.ts';

/** A place in COS as somebody types it. Secret: SecretId, SecretKey, Token. */
export interface CosFields {
  Region: string;
  Bucket: string;
  Path: string;
  SecretId: string;
  SecretKey: string;
  Token: string;
}

export const NO_COS_FIELDS: CosFields = { Region: '', Bucket: '', Path: '/', SecretId: '', SecretKey: '', Token: '' };

/** What the box is asked to test: empty keys are left out, so that those of the box count. */
export function cosRequestOf(fields: CosFields): Partial<CosFields> {
  const trimmed = Object.entries(fields).map(([name, value]) => [name, value.trim()] as const);
  return Object.fromEntries(trimmed.filter(([name, value]) => value !== '' || !isKey(name)));
}

function isKey(name: string): boolean {
  return name === 'SecretId' || name === 'SecretKey' || name === 'Token';
}

/** What the box found wrong with single fields: message and remedy by the field's name. */
export function fieldProblems(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError)) return {};
  const { errors = [] } = error.problem;
  return Object.fromEntries(errors.map(({ field, message, remedy }) => [field, `${message} ${remedy}`]));
}

/** Whether the refusal is about fields that are shown with it. */
export function isAboutFields(error: unknown, names: readonly string[]): boolean {
  const wrong = Object.keys(fieldProblems(error));
  return wrong.length > 0 && wrong.every((field) => names.includes(field));
}

type SelfTest = Static<typeof SelfTestSchema>;

/** Whether its steps are worth showing: they went, or are going. */
export function hasSteps({ state }: Pick<SelfTest, 'state'>): boolean {
  return state !== 'never';
}
