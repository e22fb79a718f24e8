import type { SimulationClock } from './clock.ts';

/** Something that has to happen again and again at times it knows itself. */
export interface Paced {
  /** When it is next due, in room time; Infinity when it is over. */
  dueMs(): number;
  /**
   * Does what is due and moves on. `event` means that the other side has to see it before any later media:
   * the rest of the pass is put off to the next turn of the event loop.
   */
  run(nowMs: number): 'media' | 'event';
}

/**
 * Runs all streams of a room from one timer. Due times are absolute, so nothing drifts; after a stall everything missed is
 * run at once, in order of its due time.
 */
export class Pacer {
  readonly #clock: SimulationClock;
  readonly #roomNowMs: () => number;
  readonly #items: Paced[] = [];
  #cancelTimer: (() => void) | null = null;
  #state: 'idle' | 'running' | 'stopped' = 'idle';

  constructor(clock: SimulationClock, roomNowMs: () => number) {
    this.#clock = clock;
    this.#roomNowMs = roomNowMs;
  }

  /** Of two items due at the same time, the one added first runs first. */
  add(item: Paced): void {
    this.#items.push(item);
    this.wake();
  }

  remove(item: Paced): void {
    const index = this.#items.indexOf(item);
    if (index >= 0) this.#items.splice(index, 1);
  }

  start(): void {
    this.#state = 'running';
    this.#clock.soon(() => this.#pass());
  }

  stop(): void {
    this.#state = 'stopped';
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    this.#items.length = 0;
  }

  /** Looks at all due times again. */
  wake(): void {
    if (this.#state !== 'running' || !this.#cancelTimer) return;
    this.#cancelTimer();
    this.#arm();
  }

  #pass(): void {
    this.#cancelTimer = null;
    if (this.#state !== 'running') return;
    const nowMs = this.#roomNowMs();
    for (let item = this.#next(); item && item.dueMs() <= nowMs; item = this.#next()) {
      if (item.run(nowMs) === 'event') {
        if (this.#state === 'running') this.#clock.soon(() => this.#pass());
        return;
      }
    }
    this.#arm();
  }

  #arm(): void {
    const dueMs = this.#next()?.dueMs() ?? Number.POSITIVE_INFINITY;
    if (this.#state !== 'running') return;
    // Timers longer than 2^31 ms fire at once: look again after a minute at the latest.
    const delayMs = Math.min(60_000, Math.max(0, Math.ceil(dueMs - this.#roomNowMs())));
    this.#cancelTimer = this.#clock.after(delayMs, () => this.#pass());
  }

  #next(): Paced | undefined {
    let first: Paced | undefined;
    let firstDueMs = Number.POSITIVE_INFINITY;
    for (const item of this.#items) {
      const dueMs = item.dueMs();
      if (dueMs < firstDueMs) {
        first = item;
        firstDueMs = dueMs;
      }
    }
    return first;
  }
}
