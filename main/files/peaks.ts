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
  let half: number | null = null;
  /** A stretch at a time, so that next to nothing is done per sample: hours of sound pass through here. */
  const measure = (piece: Int16Array): void => {
    for (let at = 0; at < piece.length; ) {
      const index = Math.min(count - 1, Math.floor(samples / samplesPerPeak));
      const isLast = index === count - 1;
      const stretchEnd = isLast ? Number.POSITIVE_INFINITY : Math.ceil((index + 1) * samplesPerPeak);
      const end = Math.min(piece.length, at + Math.max(1, stretchEnd - samples));
      samples += end - at;
      let level = highest[index] ?? 0;
      for (; at < end; at += 1) {
        const value = piece[at] ?? 0;
        if (value > level) level = value;
        else if (-value > level) level = -value;
      }
      highest[index] = level;
    }
  };
  return {
    take(bytes) {
      let rest = bytes;
      if (half !== null && rest.length > 0) {
        measure(samplesIn(Uint8Array.of(half, rest[0] ?? 0)));
        rest = rest.subarray(1);
        half = null;
      }
      if (rest.length % 2 === 1) half = rest.at(-1) ?? 0;
      measure(samplesIn(rest.subarray(0, rest.length - (rest.length % 2))));
    },
    result: () => ({
      durationMs: Math.round(durationMs),
      peaks: Array.from(highest, (level) => Math.round((level / FULL_SCALE) * 10_000) / 10_000),
    }),
  };
}

/** The bytes as samples; copied only where they lie across the memory's words. Every machine the box runs on is little-endian. */
function samplesIn(bytes: Uint8Array): Int16Array {
  const { buffer, byteOffset, length } = bytes.byteOffset % 2 === 0 ? bytes : new Uint8Array(bytes);
  return new Int16Array(buffer, byteOffset, length / 2);
}
