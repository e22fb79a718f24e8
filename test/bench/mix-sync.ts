import { cpus } from 'node:os';
import { performance } from 'node:perf_hooks';
import fc from 'fast-check';
import { ffmpegPath } from '../support/flash-and-beep.ts';
import { toneLevelDb } from '../support/goertzel.ts';
import { calmSender, type SenderPlan } from '../support/simulated-senders.ts';
import { codeAndDecode, loudestHighDb } from '../support/sound-measures.ts';
import { constantSenders, JITTER_KINDS, roughSenders } from '../support/sync-conditions.ts';
import {
  type FlashAndBeep,
  lateMs,
  type OffsetFigures,
  offsetFigures,
  offsetMs,
  simulateSync,
  slopeMsPerHour,
} from '../support/sync-simulation.ts';
import { mixDown, sine, TALKER_KINDS, talker } from '../support/talkers.ts';
import { truePeakDb } from '../support/true-peak.ts';

const RATE = 48_000;
const MINUTE_MS = 60_000;
const DRIFT_MS = 2 * 60 * MINUTE_MS;
const ROUGH_MS = 25_000;
const ROUGH_ROOMS = 40;
const TONE_ROOMS = 60;
/** Fixed, so that two machines measure the same rooms. */
const SEED = 11;

/** One figure against what it has to be. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** Most that is allowed, of the value's size; null when the figure is for information. */
  limit: number | null;
}

export interface MixBench {
  machine: { cpu: string; cores: number; node: string };
  /** Beep minus flash under each kind of conditions. */
  offsets: Record<string, OffsetFigures>;
  figures: Figure[];
  tookSeconds: number;
}

function round(value: number, digits = 2): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}

/** Measures sync in simulated rooms and the sound of the mix. Uses no real time: only the cost per block depends on the machine. */
export async function runMixBench(): Promise<MixBench> {
  const startMs = performance.now();
  const offsets = {
    'constant sources, 15 fps': offsetFigures(constantRoom(15)),
    'constant sources, 30 fps': offsetFigures(constantRoom(30)),
    'rough, jitter up to 150 ms alike in picture and sound': offsetFigures(roughRooms('line')),
    'rough, jitter up to 150 ms unlike in picture and sound': offsetFigures(roughRooms('stream')),
  };
  const figures = [...offsetLimits(offsets), ...drift(), longestGap(), ...(await peaks()), ...manners(), cost()];
  const [first] = cpus();
  return {
    machine: { cpu: first?.model ?? 'unknown', cores: cpus().length, node: process.version },
    offsets,
    figures,
    tookSeconds: round((performance.now() - startMs) / 1000, 1),
  };
}

function constantRoom(fps: number): FlashAndBeep[] {
  return simulateSync({ senders: constantSenders(), durationMs: 20 * MINUTE_MS, fps }).pairs;
}

function roughRooms(jitterOf: 'line' | 'stream'): FlashAndBeep[] {
  const rooms = fc.sample(roughSenders(ROUGH_MS, jitterOf), { seed: SEED, numRuns: ROUGH_ROOMS });
  return rooms.flatMap((senders) => simulateSync({ senders, durationMs: ROUGH_MS }).pairs);
}

function offsetLimits(offsets: Record<string, OffsetFigures>): Figure[] {
  return Object.entries(offsets).flatMap(([name, { medianMs, p95Ms, worstMs }]) => {
    const isConstant = name.startsWith('constant');
    return [
      { name: `${name}: median`, value: medianMs, unit: 'ms', limit: isConstant ? 10 : null },
      { name: `${name}: p95 of the size`, value: p95Ms, unit: 'ms', limit: isConstant ? 34 : 80 },
      { name: `${name}: worst`, value: worstMs, unit: 'ms', limit: isConstant ? 67 : null },
    ];
  });
}

