import { fileReader } from '../../capture/encode/random-access.ts';
import { chaptersOfFile } from '../join/chapters.ts';
import { verifyMp4 } from '../join/verify.ts';
import type { FinalizeFileSystem } from '../join/write-file.ts';
import { type BoxSizes, GrowingMp4 } from './growing-mp4.ts';
import { LiveJoin, SILENCE } from './live-join.ts';
import type { EndedMedia, LastFacts, LiveMedia } from './live-media.ts';
import { type LiveTail, liveTail } from './live-tail.ts';
import { SegmentTail } from './segment-tail.ts';

/** A growing file with pictures: the segments' fragments as they are, and the index at the end. */
export class LiveMp4 implements LiveMedia {
  readonly #fileSystem: FinalizeFileSystem;
  readonly #growing: GrowingMp4;
  #join: LiveJoin | null = null;
  #beginsAtMs = 0;

  private constructor(fileSystem: FinalizeFileSystem, growing: GrowingMp4) {
    this.#fileSystem = fileSystem;
    this.#growing = growing;
  }

  /** Begins the file anew. */
  static async create(file: string, fileSystem: FinalizeFileSystem, boxSizes?: BoxSizes): Promise<LiveMp4> {
    return new LiveMp4(fileSystem, await GrowingMp4.create(file, fileSystem, boxSizes));
  }

  get bytes(): number {
    return this.#growing.bytes;
  }

  follow(file: string, startMs: number): LiveTail {
    const tail = new SegmentTail(file, this.#fileSystem);
    return liveTail(tail, async ({ fragment, bytes }, isJoined) => {
      const { summary } = tail;
      if (summary === null || fragment.samples.every((list) => list.length === 0)) return isJoined;
      if (!isJoined) await this.#begin({ summary, startMs });
      const shift = (await this.#growing.append(bytes)) - fragment.offset;
      const samples = fragment.samples.map((list) =>
        list.map((sample) => ({ ...sample, offset: sample.offset + shift })),
      );
      this.#join?.addFragment({ ...fragment, samples });
      return true;
    });
  }

  async settle(): Promise<void> {
    this.#join?.advance(false);
    await this.#growing.syncNowAndThen();
  }

  async finish({ metadata, chapters, signal }: LastFacts): Promise<EndedMedia | null> {
    if (this.#join === null) return null;
    this.#join.advance(true);
    const { file, droppedSamples, filledAudioMs } = this.#join.result();
    const inFile = chaptersOfFile(chapters, this.#beginsAtMs, Number.POSITIVE_INFINITY);
    const { boxAt } = this.#growing;
    const hashes = await this.#growing.finish(file.trailer(metadata, inFile), signal);
    await verifyMp4(await fileReader(this.#growing.handle), file.sampleCounts, 'indexLast');
    const { durationMs } = file;
    const changed = { offset: boxAt, length: 8 };
    return { durationMs, startMs: this.#beginsAtMs, hashes, droppedSamples, filledAudioMs, changed };
  }

  async close(): Promise<void> {
    await this.#growing.close();
  }

  async #begin(segment: ConstructorParameters<typeof LiveJoin>[0]): Promise<void> {
    const silenceAt = await this.#growing.append(SILENCE);
    if (this.#join === null) {
      this.#join = new LiveJoin(segment, silenceAt);
      this.#beginsAtMs = segment.startMs;
    } else this.#join.addSegment(segment, silenceAt);
  }
}
