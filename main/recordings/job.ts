import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { HardwareEncoder } from '../../shared/encoders.ts';
import { mediaOf } from '../../shared/recording.ts';
import { parseSegmentFileName } from '../capture/encode/segment-name.ts';
import { timelineEnd } from '../capture/encode/timeline-end.ts';
import type {
  Absence,
  CaptureJob,
  HardwareFailure,
  OutputName,
  Resume,
  RoomsSource,
  VideoSettings,
} from '../capture/messages.ts';
import type { Settings } from '../settings/settings.ts';
import { namesOf } from '../store/names.ts';
import type { RecordingRow, RecordingSecrets, SegmentRow, StayRow } from '../store/rows.ts';
import { mediaKind } from './naming.ts';
import { groupByOutput } from './outputs.ts';

/** Remembers when a simulated room was entered, beside the recording's segments. */
export const SIMULATION_STATE_FILE = 'simulated-room.json';
/** Names the capture process that writes into a recording's folder. */
export const PID_FILE = 'capture.pid';
/** A process of an earlier box gets this long to close its segment before the recording goes on without it. */
export const ORPHAN_WAIT_MS = 6_000;
const ORPHAN_POLL_MS = 100;

export interface JobInputs {
  row: RecordingRow;
  secrets: RecordingSecrets;
  segments: readonly SegmentRow[];
  stays: readonly StayRow[];
  settings: Settings;
  rooms: { kind: 'trtc' } | { kind: 'simulated'; scenarioPath: string };
  directory: string;
  ffmpeg: CaptureJob['ffmpeg'];
  /** What encodes pictures now; null for x264. */
  encoder: HardwareEncoder | null;
  /** How an encoder of graphics hardware failed this recording before. */
  hardwareFailure: HardwareFailure | null;
  /** Why nobody records now, when somebody did before. */
  absence: Absence;
}

/** The job of a recording's next capture process; reads the last segments to learn where the timeline goes on. */
export async function buildJob(inputs: JobInputs): Promise<CaptureJob> {
  const { row, secrets, segments, stays, settings, rooms, directory, ffmpeg } = inputs;
  const { layout, encoder: _, ...video } = settings.video;
  const isMixed = row.mode.startsWith('1');
  const source: RoomsSource =
    rooms.kind === 'trtc'
      ? { kind: 'trtc' }
      : { kind: 'simulated', scenarioPath: rooms.scenarioPath, statePath: path.join(directory, SIMULATION_STATE_FILE) };
  return {
    recordingId: row.id,
    room: {
      sdkAppId: row.sdkAppId,
      roomId: row.roomId ?? undefined,
      strRoomId: row.strRoomId ?? undefined,
      userId: row.userId,
      userSig: secrets.userSig,
      scene: settings.room.scene,
    },
    rooms: source,
    media: mediaOf(row.mode),
    outputs: { mix: isMixed, singles: !isMixed || row.alsoSingle },
    isReserve: row.isReserve,
    layout: row.layout ?? layout,
    dressing: settings.dressing,
    names: namesOf(row),
    video: { ...video, ...coderOf(inputs) },
    audio: settings.audio,
    limits: settings.limits,
    directory,
    ffmpeg,
    hardwareFailure: inputs.hardwareFailure,
    nextSegment: await nextSegment(directory, segments),
    resume: row.startedAtMs === null ? null : await resumeOf(row.startedAtMs, inputs),
    slotOwners: row.isReserve ? ownersOf(stays) : [],
    idleSinceEpochMs: row.idleSinceAtMs,
  };
}

/** x264 keeps its headers apart from those that a process before or after this one may get from graphics hardware. */
function coderOf({ settings, encoder, hardwareFailure }: JobInputs): Pick<VideoSettings, 'coder'> {
  if (hardwareFailure !== null) return { coder: 'standIn' };
  return settings.video.encoder === 'software' ? {} : { coder: encoder ?? 'standIn' };
}

/** Whose each slot is, after the stays known so far. */
function ownersOf(stays: readonly StayRow[]): (string | null)[] {
  const owners: (string | null)[] = [];
  for (const { userId, slot } of stays) {
    if (slot === null) continue;
    while (owners.length < slot) owners.push(null);
    owners[slot] = userId;
  }
  return owners;
}

/** A number above every known segment and every segment file: what another process wrote is never written over. */
async function nextSegment(directory: string, segments: readonly SegmentRow[]): Promise<number> {
  const onDisk = (await readdir(directory)).map((name) => parseSegmentFileName(name)?.segment ?? -1);
  return Math.max(-1, ...onDisk, ...segments.map(({ segment }) => segment)) + 1;
}

/**
 * Where each output goes on. The recording's media ends with that of the outputs that were being written; while nobody was there to be
 * written about, nothing is missing.
 */
async function resumeOf(t0EpochMs: number, inputs: JobInputs): Promise<Resume> {
  const { directory, segments, row, absence } = inputs;
  const outputs: { output: OutputName; timelineMs: number }[] = [];
  const ends: number[] = [];
  for (const { output, segments: own } of groupByOutput(segments)) {
    const timelineMs = await readableEnd(directory, own, mediaKind(row.mode));
    if (timelineMs > 0) outputs.push({ output, timelineMs });
    if (output === 'mix' || own.at(-1)?.closedAtMs === null) ends.push(timelineMs);
  }
  const timelineMs = ends.length === 0 ? row.timelineMs : Math.max(...ends);
  return { t0EpochMs, cutMs: row.cutMs, timelineMs, knownMs: row.timelineMs, outputs, absence };
}

/** Where on the timeline the readable media of an output ends; segments that hold nothing are passed over. */
async function readableEnd(directory: string, segments: readonly SegmentRow[], kind: 'mp3' | 'mp4'): Promise<number> {
  for (const segment of segments.toReversed()) {
    const lengthMs = await timelineEnd(path.join(directory, path.basename(segment.file)), kind);
    if (lengthMs > 0) return segment.startMs + lengthMs;
  }
  return 0;
}

/**
 * Waits for a capture process of an earlier box that may still be closing its segment here. It ends by itself within seconds
 * of losing its parent; after the deadline the recording goes on regardless, in a segment of its own.
 */
export async function waitForOrphan(
  directory: string,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<'gone' | 'stillThere'> {
  const text = await readFile(path.join(directory, PID_FILE), 'utf8').catch(() => '');
  const pid = Number(text);
  if (!Number.isInteger(pid) || pid <= 0) return 'gone';
  const deadline = performance.now() + timeoutMs;
  while (isAlive(pid)) {
    if (performance.now() > deadline || signal?.aborted) return 'stillThere';
    await new Promise((resolve) => setTimeout(resolve, ORPHAN_POLL_MS));
  }
  return 'gone';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
