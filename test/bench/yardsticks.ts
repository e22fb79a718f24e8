/**
 * `npm run bench -- yardsticks`: what others state about their recorders, measured here: small and sound-only recordings, how long people
 * wait for the first picture and the last byte, and what a box costs that does nothing.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { findFfmpeg } from '../../main/capture/encode/ffmpeg.ts';
import { finalizeMedia } from '../../main/delivery/finalize.ts';
import { defaultSettings } from '../../main/settings/settings.ts';
import { sampleRequest } from '../support/box.ts';
import { longSegment } from '../support/long-segment.ts';
import { startRig } from '../support/rig.ts';
import { preciseSeconds, residentBytes } from './cpu.ts';
import { composeStream, FRAME, type Participant, prepareParticipants } from './material.ts';
import { describeMachine, type Machine, median } from './report.ts';
import { boxRound, encoderArgs, feedRound, roomsOf, type Task } from './rounds.ts';
import type { Steady } from './watch.ts';

const run = promisify(execFile);

export interface Yardstick {
  name: string;
  value: number;
  unit: 'of a core' | 'CPU s' | 'ms' | 'MiB';
  /** What it must not exceed; null where it only informs. */
  limit: number | null;
}

export interface Yardsticks {
  startedAt: string;
  machine: Machine;
  rounds: number;
  seconds: number;
  figures: Yardstick[];
}

interface Conditions {
  participants: readonly Participant[];
  directory: string;
  ffmpegPath: string;
  hasFpsMode: boolean;
  rounds: number;
  seconds: number;
}

const MIB = 1024 * 1024;
const DIGITS: Readonly<Record<Yardstick['unit'], number>> = { 'of a core': 4, 'CPU s': 2, ms: 0, MiB: 0 };
const SMALL = { width: 320, height: 240 };
/** Code that runs only at the start is none of a box at rest, nor is its look at what the machine bears. */
const SETTLE_MS = 15_000;
const MEASURED_WITHIN_MS = 90_000;
const ASK_EVERY_MS = 500;
/** As resources/systemd/trtc-recorder-box.service and the Dockerfile set it. */
const SERVICE_ENVIRONMENT = { MALLOC_TRIM_THRESHOLD_: '131072', MALLOC_ARENA_MAX: '2' };
const SHORT_ROOM_SECONDS = 6;
/** Of the segment that is repeated until it lasts an hour. */
const TURN_SECONDS = 20;
const DELIVERY_TIMEOUT_MS = 60_000;

