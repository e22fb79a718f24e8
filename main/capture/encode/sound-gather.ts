/** So much sound is put together at most: a second. */
const MOST_MS = 1000;
/** Buffers kept for further sound; while the encoder keeps up, two are in use. */
const MOST_SPARE = 3;
const NS_PER_SECOND = 1e9;
const BYTES_PER_SAMPLE = 2;

/** Takes sound that was put together; `release` is to be called once, when its memory is free again. */
export type TakeSound = (sound: Buffer, timestampNs: number, release: () => void) => void;

/**
 * Puts blocks of mono 16-bit sound together that come one right after the other, in one go of whoever mixes them: one block for the encoder
 * instead of a dozen, of which each would cost a header, a copy and a place in the queue. Nothing is held back beyond the present turn.
 */
export class SoundGather {
  readonly #nsPerByte: number;
  readonly #mostBytes: number;
  readonly #take: TakeSound;
  readonly #free: Buffer[] = [];
  #gathered: Buffer | null = null;
  #bytes = 0;
  #startNs = 0;

  /** @param sampleRate Hz */
  constructor(sampleRate: number, take: TakeSound) {
    this.#nsPerByte = NS_PER_SECOND / (sampleRate * BYTES_PER_SAMPLE);
    this.#mostBytes = (sampleRate * BYTES_PER_SAMPLE * MOST_MS) / 1000;
    this.#take = take;
  }

  /** Takes over a block, which is copied. What goes on where the last one ended is handed on together with it when this turn ends. */
  add(pcm: Int16Array, timestampNs: number): void {
    const bytes = new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength);
    const isNext = timestampNs === this.#startNs + Math.round(this.#bytes * this.#nsPerByte);
    if (!isNext || this.#bytes + bytes.length > this.#mostBytes) this.flush();
    this.#gathered ??= this.#begin(timestampNs, bytes.length);
    this.#gathered.set(bytes, this.#bytes);
    this.#bytes += bytes.length;
  }

  /** Hands on what there is. */
  flush(): void {
    const gathered = this.#gathered;
    if (!gathered) return;
    this.#gathered = null;
    const sound = gathered.subarray(0, this.#bytes);
    this.#bytes = 0;
    this.#take(sound, this.#startNs, () => this.#keep(gathered));
  }

  /** What a passing backlog took is given back to the system. */
  #keep(buffer: Buffer): void {
    if (this.#free.length < MOST_SPARE) this.#free.push(buffer);
  }

  #begin(timestampNs: number, bytes: number): Buffer {
    this.#startNs = timestampNs;
    queueMicrotask(() => this.flush());
    const free = this.#free.pop();
    return free && free.length >= bytes ? free : Buffer.allocUnsafeSlow(Math.max(bytes, this.#mostBytes));
  }
}
