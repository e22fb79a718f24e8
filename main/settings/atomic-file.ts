import { closeSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** The file functions needed; replaceable, so that every one of them can be made to fail. */
export interface AtomicFiles {
  open(path: string, flags: 'r' | 'wx', mode?: number): number;
  write(handle: number, data: string | Uint8Array): void;
  sync(handle: number): void;
  close(handle: number): void;
  rename(from: string, to: string): void;
  link(from: string, to: string): void;
  /** A file that is not there is no error. */
  remove(path: string): void;
}

export const realAtomicFiles: AtomicFiles = {
  open: (path, flags, mode) => openSync(path, flags, mode),
  write: (handle, data) => writeFileSync(handle, data),
  sync: (handle) => fsyncSync(handle),
  close: (handle) => closeSync(handle),
  rename: (from, to) => renameSync(from, to),
  link: (from, to) => linkSync(from, to),
  remove: (path) => rmSync(path, { force: true }),
};

/** Makes a rename or creation in `directory` survive a power cut. Windows cannot open directories and needs no such call. */
export function syncDirectory(directory: string, files: AtomicFiles = realAtomicFiles): void {
  if (process.platform === 'win32') return;
  const handle = files.open(directory, 'r');
  try {
    files.sync(handle);
  } finally {
    files.close(handle);
  }
}

function writeSynced(path: string, data: string | Uint8Array, mode: number, files: AtomicFiles): void {
  const handle = files.open(path, 'wx', mode);
  try {
    files.write(handle, data);
    files.sync(handle);
  } finally {
    files.close(handle);
  }
}

/** A temporary file that cannot be removed is a nuisance; it must not hide what happened, nor undo what succeeded. */
function removeQuietly(path: string, files: AtomicFiles): void {
  try {
    files.remove(path);
  } catch {
    // The next write to the same file removes it first, and says so when that is still not possible.
  }
}

/**
 * Replaces a file in one step: readers and power cuts see the old content or the new one, never a part. Throws the system's error;
 * the file then has its old content, or the new one of which it is not sure that a power cut spares it.
 */
export function replaceFile(
  path: string,
  data: string | Uint8Array,
  mode = 0o600,
  files: AtomicFiles = realAtomicFiles,
): void {
  const temporary = `${path}.${process.pid}.tmp`;
  files.remove(temporary);
  try {
    writeSynced(temporary, data, mode, files);
    files.rename(temporary, path);
  } catch (error) {
    removeQuietly(temporary, files);
    throw error;
  }
  syncDirectory(dirname(path), files);
}

/** Creates a file in one step. @returns false when it exists already; it is never overwritten. */
export function createFile(
  path: string,
  data: string | Uint8Array,
  mode = 0o600,
  files: AtomicFiles = realAtomicFiles,
): boolean {
  const temporary = `${path}.${process.pid}.tmp`;
  files.remove(temporary);
  try {
    writeSynced(temporary, data, mode, files);
    files.link(temporary, path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    removeQuietly(temporary, files);
  }
  syncDirectory(dirname(path), files);
  return true;
}
