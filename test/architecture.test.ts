import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { cyclesOf, ROOT, readSource, readSources, type SourceFile, type SourceImport } from './support/source-tree.ts';

// The architecture is the direction of imports. Each rule below is checked on every file, so a new file cannot break one unnoticed.

const MAX_FILE_LINES = 400;
const MAX_FUNCTION_LINES = 80;

/** Files that may be longer, with the reason. */
const LONG_FILES: Readonly<Record<string, string>> = {};
/** Functions that may be longer (`file#name`), with the reason. */
const LONG_FUNCTIONS: Readonly<Record<string, string>> = {
  'main/recordings/box.ts#createBox': 'closures over the same parts, each short; there is no straight run of code',
};

/** Packages that `shared` may use: they run in a browser as well. */
const SHARED_PACKAGES = new Set(['typebox', 'ajv']);
const CLOCKS = new Set([
  'Date',
  'performance',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'process',
  'fetch',
  'globalThis',
]);
const SQL =
  /^\s*(SELECT\s|INSERT\s+(OR|INTO)\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|(CREATE|ALTER|DROP)\s+(TABLE|INDEX)|PRAGMA\s)/i;

const isAssembly = (file: string) => file.startsWith('main/capture/mix/kernel/assembly/');
const sources = readSources(['main', 'renderer', 'shared'], isAssembly);
const product = sources.filter(({ isTest }) => !isTest);
const everything = [...sources, ...readSources(['test'])];

function within(folder: string): (file: { path: string }) => boolean {
  return ({ path: file }) => file.startsWith(`${folder}/`);
}

/** Imports that a rule forbids, each as one line that names the place. */
function offences(
  files: readonly SourceFile[],
  isForbidden: (found: SourceImport, file: SourceFile) => boolean,
): string[] {
  return files.flatMap((file) =>
    file.imports
      .filter((found) => isForbidden(found, file))
      .map(({ specifier, line }) => `${file.path}:${line} imports ${specifier}`),
  );
}

const isPackage = (name: string, { specifier }: SourceImport) => specifier === name || specifier.startsWith(`${name}/`);
const goesTo = ({ target }: SourceImport, ...folders: string[]) =>
  target !== null && folders.some((folder) => target === folder || target.startsWith(`${folder}/`));

/** The pure parts; `kernel/load.ts` reads the compiled kernel from the disk for them. */
function isPure({ path: file }: SourceFile): boolean {
  if (file === 'main/capture/mix/kernel/load.ts') return false;
  const isMenuModel = file.startsWith('main/tray/') && !path.basename(file).includes('electron');
  return file.startsWith('main/capture/mix/') || file === 'main/recordings/transitions.ts' || isMenuModel;
}

describe('direction of imports', () => {
  it('shared imports nobody but itself and packages that a browser can load', () => {
    const found = offences(product.filter(within('shared')), (one) =>
      one.target === null ? !SHARED_PACKAGES.has(one.specifier.split('/')[0]!) : !goesTo(one, 'shared'),
    );
    expect(found).toEqual([]);
  });

  it('the renderer imports only itself and shared, and no module of Node or Electron', () => {
    const found = offences(product.filter(within('renderer')), (one) =>
      one.target === null ? /^(node:|electron)/.test(one.specifier) : !goesTo(one, 'renderer', 'shared'),
    );
    expect(found).toEqual([]);
  });

  it('the mixing core, the transition table and the menu model are pure: no files, no Electron, no clock', () => {
    const pure = product.filter(isPure);
    expect(pure.length).toBeGreaterThan(10);
    const found = offences(pure, (one) =>
      one.target === null ? true : !goesTo(one, 'main/capture/mix', 'main/tray', 'shared'),
    );
    const clocks = pure.flatMap((file) =>
      file.names.filter(({ name }) => CLOCKS.has(name)).map(({ name, line }) => `${file.path}:${line} uses ${name}`),
    );
    expect([...found, ...clocks]).toEqual([]);
  });

  it('only main/electron.ts and files named after Electron import electron', () => {
    const others = everything.filter(({ path: file }) => !path.basename(file).includes('electron'));
    expect(offences(others, (one) => isPackage('electron', one))).toEqual([]);
  });

  it('only main/store knows SQL', () => {
    const others = product.filter((file) => !within('main/store')(file));
    const texts = others.flatMap((file) =>
      file.texts.filter(({ text }) => SQL.test(text)).map(({ line }) => `${file.path}:${line} holds SQL`),
    );
    expect([...offences(others, (one) => isPackage('better-sqlite3', one)), ...texts]).toEqual([]);
    expect(product.filter(within('main/store')).some(({ texts: own }) => own.some(({ text }) => SQL.test(text)))).toBe(
      true,
    );
  });

  it('only main/capture/room/trtc knows the SDK', () => {
    const others = product.filter((file) => !within('main/capture/room/trtc')(file));
    expect(offences(others, (one) => isPackage('trtc-electron-sdk', one))).toEqual([]);
  });

  it('a capture process knows nothing of store, HTTP, delivery and the recordings around it', () => {
    const found = offences(product.filter(within('main/capture')), (one) =>
      goesTo(one, 'main/store', 'main/http', 'main/delivery', 'main/recordings', 'main/settings', 'main/tray'),
    );
    expect(found).toEqual([]);
  });

  it('the product imports nothing of the tests and of the demo', () => {
    const shipped = product.filter((file) => !within('main/demo')(file));
    expect(offences(shipped, (one) => goesTo(one, 'test', 'main/demo'))).toEqual([]);
    expect(offences(product, (one) => isPackage('vitest', one) || isPackage('fast-check', one))).toEqual([]);
  });

  it('there are no cycles, and every relative import names a file', () => {
    const links = (file: SourceFile) =>
      file.imports.filter(({ kind }) => kind !== 'url').flatMap(({ target }) => target ?? []);
    const edges = new Map(product.map((file) => [file.path, links(file)]));
    expect(cyclesOf(edges).map((cycle) => cycle.join(' → '))).toEqual([]);
    const missing = everything.flatMap((file) =>
      file.imports
        .filter(({ kind, target }) => kind === 'static' && target !== null && !existsSync(path.join(ROOT, target)))
        .map(({ specifier, line }) => `${file.path}:${line} imports ${specifier}, which is not there`),
    );
    expect(missing).toEqual([]);
  });
});

