import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';

/** Name of the lock file inside the data directory. It stays empty; that it exists means nothing. */
export const LOCK_FILE = 'box.lock';

/** A box that just ended may take a moment to let go. */
const WAIT_MS = 2_000;

/** Two boxes on one directory would both work through the same queue. */
export class DirectoryInUseError extends Error {
  readonly code = 'DATA_DIRECTORY_IN_USE';
  constructor(directory: string) {
    super(
      `another box is running on ${directory}. Stop it first, or give this one a data directory of its own with --data.`,
    );
    this.name = 'DirectoryInUseError';
  }
}

/** A connection that nobody refers to is closed by the garbage collector, and its lock with it. */
const held = new Set<BetterSqlite3.Database>();

export interface DirectoryLock {
  /** Lets go. Harmless when called again. */
  release(): void;
}

/**
 * Takes the data directory, which must exist, for this process alone. The operating system holds the lock and drops it with the process,
 * however that ends: there are no stale locks. SQLite takes it because that works alike on every system Node runs on.
 * @throws DirectoryInUseError when another process, or another caller in this one, has it.
 */
export function lockDirectory(directory: string, waitMs = WAIT_MS): DirectoryLock {
  const file = join(directory, LOCK_FILE);
  createPrivately(file);
  const db = new BetterSqlite3(file, { timeout: waitMs });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    if (error instanceof BetterSqlite3.SqliteError && error.code.startsWith('SQLITE_BUSY')) {
      throw new DirectoryInUseError(directory);
    }
    throw error;
  }
  held.add(db);
  return {
    release() {
      held.delete(db);
      db.close();
    },
  };
}

/** An existing file is not even opened: closing it would drop this process's own locks on it, as POSIX wants it. */
function createPrivately(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
