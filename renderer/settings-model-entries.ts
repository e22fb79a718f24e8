import type { ListField, NumberField, SettingField, TextField } from './settings-model.ts';
import { isSameValue, valueAt } from './settings-model.ts';
import { amountOf, readAmount, type UnitName } from './settings-model-measures.ts';

/** What stands in the control of a setting while a person works on it; not every entry is a value. */
export type Entry =
  | { kind: 'switch'; isOn: boolean }
  | { kind: 'text'; text: string }
  | { kind: 'amount'; text: string; unit: UnitName | null }
  /** One item a line; what is not chosen is null. */
  | { kind: 'list'; isChosen: boolean; text: string }
  | { kind: 'object'; isChosen: boolean; parts: Readonly<Record<string, Entry>> };

export type EntryOf<Kind extends Entry['kind']> = Extract<Entry, { kind: Kind }>;

/** A broken rule that the page sees by itself; `values` fill its sentence. */
export interface EntryProblem {
  /** The setting, or the part of it, that is wrong. */
  key: string;
  rule: 'required' | 'number' | 'whole' | 'exact' | 'range' | 'multipleOf' | 'form' | 'length' | 'count' | 'json';
  field: SettingField;
  /** The item of a list that is wrong. */
  item?: string;
}

export type Reading = { kind: 'value'; value: unknown } | { kind: 'problem'; problem: EntryProblem };

/** What an object begins with when somebody chooses to have one. */
const FIRST_PARTS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'upload.window': { from: '22:00', to: '06:00', timeZone: null },
};

/** A value as it stands in its control. */
export function entryOf(field: SettingField, value: unknown): Entry {
  switch (field.kind) {
    case 'switch':
      return { kind: 'switch', isOn: value === true };
    case 'number':
      if (typeof value !== 'number') return { kind: 'amount', text: '', unit: emptyUnit(field) };
      return { kind: 'amount', ...amountOf(value, field.measure, field.default) };
    case 'list':
      return { kind: 'list', isChosen: value !== null, text: Array.isArray(value) ? value.join('\n') : '' };
    case 'object': {
      const given = value ?? FIRST_PARTS[field.key] ?? {};
      const parts = field.fields.map((part) => {
        const name = lastName(part.key);
        return [name, entryOf(part, valueAt(given, name) ?? part.default)] as const;
      });
      return { kind: 'object', isChosen: value !== null, parts: Object.fromEntries(parts) };
    }
    case 'json':
      return { kind: 'text', text: JSON.stringify(value ?? null, null, 2) };
    default:
      return { kind: 'text', text: value === null || value === undefined ? '' : String(value) };
  }
}

/** The unit offered beside an empty number: the one that its limits are told in. */
function emptyUnit({ measure, maximum, minimum }: NumberField): UnitName | null {
  if (measure.length > 2) return measure[2]?.name ?? null;
  return amountOf(maximum ?? minimum ?? 0, measure).unit;
}

/** The value that an entry says, or the rule that it breaks. */
export function readEntry(field: SettingField, entry: Entry): Reading {
  const problem = (rule: EntryProblem['rule'], item?: string): Reading => ({
    kind: 'problem',
    problem: { key: field.key, rule, field, ...(item === undefined ? {} : { item }) },
  });
  switch (field.kind) {
    case 'switch':
      return entry.kind === 'switch' ? { kind: 'value', value: entry.isOn } : problem('form');
    case 'number':
      return entry.kind === 'amount' ? readNumber(field, entry, problem) : problem('form');
    case 'list':
      return entry.kind === 'list' ? readList(field, entry, problem) : problem('form');
    case 'object':
      return entry.kind === 'object' ? readObject(field.fields, entry) : problem('form');
    default:
      return entry.kind === 'text' ? readText(field, entry.text, problem) : problem('form');
  }
}

type Complain = (rule: EntryProblem['rule'], item?: string) => Reading;

