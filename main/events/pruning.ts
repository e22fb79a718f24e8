import type { Clock, Timeout } from '../delivery/clock.ts';
import type { Logger } from '../logging.ts';
import type { EventsTable } from '../store/events.ts';

export interface EventPruningOptions {
  events: Pick<EventsTable, 'prune'>;
  /** `events.keepDays`: read before each round, so that a change counts at the next. */
  settings: { keepDays: number | null };
  clock: Clock;
  log: Pick<Logger, 'info' | 'error'>;
}

export interface EventPruning {
  start(): void;
  stop(): void;
}

const DAY_MS = 24 * 3_600_000;
/** The first round is not at the start, when there is enough to do. */
const FIRST_AFTER_MS = 5 * 60_000;
const ROUND_EVERY_MS = 6 * 3_600_000;
/** Pause between two batches of a round: recordings must not notice. */
const BATCH_PAUSE_MS = 50;

/** Forgets old events of recordings that are over, a few at a time; `EventsTable.prune` says which are facts and stay. */
export function createEventPruning({ events, settings, clock, log }: EventPruningOptions): EventPruning {
  let timer: Timeout | undefined;
  const plan = (delayMs: number, work: () => void): void => {
    timer = clock.setTimeout(work, delayMs);
  };
  const step = (beforeAtMs: number, afterSeq: number, removedBefore: number): void => {
    let removed = removedBefore;
    let nextSeq: number | null = null;
    try {
      const pruned = events.prune(beforeAtMs, afterSeq);
      removed += pruned.removed;
      nextSeq = pruned.nextSeq;
    } catch (error) {
      log.error({ err: error }, 'old events could not be removed; trying again later');
    }
    if (nextSeq !== null) {
      const from = nextSeq;
      plan(BATCH_PAUSE_MS, () => step(beforeAtMs, from, removed));
      return;
    }
    if (removed > 0) log.info({ removed }, 'old events removed');
    plan(ROUND_EVERY_MS, round);
  };
  const round = (): void => {
    if (settings.keepDays === null) plan(ROUND_EVERY_MS, round);
    else step(clock.now() - settings.keepDays * DAY_MS, 0, 0);
  };
  return {
    start: () => plan(FIRST_AFTER_MS, round),
    stop() {
      if (timer !== undefined) clock.clearTimeout(timer);
    },
  };
}
