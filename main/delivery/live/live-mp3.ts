import { isSameStream, type Mp3Frame, silentMp3Frame } from '../../capture/encode/mp3.ts';
import { fileReader } from '../../capture/encode/random-access.ts';
import { hashFile } from '../hash-file.ts';
import { frameMsOf, frameNumberAt, informationBytes, mp3Head } from '../join/join-mp3.ts';
import { verifyMp3 } from '../join/verify.ts';
import type { FinalizeFileSystem } from '../join/write-file.ts';
import { FrameTail } from './frame-tail.ts';
import { GrowingFile } from './growing-file.ts';
import { type EndedMedia, type LastFacts, type LiveMedia, LiveProblem } from './live-media.ts';
import { type LiveTail, liveTail } from './live-tail.ts';

/** Room for the tag, which is known at the end: 255 chapters and the longest names take about 50 kB. */
const TAG_BYTES = 64 * 1024;
/** The next segment may begin this much before the end of what is known. */
const HELD_MS = 10_000;
const SILENT_FRAMES_AT_ONCE = 1024;

/**
 * A growing file of sound alone: room for tag and information frame, which are put there at the end, and the segments' frames one after
 * another. The newest frames wait for what may come after them, since a segment cuts off the end of the one before it.
 */
export class LiveMp3 implements LiveMedia {
  readonly #path: string;
  readonly #fileSystem: FinalizeFileSystem;
  readonly #file: GrowingFile;
  #begin: { first: Mp3Frame; atMs: number; headBytes: number } | null = null;
  /** Frames in the file. */
  #frames = 0;
  /** Frames of the newest segment that come next. */
  #held: Buffer[] = [];
  #droppedFrames = 0;
  #filledFrames = 0;

  private constructor(path: string, fileSystem: FinalizeFileSystem, file: GrowingFile) {
    this.#path = path;
    this.#fileSystem = fileSystem;
    this.#file = file;
  }

  /** Begins the file anew. */
  static async create(path: string, fileSystem: FinalizeFileSystem): Promise<LiveMp3> {
    return new LiveMp3(path, fileSystem, await GrowingFile.create(path, fileSystem));
  }

  get bytes(): number {
    return this.#file.bytes;
  }

  follow(file: string, startMs: number): LiveTail {
    const tail = new FrameTail(file, this.#fileSystem);
    return liveTail(tail, async (frames, isJoined) => {
      if (tail.first !== null && !isJoined) await this.#join(tail.first, startMs);
      this.#held.push(...frames);
      await this.#place();
      return true;
    });
  }

  async settle(): Promise<void> {
    await this.#file.syncNowAndThen();
  }

  async finish({ metadata, chapters, signal, onProgress }: LastFacts): Promise<EndedMedia | null> {
    if (this.#begin === null) return null;
    await this.#put(this.#held.splice(0));
    const { first, atMs, headBytes } = this.#begin;
    const facts = { first, frames: this.#frames, mediaBytes: this.#file.bytes - headBytes, originMs: atMs };
    const { head, durationMs } = mp3Head(facts, metadata, chapters, TAG_BYTES);
    if (head.length !== headBytes) throw new LiveProblem('there is more to say of it than there is room for');
    await this.#file.overwrite(head, 0);
    await this.#file.sync();
    await verifyMp3(await fileReader(this.#file.handle), this.#frames + 1);
    return {
      durationMs,
      startMs: atMs,
      hashes: await hashFile(this.#path, { signal, onProgress }),
      droppedSamples: this.#droppedFrames,
      filledAudioMs: this.#filledFrames * frameMsOf(first),
      changed: { offset: 0, length: headBytes },
    };
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** A segment begins: what overlaps is dropped from the one before it, a hole becomes silence. */
  async #join(frame: Mp3Frame, startMs: number): Promise<void> {
    if (this.#begin === null) {
      const headBytes = TAG_BYTES + informationBytes(frame);
      this.#begin = { first: frame, atMs: startMs, headBytes };
      await this.#file.append(Buffer.alloc(headBytes));
      return;
    }
    if (!isSameStream(this.#begin.first, frame)) throw new LiveProblem('segments of different encoders');
    const beginsAt = frameNumberAt(startMs - this.#begin.atMs, frame);
    if (beginsAt < this.#frames) throw new LiveProblem('a segment begins before the end of what is in the file');
    const kept = this.#held.splice(0, beginsAt - this.#frames);
    this.#droppedFrames += this.#held.splice(0).length;
    await this.#put(kept);
    const silence = silentMp3Frame(frame);
    while (this.#frames < beginsAt) {
      const count = Math.min(beginsAt - this.#frames, SILENT_FRAMES_AT_ONCE);
      this.#filledFrames += count;
      await this.#put(Array.from({ length: count }, () => silence));
    }
  }

  /** Puts the frames into the file that no segment can cut off any more. */
  async #place(): Promise<void> {
    if (this.#begin === null) return;
    const held = Math.ceil(HELD_MS / frameMsOf(this.#begin.first));
    if (this.#held.length > held) await this.#put(this.#held.splice(0, this.#held.length - held));
  }

  async #put(frames: readonly Buffer[]): Promise<void> {
    await this.#file.append(Buffer.concat(frames));
    this.#frames += frames.length;
  }
}
