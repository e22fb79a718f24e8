// Makes the packages of this machine's system: `npm run package`, with electron-builder's own options behind `--`, such as
// `--linux deb --x64`. Builds everything anew before. Other systems' packages are made on those systems: the binaries of ffmpeg, of the SDK
// and of the picture library are those that npm installed here.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { missingNatives, packageConfig } from './package-config.mjs';

/** Says that a package without the SDK or without ffmpeg is wanted, to look at it; it records nothing. */
const INCOMPLETE = '--incomplete';
const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const options = process.argv.slice(2).filter((option) => option !== INCOMPLETE);

// Without a word on it electron-builder would put the binaries of this processor into the packages of all.
const own = `--${process.arch}`;
const foreign = options.filter((option) => /^--(x64|ia32|armv7l|arm64|universal)$/.test(option) && option !== own);
if (foreign.length > 0) {
  console.error(
    `This machine has the binaries of ${own} alone: make packages for ${foreign.join(' and ')} on such a machine.`,
  );
  process.exit(1);
}
if (!options.includes(own)) options.push(own);

const missing = missingNatives(root);
for (const { file, what, remedy } of missing)
  console.error(`${what} is missing: there is no ${file}. Get it by: ${remedy}`);
if (missing.length > 0 && !process.argv.includes(INCOMPLETE)) {
  console.error(`Nothing was packaged. With "${INCOMPLETE}" a package is made all the same; it cannot record.`);
  process.exit(1);
}

function run(args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

run([path.join(root, 'main/dev/build-app.mjs')]);
const config = path.join(root, 'dist/electron-builder.json');
mkdirSync(path.dirname(config), { recursive: true });
writeFileSync(config, JSON.stringify(packageConfig(root), null, 2));
const builder = path.join(
  path.dirname(createRequire(import.meta.url).resolve('electron-builder/package.json')),
  'cli.js',
);
run([builder, '--config', config, '--projectDir', root, '--publish', 'never', ...options]);