/** Two hours of six participants with clocks up to 100 ppm apart from ours. */
function drift(): Figure[] {
  const jitter = { kind: 'uniform' as const, maxMs: 8 };
  const senders = constantSenders().map(
    (sender): SenderPlan => ({ ...sender, audio: { ...sender.audio, jitter }, video: { ...sender.video, jitter } }),
  );
  const run = simulateSync({ senders, durationMs: DRIFT_MS + 12_345 });
  const users = [...Map.groupBy(run.pairs, ({ userId }) => userId).values()];
  const steepest = (measure: (pair: FlashAndBeep) => number) =>
    round(Math.max(...users.map((own) => Math.abs(slopeMsPerHour(own, measure)))));
  const lengthMs = DRIFT_MS + 12_345;
  return [
    { name: '2 h at ±100 ppm: slope of the offset', value: steepest(offsetMs), unit: 'ms/h', limit: 10 },
    { name: '2 h at ±100 ppm: slope of the sound’s place', value: steepest(lateMs), unit: 'ms/h', limit: 1 },
    {
      name: '2 h: pictures against the clock',
      value: round((run.ticks * 1000) / 15 - lengthMs, 1),
      unit: 'ms',
      limit: 50,
    },
    { name: '2 h: sound against the clock', value: round(run.blocks * 20 - lengthMs, 1), unit: 'ms', limit: 50 },
    { name: '2 h: pictures missing or twice', value: run.inOrder ? 0 : 1, unit: '', limit: 0 },
  ];
}

/** Longest silence inside a continuous tone, over many rooms with jitter up to 100 ms. */
function longestGap(): Figure {
  const calm = calmSender('user_0');
  const conditions = fc.tuple(
    fc.constantFrom(...JITTER_KINDS),
    fc.integer({ min: 1, max: 100 }),
    fc.nat(1e6),
    fc.integer({ min: -200, max: 200 }),
  );
  let longest = 0;
  for (const [kind, maxMs, seed, clockPpm] of fc.sample(conditions, { seed: SEED, numRuns: TONE_ROOMS })) {
    let quiet = 0;
    const audio = { ...calm.audio, jitter: { kind, maxMs } };
    const sound = (seconds: number) => 8000 * Math.sin(2 * Math.PI * 440 * seconds);
    simulateSync({
      senders: [{ ...calm, startMs: 100, seed, clockPpm, audio, sound, flashPhaseMs: 1e9 }],
      durationMs: 15_000,
      onBlock: (samples, block) => {
        if (block * 20 < 100 + 2 * maxMs || block * 20 > 14_700) return;
        for (const sample of samples) {
          quiet = Math.abs(sample) < 400 ? quiet + 1 : 0;
          longest = Math.max(longest, quiet);
        }
      },
    });
  }
  return { name: 'gap in a tone, jitter up to 100 ms', value: round(longest / 48, 1), unit: 'ms', limit: 25 };
}

async function peaks(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const kind of TALKER_KINDS) {
    const mixed = mixDown(Array.from({ length: 6 }, (_, index) => talker(kind, index, 6)));
    const decoded = { mix: mixed, aac: await codeAndDecode(ffmpegPath, mixed, 'aac') };
    const all = { ...decoded, mp3: await codeAndDecode(ffmpegPath, mixed, 'mp3') };
    const names = { mix: 'in the mix', aac: 'after AAC 96 kb/s', mp3: 'after MP3 64 kb/s' };
    for (const [stage, samples] of Object.entries(all)) {
      const name = `six full-scale ${kind} ${names[stage as keyof typeof names]}: true peak`;
      figures.push({ name, value: round(truePeakDb(samples)), unit: 'dBTP', limit: -1 });
    }
  }
  return figures;
}

