/** Blocks remembered per stream: more than 8 s of 20 ms blocks. */
const MEMORY_BLOCKS = 512;
/** How far back a lowest delay counts, in samples: 8 s. Long enough that heavy jitter shows its true minimum. */
const WINDOW = 8 * 48_000;
/** How far back delays tell what jitter is normal, in samples: 2 s. */
const NORMAL_WINDOW = 2 * 48_000;
/** The newest arrivals do not count as normal yet: a decision may come one or two blocks late. */
const NORMAL_LAG = 0.06 * 48_000;
/** Delays of blocks that keep pace with real time differ by less than this, in samples: 15 ms. */
const STEADY = 0.015 * 48_000;
/** Lateness up to this is left to the correction of the speed, in samples: 40 ms. */
export const TOLERANCE = 0.04 * 48_000;
/** A hole this long is one whatever follows: no buffer would bridge it. 200 ms in samples. */
const CERTAIN_HOLE = 0.2 * 48_000;
/** From this lateness on, two blocks must do as evidence, because the time to mix them is near. 120 ms in samples. */
const URGENT = 0.12 * 48_000;

/**
 * When the blocks of one stream arrived, against where they begin in the stream. The delay of a block is the difference of both in
 * samples at 48 kHz: constant on a perfect line, raised by jitter (never lowered), stepped up for good where sound was lost, and slowly
 * rising or falling when the sender's clock is not ours. A lower bound over time therefore shows where the stream belongs.
 */
export class Arrivals {
  readonly #starts = new Float64Array(MEMORY_BLOCKS);
  readonly #delays = new Float64Array(MEMORY_BLOCKS);
  /** Number of blocks ever seen; a block's number is its order. */
  #count = 0;
  /** First block of the stretch without holes that counts now. */
  #stretch = 0;

  /** Notes a block: its first sample's number in the stream (may be a fraction) and its arrival on the timeline, in samples. */
  add(start: number, arrival: number): void {
    const slot = this.#count % MEMORY_BLOCKS;
    this.#starts[slot] = start;
    this.#delays[slot] = arrival - start;
    this.#count++;
  }

  /** Starts a new stretch with the next block: what arrived before says nothing about it. */
  restart(): void {
    this.#stretch = this.#count;
  }

  /** Lowest delay of the stretch within the last 8 s. Infinity when nothing arrived. */
  lowestDelay(): number {
    const newest = this.#arrival(this.#count - 1);
    let lowest = Number.POSITIVE_INFINITY;
    for (let block = this.#count - 1; block >= this.#oldest; block--) {
      if (this.#arrival(block) < newest - WINDOW) break;
      lowest = Math.min(lowest, this.#delay(block));
    }
    return lowest;
  }

  /**
   * Looks for the first place in (cursor, cursor + span] where sound was lost: from there on every block is later than the present
   * placement expects, and steadily so. A burst after a stall, where the late blocks catch up, is no hole.
   * @param placement where the stream lies now: timeline position minus stream position
   * @returns the block after the hole, or null
   */
  findHole(cursor: number, span: number, placement: number): { block: number; start: number } | null {
    let found: { block: number; start: number } | null = null;
    let lowest = Number.POSITIVE_INFINITY;
    for (let block = this.#count - 1; block > this.#oldest; block--) {
      const start = Math.ceil(this.#starts[block % MEMORY_BLOCKS]!);
      if (start <= cursor) break;
      lowest = Math.min(lowest, this.#delay(block));
      if (start <= cursor + span && this.#isHole(block, lowest, placement)) found = { block, start };
    }
    return found;
  }

  /** Makes a block found by `findHole` the first of a new stretch. */
  restartAt(block: number): void {
    this.#stretch = block;
  }

  get #oldest(): number {
    return Math.max(this.#stretch, this.#count - MEMORY_BLOCKS);
  }

  #delay(block: number): number {
    return this.#delays[block % MEMORY_BLOCKS]!;
  }

  #arrival(block: number): number {
    return this.#delays[block % MEMORY_BLOCKS]! + this.#starts[block % MEMORY_BLOCKS]!;
  }

  /** @param lowest lowest delay of this block and all after it */
  #isHole(block: number, lowest: number, placement: number): boolean {
    const late = lowest - placement;
    if (late > CERTAIN_HOLE) return true;
    if (late <= TOLERANCE) return false;
    const known = Math.min(3, this.#count - block);
    if (known < (late > URGENT ? 2 : 3)) return false;
    for (let next = block; next < block + known; next++) {
      if (Math.abs(this.#delay(next) - this.#delay(block)) > STEADY) return false;
    }
    return lowest > this.#normalDelay(block) + STEADY;
  }

  /** Highest delay in the 2 s before a block arrived. */
  #normalDelay(block: number): number {
    const arrival = this.#arrival(block);
    let highest = Number.NEGATIVE_INFINITY;
    for (let earlier = block - 1; earlier >= this.#oldest; earlier--) {
      const age = arrival - this.#arrival(earlier);
      if (age > NORMAL_WINDOW) break;
      if (age >= NORMAL_LAG) highest = Math.max(highest, this.#delay(earlier));
    }
    return highest;
  }
}
