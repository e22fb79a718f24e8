import type { FileHandle } from 'node:fs/promises';
import * as nodeFileSystem from 'node:fs/promises';
import path from 'node:path';
import { type Fmp4Summary, parseFmp4 } from '../capture/encode/fmp4.ts';
import { parseMp3 } from '../capture/encode/mp3.ts';
import { aheadReader, fileReader } from '../capture/encode/random-access.ts';
import type { Chapter } from './join/chapters.ts';
import { joinMp3, type Mp3Segment } from './join/join-mp3.ts';
import { canJoin, joinMp4, type Mp4Segment, SingleJoin } from './join/join-mp4.ts';
import type { MediaMetadata } from './join/metadata.ts';
import { ReencodeError, reencodeSegment } from './join/reencode.ts';
import { VerificationError, verifyMp3, verifyMp4 } from './join/verify.ts';
import { type FinalizeFileSystem, publish, type WritableJoin, writePartial } from './join/write-file.ts';

export type { Chapter } from './join/chapters.ts';
export type { MediaMetadata } from './join/metadata.ts';
export type { FinalizeFileSystem } from './join/write-file.ts';

export interface FinalizeOptions {
  /** Segment files, each with the place of its timestamp 0 on the recording's timeline. Missing and unusable ones are left out. */
  segments: readonly { path: string; startMs: number }[];
  /** The file to be made; a file of this name is replaced, but only when the new one is complete. */
  output: string;
  kind: 'mp4' | 'mp3';
  hasVideo: boolean;
  hasAudio: boolean;
  /** Only needed when segments come from encoders that do not fit each other; null when there is none. */
  ffmpegPath: string | null;
  metadata: MediaMetadata;
  /** On the recording's timeline; the file gets those that lie in it, in its own time. */
  chapters?: readonly Chapter[];
  signal: AbortSignal;
  onProgress?: (doneBytes: number, totalBytes: number) => void;
  fileSystem?: FinalizeFileSystem;
}

/** What had to be put right. All empty, zero and false for a recording without any trouble. */
export interface Repairs {
  /** File names of segments in which nothing usable was found. */
  omittedSegments: string[];
  /** File names of segments whose end was cut off because it was torn. */
  tornSegments: string[];
  /** Samples dropped where segments overlapped. */
  droppedSamples: number;
  filledAudioMs: number;
  reencoded: boolean;
}

export type FinalizeOutcome =
  | {
      kind: 'done';
      bytes: number;
      durationMs: number;
      videoPictures: number;
      /** Where on the recording's timeline the file begins. */
      startMs: number;
      repaired: Repairs;
    }
  /**
   * Worth another try later: disk full, read error, interrupted. Codes are those of the system, or ABORTED, TIMEOUT, VERIFY_FAILED and
   * FFMPEG_MISSING.
   */
  | { kind: 'retry'; code: string; message: string }
  /** Another try would end the same way. */
  | { kind: 'failed'; code: 'NO_MEDIA' | 'TRANSCODE_FAILED'; message: string };

/** About 1 MB/s: a disk that does less is as good as hanging. */
const SLOWEST_BYTES_PER_MS = 1000;
const SHORTEST_DEADLINE_MS = 60_000;
/** Several fragments of half a second are read at once. */
const READ_AHEAD_BYTES = 512 * 1024;
/** Encoding anew may take this many times as long as copying. */
const REENCODE_FACTOR = 20;

/** A run's open files and what it found out. */
interface Run {
  options: FinalizeOptions;
  /** Starts the deadline anew, for handling `bytes` up to `factor` times as slowly as the slowest disk. */
  allow: (bytes: number, factor?: number) => void;
  fileSystem: FinalizeFileSystem;
  signal: AbortSignal;
  handles: FileHandle[];
  temporary: string[];
  repaired: Repairs;
}

interface Joined extends WritableJoin {
  durationMs: number;
  videoPictures: number;
  startMs: number;
}

/**
 * Joins a recording's segments into one ordinary file, without encoding anew. The file appears under its name complete, verified and
 * synced, or not at all; segments are never changed. Never rejects: what went wrong is in the outcome.
 */
