import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createFile } from './atomic-file.ts';

/**
 * Turns text into something that may lie on disk, and back. `context` says what the secret belongs to: a blob opens only with
 * the context it was sealed with, so that it cannot be moved to another record.
 */
export interface SecretBox {
  seal(plaintext: string, context: string): Buffer;
  /** @throws SecretError when the blob was changed, belongs to another context or was sealed with another key. */
  open(blob: Uint8Array, context: string): string;
}

/** A secret or its key cannot be used. The message never holds any of the content. */
export class SecretError extends Error {
  /** `SECRET_KEY_LOCKED`: the keychain does not open the key; `SECRET_KEY_IN_KEYCHAIN`: no keychain can be asked here. */
  readonly code: 'SECRET_KEY_DAMAGED' | 'SECRET_UNREADABLE' | 'SECRET_KEY_LOCKED' | 'SECRET_KEY_IN_KEYCHAIN';
  constructor(code: SecretError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SecretError';
    this.code = code;
  }
}

/** Name of the key file inside the data directory. */
export const SECRET_KEY_FILE = 'secret.key';

/** Name of the file that holds the key sealed by the keychain of the operating system's user. */
export const SEALED_KEY_FILE = 'secret.key.sealed';

export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** First byte of every blob, so that the format can change later. */
const FORMAT = 1;
const ALGORITHM = 'aes-256-gcm';

function boundData(context: string): Buffer {
  return Buffer.from(`trtc-recorder-box\0${FORMAT}\0${context}`, 'utf8');
}

/** AES-256-GCM with the given 32-byte key, which may be wiped afterwards. Blob: format byte, nonce, tag, ciphertext. */
export function createSecretBox(keyBytes: Uint8Array): SecretBox {
  if (keyBytes.length !== KEY_BYTES) throw new RangeError(`the key must have ${KEY_BYTES} bytes`);
  const key = createSecretKey(keyBytes);
  return {
    seal(plaintext, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, nonce);
      cipher.setAAD(boundData(context));
      const sealed = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.from([FORMAT]), nonce, cipher.getAuthTag(), sealed]);
    },
    open(blob, context) {
      const tagAt = 1 + NONCE_BYTES;
      const textAt = tagAt + TAG_BYTES;
      if (blob.length < textAt || blob[0] !== FORMAT) {
        throw new SecretError('SECRET_UNREADABLE', `the secret of ${context} has an unknown format`);
      }
      try {
        const decipher = createDecipheriv(ALGORITHM, key, blob.subarray(1, tagAt), { authTagLength: TAG_BYTES });
        decipher.setAAD(boundData(context));
        decipher.setAuthTag(blob.subarray(tagAt, textAt));
        return Buffer.concat([decipher.update(blob.subarray(textAt)), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new SecretError(
          'SECRET_UNREADABLE',
          `the secret of ${context} cannot be opened: it was changed, or ${SECRET_KEY_FILE} is not the one it was sealed with`,
          { cause },
        );
      }
    },
  };
}

/**
 * A box over the key file in `directory`. The key is made at the first use and never overwritten: losing it would lose every
 * sealed secret.
 * @throws SecretError when the key file has the wrong length, or the key is in a keychain.
 */
export function openFileSecretBox(directory: string): SecretBox {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, SECRET_KEY_FILE);
  if (isKeyInKeychain(directory)) throw keyInKeychain(directory);
  if (!isThere(path)) {
    const key = randomBytes(KEY_BYTES);
    createFile(path, key);
    key.fill(0);
  }
  return boxAndWipe(readKeyFile(path));
}

/**
 * A box over the key file in `directory` that makes and changes nothing: without a sound key file nothing opens.
 * Opening and sealing throw SecretError then.
 */
export function readFileSecretBox(directory: string): SecretBox {
  const path = join(directory, SECRET_KEY_FILE);
  try {
    const key = readFileSync(path);
    if (key.length === KEY_BYTES) return boxAndWipe(key);
  } catch {
    // Told when it is needed.
  }
  const refuse = (): never => {
    if (isKeyInKeychain(directory)) throw keyInKeychain(directory);
    throw new SecretError('SECRET_KEY_DAMAGED', `${path} is missing or damaged. Restore it from a backup.`);
  };
  return { seal: refuse, open: refuse };
}

/** Whether there is such a file. Throws when that cannot be told: a key that is merely out of reach must not be taken for none. */
export function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Whether the key of this directory can be had only from a keychain. */
export function isKeyInKeychain(directory: string): boolean {
  return !isThere(join(directory, SECRET_KEY_FILE)) && isThere(join(directory, SEALED_KEY_FILE));
}

/** A box over the key, whose bytes are wiped. */
export function boxAndWipe(key: Uint8Array): SecretBox {
  const box = createSecretBox(key);
  key.fill(0);
  return box;
}

/** The key in a file, which is made private. @throws SecretError when it has the wrong length; the system's error. */
export function readKeyFile(path: string): Buffer {
  const key = readFileSync(path);
  if (key.length !== KEY_BYTES) {
    throw new SecretError(
      'SECRET_KEY_DAMAGED',
      `${path} has ${key.length} bytes instead of ${KEY_BYTES}. Restore it from a backup; only when there is none remove it, and the secrets of unfinished recordings with it.`,
    );
  }
  chmodSync(path, 0o600);
  return key;
}

/** What is said where no keychain can be asked. */
export function keyInKeychain(directory: string): SecretError {
  return new SecretError(
    'SECRET_KEY_IN_KEYCHAIN',
    `the key of the secrets in ${directory} was given to the keychain of the user who ran the desktop app (${SEALED_KEY_FILE}), and only that app can get it from there. Start the desktop app once with "secrets": {"keyStore": "file"} in settings.json and quit it, or put a copy of ${SECRET_KEY_FILE} back. Nothing was changed.`,
  );
}
