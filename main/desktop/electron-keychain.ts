import { safeStorage } from 'electron';
import type { Keychain } from '../settings/key-store.ts';

/** Somebody may have to type a password into the system's own window first; who does not sit there keeps the box from nothing for longer. */
const ANSWER_WITHIN_MS = 30_000;
/** Begins what Linux seals where no keychain answers: with a password that is the same for all. */
const KNOWN_PASSWORD = 'v10';

/** The keychain of the system's user behind Electron's safeStorage. Usable once the app is ready. */
export function createKeychain(platform: NodeJS.Platform): Keychain {
  const isLinux = platform === 'linux';
  return {
    async isUsable() {
      if (isLinux && ['basic_text', 'unknown'].includes(safeStorage.getSelectedStorageBackend())) return false;
      try {
        return await inTime(safeStorage.isAsyncEncryptionAvailable());
      } catch {
        return false;
      }
    },
    async seal(text) {
      const blob = await inTime(safeStorage.encryptStringAsync(text));
      if (isLinux && blob.subarray(0, KNOWN_PASSWORD.length).toString('latin1') === KNOWN_PASSWORD) {
        throw new Error('no keychain answers: the system would seal with a password that everybody knows');
      }
      return blob;
    },
    async open(blob) {
      const { result, shouldReEncrypt } = await inTime(safeStorage.decryptStringAsync(Buffer.from(blob)));
      return { text: result, isStale: shouldReEncrypt };
    },
  };
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const message = `the keychain did not answer within ${ANSWER_WITHIN_MS / 1000} s`;
  const timer = setTimeout(() => reject(new Error(message)), ANSWER_WITHIN_MS);
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
