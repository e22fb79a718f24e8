import { type Measure, measureOf } from './settings-model-measures.ts';

// What `GET /api/settings` tells, as fields that a person can fill in. The page knows no setting by heart: one that the box gets later
// appears by itself.

interface FieldFacts {
  /** `group.key`, as the box names it in problems. */
  key: string;
  /** Whether null, which means "none" or "no limit", is a value. */
  isNullable: boolean;
  default: unknown;
}

/** How a text is best typed. */
export type TextLook = 'plain' | 'colour' | 'time' | 'timeZone';

export type NumberField = FieldFacts & {
  kind: 'number';
  isWhole: boolean;
  minimum: number | null;
  maximum: number | null;
  multipleOf: number | null;
  measure: Measure;
};
export type TextField = FieldFacts & {
  kind: 'text';
  look: TextLook;
  pattern: string | null;
  maxLength: number | null;
};
export type ListField = FieldFacts & { kind: 'list'; pattern: string | null; maxItems: number | null };
export type ChoiceField = FieldFacts & { kind: 'choice'; options: readonly string[] };
export type ObjectField = FieldFacts & { kind: 'object'; fields: readonly SettingField[] };
export type SwitchField = FieldFacts & { kind: 'switch' };
/** What no other control can hold. */
export type JsonField = FieldFacts & { kind: 'json' };

export type SettingField = NumberField | TextField | ListField | ChoiceField | ObjectField | SwitchField | JsonField;

interface SchemaNode {
  type?: string | readonly string[];
  enum?: readonly unknown[];
  properties?: Readonly<Record<string, SchemaNode>>;
  items?: SchemaNode;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  multipleOf?: number;
  pattern?: string;
  maxLength?: number;
  maxItems?: number;
}

/** Every setting of a schema, in its order; nested groups count with their keys. */
export function fieldsOf(schema: Readonly<Record<string, unknown>>, defaults: unknown): SettingField[] {
  return below(schema as SchemaNode, defaults, '');
}

function below(node: SchemaNode, defaults: unknown, prefix: string): SettingField[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const key = prefix + name;
    // A group is never null; what may be null is one value, however many parts it has.
    if (child.type === 'object' && child.properties) return below(child, defaults, `${key}.`);
    return [fieldOf(child, key, valueAt(defaults, key))];
  });
}

function fieldOf(node: SchemaNode, key: string, standard: unknown): SettingField {
  const types = [node.type ?? []].flat();
  const facts: FieldFacts = { key, isNullable: types.includes('null'), default: standard };
  const type = types.find((one) => one !== 'null');
  if (node.enum?.every((word) => typeof word === 'string')) return { ...facts, kind: 'choice', options: node.enum };
  switch (type) {
    case 'boolean':
      return { ...facts, kind: 'switch' };
    case 'integer':
    case 'number':
      return numberField(node, facts, type === 'integer');
    case 'string': {
      const { pattern = null, maxLength = null } = node;
      return { ...facts, kind: 'text', look: lookOf(key, pattern), pattern, maxLength };
    }
    case 'array':
      if (node.items?.type !== 'string') return { ...facts, kind: 'json' };
      return { ...facts, kind: 'list', pattern: node.items.pattern ?? null, maxItems: node.maxItems ?? null };
    case 'object':
      if (!node.properties) return { ...facts, kind: 'json' };
      return { ...facts, kind: 'object', fields: partsOf(node.properties, key) };
    default:
      return { ...facts, kind: 'json' };
  }
}

function partsOf(properties: Readonly<Record<string, SchemaNode>>, key: string): SettingField[] {
  return Object.entries(properties).map(([name, part]) => fieldOf(part, `${key}.${name}`, part.default ?? null));
}

function numberField(node: SchemaNode, facts: FieldFacts, isWhole: boolean): NumberField {
  const limits = { minimum: node.minimum ?? null, maximum: node.maximum ?? null };
  const measure = measureOf(facts.key, { default: facts.default, maximum: limits.maximum });
  return { ...facts, kind: 'number', isWhole, ...limits, multipleOf: node.multipleOf ?? null, measure };
}

function lookOf(key: string, pattern: string | null): TextLook {
  if (/timeZone$/i.test(key)) return 'timeZone';
  if (pattern === null) return 'plain';
  const form = new RegExp(pattern, 'u');
  if (form.test('#0a1B2c') && !form.test('#0a1B2')) return 'colour';
  if (form.test('23:59') && !form.test('24:00')) return 'time';
  return 'plain';
}

/** The value at a dotted key; undefined where there is none. */
export function valueAt(values: unknown, key: string): unknown {
  return key.split('.').reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), values);
}

/** Groups with the given keys, as `PATCH /api/settings` takes them. */
export function patchOf(changes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(changes)) {
    const names = key.split('.');
    const last = names.pop() ?? key;
    let group = patch;
    for (const name of names) {
      group[name] ??= {};
      group = group[name] as Record<string, unknown>;
    }
    group[last] = value;
  }
  return patch;
}

/** Whether two values of a setting are the same; the order of an object's keys does not count. */
export function isSameValue(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((value, index) => isSameValue(value, other[index]));
  }
  if (isObject(one) && isObject(other)) {
    const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
    return [...keys].every((key) => isSameValue(one[key], other[key]));
  }
  return one === other;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
