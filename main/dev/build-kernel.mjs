// Compiles the mixing kernel from AssemblyScript to resources/kernel/mix.wasm. Plain JavaScript: it runs before every npm script on
// whatever Node the machine has. With --if-needed it does nothing while the sources and the compiler are those of the last build.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const sourceDirectory = path.join(root, 'main/capture/mix/kernel/assembly');
const compilerDirectory = path.join(root, 'node_modules/assemblyscript');
const outputDirectory = path.join(root, 'resources/kernel');
const wasmPath = path.join(outputDirectory, 'mix.wasm');
const stampPath = path.join(outputDirectory, 'mix.stamp');
const flags = ['-O3', '--noAssert', '--enable', 'simd', '--runtime', 'stub', '--initialMemory', '1'];

if (!existsSync(compilerDirectory)) {
  // An installation without development packages carries the compiled kernel.
  if (process.argv.includes('--if-needed') && existsSync(wasmPath)) process.exit(0);
  console.error('The AssemblyScript compiler is missing: run "npm ci" and try again.');
  process.exit(1);
}

const { version } = JSON.parse(readFileSync(path.join(compilerDirectory, 'package.json'), 'utf8'));
const hash = createHash('sha256').update(`${version} ${flags.join(' ')}`);
for (const name of readdirSync(sourceDirectory).sort()) {
  hash.update(`\n${name}\n`).update(readFileSync(path.join(sourceDirectory, name)));
}
const stamp = hash.digest('hex');
const current = existsSync(wasmPath) && existsSync(stampPath) && readFileSync(stampPath, 'utf8').trim() === stamp;
if (current && process.argv.includes('--if-needed')) process.exit(0);

mkdirSync(outputDirectory, { recursive: true });
// Two builds may run at once (two npm scripts): each writes its own file and the rename publishes a whole one.
const temporary = path.join(outputDirectory, `mix.${process.pid}.wasm`);
const result = spawnSync(
  process.execPath,
  [path.join(compilerDirectory, 'bin/asc.js'), path.join(sourceDirectory, 'index.ts'), '-o', temporary, ...flags],
  { cwd: root, stdio: ['ignore', 2, 2] },
);
if (result.status !== 0) {
  rmSync(temporary, { force: true });
  console.error('The mixing kernel could not be compiled. The first error above says why.');
  process.exit(1);
}
renameSync(temporary, wasmPath);
writeFileSync(stampPath, `${stamp}\n`);
