/**
 * What other ways of making the same file cost, measured beside the box: an ffmpeg filter graph, a GStreamer pipeline, and a browser whose
 * screen is grabbed. All get the six participants, the same encoder settings and the pace of real time. A peer that is not installed is
 * left out, and the report says so.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, rm } from 'node:fs/promises';
import { loadavg } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gridLayout } from '../../main/capture/mix/layout.ts';
import { serveClips } from './clip-server.ts';
import { cpuTime, treeUse } from './cpu.ts';
import { FRAME, type Participant } from './material.ts';
import { type FileFacts, fileFacts } from './rounds.ts';

const run = promisify(execFile);
const SAMPLE_MS = 1000;
const BROWSER_READY_MS = 20_000;
const STOP_GRACE_MS = 5000;

export type PeerKind = 'graph' | 'gstreamer' | 'browser';

export interface PeerRound {
  kind: PeerKind;
  loadAverage: number;
  cpuSeconds: number;
  /** Largest proportional share of memory of all its processes together, in bytes, looked at every second. */
  peakBytes: number;
  file: FileFacts;
}

type Spent = Pick<PeerRound, 'cpuSeconds' | 'peakBytes'>;

export interface PeerOptions {
  participants: readonly Participant[];
  seconds: number;
  directory: string;
  ffmpegPath: string;
  /** The box's encoder arguments with the plain preset. */
  presetArgs: readonly string[];
  canvas: { width: number; height: number; fps: number };
}

/** Program, and what to install for it. */
const NEEDS: Readonly<Record<PeerKind, readonly string[]>> = {
  graph: [],
  gstreamer: ['gst-launch-1.0'],
  browser: ['Xvfb', 'chromium'],
};

/** The peers that can run here, and for the others what is missing. */
export async function peersHere(): Promise<{ present: PeerKind[]; missing: { kind: PeerKind; programs: string[] }[] }> {
  const present: PeerKind[] = [];
  const missing: { kind: PeerKind; programs: string[] }[] = [];
  for (const kind of ['graph', 'gstreamer', 'browser'] as const) {
    const absent = [];
    for (const program of NEEDS[kind]) if (!(await isInstalled(program))) absent.push(program);
    if (absent.length === 0) present.push(kind);
    else missing.push({ kind, programs: absent });
  }
  return { present, missing };
}

async function isInstalled(program: string): Promise<boolean> {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const isThere = await access(path.join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return true;
  }
  return false;
}

/** One round of one peer. */
export async function peerRound(kind: PeerKind, options: PeerOptions): Promise<PeerRound> {
  const loadAverage = loadavg()[0]!;
  const output = path.join(options.directory, `${kind}.mp4`);
  await rm(output, { force: true });
  const use = await ROUNDS[kind](options, output);
  return { kind, loadAverage, ...use, file: await fileFacts(output) };
}

const ROUNDS: Readonly<Record<PeerKind, (options: PeerOptions, output: string) => Promise<Spent>>> = {
  graph: (options, output) => measured(spawn(options.ffmpegPath, graphArgs(options, output), { stdio: 'ignore' })),
  gstreamer: (options, output) =>
    measured(spawn('gst-launch-1.0', gstreamerArgs(options, output), { stdio: 'ignore' })),
  browser: browserRound,
};

/** From `-c:v` on, without what only makes sense in a pipe. */
function encoderPart(args: readonly string[]): { video: string[]; audio: string[] } {
  const audioFrom = args.indexOf('-c:a');
  const mapAudio = args.lastIndexOf('-map', audioFrom);
  return { video: args.slice(args.indexOf('-c:v'), mapAudio), audio: args.slice(audioFrom, args.indexOf('-movflags')) };
}

