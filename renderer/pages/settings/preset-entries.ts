import type { FieldError } from '../../../shared/errors.ts';
import { parseApplication, parseDestination, parsePresetName } from '../../../shared/parse-presets.ts';

/** What becomes of secrets: stored ones stay, there are none of its own, or new ones are typed. */
export type KeyChoice = 'keep' | 'none' | 'new';

/** A destination as it is typed. Secret: SecretId, SecretKey, Token. */
export interface DestinationEntry {
  name: string;
  Region: string;
  Bucket: string;
  Path: string;
  keys: KeyChoice;
  SecretId: string;
  SecretKey: string;
  Token: string;
}

/** An application as it is typed. Secret: SdkSecretKey. */
export interface ApplicationEntry {
  name: string;
  SdkAppId: string;
  keys: KeyChoice;
  SdkSecretKey: string;
}

/** What is wrong with a field. */
export interface PresetProblem {
  field: string;
  /** Key of the sentence in the texts of the page. */
  words: PresetWords;
}

type PresetWords =
  | 'presets.wrongName'
  | `start.wrong.${'required' | 'sdkAppId' | 'region' | 'bucket' | 'path' | 'key' | 'pair' | 'tokenAlone'}`;

/** What to send for it: secrets that stay are left out, those that go are null. */
export function destinationBody(entry: DestinationEntry): Record<string, unknown> {
  const { Region, Bucket, Path, keys, SecretId, SecretKey, Token } = entry;
  const filled = Object.entries({ Region, Bucket, Path }).filter(([, text]) => text.trim() !== '');
  const place = Object.fromEntries(filled.map(([key, text]) => [key, text.trim()]));
  if (keys === 'keep') return place;
  if (keys === 'none') return { ...place, SecretId: null, SecretKey: null, Token: null };
  return { ...place, SecretId: SecretId.trim(), SecretKey: SecretKey.trim(), Token: Token.trim() || null };
}

export function applicationBody({ SdkAppId, keys, SdkSecretKey }: ApplicationEntry): Record<string, unknown> {
  const text = SdkAppId.trim();
  const number = /^[0-9]{1,15}$/.test(text) ? Number(text) : text;
  const body = text === '' ? {} : { SdkAppId: number };
  if (keys === 'keep') return body;
  // An empty line is the way to have no key.
  return { ...body, SdkSecretKey: keys === 'none' ? null : SdkSecretKey.trim() || null };
}

const WORDS: Readonly<Record<string, PresetWords>> = {
  SdkAppId: 'start.wrong.sdkAppId',
  Region: 'start.wrong.region',
  Bucket: 'start.wrong.bucket',
  Path: 'start.wrong.path',
};

function problemOf({ field, rule }: FieldError): PresetProblem {
  if (rule === 'required') return { field, words: 'start.wrong.required' };
  if (rule === 'pair') return { field, words: 'start.wrong.pair' };
  if (rule === 'tokenAlone') return { field, words: 'start.wrong.tokenAlone' };
  return { field, words: WORDS[field] ?? 'start.wrong.key' };
}

function problemsOfName(name: string): PresetProblem[] {
  return parsePresetName(name).ok ? [] : [{ field: 'name', words: 'presets.wrongName' }];
}

/** What is wrong, by the rules of the box. */
export function problemsOfDestination(entry: DestinationEntry): PresetProblem[] {
  const parsed = parseDestination(destinationBody(entry), { nowMs: 0, hasStoredCredentials: true, checkUserSig: null });
  const own = parsed.ok ? [] : parsed.errors.map(problemOf);
  const isMissing = entry.keys === 'new' && entry.SecretId.trim() === '' && entry.SecretKey.trim() === '';
  const keys: PresetProblem[] = isMissing ? [{ field: 'SecretId', words: 'start.wrong.required' }] : [];
  return [...problemsOfName(entry.name), ...own, ...keys];
}

/** What is wrong, by the rules of the box. */
export function problemsOfApplication(entry: ApplicationEntry): PresetProblem[] {
  const parsed = parseApplication(applicationBody(entry));
  return [...problemsOfName(entry.name), ...(parsed.ok ? [] : parsed.errors.map(problemOf))];
}
