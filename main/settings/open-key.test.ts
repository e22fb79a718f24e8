import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KEY_STORE_SETTINGS, type KeyStoreSetting } from '../../shared/key-store.ts';
import { countedAsync, countedSync, failOnce, systemError } from '../../test/support/failing-calls.ts';
import { silentLogger } from '../logging.ts';
import { type AtomicFiles, realAtomicFiles } from './atomic-file.ts';
import type { Keychain } from './key-store.ts';
import { type OpenedKey, openKey } from './open-key.ts';
import { openFileSecretBox, readFileSecretBox, SEALED_KEY_FILE, SECRET_KEY_FILE } from './secrets.ts';

let directory: string;
let plain: string;
let sealed: string;
let keychain: Keychain & { user: string; isUnlocked: boolean; isRotated: boolean };
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'open-key-'));
  plain = path.join(directory, SECRET_KEY_FILE);
  sealed = path.join(directory, SEALED_KEY_FILE);
  keychain = fakeKeychain();
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Opens only what was sealed for the same user, while it is unlocked. */
function fakeKeychain(): typeof keychain {
  const chain = {
    user: 'anna',
    isUnlocked: true,
    /** Old blobs are to be sealed anew. */
    isRotated: false,
    isUsable: async () => chain.isUnlocked,
    async seal(text: string) {
      if (!chain.isUnlocked) throw new Error('locked');
      const hex = Buffer.from(text).toString('hex');
      return Buffer.from(JSON.stringify({ user: chain.user, isRotated: chain.isRotated, hex }));
    },
    async open(blob: Uint8Array) {
      const { user, isRotated, hex } = JSON.parse(Buffer.from(blob).toString()) as Record<string, unknown>;
      if (!chain.isUnlocked || user !== chain.user) throw new Error('cannot decrypt');
      return { text: Buffer.from(String(hex), 'hex').toString(), isStale: isRotated !== chain.isRotated };
    },
  };
  return chain;
}

interface Start {
  setting?: KeyStoreSetting;
  keychain?: Keychain | null;
  files?: AtomicFiles;
}

const start = (given: Start = {}): Promise<OpenedKey> =>
  openKey({ setting: 'auto', keychain, log: silentLogger(), now: () => 1234, directory, ...given });

const HEADLESS = { keychain: null } as const;
const opens = ({ box }: OpenedKey, blob: Buffer): boolean => box.open(blob, 'c') === 'text';

describe('where the key lies', () => {
  it('on a box without a desktop: in the file; who wants a keychain there is told', async () => {
    const blob = (await start(HEADLESS)).box.seal('text', 'c');
    expect(readdirSync(directory)).toEqual([SECRET_KEY_FILE]);
    const again = await start({ ...HEADLESS, setting: 'safeStorage' });
    expect([opens(again, blob), again.inFile, again.isNew]).toEqual([true, 'noDesktop', false]);
    expect((await start({ ...HEADLESS, setting: 'file' })).inFile).toBeNull();
  });

  it.each(['auto', 'safeStorage'] as const)(
    'a new desktop with %s: in the keychain, never in a file',
    async (setting) => {
      const first = await start({ setting });
      expect([first.isNew, first.inFile]).toEqual([true, null]);
      expect(readdirSync(directory)).toEqual([SEALED_KEY_FILE]);
      expect(statSync(sealed).mode & 0o777).toBe(0o600);
      const again = await start({ setting });
      expect([opens(again, first.box.seal('text', 'c')), again.isNew]).toEqual([true, false]);
    },
  );

  it('moves into the keychain and back, and opens at each place what was sealed at the other', async () => {
    const inFile = await start({ setting: 'file' });
    const key = readFileSync(plain);
    expect(inFile.inFile).toBeNull();
    const locked = await start();
    expect(readdirSync(directory)).toEqual([SEALED_KEY_FILE]);
    expect(readFileSync(sealed).includes(key.toString('base64'))).toBe(false);
    const back = await start({ setting: 'file' });
    expect(readdirSync(directory)).toEqual([SECRET_KEY_FILE]);
    expect(readFileSync(plain)).toEqual(key);
    expect(statSync(plain).mode & 0o777).toBe(0o600);
    const boxes = [inFile, locked, back];
    for (const { box } of boxes) {
      const blob = box.seal('text', 'c');
      expect(boxes.map((other) => opens(other, blob))).toEqual([true, true, true]);
    }
    expect([...boxes, await start(HEADLESS)].map(({ isNew }) => isNew)).toEqual([true, false, false, false]);
  });

  it('stays in the file while no keychain can be used, and goes there when one can', async () => {
    keychain.isUnlocked = false;
    const first = await start();
    expect([first.inFile, readdirSync(directory)]).toEqual(['unavailable', [SECRET_KEY_FILE]]);
    keychain.isUnlocked = true;
    const later = await start();
    expect([later.inFile, readdirSync(directory)]).toEqual([null, [SEALED_KEY_FILE]]);
    expect(opens(later, first.box.seal('text', 'c'))).toBe(true);
  });

  it('is not given to a keychain that gives another one back', async () => {
    const blob = (await start({ setting: 'file' })).box.seal('text', 'c');
    const other = Buffer.alloc(32, 7).toString('base64');
    const lying: Keychain = { ...keychain, open: async () => ({ text: other, isStale: false }) };
    const opened = await start({ keychain: lying });
    expect([opens(opened, blob), opened.inFile, readdirSync(directory)]).toEqual([true, 'failed', [SECRET_KEY_FILE]]);
  });

  it('is in the file as well when its name at the other place may not survive a power cut', async () => {
    let syncs = 0;
    const sync = (handle: number): void => {
      syncs += 1;
      // The first is that of the sealed key itself, the second that of its directory.
      if (syncs === 2) throw systemError('EIO', 'sync');
      realAtomicFiles.sync(handle);
    };
    const opened = await start({ files: { ...realAtomicFiles, sync } });
    expect([opened.inFile, readdirSync(directory)]).toEqual(['failed', [SECRET_KEY_FILE, SEALED_KEY_FILE]]);
    expect(opens(await start(), opened.box.seal('text', 'c'))).toBe(true);
    expect(readdirSync(directory)).toEqual([SEALED_KEY_FILE]);
  });

  it('is sealed anew when the keychain asks for that', async () => {
    const blob = (await start()).box.seal('text', 'c');
    const before = readFileSync(sealed);
    keychain.isRotated = true;
    expect(opens(await start(), blob)).toBe(true);
    expect(readFileSync(sealed)).not.toEqual(before);
    expect(opens(await start(), blob)).toBe(true);
  });

  it('of what a crashed write left nothing stays', async () => {
    await start();
    for (const name of ['secret.key.77.tmp', 'secret.key.sealed.77.tmp'])
      writeFileSync(path.join(directory, name), 'x');
    await start();
    expect(readdirSync(directory)).toEqual([SEALED_KEY_FILE]);
  });
});

