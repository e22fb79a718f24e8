import type { FileHandle } from 'node:fs/promises';
import * as nodeFileSystem from 'node:fs/promises';
import { MalformedBox } from '../capture/encode/isobmff.ts';
import { fileReader } from '../capture/encode/random-access.ts';
import type { AudioSettings } from '../capture/messages.ts';
import { type Chapter, chaptersOfFile } from './join/chapters.ts';
import type { MediaMetadata } from './join/metadata.ts';
import { readProgressive } from './join/progressive-reader.ts';
import { progressiveDurationMs, readMp3Sound, replaceMp3Sound, replaceMp4Sound } from './join/replace-sound.ts';
import { VerificationError } from './join/verify.ts';
import { type FinalizeFileSystem, partialOf, publish, writePartial } from './join/write-file.ts';
import {
  encodeWithGain,
  type Gain,
  type Loudness,
  LoudnessError,
  measureLoudness,
  type SoundRun,
} from './loudness-ffmpeg.ts';

export interface LoudnessOptions {
  /** A file that `finalizeMedia` made. */
  input: string;
  /** May be the input itself; replaced only when the new file is complete. */
  output: string;
  kind: 'mp4' | 'mp3';
  ffmpegPath: string;
  /** Integrated loudness to reach, LUFS; −16 unless told. */
  targetLufs?: number;
  /** Highest true peak of the decoded file, dBTP; −1 unless told. */
  truePeakDb?: number;
  audio: AudioSettings;
  /** Written anew, as `finalizeMedia` did. */
  metadata: MediaMetadata;
  /** On the recording's timeline, as given to `finalizeMedia`. */
  chapters?: readonly Chapter[];
  /** Where on that timeline the file begins, as `finalizeMedia` told. */
  startMs: number;
  signal: AbortSignal;
  /** Share of the work that is done, 0…1, never falling. */
  onProgress?: (share: number) => void;
  fileSystem?: FinalizeFileSystem;
}

export type LoudnessOutcome =
  | {
      kind: 'done';
      bytes: number;
      durationMs: number;
      before: Loudness;
      after: Loudness;
      gainDb: number;
      limited: boolean;
    }
  /** The file is as it was: there is no sound in it, only silence, its loudness is right, or no gain makes it right. */
  | { kind: 'untouched'; reason: 'noSound' | 'silence' | 'alreadyRight' | 'unreachable'; before: Loudness | null }
  /** Worth another try later. Codes are those of the system, or ABORTED, VERIFY_FAILED. The input is as it was. */
  | { kind: 'retry'; code: string; message: string }
  /** Another try would end the same way. The input is as it was, and a good recording. */
  | { kind: 'failed'; code: 'LOUDNESS_FAILED'; message: string };

const TARGET_LUFS = -16;
const TRUE_PEAK_DB = -1;
/** What is softer than this is the noise of an empty room. */
const SILENCE_LUFS = -60;
/** More would turn the noise between two words into a roar. */
const MAX_GAIN_DB = 36;
/** How near a try has to come. */
const TOLERANCE_LU = 0.5;
/** How near a file has to be to be left alone: a little wider, so that what came out of here is never encoded again. */
const LEFT_ALONE_LU = 0.7;
/** Measured peaks are rounded to a tenth. */
const PEAK_ROUNDING_DB = 0.05;
/** Coders overshoot by about this much; when they do more, the next try leaves more room. */
const CODER_ROOM_DB = 1;
const SPARE_ROOM_DB = 0.2;
const LAST_ROOM_DB = 1;
const MAX_TRIES = 4;
/** Loudness that a decibel of gain brings at least behind a limiter; where it brings less there is no more to be had. */
const LEAST_GAINED = 0.4;
const MEASURED_SHARE = 0.2;
const ENCODED_SHARE = 0.9;

/**
 * Brings a finished file's loudness to a target (EBU R128) by one constant gain over the whole file, with a limiter only where peaks
 * demand it: what the loudnorm filter's linear mode does, without its silent change to a moving gain. The result is measured after
 * encoding, and tried anew until it is right. Pictures keep their bytes and times. Never rejects.
 */
