import type { I420Frame } from './mix/types.ts';

/** Buffers kept for further pictures; more are only needed for a moment after a change of size. */
const MOST_SPARE = 24;

/** Copies of pictures in buffers that are used again. */
export class FramePool {
  readonly #spare: Uint8Array[] = [];

  /** A copy of a picture, to be given back once. */
  copy(frame: I420Frame): I420Frame {
    const { length } = frame.data;
    const index = this.#spare.findLastIndex((buffer) => buffer.length === length);
    const data = index < 0 ? new Uint8Array(length) : this.#spare.splice(index, 1)[0]!;
    data.set(frame.data);
    return { ...frame, data };
  }

  giveBack({ data }: I420Frame): void {
    if (this.#spare.length >= MOST_SPARE) this.#spare.shift();
    this.#spare.push(data);
  }
}
