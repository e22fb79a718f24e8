import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyInFile, KeyStoreSetting } from '../../shared/key-store.ts';
import type { Logger } from '../logging.ts';
import { type AtomicFiles, realAtomicFiles } from './atomic-file.ts';
import { areSame, fileKeyStore, type Keychain, type KeyStore, OTHER_KEY, sealedKeyStore } from './key-store.ts';
import { createSecretBox, KEY_BYTES, type SecretBox } from './secrets.ts';

export interface OpenKeyOptions {
  directory: string;
  /** The setting `secrets.keyStore`. */
  setting: KeyStoreSetting;
  /** Null where there is none to ask: without a desktop. */
  keychain: Keychain | null;
  log: Logger;
  /** Wall clock, ms since 1970. */
  now(): number;
  files?: AtomicFiles;
}

export interface OpenedKey {
  box: SecretBox;
  /** Whether the key was made just now: no sealed secret of an earlier run opens with it. */
  isNew: boolean;
  /** Why the key lies in a plain file although the settings want it in the keychain; null when all is as they want it. */
  inFile: KeyInFile | null;
}

const LEFTOVER = /^secret\.key(\.sealed)?\.\d+\.tmp$/;

/**
 * Opens the key of the box's secrets, moved to where the settings want it. The old place is emptied only when the new one has been proven
 * to hold the same key, so that a start after any interruption finds it; where both hold one, that in the plain file counts, because it is
 * removed last on its way into the keychain and written whole on its way out. A key is made only where neither place has one.
 * @throws SecretError when there is a key that cannot be used; nothing is changed then. The system's error when a file cannot be read, or
 * the key cannot be brought back into its file.
 */
export async function openKey(options: OpenKeyOptions): Promise<OpenedKey> {
  const { directory, setting, keychain, files = realAtomicFiles } = options;
  sweep(directory, files, options.log);
  const file = fileKeyStore(directory, files);
  const sealed = sealedKeyStore(directory, keychain, files);
  const reason = await reasonForFile(setting, keychain);
  const isInFile = file.has();
  const isNew = !isInFile && !sealed.has();
  const key = isNew ? randomBytes(KEY_BYTES) : await (isInFile ? file : sealed).read();
  const opened = (inFile: KeyInFile | null): OpenedKey => ({ box: createSecretBox(key), isNew, inFile });
  try {
    if (!isInFile && !isNew) {
      if (setting === 'file') await bringBack(key, sealed, file, options.log);
      return opened(null);
    }
    const wantsKeychain = setting !== 'file' && keychain !== null && reason === null;
    if (wantsKeychain && (await lockAway(key, file, sealed, options))) return opened(null);
    if (isNew) await file.write(key);
    else if (setting === 'file' && sealed.has()) await dropLeftover(key, sealed, options.log);
    return opened(wantsKeychain ? 'failed' : reason);
  } finally {
    key.fill(0);
  }
}

/** Removes what a write that a crash interrupted left of a key: never the only copy, but as telling as the key itself. */
function sweep(directory: string, files: AtomicFiles, log: Logger): void {
  try {
    const left = readdirSync(directory).filter((name) => LEFTOVER.test(name));
    for (const name of left) files.remove(join(directory, name));
  } catch (error) {
    log.warn({ err: error }, 'what an interrupted write left of a key could not be removed');
  }
}

async function reasonForFile(setting: KeyStoreSetting, keychain: Keychain | null): Promise<KeyInFile | null> {
  if (setting === 'file') return null;
  // A box without a desktop has no other place; only who asked for one is told.
  if (keychain === null) return setting === 'safeStorage' ? 'noDesktop' : null;
  return (await keychain.isUsable()) ? null : 'unavailable';
}

async function bringBack(key: Uint8Array, sealed: KeyStore, file: KeyStore, log: Logger): Promise<void> {
  await file.write(key);
  if (!areSame(key, await file.read())) throw new Error(OTHER_KEY);
  sealed.remove();
  log.info({}, 'the key of the secrets was brought from the keychain into its file');
}

/** Gives a key to the keychain. A box whose keychain refuses works on with its file. @returns whether the key is there, and only there */
async function lockAway(
  key: Uint8Array,
  file: KeyStore,
  sealed: ReturnType<typeof sealedKeyStore>,
  { log, now }: OpenKeyOptions,
): Promise<boolean> {
  let isProven = false;
  try {
    if (sealed.has() && !(await holds(sealed, key))) {
      log.error({}, 'the keychain held another key than the key file, or one that it does not open; it was set aside');
      sealed.setAside(String(now()));
    }
    if (!sealed.has()) await sealed.write(key);
    if (!areSame(key, await sealed.read())) throw new Error(OTHER_KEY);
    isProven = true;
    file.remove();
    log.info({}, 'the key of the secrets is in the keychain');
  } catch (error) {
    log.error({ err: error }, 'the key of the secrets could not be moved into the keychain');
  }
  return isProven && !file.has();
}

/** A copy in the keychain from a move that was interrupted; one that is not the same is nobody's to delete. */
async function dropLeftover(key: Uint8Array, sealed: KeyStore, log: Logger): Promise<void> {
  try {
    if (await holds(sealed, key)) sealed.remove();
  } catch (error) {
    log.warn({ err: error }, 'the copy of the key in the keychain could not be removed');
  }
}

async function holds(store: KeyStore, key: Uint8Array): Promise<boolean> {
  try {
    return areSame(key, await store.read());
  } catch {
    return false;
  }
}
