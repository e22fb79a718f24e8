/**
 * `npm run bench`: what a recording costs. The whole box records six participants; the floor is the same ffmpeg with the same
 * arguments encoding the same pictures and sound from a file. What the box costs beyond the floor is the price of receiving, mixing
 * and delivering; how much of that is the simulated room itself is measured beside it.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Argument, Command, InvalidArgumentError } from 'commander';
import { findFfmpeg } from '../../main/capture/encode/ffmpeg.ts';
import { defaultSettings } from '../../main/settings/settings.ts';
import { ROOT } from '../support/source-tree.ts';
import { consoleBenchText, isWithinBudget, runConsoleBench } from './console.ts';
import { httpBenchText, isBorne, runHttpBench } from './http.ts';
import { composeStream, FRAME, PARTICIPANTS, prepareParticipants } from './material.ts';
import { isMet, mixBenchText, runMixBench } from './mix-sync.ts';
import { lengthen, peerRound, peersHere } from './peers.ts';
import { describeMachine, formatReport, type Round, summarise } from './report.ts';
import { boxRound, encoderArgs, feedRound, floorRound, presetArgs } from './rounds.ts';
import { isQuick, runSearchBench, searchBenchText } from './search.ts';

/** Each pace of the HTTP benchmark is kept for so long at most. */
const HTTP_SECONDS = 20;

interface BenchOptions {
  seconds: number;
  rounds: number;
  media?: string;
  out: string;
}

function whole(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('Give a whole number from 1.');
  return number;
}

async function bench(options: BenchOptions): Promise<void> {
  const { seconds, rounds: count, media } = options;
  const ffmpeg = await findFfmpeg();
  if (ffmpeg.kind === 'missing') throw new Error(ffmpeg.remedy);
  const settings = defaultSettings();
  const { video } = settings;
  const startedAt = new Date();
  const directory = await mkdtemp(path.join(tmpdir(), 'recorder-bench-'));
  try {
    console.log(`preparing ${PARTICIPANTS} participants and the composed stream …`);
    const participants = await prepareParticipants({
      ...{ directory, ffmpegPath: ffmpeg.path, mediaDirectory: media ? path.resolve(media) : null },
    });
    const stream = path.join(directory, 'composed.mkv');
    await composeStream({ participants, video, seconds, file: stream });
    const args = encoderArgs(settings, ffmpeg);
    const ofPeers = {
      ...{ participants, seconds, directory, ffmpegPath: ffmpeg.path, presetArgs: presetArgs(args), canvas: video },
    };
    const { present, missing } = await peersHere();
    if (present.includes('gstreamer')) await lengthen(ofPeers);
    const rounds: Round[] = [];
    // Interleaved, so that whatever else the machine does at the time hits both sides.
    for (let round = 1; round <= count; round += 1) {
      console.log(`round ${round} of ${count}: box …`);
      rounds.push(await boxRound({ participants, seconds }));
      console.log(`round ${round} of ${count}: floor …`);
      rounds.push(await floorRound({ kind: 'floor', ffmpegPath: ffmpeg.path, args, stream, directory }));
      console.log(`round ${round} of ${count}: floor with the plain preset …`);
      const preset = { kind: 'preset', ffmpegPath: ffmpeg.path, args: presetArgs(args), stream, directory } as const;
      rounds.push(await floorRound(preset));
      console.log(`round ${round} of ${count}: stand-in alone …`);
      rounds.push(await feedRound({ participants, seconds, directory, ffmpegPath: ffmpeg.path }));
      for (const kind of present) {
        console.log(`round ${round} of ${count}: ${kind} …`);
        rounds.push(await peerRound(kind, ofPeers));
      }
    }
    const facts = {
      benchmark: `${PARTICIPANTS} × ${FRAME.width}×${FRAME.height}@${FRAME.fps} → ${video.width}×${video.height}@${video.fps}, mode 12`,
      startedAt: startedAt.toISOString(),
      machine: describeMachine(ffmpeg),
      seconds,
      content: media ? `clips of ${path.basename(path.resolve(media))}` : 'drawn clips',
      rounds,
      missing,
    };
    const report = summarise(facts, video.fps);
    console.log(`\n${formatReport(report)}`);
    await mkdir(options.out, { recursive: true });
    const file = path.join(options.out, `cpu-${report.startedAt.replaceAll(/[:.]/g, '')}.json`);
    await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
    console.log(`\n${path.relative(process.cwd(), file)}`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function benchMix(out: string): Promise<void> {
  const result = await runMixBench();
  console.log(mixBenchText(result));
  await mkdir(out, { recursive: true });
  const file = path.join(out, `mix-${new Date().toISOString().replaceAll(/[:.]/g, '')}.json`);
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  console.log(`\n${path.relative(process.cwd(), file)}`);
  if (!result.figures.every(isMet)) process.exitCode = 1;
}

async function benchHttp(seconds: number, out: string): Promise<void> {
  const result = await runHttpBench(seconds);
  console.log(`\n${httpBenchText(result)}`);
  await mkdir(out, { recursive: true });
  const file = path.join(out, `http-${result.startedAt.replaceAll(/[:.]/g, '')}.json`);
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  console.log(`\n${path.relative(process.cwd(), file)}`);
  if (!result.figures.every(isBorne)) process.exitCode = 1;
}

async function benchSearch(out: string): Promise<void> {
  console.log('filling a database …');
  const result = runSearchBench();
  console.log(`\n${searchBenchText(result)}`);
  await mkdir(out, { recursive: true });
  const file = path.join(out, `search-${result.startedAt.replaceAll(/[:.]/g, '')}.json`);
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  console.log(`\n${path.relative(process.cwd(), file)}`);
  if (!result.figures.every(isQuick)) process.exitCode = 1;
}

async function benchConsole(rounds: number, out: string): Promise<void> {
  const result = await runConsoleBench({ rounds });
  console.log(consoleBenchText(result));
  await mkdir(out, { recursive: true });
  const file = path.join(out, `console-${result.startedAt.replaceAll(/[:.]/g, '')}.json`);
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  console.log(`\n${path.relative(process.cwd(), file)}`);
  if (!isWithinBudget(result)) process.exitCode = 1;
}

const program = new Command('bench')
  .description('What a recording costs and how well it is made.')
  .addArgument(
    new Argument(
      '[what]',
      'cpu: CPU of the box against the encoder alone (Linux only); mix: sync and sound; http: load and broken requests; search: lists of 100,000 recordings; console: first paint and size of its script',
    )
      .choices(['cpu', 'mix', 'http', 'search', 'console'])
      .default('cpu'),
  )
  .option('--seconds <n>', 'length of the recorded room', whole, 60)
  .option('--rounds <n>', 'how often both sides run, one after the other', whole, 3)
  .option('--media <directory>', 'use the clips of this directory instead of drawn ones')
  .option('--out <directory>', 'where the JSON goes', path.join(ROOT, 'bench-results'))
  .parse();

if (program.args[0] === 'mix') {
  await benchMix(program.opts<BenchOptions>().out);
} else if (program.args[0] === 'http') {
  const { seconds, out } = program.opts<BenchOptions>();
  await benchHttp(Math.min(seconds, HTTP_SECONDS), out);
} else if (program.args[0] === 'search') {
  await benchSearch(program.opts<BenchOptions>().out);
} else if (program.args[0] === 'console') {
  const { rounds, out } = program.opts<BenchOptions>();
  await benchConsole(rounds, out);
} else if (process.platform !== 'linux') {
  console.error('The benchmark reads CPU times from /proc, which only Linux has.');
  process.exitCode = 2;
} else {
  await bench(program.opts<BenchOptions>());
}
