import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './source-tree.ts';

const run = promisify(execFile);
const load = createRequire(import.meta.url);
const TIMEOUT_MS = 480_000;

/** What @electron/fuses looks for in a program; behind it stand version and number of the fuses, then one character for each. */
const SENTINEL = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX';
/** As a program comes from Electron: a script may be run by it, NODE_OPTIONS and debuggers are heard, any folder may be the app. */
const DELIVERED = '10110001';
const FUSES = [
  'runAsNode',
  'enableCookieEncryption',
  'enableNodeOptionsEnvironmentVariable',
  'enableNodeCliInspectArguments',
  'enableEmbeddedAsarIntegrityValidation',
  'onlyLoadAppFromAsar',
  'loadBrowserProcessSpecificV8Snapshot',
  'grantFileProtocolExtraPrivileges',
] as const;

/** Packages whose binaries npm fetches from their vendors. */
const NATIVE_PACKAGES = ['ffmpeg-static', 'trtc-electron-sdk'];

/**
 * Whether npm installed ffmpeg-static. Where its binary cannot be fetched npm leaves the whole package out, as it is optional; then a
 * stand-in is packed, without the licence text that the real one brings.
 */
export const HAS_FFMPEG_PACKAGE = existsSync(path.join(ROOT, 'node_modules/ffmpeg-static/package.json'));

export type FuseName = (typeof FUSES)[number];

/** A package's folder, as electron-builder makes it before it is put into an installer. */
export interface PackedApp {
  directory: string;
  /** The program: a stub that does nothing. */
  program: string;
  archive: string;
  /** What electron-builder said. */
  log: string;
}

interface BuilderConfig {
  files: unknown[];
  directories: Record<string, string>;
  [key: string]: unknown;
}

/**
 * Runs electron-builder for Linux and this processor in `directory`. In place of Electron stands a script with the fuses of a real program
 * in it, in place of what npm fetches from the vendors an ffmpeg of the development packages and an addon that is none: the package is
 * whole and its box records simulated rooms, but its program shows no window.
 */
export async function packApp(directory: string): Promise<PackedApp> {
  await run(process.execPath, [path.join(ROOT, 'main/dev/build-app.mjs'), '--if-needed'], { timeout: TIMEOUT_MS });
  const electronDist = path.join(directory, 'electron');
  await layElectron(electronDist);
  const natives = path.join(directory, 'natives');
  await layNatives(natives);
  const { packageConfig } = (await import(path.join(ROOT, 'main/dev/package-config.mjs'))) as {
    packageConfig(root: string): BuilderConfig;
  };
  const base = packageConfig(ROOT);
  const output = path.join(directory, 'out');
  const config = {
    ...base,
    ...{ electronDist, compression: 'store' },
    directories: { ...base.directories, output },
    files: [
      ...base.files,
      ...NATIVE_PACKAGES.map((name) => ({ from: path.join(natives, name), to: `node_modules/${name}` })),
    ],
  };
  const file = path.join(directory, 'electron-builder.json');
  await writeFile(file, JSON.stringify(config));
  const builder = path.join(path.dirname(load.resolve('electron-builder/package.json')), 'cli.js');
  const args = ['--config', file, '--projectDir', ROOT, '--publish', 'never', '--linux', 'dir', `--${process.arch}`];
  const { stdout, stderr } = await run(process.execPath, [builder, ...args], {
    ...{ cwd: ROOT, timeout: TIMEOUT_MS, maxBuffer: 16 * 1024 * 1024 },
    // Names of the test runner mean other things to npm, which electron-builder asks what is installed.
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const folder = path.join(output, process.arch === 'x64' ? 'linux-unpacked' : `linux-${process.arch}-unpacked`);
  return {
    directory: folder,
    program: path.join(folder, 'trtc-recorder-box'),
    archive: path.join(folder, 'resources/app.asar'),
    log: stdout + stderr,
  };
}

async function layElectron(directory: string): Promise<void> {
  const about = await readFile(path.join(ROOT, 'node_modules/electron/package.json'), 'utf8');
  const { version } = JSON.parse(about) as { version: string };
  await mkdir(path.join(directory, 'locales'), { recursive: true });
  await mkdir(path.join(directory, 'resources'));
  await writeFile(path.join(directory, 'version'), version);
  for (const language of ['de', 'en-US', 'zh-CN']) await writeFile(path.join(directory, `locales/${language}.pak`), '');
  const wire = [Buffer.from(SENTINEL), Buffer.from([1, FUSES.length]), Buffer.from(DELIVERED)];
  const program = path.join(directory, 'electron');
  await writeFile(program, Buffer.concat([Buffer.from('#!/bin/sh\nexit 0\n# '), ...wire, Buffer.from('\n')]));
  await chmod(program, 0o755);
}

async function layNatives(directory: string): Promise<void> {
  const { path: ffmpeg } = load('@ffmpeg-installer/ffmpeg') as { path: string };
  const place = path.join(directory, 'ffmpeg-static');
  await mkdir(place, { recursive: true });
  await copyFile(ffmpeg, path.join(place, 'ffmpeg'));
  await chmod(path.join(place, 'ffmpeg'), 0o755);
  if (!HAS_FFMPEG_PACKAGE) {
    const about = { name: 'ffmpeg-static', version: '0.0.0', main: 'index.js' };
    await writeFile(path.join(place, 'package.json'), JSON.stringify(about));
    await writeFile(path.join(place, 'index.js'), "module.exports = require('path').join(__dirname, 'ffmpeg');\n");
  }
  const sdk = path.join(directory, 'trtc-electron-sdk/build/Release');
  await mkdir(sdk, { recursive: true });
  for (const name of ['trtc_electron_sdk.node', 'libliteavsdk.so']) await writeFile(path.join(sdk, name), 'no addon');
}

/** The fuses of a program by name. @throws when it has none */
export async function fusesOf(program: string): Promise<Record<FuseName, boolean>> {
  const bytes = await readFile(program);
  const start = bytes.indexOf(SENTINEL);
  if (start < 0) throw new Error(`${program} has no fuses`);
  const wire = bytes.subarray(start + SENTINEL.length + 2);
  return Object.fromEntries(FUSES.map((name, index) => [name, wire[index] === '1'.charCodeAt(0)])) as Record<
    FuseName,
    boolean
  >;
}
