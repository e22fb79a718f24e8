import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultEffect } from '../../main/selftest/cos-server/index.ts';
import { randomFrom } from '../support/simulated-senders.ts';
import { beganAt, KillLog } from './kill-log.ts';
import { crc64Of, proveDelivered, siteProblems } from './proof.ts';
import type { Say, ScenarioReport } from './report.ts';
import {
  type Accepted,
  askForRecording,
  describeMachine,
  listAll,
  patiently,
  type RoomSeconds,
  type Site,
  startSite,
  viewsNow,
} from './site.ts';
import { type Ways, waysOf } from './ways.ts';

/**
 * COS is away while recordings are made and the box is killed; then it comes back on a bad line. The box sends what it records while it is
 * recorded: for the second half of the recordings the line comes and goes, so that COS gets parts of them, but it completes nothing. Once
 * all is asked for, nobody touches the box: it is only looked at.
 */

export interface OfflineOptions {
  recordings: number;
  kills: number;
  seed: number;
  parallel: number;
  roomSeconds: readonly RoomSeconds[];
  /** Of the second half: long enough for parts to be sent meanwhile. */
  longRoomSeconds: readonly RoomSeconds[];
  /** From COS's return until the last object is proven and the last caller told. */
  deliverWithinMs: number;
  say: Say;
}

const CAPTURING = new Set(['accepted', 'joining', 'waiting', 'recording']);
const RECORDED_WITHIN_MS = 10 * 60_000;
const LOOK_MS = 250;
const AWAY_OR_THERE_MS = 5000;
/** Among so many, some must have been sent while they were recorded. */
const RECORDINGS_OF_ALL_WAYS = 20;
const ERROR_SHARE = 0.3;
const LOST_REPLY_SHARE = 0.05;
const CUT_SHARE = 0.03;
/** So many requests may fail; more than the run needs. */
const BAD_REQUESTS = 4000;
const SERVER_ERRORS = [
  { status: 500, code: 'InternalError' },
  { status: 503, code: 'SlowDown' },
  { status: 503, code: 'ServiceUnavailable' },
  { status: 502, code: 'BadGateway' },
] as const;

/** What a local file was when it was finished, so that nobody can change or remove it unseen before its proof. */
interface Evidence {
  localPath: string;
  crc64: string;
}