export async function normaliseLoudness(options: LoudnessOptions): Promise<LoudnessOutcome> {
  const fileSystem = options.fileSystem ?? nodeFileSystem;
  const sound = soundOf(options.output);
  const handles: FileHandle[] = [];
  try {
    return await normalise({ ...options, fileSystem }, sound, handles);
  } catch (error) {
    return outcomeOf(error, options.signal);
  } finally {
    await Promise.allSettled(handles.map((handle) => handle.close()));
    await fileSystem.rm(sound, { force: true }).catch(() => {});
  }
}

/** Where the new sound is until it is in the file. */
function soundOf(output: string): string {
  return `${output}.sound`;
}

/** What an interrupted try to make a file may have left beside it. */
export function leftoversOf(file: string): string[] {
  return [partialOf(file), soundOf(file)];
}

type Options = LoudnessOptions & { fileSystem: FinalizeFileSystem };

async function normalise(options: Options, sound: string, handles: FileHandle[]): Promise<LoudnessOutcome> {
  const { input, output, kind, ffmpegPath, signal, fileSystem, metadata } = options;
  const source = await fileSystem.open(input, 'r');
  handles.push(source);
  const durationMs = await soundDuration(source, kind);
  if (durationMs === 0) return { kind: 'untouched', reason: 'noSound', before: null };
  const progress = rising(options.onProgress);
  const run: SoundRun = { ffmpegPath, input, durationMs, signal };
  const before = await measureLoudness({ ...run, onProgress: (share) => progress(share * MEASURED_SHARE) });
  const wish = wishFor(before, options);
  if ('reason' in wish) return { kind: 'untouched', reason: wish.reason, before };

  const reached = await reach(wish, before, { options, run, sound, progress });
  if (!reached) return { kind: 'untouched', reason: 'unreachable', before };
  const encoded = await fileSystem.open(sound, 'r');
  handles.push(encoded);
  const chapters = chaptersOfFile(options.chapters ?? [], options.startMs, Number.POSITIVE_INFINITY);
  const replace = kind === 'mp4' ? replaceMp4Sound : replaceMp3Sound;
  const joined = await replace({ input: source, sound: encoded, metadata, chapters });
  const onProgress = (done: number, total: number): void =>
    progress(ENCODED_SHARE + (1 - ENCODED_SHARE) * (done / total));
  const partial = await writePartial(joined, { output, fileSystem, signal, onProgress });
  try {
    // Some systems do not replace a file that is open.
    await Promise.all(handles.splice(0).map((handle) => handle.close()));
    await publish(output, fileSystem);
  } catch (error) {
    await fileSystem.rm(partial, { force: true }).catch(() => {});
    throw error;
  }
  const bytes = joined.head.length + joined.mediaBytes;
  const { gain, after } = reached;
  const limited = gain.ceilingDb !== null;
  return { kind: 'done', bytes, durationMs: joined.durationMs, before, after, gainDb: gain.gainDb, limited };
}

/** 0 when there is no sound. */
async function soundDuration(source: FileHandle, kind: LoudnessOptions['kind']): Promise<number> {
  if (kind === 'mp3') return (await readMp3Sound(source)).durationMs;
  const tracks = await readProgressive(await fileReader(source));
  return tracks.some((track) => track.kind === 'audio' && track.sampleCount > 0) ? progressiveDurationMs(tracks) : 0;
}

interface Wish {
  targetLufs: number;
  truePeakDb: number;
}

function wishFor(before: Loudness, options: Options): Wish | { reason: 'silence' | 'alreadyRight' } {
  const { targetLufs = TARGET_LUFS, truePeakDb = TRUE_PEAK_DB } = options;
  if (before.lufs < SILENCE_LUFS || before.peakDb === Number.NEGATIVE_INFINITY) return { reason: 'silence' };
  const wish = { targetLufs: Math.min(targetLufs, before.lufs + MAX_GAIN_DB), truePeakDb };
  return isRight(before, wish, LEFT_ALONE_LU) ? { reason: 'alreadyRight' } : wish;
}

