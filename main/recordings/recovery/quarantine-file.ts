import { readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { ensureDirectory } from '../../durable-directory.ts';
import { replaceFile, syncDirectory } from '../../settings/atomic-file.ts';

/** Name of the folder for files that nobody understands, in the data directory or, on another disk, beside the file. */
export const QUARANTINE_FOLDER = 'quarantine';

export interface QuarantineNote {
  recordingId: string;
  /** Name of the file before. */
  file: string;
  reason: string;
  bytes: number;
  /** Wall clock, ms since 1970. */
  atMs: number;
}

/** The file functions that are used; replaceable, so that every one of them can be made to fail. */
export interface QuarantineFiles {
  mkdir(directory: string): Promise<void>;
  list(directory: string): Promise<string[]>;
  rename(from: string, to: string): Promise<void>;
  /** Writes a small file in one step, synced. */
  write(file: string, text: string): void;
  syncDirectory(directory: string): void;
}

export const realQuarantineFiles: QuarantineFiles = {
  mkdir: async (directory) => ensureDirectory(directory, 0o700),
  list: (directory) => readdir(directory),
  rename,
  write: replaceFile,
  syncDirectory,
};

/**
 * Moves a file of a recording into `<dataDirectory>/quarantine/<recordingId>/`, with a note beside it that tells why. A move, never a
 * copy: on another disk than the data directory's the folder is made beside the file instead. Harmless to repeat after a crash.
 * Rejects with the file system's error; the file is in the one place or in the other.
 * @returns where it is now
 */
export async function quarantineFile(
  file: string,
  note: QuarantineNote,
  dataDirectory: string,
  files: QuarantineFiles = realQuarantineFiles,
): Promise<string> {
  const far = path.join(dataDirectory, QUARANTINE_FOLDER, note.recordingId);
  try {
    return await moveInto(far, file, note, files);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    return await moveInto(path.join(path.dirname(file), QUARANTINE_FOLDER), file, note, files);
  }
}

async function moveInto(
  directory: string,
  file: string,
  note: QuarantineNote,
  files: QuarantineFiles,
): Promise<string> {
  await files.mkdir(directory);
  const target = path.join(directory, freeName(path.basename(file), await files.list(directory)));
  // The note first: a file without its reason would be the worse half after a power cut.
  files.write(`${target}.json`, `${JSON.stringify(note, null, 2)}\n`);
  await files.rename(file, target);
  files.syncDirectory(directory);
  files.syncDirectory(path.dirname(file));
  return target;
}

function freeName(name: string, taken: readonly string[]): string {
  let free = name;
  for (let number = 2; taken.includes(free); number += 1) free = `${number}-${name}`;
  return free;
}
