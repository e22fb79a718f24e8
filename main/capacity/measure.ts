import { spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import { ffmpegEnvironment } from '../capture/encode/ffmpeg.ts';
import { liveEncoderArgs, modeOfMedia, tracksOfMode } from '../capture/encode/ffmpeg-args.ts';
import { isHardware } from '../capture/encode/hardware.ts';
import { MatroskaWriter } from '../capture/encode/matroska.ts';
import type { AudioSettings, CaptureJob, VideoSettings } from '../capture/messages.ts';
import { BLOCK_SAMPLES } from '../capture/mix/audio-mixer.ts';
import { CANVAS_COLOUR } from '../capture/mix/colour.ts';
import { loadKernel, loadSoundKernel } from '../capture/mix/kernel/load.ts';
import { SLOT_CAPACITY } from '../capture/mix/slots.ts';
import { AUDIO_BLOCK_MS } from '../capture/mix/timeline.ts';
import { Roster } from '../capture/roster.ts';
import type { Encoder } from '../capture/segment-sequence.ts';
import { createStage, type Stage } from '../capture/stage.ts';
import { person, voice } from './material.ts';
import type { Speed } from './speed.ts';

/** What is measured, and where files may lie meanwhile. */
export interface MeasureTask {
  ffmpeg: CaptureJob['ffmpeg'];
  video: VideoSettings;
  audio: AudioSettings;
  directory: string;
  /** So many encoders run at a time: a machine of which all cores are busy is slower than one at rest. */
  parallel: number;
}

/** Pictures are written into one file: no longer than this, and no more of them than needed. */
const MAX_STREAM_BYTES = 96 * 1024 * 1024;
const STREAM_SECONDS = 3;
const FEWEST_PICTURES = 6;
const MOST_PICTURES = 90;
/** Before it counts: code is compiled while it runs first. */
const WARM_UP_PICTURES = 8;
const WARM_UP_SECONDS = 1;
const SOUND_SECONDS = 20;
/** What is measured as nothing is less than can be measured. */
const LEAST_SECONDS = 0.01;

type Media = CaptureJob['media'];

/** Records a drawn room with the product's own mixer and encoder, as fast as they can, and tells what that took. */
export async function measure(task: MeasureTask): Promise<Speed> {
  const { width, height } = task.video;
  const pictures = pictureCount(task.video);
  const megapixels = (width * height) / 1e6;
  const files = { pictures: path.join(task.directory, 'pictures.mkv'), sound: path.join(task.directory, 'sound.mkv') };
  const drawSeconds = await mixPictures(task, pictures, files.pictures);
  const mixSeconds = await mixSound(task, files.sound);
  const runs = Array.from({ length: task.parallel }, () =>
    encodeSeconds(task, { video: true, audio: false }, files.pictures),
  );
  const encoded = await Promise.all(runs);
  const startSeconds = await hardwareStartSeconds(task, files.pictures);
  const soundSeconds = await encodeSeconds(task, { video: false, audio: true }, files.sound);
  return {
    drawPerMegapixel: drawSeconds / (pictures * megapixels),
    encodePerMegapixel:
      Math.max(LEAST_SECONDS, Math.max(...encoded) - startSeconds) / ((WARM_UP_PICTURES + pictures) * megapixels),
    soundMixPerSecond: mixSeconds / SOUND_SECONDS,
    soundEncodePerSecond: soundSeconds / (SOUND_SECONDS + WARM_UP_SECONDS),
  };
}

/**
 * Drivers of graphics hardware take as long to start as for seconds of pictures, once for a recording of hours. x264 starts in no time.
 */
async function hardwareStartSeconds(task: MeasureTask, file: string): Promise<number> {
  if (!isHardware(task.video.coder)) return 0;
  return await encodeSeconds(task, { video: true, audio: false }, file, ['-frames:v', '1']);
}

function pictureCount({ width, height, fps }: VideoSettings): number {
  const most = Math.min(MOST_PICTURES, STREAM_SECONDS * fps, MAX_STREAM_BYTES / (width * height * 1.5));
  return Math.max(FEWEST_PICTURES, Math.floor(most));
}

/** CPU seconds for so many mixed pictures, which are in the file afterwards. */
async function mixPictures(task: MeasureTask, pictures: number, file: string): Promise<number> {
  const { fps } = task.video;
  const people = Array.from({ length: SLOT_CAPACITY }, (_, index) => person(index));
  const room = await openRoom(task, { video: true, audio: false }, file);
  const draw = (tick: number): void => {
    for (const [index, frames] of people.entries()) {
      room.stage.picture(`user${index}`, 'main', frames[tick % frames.length]!, (tick * 1000) / fps, tick === 0);
    }
    room.advance(((tick + 1) * 1000) / fps);
  };
  for (let tick = 0; tick < WARM_UP_PICTURES; tick += 1) draw(tick);
  const began = process.cpuUsage();
  for (let tick = WARM_UP_PICTURES; tick < WARM_UP_PICTURES + pictures; tick += 1) draw(tick);
  const seconds = cpuSince(began);
  await room.close();
  return seconds;
}

/** CPU seconds for `SOUND_SECONDS` of mixed sound, which is in the file afterwards. */
async function mixSound(task: MeasureTask, file: string): Promise<number> {
  const room = await openRoom(task, { video: false, audio: true }, file);
  const [warmUp, blocks] = [WARM_UP_SECONDS, SOUND_SECONDS].map((seconds) => (seconds * 1000) / AUDIO_BLOCK_MS) as [
    number,
    number,
  ];
  const voices = Array.from({ length: SLOT_CAPACITY }, (_, index) =>
    Array.from({ length: 50 }, (__, block) => voice(index, block)),
  );
  const mix = (block: number): void => {
    for (const [index, spoken] of voices.entries()) room.stage.sound(`user${index}`, spoken[block % spoken.length]!);
    room.advance((block + 1) * AUDIO_BLOCK_MS);
  };
  for (let block = 0; block < warmUp; block += 1) mix(block);
  const began = process.cpuUsage();
  for (let block = warmUp; block < warmUp + blocks; block += 1) mix(block);
  const seconds = cpuSince(began);
  await room.close();
  return seconds;
}

function cpuSince(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1e6;
}

/** The product's own stage with everybody in the room, whose clock is turned by hand and whose encoder is a file. */
async function openRoom(task: MeasureTask, media: Media, file: string) {
  const roster = new Roster(false);
  for (let index = 0; index < SLOT_CAPACITY; index += 1) {
    const userId = `user${index}`;
    roster.enter(userId);
    roster.setSending(userId, 'main', media.video);
    if (media.video) roster.noteFrame(userId, 'main');
  }
  let nowMs = 0;
  const stream = openStream(task, media, file);
  const stage: Stage = await createStage(
    {
      job: jobOf(task, media),
      loadKernel,
      loadSoundKernel,
      loadTextRenderer: () => Promise.reject(new Error('nothing is to be written')),
      openEncoder: () => stream.encoder,
      nextSegment: () => 0,
      timelineMs: () => nowMs,
      epochMs: () => nowMs,
      send: () => {},
      onHopeless: fail,
      onStorageError: fail,
      onBadPicture: () => fail('a picture could not be drawn'),
    },
    roster,
  );
  stage.rosterChanged();
  stage.begin(0, 0);
  return {
    stage,
    advance(toMs: number) {
      nowMs = toMs;
      stage.advance(nowMs);
    },
    async close() {
      await stage.finish(nowMs, 0);
      stream.close();
    },
  };
}

function fail(why: string): never {
  throw new Error(why);
}

/** A file instead of an encoder: writing it is as much work as writing into a pipe. */
function openStream(task: MeasureTask, media: Media, file: string): { encoder: Encoder; close(): void } {
  const writer = new MatroskaWriter(tracksOf(task, media));
  const handle = openSync(file, 'w', 0o600);
  writeSync(handle, writer.header());
  const copy = Buffer.alloc((task.video.width * task.video.height * 3) / 2);
  const encoder: Encoder = {
    file,
    backlogBytes: 0,
    bytesWritten: 0,
    writePicture(canvas, timestampNs) {
      copy.set(canvas);
      writeSync(handle, writer.blockHeader('video', timestampNs, copy.length));
      writeSync(handle, copy);
      return 'written';
    },
    writeAudio(pcm, timestampNs) {
      writeSync(handle, writer.blockHeader('audio', timestampNs, BLOCK_SAMPLES * 2));
      writeSync(handle, new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength));
    },
    finish: async () => ({ bytes: 0, clean: true }),
    readableMs: async () => 0,
  };
  return { encoder, close: () => closeSync(handle) };
}

