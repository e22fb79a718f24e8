/**
 * `npm run bench -- crowd`: how many recordings run at once. First encoders, as many as keep real time: alone, and beside as many simulated
 * rooms, which run on the cores of the box as well and which a real box has none of. Then the whole box with as many recordings, fewer until
 * none skips a picture once all have begun.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findFfmpeg } from '../../main/capture/encode/ffmpeg.ts';
import { defaultSettings, type PartialSettings } from '../../main/settings/settings.ts';
import type { RecordingAnswer } from '../../shared/api/views.ts';
import { sampleRequest, writeScenario } from '../support/box.ts';
import { startRig } from '../support/rig.ts';
import { treeUse } from './cpu.ts';
import { composeStream, type Participant, prepareParticipants } from './material.ts';
import { describeMachine, type Machine } from './report.ts';
import { encoderArgs, presetArgs, roomsOf, startFeed } from './rounds.ts';

export type CrowdKind = 'mix' | 'sound';

export interface CrowdRound {
  recordings: number;
  /** Pictures left out, or for sound alone 20 ms blocks by which a file is too short. */
  lost: number;
  /** Pictures left out before: while all of them began, and in the seconds after. */
  lostAtStart: number;
  /** Recordings that had taken a lighter preset at the end, because their encoders could not keep up. */
  relieved: number;
  /** Of all cores while all of them recorded, the simulated rooms included. */
  coresUsed: number;
  /** Memory of the box, its captures and encoders, shared pages counted once. */
  bytes: number;
  loadAverage: number;
}

/**
 * How many encoders kept real time: with the preset's own look-ahead and B-pictures alone and beside as many simulated rooms, and beside
 * them with the arguments of the box.
 */
export interface Floor {
  presetAlone: number;
  presetBesideRooms: number;
  ownBesideRooms: number;
}

export interface Crowd {
  startedAt: string;
  kind: CrowdKind;
  machine: Machine;
  seconds: number;
  people: number;
  /** Null for sound, and when the caller said how many. */
  floor: Floor | null;
  rounds: CrowdRound[];
}

export interface CrowdOptions {
  kind: CrowdKind;
  seconds: number;
  /** Begins with so many; null takes what the floor beside the rooms allows, or 100 for sound. */
  count: number | null;
  /** Participants of each room. */
  people: number;
  mediaDirectory: string | null;
}

/** The box takes everything, whatever it thinks that it can bear. */
const SETTINGS: PartialSettings = { limits: { maxRecordings: 500 } };

const FLOOR_SECONDS = 20;
/** An encoder that paces itself ends this much late at most, as a part of the time. */
const LATE = 0.05;
const FLOOR_FROM = 3;
/** Nobody waits for the end of these rooms. */
const ENDLESS_SECONDS = 24 * 3600;
/** Between two beginnings, each of which takes half a CPU second: a hundred of them in a burst would starve those that record already. */
const JOIN_MS: Readonly<Record<CrowdKind, number>> = { mix: 250, sound: 1000 };
/** What the beginnings leave out in these seconds as well is told apart. */
const SETTLE_MS = 30_000;
/** The box writes down what a recording left out this often. */
const WRITTEN_WITHIN_MS = 10_000;
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
    const all = await prepareParticipants({ directory, ffmpegPath: ffmpeg.path, mediaDirectory });
    const participants = all.slice(0, options.people);
    let floor: Crowd['floor'] = null;
    if (kind === 'mix' && options.count === null) {
      const settings = defaultSettings();
      const stream = path.join(directory, 'composed.mkv');
      await composeStream({ participants, video: settings.video, seconds: FLOOR_SECONDS, file: stream });
      const args = encoderArgs(settings, ffmpeg);
      const own = { ffmpegPath: ffmpeg.path, args, stream };
      const preset = { ...own, args: presetArgs(args) };
      const scenario = await writeScenario(directory, roomsOf(participants, ENDLESS_SECONDS));
      floor = {
        presetAlone: await mostEncoders(preset, null),
        presetBesideRooms: await mostEncoders(preset, scenario),
        ownBesideRooms: await mostEncoders(own, scenario),
      };
    }
    const rounds: CrowdRound[] = [];
    let recordings = options.count ?? floor?.ownBesideRooms ?? FIRST_SOUND_COUNT;
    for (; recordings > 0; recordings -= Math.max(1, Math.round(recordings / 20))) {
      console.log(`${recordings} recordings at once, load ${loadavg()[0]?.toFixed(1)} …`);
      const round = await crowdRound(recordings, participants, options);
      rounds.push(round);
      console.log(
        `  ${round.lost} lost, ${round.lostAtStart} at the start, ${round.relieved} relieved, ${round.coresUsed.toFixed(2)} cores`,
      );
      if (isHeld(round)) break;
    }
    return {
      ...{ startedAt, kind, machine: describeMachine(ffmpeg), seconds, people: participants.length },
      ...{ floor, rounds },
    };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

