import { setTimeout as sleep } from 'node:timers/promises';
import { descendants, isCapture, isRunning, isWorkingEncoder, type ProcessEntry } from '../support/processes.ts';
import { randomFrom } from '../support/simulated-senders.ts';
import { beganAt, type Kill, KillLog } from './kill-log.ts';
import type { LostTail } from './loss.ts';
import { type Proof, proveDelivered, siteProblems } from './proof.ts';
import type { Say, ScenarioReport } from './report.ts';
import {
  type Accepted,
  allEnded,
  askForRecording,
  describeMachine,
  logLines,
  makeLineSlow,
  type RoomSeconds,
  type Site,
  startSite,
  viewsNow,
} from './site.ts';
import { planStrikes, type Strike } from './strikes.ts';
import { type Ways, waysOf } from './ways.ts';

/**
 * Boxes, capture processes and encoders are killed at random moments of recordings' lives, while the caller goes on asking for more.
 * Linux only: who is to be killed is found in /proc.
 */

export interface KillsOptions {
  kills: number;
  /** At least this many recordings are asked for. */
  recordings: number;
  seed: number;
  /** Recordings being captured at a time. */
  parallel: number;
  roomSeconds: readonly RoomSeconds[];
  /** Share of whole files that COS refuses as too slow, so that they are sent in parts. */
  slowShare: number;
  /** No more kills after this; fewer than asked for is a problem. */
  withinMs: number;
  say: Say;
}

const PHASE_WITHIN_MS = 15_000;
const LOOK_MS = 10;
const ENDED_WITHIN_MS = 600_000;
const CAPTURING = new Set(['accepted', 'joining', 'waiting', 'recording']);
/** Grey levels that make files of some megabytes: they go to COS in several parts. */
const NOISE_LEVELS = 220;
/** Of the box's starts. Recordings whose loudness is to be set are not sent while they are recorded. */
const LOUDNESS_SHARE = 0.2;
const LIVE_SHARE = 0.7;
/** So long a room has time for a relief and for a kill after it. */
const RELIEF_ROOM_SECONDS = 12;
const RELIEVED_WITHIN_MS = 20_000;
/** A run of so many must have struck every kind of recording. */
const KILLS_OF_ALL_WAYS = 40;

/** One run of kills: the state that feeder and killer share. */
class KillRun {
  readonly site: Site;
  readonly #options: KillsOptions;
  readonly #random: () => number;
  /** Its own, so that the kills do not depend on how fast recordings come and go. */
  readonly #feederRandom: () => number;
  readonly #asked: Promise<string | null>[] = [];
  readonly accepted: Accepted[] = [];
  readonly log = new KillLog();
  readonly seen = new Map<number, ProcessEntry>();
  missed = 0;
  #phase: 'killing' | 'feeding' | 'broken' = 'killing';

  constructor(site: Site, options: KillsOptions) {
    this.site = site;
    this.#options = options;
    this.#random = randomFrom(options.seed);
    this.#feederRandom = randomFrom(options.seed + 1);
  }

