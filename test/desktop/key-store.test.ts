import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SEALED_KEY_FILE, SECRET_KEY_FILE } from '../../main/settings/secrets.ts';
import { createDesktopRig, type DesktopRig } from '../support/desktop-rig.ts';

const electron = await vi.hoisted(async () => await import('../support/electron-double.ts'));
vi.mock('electron', () => electron);
const { double } = electron;

/** A state is waited for as long as a busy machine needs. */
const WAIT = { timeout: 45_000, interval: 20 };
let rig: DesktopRig;
beforeEach(async () => {
  rig = await createDesktopRig(electron);
});
afterEach(async () => await rig.close());

const SECRET_ID = 'AKIDofTheKeychainTest';
const SECRET_KEY = 'secret-key-of-the-keychain-test';

async function write(keyStore: string): Promise<void> {
  const file = path.join(rig.dataDirectory, 'settings.json');
  const before = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, JSON.stringify({ ...before, secrets: { keyStore } }));
}

const keys = async (): Promise<string[]> =>
  (await readdir(rig.dataDirectory)).filter((name) => name.startsWith(SECRET_KEY_FILE)).toSorted();

async function quit(): Promise<void> {
  electron.app.quit();
  expect(await rig.exitCode()).toBe(0);
  await rig.settled();
}

async function saveDestination(): Promise<void> {
  const body = {
    Region: 'ap-shanghai',
    Bucket: 'test-123456789',
    Path: '/',
    SecretId: SECRET_ID,
    SecretKey: SECRET_KEY,
  };
  const init = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  expect((await rig.fetch('/api/destinations/classes', init)).status).toBe(200);
}

/** What the box shows of the keys only when it can open them. */
async function isOpened(): Promise<boolean> {
  const answer = (await (await rig.fetch('/api/destinations')).json()) as {
    destinations: { isReadable: boolean; secretId: string | null }[];
  };
  const [{ isReadable, secretId } = { isReadable: false, secretId: null }] = answer.destinations;
  return isReadable && secretId === 'AKID…Test';
}

const attention = async (): Promise<unknown> =>
  ((await (await rig.fetch('/api/attention')).json()) as { keyInFile: unknown }).keyInFile;

describe('the key of the stored secrets', () => {
  it('goes from its file into the keychain, stays usable over starts, and comes back for a box without a desktop', async () => {
    await write('file');
    await rig.start();
    await saveDestination();
    expect([await keys(), await attention()]).toEqual([[SECRET_KEY_FILE], null]);
    const key = await readFile(path.join(rig.dataDirectory, SECRET_KEY_FILE));
    await quit();

    await write('auto');
    await rig.start();
    expect([await keys(), await isOpened(), await attention()]).toEqual([[SEALED_KEY_FILE], true, null]);
    expect((await stat(path.join(rig.dataDirectory, SEALED_KEY_FILE))).mode & 0o777).toBe(0o600);
    await quit();
    await rig.start();
    expect([await keys(), await isOpened()]).toEqual([[SEALED_KEY_FILE], true]);
    await quit();
    for (const text of [key.toString('base64'), key.toString('hex'), SECRET_KEY]) {
      expect(await rig.filesWith(text)).toEqual([]);
    }

    await write('file');
    await rig.start();
    expect([await keys(), await isOpened()]).toEqual([[SECRET_KEY_FILE], true]);
    expect(await readFile(path.join(rig.dataDirectory, SECRET_KEY_FILE))).toEqual(key);
  });

  it.each([
    ['no keychain answers', { isAvailable: false }, 'linux'],
    ['Linux would seal with a password that everybody knows', { backend: 'basic_text' }, 'linux'],
  ] as const)('lies in a file, with a note for the operator, where %s', async (_name, keychain, platform) => {
    await rig.start(undefined, { keychain, platform });
    await saveDestination();
    expect([await keys(), await attention()]).toEqual([[SECRET_KEY_FILE], 'unavailable']);
    await quit();
    await rig.start(undefined, { platform });
    expect([await keys(), await isOpened(), await attention()]).toEqual([[SEALED_KEY_FILE], true, null]);
  });
});

describe('a keychain that does not open the key', () => {
  beforeEach(async () => {
    await rig.start();
    await saveDestination();
    await quit();
  });

  it('that is locked: says so, changes nothing, and goes on when somebody has unlocked it', async () => {
    const before = await readFile(path.join(rig.dataDirectory, SEALED_KEY_FILE));
    const starting = rig.start(undefined, { keychain: { isAvailable: false } });
    const shown = await rig.dialog(/keychain of this computer does not open/);
    expect(shown.options.detail).toContain(rig.dataDirectory);
    expect(shown.options.detail).toMatch(/Nothing was changed or deleted[\s\S]*secret\.key/);
    expect(shown.options.buttons).toEqual(['Try again', 'Show the folder', 'Quit']);
    shown.answer('Show the folder');
    await vi.waitFor(() => expect(double.opened).toEqual([rig.dataDirectory]), WAIT);
    double.safeStorage.isAvailable = true;
    (await rig.dialog(/keychain of this computer/)).answer('Try again');
    await starting;
    expect([await isOpened(), await keys()]).toEqual([true, [SEALED_KEY_FILE]]);
    expect(await readFile(path.join(rig.dataDirectory, SEALED_KEY_FILE))).toEqual(before);
  });

  it("of another user: says so in the reader's language; whoever quits finds everything as it was", async () => {
    const starting = rig.start(undefined, { keychain: { user: 'somebody' }, locale: 'zh-CN' });
    const shown = await rig.dialog(/系统钥匙串无法解开/);
    expect(shown.options.detail).toMatch(/没有更改或删除任何内容[\s\S]*secret\.key/);
    shown.answer('退出');
    await starting;
    expect([double.exitCode, double.trays.length, await keys()]).toEqual([0, 0, [SEALED_KEY_FILE]]);
    await rig.start();
    expect(await isOpened()).toBe(true);
  });
});
