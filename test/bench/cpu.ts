import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** CPU time from /proc, which only Linux has. Resolution is one scheduler tick, usually 10 ms. */

export interface CpuTime {
  /** User and system seconds of the process itself. */
  ownSeconds: number;
  /** The same of all its descendants that have ended and were waited for. */
  endedChildrenSeconds: number;
}

export interface ProcessEntry {
  pid: number;
  /** Program and arguments. */
  argv: string[];
}

let knownTicksPerSecond: number | null = null;

function ticksPerSecond(): number {
  knownTicksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK']));
  return knownTicksPerSecond;
}

/** Fields of /proc/PID/stat after the program's name, which may hold anything. Null when the process is gone. */
function statFields(pid: number | 'self'): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

/** Null when the process is gone. */
export function cpuTime(pid: number | 'self'): CpuTime | null {
  const fields = statFields(pid);
  if (!fields) return null;
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15).map(Number);
  return {
    ownSeconds: (user + system) / ticksPerSecond(),
    endedChildrenSeconds: (childrenUser + childrenSystem) / ticksPerSecond(),
  };
}

/** CPU seconds of a process's threads that run now, to the microsecond: for spans over which a tick would be much. 0 when it is gone. */
export function preciseSeconds(pid: number): number {
  let nanoseconds = 0;
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')[0]);
    }
  } catch {
    return 0;
  }
  return nanoseconds / 1e9;
}

/** The processes that a process has started and that still run. */
export function childrenOf(pid: number): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && statFields(Number(name))?.[1] === String(pid))
    .flatMap((name) => {
      try {
        const argv = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').slice(0, -1);
        return [{ pid: Number(name), argv }];
      } catch {
        return [];
      }
    });
}

/** Largest resident size so far, in bytes; 0 when the process is gone. */
export function peakMemoryBytes(pid: number): number {
  return statusBytes(pid, 'VmHWM');
}

/** Memory that a process holds now, as if it shared none of it, in bytes; 0 when the process is gone. */
export function residentBytes(pid: number): number {
  return statusBytes(pid, 'VmRSS');
}

/** What a process and all its descendants have used until now. */
export interface TreeUse {
  cpuSeconds: number;
  /** Memory of all of them together, shared pages counted once, in bytes. */
  bytes: number;
}

/** A process with all its descendants: CPU since each began, memory as it is now. Zeros when it is gone. */
export function treeUse(pid: number): TreeUse {
  const own = cpuTime(pid);
  const sum: TreeUse = {
    cpuSeconds: own ? own.ownSeconds + own.endedChildrenSeconds : 0,
    bytes: proportionalBytes(pid),
  };
  for (const child of childrenOf(pid)) {
    const use = treeUse(child.pid);
    sum.cpuSeconds += use.cpuSeconds;
    sum.bytes += use.bytes;
  }
  return sum;
}

/** A process's share of memory: its own pages and its part of those it shares. 0 when the process is gone. */
export function proportionalBytes(pid: number): number {
  return smapsBytes(pid, 'Pss');
}

/** Memory of a process that is no part of a file and nobody else's, swapped out or not: what it grows by. 0 when the process is gone. */
export function privateBytes(pid: number): number {
  return smapsBytes(pid, 'Pss_Anon') + smapsBytes(pid, 'SwapPss');
}

function smapsBytes(pid: number, field: string): number {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function statusBytes(pid: number, field: 'VmHWM' | 'VmRSS'): number {
  try {
    const [, kilobytes] =
      new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes ?? 0) * 1024;
  } catch {
    return 0;
  }
}