describe('size and habits', () => {
  it(`no file is longer than ${MAX_FILE_LINES} lines`, () => {
    const long = everything.filter(({ path: file, lines }) => lines > MAX_FILE_LINES && !LONG_FILES[file]);
    expect(long.map(({ path: file, lines }) => `${file} has ${lines} lines`)).toEqual([]);
  });

  it(`no function of the product is longer than ${MAX_FUNCTION_LINES} lines`, () => {
    const long = product.flatMap((file) =>
      file.functions
        .filter(({ name, lines }) => lines > MAX_FUNCTION_LINES && !LONG_FUNCTIONS[`${file.path}#${name}`])
        .map(({ name, line, lines }) => `${file.path}:${line} ${name} has ${lines} lines`),
    );
    expect(long).toEqual([]);
  });

  it('the exceptions above are still needed', () => {
    const files = Object.keys(LONG_FILES).filter((name) => {
      return !everything.some(({ path: file, lines }) => file === name && lines > MAX_FILE_LINES);
    });
    const functions = Object.keys(LONG_FUNCTIONS).filter((key) => {
      const [file, name] = key.split('#');
      const found = product.find((source) => source.path === file)?.functions.find((one) => one.name === name);
      return (found?.lines ?? 0) <= MAX_FUNCTION_LINES;
    });
    expect([...files, ...functions]).toEqual([]);
  });

  it('no file holds the type any, a switched-off check or a note for later', () => {
    const found = everything.flatMap((file) => [
      ...file.anyLines.map((line) => `${file.path}:${line} any`),
      ...file.comments
        .filter(({ text }) => /@ts-(ignore|nocheck|expect-error)|\b(TODO|FIXME|XXX|HACK)\b/.test(text))
        .map(({ text, line }) => `${file.path}:${line}${text}`),
    ]);
    expect(found).toEqual([]);
  });
});

describe('the rules see what they look for', () => {
  const text = `
    import type { A } from './a.ts';
    export { b } from '../b.js';
    const c = await import('electron'); const d = require('better-sqlite3');
    const e = new URL('./f.ts', import.meta.url);
    let g: any = Date.now() + h.performance; // TODO later
    const sql = \`SELECT \${g} FROM x\`; function long() {
    }
  `;
  const file = readSource('main/x/y.ts', text);

  it('imports of every kind', () => {
    expect(file.imports.map(({ specifier, target, kind }) => [specifier, target, kind])).toEqual([
      ['./a.ts', 'main/x/a.ts', 'static'],
      ['../b.js', 'main/b.ts', 'static'],
      ['electron', null, 'dynamic'],
      ['better-sqlite3', null, 'require'],
      ['./f.ts', 'main/x/f.ts', 'url'],
    ]);
  });

  it('names, texts, comments, any and lengths', () => {
    expect(file.names.map(({ name }) => name)).toEqual(expect.arrayContaining(['Date']));
    expect(file.names.map(({ name }) => name)).not.toContain('performance');
    expect(file.texts.some(({ text: found, line }) => SQL.test(found) && line === 7)).toBe(true);
    expect(file.comments).toEqual([{ text: ' TODO later', line: 6 }]);
    expect(file.anyLines).toEqual([6]);
    expect(file.functions).toEqual([{ name: 'long', line: 7, lines: 2 }]);
    expect(
      cyclesOf(
        new Map([
          ['a', ['b']],
          ['b', ['c', 'd']],
          ['c', ['a']],
          ['d', []],
        ]),
      ),
    ).toEqual([['a', 'b', 'c', 'a']]);
  });
});