/** @throws where /proc is missing, or no ffmpeg works */
export async function runYardsticks(options: {
  rounds: number;
  seconds: number;
  mediaDirectory: string | null;
}): Promise<Yardsticks> {
  const ffmpeg = await findFfmpeg();
  if (ffmpeg.kind === 'missing') throw new Error(ffmpeg.remedy);
  const startedAt = new Date().toISOString();
  const directory = await mkdtemp(path.join(tmpdir(), 'recorder-yardsticks-'));
  try {
    const ffmpegPath = ffmpeg.path;
    const { mediaDirectory, rounds, seconds } = options;
    const participants = await prepareParticipants({ directory, ffmpegPath, mediaDirectory });
    const { hasFpsMode } = ffmpeg;
    const conditions: Conditions = { participants, directory, ffmpegPath, hasFpsMode, rounds, seconds };
    const figures: Yardstick[] = [];
    for (const measure of [twoSmallCameras, sixVoices, sixCameras, waits, anHourToItsFile, atRest]) {
      console.log(`${measure.name}, load ${loadavg()[0]?.toFixed(1)} …`);
      figures.push(...(await measure(conditions)));
    }
    return { startedAt, machine: describeMachine(ffmpeg), rounds, seconds, figures };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

export function isWithin({ value, limit }: Yardstick): boolean {
  return limit === null || value <= limit;
}

/** Two participants 320×240 at 15 → 640×480 at 15 with 500 kbit/s. */
async function twoSmallCameras(conditions: Conditions): Promise<Yardstick[]> {
  const { directory, ffmpegPath, seconds } = conditions;
  const two = await Promise.all(
    conditions.participants.slice(0, 2).map(async (participant, at) => {
      const video = path.join(directory, `small-${at}.yuv`);
      const from = [
        '-f',
        'rawvideo',
        '-pix_fmt',
        'yuv420p',
        '-s',
        `${FRAME.width}x${FRAME.height}`,
        '-r',
        `${FRAME.fps}`,
      ];
      const fill = `scale=${SMALL.width}:${SMALL.height}:force_original_aspect_ratio=increase,crop=${SMALL.width}:${SMALL.height}`;
      const to = ['-vf', fill, '-f', 'rawvideo', video];
      await run(ffmpegPath, ['-v', 'error', '-nostdin', '-y', ...from, '-i', participant.video, ...to]);
      return { ...participant, video };
    }),
  );
  const task: Task = {
    rooms: roomsOf(two, seconds, SMALL),
    seconds,
    settings: { video: { width: 640, height: 480, fps: 15, maxRateKbps: 500 } },
  };
  return await costOf('two cameras 320×240 → 640×480 at 15', task, conditions, 0.08);
}

/** Six voices → MP3. */
async function sixVoices(conditions: Conditions): Promise<Yardstick[]> {
  const { participants, seconds } = conditions;
  const rooms = {
    '1': {
      participants: participants.map(({ userId, sound }) => ({ userId, audio: sound })),
      events: [{ at: seconds, type: 'dissolve' }],
    },
  };
  const task: Task = { rooms, seconds, request: { Mode: '10' } };
  return await costOf('six voices → MP3', task, conditions, 0.015);
}

/** Six cameras 640×360 → 1280×720, for its memory. */
async function sixCameras({ participants, seconds, rounds }: Conditions): Promise<Yardstick[]> {
  const bytes: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { peakTogetherBytes } = await boxRound({ rooms: roomsOf(participants, seconds), seconds });
    bytes.push(peakTogetherBytes);
  }
  return [
    {
      name: 'six cameras → 1280×720, peak memory of all processes',
      value: median(bytes) / MIB,
      unit: 'MiB',
      limit: 350,
    },
  ];
}

/** Rate of CPU without the simulated room while it runs, what its start costs, and memory, of one recording. */
async function costOf(name: string, task: Task, conditions: Conditions, limit: number): Promise<Yardstick[]> {
  const { directory, ffmpegPath, rounds } = conditions;
  const seen: { steady: Steady; feed: number; bytes: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const { steady, peakTogetherBytes } = await boxRound(task);
    const feed = await feedRound({ ...task, directory, ffmpegPath });
    if (!steady) throw new RangeError('a steady rate needs rooms of 40 s and more: --seconds');
    seen.push({ steady, feed: feed.steady, bytes: peakTogetherBytes });
  }
  const of = (value: (one: (typeof seen)[number]) => number) => median(seen.map(value));
  const all = of(({ steady: { main, capture, encoder }, feed }) => main + capture + encoder - feed);
  return [
    { name: `${name}, while it runs`, value: all, unit: 'of a core', limit },
    { name: `${name}: of which ffmpeg`, value: of(({ steady }) => steady.encoder), unit: 'of a core', limit: null },
    {
      name: `${name}: of which the main process`,
      value: of(({ steady }) => steady.main),
      unit: 'of a core',
      limit: null,
    },
    { name: `${name}: the simulated room, taken off`, value: of(({ feed }) => feed), unit: 'of a core', limit: null },
    {
      name: `${name}: its start, beyond that rate`,
      value: of(({ steady }) => steady.startSeconds),
      unit: 'CPU s',
      limit: null,
    },
    { name: `${name}: memory of all processes`, value: of(({ bytes }) => bytes) / MIB, unit: 'MiB', limit: null },
  ];
}

/** From the accepted request to the first picture, and from the last to the file, the object and the callback. */
async function waits({ participants, rounds }: Conditions): Promise<Yardstick[]> {
  const rooms = Object.fromEntries(
    Array.from({ length: rounds + 1 }, (_, at) => [`${at + 1}`, roomsOf(participants, SHORT_ROOM_SECONDS)['1']]),
  );
  const rig = await startRig({ name: 'yardsticks', rooms: async () => rooms });
  try {
    const seen: Record<'first' | 'file' | 'told', number[]> = { first: [], file: [], told: [] };
    // The first recording fills the cache of compiled code and is not counted.
    for (let round = 0; round <= rounds; round += 1) {
      const RoomId = round + 1;
      const id = await rig.box.record(sampleRequest({ RoomId, Callback: `${rig.receiver.url}/${RoomId}` }));
      const isMine = ({ path: at }: { path: string }) => at === `/${RoomId}`;
      const { atMs: toldAtMs } = await rig.receiver.waitFor(isMine, SHORT_ROOM_SECONDS * 1000 + DELIVERY_TIMEOUT_MS);
      const view = await rig.box.waitForState(id, 'done');
      if (round === 0) continue;
      const moves = await movesOf(rig.box.url, id);
      seen.first.push(Date.parse(view.startedAt!) - Date.parse(view.createdAt) - moves.enteredInMs);
      seen.file.push(moves.uploadingAtMs - Date.parse(view.endedAt!));
      seen.told.push(toldAtMs - moves.notifyingAtMs);
    }
    return [
      { name: 'accepted → first picture, without entering', value: median(seen.first), unit: 'ms', limit: 300 },
      { name: 'end → final file of a short room', value: median(seen.file), unit: 'ms', limit: 2000 },
      { name: 'object proven in COS → callback', value: median(seen.told), unit: 'ms', limit: 1000 },
    ];
  } finally {
    await rig.close();
  }
}

/** An hour of six cameras as one segment → the final file, which is what is left to do when its recording has ended. */
async function anHourToItsFile({
  participants,
  directory,
  ffmpegPath,
  hasFpsMode,
  rounds,
}: Conditions): Promise<Yardstick[]> {
  const settings = defaultSettings();
  const stream = path.join(directory, 'composed.mkv');
  await composeStream({ participants, video: settings.video, seconds: TURN_SECONDS, file: stream });
  const short = path.join(directory, 'turn.mp4');
  const args = encoderArgs(settings, { hasFpsMode }).map((word) => {
    if (word === 'pipe:0') return stream;
    return word === 'pipe:1' ? short : word;
  });
  await run(ffmpegPath, ['-y', ...args]);
  const segment = path.join(directory, 'hour.mp4');
  await writeFile(segment, longSegment(await readFile(short), 3600 / TURN_SECONDS));
  const took: number[] = [];
  const copied: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const output = path.join(directory, 'final.mp4');
    const startedMs = performance.now();
    const outcome = await finalizeMedia({
      ...{ segments: [{ path: segment, startMs: 0 }], output, kind: 'mp4', hasVideo: true, hasAudio: true, ffmpegPath },
      metadata: { title: 'hour', comment: '', creationTime: '2026-01-01T00:00:00Z' },
      signal: new AbortController().signal,
    });
    took.push(performance.now() - startedMs);
    if (outcome.kind !== 'done' || outcome.durationMs < 3_590_000) throw new Error(JSON.stringify(outcome));
    const copyMs = performance.now();
    const copy = path.join(directory, 'copy.mp4');
    await copyFile(segment, copy);
    const handle = await open(copy, 'r');
    await handle.sync();
    await handle.close();
    copied.push(performance.now() - copyMs);
  }
  return [
    { name: 'end → final file of an hour, joining', value: median(took), unit: 'ms', limit: 2000 },
    { name: 'copying and syncing the same file', value: median(copied), unit: 'ms', limit: null },
  ];
}

