// `npm run desktop`: the app on this desktop out of the checkout, with the app's own options behind `--`, such as `--data DIR`. Compiles
// first what has changed. Electron's binary is not fetched with the other packages, because only this needs it.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const folder = path.join(root, 'node_modules/electron');

/** Full path of Electron's program, or null when it was not fetched. */
function electronProgram() {
  const own = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  const named = path.join(folder, 'path.txt');
  if (own === undefined && !existsSync(named)) return null;
  const name = existsSync(named) ? readFileSync(named, 'utf8').trim() : 'electron';
  const program = path.join(own ?? path.join(folder, 'dist'), name);
  return existsSync(program) ? program : null;
}

const program = electronProgram();
if (program === null) {
  console.error(
    [
      'The program of Electron is not on this machine: npm leaves it out because only the desktop needs it.',
      'Fetch it once (about 120 MB from github.com, or from where ELECTRON_MIRROR says), then run this again:',
      '  node node_modules/electron/install.js',
      'The box itself needs no desktop: "npm run box -- serve --data ./data", and open its address in a browser.',
    ].join('\n'),
  );
  process.exit(1);
}

const built = spawnSync(process.execPath, [path.join(root, 'main/dev/build-app.mjs'), '--if-needed'], {
  stdio: ['ignore', 2, 2],
});
if (built.status !== 0) process.exit(built.status ?? 1);

const child = spawn(program, [root, ...process.argv.slice(2)], { stdio: 'inherit' });
// The app ends in order by itself, and this with it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(`Electron could not be started: ${error.message}`);
  process.exitCode = 1;
});
child.on('close', (code) => {
  process.exitCode = code ?? 1;
});
