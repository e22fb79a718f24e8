import { CHECKS, describeRepair, type Finding } from './finding.ts';
import type { RepairResult } from './repair.ts';

/** What one run of the doctor found and did. */
export interface Report {
  /** As things are now: after the repairs, when there were any. */
  findings: readonly Finding[];
  /** Null without `--repair`. */
  repairs: readonly { finding: Finding; result: RepairResult }[] | null;
}

const LEVELS = { ok: 'ok', note: 'note', problem: 'PROBLEM' } as const satisfies Record<Finding['level'], string>;
const LEVEL_WIDTH = 9;
const CHECK_WIDTH = 13;
const INDENT = ' '.repeat(LEVEL_WIDTH + CHECK_WIDTH);

/** 1 while something is wrong. */
export function exitCodeOf({ findings }: Report): 0 | 1 {
  return findings.some(({ level }) => level === 'problem') ? 1 : 0;
}

/** A table with a line per finding and what to do about it below. */
export function printReport(report: Report): string {
  const { findings, repairs } = report;
  const lines = (repairs ?? []).flatMap(({ finding, result }) => [
    row(result.done ? 'repaired' : 'NOT DONE', finding.check, [finding.about, finding.text]),
    `${INDENT}${result.text}`,
  ]);
  if (lines.length > 0) lines.push('', 'As it is now:', '');
  for (const finding of inOrder(findings)) {
    lines.push(row(LEVELS[finding.level], finding.check, [finding.about, finding.text]));
    if (finding.remedy !== null) lines.push(`${INDENT}→ ${finding.remedy}`);
    if (finding.repair !== null) lines.push(`${INDENT}→ --repair would ${describeRepair(finding.repair)}`);
  }
  return `${lines.join('\n')}\n\n${summary(report)}\n`;
}

/** For programs: the same as JSON, one object. */
export function printJson(report: Report): string {
  const findings = inOrder(report.findings).map((finding) => ({
    ...finding,
    wouldRepair: finding.repair === null ? null : describeRepair(finding.repair),
  }));
  const repairs =
    report.repairs?.map(({ finding, result }) => ({ ...finding, ...result, problem: finding.text })) ?? null;
  return `${JSON.stringify({ healthy: exitCodeOf(report) === 0, findings, repairs }, null, 2)}\n`;
}

function row(level: string, check: string, texts: readonly (string | null)[]): string {
  return `${level.padEnd(LEVEL_WIDTH)}${check.padEnd(CHECK_WIDTH)}${texts.filter((text) => text !== null).join(': ')}`;
}

function inOrder(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => CHECKS.indexOf(a.check) - CHECKS.indexOf(b.check));
}

function summary({ findings, repairs }: Report): string {
  const problems = findings.filter(({ level }) => level === 'problem').length;
  const repairable = findings.filter(({ repair }) => repair !== null).length;
  const wrong = problems === 0 ? 'Nothing is wrong.' : `${problems} ${problems === 1 ? 'problem' : 'problems'}.`;
  if (repairable === 0 || repairs !== null) return wrong;
  return `${wrong} --repair would see to ${repairable} of the lines above, with the box stopped; it deletes nothing.`;
}
