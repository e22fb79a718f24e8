import { createReadStream } from 'node:fs';
import { readdir, stat, statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { RecordingView } from '../../shared/view.ts';
import type { BoxApi } from '../http/box-api.ts';
import type { ChecksApi } from '../http/checks-api.ts';
import type { SettingsApi } from '../http/settings-api.ts';
import type { StatusApi } from '../http/status-api.ts';
import { proxyForDisplay } from '../network/proxy.ts';
import type { Store } from '../store/store.ts';
import type { BundlePart } from './bundle.ts';

export interface BundleSources {
  store: Pick<Store, 'events'>;
  box: Pick<BoxApi, 'health' | 'list'>;
  status: StatusApi;
  settings: SettingsApi;
  attention: ChecksApi['attention'];
  /** The doctor's report as JSON. */
  doctor(): Promise<string>;
  dataDirectory: string;
  recordingsDirectory: string;
  /** Wall clock, ms since 1970. */
  now(): number;
}

const LOG_BYTES = 20 * 1024 * 1024;
const EVENTS = 5000;
const RECORDINGS = 500;
const PAGE = 100;
const DAYS_MS = 14 * 24 * 3_600_000;

const ABOUT = `Diagnostics of TRTC Recorder.

versions.json    the box and what it is made of
system.json      processor, memory, disks
health.json      how the box is, and what needs a person
doctor.json      the report of "box doctor"
settings.json    all settings; no secret is among them
events.json      the newest ${EVENTS} lines of the audit trail
recordings.json  recordings of the last 14 days, at most ${RECORDINGS}; addresses without their queries
metrics.txt      as Prometheus reads them
logs/            the newest logs, at most ${LOG_BYTES / 1024 / 1024} MB

There are no keys, signatures, tokens, passwords and no media in it.
`;

/** What goes into the bundle, cheap things first. */
export async function bundleParts(sources: BundleSources): Promise<BundlePart[]> {
  const { status, box, settings, dataDirectory, now } = sources;
  const json = (name: string, make: () => unknown): BundlePart => ({
    name,
    make: async () => `${JSON.stringify(await make(), null, 2)}\n`,
  });
  return [
    { name: 'README.txt', make: async () => ABOUT },
    json('versions.json', () => status.version()),
    json('system.json', () => systemFacts(sources)),
    json('health.json', async () => {
      const [health, readiness, attention] = await Promise.all([box.health(), status.readiness(), sources.attention()]);
      return { at: new Date(now()).toISOString(), health, readiness, attention };
    }),
    json('settings.json', () => shownSettings(settings.get().values)),
    json('events.json', () => recentEvents(sources.store)),
    json('recordings.json', () => recentRecordings(box, now())),
    { name: 'metrics.txt', make: async () => (await status.metrics()).text },
    ...(await logParts(path.join(dataDirectory, 'logs'))),
    { name: 'doctor.json', make: () => sources.doctor() },
  ];
}

async function systemFacts({ dataDirectory, recordingsDirectory }: BundleSources): Promise<object> {
  const cpus = os.cpus();
  return {
    platform: `${os.platform()} ${os.release()} ${os.arch()}`,
    processor: { model: cpus[0]?.model ?? null, cores: cpus.length, load: os.loadavg() },
    memory: { totalBytes: os.totalmem(), freeBytes: os.freemem(), ownBytes: process.memoryUsage().rss },
    uptimeSeconds: { machine: Math.round(os.uptime()), box: Math.round(process.uptime()) },
    disks: { data: await diskFacts(dataDirectory), recordings: await diskFacts(recordingsDirectory) },
    timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  };
}

async function diskFacts(directory: string): Promise<object> {
  try {
    const { bavail, blocks, bsize } = await statfs(directory);
    return { directory, totalBytes: blocks * bsize, freeBytes: bavail * bsize };
  } catch (error) {
    return { directory, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** A proxy's address may hold a password. */
function shownSettings(values: Record<string, unknown>): Record<string, unknown> {
  const network = values.network as { proxy?: unknown } | undefined;
  if (typeof network?.proxy !== 'string') return values;
  return { ...values, network: { ...network, proxy: proxyForDisplay(network.proxy) } };
}

function recentEvents({ events }: BundleSources['store']): object[] {
  return events
    .list({ afterSeq: Math.max(0, events.lastSeq() - EVENTS), limit: EVENTS })
    .map(({ atMs, ...event }) => ({ at: new Date(atMs).toISOString(), ...event }));
}

async function recentRecordings(box: BundleSources['box'], nowMs: number): Promise<RecordingView[]> {
  const found: RecordingView[] = [];
  for (let before: string | undefined; found.length < RECORDINGS; before = found.at(-1)?.id) {
    const { recordings } = await box.list({ limit: PAGE, ...(before === undefined ? {} : { before }) });
    const recent = recordings.filter(({ createdAt }) => nowMs - Date.parse(createdAt) < DAYS_MS);
    found.push(...recent);
    if (recent.length < PAGE) break;
  }
  return found.slice(0, RECORDINGS);
}

/** The newest logs as far as the room goes, the last of them from its middle on. */
async function logParts(folder: string): Promise<BundlePart[]> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.log'));
  const files = await Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs } = await stat(path.join(folder, name)).catch(() => ({ size: 0, mtimeMs: 0 }));
      return { name, size, mtimeMs };
    }),
  );
  const parts: BundlePart[] = [];
  let roomBytes = LOG_BYTES;
  for (const { name, size } of files.toSorted((a, b) => b.mtimeMs - a.mtimeMs)) {
    const bytes = Math.min(size, roomBytes);
    if (bytes === 0) continue;
    roomBytes -= bytes;
    parts.push({
      name: `logs/${name}`,
      // As long as it was: the box goes on writing.
      make: async () => createReadStream(path.join(folder, name), { start: size - bytes, end: size - 1 }),
    });
  }
  return parts;
}
