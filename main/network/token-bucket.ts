/** Limits bytes per second over everybody who shares it. Pure: the caller says what time it is and does the waiting. */
export interface TokenBucket {
  /**
   * Takes `bytes` and says for how many milliseconds the caller has to wait before it sends them. Callers are served in the order of
   * their calls; what one takes ahead of time, the next ones wait for.
   */
  take(bytes: number, nowMs: number): number;
  /** Largest piece that should be taken at once, so that pieces go out evenly and nobody waits long. */
  readonly pieceBytes: number;
}

/** Pieces last this long at full rate. */
const PIECE_MS = 250;
const SMALLEST_PIECE_BYTES = 256;
export const LARGEST_PIECE_BYTES = 256 * 1024;

/** @param bytesPerSecond more than 0. @param burstBytes what may go out at once after a rest; a quarter of a second's worth by default. */
export function createTokenBucket(
  bytesPerSecond: number,
  burstBytes: number = (bytesPerSecond * PIECE_MS) / 1000,
): TokenBucket {
  let availableBytes = burstBytes;
  let filledAtMs: number | null = null;
  return {
    pieceBytes: Math.round(
      Math.min(LARGEST_PIECE_BYTES, Math.max(SMALLEST_PIECE_BYTES, (bytesPerSecond * PIECE_MS) / 1000)),
    ),
    take(bytes, nowMs) {
      // A clock that went back gives nothing and takes nothing.
      const passedMs = Math.max(0, nowMs - (filledAtMs ?? nowMs));
      filledAtMs = nowMs;
      availableBytes = Math.min(burstBytes, availableBytes + (passedMs * bytesPerSecond) / 1000) - bytes;
      return availableBytes >= 0 ? 0 : Math.ceil((-availableBytes * 1000) / bytesPerSecond);
    },
  };
}
