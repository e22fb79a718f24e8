import type { Clock, Timeout } from '../delivery/clock.ts';
import type { Throttle } from '../delivery/cos/file-access.ts';
import { createTokenBucket, LARGEST_PIECE_BYTES, type TokenBucket } from './token-bucket.ts';

/**
 * Shares one line's bytes per second between all uploads that are given this throttle.
 * @param rate bytes per second, or null while nothing is held back; asked again for every piece
 */
export function createThrottle(rate: () => number | null, clock: Clock): Throttle {
  let limited: { bytesPerSecond: number; bucket: TokenBucket } | null = null;
  const bucketNow = (): TokenBucket | null => {
    const bytesPerSecond = rate();
    if (bytesPerSecond === null) limited = null;
    else if (limited?.bytesPerSecond !== bytesPerSecond) {
      limited = { bytesPerSecond, bucket: createTokenBucket(bytesPerSecond) };
    }
    return limited?.bucket ?? null;
  };
  return {
    get pieceBytes() {
      return bucketNow()?.pieceBytes ?? LARGEST_PIECE_BYTES;
    },
    wait(bytes, signal) {
      const waitMs = bucketNow()?.take(bytes, clock.now()) ?? 0;
      if (waitMs === 0 || signal.aborted) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      let timer: Timeout | undefined;
      const end = (): void => {
        if (timer !== undefined) clock.clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      timer = clock.setTimeout(end, waitMs);
      signal.addEventListener('abort', end, { once: true });
      return promise;
    },
  };
}
