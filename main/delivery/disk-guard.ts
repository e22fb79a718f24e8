import { DISK_REMEDIES, type DiskFault, diskFaultOf, diskFaultOfCode } from '../disk-fault.ts';
import type { RecordingRow } from '../store/rows.ts';
import type { Outcome, Step } from './steps.ts';

export interface DiskGuardDeps {
  /** Whether the recording's folder is out of reach, with its disk or alone. */
  isFolderAway(recording: RecordingRow): Promise<boolean>;
  /** Whether the whole disk of the recordings is out of reach. */
  isDiskAway(): Promise<boolean>;
  /**
   * Bytes that are missing on the disk for what the step is going to write; 0 when they are there. May make room first. Null for
   * steps that write nothing.
   */
  missingBytes: ((recording: RecordingRow) => Promise<number>) | null;
  /** Whether the codes of its answers are those of the disk; a network has some of the same name. */
  hasDiskCodes: boolean;
  /** Wall clock, ms since 1970. */
  now(): number;
}

/** Somebody may plug the disk in at any moment; the watch also tells when it is back. */
const PROBE_MS = 15_000;
/** A folder that is missing on a disk which is there was removed by somebody: after this long its recording ends as what it is. */
const FOLDER_GIVE_UP_MS = 72 * 3_600_000;

/**
 * A step that waits for its disk instead of failing: while the disk is away, full, read-only or broken its recording is blocked with a
 * remedy, and goes on by itself afterwards. What is merely away is never taken for lost.
 */
export function guardDisk(step: Step, deps: DiskGuardDeps): Step {
  return async (recording, signal, report) => {
    const standstill = await standstillBefore(deps, recording);
    if (standstill) return standstill;
    let outcome: Outcome;
    try {
      outcome = await step(recording, signal, report);
    } catch (error) {
      const fault = diskFaultOf(error);
      if (fault === null) throw error;
      return blockedBy(fault, error instanceof Error ? error.message : fault);
    }
    if (outcome.kind === 'retryAt' && (deps.hasDiskCodes || outcome.code === 'DISK_AWAY')) {
      const fault = diskFaultOfCode(outcome.code);
      return fault === null ? outcome : blockedBy(fault, outcome.message);
    }
    // The disk may have gone while the step looked for its files.
    if (outcome.kind === 'failed' && (await deps.isDiskAway())) return away();
    return outcome;
  };
}

async function standstillBefore(deps: DiskGuardDeps, recording: RecordingRow): Promise<Outcome | null> {
  if (await deps.isDiskAway()) return away();
  const waitedMs = deps.now() - (recording.endedAtMs ?? recording.createdAtMs);
  if (waitedMs < FOLDER_GIVE_UP_MS && (await deps.isFolderAway(recording))) return away();
  let missing: number;
  try {
    missing = (await deps.missingBytes?.(recording)) ?? 0;
  } catch {
    // Whatever keeps the disk from being asked, the step will meet it and name it.
    return null;
  }
  if (missing === 0) return null;
  return blockedBy('DISK_FULL', `finishing the file needs ${Math.ceil(missing / 1e6)} MB more than are free`);
}

function away(): Outcome {
  return blockedBy('DISK_AWAY', "the recording's folder is missing");
}

function blockedBy(fault: DiskFault, message: string): Outcome {
  return { kind: 'blocked', code: fault, message, remedy: DISK_REMEDIES[fault], probeAfterMs: PROBE_MS };
}
