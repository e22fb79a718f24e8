import { createHash, timingSafeEqual } from 'node:crypto';

/** Enough that nobody ever guesses one, however many he may try. */
export const SECRET_BYTES = 32;
/** Marks a token, so that people and scanners recognise it where it should not be. */
export const TOKEN_PREFIX = 'box_';
/** Nothing longer is looked at. */
const MAX_SECRET_LENGTH = 256;

/** A token: prefix and base64url. @param bytes `SECRET_BYTES` random ones */
export function tokenOf(bytes: Buffer): string {
  return TOKEN_PREFIX + bytes.toString('base64url');
}

/** Whether a text has the form of a token that some box made: none that people think up are taken. */
export function isToken(text: string): boolean {
  return /^box_[A-Za-z0-9_-]{43}$/.test(text);
}

/** SHA-256 in lower-case hexadecimal: all that is kept. A slow hash is for secrets that people choose, not for 256 random bits. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('hex');
}

/** The entry whose hash is that of `secret`. Takes as long for every secret: each entry is compared in whole. */
export function findBySecret<Entry extends { hash: string }>(secret: string, entries: readonly Entry[]): Entry | null {
  if (secret === '' || secret.length > MAX_SECRET_LENGTH) return null;
  const wanted = Buffer.from(hashOf(secret), 'hex');
  let found: Entry | null = null;
  for (const entry of entries) {
    const hash = Buffer.from(entry.hash, 'hex');
    if (hash.length === wanted.length && timingSafeEqual(hash, wanted)) found = entry;
  }
  return found;
}
