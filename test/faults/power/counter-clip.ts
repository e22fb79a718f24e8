import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { toneLevelDb } from '../../support/goertzel.ts';
import { decodeMedia, decodeSound, meanColour } from '../../support/media.ts';

const run = promisify(execFile);

/**
 * A clip that counts its seconds, to the eye (four columns, black or white, lowest bit first) and to the ear (a tone per second). Noise on
 * the columns makes recordings so large that they go to COS in several parts.
 */
export const COUNTER_SIZE = { width: 320, height: 180 };
const FPS = 15;
const COLUMNS = 4;
const STEP_SECONDS = 0.2;
const SAMPLE_RATE = 48_000;
/** Around a change of second picture and sound may show either. */
const EDGE_SECONDS = 0.15;
const PRESENT_DB = -35;

export const COUNTER_SECONDS = 2 ** COLUMNS;

const toneOf = (second: number): number => 500 + 170 * second;

export async function makeCounterClip(ffmpegPath: string, directory: string): Promise<string> {
  const file = path.join(directory, 'counter.mkv');
  const { width, height } = COUNTER_SIZE;
  const bit = `mod(floor(floor(T)/pow(2\\,floor(X*${COLUMNS}/W)))\\,2)`;
  await run(ffmpegPath, [
    ...['-v', 'error', '-nostdin', '-y'],
    ...[
      '-f',
      'lavfi',
      '-i',
      `color=c=black:s=${width}x${height}:r=${FPS},geq=lum='16+219*${bit}':cb=128:cr=128,noise=alls=80:allf=t+u`,
    ],
    ...['-f', 'lavfi', '-i', `aevalsrc='0.4*sin(2*PI*(${toneOf(0)}+170*floor(t))*t)':s=${SAMPLE_RATE}`],
    ...['-t', `${COUNTER_SECONDS}`, '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '10'],
    ...['-c:a', 'pcm_s16le', file],
  ]);
  return file;
}

/** How far a recording of the clip, begun with it, is as it should be: seconds from its beginning without a wrong or missing one. */
export async function rightSeconds(ffmpegPath: string, file: string): Promise<number> {
  const isSound = file.endsWith('.mp3');
  const media = isSound ? null : await decodeMedia(ffmpegPath, file, { ...COUNTER_SIZE, fps: FPS });
  const sound = media?.sound ?? (await decodeSound(ffmpegPath, file));
  const seconds = Math.min(sound.length / SAMPLE_RATE, media ? media.pictures.length / FPS : Infinity);
  // The room warms up: its first picture and sound come a moment after the beginning.
  for (let at = 2 * STEP_SECONDS; at < seconds - STEP_SECONDS; at += STEP_SECONDS) {
    const second = Math.floor(at) % COUNTER_SECONDS;
    if (at % 1 < EDGE_SECONDS || at % 1 > 1 - EDGE_SECONDS - STEP_SECONDS) continue;
    const picture = media?.pictures[Math.floor(at * FPS)];
    if (media && (!picture || counterOf(media, picture) !== second)) return at;
    const heard = sound.subarray(Math.round(at * SAMPLE_RATE), Math.round((at + STEP_SECONDS) * SAMPLE_RATE));
    if (toneLevelDb(heard, SAMPLE_RATE, toneOf(second)) < PRESENT_DB) return at;
  }
  return seconds;
}

function counterOf(media: { width: number }, picture: Buffer): number {
  const columnWidth = COUNTER_SIZE.width / COLUMNS;
  let value = 0;
  for (let column = 0; column < COLUMNS; column += 1) {
    const area = { x: column * columnWidth + 20, y: 40, width: 40, height: 100 };
    const { g } = meanColour(media, picture, area);
    if (g > 128) value += 2 ** column;
  }
  return value;
}
