const PAGE_BYTES = 65_536;
/** Every block starts at a multiple of this, so that tables of 16- and 32-bit numbers can lie anywhere. */
const ALIGNMENT = 16;
/** The module keeps nothing at the start of its memory, but a pointer of zero would look like none. */
const FIRST_BYTE = 1024;

interface Span {
  offset: number;
  bytes: number;
}

/**
 * Hands out blocks of the kernel's linear memory: first fit over a list of free spans that are merged when they touch, growing the
 * memory only when nothing fits. Memory never shrinks, so what it holds at worst is what was once needed at the same time.
 */
export class KernelMemory {
  readonly #memory: WebAssembly.Memory;
  /** By offset, never touching each other. */
  readonly #free: Span[];
  readonly #used = new Map<number, number>();
  #bytes: Uint8Array<ArrayBuffer>;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#bytes = new Uint8Array(memory.buffer as ArrayBuffer);
    this.#free = [{ offset: FIRST_BYTE, bytes: this.#bytes.length - FIRST_BYTE }];
  }

  /** The whole memory. Void after the next `allocate`, which may grow it: fetch it again. */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes.buffer !== this.#memory.buffer) this.#bytes = new Uint8Array(this.#memory.buffer as ArrayBuffer);
    return this.#bytes;
  }

  /**
   * Reserves a block; its contents are whatever was there.
   * @returns byte offset, a multiple of 16
   * @throws RangeError when the memory cannot grow that far
   */
  allocate(bytes: number): number {
    const wanted = Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
    let span = this.#free.find((candidate) => candidate.bytes >= wanted);
    if (span === undefined) {
      this.#grow(wanted);
      span = this.#free.at(-1)!;
    }
    const offset = span.offset;
    span.offset += wanted;
    span.bytes -= wanted;
    if (span.bytes === 0) this.#free.splice(this.#free.indexOf(span), 1);
    this.#used.set(offset, wanted);
    return offset;
  }

  /** Gives a block back. */
  release(offset: number): void {
    const bytes = this.#used.get(offset);
    if (bytes === undefined) throw new RangeError(`no block starts at ${offset}`);
    this.#used.delete(offset);
    this.#insert({ offset, bytes });
  }

  /** Makes the last free span, which then reaches the end of the memory, at least `bytes` long. */
  #grow(bytes: number): void {
    const end = this.bytes.length;
    const last = this.#free.at(-1);
    const atEnd = last !== undefined && last.offset + last.bytes === end ? last.bytes : 0;
    const pages = Math.ceil((bytes - atEnd) / PAGE_BYTES);
    this.#memory.grow(pages);
    this.#insert({ offset: end, bytes: pages * PAGE_BYTES });
  }

  #insert(span: Span): void {
    const free = this.#free;
    let at = free.findIndex((other) => other.offset > span.offset);
    if (at < 0) at = free.length;
    const before = free[at - 1];
    const after = free[at];
    const joinsBefore = before !== undefined && before.offset + before.bytes === span.offset;
    const joinsAfter = after !== undefined && span.offset + span.bytes === after.offset;
    if (joinsBefore) {
      before.bytes += span.bytes + (joinsAfter ? after.bytes : 0);
      if (joinsAfter) free.splice(at, 1);
    } else if (joinsAfter) {
      after.offset = span.offset;
      after.bytes += span.bytes;
    } else {
      free.splice(at, 0, span);
    }
  }
}
