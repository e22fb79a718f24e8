/** What all uploads of this process hold of their files at most; bytes. */
export const MOST_HELD_BYTES = 64 * 1024 ** 2;

let heldBytes = 0;

/** Memory for one part after another, so that a part is read once; a fresh one for each would keep the garbage collector busy. */
export class PartMemory {
  #bytes: Buffer = Buffer.alloc(0);

  /**
   * The same memory at every call, exactly as long as asked for.
   * @returns undefined when it would be more than all uploads may hold, and for nothing: such a part is read as often as it is needed
   */
  of(length: number): Buffer | undefined {
    if (length > this.#bytes.length) {
      if (heldBytes - this.#bytes.length + length > MOST_HELD_BYTES) return undefined;
      this.release();
      heldBytes += length;
      this.#bytes = Buffer.allocUnsafeSlow(length);
    }
    return length === 0 ? undefined : this.#bytes.subarray(0, length);
  }

  /** Leaves it to others. */
  release(): void {
    heldBytes -= this.#bytes.length;
    this.#bytes = Buffer.alloc(0);
  }
}
