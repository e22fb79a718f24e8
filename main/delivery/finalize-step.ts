import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileNames, objectKey } from '../recordings/naming.ts';
import { describeOutput, groupByOutput } from '../recordings/outputs.ts';
import type { Settings } from '../settings/settings.ts';
import type { MediaFileRow, RecordingRow, SegmentRow } from '../store/rows.ts';
import type { Store } from '../store/store.ts';
import { objectUrl } from './cos/object-url.ts';
import { finalizeOutput, type OutputOutcome, type RecordingFacts } from './finalize-output.ts';
import { hashFile } from './hash-file.ts';
import { buildManifest, manifestName, writeManifest } from './manifest.ts';
import type { Outcome, Step, StepProgress } from './steps.ts';

export interface FinalizeStepDeps {
  store: Pick<Store, 'boxId' | 'segments' | 'stays' | 'gaps' | 'sdkProblems' | 'files' | 'transaction' | 'events'>;
  /** Directory of a recording's segments and of its final files. */
  directoryOf(recordingId: string): string;
  ffmpegPath: string | null;
  settings: Pick<Settings, 'audio' | 'loudness' | 'manifest'>;
  /** Of the recorder; goes into files and manifest. */
  version: string;
  /** Wall clock, ms since 1970. */
  now(): number;
}

/** One output of a recording with what its file will be. */
interface Target {
  output: SegmentRow['output'];
  segments: { path: string; startMs: number }[];
  name: string;
  /** On the disk now; its share of the step's progress. */
  bytes: number;
}

/**
 * Joins a recording's segments into its files, one per output, and writes the manifest beside them. Safe to repeat after a crash at any
 * point: a file appears by a rename, the row about it comes next, and only when all rows and the manifest are there the segments go.
 */
export function createFinalizeStep(deps: FinalizeStepDeps): Step {
  return async (recording, signal, report) => {
    const { store, ffmpegPath } = deps;
    if (recording.firstMediaAtMs === null) return noMedia(recording);
    if (ffmpegPath === null) return FFMPEG_MISSING;
    const targets = await targetsOf(deps, recording);
    const failed = await makeFiles({ ...deps, ffmpegPath }, recording, targets, signal, report);
    if (failed) return failed;
    const files = store.files.list(recording.id);
    const made = files.filter(({ bytes }) => bytes > 0);
    const [first] = made;
    if (!first) return nothingMade(files);
    try {
      await finishManifest(deps, recording, made, first);
    } catch (error) {
      return { kind: 'retryAt', code: codeOf(error), message: error instanceof Error ? error.message : String(error) };
    }
    await removeSegments(deps, recording, targets, made);
    return { kind: 'done' };
  };
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
      const places = segments.map(({ file, startMs }) => ({
        path: path.join(directory, path.basename(file)),
        startMs,
      }));
      const sizes = await Promise.all(places.map((place) => sizeOf(place.path)));
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      return { output, segments: places, name: names.get(output) ?? output, bytes };
    }),
  );
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch {
    return 0;
  }
}

function rowOf(files: readonly MediaFileRow[], output: SegmentRow['output']): MediaFileRow | undefined {
  const { stream, userId } = describeOutput(output);
  return files.find((file) => file.stream === stream && (userId === null || file.userId === userId));
}

/** Makes what is not there yet; an outcome when the step cannot go on. */
async function makeFiles(
  deps: FinalizeStepDeps & { ffmpegPath: string },
  recording: RecordingRow,
  targets: readonly Target[],
  signal: AbortSignal,
  report: (progress: StepProgress) => void,
): Promise<Outcome | null> {
  const { store, directoryOf, ffmpegPath, settings } = deps;
  const facts = factsOf(deps, recording);
  const totalBytes = targets.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneBytes = 0;
  for (const target of targets) {
    const before = doneBytes;
    if (!rowOf(store.files.list(recording.id), target.output)) {
      const outcome = await finalizeOutput({
        ...{ facts, output: target.output, segments: target.segments, ffmpegPath, settings, signal },
        file: path.join(directoryOf(recording.id), target.name),
        onProgress: (share) => report({ doneBytes: before + Math.floor(target.bytes * share), totalBytes }),
      });
      if (outcome.kind === 'retry') return { kind: 'retryAt', code: outcome.code, message: outcome.message };
      writeOutcome(deps, recording, target, outcome);
    }
    doneBytes += target.bytes;
    report({ doneBytes, totalBytes });
  }
  return null;
}

