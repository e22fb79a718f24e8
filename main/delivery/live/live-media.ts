import type { FileHashes } from '../hash-file.ts';
import type { Chapter } from '../join/chapters.ts';
import type { MediaMetadata } from '../join/metadata.ts';
import type { LiveTail } from './live-tail.ts';

/** This recording cannot be joined while it is recorded; the ordinary way can do it. The message is for history and log. */
export class LiveProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LiveProblem';
  }
}

export interface LastFacts {
  metadata: MediaMetadata;
  /** On the recording's timeline. */
  chapters: readonly Chapter[];
  signal: AbortSignal;
  /** Called now and then, as a sign of life. */
  onProgress(): void;
}

export interface EndedMedia {
  durationMs: number;
  /** Where on the recording's timeline the file begins. */
  startMs: number;
  hashes: FileHashes;
  /** Of the segments: what overlapped, in samples, and the silence in holes. */
  droppedSamples: number;
  filledAudioMs: number;
  /** Where the bytes lie that are not what they were before the end. */
  changed: { offset: number; length: number };
}

/**
 * What a growing file is made of. Everything rejects with the file system's errors; after any rejection the file is of no use any more.
 */
export interface LiveMedia {
  /** Bytes so far. All of them stay as they are, but for those that `EndedMedia.changed` will tell. */
  readonly bytes: number;
  /** The next segment on the timeline; the one before it has ended by the time that this one is advanced. */
  follow(file: string, startMs: number): LiveTail;
  /** Gives what was taken in its place, as far as that is certain by now. @throws LateCutError */
  settle(): Promise<void>;
  /** Ends the file: all of it in its place, verified, and durable. Null when no segment holds anything. @throws LateCutError */
  finish(facts: LastFacts): Promise<EndedMedia | null>;
  close(): Promise<void>;
}
