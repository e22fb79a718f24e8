import type { Clock, Timeout } from '../../main/delivery/clock.ts';

/** A clock that stands still until the test moves it. */
export interface FakeClock extends Clock {
  /** Moves time forward, firing what becomes due in order; promises settle in between. */
  advance(durationMs: number): Promise<void>;
  /** Changes the wall clock alone, as a correction by the administrator does: timers keep their distance. */
  jump(byMs: number): void;
  /** Lets pending promises and timers that are due now run. */
  settle(): Promise<void>;
}

interface Entry {
  atMs: number;
  order: number;
  callback: () => void;
}

/** Enough turns of the event loop for chains of promises without real I/O. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export function createFakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  const entries = new Map<Entry, Timeout>();
  let monotonicMs = 0;
  let wallMs = startMs;
  let order = 0;
  const nextDue = (untilMs: number): Entry | undefined =>
    [...entries.keys()].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];
  const advance = async (durationMs: number): Promise<void> => {
    const untilMs = monotonicMs + durationMs;
    await turns();
    for (let entry = nextDue(untilMs); entry !== undefined; entry = nextDue(untilMs)) {
      entries.delete(entry);
      const stepMs = Math.max(0, entry.atMs - monotonicMs);
      monotonicMs += stepMs;
      wallMs += stepMs;
      entry.callback();
      await turns();
    }
    wallMs += untilMs - monotonicMs;
    monotonicMs = untilMs;
  };
  return {
    now: () => wallMs,
    setTimeout(callback, delayMs) {
      const entry: Entry = { atMs: monotonicMs + delayMs, order: order++, callback };
      entries.set(entry, entry as unknown as Timeout);
      return entry as unknown as Timeout;
    },
    clearTimeout(timeout) {
      entries.delete(timeout as unknown as Entry);
    },
    advance,
    jump: (byMs) => {
      wallMs += byMs;
    },
    settle: () => advance(0),
  };
}
