import BetterSqlite3 from 'better-sqlite3';
import type { CallCounter } from './failing-calls.ts';

/** An error as better-sqlite3 throws it. */
export function sqliteError(code: string): Error {
  return new BetterSqlite3.SqliteError(`${code}: injected`, code);
}

type Statement = { source: string } & Record<'run' | 'get' | 'all', (...args: unknown[]) => unknown>;

/**
 * Passes every statement of this process, BEGIN and COMMIT included, through the counter. ROLLBACK is spared: SQLite undoes what failed
 * from memory and its log, whatever the disk does. Call the result to end it.
 */
export function failDatabase(counter: CallCounter): () => void {
  const db = new BetterSqlite3(':memory:');
  const prototype = Object.getPrototypeOf(db.prepare('SELECT 1')) as Statement;
  db.close();
  const originals = { run: prototype.run, get: prototype.get, all: prototype.all };
  for (const name of ['run', 'get', 'all'] as const) {
    prototype[name] = function (this: Statement, ...args: unknown[]) {
      const words = this.source.trim().split(/\s+/).slice(0, 3).join(' ');
      if (!words.startsWith('ROLLBACK')) counter.note(words);
      return originals[name].apply(this, args);
    };
  }
  return () => {
    Object.assign(prototype, originals);
  };
}
