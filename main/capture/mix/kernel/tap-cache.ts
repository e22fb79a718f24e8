import type { KernelMemory } from './memory.ts';
import { computeTaps, type TapsRequest, tapsBytes, writeTaps } from './taps.ts';

/** The kernel reads four weights at a time, and so beyond a table of three. */
const READ_AHEAD_BYTES = 16;

/** A tap table in the kernel's memory. */
export interface StoredTaps {
  /** Byte offset. */
  pointer: number;
  tapCount: number;
}

/**
 * Tap tables in a fixed stretch of the kernel's memory, one per distinct request. When the stretch is full everything is thrown
 * away and `generation` grows: whoever kept a pointer compares generations and asks again.
 */
export class TapCache {
  readonly #memory: KernelMemory;
  readonly #start: number;
  readonly #capacityBytes: number;
  readonly #tables = new Map<string, StoredTaps>();
  #usedBytes = 0;
  #generation = 0;

  constructor(memory: KernelMemory, capacityBytes = 1 << 20) {
    this.#memory = memory;
    this.#capacityBytes = capacityBytes;
    this.#start = memory.allocate(capacityBytes + READ_AHEAD_BYTES);
  }

  /** Pointers handed out under an earlier generation are void. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * The table for a request, computed when it is not there.
   * @throws RangeError for a table larger than the whole cache (lengths beyond any real picture)
   */
  get(request: TapsRequest): StoredTaps {
    const { sourceLength, destinationLength, sourcePhase, destinationPhase, startMultiple } = request;
    const key = `${sourceLength}>${destinationLength} ${sourcePhase}>${destinationPhase} ${startMultiple}`;
    const known = this.#tables.get(key);
    if (known !== undefined) return known;
    const taps = computeTaps(request);
    const bytes = Math.ceil(tapsBytes(taps) / 16) * 16;
    if (bytes > this.#capacityBytes) throw new RangeError(`a picture of ${sourceLength} samples is too large to scale`);
    if (this.#usedBytes + bytes > this.#capacityBytes) {
      this.#tables.clear();
      this.#usedBytes = 0;
      this.#generation++;
    }
    const stored = { pointer: this.#start + this.#usedBytes, tapCount: taps.tapCount };
    writeTaps(taps, this.#memory.bytes.buffer, stored.pointer);
    this.#usedBytes += bytes;
    this.#tables.set(key, stored);
    return stored;
  }
}
