/**
 * `npm run bench -- upload`: a file to COS by the box's driver (parts, MD5 and CRC-64 of each, proof of the whole) against one plain HTTP PUT of the
 * same file to the same server, which computes both checksums of whatever it gets and has it on its disk before it answers. Loopback: no
 * line hides what the box itself costs. The box is not charged for what the server needs to make an object of the parts.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { findFfmpeg } from '../../main/capture/encode/ffmpeg.ts';
import { createCosClient } from '../../main/delivery/cos/cos-client.ts';
import { createMemoryJournal } from '../../main/delivery/cos/journal.ts';
import { loadSdk } from '../../main/delivery/cos/sdk.ts';
import { uploadObject } from '../../main/delivery/cos/upload.ts';
import type { RequestEntry } from '../../main/selftest/cos-server/index.ts';
import { defaultSettings } from '../../main/settings/settings.ts';
import { BUCKET, CREDENTIAL, MIB, REGION } from '../support/cos-rig.ts';
import { mergingOf } from './merging.ts';
import { describeMachine, type Machine, median } from './report.ts';

export interface UploadBench {
  startedAt: string;
  machine: Machine;
  rounds: number;
  bytes: number;
  /** Medians. */
  boxMs: number;
  /** Of it, what the local server needed to put the parts together: COS does that on machines of its own. */
  mergingMs: number;
  putMs: number;
  /** CPU of this process, which is the uploading one; tells more than the time where others use the machine. */
  boxCpuMs: number;
  putCpuMs: number;
  /** Speed of the box, without the merging, against the plain PUT. */
  ratio: number;
  /** What the process grew by at most while it uploaded. */
  extraBytes: number;
  /** 99 of 100 turns of the event loop were not later than this. */
  eventLoopP99Ms: number;
}

const BYTES = 512 * MIB;
const CHILD = fileURLToPath(new URL('./cos-child.ts', import.meta.url));
const CHILD_WITHIN_MS = 20_000;
const WATCH_MS = 20;
const LEAST_RATIO = 0.9;
const MOST_EXTRA_BYTES = 100 * MIB;
const MOST_EVENT_LOOP_MS = 25;

export async function runUploadBench(rounds: number): Promise<UploadBench> {
  const ffmpeg = await findFfmpeg();
  if (ffmpeg.kind === 'missing') throw new Error(ffmpeg.remedy);
  const startedAt = new Date().toISOString();
  const directory = await mkdtemp(path.join(tmpdir(), 'recorder-upload-'));
  const child = fork(CHILD, [path.join(directory, 'cos')], { execArgv: ['--disable-warning=ExperimentalWarning'] });
  try {
    const { url } = await answerOf<{ url: string }>(child);
    const file = path.join(directory, 'file.mp4');
    await fill(file);
    const seen = {
      box: [] as number[],
      merging: [] as number[],
      put: [] as number[],
      boxCpu: [] as number[],
      putCpu: [] as number[],
      extra: [] as number[],
      loop: [] as number[],
    };
    for (let round = 1; round <= rounds; round += 1) {
      console.log(`round ${round} of ${rounds} …`);
      const box = await withCpu(() => byBox(url, file, `box-${round}.mp4`));
      seen.box.push(box.tookMs);
      seen.boxCpu.push(box.cpuMs);
      seen.extra.push(box.extraBytes);
      seen.loop.push(box.eventLoopP99Ms);
      const told = answerOf<{ requests: RequestEntry[] }>(child);
      child.send('requests');
      seen.merging.push(mergingOf((await told).requests.filter((entry) => entry.key === `box-${round}.mp4`)));
      const put = await withCpu(() => byPut(url, file, `put-${round}.mp4`));
      seen.put.push(put.tookMs);
      seen.putCpu.push(put.cpuMs);
      for (const kind of ['box', 'put']) await forget(url, `${kind}-${round}.mp4`);
    }
    const [boxMs, mergingMs, putMs] = [median(seen.box), median(seen.merging), median(seen.put)];
    return {
      ...{ startedAt, machine: describeMachine(ffmpeg), rounds, bytes: BYTES, boxMs, mergingMs, putMs },
      ...{ boxCpuMs: median(seen.boxCpu), putCpuMs: median(seen.putCpu) },
      ratio: putMs / (boxMs - mergingMs),
      extraBytes: Math.max(...seen.extra),
      eventLoopP99Ms: median(seen.loop),
    };
  } finally {
    child.disconnect();
    await once(child, 'exit');
    await rm(directory, { recursive: true, force: true });
  }
}

export function isFastEnough({ ratio, extraBytes, eventLoopP99Ms }: UploadBench): boolean {
  return ratio >= LEAST_RATIO && extraBytes <= MOST_EXTRA_BYTES && eventLoopP99Ms <= MOST_EVENT_LOOP_MS;
}

