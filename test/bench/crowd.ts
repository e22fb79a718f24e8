/**
 * `npm run bench -- crowd`: how many recordings run at once. First encoders, as many as keep real time: alone, and beside as many simulated
 * rooms, which run on the cores of the box as well and which a real box has none of. Then the whole box with as many recordings, fewer until
 * none skips a picture; it is compared with the encoders that had the rooms beside them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findFfmpeg } from '../../main/capture/encode/ffmpeg.ts';
import { defaultSettings, type PartialSettings } from '../../main/settings/settings.ts';
import { sampleRequest, writeScenario } from '../support/box.ts';
import { startRig } from '../support/rig.ts';
import { treeUse } from './cpu.ts';
import { composeStream, type Participant, prepareParticipants } from './material.ts';
import { describeMachine, type Machine } from './report.ts';
import { encoderArgs, roomsOf, startFeed } from './rounds.ts';

export type CrowdKind = 'mix' | 'sound';

export interface CrowdRound {
  recordings: number;
  /** Pictures left out, or for sound alone 20 ms blocks by which a file is too short. */
  lost: number;
  /** Of all cores while all of them recorded, the simulated rooms included. */
  coresUsed: number;
  /** Memory of the box, its captures and encoders, shared pages counted once. */
  bytes: number;
  loadAverage: number;
}

export interface Crowd {
  startedAt: string;
  kind: CrowdKind;
  machine: Machine;
  seconds: number;
  /** How many encoders kept real time: alone, and beside as many simulated rooms. Null for sound, where it is not asked. */
  floor: { alone: number; besideRooms: number } | null;
  rounds: CrowdRound[];
}

export interface CrowdOptions {
  kind: CrowdKind;
  seconds: number;
  /** Begins with so many; null takes what the floor beside the rooms allows, or 100 for sound. */
  count: number | null;
  mediaDirectory: string | null;
}

/** The box takes everything, whatever it thinks that it can bear. */
const SETTINGS: PartialSettings = { limits: { maxRecordings: 500 } };

const FLOOR_SECONDS = 20;
/** An encoder that paces itself ends this much late at most, as a part of the time. */
const LATE = 0.03;
const FLOOR_FROM = 3;
/** Nobody waits for the end of these rooms. */
const ENDLESS_SECONDS = 24 * 3600;
const JOIN_MS = 250;
const FIRST_SOUND_COUNT = 100;
const DELIVERY_TIMEOUT_MS = 180_000;

