import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { arch, cpus, release, totalmem, type } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallbackReply, ReceivedCallback } from '../../main/selftest/callback-receiver.ts';
import { type PartialSettings, SETTINGS_FILE } from '../../main/settings/settings.ts';
import type { RecordingView } from '../../shared/view.ts';
import { makeDirectory, removeDirectory, sampleRequest } from '../support/box.ts';
import { productFfmpeg, type Rig, startRig } from '../support/rig.ts';
import { makeSlowFfmpeg, setEncoderRates } from '../support/slow-ffmpeg.ts';
import { FPS, HEIGHT, makeCountedClip, WIDTH } from './counted-clip.ts';

/** An installation under faults: box, COS and callback receiver on this machine, rooms whose content can be counted. */

export const BUCKET = 'test-123456789';
/** Rooms by length in seconds; the room's number in the request is the length. */
export const ROOM_SECONDS = [2, 3, 4, 5, 6, 7, 8, 12] as const;
export type RoomSeconds = (typeof ROOM_SECONDS)[number];

export interface Site {
  rig: Rig;
  /** Writes the box's settings; they count from its next start on. */
  writeSettings(changes: PartialSettings): Promise<void>;
  /** Whether encoders that are started from now on are too slow for the preset that is set, as on a machine that has too much to do. */
  setSlow(isSlow: boolean): Promise<void>;
  close(options?: { keepDirectory: boolean }): Promise<void>;
}

export interface SiteOptions {
  name: string;
  settings?: PartialSettings;
  respond?: (n: number, callback: ReceivedCallback) => CallbackReply;
  environment?: Record<string, string>;
  /** Grey levels of the clip's noise: 0 makes a file of some tens of kilobytes, 200 one of several megabytes. */
  noiseLevels?: number;
}

/** A small canvas, so that many recordings at a time cost two cores little, and limits as short as the rooms. */
const BASE_SETTINGS = {
  // The lightest preset but one: there is a lighter one for an encoder that cannot keep up.
  video: { width: WIDTH, height: HEIGHT, fps: FPS, preset: 'superfast', crf: 10, maxRateKbps: 100_000 },
  limits: { idleMs: 4000, maxRecordings: 16, maxLengthMs: 60_000 },
  disk: { reserveBytes: 0 },
} as const satisfies PartialSettings;

/** Two of three pictures: the recording is relieved after five seconds, and is whole meanwhile. */
const SLOW_BYTES_PER_SECOND = (2 / 3) * WIDTH * HEIGHT * 1.5 * FPS;

/** Base settings with changes; groups are merged. */
function settingsWith(changes: PartialSettings): PartialSettings {
  const groups = new Set([...Object.keys(BASE_SETTINGS), ...Object.keys(changes)]) as Set<keyof PartialSettings>;
  const base: PartialSettings = BASE_SETTINGS;
  return Object.fromEntries([...groups].map((group) => [group, { ...base[group], ...changes[group] }]));
}

export async function startSite({ settings = {}, noiseLevels = 0, ...options }: SiteOptions): Promise<Site> {
  const tools = await makeDirectory('faults-tools');
  const ffmpeg = await makeSlowFfmpeg(tools, await productFfmpeg(), {});
  await setEncoderRates(ffmpeg, null);
  const rig = await startRig({
    ...options,
    environment: { FFMPEG_PATH: ffmpeg, ...options.environment },
    name: `faults-${options.name}`,
    settings: settingsWith(settings),
    rooms: async (directory) => {
      const clip = await makeCountedClip(directory, noiseLevels);
      const size = `${WIDTH}x${HEIGHT}`;
      const participants = [{ userId: 'sender', media: clip.pictures, audio: clip.sound, enterAt: 0, size, fps: FPS }];
      const room = (seconds: number) => ({ participants, events: [{ at: seconds, type: 'dissolve' }] });
      return Object.fromEntries(ROOM_SECONDS.map((seconds) => [String(seconds), room(seconds)]));
    },
  });
  return {
    rig,
    async writeSettings(changes) {
      await mkdir(rig.box.dataDirectory, { recursive: true });
      await writeFile(path.join(rig.box.dataDirectory, SETTINGS_FILE), JSON.stringify(settingsWith(changes)));
    },
    setSlow: (isSlow) =>
      setEncoderRates(ffmpeg, isSlow ? { [BASE_SETTINGS.video.preset]: SLOW_BYTES_PER_SECOND } : null),
    async close(how) {
      await rig.close(how);
      await removeDirectory(tools);
    },
  };
}

/** A recording that the box has accepted. */
export interface Accepted {
  /** From 1, in the order of asking. */
  number: number;
  id: string;
  roomSeconds: RoomSeconds;
  /** Path of its callback. */
  callbackPath: string;
  /** When it was first asked for, ms since 1970. */
  askedAtMs: number;
}

