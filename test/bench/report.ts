import { arch, cpus, release, totalmem, type } from 'node:os';
import type { FfmpegFound } from '../../main/capture/encode/ffmpeg.ts';
import { PARTICIPANTS } from './material.ts';
import type { PeerKind, PeerRound } from './peers.ts';
import type { BoxRound, Round as OwnRound } from './rounds.ts';

export type Round = OwnRound | PeerRound;

/** Which machine the numbers are from; without it they say nothing. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryBytes: number;
  system: string;
  node: string;
  ffmpeg: string;
}

export interface Report {
  benchmark: string;
  startedAt: string;
  machine: Machine;
  seconds: number;
  content: string;
  rounds: Round[];
  /** Peers that could not run here, with the programs they lack. */
  missing: { kind: PeerKind; programs: string[] }[];
  medians: {
    boxSeconds: number;
    mainSeconds: number;
    captureSeconds: number;
    encoderSeconds: number;
    floorSeconds: number;
    /** The encoder alone as most people run it: the preset with its own look-ahead and B-pictures. */
    presetSeconds: number;
    /** The simulated room and the SDK's JavaScript, which are part of the capture process. */
    feedSeconds: number;
  };
  peers: Peer[];
  /** CPU of the whole box against CPU of the encoder alone. */
  ratio: number;
  /** The same without what the simulated room spends in place of the vendor's addon. */
  ratioWithoutFeed: number;
  /** Without the simulated room, against the plain preset. */
  ratioToPreset: number;
  /** What makes the comparison doubtful; empty when nothing does. */
  doubts: string[];
}

/** What another way of making the file costs. */
export interface Peer {
  kind: PeerKind;
  cpuSeconds: number;
  peakBytes: number;
  /** CPU of the box without the simulated room, against the peer's. */
  ratio: number;
}

type Facts = Omit<Report, 'medians' | 'peers' | 'ratio' | 'ratioWithoutFeed' | 'ratioToPreset' | 'doubts'>;