export async function runOffline(options: OfflineOptions): Promise<ScenarioReport> {
  const { seed, say } = options;
  const startMs = performance.now();
  const site = await startSite({
    name: 'offline',
    noiseLevels: 220,
    settings: {
      upload: { partBytes: 1024 ** 2, timeoutMs: 10_000, live: true },
      // Every file may go as soon as it is proven, and not a moment before.
      retention: { policy: 'keepDays', keepDays: 0 },
    },
  });
  const run = new OfflineRun(site, options);
  const problems: string[] = [];
  let ways: Ways | null = null;
  try {
    const half = Math.floor(options.recordings / 2);
    await site.rig.cos.setOffline(true);
    await run.record(half, options.roomSeconds);
    const endComings = letLineComeAndGo(site, randomFrom(seed + 4));
    await run.record(options.recordings, options.longRoomSeconds);
    problems.push(...(await run.waitUntilRecorded()));
    await endComings();
    problems.push(...(await run.keepEvidence()));
    if (site.rig.receiver.received.length > 0) problems.push('a caller was told before his object could be in COS');
    say(`all ${run.accepted.length} recorded; COS is back on a bad line`);
    planBadLine(site, randomFrom(seed + 3));
    await site.rig.cos.setOffline(false);
    problems.push(...(await run.waitUntilDelivered()));
    for (const accepted of run.accepted) {
      const proof = await proveDelivered(site, accepted, run.log.marksOf(accepted));
      const own = [...proof.problems, ...run.evidenceProblems(accepted, proof.objectCrc64)];
      problems.push(...own.map((text) => run.log.describe(accepted, text)));
    }
    problems.push(...(await siteProblems(site, run.accepted)));
    ways = await waysOf(site, run.accepted);
    if (options.recordings >= RECORDINGS_OF_ALL_WAYS && ways.usedEarlyParts === 0)
      problems.push('no recording used parts that were sent while it was recorded');
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  if (problems.length > 0) await run.log.save(site.rig.directory);
  await site.close({ keepDirectory: problems.length > 0 });
  const statuses = site.rig.cos.requests.map(({ status }) => status);
  return {
    scenario: 'offline',
    seed,
    machine: describeMachine(),
    seconds: (performance.now() - startMs) / 1000,
    figures: {
      recordings: run.accepted.length,
      kills: run.log.kills.length,
      objectsEqualByCrc64: run.equalObjects,
      secondsFromReturnToLastCall: Math.round(run.deliveryMs / 1000),
      requests: statuses.length,
      answeredWith5xx: statuses.filter((status) => status !== null && status >= 500).length,
      withoutAnswer: statuses.filter((status) => status === null).length,
      ...ways,
    },
    lines: [],
    problems,
    keptDirectory: problems.length > 0 ? site.rig.directory : null,
  };
}

/** COS takes parts now and then, and completes nothing. @returns ends it, with COS away for good */
function letLineComeAndGo(site: Site, random: () => number): () => Promise<void> {
  const { cos } = site.rig;
  const refusals = (['completeMultipart', 'putObject'] as const).map((operation) => {
    const refusal = { kind: 'error', status: 503, code: 'ServiceUnavailable' } as const;
    return cos.faults.add({ ...refusal, match: { operation }, times: Number.POSITIVE_INFINITY });
  });
  const ending = new AbortController();
  const going = (async () => {
    for (let isAway = false; !ending.signal.aborted; isAway = !isAway) {
      await cos.setOffline(isAway);
      await sleep(AWAY_OR_THERE_MS * (0.3 + random()), undefined, { signal: ending.signal }).catch(() => {});
    }
    await cos.setOffline(true);
  })();
  return async () => {
    ending.abort();
    await going;
    for (const takeBack of refusals) takeBack();
  };
}

/** Every request has its own fate, decided beforehand. */
function planBadLine(site: Site, random: () => number): void {
  for (let nth = 1; nth <= BAD_REQUESTS; nth += 1) {
    const effect = effectOf(random(), random());
    if (effect !== null) site.rig.cos.faults.add({ ...effect, nth });
  }
}

function effectOf(fate: number, which: number): FaultEffect | null {
  if (fate < ERROR_SHARE) return { kind: 'error', ...SERVER_ERRORS[Math.floor(which * SERVER_ERRORS.length)]! };
  if (fate < ERROR_SHARE + LOST_REPLY_SHARE) return { kind: 'replyLost' };
  if (fate < ERROR_SHARE + LOST_REPLY_SHARE + CUT_SHARE) return { kind: 'resetMidBody', afterBytes: 50_000 };
  return null;
}

class OfflineRun {
  readonly site: Site;
  readonly accepted: Accepted[] = [];
  readonly log = new KillLog();
  readonly #options: OfflineOptions;
  readonly #random: () => number;
  /** Numbers of recordings after which the box is killed. */
  readonly #killAfter: number[];
  readonly #evidence = new Map<string, Evidence>();
  equalObjects = 0;
  deliveryMs = 0;

  constructor(site: Site, options: OfflineOptions) {
    this.site = site;
    this.#options = options;
    this.#random = randomFrom(options.seed);
    const { recordings, kills } = options;
    this.#killAfter = Array.from({ length: kills }, (_, index) =>
      Math.round(((index + 1) * recordings) / (kills + 0.5)),
    );
  }

  /** Asks for recordings until there are so many, some at a time, and kills the box now and then. */
  async record(until: number, roomSeconds: readonly RoomSeconds[]): Promise<void> {
    const { parallel } = this.#options;
    while (this.accepted.length < until) {
      const capturing = (await viewsNow(this.site))?.filter(({ state }) => CAPTURING.has(state)).length;
      if (capturing !== undefined && capturing < parallel) {
        const seconds = roomSeconds[Math.floor(this.#random() * roomSeconds.length)]!;
        this.accepted.push(await askForRecording(this.site, this.accepted.length + 1, seconds));
      } else await sleep(LOOK_MS);
      if (this.#killAfter[0] !== undefined && this.accepted.length >= this.#killAfter[0]) {
        this.#killAfter.shift();
        await this.#kill();
      }
    }
  }

  async #kill(): Promise<void> {
    await sleep(this.#random() * 1500);
    const began = beganAt((await viewsNow(this.site)) ?? []);
    const epochMs = Date.now();
    await this.site.rig.box.kill();
    this.log.kills.push({ n: this.log.kills.length + 1, what: 'main', epochMs, recordingId: null, beganAtMs: began });
    await this.site.rig.restartBox();
  }

  /** Every recording is a finished local file that waits for COS. */
  async waitUntilRecorded(): Promise<string[]> {
    const deadline = performance.now() + RECORDED_WITHIN_MS;
    for (;;) {
      const views = await listAll(this.site);
      const open = views.filter(({ state }) => state !== 'uploading');
      if (open.length === 0 && views.length >= this.accepted.length) break;
      if (performance.now() > deadline || open.some(({ state }) => state === 'failed')) {
        return open.map(
          ({ id, state, failure }) => `${id} is "${state}" while COS is away: ${JSON.stringify(failure)}`,
        );
      }
      await sleep(LOOK_MS);
    }
    return [];
  }

  /** What the local files are before anything is completed. */
  async keepEvidence(): Promise<string[]> {
    for (const { id, files } of await listAll(this.site)) {
      const [file] = files;
      if (file?.localPath == null) return [`${id} waits for COS without a local file`];
      this.#evidence.set(id, { localPath: file.localPath, crc64: crc64Of(await readFile(file.localPath)) });
    }
    return [];
  }

  /** Looks, and does nothing else. */
  async waitUntilDelivered(): Promise<string[]> {
    const beganMs = performance.now();
    const deadline = beganMs + this.#options.deliverWithinMs;
    const removed = new Set<string>();
    for (;;) {
      const views = await listAll(this.site);
      for (const { id, files } of views) {
        const path = this.#evidence.get(id)?.localPath;
        if (path && files[0]?.state !== 'uploaded' && !existsSync(path) && !(await this.#isUploaded(id)))
          removed.add(id);
      }
      const open = views.filter(({ state }) => state !== 'done' && state !== 'failed');
      this.deliveryMs = performance.now() - beganMs;
      const early = [...removed].map((id) => `${id}: its local file was removed before its proof`);
      if (open.length === 0) return early;
      if (performance.now() > deadline) return [...early, `${open.length} recordings are not delivered in time`];
      await sleep(LOOK_MS);
    }
  }

  /** A file may have been proven and removed since the list was read. */
  async #isUploaded(id: string): Promise<boolean> {
    return (await patiently(() => this.site.rig.box.get(id))).files[0]?.state === 'uploaded';
  }

  /** The object is what the local file was before anything was sent. */
  evidenceProblems({ id }: Accepted, objectCrc64: string | null): string[] {
    const evidence = this.#evidence.get(id);
    if (!evidence) return ['nobody saw its local file'];
    if (objectCrc64 !== evidence.crc64) return [`its object has CRC-64 ${objectCrc64}, its file had ${evidence.crc64}`];
    this.equalObjects += 1;
    return [];
  }
}
