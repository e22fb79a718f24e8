import type { SecretBox } from '../settings/secrets.ts';
import type { SqlValue } from './columns.ts';
import type { Database } from './database.ts';

/** Secrets of the box itself, sealed like those of recordings and bound to their names. */
export interface BoxSecretsTable {
  /** Null when there is none. @throws SecretError when it cannot be opened. */
  get(name: string): { text: string; setAtMs: number } | null;
  set(name: string, text: string): void;
  /** @returns whether there was one. */
  remove(name: string): boolean;
}

export function createBoxSecretsTable(db: Database, now: () => number, secretBox: SecretBox): BoxSecretsTable {
  const select = db.prepare<[string], { sealed: Buffer; setAtMs: number }>(
    'SELECT sealed, set_at_ms AS setAtMs FROM box_secrets WHERE name = ?',
  );
  const upsert = db.prepare<SqlValue[]>(
    `INSERT INTO box_secrets (name, sealed, set_at_ms) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, set_at_ms = excluded.set_at_ms`,
  );
  const remove = db.prepare<[string]>('DELETE FROM box_secrets WHERE name = ?');
  const context = (name: string): string => `box:${name}`;
  return {
    get(name) {
      const row = select.get(name);
      return row === undefined ? null : { text: secretBox.open(row.sealed, context(name)), setAtMs: row.setAtMs };
    },
    set(name, text) {
      upsert.run(name, secretBox.seal(text, context(name)), now());
    },
    remove: (name) => remove.run(name).changes > 0,
  };
}
