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

/** A black clip that turns white for one picture while a short 1 kHz beep starts at the same instant, once a second. */
export async function makeFlashBeepClip(ffmpegPath: string, directory: string, seconds: number): Promise<string> {
  const file = path.join(directory, 'flash-beep.mp4');
  await run(ffmpegPath, [
    ...['-v', 'error', '-nostdin', '-y'],
    ...[
      '-f',
      'lavfi',
      '-i',
      "color=c=black:s=320x180:r=30,geq=lum='if(lt(mod(T\\,1)\\,0.1)\\,235\\,16)':cb=128:cr=128",
    ],
    ...['-f', 'lavfi', '-i', "aevalsrc='0.5*sin(2*PI*1000*t)*lt(mod(t\\,1)\\,0.1)':s=48000"],
    ...['-t', `${seconds}`, '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '10'],
    ...['-c:a', 'pcm_s16le', '-f', 'matroska', file],
  ]);
  return file;
}