describe('a key that is there but cannot be used', () => {
  it.each<[string, () => void]>([
    ['a locked keychain', () => Object.assign(keychain, { isUnlocked: false })],
    ["another user's keychain", () => Object.assign(keychain, { user: 'ben' })],
    ['a damaged blob', () => writeFileSync(sealed, 'x')],
  ])('%s: says so, changes nothing, makes no other', async (_name, harm) => {
    const blob = (await start()).box.seal('text', 'c');
    const before = readFileSync(sealed);
    harm();
    const harmed = readFileSync(sealed);
    for (const setting of KEY_STORE_SETTINGS) {
      await expect(start({ setting })).rejects.toMatchObject({ name: 'SecretError', code: 'SECRET_KEY_LOCKED' });
    }
    expect([readdirSync(directory), readFileSync(sealed)]).toEqual([[SEALED_KEY_FILE], harmed]);
    writeFileSync(sealed, before);
    Object.assign(keychain, { isUnlocked: true, user: 'anna' });
    expect(opens(await start(), blob)).toBe(true);
  });

  it('without a desktop: every way to open a box refuses, and says what to do', async () => {
    await start();
    const refusal = {
      code: 'SECRET_KEY_IN_KEYCHAIN',
      message: expect.stringMatching(/desktop app once.*"keyStore": "file"/),
    };
    for (const setting of KEY_STORE_SETTINGS) {
      await expect(start({ ...HEADLESS, setting })).rejects.toMatchObject(refusal);
    }
    expect(() => openFileSecretBox(directory)).toThrow(expect.objectContaining(refusal));
    expect(() => readFileSecretBox(directory).seal('text', 'c')).toThrow(expect.objectContaining(refusal));
    expect(readdirSync(directory)).toEqual([SEALED_KEY_FILE]);
  });

  it('a copy of the file that somebody puts back counts; what the keychain does not open is set aside', async () => {
    const blob = (await start({ setting: 'file' })).box.seal('text', 'c');
    const copy = readFileSync(plain);
    await start();
    const lost = readFileSync(sealed);
    keychain.user = 'ben';
    writeFileSync(plain, copy);
    const opened = await start();
    expect([opens(opened, blob), opened.inFile, opened.isNew]).toEqual([true, null, false]);
    expect(readdirSync(directory).toSorted()).toEqual([SEALED_KEY_FILE, `${SEALED_KEY_FILE}.1234`]);
    expect(readFileSync(`${sealed}.1234`)).toEqual(lost);
  });

  it('another key beside it is not deleted, whichever place is wanted', async () => {
    await start();
    writeFileSync(plain, Buffer.alloc(32, 7));
    await start({ setting: 'file' });
    expect(readdirSync(directory).toSorted()).toEqual([SECRET_KEY_FILE, SEALED_KEY_FILE]);
    await start();
    expect(readdirSync(directory).toSorted()).toEqual([SEALED_KEY_FILE, `${SEALED_KEY_FILE}.1234`]);
  });
});

