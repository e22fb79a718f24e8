import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { extractAll, extractFile, getRawHeader } from '@electron/asar';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CAPTURE_CHANNEL, type FromCaptureWindow } from '../../main/capture/window/window-line.ts';
import { LINK_SCHEME } from '../../main/desktop/arguments.ts';
import { makeDirectory, removeDirectory } from '../support/box.ts';
import { startRenderer } from '../support/electron-double-renderer.ts';
import { fusesOf, HAS_FFMPEG_PACKAGE, type PackedApp, packApp } from '../support/packed-app.ts';
import { ROOT } from '../support/source-tree.ts';

// electron-builder really packs the product. Its program is a stub and the SDK's addon a text: that the packed app shows a window, loads the
// addon and that the system honours the fuses is for `npm run smoke:electron` and the workflow. Installers (deb, AppImage, NSIS, dmg) are made
// by tools that electron-builder fetches, so they too are the workflow's.

const MIB = 1024 * 1024;
/** The product's own part of an installation, unpacked; Electron (about 280 MiB) and the vendor's SDK come on top. */
const BUDGET = { archiveBytes: 45 * MIB, unpackedBytes: 125 * MIB };
const SELF_TEST_MS = 240_000;
const START_MS = 60_000;

interface Entry {
  name: string;
  sizeBytes: number;
  isUnpacked: boolean;
}

interface Header {
  files?: Record<string, Header>;
  size?: number;
  unpacked?: boolean;
}

function entriesOf(header: Header, folder = ''): Entry[] {
  return Object.entries(header.files ?? {}).flatMap(([key, child]) => {
    const name = folder === '' ? key : `${folder}/${key}`;
    if (child.files) return entriesOf(child, name);
    return [{ name, sizeBytes: child.size ?? 0, isUnpacked: child.unpacked === true }];
  });
}

function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(path.join(parentPath, name)).size, 0);
}

