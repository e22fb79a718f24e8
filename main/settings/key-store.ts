import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AtomicFiles, createFile, realAtomicFiles, replaceFile, syncDirectory } from './atomic-file.ts';
import {
  createSecretBox,
  isThere,
  KEY_BYTES,
  keyInKeychain,
  readKeyFile,
  SEALED_KEY_FILE,
  SECRET_KEY_FILE,
  SecretError,
} from './secrets.ts';

/** Where the key of the box's secrets lies between two runs. Whoever is handed a key wipes it. */
export interface KeyStore {
  /** Whether there is a key, usable or not. Throws the system's error when that cannot be told. */
  has(): boolean;
  /** @throws SecretError when the key cannot be used; the system's error when it cannot be read. */
  read(): Promise<Uint8Array>;
  /** Stores a key where none is; when it returns, a power cut spares it. Throws what kept it from that. */
  write(key: Uint8Array): Promise<void>;
  /** Removes the key, once what takes its place is safe from a power cut. Harmless when there is none. Throws the system's error. */
  remove(): void;
}

/** What the operating system keeps for its user. Every call ends within a time of its own. */
export interface Keychain {
  /** Whether it can keep a secret now. Never rejects. */
  isUsable(): Promise<boolean>;
  /** Rejects when it cannot seal so that only this user's keychain opens it. */
  seal(text: string): Promise<Uint8Array>;
  /**
   * Rejects when the keychain is locked, or another one than the blob was sealed with. `isStale`: the blob still opens, but by a key that
   * the keychain has replaced, and should be sealed anew.
   */
  open(blob: Uint8Array): Promise<{ text: string; isStale: boolean }>;
}

/** The key as it is, in a file that only the box's user may read. */
export function fileKeyStore(directory: string, files: AtomicFiles = realAtomicFiles): KeyStore {
  const path = join(directory, SECRET_KEY_FILE);
  return {
    has: () => isThere(path),
    read: async () => readKeyFile(path),
    write: async (key) => create(path, key, files),
    remove: () => remove(directory, path, files),
  };
}

/** The key sealed by a keychain. Null where there is none to ask: then it can only be told whether there is such a key. */
export function sealedKeyStore(
  directory: string,
  keychain: Keychain | null,
  files: AtomicFiles = realAtomicFiles,
): KeyStore & { setAside(stamp: string): void } {
  const path = join(directory, SEALED_KEY_FILE);
  const asked = (): Keychain => {
    if (keychain === null) throw keyInKeychain(directory);
    return keychain;
  };
  /** @throws when the blob does not open again: it would lock every later start out. */
  const seal = async (key: Uint8Array): Promise<Uint8Array> => {
    const blob = await asked().seal(Buffer.from(key).toString('base64'));
    const { text } = await asked().open(blob);
    if (!areSame(key, Buffer.from(text, 'base64'))) throw new Error(OTHER_KEY);
    return blob;
  };
  const reseal = async (key: Uint8Array): Promise<void> => {
    try {
      replaceFile(path, await seal(key), 0o600, files);
    } catch {
      // What is there still opens; the next start tries again.
    }
  };
  return {
    has: () => isThere(path),
    async read() {
      const blob = readFileSync(path);
      const { text, isStale } = await asked()
        .open(blob)
        .catch((cause: unknown) => {
          const message = `the keychain of this user does not open ${path}: it is locked, was reset, or belongs to another user or computer. Nothing was changed.`;
          throw new SecretError('SECRET_KEY_LOCKED', message, { cause });
        });
      const key = Buffer.from(text, 'base64');
      if (key.length !== KEY_BYTES) {
        throw new SecretError('SECRET_KEY_DAMAGED', `${path} holds no key. Restore ${SECRET_KEY_FILE} from a copy.`);
      }
      if (isStale) await reseal(key);
      return key;
    },
    write: async (key) => create(path, await seal(key), files),
    remove: () => remove(directory, path, files),
    setAside(stamp) {
      files.rename(path, `${path}.${stamp}`);
      syncDirectory(directory, files);
    },
  };
}

function create(path: string, data: Uint8Array, files: AtomicFiles): void {
  if (!createFile(path, data, 0o600, files)) throw new Error(`${path} is there already`);
}

function remove(directory: string, path: string, files: AtomicFiles): void {
  syncDirectory(directory, files);
  files.remove(path);
  syncDirectory(directory, files);
}

export const OTHER_KEY = 'the store gives back another key than it was given';
const PROBE = 'key store probe';

/** Whether the second key opens what the first one seals. Wipes the second. */
export function areSame(key: Uint8Array, other: Uint8Array): boolean {
  try {
    return createSecretBox(other).open(createSecretBox(key).seal(PROBE, PROBE), PROBE) === PROBE;
  } catch {
    return false;
  } finally {
    other.fill(0);
  }
}
