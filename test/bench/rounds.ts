import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { loadavg } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { FfmpegFound } from '../../main/capture/encode/ffmpeg.ts';
import { liveEncoderArgs } from '../../main/capture/encode/ffmpeg-args.ts';
import { CANVAS_COLOUR } from '../../main/capture/mix/colour.ts';
import type { PartialSettings, Settings } from '../../main/settings/settings.ts';
import { sampleRequest, writeScenario } from '../support/box.ts';
import { ffprobePath } from '../support/flash-and-beep.ts';
import { startRig } from '../support/rig.ts';
import { cpuTime } from './cpu.ts';
import { FRAME, type Participant } from './material.ts';
import { STEADY_AFTER_SECONDS, STEADY_UNTIL_END_SECONDS, type Steady, watchProcesses } from './watch.ts';

const run = promisify(execFile);
const FEED_ENTRY = fileURLToPath(new URL('./feed.ts', import.meta.url));
/** A box's very first recording compiles all code; what it then keeps makes every later one start in a third of the time. */
const WARM_UP_ROOM = 2;
const WARM_UP_SECONDS = 3;
/** After the room: finalizing, upload, callback. */
const DELIVERY_TIMEOUT_MS = 60_000;

/** What came out of a round, to see that all sides did the same work. */
export interface FileFacts {
  bytes: number;
  pictures: number;
  durationSeconds: number;
}

export interface BoxRound {
  kind: 'box';
  loadAverage: number;
  /** CPU seconds of the whole box for this recording, from the request to the delivered file. */
  cpuSeconds: number;
  mainSeconds: number;
  captureSeconds: number;
  encoderSeconds: number;
  /** Its rate while it ran; null when the room was too short. */
  steady: Steady | null;
  /** CPU seconds of the simulated room's own decoders, already taken off: a real room has none. */
  simulationSeconds: number;
  peakBytes: { main: number; capture: number; encoder: number };
  /** Of all processes together at their largest, shared pages counted once. */
  peakTogetherBytes: number;
  file: FileFacts;
  encoderArgs: string[];
}

/** `floor`: with the box's own encoder arguments; `preset`: with the look-ahead and B-pictures that the preset has by itself. */
export interface FloorRound {
  kind: 'floor' | 'preset';
  loadAverage: number;
  cpuSeconds: number;
  wallSeconds: number;
  file: FileFacts;
  encoderArgs: string[];
}

export interface FeedRound {
  kind: 'feed';
  loadAverage: number;
  /** CPU seconds of a process that only receives the same room. */
  cpuSeconds: number;
  /** Of a core, in the same part of the room as a recording's steady rate; 0 when the room was too short. */
  steady: number;
  frames: number;
  blocks: number;
}

export type Round = BoxRound | FloorRound | FeedRound;

/** The encoder's arguments that a box with these settings uses. */
export function encoderArgs(settings: Settings, ffmpeg: Pick<FfmpegFound, 'hasFpsMode'>): string[] {
  const { video, audio } = settings;
  return liveEncoderArgs({ mode: '12', video, audio, matrix: CANVAS_COLOUR.matrix, threads: 1, ffmpeg });
}

/** What is recorded and how. */
export interface Task {
  /** Rooms of the scenario; the recorded one is 1. */
  rooms: Record<string, unknown>;
  /** Length of the room. */
  seconds: number;
  /** Beside what every request has. */
  request?: Record<string, unknown>;
  settings?: PartialSettings;
}

/** Records one room with a whole box and counts what all of its processes spent. */
export async function boxRound({ rooms, seconds, request, settings }: Task): Promise<BoxRound> {
  const loadAverage = loadavg()[0]!;
  const warmUp = { ...(rooms['1'] as object), events: [{ at: WARM_UP_SECONDS, type: 'dissolve' }] };
  const all = { ...rooms, [WARM_UP_ROOM]: warmUp };
  const rig = await startRig({ name: 'bench', rooms: async () => all, ...(settings ? { settings } : {}) });
  try {
    const { pid } = rig.box;
    await rig.box.record(sampleRequest({ RoomId: WARM_UP_ROOM, Callback: `${rig.receiver.url}/warm-up`, ...request }));
    await rig.receiver.waitFor(({ path: at }) => at === '/warm-up', DELIVERY_TIMEOUT_MS);
    const before = cpuTime(pid)!;
    const watch = watchProcesses(pid, seconds);
    const id = await rig.box.record(sampleRequest({ RoomId: 1, Callback: `${rig.receiver.url}/bench`, ...request }));
    // Asking the box how far it is would be charged to it; its callback comes without asking.
    await rig.receiver.waitFor(({ path: at }) => at === '/bench', seconds * 1000 + DELIVERY_TIMEOUT_MS);
    const view = await rig.box.waitForState(id, 'done');
    const seen = watch.stop();
    const after = cpuTime(pid)!;
    const mainSeconds = after.ownSeconds - before.ownSeconds;
    const childrenSeconds = after.endedChildrenSeconds - before.endedChildrenSeconds - seen.simulationSeconds;
    return {
      kind: 'box',
      loadAverage,
      cpuSeconds: mainSeconds + childrenSeconds,
      mainSeconds,
      captureSeconds: seen.captureSeconds,
      encoderSeconds: childrenSeconds - seen.captureSeconds,
      steady: seen.steady,
      simulationSeconds: seen.simulationSeconds,
      peakBytes: seen.peakBytes,
      peakTogetherBytes: seen.peakTogetherBytes,
      file: await fileFacts(view.files[0]!.localPath!),
      encoderArgs: seen.encoderArgs,
    };
  } finally {
    await rig.close();
  }
}