  /** Asks for one more recording, of any length unless told. */
  ask(wantedSeconds?: RoomSeconds): void {
    const { roomSeconds } = this.#options;
    const number = this.#asked.length + 1;
    const anySeconds = roomSeconds[Math.floor(this.#feederRandom() * roomSeconds.length)]!;
    const seconds = wantedSeconds ?? anySeconds;
    const asked = askForRecording(this.site, number, seconds).then(
      (accepted) => {
        this.accepted.push(accepted);
        return null;
      },
      (error: Error) => error.message,
    );
    this.#asked.push(asked);
  }

  /** Keeps recordings coming until all kills are done and enough recordings were asked for. @returns why some were not accepted */
  async feed(): Promise<string[]> {
    const isWanted = () => this.#phase === 'killing' || this.#asked.length < this.#options.recordings;
    while (this.#phase !== 'broken' && isWanted()) {
      const capturing = (await viewsNow(this.site))?.filter(({ state }) => CAPTURING.has(state)).length;
      const unanswered = this.#asked.length - this.accepted.length;
      if (capturing !== undefined && capturing + unanswered < this.#options.parallel) this.ask();
      await sleep(200 + this.#feederRandom() * 400);
    }
    return (await Promise.all(this.#asked)).filter((problem) => problem !== null);
  }

  /** Carries out the plan. */
  async killAll(): Promise<void> {
    try {
      await this.#killPlanned();
      this.#phase = 'feeding';
    } catch (error) {
      this.#phase = 'broken';
      throw error;
    }
  }

  async #killPlanned(): Promise<void> {
    const { kills, withinMs, say } = this.#options;
    const queue = planStrikes(kills, this.#random);
    const deadline = performance.now() + withinMs;
    for (let strike = queue.shift(); strike && performance.now() < deadline; strike = queue.shift()) {
      const done = await this.#carryOut(strike);
      if (done) {
        this.log.kills.push(done);
        if (this.log.kills.length % 10 === 0) {
          say(`${this.log.kills.length} of ${kills} kills, ${this.accepted.length} recordings`);
        }
      } else {
        this.missed += 1;
        queue.push(strike);
      }
    }
  }

  /** @returns null when the phase did not come or its process was gone */
  async #carryOut(strike: Strike): Promise<Kill | null> {
    if (!(await this.#phaseComes(strike))) return null;
    if (strike.phase === 'recording') await sleep(strike.delayMs);
    this.#remember();
    const beganAtMs = beganAt((await viewsNow(this.site)) ?? []);
    if (strike.phase !== 'recording') await sleep(strike.delayMs);
    if (strike.target !== 'main') return await this.#killChild(strike, beganAtMs);
    const epochMs = Date.now();
    await this.site.rig.box.kill();
    await sleep(this.#random() * 500);
    if (strike.phase === 'starting') await this.#killWhileStarting(strike.delayMs);
    const loudness = { enabled: this.#random() < LOUDNESS_SHARE };
    await this.site.writeSettings({ upload: { ...UPLOAD, live: this.#random() < LIVE_SHARE }, loudness });
    await this.site.rig.restartBox();
    return { ...nameOf(strike), epochMs, recordingId: null, beganAtMs };
  }

  async #phaseComes({ phase, during }: Strike): Promise<boolean> {
    const { cos, receiver } = this.site.rig;
    if (phase === 'starting') return true;
    if (phase === 'relieved') return await this.#reliefComes();
    if (phase === 'accepting' || phase === 'joining') this.ask();
    if (phase === 'accepting') return true;
    let requests = cos.requests.length;
    const callbacks = receiver.received.length;
    const deadline = performance.now() + PHASE_WITHIN_MS;
    while (performance.now() < deadline) {
      if (phase === 'uploading') {
        const fresh = cos.requests.slice(requests);
        requests += fresh.length;
        if (fresh.some(({ operation }) => operation === during || operation === 'putObject')) return true;
      } else if (phase === 'notifying') {
        if (receiver.received.length > callbacks) return true;
      } else if ((await viewsNow(this.site, `&state=${phase}`))?.length) return true;
      await sleep(LOOK_MS);
    }
    return false;
  }

  /** Lets encoders be too slow until a recording is relieved. */
  async #reliefComes(): Promise<boolean> {
    const before = new Set(await this.#relieved());
    await this.site.setSlow(true);
    try {
      this.ask(RELIEF_ROOM_SECONDS);
      const deadline = performance.now() + RELIEVED_WITHIN_MS;
      while (performance.now() < deadline) {
        if ((await this.#relieved()).some((id) => !before.has(id))) return true;
        await sleep(LOOK_MS);
      }
      return false;
    } finally {
      await this.site.setSlow(false);
    }
  }

  async #relieved(): Promise<string[]> {
    const views = (await viewsNow(this.site, '&state=recording')) ?? [];
    return views.filter(({ warnings }) => warnings.some(({ code }) => code === 'ENCODER_RELIEVED')).map(({ id }) => id);
  }

  async #killChild(strike: Strike, beganAtMs: Map<string, number>): Promise<Kill | null> {
    const relieved = strike.phase === 'relieved' ? await this.#relieved() : null;
    const captures = descendants(this.site.rig.box.pid)
      .filter(isCapture)
      .filter(({ pid }) => relieved === null || relieved.includes(this.#recordingOf(pid) ?? ''));
    const capture = this.#oneOf(captures);
    if (!capture) return null;
    const recordingId = this.#recordingOf(capture.pid);
    // While a recording changes to a lighter encoder, it has two.
    const victim =
      strike.target === 'capture' ? capture : this.#oneOf(descendants(capture.pid).filter(isWorkingEncoder));
    if (!victim || recordingId === null || !isRunning(victim)) return null;
    const epochMs = Date.now();
    process.kill(victim.pid, 'SIGKILL');
    return { ...nameOf(strike), epochMs, recordingId, beganAtMs };
  }

  #oneOf<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.#random() * list.length)];
  }

  /** The box's log says which process records what. */
  #recordingOf(pid: number): string | null {
    const line = this.site.rig.box.log().match(new RegExp(`^.*"pid":${pid}\\b.*capture process started.*$`, 'm'))?.[0];
    return line ? (JSON.parse(line) as { recordingId: string }).recordingId : null;
  }

  /** Starts the box and kills it before or soon after it is ready. */
  async #killWhileStarting(delayMs: number): Promise<void> {
    const { rig } = this.site;
    const started = rig.restartBox().then(
      () => {},
      () => {},
    );
    await sleep(delayMs);
    const box = descendants(process.pid).find(({ command }) => {
      return command.includes('headless.ts serve') && command.includes(rig.box.dataDirectory);
    });
    if (box) process.kill(box.pid, 'SIGKILL');
    await started;
    await rig.box.kill();
  }

  #remember(): void {
    for (const entry of descendants(this.site.rig.box.pid)) this.seen.set(entry.pid, entry);
  }
}

const UPLOAD = { partBytes: 1024 ** 2, timeoutMs: 10_000 };

function nameOf({ n, target, phase }: Strike): { n: number; what: string } {
  return { n, what: `${target}/${phase}` };
}

/** Kills, then waits, then proves every recording. */
export async function runKills(options: KillsOptions): Promise<ScenarioReport> {
  const { seed, say } = options;
  const startMs = performance.now();
  const random = randomFrom(seed + 2);
  const site = await startSite({
    name: 'kills',
    noiseLevels: NOISE_LEVELS,
    settings: { upload: { ...UPLOAD, live: true } },
    // Slow and quick callers: the box is killed before and after the answer.
    respond: () => ({ status: 200, delayMs: random() * 500 }),
  });
  // A line with some length: steps that take no time could hardly be struck.
  site.rig.cos.faults.add({ kind: 'delay', delayMs: 120, times: Number.POSITIVE_INFINITY });
  makeLineSlow(site, options.slowShare, randomFrom(seed + 3));
  const problems: string[] = [];
  const run = new KillRun(site, options);
  const proofs: { accepted: Accepted; proof: Proof }[] = [];
  let ways: Ways | null = null;
  try {
    const [refused] = await Promise.all([run.feed(), run.killAll()]);
    problems.push(...refused);
    say('all kills done; waiting for the rest to be delivered');
    const open = await allEnded(site, ENDED_WITHIN_MS);
    if (open > 0) problems.push(`${open} recordings have not ended`);
    for (const accepted of run.accepted)
      proofs.push({ accepted, proof: await proveDelivered(site, accepted, run.log.marksOf(accepted)) });
    problems.push(
      ...proofs.flatMap(({ accepted, proof }) => proof.problems.map((text) => run.log.describe(accepted, text))),
    );
    ways = await waysOf(site, run.accepted);
    const untouched =
      ways.usedEarlyParts === 0 ? 'was sent while it was recorded' : ways.relieved === 0 ? 'was relieved' : null;
    if (options.kills >= KILLS_OF_ALL_WAYS && untouched) problems.push(`no recording ${untouched}`);
    problems.push(...(await siteProblems(site, run.accepted)), ...(await leftovers(run)));
    if (run.log.kills.length < options.kills)
      problems.push(`only ${run.log.kills.length} of ${options.kills} kills in time`);
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  if (problems.length > 0) await run.log.save(site.rig.directory);
  await site.close({ keepDirectory: problems.length > 0 });
  return {
    scenario: 'kills',
    seed,
    machine: describeMachine(),
    seconds: (performance.now() - startMs) / 1000,
    figures: { ...figuresOf(run, proofs), ...ways },
    lines: [],
    problems,
    keptDirectory: problems.length > 0 ? site.rig.directory : null,
  };
}

/** Ends the box in order: what it then leaves behind, and what its log says that no box should say. */
async function leftovers(run: KillRun): Promise<string[]> {
  const problems: string[] = [];
  const code = await run.site.rig.box.stop();
  if (code !== 0) problems.push(`the box ended with exit code ${code}`);
  const alive = [...run.seen.values()].filter(isRunning);
  if (alive.length > 0) problems.push(`processes are left: ${alive.map(({ pid, command }) => `${pid} ${command}`)}`);
  const fatal = (await logLines(run.site)).filter((line) => line.startsWith('{"level":60'));
  if (fatal.length > 0) problems.push(`the box failed by itself ${fatal.length} times: ${fatal[0]}`);
  return problems;
}

function figuresOf(run: KillRun, proofs: readonly { proof: Proof }[]): Record<string, unknown> {
  const tails = proofs.flatMap(({ proof }) => proof.loss.lostTails);
  const count: Record<string, number> = {};
  for (const { what: kind } of run.log.kills) {
    count[kind] = (count[kind] ?? 0) + 1;
  }
  return {
    kills: run.log.kills.length,
    killsByKind: count,
    phasesThatDidNotCome: run.missed,
    recordings: run.accepted.length,
    delivered: proofs.filter(({ proof }) => proof.problems.length === 0).length,
    recordingsWithLoss: proofs.filter(({ proof }) => proof.loss.lostTails.length > 0).length,
    worstLostTailSeconds: { pictures: worst(tails, 'pictures'), sound: worst(tails, 'sound') },
    uploadsInParts: run.site.rig.cos.requests.filter(({ operation }) => operation === 'completeMultipart').length,
    callbacks: run.site.rig.receiver.received.length,
  };
}

function worst(tails: readonly LostTail[], of: LostTail['of']): number {
  const seconds = tails.filter((tail) => tail.of === of).map((tail) => tail.seconds);
  return Math.round(Math.max(0, ...seconds) * 100) / 100;
}