function tracksOf({ video }: MeasureTask, media: Media) {
  return tracksOfMode({ mode: modeOfMedia(media), video, matrix: CANVAS_COLOUR.matrix });
}

/** CPU seconds that ffmpeg takes for a file, by its own account, with the arguments of a recording. */
function encodeSeconds(task: MeasureTask, media: Media, file: string, more: string[] = []): Promise<number> {
  const { ffmpeg, video, audio } = task;
  const mode = modeOfMedia(media);
  const args = liveEncoderArgs({ mode, video, audio, matrix: CANVAS_COLOUR.matrix, threads: 1, ffmpeg });
  const stdin = openSync(file, 'r');
  const said: string[] = [];
  return new Promise<number>((resolve, reject) => {
    // What it measured is told at the level of mere information.
    const words = args.map((word) => (word === 'warning' ? 'info' : word));
    const child = spawn(ffmpeg.path, ['-benchmark', ...words.slice(0, -1), ...more, ...words.slice(-1)], {
      stdio: [stdin, 'ignore', 'pipe'],
      windowsHide: true,
      env: ffmpegEnvironment(process.env),
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => said.push(text));
    child.on('error', reject);
    child.on('close', (code) => {
      const found = /bench: utime=([\d.]+)s stime=([\d.]+)s/.exec(said.join(''));
      if (code === 0 && found) resolve(Number(found[1]) + Number(found[2]));
      else reject(new Error(`ffmpeg ended with ${code}: ${said.join('').trim().split('\n').at(-1)}`));
    });
  }).finally(() => closeSync(stdin));
}

/** A job as far as a stage looks at it. */
function jobOf({ ffmpeg, video, audio, directory }: MeasureTask, media: Media): CaptureJob {
  return {
    recordingId: 'measurement',
    room: { sdkAppId: 1, roomId: 1, userId: 'recorder', userSig: '', scene: 'live' },
    rooms: { kind: 'trtc' },
    media,
    outputs: { mix: true, singles: false },
    isReserve: false,
    layout: 'grid',
    dressing: { nameStrip: false, stamp: false, stampTimeZone: null, placeholder: false, watermarkPath: null },
    names: {},
    ...{ video, audio, ffmpeg, directory, hardwareFailure: null },
    limits: {
      ...{ enterTimeoutMs: 0, exitTimeoutMs: 0, idleMs: 0, maxLengthMs: 0 },
      ...{ fillGapMs: 0, connectionLostMs: 0, reenterMs: 0 },
    },
    nextSegment: 0,
    resume: null,
    slotOwners: [],
    idleSinceEpochMs: null,
  };
}