interface FloorEncoder {
  ffmpegPath: string;
  args: readonly string[];
  stream: string;
}

/**
 * The largest number of encoders that all keep real time together; with a scenario beside as many simulated rooms. A number is given up
 * when it fails twice: something else may have had the machine for a moment.
 */
async function mostEncoders(encoder: FloorEncoder, scenario: string | null): Promise<number> {
  for (let count = FLOOR_FROM * cpus().length; ; count += 1) {
    if (!((await keepTime(count, encoder, scenario)) || (await keepTime(count, encoder, scenario)))) return count - 1;
  }
}

async function keepTime(count: number, encoder: FloorEncoder, scenario: string | null): Promise<boolean> {
  const rooms = Array.from({ length: scenario === null ? 0 : count }, () => startFeed(scenario!, encoder.ffmpegPath));
  const feeds = await Promise.all(rooms);
  try {
    const lateSeconds = await paced(count, encoder);
    console.log(
      `${count} encoders ${scenario === null ? 'alone' : 'beside as many rooms'}: ${lateSeconds.toFixed(2)} s late`,
    );
    return lateSeconds <= FLOOR_SECONDS * LATE;
  } finally {
    await Promise.all(feeds.map((feed) => feed.stop()));
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
      await delay(JOIN_MS[kind]);
    }
    for (const id of ids) await rig.box.waitForState(id, 'recording', DELIVERY_TIMEOUT_MS);
    await delay(SETTLE_MS);
    const { skipped: lostAtStart } = await lookedAt(rig.box.url, ids);
    const cpuBefore = treeUse(rig.box.pid).cpuSeconds;
    const startedMs = performance.now();
    await delay(seconds * 1000);
    const elapsedSeconds = (performance.now() - startedMs) / 1000;
    const use = treeUse(rig.box.pid);
    await delay(WRITTEN_WITHIN_MS);
    const { skipped, relieved } = await lookedAt(rig.box.url, ids);
    const short = kind === 'sound' ? await blocksShort(rig, ids) : 0;
    return {
      ...{ recordings, loadAverage, lostAtStart, relieved, bytes: use.bytes },
      lost: skipped - lostAtStart + short,
      coresUsed: (use.cpuSeconds - cpuBefore) / elapsedSeconds,
    };
  } finally {
    await rig.close();
  }
}

function soundRoom(participants: readonly Participant[]): Record<string, unknown> {
  return { participants: participants.map(({ userId, sound }) => ({ userId, audio: sound })) };
}

/** Pictures that all of these left out so far, and how many of them are encoded with a lighter preset now. */
async function lookedAt(url: string, ids: readonly string[]): Promise<{ skipped: number; relieved: number }> {
  const sum = { skipped: 0, relieved: 0 };
  for (const id of ids) {
    const view = (await (await fetch(`${url}/api/recordings/${id}`)).json()) as RecordingAnswer;
    sum.skipped += view.pictures.skipped;
    if (view.warnings.some(({ code }) => code === 'ENCODER_RELIEVED')) sum.relieved += 1;
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

/** Nothing was left out, and nobody was encoded with less than the settings say. */
function isHeld({ lost, relieved }: CrowdRound): boolean {
  return lost === 0 && relieved === 0;
}

/** The last round that held; null when there was none. */
export function heldBy({ rounds }: Crowd): CrowdRound | null {
  return rounds.findLast(isHeld) ?? null;
}

/** For a person on a terminal. */
export function crowdText(crowd: Crowd): string {
  const { kind, machine, seconds, people, floor, rounds } = crowd;
  const rows = rounds.map(({ recordings, lost, lostAtStart, relieved, coresUsed, bytes, loadAverage }) => {
    const each = bytes / recordings / 1024 ** 2;
    return `${`${recordings}`.padStart(5)} at once: ${lost} lost (${lostAtStart} while they began), ${relieved} relieved, ${coresUsed.toFixed(2)} cores, ${each.toFixed(0)} MiB each (load ${loadAverage.toFixed(1)} before)`;
  });
  const held = heldBy(crowd);
  const share = (of: number) => `${((100 * (held?.recordings ?? 0)) / of).toFixed(0)} % held`;
  const floorRows = floor && [
    `encoders that keep real time, plain preset, alone: ${floor.presetAlone}, ${share(floor.presetAlone)}`,
    `– beside as many simulated rooms: ${floor.presetBesideRooms}, ${share(floor.presetBesideRooms)}`,
    `– with the box's arguments: ${floor.ownBesideRooms}, ${share(floor.ownBesideRooms)}`,
  ];
  return [
    `${kind}: ${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; ${seconds} s, ${people} people in each room`,
    ...rows,
    held === null ? 'none held' : `held: ${held.recordings}`,
    ...(floorRows ?? []),
  ].join('\n');
}
