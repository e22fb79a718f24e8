import type { Statement } from 'better-sqlite3';
import type { Database } from './database.ts';

/**
 * Keeps statements whose text depends on the call: compiling one takes longer than running it, and the same few are run again and again.
 * For texts that the program itself makes a few of, never for what a caller can vary at will: nothing is forgotten.
 */
export function keepStatements(
  db: Database,
): <Values extends unknown[], Row = unknown>(sql: string) => Statement<Values, Row> {
  const kept = new Map<string, Statement<unknown[], unknown>>();
  return <Values extends unknown[], Row>(sql: string) => {
    const statement = kept.get(sql) ?? db.prepare<unknown[], unknown>(sql);
    kept.set(sql, statement);
    return statement as Statement<Values, Row>;
  };
}
