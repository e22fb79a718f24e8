import type { Fmp4Fragment } from '../../capture/encode/fmp4.ts';
import { JoinBuilder, type JoinResult, type Mp4Segment, SILENT_MONO_AAC_FRAME } from '../join/join-builder.ts';
import { canJoin } from '../join/join-mp4.ts';
import { LiveProblem } from './live-media.ts';

type Segment = Omit<Mp4Segment, 'reader'>;

interface KnownSegment extends Segment {
  /** Fragments without a place on the timeline yet. */
  waiting: Fmp4Fragment[];
}

/** Fragments of half a second each: the next segment may begin this much before the end of what is known. */
const HELD_FRAGMENTS = 20;
const SILENT_FRAMES = 4096;

/** Frames of silence to fill holes with: more than a minute, so that a hole is read in one go. */
export const SILENCE = Buffer.alloc(SILENT_FRAMES * SILENT_MONO_AAC_FRAME.length, SILENT_MONO_AAC_FRAME);

/**
 * Joins segments as they grow, in the order of the timeline. The newest ten seconds wait for what may come after them, since a segment cuts
 * off the end of the one before it.
 */
export class LiveJoin {
  readonly #segments: KnownSegment[];
  readonly #builder: JoinBuilder;
  /** The first segment that may still have fragments waiting. */
  #at = 0;
  #silenceAt: number;
  #silentFrames = 0;

  /**
   * @param first the segment that the file begins with, with a sample in its summary; its summary may go on growing
   * @param silenceAt where in the file `SILENCE` lies
   */
  constructor(first: Segment, silenceAt: number) {
    this.#silenceAt = silenceAt;
    this.#segments = [{ ...first, waiting: [] }];
    this.#builder = new JoinBuilder(this.#segments, {
      sample: (_, { offset }) => offset,
      filler: (bytes) => this.#silenceAt + (this.#silentFrames++ % SILENT_FRAMES) * bytes.length,
    });
  }

  /** The next segment, of which the same holds; the one before it has ended. @throws LiveProblem */
  addSegment(segment: Segment, silenceAt: number): void {
    this.#segments.push({ ...segment, waiting: [] });
    if (!canJoin(this.#segments)) throw new LiveProblem('segments of different encoders');
    this.#silenceAt = silenceAt;
    this.#silentFrames = 0;
  }

  /** The next fragment of the newest segment; the offsets of its samples are places in the file. */
  addFragment(fragment: Fmp4Fragment): void {
    this.#segments.at(-1)?.waiting.push(fragment);
  }

  /** Gives all fragments their place that can have it by now, or all there are. @throws LateCutError */
  advance(isOver: boolean): void {
    for (let segment = this.#segments[this.#at]; segment; segment = this.#segments[this.#at]) {
      const isDecided = isOver || this.#builder.isBounded(this.#at);
      const count = isDecided ? segment.waiting.length : Math.max(0, segment.waiting.length - HELD_FRAGMENTS);
      for (const fragment of segment.waiting.splice(0, count)) this.#builder.addFragment(this.#at, fragment);
      if (!isDecided || this.#at === this.#segments.length - 1) return;
      this.#at += 1;
    }
  }

  /** Of what has its place. */
  result(): JoinResult {
    return this.#builder.result();
  }
}
