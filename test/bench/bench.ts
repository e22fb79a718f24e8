/** `npm run bench`: what a recording costs and how well it is made. Results go to `bench-results` as JSON. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Argument, Command, InvalidArgumentError } from 'commander';
import { ROOT } from '../support/source-tree.ts';
import { consoleBenchText, isWithinBudget, runConsoleBench } from './console.ts';
import { runCpuBench } from './cpu-bench.ts';
import { type CrowdKind, crowdText, heldBy, runCrowd } from './crowd.ts';
import { hoursText, isSteady, runHoursBench } from './hours.ts';
import { httpBenchText, isBorne, runHttpBench } from './http.ts';
import { isLengthNoMatter, liveBenchText, runLiveBench } from './live.ts';
import { PARTICIPANTS } from './material.ts';
import { isMet, mixBenchText, runMixBench } from './mix-sync.ts';
import { formatReport } from './report.ts';
import { isQuick, runSearchBench, searchBenchText } from './search.ts';
import { isFastEnough, runUploadBench, uploadBenchText } from './upload.ts';
import { isWithin, runYardsticks, yardsticksText } from './yardsticks.ts';

/** Each pace of the HTTP benchmark is kept for so long at most. */
const HTTP_SECONDS = 20;

interface BenchOptions {
  seconds: number;
  rounds: number;
  count?: number;
  people: number;
  hours: number;
  minutes: number;
  mediaDirectory: string | null;
}

interface Outcome {
  /** ISO time, part of the file's name. */
  startedAt: string;
  text: string;
  result: unknown;
  /** False when a figure is beyond its limit. */
  isGood: boolean;
}

interface Bench {
  about: string;
  /** Reads CPU times and memory from /proc. */
  isLinuxOnly?: true;
  run(options: BenchOptions): Promise<Outcome>;
}

const BENCHES: Readonly<Record<string, Bench>> = {
  cpu: {
    about: 'CPU of the box against the encoder alone and against other ways of making the file',
    isLinuxOnly: true,
    async run(options) {
      const result = await runCpuBench(options);
      return { startedAt: result.startedAt, text: formatReport(result), result, isGood: true };
    },
  },
  yardsticks: {
    about: 'small and sound-only recordings, waits, a box at rest',
    isLinuxOnly: true,
    async run(options) {
      const result = await runYardsticks(options);
      const isGood = result.figures.every(isWithin);
      return { startedAt: result.startedAt, text: yardsticksText(result), result, isGood };
    },
  },
  crowd: crowdBench('mix', 'how many mixed recordings run at once without a skipped picture'),
  'crowd-sound': crowdBench('sound', 'how many recordings of sound alone run at once'),
  mix: {
    about: 'sync and sound',
    async run() {
      const result = await runMixBench();
      const isGood = result.figures.every(isMet);
      return { startedAt: new Date().toISOString(), text: mixBenchText(result), result, isGood };
    },
  },
  http: {
    about: 'load and broken requests',
    async run({ seconds }) {
      const result = await runHttpBench(Math.min(seconds, HTTP_SECONDS));
      const isGood = result.figures.every(isBorne);
      return { startedAt: result.startedAt, text: httpBenchText(result), result, isGood };
    },
  },
  search: {
    about: 'lists of 100,000 recordings',
    async run() {
      const result = runSearchBench();
      const isGood = result.figures.every(isQuick);
      return { startedAt: result.startedAt, text: searchBenchText(result), result, isGood };
    },
  },
  console: {
    about: 'first paint of the console and size of its script',
    async run({ rounds }) {
      const result = await runConsoleBench({ rounds });
      const isGood = isWithinBudget(result);
      return { startedAt: result.startedAt, text: consoleBenchText(result), result, isGood };
    },
  },
  upload: {
    about: "the box's upload against a plain HTTP PUT",
    async run({ rounds }) {
      const result = await runUploadBench(rounds);
      return { startedAt: result.startedAt, text: uploadBenchText(result), result, isGood: isFastEnough(result) };
    },
  },
  hours: {
    about: 'memory and time of a recording of hours, on fast clocks, beside a box in real time',
    isLinuxOnly: true,
    async run(options) {
      const result = await runHoursBench(options);
      return { startedAt: result.startedAt, text: hoursText(result), result, isGood: isSteady(result) };
    },
  },
  live: {
    about: 'from the end of a recording to its object in COS',
    async run({ seconds }) {
      const result = await runLiveBench(seconds);
      const isGood = isLengthNoMatter(result);
      return { startedAt: result.startedAt, text: liveBenchText(result), result, isGood };
    },
  },
};

function crowdBench(kind: CrowdKind, about: string): Bench {
  return {
    about,
    isLinuxOnly: true,
    async run({ seconds, count = null, people, mediaDirectory }) {
      const result = await runCrowd({ kind, seconds, count, people, mediaDirectory });
      return { startedAt: result.startedAt, text: crowdText(result), result, isGood: heldBy(result) !== null };
    },
  };
}

function whole(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('Give a whole number from 1.');
  return number;
}

const names = Object.keys(BENCHES);
const program = new Command('bench')
  .description('What a recording costs and how well it is made.')
  .addArgument(
    new Argument('[what]', names.map((name) => `${name}: ${BENCHES[name]?.about}`).join('; '))
      .choices(names)
      .default('cpu'),
  )
  .option('--seconds <n>', 'length of the recorded room', whole, 60)
  .option('--rounds <n>', 'how often all sides run, one after the other', whole, 3)
  .option('--count <n>', 'crowd: begin with so many recordings', whole)
  .option('--people <n>', 'crowd: participants of each room', whole, PARTICIPANTS)
  .option('--hours <n>', 'hours: length of the recording on fast clocks', whole, 2)
  .option('--minutes <n>', 'hours: how long the box beside it records', whole, 20)
  .option('--media <directory>', 'use the clips of this directory instead of drawn ones')
  .option('--out <directory>', 'where the JSON goes', path.join(ROOT, 'bench-results'))
  .parse();

const name = String(program.processedArgs[0]);
const bench = BENCHES[name]!;
if (bench.isLinuxOnly && process.platform !== 'linux') {
  console.error('This benchmark reads CPU times from /proc, which only Linux has.');
  process.exitCode = 2;
} else {
  const { media, out, ...options } = program.opts<
    Omit<BenchOptions, 'mediaDirectory'> & { media?: string; out: string }
  >();
  const mediaDirectory = media ? path.resolve(media) : null;
  const { startedAt, text, result, isGood } = await bench.run({ ...options, mediaDirectory });
  console.log(`\n${text}`);
  await mkdir(out, { recursive: true });
  const file = path.join(out, `${name}-${startedAt.replaceAll(/[:.]/g, '')}.json`);
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  console.log(`\n${path.relative(process.cwd(), file)}`);
  if (!isGood) process.exitCode = 1;
}