/** One room in which everybody is there from the beginning to the end. */
export function roomsOf(
  participants: readonly Participant[],
  seconds: number,
  { width, height }: { width: number; height: number } = FRAME,
): Record<string, unknown> {
  const size = `${width}x${height}`;
  return {
    '1': {
      participants: participants.map(({ userId, video, sound }) => ({
        ...{ userId, media: video, audio: sound, size, fps: FRAME.fps },
      })),
      events: [{ at: seconds, type: 'dissolve' }],
    },
  };
}

/** Receives the same room without doing anything with it. */
export async function feedRound(options: {
  rooms: Record<string, unknown>;
  seconds: number;
  directory: string;
  ffmpegPath: string;
}): Promise<FeedRound> {
  const { rooms, seconds, directory, ffmpegPath } = options;
  const loadAverage = loadavg()[0]!;
  const scenario = await writeScenario(directory, rooms);
  const steady = [STEADY_AFTER_SECONDS, seconds - STEADY_UNTIL_END_SECONDS].map(String);
  const { stdout } = await run(process.execPath, [FEED_ENTRY, scenario, ffmpegPath, ...steady]);
  const counted = JSON.parse(stdout.trim().split('\n').at(-1)!) as Omit<FeedRound, 'kind' | 'loadAverage'>;
  return { kind: 'feed', loadAverage, ...counted };
}

/** Lets somebody receive the room of a scenario file without doing anything with it, until he is stopped. Resolves when he is in the room. */
export async function startFeed(scenario: string, ffmpegPath: string): Promise<{ stop(): Promise<void> }> {
  const child = spawn(process.execPath, [FEED_ENTRY, scenario, ffmpegPath], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  await Promise.race([
    once(child.stdout, 'data'),
    exited.then(() => {
      throw new Error('the stand-in of a room ended at once');
    }),
  ]);
  return {
    async stop() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** The box's arguments without what keeps little inside a killed encoder: plain veryfast, CRF 23. */
export function presetArgs(args: readonly string[]): string[] {
  const own = new Set(['-bf', '-rc-lookahead']);
  return args.filter((word, index) => !own.has(word) && !own.has(args[index - 1] ?? ''));
}

/** Encodes the composed stream at the pace of real time with the given encoder arguments and nothing else. */
export async function floorRound(options: {
  kind: FloorRound['kind'];
  ffmpegPath: string;
  args: readonly string[];
  stream: string;
  directory: string;
}): Promise<FloorRound> {
  const { kind, ffmpegPath, args, stream, directory } = options;
  const output = path.join(directory, 'floor.mp4');
  const input = args.indexOf('matroska') - 1;
  const paced = [...args.slice(0, input), '-re', ...args.slice(input)].map((word) => {
    if (word === 'pipe:0') return stream;
    return word === 'pipe:1' ? output : word;
  });
  const loadAverage = loadavg()[0]!;
  const before = cpuTime('self')!;
  const startedMs = performance.now();
  await run(ffmpegPath, ['-y', ...paced]);
  return {
    kind,
    loadAverage,
    cpuSeconds: cpuTime('self')!.endedChildrenSeconds - before.endedChildrenSeconds,
    wallSeconds: (performance.now() - startedMs) / 1000,
    file: await fileFacts(output),
    encoderArgs: [...args],
  };
}

export async function fileFacts(file: string): Promise<FileFacts> {
  const entries = ['-count_packets', '-show_entries', 'stream=codec_type,nb_read_packets:format=duration'];
  const { stdout } = await run(ffprobePath, ['-v', 'error', ...entries, '-of', 'json', file]);
  const { streams, format } = JSON.parse(stdout) as {
    streams: { codec_type: string; nb_read_packets: string }[];
    format: { duration: string };
  };
  const pictures = Number(streams.find(({ codec_type }) => codec_type === 'video')?.nb_read_packets ?? 0);
  return { bytes: (await stat(file)).size, pictures, durationSeconds: Number(format.duration) };
}