export function describeMachine(ffmpeg: FfmpegFound): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${type()} ${release()} ${arch()}`,
    node: process.version,
    ffmpeg: `${ffmpeg.version} (${ffmpeg.source})`,
  };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function summarise(facts: Facts, fps: number): Report {
  const boxes = facts.rounds.filter((round) => round.kind === 'box');
  const cpuOf = (kind: Round['kind']) => {
    return median(facts.rounds.filter((round) => round.kind === kind).map(({ cpuSeconds }) => cpuSeconds));
  };
  const of = (pick: (round: BoxRound) => number) => median(boxes.map(pick));
  const medians = {
    boxSeconds: of(({ cpuSeconds }) => cpuSeconds),
    mainSeconds: of(({ mainSeconds }) => mainSeconds),
    captureSeconds: of(({ captureSeconds }) => captureSeconds),
    encoderSeconds: of(({ encoderSeconds }) => encoderSeconds),
    floorSeconds: cpuOf('floor'),
    presetSeconds: cpuOf('preset'),
    feedSeconds: cpuOf('feed'),
  };
  const peerKinds = (['graph', 'gstreamer', 'browser'] as const).filter((kind) => {
    return facts.rounds.some((round) => round.kind === kind);
  });
  const ofBox = medians.boxSeconds - medians.feedSeconds;
  return {
    ...facts,
    medians,
    peers: peerKinds.map((kind) => {
      const rounds = facts.rounds.filter((round): round is PeerRound => round.kind === kind);
      const cpuSeconds = median(rounds.map((round) => round.cpuSeconds));
      const peakBytes = median(rounds.map((round) => round.peakBytes));
      return { kind, cpuSeconds, peakBytes, ratio: ofBox / cpuSeconds };
    }),
    ratio: medians.boxSeconds / medians.floorSeconds,
    ratioWithoutFeed: (medians.boxSeconds - medians.feedSeconds) / medians.floorSeconds,
    ratioToPreset: (medians.boxSeconds - medians.feedSeconds) / medians.presetSeconds,
    doubts: doubtsAbout(facts, fps),
  };
}

/** The comparison holds only when both sides encoded the same pictures in the same way. */
function doubtsAbout({ rounds, seconds, machine }: Facts, fps: number): string[] {
  const doubts: string[] = [];
  const expected = seconds * fps;
  const [first] = rounds;
  for (const [index, round] of rounds.entries()) {
    const where = `${round.kind} of round ${roundNumber(rounds, index)}`;
    if (round.loadAverage > machine.cores) {
      doubts.push(`${where}: began at a load average of ${round.loadAverage.toFixed(1)}`);
    }
    const { pictures } = round.kind === 'feed' ? { pictures: round.frames / PARTICIPANTS } : round.file;
    if (Math.abs(pictures - expected) > fps / 5) doubts.push(`${where}: ${pictures} pictures instead of ${expected}`);
    if (
      (round.kind === 'box' || round.kind === 'floor') &&
      first?.kind === 'box' &&
      round.encoderArgs.join(' ') !== first.encoderArgs.join(' ')
    ) {
      doubts.push(`${where}: other encoder arguments`);
    }
  }
  return doubts;
}

/** Each round begins with the box. */
function roundNumber(rounds: readonly Round[], index: number): number {
  return rounds.slice(0, index + 1).filter(({ kind }) => kind === 'box').length;
}

const PEER_NAMES: Readonly<Record<PeerKind, string>> = {
  graph: 'ffmpeg filter graph',
  gstreamer: 'GStreamer',
  browser: 'browser and screen grab',
};

/** The report as a person reads it on a terminal. */
export function formatReport(report: Report): string {
  const { machine, medians, seconds, rounds } = report;
  const share = (cpuSeconds: number) => `${((100 * cpuSeconds) / seconds).toFixed(1)} %`;
  const rows: string[][] = [['', 'CPU seconds', 'of one core']];
  const add = (name: string, cpuSeconds: number) => rows.push([name, cpuSeconds.toFixed(2), share(cpuSeconds)]);
  add('box, all processes', medians.boxSeconds);
  add('  main process', medians.mainSeconds);
  add('  capture process', medians.captureSeconds);
  add('  ffmpeg', medians.encoderSeconds);
  add('floor: ffmpeg alone', medians.floorSeconds);
  add('floor, plain preset', medians.presetSeconds);
  add('stand-in for the SDK', medians.feedSeconds);
  for (const { kind, cpuSeconds } of report.peers) add(PEER_NAMES[kind], cpuSeconds);
  const table = rows.map(([name = '', cpu = '', of = '']) => `${name.padEnd(26)}${cpu.padStart(12)}${of.padStart(14)}`);
  const ratios = report.peers.map(({ kind, ratio, peakBytes }) => {
    return `box without the stand-in / ${PEER_NAMES[kind]}: ${ratio.toFixed(3)}  (its memory: ${mib(peakBytes)})`;
  });
  const absent = report.missing.map(({ kind, programs }) => {
    return `not measured: ${PEER_NAMES[kind]} (needs ${programs.join(', ')})`;
  });
  const details = rounds.map((round, index) => {
    const cpu = `${round.cpuSeconds.toFixed(2).padStart(8)} s`;
    return `  ${roundNumber(rounds, index)} ${round.kind.padEnd(9)}${cpu}  load ${round.loadAverage.toFixed(1)} before, ${factsOf(round)}`;
  });
  return [
    `${report.benchmark}, ${seconds} s, ${report.content}`,
    `${machine.cpu}, ${machine.cores} cores, ${mib(machine.memoryBytes)}, ${machine.system}, Node ${machine.node}, ffmpeg ${machine.ffmpeg}`,
    '',
    ...table,
    '',
    `ratio box / floor: ${report.ratio.toFixed(3)}; without the stand-in ${report.ratioWithoutFeed.toFixed(3)}; that against the plain preset ${report.ratioToPreset.toFixed(3)}  (medians of ${roundNumber(rounds, rounds.length)} rounds)`,
    ...ratios,
    ...absent,
    ...details,
    ...report.doubts.map((doubt) => `! ${doubt}`),
  ].join('\n');
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}

function factsOf(round: Round): string {
  if (round.kind === 'feed') return `${round.frames} frames, ${round.blocks} blocks of sound`;
  const file = `${round.file.pictures} pictures, ${(round.file.bytes / 1e6).toFixed(2)} MB`;
  if ('peakBytes' in round && typeof round.peakBytes === 'number') return `${file}, memory ${mib(round.peakBytes)}`;
  if (round.kind !== 'box') return file;
  const { main, capture, encoder } = round.peakBytes;
  return `${file}, peak memory main ${mib(main)}, capture ${mib(capture)}, ffmpeg ${mib(encoder)}`;
}
