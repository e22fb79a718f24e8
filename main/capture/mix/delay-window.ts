/** A window of recent delays that knows their order statistics. Pure: the caller says when things happened. */
export class DelayWindow {
  readonly #capacity: number;
  /** In order of arrival, from `#first` on, modulo the capacity. */
  readonly #values: Float64Array;
  readonly #times: Float64Array;
  /** The same values, rising. */
  readonly #sorted: Float64Array;
  #first = 0;
  #size = 0;

  /** @param capacity most values kept; more push out the oldest */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#values = new Float64Array(capacity);
    this.#times = new Float64Array(capacity);
    this.#sorted = new Float64Array(capacity);
  }

  get size(): number {
    return this.#size;
  }

  add(value: number, time: number): void {
    if (this.#size === this.#capacity) this.#dropOldest();
    const slot = (this.#first + this.#size) % this.#capacity;
    this.#values[slot] = value;
    this.#times[slot] = time;
    const rank = this.#rank(value);
    this.#sorted.copyWithin(rank + 1, rank, this.#size);
    this.#sorted[rank] = value;
    this.#size++;
  }

  /** Takes back the value added last. */
  dropNewest(): void {
    if (this.#size === 0) return;
    this.#unsort(this.#values[(this.#first + this.#size - 1) % this.#capacity]!);
  }

  /** Forgets what is older than `time`. */
  dropBefore(time: number): void {
    while (this.#size > 0 && this.#times[this.#first]! < time) this.#dropOldest();
  }

  clear(): void {
    this.#size = 0;
  }

  /** The value below which a share (0…1) of the others lies; Infinity when there is none. */
  quantile(share: number): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#sorted[Math.floor(share * (this.#size - 1))]!;
  }

  #dropOldest(): void {
    const value = this.#values[this.#first]!;
    this.#first = (this.#first + 1) % this.#capacity;
    this.#unsort(value);
  }

  #unsort(value: number): void {
    const rank = this.#rank(value);
    this.#sorted.copyWithin(rank, rank + 1, this.#size);
    this.#size--;
  }

  /** Place of the first value that is not below `value`. */
  #rank(value: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#sorted[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
