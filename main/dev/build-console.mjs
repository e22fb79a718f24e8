// Builds the console from renderer/ into dist/console. Plain JavaScript: it runs before every npm script on whatever Node the machine
// has. With --if-needed it does nothing while the sources and the tools are those of the last build.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const vite = path.join(root, 'node_modules/vite/bin/vite.js');
const output = path.join(root, 'dist/console');
/** Pages that are open go on loading parts of the build they came from; for so long those stay. */
const KEEP_PARTS_MS = 3_600_000;
const ifNeeded = process.argv.includes('--if-needed');

if (!existsSync(vite)) {
  // An installation without development packages carries the built console.
  if (ifNeeded && existsSync(output)) process.exit(0);
  console.error('The bundler is missing: run "npm ci" and try again.');
  process.exit(1);
}

function sourcesBelow(directory) {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.includes('.test.'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

const hash = createHash('sha256').update(readFileSync(path.join(root, 'package-lock.json')));
for (const file of [...sourcesBelow(path.join(root, 'renderer')), ...sourcesBelow(path.join(root, 'shared'))]) {
  hash.update(`\n${path.relative(root, file)}\n`).update(readFileSync(file));
}
const stamp = hash.digest('hex');
const stampPath = path.join(output, '.built');
if (ifNeeded && existsSync(stampPath) && readFileSync(stampPath, 'utf8').trim() === stamp) process.exit(0);

// Two builds may run at once (two npm scripts), and a box may be serving the last one: each builds beside, the rename publishes.
const temporary = `${output}.${process.pid}`;
mkdirSync(path.dirname(output), { recursive: true });
const result = spawnSync(
  process.execPath,
  [vite, 'build', '--config', path.join(root, 'renderer/vite.config.ts'), '--outDir', temporary, '--logLevel', 'warn'],
  // Whatever runs this, a test runner among them: the console is always built as it is shipped.
  { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, NODE_ENV: 'production' } },
);
if (result.status !== 0) {
  rmSync(temporary, { recursive: true, force: true });
  console.error('The console could not be built. The first error above says why.');
  process.exit(1);
}
writeFileSync(path.join(temporary, '.built'), `${stamp}\n`);
keepRecentParts(path.join(output, 'assets'), path.join(temporary, 'assets'));
const old = `${temporary}.old`;
if (existsSync(output)) renameSync(output, old);
try {
  renameSync(temporary, output);
} catch (error) {
  // Another build was quicker; it is of the same sources.
  if (!existsSync(output)) throw error;
  rmSync(temporary, { recursive: true, force: true });
}
rmSync(old, { recursive: true, force: true });

/** Names of parts carry a hash of their content, so parts of two builds never stand in each other's way. */
function keepRecentParts(from, to) {
  if (!existsSync(from)) return;
  for (const name of readdirSync(from)) {
    const part = path.join(from, name);
    const isRecent = Date.now() - statSync(part).mtimeMs < KEEP_PARTS_MS;
    if (isRecent && !existsSync(path.join(to, name))) cpSync(part, path.join(to, name), { preserveTimestamps: true });
  }
}
