import { defineColumns, type SqlValue } from './columns.ts';
import type { Database } from './database.ts';
import type { SdkProblemRow } from './rows.ts';

/** What the SDK warned of, each code once per recording with how often it came. */
export interface SdkProblemsTable {
  /** Adds `count` further occurrences; the text is the newest. */
  add(problem: SdkProblemRow): void;
  /** The most frequent first. */
  list(recordingId: string): SdkProblemRow[];
}

const SDK_PROBLEM = defineColumns<SdkProblemRow>({
  recordingId: 'value',
  level: 'value',
  code: 'value',
  text: 'value',
  count: 'value',
});

export function createSdkProblemsTable(db: Database): SdkProblemsTable {
  const insert = db.prepare<SqlValue[]>(
    `INSERT INTO sdk_problems (recording_id, level, code, text, count) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (recording_id, level, code) DO UPDATE SET text = excluded.text, count = count + excluded.count`,
  );
  const select = db.prepare<[string], Record<string, SqlValue>>(
    `SELECT ${SDK_PROBLEM.list} FROM sdk_problems WHERE recording_id = ? ORDER BY count DESC, level, code`,
  );
  return {
    add: ({ recordingId, level, code, text, count }) => {
      insert.run(recordingId, level, code, text, count);
    },
    list: (recordingId) => select.all(recordingId).map(SDK_PROBLEM.fromSql),
  };
}
