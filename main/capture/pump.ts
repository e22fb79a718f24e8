import { pictureDueMs } from './mix/timeline.ts';

/** Without pictures the sound is handed over this often: rarely enough to cost little, and a lost process loses hardly more. */
const SOUND_INTERVAL_MS = 250;

/**
 * Wakes for each picture, and takes the sound that is due along: few wake-ups and few writes into the pipe. After a stall the media that
 * waited has to come in before the overdue sound is mixed; immediates run after all that is ready, so the work is done in one.
 */
export class Pump {
  readonly #work: () => void;
  readonly #waitMs: () => number;
  #timer: NodeJS.Timeout | undefined;
  #running = false;

  /** `timelineMs` is the position now. */
  constructor(options: { fps: number | null; timelineMs(): number; work(): void }) {
    const { fps, timelineMs, work } = options;
    const tickMs = fps === null ? 0 : 1_000 / fps;
    this.#work = work;
    this.#waitMs = () =>
      fps === null ? SOUND_INTERVAL_MS : tickMs - modulo(timelineMs() - pictureDueMs(0, fps), tickMs);
  }

  start(): void {
    this.#running = true;
    this.#schedule();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  #schedule(): void {
    this.#timer = setTimeout(
      () =>
        setImmediate(() => {
          if (!this.#running) return;
          this.#work();
          if (this.#running) this.#schedule();
        }),
      Math.ceil(this.#waitMs()),
    );
  }
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
