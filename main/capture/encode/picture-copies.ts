/** Buffers kept for further pictures; while the encoder keeps up, two are in use. */
const MOST_SPARE = 3;

/**
 * Copies of pictures on their way into a pipe, in buffers that are used again. A picture that looks like the last one shares its copy, so
 * that a canvas that stands still costs no copying.
 */
export class PictureCopies {
  readonly #bytes: number;
  readonly #free: Buffer[] = [];
  /** How often each copy is on its way. */
  readonly #uses = new Map<Buffer, number>();
  #last: { copy: Buffer; look: number } | null = null;

  /** @param bytes length of each picture */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /**
   * A copy of the canvas, to be released once.
   * @param dress draws on the copy
   * @param look equal numbers, one after the other, stand for equal pictures, dressed; without it every picture is another
   */
  take(canvas: Uint8Array, dress?: (picture: Uint8Array) => void, look?: number): Buffer {
    if (look !== undefined && this.#last?.look === look) {
      const { copy } = this.#last;
      this.#uses.set(copy, (this.#uses.get(copy) ?? 0) + 1);
      return copy;
    }
    if (this.#last && !this.#uses.has(this.#last.copy)) this.#keep(this.#last.copy);
    const copy = this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#bytes);
    copy.set(canvas);
    dress?.(copy);
    this.#uses.set(copy, 1);
    this.#last = look === undefined ? null : { copy, look };
    return copy;
  }

  release(copy: Buffer): void {
    const uses = (this.#uses.get(copy) ?? 0) - 1;
    if (uses > 0) {
      this.#uses.set(copy, uses);
      return;
    }
    this.#uses.delete(copy);
    if (this.#last?.copy !== copy) this.#keep(copy);
  }

  /** What a passing backlog took is given back to the system. */
  #keep(copy: Buffer): void {
    if (this.#free.length < MOST_SPARE) this.#free.push(copy);
  }

  /** Gives back the memory of all that is not on its way. */
  clear(): void {
    this.#free.length = 0;
    this.#last = null;
  }
}
