/**
 * `npm run bench -- hours`: what a recording of hours holds in memory, and whether its time drifts. The real capture process with the SDK's
 * JavaScript, the simulated addon and its encoder records hours on clocks that go as fast as the encoder; a whole box records in real time
 * beside it, with its main process.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type FfmpegFound, findFfmpeg } from '../../main/capture/encode/ffmpeg.ts';
import { createProcessHost } from '../../main/capture/host.ts';
import type { CaptureJob, FromCapture } from '../../main/capture/messages.ts';
import { defaultSettings } from '../../main/settings/settings.ts';
import { sampleRequest, writeScenario } from '../support/box.ts';
import { ffprobePath } from '../support/flash-and-beep.ts';
import { startRig } from '../support/rig.ts';
import { childrenOf, privateBytes, treeUse } from './cpu.ts';
import { fitLine, type LineFit } from './line-fit.ts';
import { prepareParticipants } from './material.ts';
import { describeMachine, type Machine } from './report.ts';
import { roomsOf } from './rounds.ts';

const run = promisify(execFile);

export type ProcessName = 'main' | 'capture' | 'encoder';

/** Memory at one moment of a recording. */
export interface MemorySample {
  minute: number;
  /** All processes together, shared pages counted once. */
  togetherMib: number;
  /** Their own memory alone: shared pages count for less while somebody else uses them, and would look like growth when he ends. */
  mib: Partial<Record<ProcessName | 'all', number>>;
}

export interface MemorySeries {
  what: string;
  minutes: number;
  wallMinutes: number;
  samples: MemorySample[];
  /** Of the own pages, MiB an hour after the warm-up, by process and together. */
  slopes: Partial<Record<ProcessName | 'all', LineFit>>;
  peakMib: number;
}

/** Where a file of hours ends against the recording's clock. */
export interface EndFacts {
  timelineSeconds: number;
  lastPictureEndSeconds: number;
  soundEndSeconds: number;
  pictures: number;
  picturesSkipped: number;
  bytes: number;
}

export interface HoursBench {
  startedAt: string;
  machine: Machine;
  loadAverage: number;
  series: MemorySeries[];
  end: EndFacts;
}

const MIB = 1024 ** 2;
const FAST_CLOCK = fileURLToPath(new URL('./fast-clock.ts', import.meta.url));
const WARM_UP_MINUTES = 15;
const REAL_WARM_UP_MINUTES = 5;
const SAMPLES_PER_MINUTE = 1;
const REAL_SAMPLE_MS = 15_000;
const MINUTE_MS = 60_000;
/** Nothing was told for so long: the capture process hangs. */
const SILENT_MS = 120_000;
const DELIVERY_TIMEOUT_MS = 120_000;
const MOST_MIB = 350;
const MOST_MIB_PER_HOUR = 1;
const TICK_SECONDS = 1 / 15;
/** The preset is light, so that hours take minutes; sizes and rates are those of the figure to reach. */
const VIDEO = { ...defaultSettings().video, width: 1280, height: 720, fps: 15, preset: 'ultrafast', crf: 28 } as const;

