import type { Clock, Timeout } from '../delivery/clock.ts';
import type { Throttle } from '../delivery/cos/file-access.ts';
import { createTokenBucket } from './token-bucket.ts';

/** Shares one line's bytes per second between all uploads that are given this throttle. */
export function createThrottle(bytesPerSecond: number, clock: Clock): Throttle {
  const bucket = createTokenBucket(bytesPerSecond);
  return {
    pieceBytes: bucket.pieceBytes,
    wait(bytes, signal) {
      const waitMs = bucket.take(bytes, clock.now());
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
