import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Rect } from '../../main/capture/mix/types.ts';
import { toneLevelDb } from './goertzel.ts';

const run = promisify(execFile);
const MAX_OUTPUT_BYTES = 64 * 1024 ** 2;
const SAMPLE_RATE = 48_000;
/** The window is centred on the moment it speaks of, so half of the tone's amplitude is reached exactly when the tone begins. */
const WINDOW_SAMPLES = 480;
const HOP_SAMPLES = 48;
const HALF_AMPLITUDE_DB = 6.02;
/** An onset counts only after this much quiet. */
const QUIET_SECONDS = 0.3;
/** Weaker than this is no tone at all. */
const FLOOR_DB = -40;

/** Seconds at which an area of the picture turns bright, by the presentation times of the pictures. */
export async function flashOnsets(ffmpegPath: string, file: string, area: Rect): Promise<number[]> {
  const { width, height, x, y } = area;
  const filter = `crop=${width}:${height}:${x}:${y},signalstats,metadata=mode=print:key=lavfi.signalstats.YAVG:file=-`;
  const args = ['-v', 'error', '-nostdin', '-copyts', '-i', file, '-map', '0:v', '-vf', filter, '-f', 'null', '-'];
  const { stdout } = await run(ffmpegPath, args, { maxBuffer: MAX_OUTPUT_BYTES });
  const pictures = [...stdout.matchAll(/pts_time:(\S+)\s+\S*YAVG=(\S+)/g)];
  let isBright = true;
  return pictures.flatMap(([, seconds, luma]) => {
    const wasBright = isBright;
    isBright = Number(luma) > 125;
    return isBright && !wasBright ? [Number(seconds)] : [];
  });
}

/** Seconds at which a tone begins in mono sound of 48 kHz, to about a millisecond. Other tones do not matter. */
export function toneOnsets(sound: Float32Array, toneHz: number): number[] {
  const levels: number[] = [];
  for (let from = 0; from + WINDOW_SAMPLES <= sound.length; from += HOP_SAMPLES) {
    levels.push(toneLevelDb(sound.subarray(from, from + WINDOW_SAMPLES), SAMPLE_RATE, toneHz));
  }
  const loudest = levels.toSorted((a, b) => b - a)[Math.floor(levels.length * 0.02)] ?? Number.NEGATIVE_INFINITY;
  if (loudest < FLOOR_DB) return [];
  const threshold = loudest - HALF_AMPLITUDE_DB;
  const onsets: number[] = [];
  let quietHops = 0;
  for (const [hop, level] of levels.entries()) {
    if (level < threshold) {
      quietHops += 1;
      continue;
    }
    const seconds = (hop * HOP_SAMPLES + WINDOW_SAMPLES / 2) / SAMPLE_RATE;
    if ((quietHops * HOP_SAMPLES) / SAMPLE_RATE >= QUIET_SECONDS) onsets.push(seconds);
    quietHops = 0;
  }
  return onsets;
}

/** Pairs each value with the nearest of the others, if one is within `reach`; returns value minus partner. */
export function offsetsBetween(values: readonly number[], others: readonly number[], reach: number): number[] {
  return values.flatMap((value) => {
    const [nearest] = others.map((other) => value - other).sort((a, b) => Math.abs(a) - Math.abs(b));
    return nearest !== undefined && Math.abs(nearest) <= reach ? [nearest] : [];
  });
}

/** The value below which a share of the values lies; 0.5 is the median. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
