import type { Settings } from '../settings/settings.ts';

/** How fast one recording's uploads go over a line that does not keep up. Pure. */

export interface Pace {
  /** Wanted size of new uploads' parts; bytes. */
  partBytes: number;
  partsInFlight: number;
}

const MIB = 1024 ** 2;
/** The slowest pace: one part of the smallest size at a time. */
export const SLOWEST_PACE = 3;
/** A part in flight should get at least this much of a limited line: COS ends parts that are too slow. */
const BYTES_PER_SECOND_PER_PART = 64 * 1024;

/** @param level 0 is full speed, each level halves parts and their number. */
export function paceOf(level: number, settings: Settings['upload']): Pace {
  const { partBytes, partsInFlight, maxBytesPerSecond } = settings;
  const affordable =
    maxBytesPerSecond === null ? partsInFlight : Math.floor(maxBytesPerSecond / BYTES_PER_SECOND_PER_PART);
  if (level >= SLOWEST_PACE) return { partBytes: MIB, partsInFlight: 1 };
  return {
    partBytes: Math.max(MIB, Math.floor(partBytes / 2 ** level)),
    partsInFlight: Math.max(1, Math.min(affordable, Math.floor(partsInFlight / 2 ** level))),
  };
}

/**
 * The level for the next try. A slow line lowers it at once; a try that brought something over and ended for another reason raises it
 * by one.
 */
export function nextPace(level: number, ended: { slow: boolean; progressBytes: number }): number {
  if (ended.slow) return Math.min(SLOWEST_PACE, level + 1);
  return ended.progressBytes > 0 ? Math.max(0, level - 1) : level;
}
