import type { Fault, FaultEffect, Operation } from '../../main/selftest/cos-server/index.ts';
import type { RecordingView } from '../../shared/view.ts';
import { CALLER_FAULTS, type CallerFault, type CallerTry, startBadCaller } from './bad-caller.ts';
import { proveDelivered, siteProblems } from './proof.ts';
import type { Say, ScenarioReport } from './report.ts';
import { type Accepted, askForRecording, describeMachine, logLines, type Site, startSite, TOO_SLOW } from './site.ts';
import { type Ways, waysOf } from './ways.ts';

/**
 * Every socket call towards COS and towards the caller fails in turn, as the other side sees it: no connection, a reset before and in the
 * middle of what is sent, an answer that is lost, cut short, of another kind, or never comes. One box lives through all of it, and another one that sends while it records.
 */

export interface IoOptions {
  /** Null: all cases. */
  cases: readonly string[] | null;
  /** Whether recordings are sent while they are made; each is a box of its own. */
  live: readonly boolean[];
  seed: number;
  /** Cases at a time. */
  parallel: number;
  say: Say;
}

/** Deadline of one request to COS and of one callback: short, so that a hanging one costs the test little. */
const TIMEOUT_MS = 2500;
/** A case, its tries and pauses included. */
const DELIVERED_WITHIN_MS = 180_000;
/** More requests than this for one recording are a loop without a pause. */
const MOST_REQUESTS = 60;
const MOST_CALLBACKS = 12;
/** Long enough for parts to be sent meanwhile. */
const ROOM_SECONDS = 6;

/** One thing that goes wrong for one recording. */
interface IoCase {
  name: string;
  /** On the requests that concern the recording's object. */
  faults: (key: string) => Fault[];
  /** How the caller's socket behaves at its first tries; null for an honest one. */
  caller: CallerFault | null;
}

const OPERATIONS = ['initMultipart', 'uploadPart', 'completeMultipart', 'headObject'] as const satisfies Operation[];
const EFFECTS: readonly (FaultEffect & { name: string })[] = [
  { name: 'reset before the body', kind: 'resetBeforeBody' },
  { name: 'reply lost', kind: 'replyLost' },
  { name: 'reply cut', kind: 'replyCut', afterBytes: 10 },
  { name: 'no reply', kind: 'hang' },
  { name: 'login page', kind: 'portal', status: 200, html: '<html>log in</html>' },
  { name: 'bad gateway', kind: 'error', status: 502, code: 'BadGateway', requestId: false },
];
/** The first try, with the whole file, is refused as too slow: the next ones send it in parts. */
function inParts(key: string): Fault {
  return { ...TOO_SLOW, match: { operation: 'putObject', key } };
}

/** All cases by name. */
export function ioCases(): IoCase[] {
  // An answer without a body cannot be cut short.
  const hasBody = (operation: Operation) => operation !== 'uploadPart' && operation !== 'headObject';
  const cos = OPERATIONS.flatMap((operation) =>
    EFFECTS.filter(({ kind }) => kind !== 'replyCut' || hasBody(operation)).map(({ name, ...effect }) => ({
      name: `${operation}: ${name}`,
      faults: (key: string) => [inParts(key), { ...effect, match: { operation, key }, times: 2 }],
      caller: null,
    })),
  );
  const body: IoCase = {
    name: 'uploadPart: reset in the body',
    faults: (key) => [
      inParts(key),
      { kind: 'resetMidBody', afterBytes: 200_000, match: { operation: 'uploadPart', key }, times: 2 },
    ],
    caller: null,
  };
  const caller = CALLER_FAULTS.map((fault): IoCase => ({ name: `caller: ${fault}`, faults: () => [], caller: fault }));
  return [...cos, body, ...caller];
}

export async function runIo(options: IoOptions): Promise<ScenarioReport> {
  const startMs = performance.now();
  const chosen = ioCases().filter(({ name }) => options.cases === null || options.cases.includes(name));
  const lives: BoxLife[] = [];
  for (const isLive of options.live) lives.push(await boxLife(chosen, isLive, options));
  return {
    scenario: 'io',
    seed: options.seed,
    machine: describeMachine(),
    seconds: (performance.now() - startMs) / 1000,
    figures: {
      cases: chosen.length * options.live.length,
      delivered: lives.reduce((sum, { delivered }) => sum + delivered, 0),
      requests: lives.reduce((sum, { requests }) => sum + requests, 0),
      usedEarlyParts: lives.reduce((sum, { ways }) => sum + (ways?.usedEarlyParts ?? 0), 0),
    },
    lines: [],
    problems: lives.flatMap(({ problems }) => problems),
    keptDirectory: lives.find(({ keptDirectory }) => keptDirectory !== null)?.keptDirectory ?? null,
  };
}

