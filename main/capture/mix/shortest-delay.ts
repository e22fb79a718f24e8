/** The shortest of recent delays. Pure: the caller says when things happened; both numbers are in whatever unit he chooses. */
export class ShortestDelay {
  readonly #window: number;
  /** Delays that may still become the shortest, rising, with the times they were seen at. */
  #candidates: { delay: number; time: number }[] = [];

  /** @param window how far back delays count */
  constructor(window: number) {
    this.#window = window;
  }

  /** Times never go back. */
  add(delay: number, time: number): void {
    while (this.#candidates.length > 0 && this.#candidates.at(-1)!.delay >= delay) this.#candidates.pop();
    this.#candidates.push({ delay, time });
    while (this.#candidates[0]!.time < time - this.#window) this.#candidates.shift();
  }

  clear(): void {
    this.#candidates = [];
  }

  /** Infinity when there is none. */
  get value(): number {
    return this.#candidates[0]?.delay ?? Number.POSITIVE_INFINITY;
  }
}