function graphArgs({ participants, seconds, presetArgs, canvas }: PeerOptions, output: string): string[] {
  const rects = gridLayout(participants.length, canvas.width, canvas.height);
  const size = `${FRAME.width}x${FRAME.height}`;
  const pictures = participants.flatMap(({ video }) => [
    ...[
      '-re',
      '-stream_loop',
      '-1',
      '-f',
      'rawvideo',
      '-pix_fmt',
      'yuv420p',
      '-s',
      size,
      '-r',
      `${FRAME.fps}`,
      '-i',
      video,
    ],
  ]);
  const sounds = participants.flatMap(({ sound }) => ['-re', '-stream_loop', '-1', '-i', sound]);
  const cells = rects.map(({ width, height }, at) => {
    const scale = `scale=${width}:${height}:force_original_aspect_ratio=decrease`;
    return `[${at}:v]${scale},pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2[c${at}]`;
  });
  const grid = rects.map((_, at) => `[c${at}]`).join('');
  const layout = rects.map(({ x, y }) => `${x}_${y}`).join('|');
  const voices = participants.map((_, at) => `[${participants.length + at}:a]`).join('');
  const graph = [
    ...cells,
    `${grid}xstack=inputs=${rects.length}:layout=${layout}[v]`,
    `${voices}amix=inputs=${participants.length}[a]`,
  ].join(';');
  const { video, audio } = encoderPart(presetArgs);
  return [
    ...['-v', 'error', '-nostdin', '-y', ...pictures, ...sounds, '-filter_complex', graph, '-t', `${seconds}`],
    ...['-map', '[v]', ...video, '-map', '[a]', ...audio, output],
  ];
}

function gstreamerArgs({ participants, seconds, canvas }: PeerOptions, output: string): string[] {
  const rects = gridLayout(participants.length, canvas.width, canvas.height);
  const pads = rects.flatMap(({ x, y, width, height }, at) => [
    ...[`sink_${at}::xpos=${x}`, `sink_${at}::ypos=${y}`, `sink_${at}::width=${width}`, `sink_${at}::height=${height}`],
    `sink_${at}::sizing-policy=keep-aspect-ratio`,
  ]);
  const caps = `video/x-raw,format=I420,width=${canvas.width},height=${canvas.height},framerate=${canvas.fps}/1`;
  const parse = ['rawvideoparse', 'format=i420', `width=${FRAME.width}`, `height=${FRAME.height}`];
  const branch = (target: string, ...elements: string[][]) => [
    ...elements.flatMap((element, at) => (at === 0 ? element : ['!', ...element])),
    ...['!', 'queue', '!', target],
  ];
  return [
    ...['-e', 'compositor', 'name=c', 'background=black', ...pads, '!', caps, '!', 'identity', 'sync=true', '!'],
    ...['x264enc', 'pass=qual', 'quantizer=23', 'speed-preset=veryfast', 'threads=1', 'key-int-max=30'],
    ...['option-string=vbv-maxrate=2500:vbv-bufsize=5000:bframes=3', '!', 'queue', '!', 'mp4mux', 'name=m', '!'],
    ...[
      'filesink',
      `location=${output}`,
      'audiomixer',
      'name=a',
      '!',
      'audioconvert',
      '!',
      'identity',
      'sync=true',
      '!',
    ],
    ...['avenc_aac', 'bitrate=96000', '!', 'queue', '!', 'm.'],
    ...participants.flatMap(({ video }, at) => {
      const source = ['filesrc', `location=${long(video, seconds)}`, 'blocksize=345600'];
      return branch(`c.sink_${at}`, source, [...parse, `framerate=${FRAME.fps}/1`]);
    }),
    ...participants.flatMap(({ sound }) => {
      const source = ['filesrc', `location=${long(sound, seconds)}`];
      return branch('a.', source, ['wavparse'], ['audioconvert']);
    }),
  ];
}

/** Name of the copy of a loop that is as long as the recording, for a peer that cannot read a file over and over. */
function long(file: string, seconds: number): string {
  return file.replace(/(\.\w+)$/, `-${seconds}s$1`);
}

