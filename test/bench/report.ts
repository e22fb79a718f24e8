import { arch, cpus, release, totalmem, type } from 'node:os';
import type { FfmpegFound } from '../../main/capture/encode/ffmpeg.ts';
import type { BoxRound, FloorRound } from './rounds.ts';

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
  rounds: (BoxRound | FloorRound)[];
  medians: {
    boxSeconds: number;
    mainSeconds: number;
    captureSeconds: number;
    encoderSeconds: number;
    floorSeconds: number;
  };
  /** CPU of the whole box against CPU of the encoder alone. */
  ratio: number;
  /** What makes the comparison doubtful; empty when nothing does. */
  doubts: string[];
}

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

export function summarise(facts: Omit<Report, 'medians' | 'ratio' | 'doubts'>, fps: number): Report {
  const boxes = facts.rounds.filter((round) => round.kind === 'box');
  const floors = facts.rounds.filter((round) => round.kind === 'floor');
  const of = (pick: (round: BoxRound) => number) => median(boxes.map(pick));
  const medians = {
    boxSeconds: of(({ cpuSeconds }) => cpuSeconds),
    mainSeconds: of(({ mainSeconds }) => mainSeconds),
    captureSeconds: of(({ captureSeconds }) => captureSeconds),
    encoderSeconds: of(({ encoderSeconds }) => encoderSeconds),
    floorSeconds: median(floors.map(({ cpuSeconds }) => cpuSeconds)),
  };
  return { ...facts, medians, ratio: medians.boxSeconds / medians.floorSeconds, doubts: doubtsAbout(facts, fps) };
}

/** The comparison holds only when both sides encoded the same pictures in the same way. */
function doubtsAbout(
  { rounds, seconds, machine }: Omit<Report, 'medians' | 'ratio' | 'doubts'>,
  fps: number,
): string[] {
  const doubts: string[] = [];
  const expected = seconds * fps;
  const [first] = rounds;
  for (const [index, { kind, file, encoderArgs, loadAverage }] of rounds.entries()) {
    const where = `round ${Math.floor(index / 2) + 1}, ${kind}`;
    if (Math.abs(file.pictures - expected) > fps / 5)
      doubts.push(`${where}: ${file.pictures} pictures instead of ${expected}`);
    if (encoderArgs.join(' ') !== first?.encoderArgs.join(' ')) doubts.push(`${where}: other encoder arguments`);
    if (loadAverage > machine.cores) doubts.push(`${where}: began at a load average of ${loadAverage.toFixed(1)}`);
  }
  return doubts;
}

/** The report as a person reads it on a terminal. */
export function formatReport(report: Report): string {
  const { machine, medians, seconds, rounds } = report;
  const share = (cpuSeconds: number) => `${((100 * cpuSeconds) / seconds).toFixed(1)} %`;
  const mib = (bytes: number) => `${Math.round(bytes / 1024 ** 2)} MiB`;
  const rows: string[][] = [['', 'CPU seconds', 'of one core']];
  const add = (name: string, cpuSeconds: number) => rows.push([name, cpuSeconds.toFixed(2), share(cpuSeconds)]);
  add('box, all processes', medians.boxSeconds);
  add('  main process', medians.mainSeconds);
  add('  capture process', medians.captureSeconds);
  add('  ffmpeg', medians.encoderSeconds);
  add('floor: ffmpeg alone', medians.floorSeconds);
  const table = rows.map(([name = '', cpu = '', of = '']) => `${name.padEnd(24)}${cpu.padStart(12)}${of.padStart(14)}`);
  const details = rounds.map((round, index) => {
    const { kind, cpuSeconds, file, loadAverage } = round;
    const facts = `${file.pictures} pictures, ${(file.bytes / 1e6).toFixed(2)} MB, load ${loadAverage.toFixed(1)} before`;
    const memory =
      round.kind === 'box'
        ? `, peak memory main ${mib(round.peakBytes.main)}, capture ${mib(round.peakBytes.capture)}, ffmpeg ${mib(round.peakBytes.encoder)}`
        : '';
    return `  ${Math.floor(index / 2) + 1} ${kind.padEnd(6)}${cpuSeconds.toFixed(2).padStart(8)} s  ${facts}${memory}`;
  });
  return [
    `${report.benchmark}, ${seconds} s, ${report.content}`,
    `${machine.cpu}, ${machine.cores} cores, ${mib(machine.memoryBytes)}, ${machine.system}, Node ${machine.node}, ffmpeg ${machine.ffmpeg}`,
    '',
    ...table,
    '',
    `ratio box / floor: ${report.ratio.toFixed(3)}  (medians of ${rounds.length / 2} rounds)`,
    ...details,
    ...report.doubts.map((doubt) => `! ${doubt}`),
  ].join('\n');
}