/** How the mix behaves towards one talker, a quiet one beside loud ones, and someone who comes and goes. */
function manners(): Figure[] {
  const deviation = Math.max(
    ...[16_000, 24_000, 32_000, 44_100, 48_000].flatMap((sampleRate) =>
      [120, 1000, 3400, 0.38 * sampleRate].map((hz) => soloChangeDb(sampleRate, hz)),
    ),
  );
  const isBurst = (seconds: number) => seconds >= 1 && seconds < 1.6;
  const loud = (seconds: number) => (isBurst(seconds) ? 32_000 : 0);
  const mixed = mixDown([sine(1000, 3, () => 1000), sine(260, 3, loud), sine(410, 3, loud)]);
  const quietAt = (ms: number) =>
    toneLevelDb(mixed.subarray((ms - 15) * 48, (ms + 15) * 48), RATE, 1000) - 20 * Math.log10(1000 / 32_768);
  let backMs = 1600;
  while (quietAt(backMs) < -0.5) backMs += 5;
  const gated = mixDown(
    [sine(440, 4, () => 16_000)],
    (_, block) => block >= 20 && block < 170 && !(block > 50 && (block >> 3) % 3 === 0),
  );
  return [
    { name: 'one talker, 16 to 48 kHz: change of level', value: round(deviation, 3), unit: 'dB', limit: 0.1 },
    { name: 'quiet talker beside a burst: turned down by', value: round(-quietAt(1300), 1), unit: 'dB', limit: null },
    { name: '… back within 0.5 dB after', value: backMs - 1600, unit: 'ms', limit: 300 },
    {
      name: 'gated 440 Hz tone at -9 dB: loudest above 8 kHz',
      value: round(loudestHighDb(gated), 1),
      unit: 'dB',
      limit: -75,
    },
  ];
}

function soloChangeDb(sampleRate: number, hz: number): number {
  const calm = calmSender('user_0');
  const mixed = new Int16Array(2000 * 48);
  const sound = (seconds: number) => 23_000 * Math.sin(2 * Math.PI * hz * seconds);
  simulateSync({
    senders: [{ ...calm, flashPhaseMs: 1e9, sound, audio: { ...calm.audio, sampleRate } }],
    durationMs: 2000,
    onBlock: (samples, block) => mixed.set(samples, block * samples.length),
  });
  return Math.abs(toneLevelDb(mixed.subarray(300 * 48, 1800 * 48), RATE, hz) - 20 * Math.log10(23_000 / 32_768));
}

/** Time to take over and mix 20 ms of six loud voices. */
function cost(): Figure {
  const seconds = 10;
  const voices = Array.from({ length: 6 }, (_, index) => talker('voices', index, seconds));
  mixDown(voices);
  const startMs = performance.now();
  mixDown(voices);
  const usPerBlock = ((performance.now() - startMs) * 1000) / (seconds * 50);
  return { name: 'mixing 20 ms of six loud voices takes', value: round(usPerBlock, 0), unit: 'µs', limit: null };
}

/** Whether a figure is where it has to be; levels and limits below 0 are compared as they are, the rest by size. */
export function isMet({ value, limit }: Figure): boolean {
  if (limit === null) return true;
  return limit < 0 ? value <= limit : Math.abs(value) <= limit;
}

/** The report as lines for people. */
export function mixBenchText({ machine, offsets, figures, tookSeconds }: MixBench): string {
  const lines = [`Sound and sync (${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; ${tookSeconds} s)`, ''];
  lines.push('Beep minus flash in ms'.padEnd(58) + ['pairs', 'median', '|p50|', '|p95|', 'worst'].map(column).join(''));
  for (const [name, { pairs, medianMs, p50Ms, p95Ms, worstMs }] of Object.entries(offsets)) {
    lines.push(name.padEnd(58) + [pairs, medianMs, p50Ms, p95Ms, worstMs].map(column).join(''));
  }
  lines.push('', `${'Figure'.padEnd(64)}${column('value')}${column('limit')}`);
  for (const figure of figures) {
    const { name, value, unit, limit } = figure;
    const verdict = limit === null ? '' : isMet(figure) ? '  met' : '  MISSED';
    lines.push(`${name.padEnd(64)}${column(value)}${column(limit ?? '')} ${unit.padEnd(5)}${verdict}`);
  }
  return lines.join('\n');
}

function column(value: number | string): string {
  return `${value}`.padStart(8);
}

if (import.meta.main) {
  const report = await runMixBench();
  console.log(process.argv.includes('--json') ? JSON.stringify(report, null, 2) : mixBenchText(report));
  process.exitCode = report.figures.every(isMet) ? 0 : 1;
}
