import type { ErrorCode } from '../../shared/errors.ts';
import type { BoxApi } from '../http/box-api.ts';
import type { Readiness } from '../http/status-api.ts';

export interface ReadinessDeps {
  box: Pick<BoxApi, 'health'>;
  /** Writes something small into the database and throws when that is not possible. */
  tryToWrite(): void;
  /** Monotonic milliseconds. */
  nowMs(): number;
}

const NO_ROOM = { mixed: 0, singles: 0, sound: 0 };

/** Anybody may ask as often as he likes, and a look at the disk costs a write: what it found is good for this long. */
const WRITE_GOOD_FOR_MS = 1000;

/**
 * Tells whether the box could take a recording now. Never rejects: what cannot be found out is a reason against it. Whether there is room is
 * never an old answer: a balancer would send a request to a box that has just become full, and nobody else would get it.
 */
export function createReadiness({ box, tryToWrite, nowMs }: ReadinessDeps): () => Promise<Readiness> {
  let canWrite = true;
  let triedAtMs = Number.NEGATIVE_INFINITY;
  const writes = (): boolean => {
    if (nowMs() - triedAtMs < WRITE_GOOD_FOR_MS) return canWrite;
    triedAtMs = nowMs();
    try {
      tryToWrite();
      canWrite = true;
    } catch {
      canWrite = false;
    }
    return canWrite;
  };
  return async () => {
    const health = await box.health().catch(() => null);
    const problems: ErrorCode[] = health ? [...health.problems] : ['DISK_FAULT'];
    if (!writes() && !problems.includes('DISK_FAULT')) problems.push('DISK_FAULT');
    const ready = problems.length === 0;
    return { ready, problems, room: health?.capacity.room ?? NO_ROOM };
  };
}
