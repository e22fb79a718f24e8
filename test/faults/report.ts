import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ROOT } from '../support/source-tree.ts';

/** What came out of one scenario. */
export interface ScenarioReport {
  scenario: string;
  /** The same seed strikes in the same order again; the machine's own timing is never the same twice. */
  seed: number;
  machine: string;
  seconds: number;
  /** Counts and worst cases, by name. */
  figures: Record<string, unknown>;
  /** Lines for a person, a table for instance. */
  lines: string[];
  /** What went wrong, each with its recording and its kills; empty when the promise held. */
  problems: string[];
  /** Where the box, its logs and its files are, when something went wrong; null when all is tidied up. */
  keptDirectory: string | null;
}

/** How a scenario tells its progress. */
export type Say = (line: string) => void;

export function formatReport(report: ScenarioReport): string {
  const figures = Object.entries(report.figures).map(([name, value]) => {
    return `  ${name.padEnd(34)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`;
  });
  const verdict = report.problems.length === 0 ? 'held' : `FAILED, ${report.problems.length} problems`;
  return [
    `${report.scenario}: ${verdict} (seed ${report.seed}, ${Math.round(report.seconds)} s)`,
    `  ${report.machine}`,
    ...figures,
    ...report.lines.map((line) => `  ${line}`),
    ...report.problems.map((problem) => `! ${problem}`),
    ...(report.keptDirectory === null ? [] : [`! everything is kept in ${report.keptDirectory}`]),
  ].join('\n');
}

/** Writes the report to test-output/ and returns the file's path. */
export async function writeReport(report: ScenarioReport): Promise<string> {
  const directory = path.join(ROOT, 'test-output');
  await mkdir(directory, { recursive: true });
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '');
  const file = path.join(directory, `faults-${report.scenario}-${stamp}.json`);
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
  return file;
}
