import { setTimeout as sleep } from 'node:timers/promises';
import { createApiClient } from '../../shared/api/client.ts';
import { descendants, isMeasuring, isRunning, openDescriptors, type ProcessEntry } from '../support/processes.ts';
import { INSPECTABLE, type Inspector, openInspector } from './inspector.ts';
import { siteProblems } from './proof.ts';
import type { Say, ScenarioReport } from './report.ts';
import { type Accepted, askForRecording, describeMachine, patiently, type Site, startSite } from './site.ts';
import { type Ways, waysOf } from './ways.ts';

/**
 * One box, many recordings started, sent while they are recorded, and stopped: whether descriptors, children, timers and memory of its main process come back to where
 * they were. Linux only: it looks into /proc.
 */

export interface LeakOptions {
  cycles: number;
  /** Recordings before the base is taken: caches fill, code is compiled. */
  warmUp: number;
  seed: number;
  parallel: number;
  /** Rows of the table besides the base. */
  samples: number;
  /** How long the number of descriptors must stand still before the base is taken: kept-alive connections close by themselves. */
  quietMs: number;
  /** Above the base, as a share of it. Null for a run too short to say anything about memory. */
  memoryTolerance: number | null;
  say: Say;
}

/** What the main process holds when it has nothing to do. */
interface Holdings {
  cycles: number;
  descriptors: number;
  children: number;
  timers: number;
  rssMib: number;
  heapMib: number;
  externalMib: number;
}

const MEASURED_WITHIN_MS = 120_000;
const QUIET_WITHIN_MS = 90_000;
const LOOK_MS = 500;
const CYCLE_WITHIN_MS = 60_000;
const MIB = 1024 ** 2;
/** So many of the recordings are long enough for parts of them to be sent meanwhile. */
const LONG_EVERY = 4;
const LONG_MS = 5_000;

