import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CallbackReceiver } from '../../../main/selftest/callback-receiver.ts';
import { SETTINGS_FILE } from '../../../main/settings/settings.ts';
import type { RecordingView } from '../../../shared/view.ts';
import { sampleRequest, startBox, type TestBox, writeScenario } from '../../support/box.ts';
import { COUNTER_SIZE, makeCounterClip } from './counter-clip.ts';
import { Disk, type InitialEntry } from './disk.ts';
import { type LogRecord, parseLog } from './log.ts';
import { entriesOf, recordedEnvironment } from './recorder.ts';

const ENTRY = fileURLToPath(new URL('../../../main/headless.ts', import.meta.url));

export const COS_KEYS = { secretId: 'AKIDpowertest', secretKey: 'secret-key-of-the-power-test' };

/** Directories of one run. `disk` is recorded: the box's data and, as a disk that is never cut, the COS server's. */
export interface RunPlaces {
  disk: string;
  box: string;
  cos: string;
  scenario: string;
  log: string;
}

/** A request of the run and what its caller saw. */
export interface Asked {
  label: string;
  mode: '10' | '12';
  /** When its room begins to exist for the recorder, after the run's start. */
  afterMs: number;
  /** The room is dissolved this long after it was entered. */
  roomSeconds: number;
}

export interface Known extends Asked {
  id: string;
  /** When the caller had the answer, ms since 1970. */
  answeredAtMs: number;
  /** As the undisturbed run ended. */
  end: RecordingView;
}

export interface RecordedRun {
  records: LogRecord[];
  initial: InitialEntry[];
  known: Known[];
}

/**
 * One recording is always under way, and sent meanwhile, while others finalize, upload and call back; these are over before there is a part
 * to send.
 */
export function plannedRequests(seconds: number): Asked[] {
  const short = { roomSeconds: 1.6 };
  return [
    { label: 'long', mode: '12', afterMs: 0, roomSeconds: seconds },
    { label: 'first', mode: '12', afterMs: 0, ...short },
    { label: 'sound', mode: '10', afterMs: seconds * 250, ...short },
    { label: 'last', mode: '12', afterMs: seconds * 500, ...short },
  ];
}

/** Rooms of the scenario by number, one per planned request. */
export async function preparePlaces(directory: string, ffmpegPath: string, plan: readonly Asked[]): Promise<RunPlaces> {
  const disk = path.join(directory, 'disk');
  const places = { disk, box: path.join(disk, 'box'), cos: path.join(disk, 'cos'), log: path.join(directory, 'log') };
  await mkdir(places.box, { recursive: true });
  await mkdir(places.cos);
  const settings = {
    video: { ...COUNTER_SIZE, fps: 15, preset: 'ultrafast', crf: 16, maxRateKbps: 6000 },
    upload: { partBytes: 1024 ** 2, live: true },
    disk: { reserveBytes: 0 },
    // Rooms that were dissolved while the box was down are empty ones afterwards.
    limits: { idleMs: 2_000 },
  };
  await writeFile(path.join(places.box, SETTINGS_FILE), JSON.stringify(settings));
  const media = await makeCounterClip(ffmpegPath, directory);
  const room = ({ roomSeconds }: Asked) => ({
    participants: [{ userId: 'counter', media, enterAt: 0, size: '320x180', fps: 15 }],
    events: [{ at: roomSeconds, type: 'dissolve' }],
  });
  const rooms = Object.fromEntries(plan.map((asked, index) => [`${index + 1}`, room(asked)]));
  return { ...places, scenario: await writeScenario(directory, rooms) };
}

/** Starts a box on the run's data; further environment variables on top. */
export async function startRunBox(
  places: RunPlaces,
  cosUrl: string,
  environment: Record<string, string> = {},
): Promise<TestBox> {
  return await startBox({
    dataDirectory: places.box,
    args: ['--rooms', 'simulated', '--scenario', places.scenario],
    environment: {
      RECORDER_COS_ENDPOINT: cosUrl,
      RECORDER_COS_SECRET_ID: COS_KEYS.secretId,
      RECORDER_COS_SECRET_KEY: COS_KEYS.secretKey,
      ...environment,
    },
  });
}

