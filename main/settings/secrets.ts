import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync } from 'node:fs';
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
  readonly code: 'SECRET_KEY_DAMAGED' | 'SECRET_UNREADABLE';
  constructor(code: SecretError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SecretError';
    this.code = code;
  }
}

/** Name of the key file inside the data directory. */
export const SECRET_KEY_FILE = 'secret.key';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** First byte of every blob, so that the format can change later. */
const FORMAT = 1;
const ALGORITHM = 'aes-256-gcm';

function boundData(context: string): Buffer {
  return Buffer.from(`trtc-recorder-box\0${FORMAT}\0${context}`, 'utf8');
}

/** AES-256-GCM with the given 32-byte key. Blob: format byte, nonce, tag, ciphertext. */
export function createSecretBox(key: Uint8Array): SecretBox {
  if (key.length !== KEY_BYTES) throw new RangeError(`the key must have ${KEY_BYTES} bytes`);
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
 * @throws SecretError when the key file has the wrong length.
 */
export function openFileSecretBox(directory: string): SecretBox {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, SECRET_KEY_FILE);
  createFileIfMissing(path);
  const key = readFileSync(path);
  if (key.length !== KEY_BYTES) {
    throw new SecretError(
      'SECRET_KEY_DAMAGED',
      `${path} has ${key.length} bytes instead of ${KEY_BYTES}. Restore it from a backup; only when there is none remove it, and the secrets of unfinished recordings with it.`,
    );
  }
  chmodSync(path, 0o600);
  return createSecretBox(key);
}

/**
 * A box over the key file in `directory` that makes and changes nothing: without a sound key file nothing opens.
 * Opening and sealing throw SecretError then.
 */
export function readFileSecretBox(directory: string): SecretBox {
  const path = join(directory, SECRET_KEY_FILE);
  let key: Buffer | null = null;
  try {
    key = readFileSync(path);
  } catch {
    // Told when it is needed.
  }
  if (key?.length === KEY_BYTES) return createSecretBox(key);
  const refuse = (): never => {
    throw new SecretError('SECRET_KEY_DAMAGED', `${path} is missing or damaged. Restore it from a backup.`);
  };
  return { seal: refuse, open: refuse };
}

function createFileIfMissing(path: string): void {
  try {
    readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    createFile(path, randomBytes(KEY_BYTES));
  }
}
