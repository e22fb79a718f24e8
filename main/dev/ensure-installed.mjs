// Runs before every npm script that needs dependencies, on whatever Node the machine has (20 or newer), with nothing installed:
// plain JavaScript, no imports from node_modules. Installs with `npm ci` when node_modules is missing or older than the lock file,
// compiles the mixing kernel and builds the console when their sources changed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  console.error(
    `Node 20 or newer is needed, this is ${process.version}. Install it from nodejs.org and run the command again.`,
  );
  process.exit(1);
}

const lockHash = createHash('sha256')
  .update(readFileSync(path.join(root, 'package-lock.json')))
  .digest('hex');
const stamp = path.join(root, 'node_modules', '.trtc-recorder-installed');

function installedHash() {
  return existsSync(stamp) ? readFileSync(stamp, 'utf8').trim() : '';
}

/** Output of the install goes to stderr so that stdout stays free for what the command itself prints. */
function run(command, args, extraEnv) {
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
    env: { ...process.env, ...extraEnv },
  });
  if (result.status !== 0) {
    console.error(
      `"${command} ${args.join(' ')}" failed. The first error above says why; run the same command again once it is mended.`,
    );
    process.exit(result.status ?? 1);
  }
}

if (installedHash() !== lockHash) {
  console.error('Installing dependencies (about a minute the first time) …');
  // The Electron binary is fetched when the desktop is first started, not for tests and the demo.
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { ELECTRON_SKIP_BINARY_DOWNLOAD: '1' });
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(stamp, `${lockHash}\n`);
}

run(process.execPath, [path.join(root, 'main/dev/build-kernel.mjs'), '--if-needed']);
run(process.execPath, [path.join(root, 'main/dev/build-console.mjs'), '--if-needed']);