function factsOf({ store, version }: FinalizeStepDeps, recording: RecordingRow): RecordingFacts {
  const [stays, gaps] = [store.stays.list(recording.id), store.gaps.list(recording.id)];
  return { recording, stays, gaps, boxId: store.boxId, recorder: `trtc-recorder-box ${version}` };
}

/** An output with nothing in it gets no row; one that cannot be encoded gets a row that says so, for its caller to be told. */
function writeOutcome(
  { store, directoryOf }: FinalizeStepDeps,
  recording: RecordingRow,
  { output, segments, name }: Target,
  outcome: Exclude<OutputOutcome, { kind: 'retry' }>,
): void {
  const { stream, userId } = describeOutput(output);
  if (outcome.kind === 'nothing') {
    store.events.append('outputLeftOut', recording.id, { output, segments: segments.length });
    return;
  }
  const fileIndex = store.files.list(recording.id).length;
  const key = objectKey(recording, name);
  const file = {
    ...{ recordingId: recording.id, fileIndex, stream, userId: userId ?? recording.userId },
    localPath: path.join(directoryOf(recording.id), name),
    objectKey: key,
    url: objectUrl(recording.cosBucket, recording.cosRegion, key),
  };
  store.transaction(() => {
    if (outcome.kind === 'failed') {
      const { code, message } = outcome;
      const startOffsetMs = segments[0]?.startMs ?? 0;
      const failure = { state: 'failed', failureCode: code, message } as const;
      store.files.put({ ...file, ...failure, bytes: 0, durationMs: 0, startOffsetMs });
      store.events.append('outputFailed', recording.id, { file: fileIndex, output, code, message });
      return;
    }
    const { durationMs, startMs: startOffsetMs, hashes, repaired, loudness } = outcome;
    store.files.put({ ...file, ...hashes, durationMs, startOffsetMs });
    const facts = { bytes: hashes.bytes, durationMs, startOffsetMs, repaired, ...(loudness ? { loudness } : {}) };
    store.events.append('finalized', recording.id, { file: fileIndex, output, ...facts });
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

/** Segments of outputs without a file stay: whatever is in them is nowhere else. */
async function removeSegments(
  { store }: FinalizeStepDeps,
  recording: RecordingRow,
  targets: readonly Target[],
  made: readonly MediaFileRow[],
): Promise<void> {
  const joined = targets.filter(({ output }) => rowOf(made, output)).flatMap(({ segments }) => segments);
  const removals = await Promise.allSettled(joined.map(({ path: segment }) => rm(segment, { force: true })));
  // A segment that somebody holds open is no reason to keep a finished file from its caller.
  const left = removals.filter(({ status }) => status === 'rejected').length;
  if (left > 0) store.events.append('segmentsLeft', recording.id, { segments: left });
}

const FFMPEG_MISSING: Outcome = {
  kind: 'blocked',
  code: 'FFMPEG_MISSING',
  message: 'no working ffmpeg was found',
  remedy: 'Install ffmpeg or set FFMPEG_PATH, then start the box again; the recording is safe in its segments.',
  probeAfterMs: 60_000,
};

function noMedia(recording: RecordingRow): Outcome {
  const why =
    recording.failureMessage ?? `the room gave no picture and no sound until the end (${recording.endReason})`;
  return { kind: 'failed', code: recording.failureCode ?? 'NO_MEDIA', message: why, failureKind: 'recording' };
}

/** `files`: rows of outputs that could not be encoded. */
function nothingMade(files: readonly MediaFileRow[]): Outcome {
  const code = files[0]?.failureCode ?? 'NO_MEDIA';
  const message = files[0]?.message ?? 'no segment holds any picture or sound';
  return { kind: 'failed', code, message, failureKind: 'transcoding' };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'UNEXPECTED';
}
