/** What a text says as JSON, and in which lines. Lines count from 1. */
export type ReadJson =
  | { ok: true; value: unknown; lineOf(field: string): number }
  /** `expected` is what should stand there. */
  | { ok: false; line: number; expected: Expected };

/** What a broken text lacks at the place where it breaks. */
export type Expected = 'value' | 'key' | 'colon' | 'comma' | 'text' | 'end';

class Broken extends Error {
  readonly at: number;
  readonly expected: Expected;
  constructor(at: number, expected: Expected) {
    super(expected);
    this.at = at;
    this.expected = expected;
  }
}

/** Deeper than any request; also keeps the stack. */
const MAX_DEPTH = 100;
const TEXT = /"(?:[\x20\x21\x23-\x5b\x5d-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const PLAIN = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;
const SPACE = /[ \t\r\n]*/y;

/** Reads a text as JSON. Browsers tell the place of a mistake each in its own way, or not at all, and never where a field stands. */
export function readJson(text: string): ReadJson {
  const lines = new Map<string, number>();
  try {
    const end = skip(text, readValue(text, 0, '', 0, lines));
    if (end < text.length) throw new Broken(end, 'end');
    return { ok: true, value: JSON.parse(text), lineOf: (field) => nearest(lines, field) };
  } catch (error) {
    if (!(error instanceof Broken)) throw error;
    return { ok: false, line: lineAt(text, error.at), expected: error.expected };
  }

  /** @returns where the value ends. Also notes where each field stands, the last one of a name as `JSON.parse` takes it. */
  function readValue(source: string, from: number, field: string, depth: number, found: Map<string, number>): number {
    const at = skip(source, from);
    found.set(field, found.get(field) ?? lineAt(source, at));
    const opening = source[at];
    if (depth > MAX_DEPTH) throw new Broken(at, 'value');
    if (opening === '{' || opening === '[') return readGroup(source, at, field, depth, found);
    const end = match(PLAIN, source, at) ?? match(TEXT, source, at);
    if (end === null) throw new Broken(at, opening === '"' ? 'text' : 'value');
    return end;
  }

  function readGroup(source: string, from: number, field: string, depth: number, found: Map<string, number>): number {
    const isObject = source[from] === '{';
    const closing = isObject ? '}' : ']';
    let at = skip(source, from + 1);
    if (source[at] === closing) return at + 1;
    for (let index = 0; ; index += 1) {
      let name = String(index);
      if (isObject) {
        const end = match(TEXT, source, at);
        if (end === null) throw new Broken(at, source[at] === '"' ? 'text' : 'key');
        name = JSON.parse(source.slice(at, end)) as string;
        found.set(below(field, name), lineAt(source, at));
        at = skip(source, end);
        if (source[at] !== ':') throw new Broken(at, 'colon');
        at += 1;
      }
      at = skip(source, readValue(source, at, below(field, name), depth + 1, found));
      if (source[at] === closing) return at + 1;
      if (source[at] !== ',') throw new Broken(at, 'comma');
      at = skip(source, at + 1);
    }
  }
}

function below(field: string, name: string): string {
  return field === '' ? name : `${field}.${name}`;
}

/** Line of a field, or of the closest group around it when it is missing. */
function nearest(lines: ReadonlyMap<string, number>, field: string): number {
  for (let name = field; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
    const line = lines.get(name);
    if (line !== undefined) return line;
  }
  return lines.get('') ?? 1;
}

function match(pattern: RegExp, text: string, at: number): number | null {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : null;
}

function skip(text: string, at: number): number {
  return match(SPACE, text, at) ?? at;
}

function lineAt(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}

/** Where a line begins and ends in a text, to select it. */
export function rangeOfLine(text: string, line: number): { start: number; end: number } {
  const lines = text.split('\n');
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  return { start, end: start + (lines[line - 1]?.length ?? 0) };
}
