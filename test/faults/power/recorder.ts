import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { DiskImage, InitialEntry } from './disk.ts';

const run = promisify(execFile);
const SOURCE = fileURLToPath(new URL('./record.c', import.meta.url));

/** A compiled recorder, or why there can be none on this machine. */
export type Recorder = { kind: 'ready'; library: string } | { kind: 'impossible'; why: string };

/** Compiles the recorder into a directory. */
export async function compileRecorder(directory: string): Promise<Recorder> {
  if (process.platform !== 'linux') {
    return { kind: 'impossible', why: `it is preloaded by Linux's loader, this is ${process.platform}` };
  }
  const header = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  if (header.header.glibcVersionRuntime === undefined) {
    return { kind: 'impossible', why: 'it needs glibc, this system has another C library' };
  }
  const library = path.join(directory, 'record.so');
  try {
    await run('cc', ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl', '-lpthread']);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { kind: 'impossible', why: `no C compiler made it: ${why}` };
  }
  return { kind: 'ready', library };
}

/** Environment that has a process and its children recorded. `root` must be free of symbolic links. */
export function recordedEnvironment(library: string, root: string, log: string): Record<string, string> {
  return { LD_PRELOAD: library, POWER_ROOT: root, POWER_LOG: log };
}

/** What lies below a directory now, for a log that begins now. */
export async function entriesOf(root: string): Promise<InitialEntry[]> {
  const entries: InitialEntry[] = [{ name: '', inode: (await stat(root)).ino, content: null }];
  for (const name of await sortedNames(root)) {
    const full = path.join(root, name);
    const facts = await stat(full);
    entries.push({ name, inode: facts.ino, content: facts.isDirectory() ? null : await readFile(full) });
  }
  return entries;
}

/** Puts an image into a directory in place of everything that is there. */
export async function writeImage(root: string, image: DiskImage): Promise<void> {
  for (const name of await readdir(root)) await rm(path.join(root, name), { recursive: true });
  for (const [name, content] of image) {
    const full = path.join(root, name);
    if (content) await writeFile(full, content, { mode: 0o600 });
    else await mkdir(full, { recursive: true, mode: 0o700 });
  }
}

/** Parents before their children. */
async function sortedNames(root: string): Promise<string[]> {
  const names = await readdir(root, { recursive: true });
  return names.sort();
}
