import type { Database } from './database.ts';

const TABLES = ['recording_secrets', 'box_secrets', 'stray_uploads', 'destinations', 'applications'] as const;

/** Whether any table holds a sealed secret. */
export function hasSealedSecrets(db: Database): boolean {
  return TABLES.some(
    (table) => db.prepare(`SELECT 1 FROM ${table} WHERE sealed IS NOT NULL LIMIT 1`).get() !== undefined,
  );
}