export async function finalizeMedia(options: FinalizeOptions): Promise<FinalizeOutcome> {
  const deadline = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const run: Run = {
    options,
    allow: (bytes, factor = 1) => {
      clearTimeout(timer);
      const ms = Math.max(SHORTEST_DEADLINE_MS, (bytes / SLOWEST_BYTES_PER_MS) * factor);
      timer = setTimeout(() => deadline.abort(new TimeLimitError(ms)), ms);
    },
    fileSystem: options.fileSystem ?? nodeFileSystem,
    signal: AbortSignal.any([options.signal, deadline.signal]),
    handles: [],
    temporary: [],
    repaired: { omittedSegments: [], tornSegments: [], droppedSamples: 0, filledAudioMs: 0, reencoded: false },
  };
  try {
    const joined = options.kind === 'mp4' ? await prepareMp4(run) : await prepareMp3(run);
    if (!joined) {
      return { kind: 'failed', code: 'NO_MEDIA', message: 'no segment holds any picture or sound' };
    }
    run.allow(joined.mediaBytes);
    const { output, onProgress } = options;
    const { fileSystem, signal } = run;
    run.temporary.push(await writePartial(joined, { output, fileSystem, signal, onProgress }));
    await publish(output, fileSystem);
    const { durationMs, videoPictures, startMs, head, mediaBytes } = joined;
    const bytes = head.length + mediaBytes;
    return { kind: 'done', bytes, durationMs, videoPictures, startMs, repaired: run.repaired };
  } catch (error) {
    return outcomeOf(error, options.signal);
  } finally {
    clearTimeout(timer);
    await Promise.allSettled(run.handles.map((handle) => handle.close()));
    await Promise.allSettled(run.temporary.map((file) => run.fileSystem.rm(file, { force: true })));
  }
}

class FfmpegMissingError extends Error {
  readonly code = 'FFMPEG_MISSING';
  constructor() {
    super('the segments have to be encoded anew and no working ffmpeg was found');
    this.name = 'FfmpegMissingError';
  }
}

class TimeLimitError extends Error {
  constructor(limitMs: number) {
    super(`not done within ${Math.round(limitMs / 1000)} s`);
    this.name = 'TimeLimitError';
  }
}

async function prepareMp4(run: Run): Promise<Joined | null> {
  const { segments: given, metadata, chapters } = run.options;
  const single = given.length === 1 && given[0] ? new SingleJoin(given[0].startMs) : null;
  let usable = await openSegments(run, async (handle) => {
    const reader = await aheadReader(handle, READ_AHEAD_BYTES);
    const summary = await parseFmp4(reader, (fragment, known) => single?.take(fragment, known));
    const count = summary.tracks.reduce((sum, track) => sum + track.sampleCount, 0);
    return { value: { reader, summary }, isUsable: count > 0, isTorn: summary.torn };
  });
  if (usable.length === 0) return null;
  const bytes = usable.reduce((sum, segment) => sum + segment.value.summary.validLength, 0);
  run.allow(bytes);
  if (!canJoin(usable.map(asMp4Segment))) usable = withoutStubs(run, usable);
  if (!canJoin(usable.map(asMp4Segment))) {
    run.allow(bytes, REENCODE_FACTOR);
    usable = await reencodeAll(run, usable);
  }
  const segments = usable.map(asMp4Segment);
  const joined = single?.joined(metadata, chapters) ?? (await joinMp4(segments, metadata, chapters));
  run.repaired.droppedSamples = joined.droppedSamples;
  run.repaired.filledAudioMs = joined.filledAudioMs;
  return {
    head: joined.head(),
    ranges: joined.ranges,
    mediaBytes: joined.file.mediaBytes,
    durationMs: joined.file.durationMs,
    videoPictures: joined.videoPictures,
    startMs: segments[0]?.startMs ?? 0,
    sources: usable.map((segment) => segment.handle),
    verify: async (written) => verifyMp4(await fileReader(written), joined.file.sampleCounts),
  };
}

async function prepareMp3(run: Run): Promise<Joined | null> {
  const usable = await openSegments(run, async (handle) => {
    const reader = await fileReader(handle);
    const summary = await parseMp3(reader);
    return { value: { reader, summary }, isUsable: summary.frames > 0, isTorn: summary.torn };
  });
  if (usable.length === 0) return null;
  run.allow(usable.reduce((sum, segment) => sum + segment.value.summary.validLength, 0));
  const segments: Mp3Segment[] = usable.map(({ value, startMs }) => ({ ...value, startMs }));
  const joined = await joinMp3(segments, run.options.metadata, run.options.chapters);
  run.repaired.droppedSamples = joined.droppedFrames;
  run.repaired.filledAudioMs = joined.filledAudioMs;
  return {
    head: joined.head,
    ranges: joined.ranges,
    mediaBytes: joined.mediaBytes,
    durationMs: joined.durationMs,
    videoPictures: 0,
    startMs: segments[0]?.startMs ?? 0,
    sources: usable.map((segment) => segment.handle),
    verify: async (written) => verifyMp3(await fileReader(written), joined.frames + 1),
  };
}

