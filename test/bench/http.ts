/**
 * `npm run bench -- http`: what the HTTP face bears. A whole box records a room while callers ask at a steady pace, alone and beside
 * connections that cost it without using it; then generated and broken requests go to a box without rooms.
 */

import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { loadavg } from 'node:os';
import { findFfmpeg } from '../../main/capture/encode/ffmpeg.ts';
import { fuzz } from '../http/fuzz-run.ts';
import { complaintAboutExchange } from '../http/judge.ts';
import { atPace, callerOf, gatherCrowd, type Paced, percentile } from '../http/load.ts';
import { ATTACKS } from '../http/raw-attacks.ts';
import { sampleRequest } from '../support/box.ts';
import { makeClip } from '../support/clips.ts';
import { footprint } from '../support/footprint.ts';
import { startQuietBox } from '../support/quiet-box.ts';
import { exchange } from '../support/raw-http.ts';
import { startRig } from '../support/rig.ts';
import { describeMachine, type Machine } from './report.ts';

export interface HttpFigure {
  name: string;
  value: number;
  unit: 'ms' | 'MiB' | '';
  /** Null where the figure only informs. */
  limit: number | null;
}

export interface HttpBench {
  startedAt: string;
  machine: Machine;
  figures: HttpFigure[];
}

const PER_SECOND = 100;
/** Code that never ran is slow for the first hundreds of times, in the caller as in the box. */
const WARM_UP_SECONDS = 3;
const IDLE = 200;
const SLOW = 50;
const FUZZ_REQUESTS = 10_000;
const FUZZ_WARM_UP = 2_000;
const MIB = 1024 * 1024;

function figuresOf(name: string, paced: Paced, limit: number | null): HttpFigure[] {
  const ms = (percent: number) => Math.round(percentile(paced, percent) * 10) / 10;
  console.log(`  ${name}: ${JSON.stringify(paced.statuses)}, load ${loadavg()[0]?.toFixed(1)}`);
  const unanswered = Object.entries(paced.statuses).filter(([status]) => !/^[234]\d\d$/.test(status));
  return [
    { name: `${name}, median`, value: ms(50), unit: 'ms', limit: null },
    { name: `${name}, 99 of 100`, value: ms(99), unit: 'ms', limit },
    { name: `${name}, slowest`, value: ms(100), unit: 'ms', limit: null },
    { name: `${name}, unanswered`, value: unanswered.reduce((sum, [, count]) => sum + count, 0), unit: '', limit: 0 },
  ];
}

/** Beside one running recording. */
async function benchPace(seconds: number): Promise<HttpFigure[]> {
  const rig = await startRig({
    name: 'bench-http',
    rooms: async (directory, ffmpegPath) => {
      const media = await makeClip(ffmpegPath, directory, 'a', {
        ...{ colour: '30a030', toneHz: 440, seconds: 10, size: '640x360' },
      });
      return { '1': { participants: [0, 1, 2, 3].map((n) => ({ userId: `user_${n}`, media })) } };
    },
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 50 });
  try {
    const key = randomUUID();
    const text = JSON.stringify(sampleRequest({ RoomId: 1, Callback: `${rig.receiver.url}/callback` }));
    const send = callerOf({ baseUrl: rig.box.url, agent });
    await send('POST', '/api/recordings', text, key);
    const [first] = await rig.box.list();
    if (!first) throw new Error('nothing was started');
    await rig.box.waitFor(first.id, 'recording', ({ durationMs }) => durationMs > 3_000);
    const paths = [`/api/recordings/${first.id}`, '/api/recordings?limit=20', '/healthz'];
    const requests = seconds * PER_SECOND;
    // Half are repetitions of the request that made the recording, half are refused because it runs.
    const post = (n: number) => send('POST', n % 2 ? '/' : '/api/recordings', text, n % 2 ? key : undefined);
    const get = (n: number) => send('GET', paths[n % 3] ?? '/');
    await atPace({ perSecond: PER_SECOND, requests: WARM_UP_SECONDS * PER_SECOND, send: get });
    const figures = figuresOf(
      `GET at ${PER_SECOND}/s`,
      await atPace({ perSecond: PER_SECOND, requests, send: get }),
      20,
    );
    const alone = await atPace({ perSecond: PER_SECOND, requests, send: post });
    figures.push(...figuresOf(`POST at ${PER_SECOND}/s`, alone, 50));
    const crowd = gatherCrowd({ port: Number(new URL(rig.box.url).port), idle: IDLE, slow: SLOW });
    const crowded = await atPace({ perSecond: PER_SECOND, requests, send: post });
    crowd.leave();
    return [...figures, ...figuresOf(`POST beside ${IDLE} idle and ${SLOW} slow connections`, crowded, 100)];
  } finally {
    agent.destroy();
    await rig.close();
  }
}

