import { realpath } from 'node:fs/promises';
import { type CallbackReceiver, startCallbackReceiver } from '../../../main/selftest/callback-receiver.ts';
import { startCosServer } from '../../../main/selftest/cos-server/index.ts';
import { makeDirectory, removeDirectory } from '../../support/box.ts';
import { productFfmpeg } from '../../support/rig.ts';
import { randomFrom } from '../../support/simulated-senders.ts';
import { CUT_RULES, type CutRule, Disk, type DiskImage } from './disk.ts';
import { type Judged, judgeBox, quarantined } from './judge.ts';
import {
  COS_KEYS,
  plannedRequests,
  preparePlaces,
  type RecordedRun,
  type RunPlaces,
  recordRun,
  startRunBox,
} from './recorded-run.ts';
import { compileRecorder, writeImage } from './recorder.ts';

export interface PowerCutOptions {
  cuts: number;
  /** The same seed cuts a run at the same share of its record, by the same rules. */
  seed: number;
  /** Length of the longest recording; default 8. */
  seconds?: number;
  /** Told after each cut. */
  onCut?: (result: CutResult) => void;
}

export interface CutResult extends Judged {
  rule: CutRule;
  /** Record of the log after which power was cut, of how many. */
  at: number;
  of: number;
  /** Since the first change, ms. */
  afterMs: number;
}

export type PowerCutReport =
  | { kind: 'done'; seed: number; results: CutResult[]; lostSecondsAtMost: number; directory: string | null }
  /** The machine cannot do it; nothing was proven. */
  | { kind: 'skipped'; why: string };

/**
 * Records every change that a working box makes on its disk, then cuts power at random moments: the disk is rebuilt as the cut would have
 * left it, a box is booted on it and judged when it has delivered everything. The directory is kept when something went wrong.
 */
export async function runPowerCuts(options: PowerCutOptions): Promise<PowerCutReport> {
  const { cuts, seed, seconds = 8, onCut } = options;
  const directory = await realpath(await makeDirectory('power'));
  const recorder = await compileRecorder(directory);
  if (recorder.kind === 'impossible') {
    await removeDirectory(directory);
    return { kind: 'skipped', why: recorder.why };
  }
  const ffmpegPath = await productFfmpeg();
  const receiver = await startCallbackReceiver({ port: 0 });
  const results: CutResult[] = [];
  try {
    const plan = plannedRequests(seconds);
    const places = await preparePlaces(directory, ffmpegPath, plan);
    const run = await recordRun({ places, library: recorder.library, plan, receiver });
    const ofRun = receiver.received.length;
    for (const cut of chooseCuts(run, cuts, seed)) {
      const result = await bootAfter({ cut, run, places, receiver, ffmpegPath, ofRun });
      results.push(result);
      onCut?.(result);
      if (result.problems.length > 0) break;
    }
  } finally {
    await receiver.close();
  }
  const failed = results.some(({ problems }) => problems.length > 0);
  if (!failed) await removeDirectory(directory);
  const lostSecondsAtMost = Math.max(0, ...results.map(({ lostSeconds }) => lostSeconds));
  return { kind: 'done', seed, results, lostSecondsAtMost, directory: failed ? directory : null };
}

interface Cut {
  rule: CutRule;
  /** How many records happened. */
  at: number;
  random: () => number;
}

/** Spread over the record from the first answer on: every other cut by the number of changes, where much happens, every other by time. */
function chooseCuts({ records, known }: RecordedRun, cuts: number, seed: number): Cut[] {
  const random = randomFrom(seed);
  const firstAnswerMs = Math.min(...known.map(({ answeredAtMs }) => answeredAtMs));
  const lastMs = records.at(-1)?.atMs ?? 0;
  const from = records.findIndex(({ atMs }) => atMs >= firstAnswerMs);
  const firstRule = Math.floor(random() * CUT_RULES.length);
  return Array.from({ length: cuts }, (_, index) => {
    const share = (index + random()) / cuts;
    const byTime = records.findIndex(({ atMs }) => atMs >= firstAnswerMs + share * (lastMs - firstAnswerMs));
    const byCount = from + Math.floor(share * (records.length - from));
    const at = index % 2 === 0 ? byCount : byTime;
    const rule = CUT_RULES[(firstRule + index) % CUT_RULES.length] ?? 'syncedOnly';
    return { rule, at: Math.max(1, at), random: randomFrom(Math.floor(random() * 2 ** 32)) };
  });
}

interface Boot {
  cut: Cut;
  run: RecordedRun;
  places: RunPlaces;
  receiver: CallbackReceiver;
  ffmpegPath: string;
  /** How many callbacks were posted in the recorded run. */
  ofRun: number;
}

async function bootAfter({ cut, run, places, receiver, ffmpegPath, ofRun }: Boot): Promise<CutResult> {
  const { rule, at } = cut;
  const atMs = run.records[at - 1]?.atMs ?? 0;
  const earlier = receiver.received.slice(0, ofRun).filter((callback) => callback.atMs <= atMs);
  const receivedBefore = receiver.received.length;
  await writeImage(places.disk, imageAfter(run, cut));
  const cos = await startCosServer({ directory: places.cos, port: 0, credentials: [COS_KEYS] });
  const facts = { rule, at, of: run.records.length, afterMs: Math.round(atMs - (run.records[0]?.atMs ?? 0)) };
  let judged: Judged = { problems: [], lostSeconds: 0, delivered: 0, failures: [] };
  try {
    const box = await startRunBox(places, cos.url);
    try {
      judged = await judgeBox({
        box,
        cos,
        receiver,
        ffmpegPath,
        cut: { atMs, known: run.known, earlier, receivedBefore },
      });
    } finally {
      await box.kill();
    }
    judged.problems.push(...quarantined(places.box));
  } catch (error) {
    judged.problems.push(error instanceof Error ? error.message : String(error));
  } finally {
    await cos.close();
  }
  return { ...facts, ...judged };
}

/** The box's disk after the cut, and that of COS, which has power all the time, at the same moment. */
function imageAfter(run: RecordedRun, { rule, at, random }: Cut): DiskImage {
  const disk = new Disk(run.initial);
  for (const record of run.records.slice(0, at)) disk.apply(record);
  const isCos = (name: string) => name === 'cos' || name.startsWith('cos/');
  const box = [...disk.image(rule, random)].filter(([name]) => !isCos(name));
  const cos = [...disk.image('everything', random)].filter(([name]) => isCos(name));
  return new Map([...box, ...cos]);
}