export async function runLeak(options: LeakOptions): Promise<ScenarioReport> {
  const { cycles, warmUp, samples, quietMs, memoryTolerance, say, seed } = options;
  const startMs = performance.now();
  const site = await startSite({
    name: 'leak',
    environment: INSPECTABLE,
    noiseLevels: 220,
    settings: { upload: { live: true, partBytes: 1024 ** 2 } },
  });
  const run = new LeakRun(site, options.parallel);
  const problems: string[] = [];
  const table: Holdings[] = [];
  let inspector: Inspector | null = null;
  let ways: Ways | null = null;
  try {
    await run.cycle(warmUp);
    await machineMeasured(site);
    const { box } = site.rig;
    inspector = await openInspector(box.pid, box.log);
    table.push(await holdings(site, inspector, 0, { quietMs }));
    say(`base after ${warmUp} cycles: ${row(table[0]!)}`);
    for (let sample = 1; sample <= samples; sample += 1) {
      const until = Math.round((cycles * sample) / samples);
      await run.cycle(until - table.at(-1)!.cycles);
      table.push(await holdings(site, inspector, until, table[0]!));
      say(row(table.at(-1)!));
    }
    ways = await waysOf(site, run.accepted);
    problems.push(
      ...leaks(table, memoryTolerance),
      ...run.leftProcesses(),
      ...(await siteProblems(site, run.accepted)),
    );
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  inspector?.close();
  await site.close({ keepDirectory: problems.length > 0 });
  return {
    scenario: 'leak',
    seed,
    machine: describeMachine(),
    seconds: (performance.now() - startMs) / 1000,
    figures: { cycles, warmUp, childProcessesSeen: run.processes.size, base: table[0], end: table.at(-1), ...ways },
    lines: [HEADING, ...table.map(row)],
    problems,
    keptDirectory: problems.length > 0 ? site.rig.directory : null,
  };
}

const HEADING = 'cycles  fds  children  timers   RSS MiB  heap MiB  external MiB';

function row({ cycles, descriptors, children, timers, rssMib, heapMib, externalMib }: Holdings): string {
  const memory = [rssMib, heapMib, externalMib].map((mib) => mib.toFixed(1));
  return `${`${cycles}`.padStart(6)}${`${descriptors}`.padStart(5)}${`${children}`.padStart(10)}${`${timers}`.padStart(8)}${memory[0]!.padStart(10)}${memory[1]!.padStart(10)}${memory[2]!.padStart(14)}`;
}

/** Waits until the box holds no more descriptors than the base, or, for the base itself, until their number stands still; then looks. */
async function holdings(
  site: Site,
  inspector: Inspector,
  cycles: number,
  base: Holdings | { quietMs: number },
): Promise<Holdings> {
  const { pid } = site.rig.box;
  const deadline = performance.now() + QUIET_WITHIN_MS;
  let descriptors = openDescriptors(pid).length;
  let sinceMs = performance.now();
  const isQuiet = () => {
    return 'quietMs' in base ? performance.now() - sinceMs > base.quietMs : descriptors <= base.descriptors;
  };
  while (!isQuiet() && performance.now() < deadline) {
    await sleep(LOOK_MS);
    const now = openDescriptors(pid).length;
    if (now !== descriptors) [descriptors, sinceMs] = [now, performance.now()];
  }
  await inspector.collectGarbage();
  const memory = await inspector.evaluate<NodeJS.MemoryUsage>('process.memoryUsage()');
  const timers = await inspector.evaluate<number>(
    "process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length",
  );
  return {
    cycles,
    descriptors,
    children: descendants(pid).length,
    timers,
    rssMib: memory.rss / MIB,
    heapMib: memory.heapUsed / MIB,
    externalMib: memory.external / MIB,
  };
}

/** The box measures its machine once, by itself at some quiet moment: it shall be over before anything is counted. */
async function machineMeasured({ rig }: Site): Promise<void> {
  const api = createApiClient({ baseUrl: rig.box.url });
  const deadline = performance.now() + MEASURED_WITHIN_MS;
  for (;;) {
    const { state, problem } = await patiently(() => api.call('getCapacity', {}));
    const isOver = state === 'idle' || (state === 'due' && problem !== null);
    if (isOver && !descendants(rig.box.pid).some(isMeasuring)) return;
    if (performance.now() > deadline) throw new Error(`the machine is not measured: ${state}`);
    // Refused while something is finalized or measured.
    if (state === 'due') await api.call('measureCapacity', {}).catch(() => {});
    await sleep(LOOK_MS);
  }
}

function leaks(table: readonly Holdings[], memoryTolerance: number | null): string[] {
  const [base] = table;
  const end = table.at(-1);
  if (!base || !end) return ['nothing was measured'];
  const problems: string[] = [];
  // Fewer are no leak: a connection that was kept alive at the base has closed since.
  if (end.descriptors > base.descriptors) problems.push(`${end.descriptors} descriptors, ${base.descriptors} before`);
  if (end.children > 0) problems.push(`${end.children} child processes are left`);
  if (end.timers > base.timers) problems.push(`${end.timers} timers, ${base.timers} before`);
  if (memoryTolerance === null) return problems;
  // Above the base only: a process that gave memory back has no leak.
  if (end.rssMib > base.rssMib * (1 + memoryTolerance)) {
    problems.push(`${end.rssMib.toFixed(1)} MiB resident, ${base.rssMib.toFixed(1)} before`);
  }
  return problems;
}

class LeakRun {
  readonly site: Site;
  readonly accepted: Accepted[] = [];
  readonly processes = new Map<number, ProcessEntry>();
  readonly #parallel: number;
  #asked = 0;

  constructor(site: Site, parallel: number) {
    this.site = site;
    this.#parallel = parallel;
  }

  /** Starts, stops and delivers so many recordings. */
  async cycle(count: number): Promise<void> {
    let left = count;
    const work = async () => {
      while (left > 0) {
        left -= 1;
        this.#asked += 1;
        await this.#one(this.#asked);
      }
    };
    await Promise.all(Array.from({ length: this.#parallel }, work));
  }

  async #one(number: number): Promise<void> {
    const { box } = this.site.rig;
    const accepted = await askForRecording(this.site, number, 8);
    this.accepted.push(accepted);
    const leastMs = number % LONG_EVERY === 0 ? LONG_MS : 0;
    const isOn = ({ state, durationMs }: { state: string; durationMs: number }) =>
      state === 'recording' && durationMs > leastMs;
    await box.waitFor(accepted.id, 'recording', isOn, CYCLE_WITHIN_MS);
    for (const entry of descendants(box.pid)) this.processes.set(entry.pid, entry);
    await box.post(`/api/recordings/${accepted.id}/stop`, {});
    await box.waitForState(accepted.id, 'done', CYCLE_WITHIN_MS);
  }

  leftProcesses(): string[] {
    const left = [...this.processes.values()].filter(isRunning);
    return left.length === 0 ? [] : [`processes are left: ${left.map(({ pid, command }) => `${pid} ${command}`)}`];
  }
}