/** @throws where /proc is missing, or no ffmpeg works */
export async function runCrowd(options: CrowdOptions): Promise<Crowd> {
  const ffmpeg = await findFfmpeg();
  if (ffmpeg.kind === 'missing') throw new Error(ffmpeg.remedy);
  const startedAt = new Date().toISOString();
  const directory = await mkdtemp(path.join(tmpdir(), 'recorder-crowd-'));
  const { kind, seconds, mediaDirectory } = options;
  try {
    const participants = await prepareParticipants({ directory, ffmpegPath: ffmpeg.path, mediaDirectory });
    let floor: Crowd['floor'] = null;
    if (kind === 'mix') {
      const settings = defaultSettings();
      const stream = path.join(directory, 'composed.mkv');
      await composeStream({ participants, video: settings.video, seconds: FLOOR_SECONDS, file: stream });
      const encoder = { ffmpegPath: ffmpeg.path, args: encoderArgs(settings, ffmpeg), stream };
      const scenario = await writeScenario(directory, roomsOf(participants, ENDLESS_SECONDS));
      floor = { alone: await mostEncoders(encoder, null), besideRooms: await mostEncoders(encoder, scenario) };
    }
    const rounds: CrowdRound[] = [];
    let recordings = options.count ?? floor?.besideRooms ?? FIRST_SOUND_COUNT;
    for (; recordings > 0; recordings -= Math.max(1, Math.round(recordings / 20))) {
      console.log(`${recordings} recordings at once, load ${loadavg()[0]?.toFixed(1)} …`);
      const round = await crowdRound(recordings, participants, options);
      rounds.push(round);
      console.log(`  ${round.lost} lost, ${round.coresUsed.toFixed(2)} cores`);
      if (round.lost === 0) break;
    }
    return { startedAt, kind, machine: describeMachine(ffmpeg), seconds, floor, rounds };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

interface FloorEncoder {
  ffmpegPath: string;
  args: readonly string[];
  stream: string;
}

/** The largest number of encoders that all keep real time together; with a scenario beside as many simulated rooms. */
async function mostEncoders(encoder: FloorEncoder, scenario: string | null): Promise<number> {
  let most = 0;
  for (let count = FLOOR_FROM * cpus().length; ; count += 1) {
    const rooms = Array.from({ length: scenario === null ? 0 : count }, () => startFeed(scenario!, encoder.ffmpegPath));
    const feeds = await Promise.all(rooms);
    try {
      const lateSeconds = await paced(count, encoder);
      const beside = scenario === null ? 'alone' : 'beside as many rooms';
      console.log(`${count} encoders ${beside}: ${lateSeconds.toFixed(2)} s late`);
      if (lateSeconds > FLOOR_SECONDS * LATE) return most;
      most = count;
    } finally {
      await Promise.all(feeds.map((feed) => feed.stop()));
    }
  }
}

/** How late the last of so many encoders ends that read at the pace of real time. */
async function paced(count: number, { ffmpegPath, args, stream }: FloorEncoder): Promise<number> {
  const input = args.indexOf('matroska') - 1;
  const words = [...args.slice(0, input), '-re', ...args.slice(input)].map((word) => {
    if (word === 'pipe:0') return stream;
    return word === 'pipe:1' ? '/dev/null' : word;
  });
  const startedMs = performance.now();
  const ends = Array.from({ length: count }, async () => {
    const [code] = await once(spawn(ffmpegPath, ['-y', ...words], { stdio: 'ignore' }), 'close');
    if (code !== 0) throw new Error(`an encoder ended with ${code}`);
  });
  await Promise.all(ends);
  return (performance.now() - startedMs) / 1000 - FLOOR_SECONDS;
}

/** All rooms last until the last recording has recorded for the whole time; then everybody is stopped. */
async function crowdRound(
  recordings: number,
  participants: readonly Participant[],
  { kind, seconds }: CrowdOptions,
): Promise<CrowdRound> {
  const loadAverage = loadavg()[0]!;
  const room = kind === 'mix' ? roomsOf(participants, ENDLESS_SECONDS)['1'] : soundRoom(participants);
  const names = Array.from({ length: recordings }, (_, at) => at + 1);
  const rig = await startRig({
    name: 'crowd',
    rooms: async () => Object.fromEntries(names.map((name) => [`${name}`, room])),
    settings: SETTINGS,
  });
  try {
    const ids: string[] = [];
    for (const RoomId of names) {
      const request = { RoomId, Mode: kind === 'mix' ? '12' : '10', Callback: `${rig.receiver.url}/${RoomId}` };
      ids.push(await rig.box.record(sampleRequest(request)));
      // A customer's rooms do not all begin in the same second either.
      await delay(JOIN_MS);
    }
    for (const id of ids) await rig.box.waitForState(id, 'recording', DELIVERY_TIMEOUT_MS);
    const before = await picturesSkipped(rig.box.url, ids);
    const cpuBefore = treeUse(rig.box.pid).cpuSeconds;
    const startedMs = performance.now();
    await delay(seconds * 1000);
    const elapsedSeconds = (performance.now() - startedMs) / 1000;
    const use = treeUse(rig.box.pid);
    const skipped = (await picturesSkipped(rig.box.url, ids)) - before;
    const short = kind === 'sound' ? await blocksShort(rig, ids) : 0;
    return {
      ...{ recordings, loadAverage, bytes: use.bytes },
      lost: skipped + short,
      coresUsed: (use.cpuSeconds - cpuBefore) / elapsedSeconds,
    };
  } finally {
    await rig.close();
  }
}

function soundRoom(participants: readonly Participant[]): Record<string, unknown> {
  return { participants: participants.map(({ userId, sound }) => ({ userId, audio: sound })) };
}

async function picturesSkipped(url: string, ids: readonly string[]): Promise<number> {
  let sum = 0;
  for (const id of ids) {
    const view = (await (await fetch(`${url}/api/recordings/${id}`)).json()) as { pictures: { skipped: number } };
    sum += view.pictures.skipped;
  }
  return sum;
}

/** By how many blocks of 20 ms the timelines of recordings are behind the clock, beyond what the mixer and a heartbeat hold back. */
async function blocksShort(rig: Awaited<ReturnType<typeof startRig>>, ids: readonly string[]): Promise<number> {
  const HELD_BACK_MS = 3000;
  let blocks = 0;
  for (const id of ids) {
    const { durationMs, startedAt } = await rig.box.get(id);
    const behindMs = Date.now() - Date.parse(startedAt!) - durationMs - HELD_BACK_MS;
    blocks += Math.max(0, Math.ceil(behindMs / 20));
  }
  return blocks;
}

/** The last round in which nothing was lost; null when there was none. */
export function heldBy({ rounds }: Crowd): CrowdRound | null {
  return rounds.findLast(({ lost }) => lost === 0) ?? null;
}

/** For a person on a terminal. */
export function crowdText(crowd: Crowd): string {
  const { kind, machine, seconds, floor, rounds } = crowd;
  const rows = rounds.map(({ recordings, lost, coresUsed, bytes, loadAverage }) => {
    const each = bytes / recordings / 1024 ** 2;
    return `${`${recordings}`.padStart(5)} at once: ${lost} lost, ${coresUsed.toFixed(2)} cores, ${each.toFixed(0)} MiB each (load ${loadAverage.toFixed(1)} before)`;
  });
  const held = heldBy(crowd);
  const share = (of: number) => (of === 0 ? 'no share' : `${((100 * (held?.recordings ?? 0)) / of).toFixed(0)} %`);
  const ratio = floor === null ? '' : `, ${share(floor.besideRooms)} of these (${share(floor.alone)} of those alone)`;
  return [
    `${kind}: ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; ${seconds} s`,
    ...(floor === null
      ? []
      : [
          `encoders that keep real time alone: ${floor.alone}`,
          `encoders that keep real time beside as many simulated rooms: ${floor.besideRooms}`,
        ]),
    ...rows,
    held === null ? 'none held' : `held: ${held.recordings}${ratio}`,
  ].join('\n');
}
