import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { tracksOfMode } from '../../main/capture/encode/ffmpeg-args.ts';
import { MatroskaWriter } from '../../main/capture/encode/matroska.ts';
import type { VideoSettings } from '../../main/capture/messages.ts';
import { AudioMixer, BLOCK_SAMPLES } from '../../main/capture/mix/audio-mixer.ts';
import { CANVAS_COLOUR } from '../../main/capture/mix/colour.ts';
import { Compositor } from '../../main/capture/mix/compositor.ts';
import { loadKernel, loadSoundKernel } from '../../main/capture/mix/kernel/load.ts';
import { gridLayout } from '../../main/capture/mix/layout.ts';
import { AUDIO_BLOCK_MS, audioTimestampNs, videoTimestampNs } from '../../main/capture/mix/timeline.ts';

/** What the benchmark records: participants as raw frames and PCM, so that nobody is charged for decoding. */

const run = promisify(execFile);
export const PARTICIPANTS = 6;
export const FRAME = { width: 640, height: 360, fps: 15 };
const FRAME_BYTES = (FRAME.width * FRAME.height * 3) / 2;
/** A loop of raw frames is at most this long; six of them are 310 MB. */
const LOOP_SECONDS = 10;
const SAMPLE_RATE = 48_000;

/** Moving pictures that are neither flat nor noise, one per participant. */
const DRAWN = [
  'testsrc2=s=640x360:r=15',
  'mandelbrot=s=640x360:r=15:end_scale=0.01',
  'testsrc=s=640x360:r=15',
  'life=s=160x90:r=15:mold=10:ratio=0.1:seed=7:death_color=0x6b2d1f:life_color=0xe8c39e,scale=640:360:flags=bicubic,boxblur=2',
  'mandelbrot=s=640x360:r=15:start_x=-0.5:start_y=0.6:start_scale=1:end_scale=0.2',
  'testsrc2=s=640x360:r=15,hue=h=120,rotate=t/4',
] as const;

export interface Participant {
  userId: string;
  /** Headerless I420 in the size and rate of `FRAME`. */
  video: string;
  /** 48 kHz mono WAV. */
  sound: string;
}

/** Draws the participants, or takes them from the clips of a directory (`video` and `speech` below it, or clips in it). */
export async function prepareParticipants(options: {
  directory: string;
  ffmpegPath: string;
  mediaDirectory: string | null;
}): Promise<Participant[]> {
  const { directory, ffmpegPath, mediaDirectory } = options;
  const clips = mediaDirectory ? pick(mediaDirectory, 'video', /\.(mp4|mkv|mov|webm|264|avi)$/i) : null;
  const voices = mediaDirectory ? pick(mediaDirectory, 'speech', /\.(flac|wav|mp3|m4a|ogg)$/i) : null;
  const { width, height, fps } = FRAME;
  const participants: Participant[] = [];
  for (let index = 0; index < PARTICIPANTS; index += 1) {
    const video = path.join(directory, `participant-${index}.yuv`);
    const sound = path.join(directory, `participant-${index}.wav`);
    const clip = clips?.[index];
    const picture = clip ? ['-i', clip] : ['-f', 'lavfi', '-i', DRAWN[index]!];
    const fill = `fps=${fps},scale=${width}:${height}:force_original_aspect_ratio=increase:flags=bicubic,crop=${width}:${height}`;
    await run(ffmpegPath, [
      ...['-v', 'error', '-nostdin', '-y', ...picture, '-an', '-t', `${LOOP_SECONDS}`],
      ...['-vf', fill, '-pix_fmt', 'yuv420p', '-f', 'rawvideo', video],
    ]);
    const voice = voices?.[index];
    const tone = `sine=f=${180 + 60 * index}:r=${SAMPLE_RATE},tremolo=f=${2 + index / 3}:d=0.9`;
    const input = voice ? ['-i', voice] : ['-f', 'lavfi', '-i', tone];
    await run(ffmpegPath, [
      ...['-v', 'error', '-nostdin', '-y', ...input, '-vn', '-t', `${LOOP_SECONDS}`],
      ...['-ac', '1', '-ar', `${SAMPLE_RATE}`, '-c:a', 'pcm_s16le', sound],
    ]);
    participants.push({ userId: `user_${index}`, video, sound });
  }
  return participants;
}

