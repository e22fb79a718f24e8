import { ShortestDelay } from './shortest-delay.ts';

/** Blocks remembered per stream: 5 s of 20 ms blocks. */
const MEMORY_BLOCKS = 256;
/** How far back delays tell where a stream belongs, in samples: 2.5 s. Longer would follow lost sound too slowly. */
const WINDOW = 2.5 * 48_000;
/** So many blocks in a row that are all earlier or all later than expected show that the way has changed. */
const CHANGED_BLOCKS = 40;
/** … by at least this, in samples: 20 ms. */
const CHANGED_BY = 0.02 * 48_000;
/** How far back delays tell what jitter is normal, in samples: 2 s. */
const NORMAL_WINDOW = 2 * 48_000;
/** At a large hole the newest arrivals do not count as normal yet: the decision may come one or two blocks late. */
const NORMAL_LAG = 0.06 * 48_000;
/** Delays of blocks that keep pace with real time do not fall by more than this, in samples: 15 ms. */
const STEADY = 0.015 * 48_000;
/** A step up to this is no hole: less than one block of 20 ms would be missing. 12 ms in samples. */
const WHOLE_BLOCK = 0.012 * 48_000;
/** Lateness up to this is told from jitter only with more evidence, in samples: 40 ms. */
const SMALL_HOLE = 0.04 * 48_000;
/** Beyond jitter's usual reach; and so late that the decision may come when some blocks behind the hole are known. 80 ms in samples. */
const LARGE_HOLE = 0.08 * 48_000;
/** A hole this long is one whatever follows: no buffer would bridge it. 200 ms in samples. */
const CERTAIN_HOLE = 0.2 * 48_000;
/** From this lateness on, two blocks must do as evidence, because the time to mix them is near. 120 ms in samples. */
const URGENT = 0.12 * 48_000;

/**
 * When the blocks of one stream arrived, against where they begin in the stream. The delay of a block is the difference of both in
 * samples at 48 kHz: constant on a perfect line, raised by jitter (never lowered), stepped up for good where sound was lost, and slowly
 * rising or falling when the sender's clock is not ours.
 *
 * A stream belongs where its quickest blocks arrive. So do the participant's pictures: both lie where they would on a perfect line, and
 * stay together however unlike they travel.
 */
export class Arrivals {
  readonly #starts = new Float64Array(MEMORY_BLOCKS);
  readonly #delays = new Float64Array(MEMORY_BLOCKS);
  readonly #shortest = new ShortestDelay(WINDOW);
  /** Number of blocks ever seen; a block's number is its order. */
  #count = 0;
  /** First block of the stretch without holes that counts now. */
  #stretch = 0;
  /** First of the newest blocks that are all off to one side (-1 or 1) of what is expected. */
  #offSince = 0;
  #offSide = 0;

  /** Notes a block: its first sample's number in the stream (may be a fraction) and its arrival on the timeline, in samples. */
  add(start: number, arrival: number): void {
    const block = this.#count++;
    this.#starts[block % MEMORY_BLOCKS] = start;
    this.#delays[block % MEMORY_BLOCKS] = arrival - start;
    this.#stretch = Math.max(this.#stretch, this.#count - MEMORY_BLOCKS);
    this.#weigh(block);
    this.#noteSide(block);
  }

  /** Starts a new stretch with the next block: what arrived before says nothing about it. */
  restart(): void {
    this.#stretch = this.#count;
    this.#shortest.clear();
    this.#offSide = 0;
  }

  /** Makes a block, for instance one found by `findHole`, the first of a new stretch. */
  restartAt(block: number): void {
    this.restart();
    this.#stretch = Math.max(block, this.#count - MEMORY_BLOCKS);
    for (let next = this.#stretch; next < this.#count; next++) this.#weigh(next);
  }

  /** The delay by which the stretch should be placed. Infinity when nothing arrived. */
  expectedDelay(): number {
    return this.#shortest.value;
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
    for (let block = this.#count - 1; block > this.#stretch; block--) {
      const start = Math.ceil(this.#starts[block % MEMORY_BLOCKS]!);
      if (start <= cursor) break;
      lowest = Math.min(lowest, this.#delay(block));
      if (start <= cursor + span && this.#isHole(block, lowest, placement)) found = { block, start };
    }
    return found;
  }

  #delay(block: number): number {
    return this.#delays[block % MEMORY_BLOCKS]!;
  }

  #arrival(block: number): number {
    return this.#delays[block % MEMORY_BLOCKS]! + this.#starts[block % MEMORY_BLOCKS]!;
  }

  /** Lets a block of the stretch count for what is expected. */
  #weigh(block: number): void {
    this.#shortest.add(this.#delay(block), this.#arrival(block));
  }

  /** Begins a new stretch when the way has become longer or shorter for good. */
  #noteSide(block: number): void {
    const off = this.#delay(block) - this.expectedDelay();
    const side = Math.abs(off) > CHANGED_BY && Number.isFinite(off) ? Math.sign(off) : 0;
    if (side !== this.#offSide) {
      this.#offSide = side;
      this.#offSince = block;
    }
    if (side !== 0 && block - this.#offSince >= CHANGED_BLOCKS) this.restartAt(this.#offSince);
  }

  /**
   * Whether sound is missing before a block: it and those after it are late and do not catch up. That they become later still, because
   * more is missing, speaks for it.
   * @param lowest lowest delay of this block and all after it
   */
  #isHole(block: number, lowest: number, placement: number): boolean {
    const late = lowest - placement;
    if (late > CERTAIN_HOLE) return true;
    if (late <= WHOLE_BLOCK) return false;
    const needed = late > URGENT ? 2 : late > SMALL_HOLE ? 3 : 5;
    const known = Math.min(needed, this.#count - block);
    if (known < needed) return false;
    for (let next = block; next < block + known; next++) {
      if (this.#delay(next) < this.#delay(block) - STEADY) return false;
    }
    if (late > LARGE_HOLE) return lowest > this.#normalDelay(block, NORMAL_LAG) + STEADY;
    // Jitter that swells does so over several blocks; lost sound makes one step.
    const normal = this.#normalDelay(block, 0);
    if (late > SMALL_HOLE) return lowest > normal + STEADY;
    return Number.isFinite(normal) && lowest > normal + WHOLE_BLOCK;
  }

  /** Highest delay in the 2 s before a block arrived, the last `lag` samples of it left out. */
  #normalDelay(block: number, lag: number): number {
    const arrival = this.#arrival(block);
    let highest = Number.NEGATIVE_INFINITY;
    for (let earlier = block - 1; earlier >= this.#stretch; earlier--) {
      const age = arrival - this.#arrival(earlier);
      if (age > NORMAL_WINDOW) break;
      if (age >= lag) highest = Math.max(highest, this.#delay(earlier));
    }
    return highest;
  }
}