function readNumber(field: NumberField, entry: EntryOf<'amount'>, problem: Complain): Reading {
  if (entry.text.trim() === '') return field.isNullable ? { kind: 'value', value: null } : problem('required');
  const value = readAmount(entry, field.measure, field.isWhole);
  if (value === null) return problem('number');
  if (Number.isNaN(value)) return problem(field.measure.length > 1 ? 'exact' : 'whole');
  const { minimum, maximum, multipleOf } = field;
  if ((minimum !== null && value < minimum) || (maximum !== null && value > maximum)) return problem('range');
  if (multipleOf !== null && value % multipleOf !== 0) return problem('multipleOf');
  return { kind: 'value', value };
}

function readList(field: ListField, entry: EntryOf<'list'>, problem: Complain): Reading {
  if (!entry.isChosen) return { kind: 'value', value: null };
  const items = entry.text.split(/[\n,，]/).flatMap((line) => line.trim() || []);
  if (field.maxItems !== null && items.length > field.maxItems) return problem('count');
  const form = field.pattern === null ? null : new RegExp(field.pattern, 'u');
  const wrong = items.find((item) => form && !form.test(item));
  return wrong === undefined ? { kind: 'value', value: items } : problem('form', wrong);
}

function readObject(fields: readonly SettingField[], entry: EntryOf<'object'>): Reading {
  if (!entry.isChosen) return { kind: 'value', value: null };
  const value: Record<string, unknown> = {};
  for (const part of fields) {
    const name = lastName(part.key);
    const reading = readEntry(part, entry.parts[name] ?? entryOf(part, part.default));
    if (reading.kind === 'problem') return reading;
    value[name] = reading.value;
  }
  return { kind: 'value', value };
}

function readText(field: TextField | SettingField, typed: string, problem: Complain): Reading {
  const text = typed.trim();
  if (field.kind === 'json') {
    try {
      return { kind: 'value', value: JSON.parse(text) };
    } catch {
      return problem('json');
    }
  }
  if (text === '') return field.isNullable ? { kind: 'value', value: null } : problem('required');
  if (field.kind === 'text') {
    if (field.maxLength !== null && text.length > field.maxLength) return problem('length');
    if (field.pattern !== null && !new RegExp(field.pattern, 'u').test(text)) return problem('form');
  }
  return { kind: 'value', value: text };
}

export function lastName(key: string): string {
  return key.slice(key.lastIndexOf('.') + 1);
}

/** What a person has changed and not saved, by key. */
export type Drafts = Readonly<Record<string, Entry>>;

export interface DraftReading {
  /** New values by key; only what differs from what the box has. */
  changes: Record<string, unknown>;
  /** By key of the setting. */
  problems: Record<string, EntryProblem>;
}

/** What the drafts of some settings would change, and which of them are no values. */
export function readDrafts(fields: readonly SettingField[], values: unknown, drafts: Drafts): DraftReading {
  const reading: DraftReading = { changes: {}, problems: {} };
  for (const field of fields) {
    const entry = drafts[field.key];
    if (entry === undefined) continue;
    const read = readEntry(field, entry);
    if (read.kind === 'problem') reading.problems[field.key] = read.problem;
    else if (!isSameValue(read.value, valueAt(values, field.key))) reading.changes[field.key] = read.value;
  }
  return reading;
}

/** How a refusal of the box names a broken rule. */
export interface FieldRefusal {
  field: string;
  message: string;
  remedy: string;
}

/**
 * Puts what the box refused beside the settings it is about. Its sentences begin with the key of the setting, which a person on the
 * page does not know: there stands `titleOf` of it instead. Its remedies speak to programs; `remedy` says the same to a person.
 */
export function placeRefusals(
  keys: readonly string[],
  refusals: readonly FieldRefusal[],
  titleOf: (key: string) => string,
  remedy: string,
): { placed: Record<string, string>; others: string[] } {
  const placed: Record<string, string> = {};
  const others: string[] = [];
  for (const { field, message, remedy: forPrograms } of refusals) {
    const key = keys.find((one) => field === one || field.startsWith(`${one}.`));
    const words = field !== '' && message.startsWith(field) ? titleOf(field) + message.slice(field.length) : message;
    const sentence = `${words} ${remedy}`;
    if (key === undefined) others.push([words, forPrograms].filter(Boolean).join(' '));
    else placed[key] = placed[key] === undefined ? sentence : `${placed[key]} ${sentence}`;
  }
  return { placed, others };
}