/**
 * Runs box and COS server with every change on their disk recorded, until all requests are answered to the end. Throws when the record
 * does not give the disk that is really there: then nothing made from it would prove anything.
 */
export async function recordRun(options: {
  places: RunPlaces;
  library: string;
  plan: readonly Asked[];
  receiver: CallbackReceiver;
}): Promise<RecordedRun> {
  const { places, library, plan, receiver } = options;
  const initial = await entriesOf(places.disk);
  const environment = recordedEnvironment(library, places.disk, places.log);
  const cos = await startRecordedCos(places.cos, environment);
  let known: Known[] = [];
  try {
    const box = await startRunBox(places, cos.url, environment);
    try {
      const startedMs = performance.now();
      const asked = plan.map(async (one, index) => {
        await pause(one.afterMs - (performance.now() - startedMs));
        const id = await box.record(requestOf(one, index, receiver.url));
        const answeredAtMs = Date.now();
        const end = await box.waitFor(id, 'over', ({ state }) => state === 'done' || state === 'failed');
        if (end.state === 'failed') throw new Error(`${one.label} failed without a power cut: ${end.failure?.message}`);
        return { ...one, id, answeredAtMs, end };
      });
      known = await Promise.all(asked);
    } finally {
      await box.stop();
    }
  } finally {
    await cos.stop();
  }
  const records = parseLog(await readFile(places.log), places.disk);
  await expectSameDisk(places.disk, initial, records);
  return { records, initial, known };
}

function requestOf({ label, mode }: Asked, index: number, receiverUrl: string): Record<string, unknown> {
  const changes = { RoomId: index + 1, UserId: `rec_${label}`, Mode: mode, Callback: `${receiverUrl}/${label}` };
  return sampleRequest(changes);
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, durationMs)));
}

/** SQLite's shared memory is written through a mapping and made anew at every start; it is no part of what must survive. */
function isSharedMemory(name: string): boolean {
  return name.endsWith('-shm');
}

async function expectSameDisk(root: string, initial: InitialEntry[], records: readonly LogRecord[]): Promise<void> {
  const disk = new Disk(initial);
  for (const record of records) disk.apply(record);
  const image = disk.image('everything', () => 0);
  const differences: string[] = [];
  const real = new Set((await readdir(root, { recursive: true })).filter((name) => !isSharedMemory(name)));
  for (const name of image.keys()) {
    if (!real.has(name) && !isSharedMemory(name)) differences.push(`${name} is only in the record`);
  }
  for (const name of real) {
    const content = image.get(name);
    const full = path.join(root, name);
    if (content === undefined) differences.push(`${name} is not in the record`);
    else if (content && !content.equals(await readFile(full))) differences.push(`${name} has other bytes`);
    else if ((content === null) !== (await stat(full)).isDirectory()) differences.push(`${name} is of another kind`);
  }
  if (differences.length > 0) throw new Error(`the record differs from the disk: ${differences.join('; ')}`);
}

interface RecordedCos {
  url: string;
  stop(): Promise<void>;
}

async function startRecordedCos(directory: string, environment: Record<string, string>): Promise<RecordedCos> {
  const { secretId, secretKey } = COS_KEYS;
  const args = ['--data', directory, '--port', '0', '--secret-id', secretId, '--secret-key', secretKey];
  const child = spawn(process.execPath, [ENTRY, 'cos-server', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = await readyUrl(child);
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

function readyUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (line: string) => resolve((JSON.parse(line) as { url: string }).url));
    child.once('exit', (code) => reject(new Error(`the COS server ended with exit code ${code}`)));
  });
}