const ACCEPT_WITHIN_MS = 60_000;
const RETRY_ACCEPT_MS = 150;

/**
 * Asks for a recording as a careful caller does: with an idempotency key, again and again until the box answers. A box that dies while it
 * is asked must neither forget the request nor take it twice.
 */
export async function askForRecording(
  site: Site,
  number: number,
  roomSeconds: RoomSeconds,
  changes: Record<string, unknown> = {},
): Promise<Accepted> {
  const callbackPath = `/recording-${number}`;
  const request = sampleRequest({
    RoomId: roomSeconds,
    UserId: `recorder_${number}`,
    Callback: `${site.rig.receiver.url}${callbackPath}`,
    ...changes,
  });
  const askedAtMs = Date.now();
  const deadline = performance.now() + ACCEPT_WITHIN_MS;
  for (;;) {
    const reply = await site.rig.box
      .post('/api/recordings', request, { 'idempotency-key': `${site.rig.directory}-${number}` })
      .catch(() => null);
    const id = reply?.headers.get('x-scf-reqid');
    if (reply?.status === 202 && id) return { number, id, roomSeconds, callbackPath, askedAtMs };
    const isRefused = reply !== null && reply.status < 500;
    if (isRefused || performance.now() > deadline) {
      throw new Error(`recording ${number} was not accepted: ${reply ? `${reply.status} ${reply.text}` : 'no answer'}`);
    }
    await sleep(RETRY_ACCEPT_MS);
  }
}

/** All recordings that the box knows, over all pages. */
export async function listAll(site: Site): Promise<RecordingView[]> {
  const views: RecordingView[] = [];
  let before: string | null = '';
  while (before !== null) {
    const address: string = `${site.rig.box.url}/api/recordings?limit=500${before && `&before=${before}`}`;
    const page = await patiently(() => fetch(address));
    const body = (await page.json()) as { recordings: RecordingView[]; before: string | null };
    views.push(...body.recordings);
    before = body.before;
  }
  return views;
}

/** The newest recordings as the box shows them now; null while it is away. */
export async function viewsNow(site: Site, query = ''): Promise<RecordingView[] | null> {
  try {
    const reply = await fetch(`${site.rig.box.url}/api/recordings?limit=60${query}`);
    return ((await reply.json()) as { recordings: RecordingView[] }).recordings;
  } catch {
    return null;
  }
}

const READ_TRIES = 5;

/** Reads from the box; a kept-alive connection may have been closed while this process was busy with something else. */
export async function patiently<T>(read: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await read();
    } catch (error) {
      if (tries === READ_TRIES) throw error;
      await sleep(RETRY_ACCEPT_MS);
    }
  }
}

/** Waits until every recording has ended, delivered or not. @returns the number that have not when the time is over */
export async function allEnded(site: Site, withinMs: number): Promise<number> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const open = (await listAll(site)).filter(({ state }) => state !== 'done' && state !== 'failed').length;
    if (open === 0 || performance.now() > deadline) return open;
    await sleep(500);
  }
}

/**
 * Of the requests that would bring a file whole, this share is refused as too slow: the box then sends it in parts, of which there is more
 * to go wrong.
 */
export function makeLineSlow(site: Site, share: number, random: () => number): void {
  for (let nth = 1; nth <= MOST_WHOLE_FILES; nth += 1) {
    if (random() < share) site.rig.cos.faults.add({ ...TOO_SLOW, match: { operation: 'putObject' }, nth });
  }
}

export const TOO_SLOW = { kind: 'error', status: 400, code: 'UserNetworkTooSlow' } as const;
const MOST_WHOLE_FILES = 2000;

/** Keys of all objects in COS. */
export async function objectKeys(site: Site): Promise<string[]> {
  const names = await readdir(path.join(site.rig.directory, 'cos', 'headers', BUCKET)).catch(() => []);
  return names.map((name) => decodeURIComponent(path.basename(name, '.json')));
}

/** Lines of the box's log files, over all its starts. */
export async function logLines(site: Site): Promise<string[]> {
  const directory = path.join(site.rig.box.dataDirectory, 'logs');
  const texts = await Promise.all(
    (await readdir(directory)).map(async (name) => await readFile(path.join(directory, name), 'utf8')),
  );
  return texts.flatMap((text) => text.split('\n')).filter((line) => line !== '');
}

/** Which machine a figure is from; without it, it says nothing. */
export function describeMachine(): string {
  const gib = Math.round(totalmem() / 1024 ** 3);
  return `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, ${gib} GiB, ${type()} ${release()} ${arch()}, Node ${process.versions.node}`;
}