/** What one box made of all cases. */
interface BoxLife {
  problems: string[];
  delivered: number;
  requests: number;
  ways: Ways | null;
  keptDirectory: string | null;
}

async function boxLife(chosen: readonly IoCase[], isLive: boolean, { parallel, say }: IoOptions): Promise<BoxLife> {
  const site = await startSite({
    name: 'io',
    noiseLevels: 220,
    settings: {
      upload: { partBytes: 1024 ** 2, timeoutMs: TIMEOUT_MS, filesInFlight: 4, live: isLive },
      callback: { timeoutMs: TIMEOUT_MS },
    },
  });
  const problems: string[] = [];
  const accepted: Accepted[] = [];
  let ways: Ways | null = null;
  const queue = chosen.map((one, index) => ({ one, number: index + 1 }));
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { one, number } = next;
      const name = isLive ? `sent early: ${one.name}` : one.name;
      const own = await oneCase(site, one, number, accepted).catch((error: Error) => [error.message.split('\n')[0]!]);
      problems.push(...own.map((problem) => `${name}: ${problem}`));
      say(`${name}: ${own.length === 0 ? 'delivered' : own.join('; ')}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: parallel }, work));
    problems.push(...(await siteProblems(site, accepted)), ...(await boxProblems(site)));
    ways = await waysOf(site, accepted);
    if (isLive && ways.usedEarlyParts === 0) problems.push('no recording used parts that were sent early');
  } catch (error) {
    problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  await site.close({ keepDirectory: problems.length > 0 });
  const keptDirectory = problems.length > 0 ? site.rig.directory : null;
  return { problems, delivered: accepted.length, requests: site.rig.cos.requests.length, ways, keptDirectory };
}

async function oneCase(site: Site, one: IoCase, number: number, all: Accepted[]): Promise<string[]> {
  const { box, cos, receiver } = site.rig;
  const caller = one.caller ? await startBadCaller(one.caller, `/recording-${number}`, receiver.url) : null;
  try {
    const accepted = await askForRecording(site, number, ROOM_SECONDS, caller ? { Callback: caller.url } : {});
    all.push(accepted);
    const isStarted = ({ startedAt }: RecordingView) => startedAt !== null;
    const key = objectKeyOf(await box.waitFor(accepted.id, 'started', isStarted));
    for (const fault of one.faults(key)) cos.faults.add(fault);
    const isRetried = ({ state, attempts }: RecordingView) => state === 'notifying' && attempts > 0;
    if (one.caller === 'noConnection') {
      await box.waitFor(accepted.id, 'trying to reach the caller', isRetried);
      await caller?.appear();
    }
    await box.waitForState(accepted.id, 'done', DELIVERED_WITHIN_MS);
    const { problems } = await proveDelivered(site, accepted, []);
    const requests = cos.requests.filter((request) => request.key === key);
    if (requests.length > MOST_REQUESTS) problems.push(`${requests.length} requests to COS`);
    const operation = one.faults(key)[1]?.match?.operation;
    const struck = requests.filter((request) => request.operation === operation).length;
    if (operation && struck < 2) problems.push(`${struck} request of this kind: the fault did not strike`);
    return [...problems, ...(caller ? callerProblems(one, caller.tries) : [])];
  } finally {
    caller?.close();
  }
}

/** Known from the moment the room was entered; the recording shows it only once its file is made. */
function objectKeyOf({ id, startedAt, request }: RecordingView): string {
  const stamp = `${startedAt!.slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
  return `trtc/${request.SdkAppId}_${request.RoomId}_${request.UserId}_${stamp}_${id.slice(0, 8)}.mp4`;
}

function callerProblems({ caller }: IoCase, tries: readonly CallerTry[]): string[] {
  const problems: string[] = [];
  if (tries.length > MOST_CALLBACKS) problems.push(`${tries.length} callbacks`);
  if (caller !== 'noConnection' && tries.length < 3)
    problems.push(`only ${tries.length} tries: the fault did not strike`);
  if (new Set(tries.map(({ deliveryId }) => deliveryId)).size !== 1)
    problems.push('tries carry different delivery ids');
  const bodies = tries.map(({ body }) => body).filter((body) => body !== '');
  if (new Set(bodies).size !== 1) problems.push('tries have different bodies');
  return problems;
}

/** One process from beginning to end, with no complaint about itself. */
async function boxProblems(site: Site): Promise<string[]> {
  const fatal = (await logLines(site)).filter((line) => line.startsWith('{"level":60'));
  const problems = fatal.map((line) => `the box failed by itself: ${line}`);
  const threw = (await logLines(site)).filter((line) => line.includes('delivery step threw'));
  problems.push(...threw.map((line) => `an expected fault came as an exception: ${line}`));
  return problems;
}