/** As many files as there are participants, spread over the whole list; null when there are none. */
function pick(directory: string, below: string, pattern: RegExp): string[] | null {
  const folder = [path.join(directory, below), directory].find((candidate) => existsSync(candidate));
  if (!folder) throw new Error(`${directory} does not exist`);
  const names = readdirSync(folder)
    .filter((name) => pattern.test(name))
    .sort();
  if (names.length === 0) return null;
  return Array.from({ length: PARTICIPANTS }, (_, index) => {
    const at = Math.floor((index * Math.max(names.length, PARTICIPANTS)) / PARTICIPANTS) % names.length;
    return path.resolve(folder, names[at]!);
  });
}

/**
 * Writes what the box's own mixing core makes of the participants as the stream that its encoder reads: the same pictures and the
 * same sound that the box encodes, without the box.
 */
export async function composeStream(options: {
  participants: readonly Participant[];
  video: VideoSettings;
  seconds: number;
  file: string;
}): Promise<void> {
  const { participants, video, seconds, file } = options;
  const compositor = new Compositor(await loadKernel(), video);
  const rects = gridLayout(participants.length, video.width, video.height);
  compositor.setCells(participants.map(({ userId }, index) => ({ key: userId, rect: rects[index]! })));
  const mixer = new AudioMixer(await loadSoundKernel());
  mixer.setActive(participants.map(({ userId }) => userId));
  const loops = await Promise.all(
    participants.map(async ({ userId, video: pictures, sound }) => {
      const wav = await readFile(sound);
      const pcm = wav.subarray(wav.indexOf('data', 12, 'latin1') + 8);
      const samples = new Int16Array(pcm.buffer.slice(pcm.byteOffset, pcm.byteOffset + (pcm.length & ~1)));
      return { userId, pictures: await readFile(pictures), samples };
    }),
  );
  const writer = new MatroskaWriter(tracksOfMode({ mode: '12', video, matrix: CANVAS_COLOUR.matrix }));
  const output = await open(file, 'w');
  try {
    await output.write(writer.header());
    let block = 0;
    for (let tick = 0; tick < seconds * video.fps; tick += 1) {
      for (const { userId, pictures } of loops) {
        const count = Math.floor(pictures.length / FRAME_BYTES);
        const index = Math.floor((tick * FRAME.fps) / video.fps) % count;
        const data = pictures.subarray(index * FRAME_BYTES, (index + 1) * FRAME_BYTES);
        compositor.drawFrame(userId, { data, width: FRAME.width, height: FRAME.height, rotation: 0 });
      }
      const { canvas } = compositor;
      await output.write(writer.blockHeader('video', videoTimestampNs(tick, video.fps), canvas.length));
      await output.write(canvas);
      for (; block * AUDIO_BLOCK_MS < ((tick + 1) * 1000) / video.fps; block += 1) {
        for (const { userId, samples } of loops) {
          mixer.push(
            userId,
            { data: blockOf(samples, block), sampleRate: SAMPLE_RATE, channels: 1 },
            block * AUDIO_BLOCK_MS,
          );
        }
        const pcm = mixer.mix(block);
        const bytes = Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
        await output.write(writer.blockHeader('audio', audioTimestampNs(block), bytes.length));
        await output.write(bytes);
      }
    }
  } finally {
    await output.close();
  }
}

/** 20 ms of an endless loop. */
function blockOf(samples: Int16Array, block: number): Int16Array {
  return Int16Array.from({ length: BLOCK_SAMPLES }, (_, at) => samples[(block * BLOCK_SAMPLES + at) % samples.length]!);
}