/** Starts of which the `failAt`th call to disk or keychain fails: alone, or with everything after it, as when the process is killed. */
function failing(
  failAt: number,
  isKilled: boolean,
): { files: AtomicFiles; keychain: Keychain; failed(): string | null } {
  const once = failOnce(failAt, (call) => systemError('EIO', call));
  const counter = {
    ...{ count: 0, failed: null },
    note(call: string) {
      if (isKilled && once.failed !== null) throw systemError('EIO', call);
      once.note(call);
    },
  };
  return {
    files: countedSync(realAtomicFiles, counter),
    keychain: countedAsync({ ...keychain, open: keychain.open }, counter),
    failed: () => once.failed,
  };
}

/** Each way a key can go, with each of its calls failing in turn. */
describe.each([
  ['made for the keychain', null, 'auto'],
  ['into the keychain', 'file', 'auto'],
  ['back into the file', 'auto', 'file'],
] as const)('a key %s', (_name, before, wanted) => {
  it.each([false, true])(
    'is never lost by a call that fails (killed there: %s), and the next start gets through',
    async (isKilled) => {
      const calls: string[] = [];
      for (let failAt = 1; ; failAt += 1) {
        for (const name of readdirSync(directory)) rmSync(path.join(directory, name));
        const blob = before === null ? null : (await start({ setting: before })).box.seal('text', 'c');
        const fault = failing(failAt, isKilled);
        const attempt = await start({ setting: wanted, files: fault.files, keychain: wrapOpen(fault.keychain) }).catch(
          () => null,
        );
        const where = `call ${failAt}, ${fault.failed()}`;
        // What a start sealed before it is told of the failure, or in spite of it, opens later as well.
        const own = isKilled ? undefined : attempt?.box.seal('text', 'c');
        if (attempt !== null && blob !== null) expect(opens(attempt, blob), where).toBe(true);
        if (attempt?.inFile === 'failed') expect(existsSync(plain), where).toBe(true);
        const next = await start({ setting: wanted });
        for (const one of [blob, own]) if (one) expect(opens(next, one), where).toBe(true);
        if (blob !== null || own) expect(next.isNew, where).toBe(false);
        expect(readdirSync(directory), where).toEqual([wanted === 'file' ? SECRET_KEY_FILE : SEALED_KEY_FILE]);
        if (fault.failed() === null) break;
        calls.push(fault.failed() ?? '');
      }
      expect(calls.length).toBeGreaterThan(9);
    },
  );
});

/** `countedAsync` takes the answer of `open` for a handle; a keychain's is none. */
function wrapOpen(chain: Keychain): Keychain {
  return { isUsable: () => chain.isUsable().catch(() => false), seal: chain.seal, open: chain.open };
}

it('over any starts, failures and places: what was sealed once opens at every start that succeeds', async () => {
  const someStart = fc.record({
    setting: fc.constantFrom(...KEY_STORE_SETTINGS),
    isHeadless: fc.boolean(),
    isUnlocked: fc.boolean(),
    failAt: fc.nat(30),
    isKilled: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(someStart, { maxLength: 8 }), async (starts) => {
      for (const name of readdirSync(directory)) rmSync(path.join(directory, name));
      const blobs: Buffer[] = [];
      for (const { setting, isHeadless, isUnlocked, failAt, isKilled } of starts) {
        keychain.isUnlocked = isUnlocked;
        const fault = failing(failAt, isKilled);
        const parts = { setting, files: fault.files, keychain: isHeadless ? null : wrapOpen(fault.keychain) };
        const opened = await start(parts).catch(() => null);
        if (opened === null) continue;
        for (const blob of blobs) expect(opens(opened, blob)).toBe(true);
        if (blobs.length > 0) expect(opened.isNew).toBe(false);
        // A killed process seals nothing any more.
        if (!isKilled || fault.failed() === null) blobs.push(opened.box.seal('text', 'c'));
      }
      keychain.isUnlocked = true;
      const last = await start({ setting: 'file' });
      for (const blob of blobs) expect(opens(last, blob)).toBe(true);
      const isAside = (name: string): boolean => name === `${SEALED_KEY_FILE}.1234`;
      expect(readdirSync(directory).filter((name) => !isAside(name))).toEqual([SECRET_KEY_FILE]);
    }),
    { numRuns: 150 },
  );
});
