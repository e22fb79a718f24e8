/** How loud a file is over its length. */
export interface Peaks {
  durationMs: number;
  /** Highest level of each of as many equal stretches, 0…1. */
  peaks: number[];
}

export const MAX_PEAKS = 1000;
/** Shorter stretches would show single swings instead of loudness. */
const SHORTEST_STRETCH_MS = 20;
const FULL_SCALE = 32_768;

/** Takes sound as it comes, in pieces of any length, and keeps no more of it than its peaks. */
export interface PeakMeter {
  /** 16 bit, little-endian, one channel. A piece may end in the middle of a sample. */
  take(bytes: Uint8Array): void;
  /** To be called once at the end. What the file lacks of its length is silent, what it has more counts to the last stretch. */
  result(): Peaks;
}

/** How many stretches a file of this length is shown as. */
export function peakCount(durationMs: number): number {
  return Math.min(MAX_PEAKS, Math.max(1, Math.ceil(durationMs / SHORTEST_STRETCH_MS)));
}

export function createPeakMeter(durationMs: number, samplesPerSecond: number): PeakMeter {
  const count = peakCount(durationMs);
  const samplesPerPeak = Math.max(1, ((durationMs / 1000) * samplesPerSecond) / count);
  const highest = new Uint16Array(count);
  let samples = 0;
  /** Low byte of a sample whose high byte has not come. */
  let half = -1;
  const note = (value: number): void => {
    const level = value < 0 ? -value : value;
    const index = Math.min(count - 1, Math.floor(samples / samplesPerPeak));
    if (level > (highest[index] ?? 0)) highest[index] = level;
    samples += 1;
  };
  return {
    take(bytes) {
      let at = 0;
      if (half >= 0 && bytes.length > 0) {
        note(signed(half | ((bytes[0] ?? 0) << 8)));
        half = -1;
        at = 1;
      }
      const end = bytes.length - ((bytes.length - at) % 2);
      for (; at < end; at += 2) note(signed((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)));
      if (end < bytes.length) half = bytes[end] ?? 0;
    },
    result: () => ({
      durationMs: Math.round(durationMs),
      peaks: Array.from(highest, (level) => Math.round((level / FULL_SCALE) * 10_000) / 10_000),
    }),
  };
}

function signed(word: number): number {
  return word >= FULL_SCALE ? word - 2 * FULL_SCALE : word;
}