function isRight(loudness: Loudness, wish: Wish, toleranceLu: number, peakRoomDb = 0): boolean {
  const isNear = Math.abs(loudness.lufs - wish.targetLufs) <= toleranceLu;
  return isNear && loudness.peakDb <= wish.truePeakDb - peakRoomDb;
}

interface Reach {
  options: Options;
  run: SoundRun;
  sound: string;
  progress: (share: number) => void;
}

/**
 * Encodes with a gain and measures, until it is right: how much loudness a limiter takes away and how far the coder overshoots is known
 * only afterwards. Null when the last try is not even better than the file was.
 */
async function reach(wish: Wish, before: Loudness, parts: Reach): Promise<{ gain: Gain; after: Loudness } | null> {
  const { options, run, sound, progress } = parts;
  const target = { output: sound, kind: options.kind, audio: options.audio };
  let gainDb = wish.targetLufs - before.lufs;
  let ceilingDb = wish.truePeakDb - CODER_ROOM_DB;
  let earlier = { gainDb: 0, lufs: before.lufs };
  let from = MEASURED_SHARE;
  for (let left = MAX_TRIES; ; left -= 1) {
    // Each try may be the last one needed, so each takes a part of what is left.
    const start = from;
    const step = (ENCODED_SHARE - from) * 0.6;
    const gain: Gain = { gainDb, ceilingDb: before.peakDb + gainDb > ceilingDb ? ceilingDb : null };
    await encodeWithGain({ ...run, onProgress: (share) => progress(start + step * share * 0.7) }, gain, target);
    const check = { ...run, input: sound, onProgress: (share: number) => progress(start + step * (0.7 + share * 0.3)) };
    const after = await measureLoudness(check);
    from += step;
    if (isRight(after, wish, TOLERANCE_LU, PEAK_ROUNDING_DB)) return { gain, after };
    if (left === 1) return isBetter(after, before, wish) ? { gain, after } : null;
    const gained = (after.lufs - earlier.lufs) / (gainDb - earlier.gainDb || 1);
    earlier = { gainDb, lufs: after.lufs };
    const excessDb = after.peakDb - wish.truePeakDb + PEAK_ROUNDING_DB;
    const isLast = left === 2;
    if (excessDb > 0) ceilingDb -= excessDb + (isLast ? LAST_ROOM_DB : SPARE_ROOM_DB);
    // With more gain the coder overshoots more, so the last try settles for the peaks.
    if (excessDb > 0 && isLast) continue;
    gainDb = Math.min(MAX_GAIN_DB, gainDb + (wish.targetLufs - after.lufs) / clamped(gained, LEAST_GAINED, 1));
  }
}

function isBetter(after: Loudness, before: Loudness, { targetLufs, truePeakDb }: Wish): boolean {
  const isNearer = Math.abs(after.lufs - targetLufs) < Math.abs(before.lufs - targetLufs);
  return after.peakDb <= truePeakDb - PEAK_ROUNDING_DB && (isNearer || before.peakDb > truePeakDb);
}

function clamped(value: number, lowest: number, highest: number): number {
  return Math.min(highest, Math.max(lowest, value));
}

function rising(onProgress: LoudnessOptions['onProgress']): (share: number) => void {
  let told = 0;
  return (share) => {
    if (share <= told) return;
    told = share;
    onProgress?.(share);
  };
}

function outcomeOf(error: unknown, signal: AbortSignal): LoudnessOutcome {
  const message = error instanceof Error ? error.message : String(error);
  if (signal.aborted) return { kind: 'retry', code: 'ABORTED', message: 'it was interrupted' };
  if (error instanceof VerificationError) return { kind: 'retry', code: 'VERIFY_FAILED', message };
  if (error instanceof LoudnessError || error instanceof MalformedBox) {
    return { kind: 'failed', code: 'LOUDNESS_FAILED', message };
  }
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'UNEXPECTED';
  return { kind: 'retry', code, message };
}