/** Makes those copies. */
export async function lengthen({ participants, seconds, ffmpegPath }: PeerOptions): Promise<void> {
  const size = `${FRAME.width}x${FRAME.height}`;
  for (const { video, sound } of participants) {
    const raw = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', size, '-r', `${FRAME.fps}`];
    const loop = ['-v', 'error', '-nostdin', '-y', '-stream_loop', '-1'];
    await run(ffmpegPath, [...loop, ...raw, '-i', video, '-t', `${seconds}`, '-f', 'rawvideo', long(video, seconds)]);
    await run(ffmpegPath, [...loop, '-i', sound, '-t', `${seconds}`, '-c', 'copy', long(sound, seconds)]);
  }
}

/** What a program spends until it ends by itself. @throws when it fails */
async function measured(child: ChildProcess): Promise<Spent> {
  const before = cpuTime('self')!.endedChildrenSeconds;
  let peakBytes = 0;
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, child.pid === undefined ? 0 : treeUse(child.pid).bytes);
  }, SAMPLE_MS);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  clearInterval(timer);
  if (code !== 0) throw new Error(`${path.basename(child.spawnfile)} ended with ${code ?? signal}`);
  return { cpuSeconds: cpuTime('self')!.endedChildrenSeconds - before, peakBytes };
}

/** A browser shows the six clips, ffmpeg grabs the screen; the sound comes mixed, so the browser is charged for pictures alone. */
async function browserRound(options: PeerOptions, output: string): Promise<Spent> {
  const { seconds, directory, ffmpegPath, presetArgs, canvas, participants } = options;
  const clips = await serveClips({ participants, directory, ffmpegPath, canvas });
  const display = await startDisplay(canvas);
  const started: ChildProcess[] = [display.process];
  try {
    const browser = spawn('chromium', browserArgs(clips.url, canvas, path.join(directory, 'profile')), {
      stdio: 'ignore',
      env: { ...process.env, DISPLAY: display.name },
    });
    started.push(browser);
    await clips.playing(BROWSER_READY_MS);
    const pids = started.map(({ pid }) => pid!);
    const before = pids.reduce((sum, pid) => sum + treeUse(pid).cpuSeconds, 0);
    const { video, audio } = encoderPart(presetArgs);
    const grab = spawn(
      ffmpegPath,
      [
        ...['-v', 'error', '-nostdin', '-y', '-f', 'x11grab', '-draw_mouse', '0', '-framerate', `${canvas.fps}`],
        ...['-video_size', `${canvas.width}x${canvas.height}`, '-i', display.name],
        ...['-re', '-stream_loop', '-1', '-i', participants[0]!.sound, '-t', `${seconds}`],
        ...['-map', '0:v', ...video, '-map', '1:a', ...audio, output],
      ],
      { stdio: 'ignore' },
    );
    const own = await measured(grab);
    const shown = pids.map((pid) => treeUse(pid));
    return {
      cpuSeconds: own.cpuSeconds + shown.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) - before,
      peakBytes: own.peakBytes + shown.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  } finally {
    for (const child of started.reverse()) await end(child);
    await clips.close();
  }
}

function browserArgs(url: string, { width, height }: PeerOptions['canvas'], profile: string): string[] {
  return [
    ...['--no-sandbox', '--kiosk', `--window-size=${width},${height}`, '--window-position=0,0', '--no-first-run'],
    ...['--autoplay-policy=no-user-gesture-required', '--disable-background-networking', '--disable-component-update'],
    ...['--disable-sync', '--password-store=basic', `--user-data-dir=${profile}`, url],
  ];
}

/** An X server of its own that nobody sees, on a number it chooses itself. */
async function startDisplay({
  width,
  height,
}: PeerOptions['canvas']): Promise<{ name: string; process: ChildProcess }> {
  const server = spawn('Xvfb', ['-displayfd', '1', '-screen', '0', `${width}x${height}x24`, '-nolisten', 'tcp'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const signal = AbortSignal.timeout(BROWSER_READY_MS);
  const [number] = (await once(server.stdout!, 'data', { signal })) as [Buffer];
  return { name: `:${number.toString().trim()}`, process: server };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_GRACE_MS);
  await closed;
  clearTimeout(timer);
}
