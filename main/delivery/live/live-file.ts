import path from 'node:path';
import { syncDirectory } from '../../capture/encode/segment-file.ts';
import type { Repairs } from '../finalize.ts';
import type { Chapter } from '../join/chapters.ts';
import type { MediaMetadata } from '../join/metadata.ts';
import type { FinalizeFileSystem } from '../join/write-file.ts';
import { type EndedMedia, type LiveMedia, LiveProblem } from './live-media.ts';
import type { LiveTail } from './live-tail.ts';

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

export interface FinishedFile extends Omit<EndedMedia, 'droppedSamples' | 'filledAudioMs'> {
  repaired: Repairs;
}

interface Followed {
  path: string;
  startMs: number;
  tail: LiveTail;
  /** Looks since which the file has not grown although another segment came after it. */
  quietLooks: number;
}

/** A segment that a killed process never closed counts as ended after so many looks without a byte. */
export const QUIET_LOOKS = 10;

/** Begins the file of a kind of media. */
export type BeginMedia = (file: string, fileSystem: FinalizeFileSystem) => Promise<LiveMedia>;

/**
 * The file of a mix, made while it is recorded: `file` grows as its segments do, and is given its name when the recording has ended. It is
 * worth nothing without this object: after a restart it is made anew.
 */
export class LiveFile {
  readonly #file: string;
  readonly #fileSystem: FinalizeFileSystem;
  readonly #media: LiveMedia;
  readonly #followed: Followed[] = [];
  #at = 0;

  private constructor(file: string, fileSystem: FinalizeFileSystem, media: LiveMedia) {
    this.#file = file;
    this.#fileSystem = fileSystem;
    this.#media = media;
  }

  /** Begins the file anew. Rejects with the file system's error, as everything else here does. */
  static async create(file: string, fileSystem: FinalizeFileSystem, begin: BeginMedia): Promise<LiveFile> {
    return new LiveFile(file, fileSystem, await begin(file, fileSystem));
  }

  get path(): string {
    return this.#file;
  }

  /** Bytes that may be sent. */
  get bytes(): number {
    return this.#media.bytes;
  }

  /**
   * Takes in what has come to the segments. After any rejection the object is of no use. @throws LiveProblem, LateCutError
   * @param onProgress called now and then, as a sign of life
   */
  async advance(segments: readonly LiveSegment[], signal: AbortSignal, onProgress = () => {}): Promise<void> {
    const isOther = ({ path: file, startMs }: Followed, index: number): boolean =>
      segments[index]?.path !== file || segments[index]?.startMs !== startMs;
    if (this.#followed.some(isOther)) throw new LiveProblem('the segments are not those of before');
    for (let facts = segments[this.#at]; facts; facts = segments[this.#at]) {
      const followed = this.#follow(facts);
      const before = followed.tail.seenBytes;
      await followed.tail.advance(signal, onProgress);
      const isQuiet = this.#at < segments.length - 1 && followed.tail.seenBytes === before;
      followed.quietLooks = isQuiet ? followed.quietLooks + 1 : 0;
      if (!facts.isEnded && followed.quietLooks < QUIET_LOOKS) break;
      this.#at += 1;
    }
    await this.#media.settle();
  }

  /** Takes in the rest, ends the file and gives it its name. @returns null when no segment holds anything. @throws LiveProblem, LateCutError */
  async finish(plan: FinishPlan): Promise<FinishedFile | null> {
    const { segments, output, metadata, chapters, signal } = plan;
    const onProgress = (): void => plan.onProgress?.(this.bytes);
    const ended = segments.map((segment) => ({ ...segment, isEnded: true }));
    await this.advance(ended, signal, onProgress);
    const repaired = await this.#repairs(signal);
    const done = await this.#media.finish({ metadata, chapters, signal, onProgress });
    if (done === null) return null;
    await this.#media.close();
    signal.throwIfAborted();
    await this.#fileSystem.rename(this.#file, output);
    await syncDirectory(path.dirname(output), this.#fileSystem);
    const { droppedSamples, filledAudioMs, ...file } = done;
    return { ...file, repaired: { ...repaired, droppedSamples, filledAudioMs } };
  }

  /** Closes and removes what is there under the first name. Never rejects. */
  async discard(): Promise<void> {
    await this.#media.close().catch(() => {});
    await this.#fileSystem.rm(this.#file, { force: true }).catch(() => {});
  }

  #follow({ path: file, startMs }: LiveSegment): Followed {
    const known = this.#followed[this.#at];
    if (known !== undefined) return known;
    const followed = { path: file, startMs, tail: this.#media.follow(file, startMs), quietLooks: 0 };
    this.#followed.push(followed);
    return followed;
  }

  /** What the segments lacked. A segment that grew after its end has something that the file has not. @throws LiveProblem */
  async #repairs(signal: AbortSignal): Promise<Pick<Repairs, 'omittedSegments' | 'tornSegments' | 'reencoded'>> {
    const repairs = { omittedSegments: [] as string[], tornSegments: [] as string[], reencoded: false };
    for (const { path: file, tail } of this.#followed) {
      const { takenBytes } = tail;
      await tail.advance(signal, () => {});
      if (tail.takenBytes > takenBytes) throw new LiveProblem('a segment grew after its end');
      if (!tail.isJoined) repairs.omittedSegments.push(path.basename(file));
      else if (await tail.isTorn()) repairs.tornSegments.push(path.basename(file));
    }
    return repairs;
  }
}
