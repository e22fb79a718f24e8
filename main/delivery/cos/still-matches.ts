import { CosError } from './cos-error.ts';
import { digestRange, type FileAccess, identifyFile, sameIdentity } from './file-access.ts';
import type { UploadState } from './journal.ts';

/**
 * Reads every acknowledged part again. A file edited under its old time and size must not end up half old, half new.
 * @param onBytes called while it reads, as a sign of life.
 * @returns false only when the file is certainly another one: what cannot be read says nothing yet.
 */
export async function stillMatches(
  files: FileAccess,
  path: string,
  open: UploadState,
  signal: AbortSignal,
  onBytes: () => void,
): Promise<boolean> {
  try {
    const identity = await identifyFile(files, path);
    if (!sameIdentity(identity, open.identity)) return false;
    for (const { offset, length, md5 } of open.parts) {
      const digest = await digestRange(files, path, offset, length, { signal, onBytes });
      if (digest.md5 !== md5) return false;
    }
    return true;
  } catch (error) {
    return !(error instanceof CosError && error.code === 'FileChanged');
  }
}
