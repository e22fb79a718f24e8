import { statfs } from 'node:fs/promises';
import { findFfmpeg } from '../capture/encode/ffmpeg.ts';
import { findAddon } from '../capture/room/trtc/addon.ts';
import type { Environment } from '../settings/environment.ts';
import type { Settings } from '../settings/settings.ts';
import type { Store } from '../store/store.ts';
import { allRecordings, type Finding, finding } from './finding.ts';

const GIGABYTE = 1e9;

function gigabytes(bytes: number): string {
  return `${(bytes / GIGABYTE).toFixed(1)} GB`;
}

/** Free space where recordings and where rows are written, against the reserves. */
export async function checkDisk(
  places: { recordingsDirectory: string; dataDirectory: string },
  settings: Settings['disk'],
): Promise<Finding[]> {
  const { recordingsDirectory, dataDirectory } = places;
  return await Promise.all([
    checkSpace(recordingsDirectory, settings.reserveBytes, 'disk.reserveBytes'),
    checkSpace(dataDirectory, settings.dataReserveBytes, 'disk.dataReserveBytes'),
  ]);
}

async function checkSpace(about: string, reserveBytes: number, setting: string): Promise<Finding> {
  try {
    const { bavail, bsize } = await statfs(about);
    const freeBytes = bavail * bsize;
    const text = `${gigabytes(freeBytes)} free, ${gigabytes(reserveBytes)} are kept in reserve (${setting})`;
    if (freeBytes >= reserveBytes) return finding('disk', 'ok', text, { about });
    const remedy = 'Make room: until then no recording is accepted. Files of delivered recordings are in COS.';
    return finding('disk', 'problem', text, { about, remedy });
  } catch (error) {
    const text = `cannot be looked at: ${error instanceof Error ? error.message : String(error)}`;
    return finding('disk', 'note', text, { about, remedy: 'Mount its disk, or start the box once to create it.' });
  }
}

/** Steps up to here are what time servers do every day. */
const CLOCK_TOLERANCE_MS = 60_000;
/** No box was made before. */
const EARLIEST_MS = Date.UTC(2025, 0, 1);

/** The clock against the newest row; COS tells the rest when it refuses a signature. */
export function checkClock(store: Store | null, nowMs: number): Finding {
  const remedy =
    "Let the machine's clock follow a time server; COS refuses requests that are a quarter of an hour off.";
  const text = new Date(nowMs).toISOString();
  let newestMs = 0;
  if (store) for (const { updatedAtMs } of allRecordings(store)) newestMs = Math.max(newestMs, updatedAtMs);
  if (nowMs < EARLIEST_MS) return finding('clock', 'problem', `${text} cannot be true`, { remedy });
  const behindMs = newestMs - nowMs;
  if (behindMs <= CLOCK_TOLERANCE_MS) return finding('clock', 'ok', text);
  const minutes = Math.ceil(behindMs / 60_000);
  return finding('clock', 'problem', `${text}: ${minutes} minutes before the newest row`, { remedy });
}

export async function checkFfmpeg(environment: Pick<Environment, 'ffmpegPath'>): Promise<Finding> {
  const search = await findFfmpeg({ preferred: environment.ffmpegPath });
  if (search.kind === 'found') {
    return finding('ffmpeg', 'ok', `${search.version} (${search.licence}, from ${search.source})`, {
      about: search.path,
    });
  }
  const tried = search.tried.map(({ source, problem }) => `${source}: ${problem}`).join('; ');
  return finding('ffmpeg', 'problem', `none works: ${tried}`, { remedy: search.remedy });
}

export function checkAddon(rooms: 'trtc' | 'simulated'): Finding {
  const { present, path: about } = findAddon();
  if (present) return finding('addon', 'ok', 'is there', { about });
  if (rooms === 'simulated') return finding('addon', 'note', 'is missing; simulated rooms need none', { about });
  const remedy =
    "On a machine that reaches Tencent's download hosts: npm rebuild trtc-electron-sdk. With simulated rooms: --rooms simulated.";
  return finding('addon', 'problem', "the vendor's native addon is missing: no real room can be recorded", {
    about,
    remedy,
  });
}
