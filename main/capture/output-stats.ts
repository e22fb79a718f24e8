/** What is counted of files in the making. */
export interface OutputStats {
  picturesSent: number;
  picturesSkipped: number;
  /** Pictures and sound handed to the encoders but not yet read by them, as bytes and as time. */
  pipeBacklogBytes: number;
  pipeBacklogMs: number;
  /** How far the slowest of the encoders is behind; one that makes up for what was missed does not count. */
  longestBacklogMs: number;
  /** Bytes in the segments that are open. */
  segmentBytes: number;
  /** How much of the timeline was due until now, and how much of that was handed to the encoders and not left out. */
  dueMs: number;
  handedMs: number;
}

export const NOTHING_MADE: Readonly<OutputStats> = {
  picturesSent: 0,
  picturesSkipped: 0,
  pipeBacklogBytes: 0,
  pipeBacklogMs: 0,
  longestBacklogMs: 0,
  segmentBytes: 0,
  dueMs: 0,
  handedMs: 0,
};

/** Sums of both, but for the longest. */
export function addStats(a: OutputStats, b: OutputStats): OutputStats {
  const sum = { ...a };
  for (const name of Object.keys(NOTHING_MADE) as (keyof OutputStats)[]) sum[name] += b[name];
  return { ...sum, longestBacklogMs: Math.max(a.longestBacklogMs, b.longestBacklogMs) };
}