/** @throws where /proc is missing, or no ffmpeg works */
export async function runHoursBench(options: {
  hours: number;
  minutes: number;
  mediaDirectory: string | null;
}): Promise<HoursBench> {
  const ffmpeg = await findFfmpeg();
  if (ffmpeg.kind === 'missing') throw new Error(ffmpeg.remedy);
  const { hours, minutes, mediaDirectory } = options;
  const startedAt = new Date().toISOString();
  const loadAverage = loadavg()[0]!;
  const directory = await mkdtemp(path.join(tmpdir(), 'recorder-hours-'));
  try {
    const participants = await prepareParticipants({ directory, ffmpegPath: ffmpeg.path, mediaDirectory });
    const rooms = roomsOf(participants, hours * 3600 + 3600);
    const inReality = minutes > 0 ? boxSeries(rooms, minutes) : null;
    const { series, end } = await fastSeries({ directory, rooms, hours, ffmpeg });
    const all = [series, ...(inReality ? [await inReality] : [])];
    return { startedAt, machine: describeMachine(ffmpeg), loadAverage, series: all, end };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Whether memory is small and flat where that can be told, and the file as long as its recording. */
export function isSteady({ series: [fast, ...others], end }: HoursBench): boolean {
  if (!fast) return false;
  const slope = fast.slopes.all;
  const isFlat = slope !== undefined && Math.abs(slope.slope) <= MOST_MIB_PER_HOUR;
  const isSmall = [fast, ...others].every(({ peakMib }) => peakMib <= MOST_MIB);
  const offSeconds = [end.lastPictureEndSeconds, end.soundEndSeconds].map((at) => Math.abs(at - end.timelineSeconds));
  return isFlat && isSmall && offSeconds.every((seconds) => seconds <= TICK_SECONDS);
}

export function hoursText({ series, end, loadAverage }: HoursBench): string {
  const rows = series.flatMap(({ what, minutes, wallMinutes, samples, slopes, peakMib }) => [
    `${what}: ${minutes.toFixed(0)} min recorded in ${wallMinutes.toFixed(1)} min, ${samples.length} samples, at most ${peakMib.toFixed(0)} MiB`,
    ...Object.entries(slopes).map(([name, { slope, slopeError }]) => {
      const mib = samples.flatMap((sample) => sample.mib[name as ProcessName] ?? []);
      const [first = 0, last = 0] = [mib[0], mib.at(-1)];
      return `  ${name.padEnd(8)} ${first.toFixed(1)} → ${last.toFixed(1)} MiB of its own, ${slope.toFixed(2)} ± ${slopeError.toFixed(2)} MiB/h`;
    }),
  ]);
  const { timelineSeconds, lastPictureEndSeconds, soundEndSeconds, pictures, picturesSkipped, bytes } = end;
  return [
    ...rows,
    `recording ends at ${timelineSeconds.toFixed(3)} s, last picture at ${lastPictureEndSeconds.toFixed(3)} s, sound at ${soundEndSeconds.toFixed(3)} s`,
    `${pictures} pictures, ${picturesSkipped} left out, ${(bytes / 1e6).toFixed(0)} MB; load average at the start ${loadAverage.toFixed(1)}`,
  ].join('\n');
}

interface FastTask {
  directory: string;
  rooms: Record<string, unknown>;
  hours: number;
  ffmpeg: FfmpegFound;
}

/** One capture process on clocks that go as fast as its encoder. */
async function fastSeries(task: FastTask): Promise<{ series: MemorySeries; end: EndFacts }> {
  const { directory, rooms, hours, ffmpeg } = task;
  const folder = path.join(directory, 'recording');
  await mkdir(folder);
  const job = jobOf(task, folder, await writeScenario(directory, rooms));
  const began = performance.now();
  const samples: MemorySample[] = [];
  let picturesSkipped = 0;
  let timelineMs = 0;
  const over = Promise.withResolvers<void>();
  let deadline: NodeJS.Timeout | undefined;
  const wait = () => {
    clearTimeout(deadline);
    deadline = setTimeout(() => over.reject(new Error('the capture process tells nothing any more')), SILENT_MS);
  };
  const onMessage = (message: FromCapture) => {
    wait();
    if (message.type === 'ready') capture.send({ type: 'start', job });
    else if (message.type === 'enterFailed') over.reject(new Error(message.message));
    else if (message.type === 'ended') timelineMs = message.timelineMs;
    else if (message.type === 'stats') {
      picturesSkipped = message.stats.picturesSkipped;
      const minute = message.stats.timelineMs / MINUTE_MS;
      if (minute < (samples.length + 1) / SAMPLES_PER_MINUTE || capture.pid === undefined) return;
      samples.push(sampleOf(minute, null, capture.pid));
      if (samples.length % 10 === 0) console.log(`${minute.toFixed(0)} min in ${wallMinutesSince(began).toFixed(1)} …`);
    }
  };
  process.env.NODE_OPTIONS = `--import=${FAST_CLOCK}`;
  const host = createProcessHost({ onStderr: (line) => console.error(line), codeCacheDirectory: null });
  const capture = host.start({ onMessage, onExit: () => over.resolve() });
  delete process.env.NODE_OPTIONS;
  wait();
  try {
    await over.promise;
  } finally {
    clearTimeout(deadline);
    await capture.destroy(1000);
  }
  const [segment, ...more] = (await readdir(folder)).filter((name) => name.startsWith('segment-'));
  if (!segment || more.length > 0) throw new Error(`${more.length + (segment ? 1 : 0)} segments instead of one`);
  const file = path.join(folder, segment);
  const end = { ...(await endsOf(file, ffmpeg)), timelineSeconds: timelineMs / 1000, picturesSkipped };
  const what = `capture and encoder, ${hours} h on fast clocks`;
  return { series: seriesOf(what, samples, WARM_UP_MINUTES, wallMinutesSince(began)), end };
}

function jobOf({ hours, ffmpeg }: FastTask, folder: string, scenarioPath: string): CaptureJob {
  const { audio, limits, dressing } = defaultSettings();
  return {
    recordingId: 'hours',
    room: { sdkAppId: 1_400_000_000, roomId: 1, userId: 'recorder', userSig: 'simulated', scene: 'live' },
    rooms: { kind: 'simulated', scenarioPath, statePath: path.join(folder, 'room.json') },
    media: { video: true, audio: true },
    outputs: { mix: true, singles: false },
    ...{ isReserve: false, layout: 'grid', names: {}, dressing, audio, directory: folder, hardwareFailure: null },
    ffmpeg: { path: ffmpeg.path, hasFpsMode: ffmpeg.hasFpsMode },
    video: VIDEO,
    limits: { ...limits, maxLengthMs: hours * 3_600_000 },
    ...{ nextSegment: 0, resume: null, slotOwners: [], idleSinceEpochMs: null },
  };
}

/** A whole box in real time, its uploads going on meanwhile. */
async function boxSeries(rooms: Record<string, unknown>, minutes: number): Promise<MemorySeries> {
  const began = performance.now();
  const { width, height, fps, preset, crf } = VIDEO;
  const rig = await startRig({
    name: 'hours',
    rooms: async () => rooms,
    settings: { video: { width, height, fps, preset, crf }, upload: { live: true } },
  });
  try {
    const id = await rig.box.record(sampleRequest({ RoomId: 1, Callback: undefined }));
    await rig.box.waitFor(id, 'recording', ({ durationMs }) => durationMs > 0);
    const samples: MemorySample[] = [];
    const startedMs = performance.now();
    for (let minute = 0; minute < minutes; ) {
      await new Promise((resolve) => setTimeout(resolve, REAL_SAMPLE_MS));
      minute = (performance.now() - startedMs) / MINUTE_MS;
      const capture = childrenOf(rig.box.pid).find(({ argv }) => argv.some((word) => word.includes('capture-main')));
      if (!capture) throw new Error('the capture process is gone');
      samples.push(sampleOf(minute, rig.box.pid, capture.pid));
    }
    await rig.box.post(`/api/recordings/${id}/stop`, {});
    await rig.box.waitForState(id, 'done', DELIVERY_TIMEOUT_MS);
    return seriesOf(
      'whole box in real time, upload.live',
      samples,
      Math.min(REAL_WARM_UP_MINUTES, minutes / 3),
      wallMinutesSince(began),
    );
  } finally {
    await rig.close();
  }
}

function sampleOf(minute: number, mainPid: number | null, capturePid: number): MemorySample {
  const main = mainPid === null ? null : privateBytes(mainPid) / MIB;
  const capture = privateBytes(capturePid) / MIB;
  const encoders = childrenOf(capturePid).filter(({ argv }) => argv.includes('pipe:0'));
  const encoder = encoders.reduce((sum, { pid }) => sum + privateBytes(pid) / MIB, 0);
  const mib = { ...(main === null ? {} : { main }), capture, encoder, all: (main ?? 0) + capture + encoder };
  return { minute, togetherMib: treeUse(mainPid ?? capturePid).bytes / MIB, mib };
}

function seriesOf(what: string, samples: MemorySample[], warmUpMinutes: number, wallMinutes: number): MemorySeries {
  const warm = samples.filter(({ minute }) => minute >= warmUpMinutes);
  const slopes: MemorySeries['slopes'] = {};
  for (const name of ['main', 'capture', 'encoder', 'all'] as const) {
    const points = warm.flatMap(({ minute, mib }) => {
      const y = mib[name];
      return y === undefined ? [] : [{ x: minute / 60, y }];
    });
    if (points.length >= 3) slopes[name] = fitLine(points);
  }
  const peakMib = Math.max(...samples.map(({ togetherMib }) => togetherMib));
  return { what, minutes: samples.at(-1)?.minute ?? 0, wallMinutes, samples, slopes, peakMib };
}

/** Ends of both tracks by their own time stamps. */
async function endsOf(
  file: string,
  ffmpeg: FfmpegFound,
): Promise<Omit<EndFacts, 'timelineSeconds' | 'picturesSkipped'>> {
  const args = ['-v', 'error', '-nostdin', '-copyts', '-i', file, '-c', 'copy', '-f', 'framecrc', '-'];
  const { stdout } = await run(ffmpeg.path, args, { maxBuffer: 1024 ** 3 });
  const bases = [0, 1].map((track) => {
    const [, numerator = Number.NaN, denominator = Number.NaN] =
      new RegExp(`^#tb ${track}: (\\d+)/(\\d+)`, 'm').exec(stdout)?.map(Number) ?? [];
    return numerator / denominator;
  });
  const ends = [0, 0];
  let pictures = 0;
  for (const line of stdout.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [track = 0, , pts = Number.NaN, duration = Number.NaN] = line.split(',').map(Number);
    if (track === 0) pictures += 1;
    ends[track] = Math.max(ends[track]!, (pts + duration) * bases[track]!);
  }
  const { stdout: kinds } = await run(ffprobePath, [
    ...['-v', 'error', '-show_entries', 'stream=codec_type', '-of', 'csv=p=0', file],
  ]);
  if (kinds.trim().split('\n').join() !== 'video,audio') throw new Error(`the file's tracks are ${kinds}`);
  return {
    lastPictureEndSeconds: ends[0]!,
    soundEndSeconds: ends[1]!,
    pictures,
    bytes: (await stat(file)).size,
  };
}

function wallMinutesSince(began: number): number {
  return (performance.now() - began) / MINUTE_MS;
}
