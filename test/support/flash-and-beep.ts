import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';

/**
 * A recording whose content says when it was made: at every whole second the picture flashes white for one tick and a tone of 1 kHz
 * sounds for as long. The grey of the pictures in between counts ticks.
 */

const load = createRequire(import.meta.url);
const run = promisify(execFile);

export const ffmpegPath: string = load('@ffmpeg-installer/ffmpeg').path;
export const ffprobePath: string = load('@ffprobe-installer/ffprobe').path;

export const SAMPLE_RATE = 48_000;
export const BLOCK_SAMPLES = 960;
const BEEP_HZ = 1000;
const BEEP_AMPLITUDE = 16_000;
const FLASH_LUMA = 235;
const DIMMEST_LUMA = 40;
const LUMA_STEP = 8;
const LUMA_STEPS = 16;

export interface TestMix {
  width: number;
  height: number;
  fps: number;
}

/** The canvas of tick `tick` of the timeline; the buffer is reused by the next call with the same `into`. */
export function picture(mix: TestMix, tick: number, into: Uint8Array): Uint8Array {
  const lumaBytes = mix.width * mix.height;
  into.fill(lumaOfTick(mix, tick), 0, lumaBytes);
  into.fill(128, lumaBytes);
  return into;
}

export function emptyCanvas(mix: TestMix): Uint8Array {
  return new Uint8Array((mix.width * mix.height * 3) / 2);
}

export function lumaOfTick(mix: Pick<TestMix, 'fps'>, tick: number): number {
  return tick % mix.fps === 0 ? FLASH_LUMA : DIMMEST_LUMA + (tick % LUMA_STEPS) * LUMA_STEP;
}

/** Sound block `block` (20 ms) of the timeline. */
export function sound(mix: Pick<TestMix, 'fps'>, block: number): Int16Array {
  const pcm = new Int16Array(BLOCK_SAMPLES);
  for (let index = 0; index < BLOCK_SAMPLES; index += 1) {
    const sample = block * BLOCK_SAMPLES + index;
    const inSecond = sample % SAMPLE_RATE;
    if (inSecond < SAMPLE_RATE / mix.fps) {
      pcm[index] = Math.round(BEEP_AMPLITUDE * Math.sin((2 * Math.PI * BEEP_HZ * inSecond) / SAMPLE_RATE));
    }
  }
  return pcm;
}

export interface MixTarget {
  writePicture?: (canvas: Uint8Array, timestampNs: number) => unknown;
  writeAudio?: (pcm: Int16Array, timestampNs: number) => unknown;
}

/** Hands over the mix between two moments of the timeline (whole ticks and blocks), with timestamps from the first of them on. */
export function* mixBetween(mix: TestMix, fromMs: number, toMs: number, target: MixTarget): Generator<number> {
  const canvas = emptyCanvas(mix);
  const firstTick = Math.round((fromMs * mix.fps) / 1000);
  const firstBlock = Math.round(fromMs / 20);
  let block = firstBlock;
  for (let tick = firstTick; (tick * 1000) / mix.fps < toMs - 1e-6; tick += 1) {
    target.writePicture?.(picture(mix, tick, canvas), Math.round(((tick - firstTick) / mix.fps) * 1e9));
    for (; block * 20 < Math.min(toMs, ((tick + 1) * 1000) / mix.fps) - 1e-6; block += 1) {
      target.writeAudio?.(sound(mix, block), (block - firstBlock) * 20_000_000);
    }
    yield tick;
  }
}

/** Seconds at which the file flashes, by the presentation times of its pictures. */
export async function flashes(file: string, ffmpeg: string = ffmpegPath): Promise<number[]> {
  return (await lumas(file, ffmpeg)).filter(({ luma }) => luma > 200).map(({ seconds }) => seconds);
}

/** Mean luma of every picture with its presentation time. */
export async function lumas(file: string, ffmpeg: string = ffmpegPath): Promise<{ seconds: number; luma: number }[]> {
  const filter = 'signalstats,metadata=mode=print:key=lavfi.signalstats.YAVG:file=-';
  const args = ['-v', 'error', '-copyts', '-i', file, '-map', '0:v', '-vf', filter, '-vsync', 'passthrough'];
  const { stdout } = await run(ffmpeg, [...args, '-f', 'null', '-'], { maxBuffer: 1e8 });
  return [...stdout.matchAll(/pts_time:(\S+)\s+\S*YAVG=(\S+)/g)].map((match) => ({
    seconds: Number(match[1]),
    luma: Number(match[2]),
  }));
}

/** Seconds at which a tone begins after silence, each sample counted by the presentation time of its frame. */
export async function beeps(file: string, ffmpeg: string = ffmpegPath): Promise<number[]> {
  const starts: number[] = [];
  let silentSamples = Number.POSITIVE_INFINITY;
  for (const { seconds, pcm } of await soundFrames(file, ffmpeg)) {
    for (let index = 0; index < pcm.length; index += 1) {
      if (Math.abs(pcm[index] ?? 0) < 3000) {
        silentSamples += 1;
        continue;
      }
      if (silentSamples > SAMPLE_RATE / 5) starts.push(seconds + index / SAMPLE_RATE);
      silentSamples = 0;
    }
  }
  return starts;
}

/** The decoded sound (mono, 48 kHz) frame by frame, with presentation times. */
export async function soundFrames(
  file: string,
  ffmpeg: string = ffmpegPath,
): Promise<{ seconds: number; pcm: Int16Array }[]> {
  const args = ['-hide_banner', '-nostats', '-copyts', '-i', file, '-map', '0:a', '-af', 'ashowinfo'];
  const output = ['-f', 's16le', '-ac', '1', 'pipe:1'];
  const { stdout, stderr } = await run(ffmpeg, [...args, ...output], { maxBuffer: 1e9, encoding: 'buffer' });
  let at = 0;
  return [...stderr.toString().matchAll(/pts_time:\s*(\S+).*?nb_samples:\s*(\d+)/g)].map((match) => {
    const pcm = new Int16Array(Number(match[2]));
    for (let index = 0; index < pcm.length; index += 1) pcm[index] = stdout.readInt16LE((at + index) * 2);
    at += pcm.length;
    return { seconds: Number(match[1]), pcm };
  });
}

/** What a decoder complains about when it decodes everything; an empty text is a sound file. */
export async function decodeErrors(file: string, ffmpeg: string = ffmpegPath): Promise<string> {
  const { stderr } = await run(ffmpeg, ['-v', 'error', '-i', file, '-f', 'null', '-'], { maxBuffer: 1e8 });
  return stderr.trim();
}

export interface ProbedStream {
  codec_type: string;
  codec_name: string;
  start_time: string;
  duration: string;
  nb_frames: string;
  width?: number;
  height?: number;
  pix_fmt?: string;
  color_space?: string;
  color_range?: string;
  avg_frame_rate?: string;
}

export interface Probed {
  streams: ProbedStream[];
  format: { format_name: string; duration: string; start_time: string; tags?: Record<string, string> };
}

export async function probe(file: string): Promise<Probed> {
  const args = ['-v', 'error', '-show_streams', '-show_format', '-of', 'json', file];
  return JSON.parse((await run(ffprobePath, args)).stdout);
}
