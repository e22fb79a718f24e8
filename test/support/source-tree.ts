import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'vite';

/** One place at which a file names another module. */
export interface SourceImport {
  specifier: string;
  /** Path from the root of the repository, or null for a package or a built-in module. */
  target: string | null;
  /** `url`: a file named by `new URL(…, import.meta.url)`, which is read or started, not imported. */
  kind: 'static' | 'dynamic' | 'require' | 'url';
  line: number;
}

export interface SourceFunction {
  name: string;
  line: number;
  lines: number;
}

/** What the rules about the source need to know of one file. */
export interface SourceFile {
  /** From the root of the repository, with forward slashes. */
  path: string;
  isTest: boolean;
  lines: number;
  imports: SourceImport[];
  /** Free-standing names in expressions with their lines: globals such as `setTimeout` among them. */
  names: { name: string; line: number }[];
  /** Texts of string and template literals. */
  texts: { text: string; line: number }[];
  comments: { text: string; line: number }[];
  functions: SourceFunction[];
  /** Lines on which the type `any` is written. */
  anyLines: number[];
}

type Node = { type: string; start: number; end: number; [key: string]: unknown };

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Reads every TypeScript file below the given folders of the repository. */
export function readSources(folders: readonly string[], skip: (file: string) => boolean = () => false): SourceFile[] {
  return folders
    .filter((folder) => existsSync(path.join(ROOT, folder)))
    .flatMap((folder) =>
      readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .map((name) => `${folder}/${name.split(path.sep).join('/')}`)
        .filter((file) => /\.m?tsx?$/.test(file) && !file.endsWith('.d.ts') && !skip(file)),
    )
    .sort()
    .map((file) => readSource(file, readFileSync(path.join(ROOT, file), 'utf8')));
}

/** Takes one file apart. @throws when it is not TypeScript. */
export function readSource(file: string, text: string): SourceFile {
  const parsed = parseSync(file, text);
  const [error] = parsed.errors;
  if (error) throw new SyntaxError(`${file}: ${error.message}`);
  const lineOf = lineFinder(text);
  const source: SourceFile = {
    path: file,
    isTest: /\.test\.tsx?$/.test(file),
    lines: text.replace(/\n$/, '').split('\n').length,
    imports: [],
    names: [],
    texts: [],
    comments: parsed.comments.map(({ value, start }) => ({ text: value, line: lineOf(start) })),
    functions: [],
    anyLines: [],
  };
  visit(parsed.program as unknown as Node, null, (node, parent) => note(node, parent, source, lineOf));
  return source;
}

function note(node: Node, parent: Node | null, source: SourceFile, lineOf: (offset: number) => number): void {
  const line = lineOf(node.start);
  const addImport = (from: unknown, kind: SourceImport['kind']) => {
    const specifier = literalText(from);
    if (specifier === null) return;
    source.imports.push({ specifier, target: resolve(source.path, specifier), kind, line });
  };
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      if (node.source) addImport(node.source, 'static');
      return;
    case 'ImportExpression':
    case 'TSImportType':
      addImport(node.source, 'dynamic');
      return;
    case 'CallExpression': {
      const callee = node.callee as Node;
      const [first] = node.arguments as Node[];
      const name = callee.type === 'Identifier' ? callee.name : (callee.property as Node | undefined)?.name;
      if (name === 'require' || name === 'resolve' || name === 'load') addImport(first, 'require');
      return;
    }
    case 'NewExpression': {
      const [first] = node.arguments as Node[];
      if ((node.callee as Node).name === 'URL' && literalText(first)?.startsWith('.')) addImport(first, 'url');
      return;
    }
    case 'TSAnyKeyword':
      source.anyLines.push(line);
      return;
    case 'Identifier':
      if (isFreeName(node, parent)) source.names.push({ name: String(node.name), line });
      return;
    case 'Literal':
    case 'TemplateLiteral': {
      const text = literalText(node);
      if (text !== null) source.texts.push({ text, line });
      return;
    }
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      source.functions.push({ name: nameOf(node, parent), line, lines: lineOf(node.end) - line + 1 });
  }
}

/** The text of a string or of a template up to its first hole. */
function literalText(value: unknown): string | null {
  const node = value as Node | undefined;
  if (node?.type === 'Literal') return typeof node.value === 'string' ? node.value : null;
  if (node?.type !== 'TemplateLiteral') return null;
  const [first] = node.quasis as { value: { cooked: string | null } }[];
  return first?.value.cooked ?? null;
}

/** A name that is looked up, not the name of a property. */
function isFreeName(node: Node, parent: Node | null): boolean {
  if (parent?.type === 'MemberExpression') return parent.object === node || parent.computed === true;
  const isKey = parent !== null && 'key' in parent && parent.key === node;
  return !isKey && !/^(TS|Import|Export)/.test(parent?.type ?? '');
}

function nameOf(node: Node, parent: Node | null): string {
  const named = (node.id ?? parent?.id ?? parent?.key) as Node | null | undefined;
  return typeof named?.name === 'string' ? named.name : '(anonymous)';
}

function visit(node: Node, parent: Node | null, see: (node: Node, parent: Node | null) => void): void {
  see(node, parent);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child === 'object' && child !== null && typeof child.type === 'string') visit(child, node, see);
    }
  }
}

/** Compiled and written names of a file are the same file. */
function resolve(from: string, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null;
  return path.posix.join(path.posix.dirname(from), specifier).replace(/\.js$/, '.ts');
}

function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

/** Cycles of a graph, each once, as the path that closes it. */
export function cyclesOf(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const state = new Map<string, 'open' | 'done'>();
  const trail: string[] = [];
  const walk = (at: string) => {
    state.set(at, 'open');
    trail.push(at);
    for (const next of edges.get(at) ?? []) {
      if (state.get(next) === 'open') cycles.push([...trail.slice(trail.indexOf(next)), next]);
      else if (!state.has(next)) walk(next);
    }
    trail.pop();
    state.set(at, 'done');
  };
  for (const node of edges.keys()) if (!state.has(node)) walk(node);
  return cycles;
}
