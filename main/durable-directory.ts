import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { syncDirectory } from './settings/atomic-file.ts';

/**
 * Creates a directory with the parents that are missing, and makes their names survive a power cut before it returns: what is synced into
 * a directory whose own name is lost is lost with it. `mode` is for those that are created. Throws the system's error.
 */
export function ensureDirectory(directory: string, mode = 0o777): void {
  const missing = missingParents(path.resolve(directory));
  mkdirSync(directory, { recursive: true, mode });
  for (const made of missing) syncDirectory(path.dirname(made));
}

/** The directory itself and those above it that do not exist, outermost first. */
function missingParents(directory: string): string[] {
  if (existsSync(directory)) return [];
  const parent = path.dirname(directory);
  return parent === directory ? [directory] : [...missingParents(parent), directory];
}
