import { mediaOf } from '../../shared/recording.ts';
import { mediaKind } from '../recordings/naming.ts';
import { describeOutput } from '../recordings/outputs.ts';
import type { Settings } from '../settings/settings.ts';
import { shownName } from '../store/names.ts';
import type { GapRow, RecordingRow, SegmentRow, StayRow } from '../store/rows.ts';
import { finalizeMedia, type MediaMetadata, type Repairs } from './finalize.ts';
import { type FileHashes, hashFile } from './hash-file.ts';
import { type Chapter, chaptersOf, START_TITLE } from './join/chapters.ts';
import type { FinishPlan } from './live/live-file.ts';
import type { AdoptableFile } from './live/live-session.ts';
import { type LoudnessOutcome, normaliseLoudness } from './loudness.ts';

/** What the box knows of a recording that goes into its files. */
export interface RecordingFacts {
  recording: RecordingRow;
  stays: readonly StayRow[];
  gaps: readonly GapRow[];
  boxId: string;
  /** Name and version of the recorder. */
  recorder: string;
}

export interface FinalizeOutputOptions {
  facts: RecordingFacts;
  output: SegmentRow['output'];
  /** With their places on the disk, in the order of the timeline. */
  segments: readonly { path: string; startMs: number }[];
  /** The file to be made. */
  file: string;
  /** Needed for loudness and for segments that do not fit each other; null when there is none. */
  ffmpegPath: string | null;
  settings: Pick<Settings, 'audio' | 'loudness'>;
  /** Makes the file of an output that was sent while it was recorded; null when it was not. */
  finishLive?: ((plan: FinishPlan) => Promise<AdoptableFile | null>) | undefined;
  signal: AbortSignal;
  /** Share of the work that is done, 0…1. */
  onProgress: (share: number) => void;
}

export type OutputOutcome =
  | {
      kind: 'done';
      durationMs: number;
      /** Where on the recording's timeline the file begins. */
      startMs: number;
      hashes: FileHashes;
      repaired: Repairs;
      /** Null when it was not asked for. */
      loudness: LoudnessOutcome | null;
      /** Set when COS has parts of it already. */
      live?: Pick<AdoptableFile, 'sentBytes' | 'adopt'>;
    }
  /** No segment holds anything that can be read. */
  | { kind: 'nothing' }
  | { kind: 'retry'; code: string; message: string }
  | { kind: 'failed'; code: string; message: string };

/** Events of a user that happened this much before his file began have nothing to do with its beginning. */
const CHAPTER_SLACK_MS = 500;
/** Shares of the work after joining and, where it is asked for, after normalising the loudness; the rest is reading for the checksums. */
const JOINED_SHARE = 0.7;
const JOINED_BEFORE_LOUDNESS_SHARE = 0.3;
const NORMALISED_SHARE = 0.9;

/**
 * Makes one output's segments into its file, complete under its name or not at all: joined, its loudness set where that is wanted, and
 * its checksums taken. Never rejects. Safe to repeat: segments are never changed.
 */