/** When a recording came to its states, from its events. */
async function movesOf(url: string, id: string) {
  const response = await fetch(`${url}/api/recordings/${id}/events?limit=500`);
  const { events } = (await response.json()) as {
    events: { at: string; type: string; data: Record<string, unknown> | null }[];
  };
  const into = (state: string) => {
    const event = events.find(({ type, data }) => type === 'state' && data?.to === state);
    if (!event) throw new Error(`no move to ${state} among ${JSON.stringify(events)}`);
    return event;
  };
  return {
    enteredInMs: Number(into('waiting').data?.tookMs),
    uploadingAtMs: Date.parse(into('uploading').at),
    notifyingAtMs: Date.parse(into('notifying').at),
  };
}

/** A box without recordings, its memory as its service has it; nothing of it counts as shared, since another program of Node may not be there. */
async function atRest({ seconds }: Conditions): Promise<Yardstick[]> {
  const rig = await startRig({ name: 'rest', rooms: async () => ({}), environment: SERVICE_ENVIRONMENT });
  try {
    const deadline = performance.now() + MEASURED_WITHIN_MS;
    while (!(await isMeasured(rig.box.url)) && performance.now() < deadline) await delay(ASK_EVERY_MS);
    await delay(SETTLE_MS);
    const { pid } = rig.box;
    const before = preciseSeconds(pid);
    await delay(seconds * 1000);
    return [
      { name: 'box at rest', value: (preciseSeconds(pid) - before) / seconds, unit: 'of a core', limit: 0.005 },
      { name: 'box at rest, memory', value: residentBytes(pid) / MIB, unit: 'MiB', limit: 120 },
    ];
  } finally {
    await rig.close();
  }
}

async function isMeasured(url: string): Promise<boolean> {
  const { state } = (await (await fetch(`${url}/api/capacity`)).json()) as { state: string };
  return state === 'idle';
}

/** For a person on a terminal. */
export function yardsticksText({ machine, rounds, seconds, figures }: Yardsticks): string {
  const rows = figures.map((figure) => {
    const { name, value, unit, limit } = figure;
    const shown = value.toFixed(DIGITS[unit]);
    const bound = limit === null ? '' : `  ≤ ${limit}${isWithin(figure) ? '' : '  MISSED'}`;
    return `${name.padEnd(72)}${shown.padStart(9)} ${unit.padEnd(9)}${bound}`;
  });
  return [
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; ${rounds} rounds of ${seconds} s, medians`,
    '',
    ...rows,
  ].join('\n');
}
