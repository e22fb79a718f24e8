import { box, fullBox, u32 } from '../../capture/encode/isobmff.ts';

/** A sample to be appended. Times are in ticks of its track on the timeline of the file, where 0 is shown first. */
export interface OutputSample {
  dts: number;
  /** Composition time minus decode time. */
  compositionOffset: number;
  duration: number;
  size: number;
  isSync: boolean;
}

/** The samples of one track, kept as compactly as the file stores them: a day of sound is four million of them. */
export class SampleTable {
  #sizes = new Uint32Array(1024);
  #count = 0;
  #firstDts = 0;
  #lastDts = 0;
  #lastDuration = 0;
  #endPts = 0;
  readonly #durations = new RunLengths();
  readonly #compositionOffsets = new RunLengths();
  readonly #syncNumbers: number[] = [];
  readonly #chunkOffsets: number[] = [];
  readonly #chunkCounts: number[] = [];

  get count(): number {
    return this.#count;
  }

  /** Decode time of the first sample. */
  get firstDts(): number {
    return this.#firstDts;
  }

  /** Decode time of the last sample; null while there is none. */
  get lastDts(): number | null {
    return this.#count === 0 ? null : this.#lastDts;
  }

  /** When the last sample has been shown. */
  get endPts(): number {
    return this.#endPts;
  }

  /** From the first sample's decode time to the end of the last one's. */
  get mediaDuration(): number {
    return this.#count === 0 ? 0 : this.#lastDts + this.#lastDuration - this.#firstDts;
  }

  /** Samples added from now on lie at `offset` bytes after the start of the media, one after another. */
  startChunk(offset: number): void {
    this.#chunkOffsets.push(offset);
    this.#chunkCounts.push(0);
  }

  add(sample: OutputSample): void {
    if (this.#count === 0) this.#firstDts = sample.dts;
    else if (sample.dts > this.#lastDts) this.#durations.add(sample.dts - this.#lastDts);
    else throw new RangeError('Decode times must rise');
    if (this.#count === this.#sizes.length) {
      const larger = new Uint32Array(this.#sizes.length * 2);
      larger.set(this.#sizes);
      this.#sizes = larger;
    }
    this.#sizes[this.#count] = sample.size;
    this.#count += 1;
    this.#lastDts = sample.dts;
    this.#lastDuration = sample.duration;
    this.#endPts = Math.max(this.#endPts, sample.dts + sample.compositionOffset + sample.duration);
    this.#compositionOffsets.add(sample.compositionOffset);
    if (sample.isSync) this.#syncNumbers.push(this.#count);
    const chunk = this.#chunkCounts.length - 1;
    this.#chunkCounts[chunk] = (this.#chunkCounts[chunk] ?? 0) + 1;
  }

  /** The `stbl` box for media that starts at `mediaStart` in the file. */
  boxes(sampleDescription: Buffer, mediaStart: number, wideOffsets: boolean): Buffer {
    const durations = this.#durations.clone();
    if (this.#count > 0) durations.add(this.#lastDuration);
    const parts = [sampleDescription, fullBox('stts', 0, 0, durations.pairs())];
    if (this.#compositionOffsets.values.some((offset) => offset !== 0)) {
      const version = this.#compositionOffsets.values.some((offset) => offset < 0) ? 1 : 0;
      parts.push(fullBox('ctts', version, 0, this.#compositionOffsets.pairs()));
    }
    if (this.#syncNumbers.length < this.#count) {
      parts.push(fullBox('stss', 0, 0, u32(this.#syncNumbers.length), u32s(this.#syncNumbers)));
    }
    parts.push(fullBox('stsc', 0, 0, this.#samplesToChunks()));
    parts.push(fullBox('stsz', 0, 0, u32(0, this.#count), u32s(this.#sizes.subarray(0, this.#count))));
    parts.push(this.#chunkOffsetBox(mediaStart, wideOffsets));
    return box('stbl', ...parts);
  }

  #samplesToChunks(): Buffer {
    const rows: number[] = [];
    this.#chunkCounts.forEach((count, index) => {
      if (count !== this.#chunkCounts[index - 1]) rows.push(index + 1, count, 1);
    });
    return Buffer.concat([u32(rows.length / 3), u32s(rows)]);
  }

  #chunkOffsetBox(mediaStart: number, wide: boolean): Buffer {
    const count = this.#chunkOffsets.length;
    if (!wide) {
      return fullBox('stco', 0, 0, u32(count), u32s(this.#chunkOffsets.map((offset) => mediaStart + offset)));
    }
    const bytes = Buffer.allocUnsafe(count * 8);
    this.#chunkOffsets.forEach((offset, index) => {
      bytes.writeBigUInt64BE(BigInt(mediaStart + offset), index * 8);
    });
    return fullBox('co64', 0, 0, u32(count), bytes);
  }
}

/** A list of (count, value) pairs, which is how the format stores times. */
class RunLengths {
  readonly counts: number[];
  readonly values: number[];

  constructor(counts: number[] = [], values: number[] = []) {
    this.counts = counts;
    this.values = values;
  }

  clone(): RunLengths {
    return new RunLengths([...this.counts], [...this.values]);
  }

  add(value: number): void {
    const last = this.values.length - 1;
    if (this.values[last] === value) {
      this.counts[last] = (this.counts[last] ?? 0) + 1;
    } else {
      this.counts.push(1);
      this.values.push(value);
    }
  }

  /** How many pairs, then the pairs. */
  pairs(): Buffer {
    return Buffer.concat([
      u32(this.counts.length),
      u32s(this.counts.flatMap((count, index) => [count, this.values[index] ?? 0])),
    ]);
  }
}

/** As `u32`, for lists too long to be passed as arguments. */
function u32s(values: ArrayLike<number>): Buffer {
  const bytes = Buffer.allocUnsafe(values.length * 4);
  for (let index = 0; index < values.length; index += 1) {
    bytes.writeUInt32BE((values[index] ?? 0) >>> 0, index * 4);
  }
  return bytes;
}
