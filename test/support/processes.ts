import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Processes as /proc shows them; Linux only, as the tests of killed processes are. */

export interface ProcessEntry {
  pid: number;
  /** Program and arguments, separated by blanks. */
  command: string;
  /** When it started, in scheduler ticks since boot: with the pid it names a process for good. */
  startTicks: number;
}

/** Fields of /proc/PID/stat from the state on, or null when the process is gone. */
function statFields(pid: number): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/** Children of a process, their children and so on; each parent comes before its children. */
export function descendants(pid: number): ProcessEntry[] {
  const childrenOf = new Map<number, ProcessEntry[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statFields(Number(name));
    if (fields === null) continue;
    const parent = Number(fields[1]);
    const siblings = childrenOf.get(parent) ?? [];
    siblings.push({ pid: Number(name), command: commandOf(Number(name)), startTicks: Number(fields[19]) });
    childrenOf.set(parent, siblings);
  }
  const below = (parent: number): ProcessEntry[] =>
    (childrenOf.get(parent) ?? []).flatMap((child) => [child, ...below(child.pid)]);
  return below(pid);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** Whether this very process still runs; one that has ended and waits to be collected does not. */
export function isRunning({ pid, startTicks }: ProcessEntry): boolean {
  const fields = statFields(pid);
  return fields !== null && Number(fields[19]) === startTicks && fields[0] !== 'Z';
}

export const isCapture = ({ command }: ProcessEntry): boolean => /capture-main/.test(command);
/** The process in which a box measures what its machine holds. */
export const isMeasuring = ({ command }: ProcessEntry): boolean => /measure-main/.test(command);
/** The encoder of a segment, not the ffmpeg of a simulated room or of the finalizer. */
export const isEncoder = ({ command }: ProcessEntry): boolean => /-f matroska -i pipe:0/.test(command);

/** The process of an encoder that does the work, whatever stands before it. */
export function isWorkingEncoder(entry: ProcessEntry): boolean {
  return isEncoder(entry) && !descendants(entry.pid).some(isEncoder);
}

/** What a process holds open: descriptor number and what it leads to. */
export function openDescriptors(pid: number): { fd: number; target: string }[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((name) => {
    try {
      return [{ fd: Number(name), target: readlinkSync(`/proc/${pid}/fd/${name}`) }];
    } catch {
      return [];
    }
  });
}
