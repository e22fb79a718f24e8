import { randomUUID } from 'node:crypto';
import type { Database } from './database.ts';

/** The id of this box: a UUID made when its database was opened for the first time. */
export function boxIdOf(db: Database): string {
  db.prepare("INSERT INTO box (key, value) VALUES ('box_id', ?) ON CONFLICT (key) DO NOTHING").run(randomUUID());
  const row = db.prepare<[], { value: string }>("SELECT value FROM box WHERE key = 'box_id'").get();
  if (row === undefined) throw new Error('the id of the box is missing');
  return row.value;
}