export async function finalizeOutput(options: FinalizeOutputOptions): Promise<OutputOutcome> {
  const { facts, output, segments, file, ffmpegPath, settings, signal, onProgress } = options;
  const { recording } = facts;
  const kind = mediaKind(recording.mode);
  const { video, audio } = mediaOf(recording.mode);
  const wantsLoudness = settings.loudness.enabled && audio;
  const joinedShare = wantsLoudness ? JOINED_BEFORE_LOUDNESS_SHARE : JOINED_SHARE;
  const metadata = metadataOf(facts, output);
  const chapters = chaptersFor(facts, output, segments[0]?.startMs ?? 0);
  if (!wantsLoudness && options.finishLive) {
    const live = await finishLive(options, { metadata, chapters });
    if (live !== null) return live;
  }
  const media = await finalizeMedia({
    ...{ segments, output: file, kind, hasVideo: video, hasAudio: audio, ffmpegPath, metadata, chapters, signal },
    onProgress: (doneBytes, totalBytes) => onProgress(joinedShare * shareOf(doneBytes, totalBytes)),
  });
  if (media.kind === 'retry') return media;
  if (media.kind === 'failed') return media.code === 'NO_MEDIA' ? { kind: 'nothing' } : media;
  let { bytes, durationMs } = media;
  let loudness: LoudnessOutcome | null = null;
  if (wantsLoudness && ffmpegPath === null) loudness = NO_LOUDNESS;
  else if (wantsLoudness && ffmpegPath !== null) {
    const { targetLufs, truePeakDb } = settings.loudness;
    loudness = await normaliseLoudness({
      ...{ input: file, output: file, kind, ffmpegPath, targetLufs, truePeakDb, audio: settings.audio },
      ...{ metadata, chapters, startMs: media.startMs, signal },
      onProgress: (share) => onProgress(joinedShare + (NORMALISED_SHARE - joinedShare) * share),
    });
    if (signal.aborted) return INTERRUPTED;
    if (loudness.kind === 'done') ({ bytes, durationMs } = loudness);
  }
  const hashedFrom = wantsLoudness ? NORMALISED_SHARE : joinedShare;
  try {
    const hashes = await hashFile(file, {
      signal,
      onProgress: (read) => onProgress(hashedFrom + (1 - hashedFrom) * shareOf(read, bytes)),
    });
    return { kind: 'done', durationMs, startMs: media.startMs, hashes, repaired: media.repaired, loudness };
  } catch (error) {
    return retryAfter(error, signal);
  }
}

/** Null when the ordinary way is to be taken. */
async function finishLive(
  { segments, file, signal, onProgress, finishLive }: FinalizeOutputOptions,
  about: Pick<FinishPlan, 'metadata' | 'chapters'>,
): Promise<OutputOutcome | null> {
  // How much is left to take in is not known; every report tells that it goes on.
  const alive = (): void => onProgress(0);
  try {
    const done = (await finishLive?.({ ...about, segments, output: file, signal, onProgress: alive })) ?? null;
    if (done === null) return null;
    const { durationMs, startMs, hashes, repaired, sentBytes, adopt } = done;
    return { kind: 'done', durationMs, startMs, hashes, repaired, loudness: null, live: { sentBytes, adopt } };
  } catch (error) {
    return retryAfter(error, signal);
  }
}

function retryAfter(error: unknown, signal: AbortSignal): OutputOutcome {
  if (signal.aborted) return INTERRUPTED;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'UNEXPECTED';
  return { kind: 'retry', code, message: error instanceof Error ? error.message : String(error) };
}

/** A file is not withheld for its loudness. */
const NO_LOUDNESS: LoudnessOutcome = {
  kind: 'failed',
  code: 'LOUDNESS_FAILED',
  message: 'no working ffmpeg was found',
};
const INTERRUPTED: OutputOutcome = { kind: 'retry', code: 'ABORTED', message: 'finalizing was interrupted' };

function shareOf(done: number, total: number): number {
  return total === 0 ? 1 : Math.min(1, done / total);
}

function metadataOf({ recording, boxId, recorder }: RecordingFacts, output: SegmentRow['output']): MediaMetadata {
  const room = String(recording.roomId ?? recording.strRoomId);
  const { stream, userId } = describeOutput(output);
  const whose = userId === null ? '' : `, ${shownName(recording, userId)}${stream === 'sub' ? ' (screen)' : ''}`;
  return {
    title: `TRTC room ${room}${whose}`,
    comment: `SdkAppId ${recording.sdkAppId}, recorder ${recording.userId}, recording ${recording.id}`,
    creationTime: new Date(recording.startedAtMs ?? recording.createdAtMs).toISOString(),
    artist: userId ?? recording.userId,
    room,
    boxId,
    recordingId: recording.id,
    recorderVersion: recorder,
  };
}

/** The mix has everybody's comings and goings, a single its own user's since the file began. */
function chaptersFor(facts: RecordingFacts, output: SegmentRow['output'], startMs: number): Chapter[] {
  const { recording, stays, gaps } = facts;
  const { userId } = describeOutput(output);
  const own = userId === null ? stays : stays.filter((stay) => stay.userId === userId);
  const later = chaptersOf(own, gaps, recording.timelineMs).filter(
    (chapter) => chapter.startMs >= startMs - CHAPTER_SLACK_MS && chapter.title !== START_TITLE,
  );
  return [{ startMs, title: START_TITLE }, ...later];
}
