import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What this process holds. */
export interface Footprint {
  /** Of objects that are in use. */
  heapBytes: number;
  /** Open files and sockets; 0 where /proc does not tell. */
  descriptors: number;
}

let collect: (() => void) | null = null;

/** Frees what is not in use before it counts. */
export function footprint(): Footprint {
  if (!collect) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  collect();
  return { heapBytes: process.memoryUsage().heapUsed, descriptors: openDescriptors() };
}

function openDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}
