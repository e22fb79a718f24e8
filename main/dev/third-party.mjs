// The text that goes out with every package: each npm package in it, with its licence.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { boxPackages, consolePackages } from './runtime-packages.mjs';

const LICENCE_FILE = /^(licen[cs]e|copying|notice|ofl)([.-].*)?$/i;
const RULE = '-'.repeat(100);

/** Names, versions and licences of all packages that are shipped, then the text of each licence. */
export function thirdPartyText(root) {
  const packages = new Map([...boxPackages(root), ...consolePackages(root)].map((one) => [one.path, one]));
  const list = [...packages.values()].sort((a, b) => a.name.localeCompare(b.name, 'en') || (a.path < b.path ? -1 : 1));
  return [
    'Packages in this product and their licences',
    '',
    'ffmpeg runs as a program of its own; docs/licences.md of the source says what its licence, the GPL, asks of whoever passes it on.',
    "Electron and Chromium carry their own lists beside this file's folder: LICENSE.electron.txt and LICENSES.chromium.html.",
    '',
    ...list.map(({ name, version, licence }) => `${name} ${version}: ${licence}`),
    ...list.flatMap((one) => ['', RULE, `${one.name} ${one.version} (${one.licence})`, '', licenceTextOf(root, one)]),
    '',
  ].join('\n');
}

function licenceTextOf(root, { path: folder, licence }) {
  const names = readdirSync(path.join(root, folder)).filter((name) => LICENCE_FILE.test(name));
  const texts = names.sort().map((name) => readFileSync(path.join(root, folder, name), 'utf8').trim());
  return texts.length > 0 ? texts.join('\n\n') : `The package brings no text of its licence; it declares: ${licence}.`;
}