/** For a person on a terminal. */
export function uploadBenchText(bench: UploadBench): string {
  const { machine, rounds, bytes, boxMs, mergingMs, putMs, boxCpuMs, putCpuMs, ratio, extraBytes, eventLoopP99Ms } =
    bench;
  const speed = (ms: number) => `${(bytes / MIB / (ms / 1000)).toFixed(0)} MiB/s`;
  return [
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}; ${bytes / MIB} MiB, medians of ${rounds} rounds`,
    `box: ${(boxMs / 1000).toFixed(2)} s, ${speed(boxMs - mergingMs)} without ${(mergingMs / 1000).toFixed(2)} s in which the server merges`,
    `plain PUT: ${(putMs / 1000).toFixed(2)} s, ${speed(putMs)}`,
    `CPU of the uploading process: box ${(boxCpuMs / 1000).toFixed(2)} s, plain PUT ${(putCpuMs / 1000).toFixed(2)} s`,
    `box / PUT: ${ratio.toFixed(2)} (≥ ${LEAST_RATIO})`,
    `extra memory: ${(extraBytes / MIB).toFixed(0)} MiB (≤ ${MOST_EXTRA_BYTES / MIB})`,
    `event loop, 99 of 100: ${eventLoopP99Ms.toFixed(1)} ms (≤ ${MOST_EVENT_LOOP_MS})`,
  ].join('\n');
}

async function byBox(endpoint: string, file: string, key: string) {
  const client = createCosClient({ region: REGION, bucket: BUCKET, endpoint, timeoutMs: 60_000, ...CREDENTIAL });
  const { upload } = defaultSettings();
  const before = process.memoryUsage().rss;
  let extraBytes = 0;
  const watch = setInterval(() => {
    extraBytes = Math.max(extraBytes, process.memoryUsage().rss - before);
  }, WATCH_MS);
  const delays = monitorEventLoopDelay({ resolution: 5 });
  delays.enable();
  const startedMs = performance.now();
  try {
    const outcome = await uploadObject(
      { client, journal: createMemoryJournal() },
      { path: file, key, contentType: 'video/mp4', partBytes: upload.partBytes, concurrency: upload.partsInFlight },
      new AbortController().signal,
    );
    if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome));
    return { tookMs: performance.now() - startedMs, extraBytes, eventLoopP99Ms: delays.percentile(99) / 1e6 };
  } finally {
    clearInterval(watch);
    delays.disable();
    client.close();
  }
}

async function withCpu<T>(work: () => Promise<T>): Promise<T & { cpuMs: number }> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { ...result, cpuMs: (user + system) / 1000 };
}

/** As simple as it gets: one request, its body straight from the file. */
async function byPut(endpoint: string, file: string, key: string): Promise<{ tookMs: number }> {
  const { hostname, port } = new URL(endpoint);
  const host = `${BUCKET}.cos.${REGION}.myqcloud.com`;
  const authorization = loadSdk().getAuthorization({
    ...{ SecretId: CREDENTIAL.secretId, SecretKey: CREDENTIAL.secretKey, Method: 'PUT', Pathname: `/${key}` },
    Headers: { Host: host },
  });
  const startedMs = performance.now();
  const call = request({
    ...{ hostname, port, method: 'PUT', path: `/${key}` },
    headers: {
      host,
      authorization,
      'content-length': (await stat(file)).size,
    },
  });
  createReadStream(file, { highWaterMark: MIB }).pipe(call);
  const [reply] = (await once(call, 'response')) as [IncomingMessage];
  reply.resume();
  await once(reply, 'end');
  const tookMs = performance.now() - startedMs;
  if (reply.statusCode !== 200) throw new Error(`the PUT was answered with ${reply.statusCode}`);
  return { tookMs };
}

/** Its pages in the kernel's memory are free for the next round then. */
async function forget(endpoint: string, key: string): Promise<void> {
  const client = createCosClient({ region: REGION, bucket: BUCKET, endpoint, ...CREDENTIAL });
  await client.deleteObject(key, AbortSignal.timeout(CHILD_WITHIN_MS));
  client.close();
}

async function answerOf<T>(child: ChildProcess): Promise<T> {
  const [message] = (await once(child, 'message', { signal: AbortSignal.timeout(CHILD_WITHIN_MS) })) as [T];
  return message;
}

async function fill(file: string): Promise<void> {
  const handle = await open(file, 'w');
  for (let written = 0; written < BYTES; written += 8 * MIB) await handle.write(randomBytes(8 * MIB));
  await handle.sync();
  await handle.close();
}
