import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a test participant looks and sounds like. */
export interface ClipPlan {
  /** `rrggbb` of the plain background. */
  colour: string;
  /** Tone in Hz, or null for a silent clip. */
  toneHz: number | null;
  seconds: number;
  size?: string;
  fps?: number;
}

/** Six colours far apart from one another and from black. */
export const COLOURS = ['c03030', '30a030', '3050c0', 'c0a020', '20a0a0', 'a040b0', '808080', 'd07020'] as const;
/** Tones without common multiples below 4 kHz, so that one never hides in another's overtones. */
export const TONES_HZ = [440, 610, 830, 1130, 1510, 1970, 2390, 2830] as const;

/** Draws a plain colour with a white marker that moves along the bottom, and voices it with one steady tone. */
export async function makeClip(ffmpegPath: string, directory: string, name: string, plan: ClipPlan): Promise<string> {
  const { colour, toneHz, seconds, size = '640x360', fps = 15 } = plan;
  const file = path.join(directory, `${name}.mp4`);
  const sound = toneHz === null ? [] : ['-f', 'lavfi', '-i', `sine=f=${toneHz}:r=48000:b=0`];
  await run(ffmpegPath, [
    ...['-v', 'error', '-nostdin', '-y'],
    ...['-f', 'lavfi', '-i', `color=c=0x${colour}:s=${size}:r=${fps}`],
    ...['-f', 'lavfi', '-i', `color=c=white:s=32x32:r=${fps}`],
    ...sound,
    ...['-filter_complex', "[0:v][1:v]overlay=x='mod(t*120\\,W-w)':y=H*0.85[v]", '-map', '[v]'],
    ...(toneHz === null ? [] : ['-map', '2:a', '-c:a', 'pcm_s16le']),
    ...['-t', `${seconds}`, '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '10'],
    ...['-f', 'matroska', file],
  ]);
  return file;
}

/** When a flash-and-beep clip flashes and beeps, in seconds of media time. */
export interface FlashBeepPlan {
  toneHz: number;
  /** Flashes and beeps come once in each period, in its middle. */
  periods: number;
}

const FLASH_CLIP_FPS = 25;
const FLASH_PERIOD_FRAMES = 26;
const FLASH_FRAMES = 3;

/**
 * A period of 1.04 s is no multiple of the recorder's tick, so that flashes fall on every part of a tick and not always on the same:
 * otherwise what is measured would be that part.
 */
export const FLASH_PERIOD_SECONDS = FLASH_PERIOD_FRAMES / FLASH_CLIP_FPS;

/** A black clip that turns white for 0.12 s while a tone of the same length starts at the same instant, once in each period. */
export async function makeFlashBeepClip(
  ffmpegPath: string,
  directory: string,
  name: string,
  { toneHz, periods }: FlashBeepPlan,
): Promise<string> {
  const file = path.join(directory, `${name}.mkv`);
  const half = FLASH_PERIOD_FRAMES / 2;
  const seconds = (periods * FLASH_PERIOD_FRAMES) / FLASH_CLIP_FPS;
  const from = half / FLASH_CLIP_FPS;
  const to = (half + FLASH_FRAMES) / FLASH_CLIP_FPS;
  const frame = `mod(N\\,${FLASH_PERIOD_FRAMES})`;
  const time = `mod(t\\,${FLASH_PERIOD_SECONDS})`;
  const isLit = `gte(${frame}\\,${half})*lt(${frame}\\,${half + FLASH_FRAMES})`;
  await run(ffmpegPath, [
    ...['-v', 'error', '-nostdin', '-y'],
    ...['-f', 'lavfi', '-i', `color=c=black:s=160x90:r=${FLASH_CLIP_FPS},geq=lum='16+219*${isLit}':cb=128:cr=128`],
    ...['-f', 'lavfi', '-i', `aevalsrc='0.4*sin(2*PI*${toneHz}*t)*gte(${time}\\,${from})*lt(${time}\\,${to})':s=48000`],
    ...['-t', `${seconds}`, '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '10'],
    ...['-c:a', 'pcm_s16le', file],
  ]);
  return file;
}
