/**
 * `npm run faults`: the box under faults, at full length. Each scenario also by itself: `npm run faults -- kills`. FAULT_SEED or `--seed`
 * replays a run's plan.
 */
import { Argument, Command, InvalidArgumentError } from 'commander';
import { runIo } from './io.ts';
import { runKills } from './kills.ts';
import { runLeak } from './leak.ts';
import { runOffline } from './offline.ts';
import { runPower } from './power-cuts.ts';
import { formatReport, type ScenarioReport, writeReport } from './report.ts';

interface RunOptions {
  seed: number;
  kills: number;
  recordings: number;
  cycles: number;
  cuts: number;
}

function whole(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0) throw new InvalidArgumentError('Give a whole number.');
  return number;
}

const print = (text: string) => void process.stdout.write(`${text}\n`);
const say = (line: string) => print(`  … ${line}`);

const SCENARIOS: Readonly<Record<string, (options: RunOptions) => Promise<ScenarioReport>>> = {
  kills: ({ kills, seed }) =>
    runKills({
      ...{ kills, seed, say, parallel: 4, recordings: kills, slowShare: 0.4, withinMs: 25 * 60_000 },
      roomSeconds: [4, 5, 6, 7, 8, 12],
    }),
  offline: ({ recordings, seed }) =>
    runOffline({
      ...{ recordings, seed, say, kills: 5, parallel: 4, deliverWithinMs: 15 * 60_000 },
      roomSeconds: [2, 3],
      longRoomSeconds: [8, 12],
    }),
  io: ({ seed }) => runIo({ seed, say, cases: null, parallel: 4, live: [false, true] }),
  leak: ({ cycles, seed }) =>
    runLeak({
      cycles,
      seed,
      say,
      warmUp: Math.min(20, cycles),
      parallel: 3,
      samples: 6,
      quietMs: 8000,
      memoryTolerance: 0.05,
    }),
  power: ({ cuts, seed }) => runPower({ cuts, seed, say }),
};

/** These find or watch processes in /proc. */
const LINUX_ONLY = new Set(['kills', 'leak']);

const program = new Command('faults')
  .description('The whole box under faults.')
  .addArgument(new Argument('[scenario...]', 'default: all of them').choices(Object.keys(SCENARIOS)))
  .option(
    '--seed <n>',
    'what the random choices follow from',
    whole,
    whole(process.env.FAULT_SEED ?? String(Date.now() % 1e6)),
  )
  .option('--kills <n>', 'kills: how many', whole, 200)
  .option('--recordings <n>', 'offline: how many', whole, 50)
  .option('--cycles <n>', 'leak: how many', whole, 300)
  .option('--cuts <n>', 'power: how many', whole, 20)
  .parse();

const names = program.args.length > 0 ? program.args : Object.keys(SCENARIOS);
const options = program.opts<RunOptions>();
for (const name of names) {
  if (LINUX_ONLY.has(name) && process.platform !== 'linux') {
    print(`${name}: SKIPPED, nothing was proven: it looks into /proc, which only Linux has\n`);
    process.exitCode = 1;
    continue;
  }
  print(`${name}: seed ${options.seed} (FAULT_SEED=${options.seed} replays it)`);
  const report = await SCENARIOS[name]!(options);
  print(`\n${formatReport(report)}\n  ${await writeReport(report)}\n`);
  if (report.problems.length > 0) process.exitCode = 1;
}
