import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium as playwright } from 'playwright-core';
import { ROOT } from './source-tree.ts';

const run = promisify(execFile);
const load = createRequire(import.meta.url);
const UNPACK_TIMEOUT_MS = 120_000;
const LAUNCH_TIMEOUT_MS = 60_000;
const PACKAGE = '@sparticuz/chromium';
/** Makes the package bring the system libraries that a bare Debian lacks. */
const BRING_LIBRARIES = { AWS_LAMBDA_JS_RUNTIME: 'nodejs24.x' };
/** A muted autoplay needs no flag, but tests also play aloud. */
const OWN_ARGS = ['--autoplay-policy=no-user-gesture-required', '--mute-audio'];

const INSTALLED = [
  ...['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable'],
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

interface FoundChromium {
  executablePath: string;
  args: string[];
  env: Record<string, string>;
}

/** Starts a real Chromium that plays H.264: CHROMIUM_PATH, an installed one, or the one inside an npm package. */
export async function launchChromium(): Promise<Browser> {
  const found = await findChromium();
  return await playwright.launch({
    executablePath: found.executablePath,
    args: [...found.args, ...OWN_ARGS],
    env: { ...inherited(), ...found.env },
    headless: true,
    timeout: LAUNCH_TIMEOUT_MS,
  });
}

async function findChromium(): Promise<FoundChromium> {
  const installed = [process.env.CHROMIUM_PATH ?? '', ...INSTALLED].find((file) => file !== '' && existsSync(file));
  if (installed) return { executablePath: installed, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [], env: {} };
  const directory = await unpackedChromium();
  return {
    executablePath: path.join(directory, 'chromium'),
    // The package's own list would also switch web security off, which is part of what is tested.
    args: ['--no-sandbox', '--no-zygote', '--use-angle=swiftshader'],
    env: { LD_LIBRARY_PATH: path.join(directory, 'al2023', 'lib'), FONTCONFIG_PATH: path.join(directory, 'fonts') },
  };
}

/**
 * Directory in which the package's browser lies unpacked. The package itself takes a file that another process is still writing for
 * a whole one, so it unpacks into a directory of this process, which gets its final name when all is there.
 */
async function unpackedChromium(): Promise<string> {
  const { version } = load(path.join(ROOT, 'node_modules', PACKAGE, 'package.json')) as { version: string };
  const directory = path.join(tmpdir(), `recorder-chromium-${version}-${process.getuid?.() ?? 'user'}`);
  if (existsSync(directory)) return directory;
  const staging = await mkdtemp(`${directory}-`);
  const script = `const { default: chromium } = await import('${PACKAGE}'); await chromium.executablePath();`;
  await run(process.execPath, ['--input-type=module', '-e', script], {
    cwd: ROOT,
    env: { ...inherited(), ...BRING_LIBRARIES, TMPDIR: staging },
    timeout: UNPACK_TIMEOUT_MS,
  });
  await writeFile(path.join(staging, 'fonts', 'fonts.conf'), fontConfiguration(directory));
  await rename(staging, directory).catch(async (error: unknown) => {
    // Somebody else was faster, or it cannot be done at all.
    await rm(staging, { recursive: true });
    if (!existsSync(directory)) throw error;
  });
  return directory;
}

/** The package's own names directories that exist in the cloud only. */
function fontConfiguration(directory: string): string {
  const folders = [
    path.join(directory, 'fonts'),
    path.join(ROOT, 'node_modules/dejavu-fonts-ttf/ttf'),
    '/usr/share/fonts',
  ];
  const dirs = folders.map((folder) => `<dir>${folder}</dir>`).join('');
  return `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>${dirs}<cachedir>${directory}/fonts-cache</cachedir></fontconfig>`;
}

function inherited(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
