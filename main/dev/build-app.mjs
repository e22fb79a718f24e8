// Compiles the product for packages: main/ and shared/ to dist/app, the console to dist/packed/console, and the list of licences. A checkout
// runs its TypeScript directly and needs none of this. Each part is built beside and takes its place by a rename. With --if-needed nothing is
// done while everything it is made of is as it was the last time.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { thirdPartyText } from './third-party.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
/** Of main/, what is no part of the product. */
const LEFT_OUT = ['main/dev', 'main/demo', 'main/capture/mix/kernel/assembly'];

/** A fresh directory beside `output`; what is made in it takes the place of `output` when all of it is there. */
function replaceBy(output, make) {
  const temporary = `${output}.${process.pid}`;
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary, { recursive: true });
  try {
    make(temporary);
    rmSync(output, { recursive: true, force: true });
    renameSync(temporary, output);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function run(what, args) {
  const result = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  if (result.status !== 0) throw new Error(`${what} failed. The first error above says why.`);
}

/** Pages, preload scripts and the like lie beside the code that names them; the compiler leaves them behind. */
function copyWhatIsNotCompiled(from, to) {
  const skipped = new Set(LEFT_OUT.map((folder) => path.join(root, folder)));
  for (const entry of readdirSync(path.join(root, from), { withFileTypes: true })) {
    const source = path.join(root, from, entry.name);
    if (skipped.has(source)) continue;
    if (entry.isDirectory()) copyWhatIsNotCompiled(path.join(from, entry.name), to);
    else if (!/\.([cm]?tsx?|md)$/.test(entry.name)) cpSync(source, path.join(to, from, entry.name));
  }
}

/** Stands for all that goes in. */
function fingerprint() {
  const hash = createHash('sha256');
  const below = ['main', 'shared', 'renderer'].flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.includes('.test.'))
      .map((entry) => path.join(entry.parentPath, entry.name)),
  );
  const single = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json'].map((name) => path.join(root, name));
  for (const file of [...below.sort(), ...single]) {
    hash.update(`\n${path.relative(root, file)}\n`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function isBuilt(mark) {
  const wanted = ['dist/app', 'dist/packed/console', 'resources/kernel/mix.wasm', 'dist/packed/built'];
  if (!wanted.every((name) => existsSync(path.join(root, name)))) return false;
  return readFileSync(path.join(root, 'dist/packed/built'), 'utf8') === mark;
}

function build() {
  // Taken first: what changes meanwhile is built the next time.
  const mark = fingerprint();
  if (process.argv.includes('--if-needed') && isBuilt(mark)) return;
  run('Compiling the mixing kernel', [path.join(root, 'main/dev/build-kernel.mjs'), '--if-needed']);
  replaceBy(path.join(root, 'dist/app'), (output) => {
    const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
    run('Compiling the box', [compiler, '-p', path.join(root, 'tsconfig.build.json'), '--outDir', output]);
    for (const folder of ['main', 'shared']) copyWhatIsNotCompiled(folder, output);
  });
  replaceBy(path.join(root, 'dist/packed'), (output) => {
    const vite = path.join(root, 'node_modules/vite/bin/vite.js');
    const config = path.join(root, 'renderer/vite.config.ts');
    const place = path.join(output, 'console');
    run('Bundling the console', [vite, 'build', '--config', config, '--outDir', place, '--logLevel', 'warn']);
    writeFileSync(path.join(output, 'THIRD-PARTY.txt'), thirdPartyText(root));
    writeFileSync(path.join(output, 'built'), mark);
  });
}

try {
  if (!existsSync(path.join(root, 'node_modules/typescript')))
    throw new Error('The compiler is missing: run "npm ci".');
  build();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
