// Which npm packages go out with the product, read from package-lock.json: those the compiled box loads, and those whose code lies in the
// console's bundle. Packages that only serve an installation (downloaders of binaries, the Node for developers) stay behind.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Production dependencies of the root that a package does without: Electron brings its own Node. */
const NOT_SHIPPED = new Set(['node']);
/** Of these only the named dependencies are loaded at run time; the rest fetches binaries during an installation. */
const LOADED_BY = {
  'trtc-electron-sdk': ['events', 'lodash.isequal', 'yuv-buffer', 'yuv-canvas'],
  'ffmpeg-static': [],
};

/** Packages of the compiled box: `{ path, name, version, licence }` with the path from the root, in order of path. */
export function boxPackages(root) {
  const lock = readLock(root);
  const own = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const names = [...Object.keys(own.dependencies ?? {}), ...Object.keys(own.optionalDependencies ?? {})];
  return closure(
    root,
    lock,
    names.filter((name) => !NOT_SHIPPED.has(name)),
  );
}

/** Packages whose code or fonts the bundler puts into the console. */
export function consolePackages(root) {
  const names = new Set(['renderer', 'shared'].flatMap((folder) => packagesImportedBelow(path.join(root, folder))));
  return closure(root, readLock(root), [...names]);
}

/**
 * Patterns for electron-builder of what it would take along as a production dependency although nothing loads it. By name, since it puts
 * packages into other folders than npm did.
 */
export function superfluousPatterns(root) {
  const needed = new Set(boxPackages(root).map(({ name }) => name));
  const superfluous = Object.entries(readLock(root))
    .filter(([file, { dev }]) => file !== '' && dev !== true && existsSync(path.join(root, file)))
    .map(([file]) => file.slice(file.lastIndexOf('node_modules/') + 'node_modules/'.length))
    .filter((name) => !needed.has(name));
  return [
    ...[...new Set(superfluous)].sort().map((name) => `!**/node_modules/${name}{,/**/*}`),
    ...Object.entries(LOADED_BY).map(
      ([name, loaded]) => `!**/node_modules/${name}/node_modules/!(${['-', ...loaded].join('|')}){,/**/*}`,
    ),
  ];
}

function readLock(root) {
  return JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
}

function closure(root, lock, names) {
  const found = new Map();
  const open = names.map((name) => ['', name]);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [from, name] = next;
    const file = resolvePackage(lock, from, name);
    // Optional packages of other systems stand in the lock file without being installed.
    if (file === null || found.has(file) || !existsSync(path.join(root, file))) continue;
    const entry = lock[file];
    found.set(file, { path: file, name, version: entry.version, licence: entry.license ?? 'see its text' });
    const wanted = { ...entry.dependencies, ...entry.optionalDependencies };
    for (const dependency of LOADED_BY[name] ?? Object.keys(wanted)) open.push([file, dependency]);
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** As Node looks a package up: in the nearest node_modules above. */
function resolvePackage(lock, from, name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const candidate = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (candidate in lock) return candidate;
    if (folder === '') return null;
  }
}

function packagesImportedBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(tsx?|css)$/.test(entry.name) && !/\.(test|config)\./.test(entry.name))
    .flatMap((entry) => {
      const text = readFileSync(path.join(entry.parentPath, entry.name), 'utf8');
      const found = text.matchAll(/(?:from|import|import\(|url\()\s*['"]([^'".][^'"]*)['"]/g);
      return [...found].map(([, specifier]) => packageName(specifier));
    });
}

function packageName(specifier) {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}