/** New recordings, each on the disk before its answer. */
async function benchAccepting(): Promise<HttpFigure[]> {
  const box = await startQuietBox();
  const agent = new Agent({ keepAlive: true });
  try {
    const send = callerOf({ baseUrl: box.url, agent });
    const body = (n: number) => JSON.stringify(sampleRequest({ RoomId: n + 1, Callback: undefined }));
    const accepted = await atPace({ perSecond: 20, requests: 60, send: (n) => send('POST', '/', body(n)) });
    return figuresOf('POST that starts a recording, at 20/s', accepted, null);
  } finally {
    agent.destroy();
    await box.close();
  }
}

async function benchFuzz(): Promise<HttpFigure[]> {
  const box = await startQuietBox();
  try {
    const { port } = box;
    const onProgress = (sent: number) => sent % 2_000 === 0 && console.log(`  ${sent} requests …`);
    await fuzz({ port, requests: FUZZ_WARM_UP });
    const before = footprint();
    const report = await fuzz({ port, requests: FUZZ_REQUESTS, onProgress });
    let broken = 0;
    for (const { what, write, methods } of ATTACKS) {
      const complaint = complaintAboutExchange(await exchange({ port, write }), methods);
      if (complaint) console.log(`  ! ${what}: ${complaint}`);
      broken += complaint ? 1 : 0;
    }
    let after = footprint();
    for (let tries = 0; tries < 20 && after.descriptors > before.descriptors; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      after = footprint();
    }
    console.log(`  statuses: ${JSON.stringify(report.statuses)}`);
    return [
      { name: 'generated requests', value: report.sent, unit: '', limit: null },
      { name: 'broken HTTP, wrongly answered', value: broken, unit: '', limit: 0 },
      { name: 'memory more than before', value: megabytes(after.heapBytes - before.heapBytes), unit: 'MiB', limit: 16 },
      { name: 'open files more than before', value: after.descriptors - before.descriptors, unit: '', limit: 5 },
    ];
  } finally {
    await box.close();
  }
}

function megabytes(bytes: number): number {
  return Math.round((bytes / MIB) * 10) / 10;
}

/** @throws with the request that a box answers wrongly */
export async function runHttpBench(seconds: number): Promise<HttpBench> {
  const ffmpeg = await findFfmpeg();
  if (ffmpeg.kind === 'missing') throw new Error(ffmpeg.remedy);
  const startedAt = new Date().toISOString();
  console.log('callers at a steady pace …');
  const paced = [...(await benchPace(seconds)), ...(await benchAccepting())];
  console.log('generated and broken requests …');
  return { startedAt, machine: describeMachine(ffmpeg), figures: [...paced, ...(await benchFuzz())] };
}

export function isBorne({ value, limit }: HttpFigure): boolean {
  return limit === null || value <= limit;
}

/** The figures as a person reads them on a terminal. */
export function httpBenchText({ machine, figures }: HttpBench): string {
  const rows = figures.map((figure) => {
    const limit = figure.limit === null ? '' : `at most ${figure.limit}`;
    const value = `${figure.value} ${figure.unit}`.trim();
    return `${isBorne(figure) ? ' ' : '!'} ${figure.name.padEnd(62)}${value.padStart(12)}  ${limit}`;
  });
  const { cpu, cores, memoryBytes, system, node } = machine;
  return [`${cpu}, ${cores} cores, ${Math.round(memoryBytes / MIB)} MiB, ${system}, Node ${node}`, '', ...rows].join(
    '\n',
  );
}