/** `node_modules/a/node_modules/@b/c` of a file in it, or null. */
function packageFolderOf(file: string): string | null {
  return /^.*node_modules\/(@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? null;
}

/** Files of a system's own kind by their first bytes: ELF, Windows, macOS. */
function isNative(start: Buffer): boolean {
  const magic = start.subarray(0, 4).toString('hex');
  return magic === '7f454c46' || magic.startsWith('4d5a') || /^(cffaedfe|cafebabe|feedfacf)$/.test(magic);
}

// The other systems' tests have other packages of native binaries installed than Linux needs.
describe.skipIf(process.platform !== 'linux')('the package for Linux', { timeout: 600_000 }, () => {
  let directory: string;
  let app: PackedApp;
  let entries: Entry[];

  beforeAll(async () => {
    directory = await makeDirectory('package');
    app = await packApp(directory);
    entries = entriesOf(getRawHeader(app.archive).header as Header);
  }, 600_000);

  afterAll(async () => {
    await removeDirectory(directory);
  });

  /** Where the archive lies unpacked. */
  const installed = (): string => {
    const place = path.join(directory, 'installed');
    if (!existsSync(place)) {
      extractAll(app.archive, place);
      // Run bits are those of the files that lie beside; the archive does not know them.
      cpSync(`${app.archive}.unpacked`, place, { recursive: true, preserveTimestamps: true });
    }
    return place;
  };
  /** Starts the packed box without a desktop on this Node, from an archive that was unpacked. No ffmpeg but the packed one is in reach. */
  const startInstalled = (args: readonly string[]) => {
    const place = installed();
    const child = spawn(process.execPath, [path.join(place, 'dist/app/main/headless.js'), ...args], {
      cwd: place,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: '/nowhere', HOME: directory, TMPDIR: directory, LANG: 'en_US.UTF-8' },
      timeout: SELF_TEST_MS,
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
    }
    return { child, said: () => text };
  };
  const packageFolders = () => [...new Set(entries.flatMap(({ name }) => packageFolderOf(name) ?? []))];
  const names = () => new Set(entries.map(({ name }) => name));
  const unpacked = (name: string) => path.join(`${app.archive}.unpacked`, name);

  it('holds what the box reads and starts at run time', () => {
    const { main, version } = JSON.parse(extractFile(app.archive, 'package.json').toString('utf8'));
    const own = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
    expect(version).toBe(own.version);
    expect(main).toBe('dist/app/main/electron.js');
    const wanted = [
      ...[main, 'dist/app/main/headless.js', 'dist/app/main/capture/capture-main.js'],
      ...['dist/console/index.html', 'resources/kernel/mix.wasm', 'node_modules/dejavu-fonts-ttf/ttf/DejaVuSans.ttf'],
      ...readdirSync(path.join(ROOT, 'resources/icons/tray')).map((name) => `resources/icons/tray/${name}`),
    ];
    expect(wanted.filter((name) => !names().has(name))).toEqual([]);
  });

  it('holds the pages and preload scripts that lie beside the code', () => {
    const beside = readdirSync(path.join(ROOT, 'main'), { recursive: true, encoding: 'utf8' })
      .map((name) => `main/${name}`)
      .filter((name) => /\.(html|cjs|css|json)$/.test(name) && !/^main\/(dev|demo|capture\/mix\/kernel)\//.test(name));
    expect(beside).toContain('main/capture/window/capture-page.html');
    const compiled = ['electron-preload.mjs', 'capture-page.js'].map((name) => `main/capture/window/${name}`);
    expect([...beside, ...compiled].filter((name) => !names().has(`dist/app/${name}`))).toEqual([]);
    // What the page names lies beside it.
    const page = extractFile(app.archive, 'dist/app/main/capture/window/capture-page.html').toString('utf8');
    expect([...page.matchAll(/src="\.\/([^"]+)"/g)].map(([, name]) => name)).toEqual(['capture-page.js']);
  });

  it('has every native file beside the archive, and programs with their run bit', () => {
    const packed = entries.filter(({ isUnpacked, sizeBytes }) => !isUnpacked && sizeBytes > 4);
    const wrong = packed.filter(({ name }) => /\.(node|so|dll|dylib|exe)$/.test(name));
    const hidden = packed.filter(({ name }) => {
      // What has a name for text is text; everything else is looked into.
      if (/\.(js|cjs|mjs|json|css|html|txt|svg|woff2|png|ttf|wasm)$/.test(name)) return false;
      return isNative(extractFile(app.archive, name));
    });
    expect([...wrong, ...hidden]).toEqual([]);

    const canvas = `node_modules/@napi-rs/canvas-linux-${process.arch}-gnu/skia.linux-${process.arch}-gnu.node`;
    const ffmpeg = 'node_modules/ffmpeg-static/ffmpeg';
    const sqlite = `node_modules/better-sqlite3/prebuilds/linux-${process.arch}.node`;
    for (const name of [canvas, ffmpeg, sqlite]) {
      expect(isNative(readFileSync(unpacked(name)).subarray(0, 4)), name).toBe(true);
    }
    expect(statSync(unpacked(ffmpeg)).mode & 0o111).toBe(0o111);
    expect(existsSync(unpacked('node_modules/trtc-electron-sdk/build/Release/trtc_electron_sdk.node'))).toBe(true);
    const prebuilds = entries.filter(({ name }) => name.includes('/prebuilds/')).map(({ name }) => name);
    expect(prebuilds).toEqual([sqlite]);
  });

  it('runs on the systems that docs/install.md names', () => {
    const natives = entries.filter(({ name, isUnpacked }) => isUnpacked && name.endsWith('.node'));
    const needed = natives.flatMap(({ name }) => {
      const text = readFileSync(unpacked(name), 'latin1');
      return [...text.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor));
    });
    const [, named] =
      /with glibc 2\.(\d+) or newer/.exec(readFileSync(path.join(ROOT, 'docs/install.md'), 'utf8')) ?? [];
    expect(Math.max(...needed)).toBe(Number(named));
  });

  it("leads the loader from the program to the SDK's libraries", () => {
    const link = path.join(app.directory, 'libliteavsdk.so');
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(path.isAbsolute(readlinkSync(link))).toBe(false);
    expect(realpathSync(link)).toBe(
      realpathSync(unpacked('node_modules/trtc-electron-sdk/build/Release/libliteavsdk.so')),
    );
  });

  it('holds exactly the packages that the box loads, none for development', async () => {
    const { boxPackages } = (await import(path.join(ROOT, 'main/dev/runtime-packages.mjs'))) as {
      boxPackages(root: string): { name: string; version: string }[];
    };
    // electron-builder puts them into other folders than npm did.
    const found = packageFolders().map((folder) => {
      const { name, version } = JSON.parse(extractFile(app.archive, `${folder}/package.json`).toString('utf8'));
      return `${name}@${version}`;
    });
    const wanted = boxPackages(ROOT);
    expect(wanted.map(({ name, version }) => `${name}@${version}`).filter((one) => !found.includes(one))).toEqual([]);
    // A second version of a package that is loaded may come along with one that is not.
    const named = new Set(found.map((one) => one.slice(0, one.lastIndexOf('@'))));
    const standIns = HAS_FFMPEG_PACKAGE ? [] : ['ffmpeg-static'];
    expect([...named].sort()).toEqual([...new Set([...wanted.map(({ name }) => name), ...standIns])].sort());
    for (const name of ['electron', 'vitest', 'typescript', 'react', 'node', 'download']) {
      expect(named).not.toContain(name);
    }
    expect(named).toContain('fastify');
  });

  it('holds no source, test, map, data, key or path of the machine that made it', () => {
    const ours = entries.filter(({ name }) => !name.startsWith('node_modules/')).map(({ name }) => name);
    const places = /^(package\.json|LICENSE|dist\/(app\/(main|shared)|console)\/.+|resources\/(kernel|icons)\/.+)$/;
    expect(ours.filter((name) => !places.test(name))).toEqual([]);
    const forbidden =
      /\.(ts|tsx|map|db|sqlite|log|env|pem|key|p12|npmrc)$|\.test\.|(^|\/)(test|tests|demo|dev|\.git)\//;
    expect(ours.filter((name) => forbidden.test(name))).toEqual([]);
    expect(entries.filter(({ name }) => /\.(map|ts|pem|npmrc)$/.test(name)).map(({ name }) => name)).toEqual([]);
    const telling = ours.filter((name) => {
      if (!/\.(js|cjs|html|json|css)$/.test(name)) return false;
      const text = extractFile(app.archive, name).toString('utf8');
      return text.includes(`${ROOT.replace(/\/$/, '')}/`) || /-----BEGIN [A-Z ]*PRIVATE KEY-----\n/.test(text);
    });
    expect(telling).toEqual([]);
  });

  it('has its fuses set, and only the languages it speaks', async () => {
    expect(await fusesOf(app.program)).toEqual({
      runAsNode: false,
      enableCookieEncryption: true,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
      loadBrowserProcessSpecificV8Snapshot: false,
      grantFileProtocolExtraPrivileges: true,
    });
    expect(existsSync(path.join(app.directory, 'resources/app'))).toBe(false);
    expect(readdirSync(path.join(app.directory, 'locales')).sort()).toEqual(['en-US.pak', 'zh-CN.pak']);
  });

  it('brings the licences of everything in it, and the units for servers', () => {
    const resources = path.join(app.directory, 'resources');
    const text = readFileSync(path.join(resources, 'THIRD-PARTY.txt'), 'utf8');
    const list = text.slice(0, text.indexOf('-'.repeat(100)));
    const unnamed = packageFolders().filter((folder) => {
      const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
      return !list.split('\n').some((line) => line.startsWith(`${name} `));
    });
    expect(unnamed).toEqual(HAS_FFMPEG_PACKAGE ? [] : ['node_modules/ffmpeg-static']);
    for (const name of ['react', '@radix-ui/themes', 'i18next']) expect(list).toContain(`\n${name} `);
    expect(text).toMatch(/SIL OPEN FONT LICENSE/i);
    // The text comes with the package; `npm run package` refuses to pack without it.
    if (HAS_FFMPEG_PACKAGE) {
      expect(readFileSync(path.join(resources, 'LICENSE.ffmpeg.txt'), 'utf8')).toContain('GENERAL PUBLIC LICENSE');
    }
    for (const name of ['LICENSE', 'licences.md', 'systemd/trtc-recorder-box.service', 'linux/null-sink.sh']) {
      expect(existsSync(path.join(resources, name)), name).toBe(true);
    }
  });

  it(`stays below ${BUDGET.archiveBytes / MIB} MiB of archive and ${BUDGET.unpackedBytes / MIB} MiB beside it`, () => {
    const sizes = { archive: statSync(app.archive).size, beside: bytesBelow(`${app.archive}.unpacked`) };
    expect(sizes.archive).toBeLessThan(BUDGET.archiveBytes);
    expect(sizes.beside).toBeLessThan(BUDGET.unpackedBytes);
    // A package that lost half of itself would be small as well.
    expect(sizes.archive).toBeGreaterThan(BUDGET.archiveBytes / 2);
    expect(sizes.beside).toBeGreaterThan(BUDGET.unpackedBytes / 2);
  });

  it('is described by files that are there', async () => {
    const { packageConfig } = (await import(path.join(ROOT, 'main/dev/package-config.mjs'))) as {
      packageConfig(
        root: string,
      ): Record<'win' | 'mac' | 'linux' | 'deb', Record<string, unknown>> & { afterPack: string };
    };
    const { win, mac, linux, deb, afterPack } = packageConfig(ROOT);
    const units = (deb.fpm as string[]).map((line) => line.split('='));
    const named = [win.icon, mac.icon, linux.icon, mac.entitlements, mac.entitlementsInherit, afterPack] as string[];
    const missing = [...named, ...units.map(([from]) => from!)].filter((name) => !existsSync(path.join(ROOT, name)));
    expect(missing).toEqual([]);
    // Each unit that a unit names comes along under that name.
    const installed = new Set(units.flatMap(([, to]) => [to!, path.basename(to!)]));
    const wanted = units.flatMap(([from]) => {
      const text = readFileSync(path.join(ROOT, from!), 'utf8');
      return [...text.matchAll(/^(?:Requires|Wants)=(.+)$|(\/usr\/lib\/trtc-recorder-box\/\S+)/gm)].map(
        ([, unit, file]) => unit ?? file!,
      );
    });
    expect(wanted.length).toBeGreaterThan(2);
    expect(wanted.filter((name) => !installed.has(name))).toEqual([]);
  });

  it('knows where fetched updates are kept, and of no server to fetch them from', () => {
    const text = readFileSync(path.join(app.directory, 'resources/app-update.yml'), 'utf8');
    expect(text).toMatch(/^updaterCacheDirName: trtc-recorder-box-updater$/m);
    expect(text.match(/https?:\S+/g)).toEqual(['http://127.0.0.1:9/']);
    expect(names()).toContain('node_modules/electron-updater/out/main.js');
  });

  it('answers to the names that its main process uses', () => {
    const text = readFileSync(path.join(ROOT, 'electron-builder.yml'), 'utf8');
    expect(text).toContain(`schemes: [${LINK_SCHEME}]`);
    const desktop = extractFile(app.archive, 'dist/app/main/desktop/electron-desktop.js').toString('utf8');
    const [, id] = /APP_ID = '([^']+)'/.exec(desktop) ?? [];
    expect(text.split('\n')).toContain(`appId: ${id}`);
  });

  it('runs the scripts of a capture window from its own files', async () => {
    const folder = path.join(installed(), 'dist/app/main/capture/window');
    const told: FromCaptureWindow[] = [];
    const failed = vi.fn();
    const renderer = startRenderer(path.join(folder, 'electron-preload.mjs'), path.join(folder, 'capture-page.html'), {
      onMessage: (_channel, message) => told.push(message as FromCaptureWindow),
      onPreloadError: failed,
      onGone: () => {},
    });
    try {
      const ready = { kind: 'message', message: { type: 'ready', pid: renderer.pid } };
      await vi.waitFor(() => expect(told).toEqual([ready]), { timeout: START_MS, interval: 50 });
      renderer.send(CAPTURE_CHANNEL, { kind: 'endAsked' });
      await vi.waitFor(() => expect(told.at(-1)).toEqual({ kind: 'exit', code: 0 }), { timeout: START_MS });
      expect(failed).not.toHaveBeenCalled();
    } finally {
      renderer.kill();
    }
  });

  it('serves its console without a desktop, from its own files, and stops in order', async () => {
    const { child, said } = startInstalled(['serve', '--data', path.join(directory, 'data'), '--port', '0']);
    try {
      await vi.waitFor(() => expect(said()).toMatch(/\{"ready":true.*\}\n/), { timeout: START_MS, interval: 50 });
      const { url } = JSON.parse(/\{"ready":true.*\}/.exec(said())![0]) as { url: string };
      const page = await (await fetch(`${url}/`, { headers: { accept: 'text/html' } })).text();
      const parts = [...page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, file]) => file!);
      expect(parts.length).toBeGreaterThan(1);
      const answers = await Promise.all(parts.map(async (part) => (await fetch(`${url}${part}`)).status));
      expect(answers).toEqual(parts.map(() => 200));
      const { version } = JSON.parse(extractFile(app.archive, 'package.json').toString('utf8'));
      expect(await (await fetch(`${url}/healthz`)).json()).toMatchObject({ status: 'ok', version });
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      expect(await closed, said()).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('records, uploads and checks a simulated room with nothing but what is in it', async () => {
    const { child, said } = startInstalled(['self-test']);
    const [exitCode] = (await once(child, 'close')) as [number | null];
    expect(said()).toContain('✓ record');
    expect(said()).not.toContain('✗');
    expect(exitCode, said()).toBe(0);
  });
});
