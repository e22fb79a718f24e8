import { randomUUID } from 'node:crypto';
import type { Database } from './database.ts';

/** Small facts about the box itself that outlive its process. */
export interface BoxFacts {
  get(key: string): string | null;
  set(key: string, value: string): void;
}

export function createBoxFacts(db: Database): BoxFacts {
  const select = db.prepare<[string], { value: string }>('SELECT value FROM box WHERE key = ?');
  const upsert = db.prepare<[string, string]>(
    'INSERT INTO box (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  );
  return {
    get: (key) => select.get(key)?.value ?? null,
    set(key, value) {
      upsert.run(key, value);
    },
  };
}

/** The id of this box: a UUID made when its database was opened for the first time. */
export function boxIdOf(db: Database): string {
  db.prepare("INSERT INTO box (key, value) VALUES ('box_id', ?) ON CONFLICT (key) DO NOTHING").run(randomUUID());
  const id = knownBoxId(db);
  if (id === null) throw new Error('the id of the box is missing');
  return id;
}

/** The id that was made, or null when there is none yet. */
export function knownBoxId(db: Database): string | null {
  return db.prepare<[], { value: string }>("SELECT value FROM box WHERE key = 'box_id'").get()?.value ?? null;
}
