/** How far an upload was at a moment. */
export interface Sample {
  atMs: number;
  bytes: number;
}

/** The rate is that of the last so many seconds: longer ago tells nothing about the line as it is now. */
const WINDOW_MS = 30_000;
/** Less than this is no measure. */
const SHORTEST_MS = 1500;

/**
 * The samples with one more. What does not move for a while stays visible as a lower rate; an upload that began anew begins anew here as
 * well.
 */
export function addSample(samples: readonly Sample[], next: Sample): Sample[] {
  const last = samples.at(-1);
  if (last && (next.bytes < last.bytes || next.atMs < last.atMs)) return [next];
  if (last && next.atMs === last.atMs) return [...samples.slice(0, -1), next];
  const recent = samples.filter(({ atMs }) => next.atMs - atMs <= WINDOW_MS);
  return [...recent, next];
}

/** Bytes a second over the samples; null while they say too little. */
export function rateOf(samples: readonly Sample[]): number | null {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.atMs - first.atMs < SHORTEST_MS || last.bytes === first.bytes) return null;
  return ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs);
}

/** How long the rest takes at a rate; null when nobody can say. */
export function timeLeftMs(bytesLeft: number, rate: number | null): number | null {
  return rate === null || rate <= 0 ? null : (bytesLeft * 1000) / rate;
}
