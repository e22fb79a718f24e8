import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Updates } from '../../main/desktop/electron-updates.ts';
import { updateFailureOf } from '../../main/desktop/updates.ts';
import { silentLogger } from '../../main/logging.ts';
import type { ApiClient, RouteName } from '../../shared/api/client.ts';
import { makeDirectory, removeDirectory } from '../support/box.ts';
import { net } from '../support/electron-double-net.ts';

// The real electron-updater against a folder over HTTP, as an AppImage: what it fetches is a script, so what an installation starts can
// be seen. Electron's part (its network, the end of the app) is the double's; NSIS, dmg and deb need their systems.

const electron = await vi.hoisted(async () => await import('../support/electron-double.ts'));
vi.mock('electron', () => electron);
const { double } = electron;
const require = createRequire(import.meta.url);
const NAME = (version: string) => `trtc-recorder-box-${version}-linux.AppImage`;
const LIST = `latest-linux${process.arch === 'x64' ? '' : `-${process.arch}`}.yml`;
const MARK = 'update.json';
const OLD = '#!/bin/sh\n# the old version\n';
const WAIT = { timeout: 30_000, interval: 20 } as const;

describe.skipIf(process.platform !== 'linux')('a feed on the premises', () => {
  let directory: string;
  let image: string;
  let server: Server;
  let updates: Updates | null = null;
  const pages = new Map<string, string | RequestListener>();
  const box = { isRecording: false };

  beforeAll(async () => {
    directory = await makeDirectory('updates');
    image = path.join(directory, 'TRTC Recorder.AppImage');
    // As long-lived as in Electron, where nothing is ever reset.
    const session = electron.session.fromPartition('electron-updater');
    const exports = { ...electron, net, session: { fromPartition: () => session }, autoUpdater: new EventEmitter() };
    const file = require.resolve('electron');
    // The package asks for Electron by itself; outside Electron that is only a path to its program.
    require.cache[file] = { id: file, filename: file, loaded: true, exports } as NodeJS.Module;
    server = createServer((request, response) => {
      const page = pages.get(new URL(request.url ?? '/', 'http://feed').pathname.slice(1));
      if (typeof page === 'function') return page(request, response);
      response.writeHead(page === undefined ? 404 : 200).end(page ?? 'not found');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    vi.stubEnv('APPIMAGE', image);
    vi.stubEnv('XDG_CACHE_HOME', path.join(directory, 'cache'));
    Object.assign(process, { resourcesPath: directory });
    writeFileSync(
      path.join(directory, 'app-update.yml'),
      'provider: generic\nurl: http://127.0.0.1:9/\nupdaterCacheDirName: trtc\n',
    );
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    server?.close();
    await removeDirectory(directory);
  });
  beforeEach(async () => {
    double.reset({ directory, isPackaged: true });
    rmSync(path.join(electron.app.getPath('userData'), MARK), { force: true });
    writeFileSync(image, OLD);
    chmodSync(image, 0o755);
    pages.clear();
    box.isRecording = false;
    const { createUpdates } = await import('../../main/desktop/electron-updates.ts');
    updates = createUpdates({
      ...{
        client: { call: answer as ApiClient['call'] },
        language: 'en',
        log: silentLogger(),
        appImage: image,
        isService: false,
      },
      onChange: () => {},
      install: () => {},
    });
  });
  afterEach(() => updates?.stop());

  /** What the app asks of the box. */
  async function answer(route: RouteName) {
    if (route === 'listRecordings') return { recordings: [], total: box.isRecording ? 1 : 0 };
    const { port } = server.address() as AddressInfo;
    return { values: { updates: { feedUrl: `http://127.0.0.1:${port}/stable/`, checkHours: 24, install: 'ask' } } };
  }

  /** Puts a version into the folder. @returns its program */
  function publish(version: string, changes: { served?: string; sum?: string | null } = {}): string {
    const program = `#!/bin/sh\necho "${version} $APPIMAGE_SILENT_INSTALL" > '${directory}/started'\n`;
    const sum = changes.sum === undefined ? createHash('sha512').update(program).digest('base64') : changes.sum;
    const file = [
      `  - url: ${NAME(version)}`,
      ...(sum === null ? [] : [`    sha512: ${sum}`]),
      `    size: ${program.length}`,
    ];
    pages.set(`stable/${LIST}`, [`version: ${version}`, 'files:', ...file, `path: ${NAME(version)}`, ''].join('\n'));
    pages.set(`stable/${NAME(version)}`, changes.served ?? program);
    return program;
  }

  const facts = () => updates!.facts();
  const settled = async (step: string) => await vi.waitFor(() => expect(facts().step).toBe(step), WAIT);
  const fetched = () => readdirSync(path.join(directory, 'cache'), { recursive: true, encoding: 'utf8' });
  const asked = async (): Promise<string> => {
    updates!.check();
    return await vi.waitFor(() => {
      const shown = double.dialogs.find(({ isOpen }) => isOpen);
      if (!shown) throw new Error('nothing was said');
      shown.answer('OK');
      return `${shown.options.message} ${shown.options.detail ?? ''}`;
    }, WAIT);
  };

  it('a newer version is fetched, compared with its sum, put in the place of the old one and started', async () => {
    const program = publish('9.1.0');
    await updates!.look();
    await settled('ready');
    expect([facts(), readFileSync(image, 'utf8')]).toEqual([
      { step: 'ready', version: '9.1.0', isTroubled: false },
      OLD,
    ]);
    expect(updates!.leave('system')).toBe(false);
    expect(updates!.leave('person')).toBe(false);
    expect(updates!.leave('update')).toBe(true);
    await vi.waitFor(() => expect(double.exitCode).toBe(0), WAIT);
    expect(readFileSync(image, 'utf8')).toBe(program);
    expect(readFileSync(path.join(electron.app.getPath('userData'), MARK), 'utf8')).toContain('9.1.0');
    await vi.waitFor(() => expect(readFileSync(path.join(directory, 'started'), 'utf8')).toBe('9.1.0 true\n'), WAIT);
    expect(double.calls.map(([name]) => name)).not.toContain('relaunch');
  });

  it('a file that is not what the list says is thrown away and never installed', async () => {
    publish('9.2.0', { served: '#!/bin/sh\necho evil\n' });
    await updates!.look();
    await vi.waitFor(() => expect(facts().isTroubled).toBe(true), WAIT);
    expect([facts().step, updates!.readyVersion(), updates!.leave('update')]).toEqual(['idle', null, false]);
    expect([fetched().filter((name) => name.includes('9.2.0')), readFileSync(image, 'utf8')]).toEqual([[], OLD]);
    updates!.showTrouble();
    double.dialog(/not the one that its list describes/)!.answer('OK');
    // Mended, it is taken.
    publish('9.2.0');
    await updates!.look();
    expect(facts().step).toBe('idle');
    expect(await asked()).toContain('There is a newer version, 9.2.0.');
    await settled('ready');
    expect(facts().isTroubled).toBe(false);
  });

  it('a download is let go for a recording and begun anew after it', async () => {
    const program = publish('9.3.0');
    const { promise: isBegun, resolve: begin } = Promise.withResolvers<void>();
    const { promise: isCut, resolve: cut } = Promise.withResolvers<void>();
    pages.set(`stable/${NAME('9.3.0')}`, (_request, response) => {
      response.on('close', () => cut()).writeHead(200, { 'content-length': program.length });
      response.write(program.slice(0, 5), () => begin());
    });
    await updates!.look();
    await isBegun;
    expect(facts().step).toBe('fetching');
    box.isRecording = true;
    await updates!.look();
    await isCut;
    await settled('waiting');
    await updates!.look();
    expect(facts()).toMatchObject({ step: 'waiting', isTroubled: false });
    box.isRecording = false;
    pages.set(`stable/${NAME('9.3.0')}`, program);
    await updates!.look();
    await settled('ready');
  });

  it('a server that takes a request and says nothing, or begins a file and does not end it, is not waited for', async () => {
    const { createUpdateFeed } = await import('../../main/desktop/electron-update-feed.ts');
    const { port } = server.address() as AddressInfo;
    const deadlines = { checkWithinMs: 200, stalledAfterMs: 200 };
    const feed = await createUpdateFeed(`http://127.0.0.1:${port}/stable/`, silentLogger(), deadlines);
    const program = publish('9.6.0');
    const list = pages.get(`stable/${LIST}`)!;
    pages.set(`stable/${LIST}`, () => {});
    expect(updateFailureOf(await feed.check().catch((error: unknown) => error))).toBe('unreachable');
    pages.set(`stable/${LIST}`, list);
    // What answers is waited for as long as a busy machine needs.
    deadlines.checkWithinMs = 30_000;
    pages.set(`stable/${NAME('9.6.0')}`, (_, response) => void response.writeHead(200).write(program.slice(0, 5)));
    expect(await feed.check()).toBe('9.6.0');
    const fetching = feed.fetch(new AbortController().signal);
    expect(updateFailureOf(await fetching.catch((error: unknown) => error))).toBe('unreachable');
  });

  it('an older version is none, and whoever asks is told so', async () => {
    publish('0.0.1');
    expect(await asked()).toMatch(/You have the newest version/);
    expect(facts()).toEqual({ step: 'idle', version: null, isTroubled: false });
  });

  it.each<[string, () => void, RegExp]>([
    ['an empty folder', () => {}, /There is no list of versions/],
    ['a list without sums', () => publish('9.4.0', { sum: null }), /cannot be used/],
    [
      'a list whose package is not there',
      () => {
        publish('9.5.0');
        pages.delete(`stable/${NAME('9.5.0')}`);
      },
      /the package that it names is not there/,
    ],
    ['a list that is none', () => pages.set(`stable/${LIST}`, '<html>Log in</html>'), /cannot be used/],
    [
      'a folder that is locked',
      () => pages.set(`stable/${LIST}`, (_, response) => void response.writeHead(403).end()),
      /refuses to answer/,
    ],
    [
      'a way that leads on without https',
      () =>
        pages.set(`stable/${LIST}`, (_, response) => {
          response.writeHead(302, { location: 'http://updates.example.com/latest.yml' }).end();
        }),
      /leads on to one without https/,
    ],
  ])('%s: says what to do', async (_, arrange, words) => {
    arrange();
    await updates!.look();
    await vi.waitFor(() => expect(facts().isTroubled).toBe(true), WAIT);
    updates!.showTrouble();
    expect(double.dialogs[0]?.options.detail).toMatch(words);
    expect(existsSync(path.join(electron.app.getPath('userData'), MARK))).toBe(false);
  });
});