interface OpenSegment<T> {
  file: string;
  startMs: number;
  handle: FileHandle;
  value: T;
}

function asMp4Segment({ value, startMs }: OpenSegment<Pick<Mp4Segment, 'reader' | 'summary'>>): Mp4Segment {
  return { ...value, startMs };
}

/** Opens all segments in the order of the timeline and keeps those that hold something. */
async function openSegments<T>(
  run: Run,
  inspect: (handle: FileHandle) => Promise<{ value: T; isUsable: boolean; isTorn: boolean }>,
): Promise<OpenSegment<T>[]> {
  const usable: OpenSegment<T>[] = [];
  for (const { path: file, startMs } of run.options.segments.toSorted((a, b) => a.startMs - b.startMs)) {
    run.signal.throwIfAborted();
    const handle = await openIfThere(run.fileSystem, file);
    if (!handle) {
      run.repaired.omittedSegments.push(path.basename(file));
      continue;
    }
    run.handles.push(handle);
    run.allow((await handle.stat()).size);
    const { value, isUsable, isTorn } = await inspect(handle);
    if (isUsable) usable.push({ file, startMs, handle, value });
    else run.repaired.omittedSegments.push(path.basename(file));
    if (isUsable && isTorn) run.repaired.tornSegments.push(path.basename(file));
  }
  return usable;
}

async function openIfThere(fileSystem: FinalizeFileSystem, file: string): Promise<FileHandle | null> {
  try {
    return await fileSystem.open(file, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** Where a segment lies while it is encoded anew. */
export function reencodedName(segment: string): string {
  return `${segment}.reencoded`;
}

type OpenMp4 = OpenSegment<Pick<Mp4Segment, 'reader' | 'summary'>>;

/**
 * An encoder that was killed or stopped in its first fragment may leave a few frames of sound and no picture, with tracks that fit nothing
 * and that no decoder opens. What has pictures is not given up for them.
 */
function withoutStubs(run: Run, segments: OpenMp4[]): OpenMp4[] {
  const isWhole = ({ value }: OpenMp4) => value.summary.tracks.every((track) => track.sampleCount > 0);
  const whole = segments.filter(isWhole);
  if (whole.length === 0) return segments;
  for (const segment of segments) {
    if (!isWhole(segment)) run.repaired.omittedSegments.push(path.basename(segment.file));
  }
  return whole;
}

/** Segments of different encoders: all of them get the same encoder, and the first one's size. */
async function reencodeAll(run: Run, segments: OpenMp4[]): Promise<OpenMp4[]> {
  const { ffmpegPath, hasAudio, hasVideo } = run.options;
  if (ffmpegPath === null) throw new FfmpegMissingError();
  run.repaired.reencoded = true;
  const size = sizeOf(segments.map((segment) => segment.value.summary));
  const encoded: OpenMp4[] = [];
  for (const segment of segments) {
    const output = reencodedName(segment.file);
    run.temporary.push(output);
    await reencodeSegment({
      ffmpegPath,
      input: segment.file,
      inputBytes: segment.value.summary.validLength,
      output,
      size: hasVideo ? size : null,
      hasAudio,
      signal: run.signal,
    });
    const handle = await run.fileSystem.open(output, 'r');
    run.handles.push(handle);
    const reader = await fileReader(handle);
    encoded.push({ ...segment, file: output, handle, value: { reader, summary: await parseFmp4(reader) } });
  }
  if (!canJoin(encoded.map(asMp4Segment))) throw new ReencodeError('the results still do not fit each other');
  return encoded;
}

function sizeOf(summaries: Fmp4Summary[]): { width: number; height: number } | null {
  const video = summaries.flatMap((summary) => summary.tracks).find((track) => track.kind === 'video');
  return video ? { width: video.width, height: video.height } : null;
}

function outcomeOf(error: unknown, signal: AbortSignal): FinalizeOutcome {
  const message = error instanceof Error ? error.message : String(error);
  if (signal.aborted) return { kind: 'retry', code: 'ABORTED', message: 'finalizing was interrupted' };
  if (error instanceof TimeLimitError) return { kind: 'retry', code: 'TIMEOUT', message };
  if (error instanceof VerificationError) return { kind: 'retry', code: 'VERIFY_FAILED', message };
  if (error instanceof ReencodeError) return { kind: 'failed', code: 'TRANSCODE_FAILED', message };
  return { kind: 'retry', code: codeOf(error) ?? 'UNEXPECTED', message };
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
