/** Which process is killed in which phase of some recording's life. Pure. */

export const PHASES = [
  'accepting',
  'starting',
  'joining',
  'recording',
  'relieved',
  'finalizing',
  'uploading',
  'notifying',
] as const;
export type Phase = (typeof PHASES)[number];
export type Target = 'main' | 'capture' | 'ffmpeg';

export interface Strike {
  /** From 1. */
  n: number;
  target: Target;
  /**
   * `starting`: while the box starts again after a kill; `relieved`: soon after a recording has got a lighter encoder; the others: while
   * some recording is in that state.
   */
  phase: Phase;
  /** Pause between seeing the phase and killing. */
  delayMs: number;
  /** For `uploading`: the request of COS whose arrival is waited for. */
  during: string | null;
}

/** Of 23 kills: how many of each kind. */
const MIXTURE: readonly { target: Target; phase: Phase; share: number }[] = [
  { target: 'main', phase: 'recording', share: 2 },
  { target: 'main', phase: 'uploading', share: 3 },
  { target: 'main', phase: 'finalizing', share: 2 },
  { target: 'main', phase: 'notifying', share: 2 },
  { target: 'capture', phase: 'recording', share: 4 },
  { target: 'ffmpeg', phase: 'recording', share: 4 },
  { target: 'main', phase: 'accepting', share: 1 },
  { target: 'main', phase: 'starting', share: 1 },
  { target: 'capture', phase: 'joining', share: 1 },
  { target: 'main', phase: 'relieved', share: 1 },
  { target: 'capture', phase: 'relieved', share: 1 },
  { target: 'ffmpeg', phase: 'relieved', share: 1 },
];

/** Longest pause before the kill, so that it may strike anywhere in the phase. */
const LONGEST_DELAY_MS: Readonly<Record<Phase, number>> = {
  accepting: 80,
  starting: 900,
  joining: 500,
  recording: 2500,
  relieved: 1500,
  finalizing: 80,
  uploading: 300,
  notifying: 600,
};

const REQUESTS = ['initMultipart', 'uploadPart', 'completeMultipart', 'headObject'] as const;

/** The kills of a run in random order; each kind gets its share, however few there are. */
export function planStrikes(count: number, random: () => number): Strike[] {
  const kinds = MIXTURE.flatMap(({ share, ...kind }) => Array.from({ length: share }, () => kind));
  // One of each kind first, so that a short run strikes everywhere too.
  const ordered = [...MIXTURE, ...shuffled(kinds, random)];
  const chosen: Pick<Strike, 'target' | 'phase'>[] = ordered.slice(0, count);
  while (chosen.length < count) chosen.push(...shuffled(kinds, random).slice(0, count - chosen.length));
  return shuffled(chosen, random).map(({ target, phase }, index) => ({
    n: index + 1,
    target,
    phase,
    delayMs: Math.round(random() * LONGEST_DELAY_MS[phase]),
    during: phase === 'uploading' ? REQUESTS[Math.floor(random() * REQUESTS.length)]! : null,
  }));
}

export function shuffled<T>(list: readonly T[], random: () => number): T[] {
  const result = [...list];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other]!, result[last]!];
  }
  return result;
}
