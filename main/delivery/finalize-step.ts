import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Gap } from '../../shared/recording.ts';
import { ORPHAN_WAIT_MS, PID_FILE, waitForOrphan } from '../recordings/job.ts';
import { fileNames, objectKey } from '../recordings/naming.ts';
import { describeOutput, groupByOutput } from '../recordings/outputs.ts';
import type { QuarantineFiles } from '../recordings/recovery/quarantine-file.ts';
import { reconcile } from '../recordings/recovery/reconcile.ts';
import type { Settings } from '../settings/settings.ts';
import type { FileRow, MediaFileRow, RecordingRow, SegmentRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { objectUrl } from './cos/object-url.ts';
import { reencodedName } from './finalize.ts';
import { FFMPEG_MISSING, type FoundSegment, whyNoFile, whyNothing } from './finalize-failures.ts';
import { finalizeOutput, type OutputOutcome, type RecordingFacts } from './finalize-output.ts';
import { hashFile } from './hash-file.ts';
import type { LiveUploads } from './live/live-uploads.ts';
import { leftoversOf } from './loudness.ts';
import { buildManifest, manifestName, writeManifest } from './manifest.ts';
import type { Outcome, Step, StepProgress } from './steps.ts';

export interface FinalizeStepDeps {
  store: Pick<
    Store,
    'boxId' | 'recordings' | 'segments' | 'stays' | 'gaps' | 'sdkProblems' | 'files' | 'transaction' | 'events'
  >;
  /** Directory of a recording's segments and of its final files. */
  directoryOf(recordingId: string): string;
  /** Takes in what is found in that folder and cannot be understood. */
  dataDirectory: string;
  /** Tests pass their own. */
  quarantineFiles?: QuarantineFiles;
  /** Null when there is none: then only what needs none is done. */
  ffmpegPath: string | null;
  settings: Pick<Settings, 'audio' | 'loudness' | 'manifest'>;
  /** Mixes that were sent while they were recorded; none are without it. */
  live?: Pick<LiveUploads, 'finish' | 'finalized'> | undefined;
  /** Of the recorder; goes into files and manifest. */
  version: string;
  /** Wall clock, ms since 1970. */
  now(): number;
}

/** One output of a recording with what its file will be. */
interface Target {
  output: SegmentRow['output'];
  segments: (FoundSegment & Pick<SegmentRow, 'segment' | 'startMs'> & { path: string })[];
  name: string;
  /** On the disk now; its share of the step's progress. */
  bytes: number;
}

type MadeOutcome = Exclude<OutputOutcome, { kind: 'retry' }>;

/**
 * Joins a recording's segments into its files, one per output, and writes the manifest beside them. Safe to repeat after a crash at any
 * point: a file appears by a rename, the row about it comes next, and only when all rows and the manifest are there the segments go. A
 * file that is gone or shorter than its row says is made again as long as its segments are there.
 */
export function createFinalizeStep(deps: FinalizeStepDeps): Step {
  return async (row, signal, report) => {
    const outcome = await finalize(deps, row.id, signal, report);
    if (outcome.kind === 'done' || outcome.kind === 'failed') await deps.live?.finalized(row.id);
    return outcome;
  };
}

async function finalize(
  deps: FinalizeStepDeps,
  id: string,
  signal: AbortSignal,
  report: (progress: StepProgress) => void,
): Promise<Outcome> {
  const { store } = deps;
  // The box may have been killed while it was ending this recording.
  await waitForOrphan(deps.directoryOf(id), ORPHAN_WAIT_MS, signal);
  await reconcile(deps, rowOfRecording(deps, id));
  const recording = rowOfRecording(deps, id);
  const targets = await targetsOf(deps, recording);
  const found = targets.flatMap(({ segments }) => segments);
  if (recording.firstMediaAtMs === null) return whyNothing(recording, found);
  const standstill = await makeFiles(deps, recording, targets, signal, report);
  if (standstill) return standstill;
  const files = store.files.list(recording.id);
  const made = files.filter(({ state }) => state !== 'failed');
  const [first] = made;
  if (!first) return whyNoFile(files) ?? whyNothing(recording, found);
  try {
    await finishManifest(deps, recording, made, first);
  } catch (error) {
    return { kind: 'retryAt', code: codeOf(error), message: error instanceof Error ? error.message : String(error) };
  }
  await removeSegments(deps, recording, targets, made);
  return { kind: 'done' };
}

function rowOfRecording({ store }: FinalizeStepDeps, id: string): RecordingRow {
  const row = store.recordings.get(id);
  if (!row) throw new Error(`recording ${id} is missing`);
  return row;
}

async function targetsOf({ store, directoryOf }: FinalizeStepDeps, recording: RecordingRow): Promise<Target[]> {
  const directory = directoryOf(recording.id);
  const groups = groupByOutput(store.segments.list(recording.id));
  const names = fileNames(
    recording,
    groups.map(({ output }) => output),
  );
  return await Promise.all(
    groups.map(async ({ output, segments }) => {
      const places = segments.map(({ segment, file, startMs }) => ({
        path: path.join(directory, path.basename(file)),
        ...{ segment, startMs },
      }));
      const found = await Promise.all(places.map(async (place) => ({ ...place, bytes: await sizeOf(place.path) })));
      const bytes = found.reduce((sum, segment) => sum + (segment.bytes ?? 0), 0);
      return { output, segments: found, name: names.get(output) ?? output, bytes };
    }),
  );
}

/** Bytes of a file; null when there is none. Other errors reject. */
async function sizeOf(file: string): Promise<number | null> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

function rowOf(files: readonly MediaFileRow[], output: SegmentRow['output']): MediaFileRow | undefined {
  const { stream, userId } = describeOutput(output);
  return files.find((file) => file.stream === stream && (userId === null || file.userId === userId));
}

/** Makes what is not there yet; an outcome when the step cannot go on. One output that has to wait does not hold up the others. */
async function makeFiles(
  deps: FinalizeStepDeps,
  recording: RecordingRow,
  targets: readonly Target[],
  signal: AbortSignal,
  report: (progress: StepProgress) => void,
): Promise<Outcome | null> {
  const { store, directoryOf, ffmpegPath, settings, live } = deps;
  const facts = factsOf(deps, recording);
  const totalBytes = targets.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneBytes = 0;
  let blocked: Outcome | null = null;
  for (const target of targets) {
    const before = doneBytes;
    const row = rowOf(store.files.list(recording.id), target.output);
    if (!row || !(await isWhole(row))) {
      const outcome = await finalizeOutput({
        ...{ facts, output: target.output, segments: target.segments, ffmpegPath, settings, signal },
        finishLive: target.output === 'mix' && live ? (plan) => live.finish(recording.id, plan) : undefined,
        file: path.join(directoryOf(recording.id), target.name),
        onProgress: (share) => report({ doneBytes: before + Math.floor(target.bytes * share), totalBytes }),
      });
      if (outcome.kind !== 'retry') writeOutcome(deps, recording, target, outcome, row);
      else if (outcome.code === FFMPEG_MISSING.code) blocked = FFMPEG_MISSING;
      else return { kind: 'retryAt', code: outcome.code, message: outcome.message };
    }
    doneBytes += target.bytes;
    report({ doneBytes, totalBytes });
  }
  return blocked;
}

/** Whether a file with a row needs nothing: it is as long as its row says, or there is none to be expected here. */
async function isWhole(row: FileRow): Promise<boolean> {
  if (row.state === 'failed' || row.state === 'uploaded') return true;
  return (await sizeOf(row.localPath)) === row.bytes;
}

function factsOf({ store, version }: FinalizeStepDeps, recording: RecordingRow): RecordingFacts {
  const [stays, gaps] = [store.stays.list(recording.id), store.gaps.list(recording.id)];
  return { recording, stays, gaps, boxId: store.boxId, recorder: `trtc-recorder-box ${version}` };
}

/**
 * An output with nothing in it gets no row; one that cannot be encoded gets a row that says so, for its caller to be told.
 * @param row of a file that had to be made again
 */
function writeOutcome(
  { store, directoryOf }: FinalizeStepDeps,
  recording: RecordingRow,
  { output, segments, name }: Target,
  outcome: MadeOutcome,
  row: MediaFileRow | undefined,
): void {
  const { stream, userId } = describeOutput(output);
  if (outcome.kind === 'nothing' && !row) {
    store.events.append('outputLeftOut', recording.id, { output, segments: segments.length });
    return;
  }
  const fileIndex = row?.fileIndex ?? store.files.list(recording.id).length;
  const key = objectKey(recording, name);
  const file = {
    ...{ recordingId: recording.id, fileIndex, stream, userId: userId ?? recording.userId },
    localPath: path.join(directoryOf(recording.id), name),
    objectKey: key,
    url: objectUrl(recording.cosBucket, recording.cosRegion, key),
  };
  store.transaction(() => {
    if (row) store.events.append('fileDamaged', recording.id, { file: fileIndex, bytes: row.bytes });
    if (outcome.kind !== 'done') {
      const { code, message } = outcome.kind === 'failed' ? outcome : FILE_LOST;
      const startOffsetMs = segments[0]?.startMs ?? 0;
      const failure = { state: 'failed', failureCode: code, message } as const;
      store.files.put({ ...file, ...failure, bytes: 0, durationMs: 0, startOffsetMs });
      store.events.append('outputFailed', recording.id, { file: fileIndex, output, code, message });
      return;
    }
    const { durationMs, startMs: startOffsetMs, hashes, repaired, loudness, live } = outcome;
    store.files.put({ ...file, ...hashes, durationMs, startOffsetMs });
    if (fileIndex === 0) live?.adopt();
    for (const gap of lostSegments(recording, output, segments, repaired.omittedSegments)) {
      store.gaps.add(recording.id, gap);
    }
    const facts = {
      bytes: hashes.bytes,
      durationMs,
      startOffsetMs,
      repaired,
      ...(loudness ? { loudness } : {}),
      ...(live ? { sentBytes: live.sentBytes } : {}),
    };
    store.events.append('finalized', recording.id, { file: fileIndex, output, ...facts });
  });
}

const FILE_LOST = {
  code: 'FILE_LOST',
  message: 'the finished file is missing or damaged on the disk, and its segments are gone',
};

/** What a segment that could not be used leaves open in the mix: from its start to that of the next, or to the end. */
function lostSegments(
  { timelineMs }: RecordingRow,
  output: SegmentRow['output'],
  segments: Target['segments'],
  omitted: readonly string[],
): Gap[] {
  if (output !== 'mix') return [];
  return segments.flatMap(({ path: file, segment, startMs }, index) => {
    const durationMs = Math.round((segments[index + 1]?.startMs ?? timelineMs) - startMs);
    if (!omitted.includes(path.basename(file)) || durationMs <= 0) return [];
    // It held nothing when the next process came either, which went on before it: its time is in that one's segment.
    if (segments.some((other) => other.segment > segment && other.startMs <= startMs)) return [];
    return [{ atMs: Math.round(startMs), durationMs, reason: 'segmentLost', cut: false }];
  });
}

/** Writes the manifest beside the first file and, where that is wanted, the row that has it uploaded. */
async function finishManifest(
  { store, version, now, settings }: FinalizeStepDeps,
  recording: RecordingRow,
  files: readonly MediaFileRow[],
  first: MediaFileRow,
): Promise<void> {
  const { picturesSent, picturesSkipped, framesReceived, framesDropped } = recording;
  const localPath = manifestName(first.localPath);
  const manifest = buildManifest({
    ...{ boxId: store.boxId, recorderVersion: version, nowMs: now(), recording, files },
    stays: store.stays.list(recording.id),
    gaps: store.gaps.list(recording.id),
    segments: store.segments.list(recording.id),
    counters: { picturesSent, picturesSkipped, framesReceived, framesDropped },
    warnings: store.sdkProblems.list(recording.id),
  });
  writeManifest(localPath, manifest);
  if (!settings.manifest.upload) return;
  const key = manifestName(first.objectKey);
  store.files.put({
    recordingId: recording.id,
    fileIndex: store.files.list(recording.id).length,
    stream: 'manifest',
    userId: recording.userId,
    localPath,
    objectKey: key,
    url: objectUrl(recording.cosBucket, recording.cosRegion, key),
    durationMs: 0,
    ...(await hashFile(localPath)),
  });
}

/** Segments of outputs without a file stay: whatever is in them is nowhere else. What an interrupted try left goes with the others. */
async function removeSegments(
  { store, directoryOf }: FinalizeStepDeps,
  recording: RecordingRow,
  targets: readonly Target[],
  made: readonly MediaFileRow[],
): Promise<void> {
  const joined = targets.filter(({ output }) => rowOf(made, output));
  const directory = directoryOf(recording.id);
  const removals = await Promise.allSettled([
    rm(path.join(directory, PID_FILE), { force: true }),
    ...joined.flatMap(({ segments, name }) => {
      const file = path.join(directory, name);
      const leftovers = [...leftoversOf(file), ...segments.map(({ path: segment }) => reencodedName(segment))];
      return [...segments.map(({ path: segment }) => segment), ...leftovers].map((each) => rm(each, { force: true }));
    }),
  ]);
  // A segment that somebody holds open is no reason to keep a finished file from its caller.
  const left = removals.filter(({ status }) => status === 'rejected').length;
  if (left > 0) store.events.append('segmentsLeft', recording.id, { segments: left });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'UNEXPECTED';
}
