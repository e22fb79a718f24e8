import path from 'node:path';
import { fileReader } from '../../capture/encode/random-access.ts';
import { syncDirectory } from '../../capture/encode/segment-file.ts';
import type { Repairs } from '../finalize.ts';
import type { FileHashes } from '../hash-file.ts';
import { type Chapter, chaptersOfFile } from '../join/chapters.ts';
import type { MediaMetadata } from '../join/metadata.ts';
import { verifyMp4 } from '../join/verify.ts';
import type { FinalizeFileSystem } from '../join/write-file.ts';
import { type BoxSizes, GrowingMp4 } from './growing-mp4.ts';
import { LiveJoin, LiveProblem, SILENCE } from './live-join.ts';
import { type SafeFragment, SegmentTail } from './segment-tail.ts';

/** A segment of the mix, as it is known now. */
export interface LiveSegment {
  path: string;
  startMs: number;
  /** Nothing is written to it any more. */
  isEnded: boolean;
}

export interface FinishPlan {
  /** All of them, in the order of the timeline. */
  segments: readonly Omit<LiveSegment, 'isEnded'>[];
  /** The name that the file is to have. */
  output: string;
  metadata: MediaMetadata;
  /** On the recording's timeline. */
  chapters: readonly Chapter[];
  signal: AbortSignal;
  /** Called while it takes in what is left, as a sign of life. */
  onProgress?: ((doneBytes: number) => void) | undefined;
}

export interface FinishedFile {
  durationMs: number;
  /** Where on the recording's timeline the file begins. */
  startMs: number;
  hashes: FileHashes;
  repaired: Repairs;
  /** Where the bytes lie that are not what they were before the end. */
  changed: { offset: number; length: number };
}

interface Followed {
  path: string;
  startMs: number;
  tail: SegmentTail;
  isJoined: boolean;
  /** Looks since which the file has not grown although another segment came after it. */
  quietLooks: number;
}

/** A segment that a killed process never closed counts as ended after so many looks without a byte. */
export const QUIET_LOOKS = 10;

/**
 * The file of a mix, made while it is recorded: `file` grows as its segments do, and is given its name when the recording has ended. It is
 * worth nothing without this object: after a restart it is made anew.
 */
export class LiveFile {
  readonly #file: string;
  readonly #fileSystem: FinalizeFileSystem;
  readonly #growing: GrowingMp4;
  readonly #followed: Followed[] = [];
  #at = 0;
  #join: LiveJoin | null = null;
  #beginsAtMs = 0;
  #onProgress: FinishPlan['onProgress'];

  private constructor(file: string, fileSystem: FinalizeFileSystem, growing: GrowingMp4) {
    this.#file = file;
    this.#fileSystem = fileSystem;
    this.#growing = growing;
  }

  /** Begins the file anew. Rejects with the file system's error, as everything else here does. */
  static async create(file: string, fileSystem: FinalizeFileSystem, boxSizes?: BoxSizes): Promise<LiveFile> {
    return new LiveFile(file, fileSystem, await GrowingMp4.create(file, fileSystem, boxSizes));
  }

  get path(): string {
    return this.#file;
  }

  /** Bytes that may be sent. */
  get bytes(): number {
    return this.#growing.bytes;
  }

  /** Takes in what has come to the segments. After any rejection the object is of no use. @throws LiveProblem, LateCutError */
  async advance(segments: readonly LiveSegment[], signal: AbortSignal): Promise<void> {
    const isOther = ({ path: file, startMs }: Followed, index: number): boolean =>
      segments[index]?.path !== file || segments[index]?.startMs !== startMs;
    if (this.#followed.some(isOther)) throw new LiveProblem('the segments are not those of before');
    for (let facts = segments[this.#at]; facts; facts = segments[this.#at]) {
      const followed = this.#follow(facts);
      const before = followed.tail.seenBytes;
      await followed.tail.advance((safe) => this.#take(followed, safe), signal);
      const isQuiet = this.#at < segments.length - 1 && followed.tail.seenBytes === before;
      followed.quietLooks = isQuiet ? followed.quietLooks + 1 : 0;
      if (!facts.isEnded && followed.quietLooks < QUIET_LOOKS) break;
      this.#at += 1;
    }
    this.#join?.advance(false);
    await this.#growing.syncNowAndThen();
  }

  /** Takes in the rest, ends the file and gives it its name. @returns null when no segment holds anything. @throws LiveProblem, LateCutError */
  async finish(plan: FinishPlan): Promise<FinishedFile | null> {
    const { segments, output, metadata, chapters, signal } = plan;
    this.#onProgress = plan.onProgress;
    const ended = segments.map((segment) => ({ ...segment, isEnded: true }));
    await this.advance(ended, signal);
    const repaired = await this.#repairs(signal);
    if (this.#join === null) return null;
    this.#join.advance(true);
    const { file, droppedSamples, filledAudioMs } = this.#join.result();
    const inFile = chaptersOfFile(chapters, this.#beginsAtMs, Number.POSITIVE_INFINITY);
    const { boxAt } = this.#growing;
    const hashes = await this.#growing.finish(file.trailer(metadata, inFile), signal);
    await verifyMp4(await fileReader(this.#growing.handle), file.sampleCounts, 'indexLast');
    await this.#growing.close();
    signal.throwIfAborted();
    await this.#fileSystem.rename(this.#file, output);
    await syncDirectory(path.dirname(output), this.#fileSystem);
    return {
      durationMs: file.durationMs,
      startMs: this.#beginsAtMs,
      hashes,
      repaired: { ...repaired, droppedSamples, filledAudioMs },
      changed: { offset: boxAt, length: 8 },
    };
  }

  /** Closes and removes what is there under the first name. Never rejects. */
  async discard(): Promise<void> {
    await this.#growing.close().catch(() => {});
    await this.#fileSystem.rm(this.#file, { force: true }).catch(() => {});
  }

  #follow({ path: file, startMs }: LiveSegment): Followed {
    const known = this.#followed[this.#at];
    if (known !== undefined) return known;
    const tail = new SegmentTail(file, this.#fileSystem);
    const followed = { path: file, startMs, tail, isJoined: false, quietLooks: 0 };
    this.#followed.push(followed);
    return followed;
  }

  async #take(followed: Followed, { fragment, bytes }: SafeFragment): Promise<void> {
    const { summary } = followed.tail;
    if (summary === null || fragment.samples.every((list) => list.length === 0)) return;
    if (!followed.isJoined) {
      const segment = { summary, startMs: followed.startMs };
      const silenceAt = await this.#growing.append(SILENCE);
      if (this.#join === null) {
        this.#join = new LiveJoin(segment, silenceAt);
        this.#beginsAtMs = followed.startMs;
      } else this.#join.addSegment(segment, silenceAt);
      followed.isJoined = true;
    }
    const shift = (await this.#growing.append(bytes)) - fragment.offset;
    const samples = fragment.samples.map((list) =>
      list.map((sample) => ({ ...sample, offset: sample.offset + shift })),
    );
    this.#join?.addFragment({ ...fragment, samples });
    this.#onProgress?.(this.#growing.bytes);
  }

  /** What the segments lacked. A segment that grew after its end has something that the file has not. @throws LiveProblem */
  async #repairs(signal: AbortSignal): Promise<Pick<Repairs, 'omittedSegments' | 'tornSegments' | 'reencoded'>> {
    const repairs = { omittedSegments: [] as string[], tornSegments: [] as string[], reencoded: false };
    for (const { path: file, tail, isJoined } of this.#followed) {
      await tail.advance(() => Promise.reject(new LiveProblem('a segment grew after its end')), signal);
      if (!isJoined) repairs.omittedSegments.push(path.basename(file));
      else if (await tail.isTorn()) repairs.tornSegments.push(path.basename(file));
    }
    return repairs;
  }
}
