import { type Mode, mediaOf } from '../../shared/recording.ts';
import type { VideoSettings } from '../capture/messages.ts';
import { SLOT_CAPACITY } from '../capture/mix/slots.ts';
import type { Speed } from './speed.ts';

/** What a recording takes, or all of them. */
export interface Load {
  /** CPU seconds in a second, which is processor cores. */
  cores: number;
  memoryBytes: number;
}

/** What a recording's cost depends on. */
export interface Work {
  mode: Mode;
  alsoSingle: boolean;
}

/** What a machine gives to recordings. */
export interface Machine {
  cores: number;
  memoryBytes: number;
}

/** The kinds of recordings that are told of: a mix with pictures and sound, one file per user, and mixed sound alone. */
export const KINDS = {
  mixed: { mode: '12', alsoSingle: false },
  singles: { mode: '02', alsoSingle: false },
  sound: { mode: '10', alsoSingle: false },
} as const satisfies Record<string, Work>;
export type Kind = keyof typeof KINDS;
export type PerKind = Record<Kind, number>;

/** This much stays free: for delivering, for the system, and for rooms that are livelier than the measured one. */
export const RESERVE = 0.2;
/** No request says how many will come. The most that are recorded have to fit. */
const EXPECTED_USERS = SLOT_CAPACITY;
/** What the files of single users are expected to show; their real size is known only when they are there. */
const SINGLE_SIZE = { width: 640, height: 360 };
/** The SDK and the process around the measured work, in cores. */
const BASE_CORES = 0.015;
/** An encoder of its own, whatever it encodes. */
const ENCODER_CORES = 0.003;

const MIB = 1024 * 1024;
/** A capture process, and an encoder without what waits for it. */
const PROCESS_BYTES = 130 * MIB;
const ENCODER_BYTES = 20 * MIB;
/** Pictures in the encoder and before it, for each pixel of a picture. */
const BYTES_PER_PIXEL = 80;

/** What a recording takes by the settings of now, when as many are in the room as are recorded. */
export function costOf(work: Work, video: Pick<VideoSettings, 'width' | 'height' | 'fps'>, speed: Speed): Load {
  const media = mediaOf(work.mode);
  const isMixed = work.mode.startsWith('1');
  const sizes = [
    ...(isMixed ? [video] : []),
    ...(!isMixed || work.alsoSingle ? Array.from({ length: EXPECTED_USERS }, () => singleSize(video)) : []),
  ];
  const load = { cores: BASE_CORES, memoryBytes: PROCESS_BYTES };
  for (const { width, height } of sizes) {
    const pixels = media.video ? width * height : 0;
    load.cores += ENCODER_CORES + ((pixels * video.fps) / 1e6) * (speed.drawPerMegapixel + speed.encodePerMegapixel);
    if (media.audio) load.cores += speed.soundEncodePerSecond;
    load.memoryBytes += ENCODER_BYTES + pixels * BYTES_PER_PIXEL;
  }
  // Each voice is taken in once for the mix and once for its own file.
  const mixes = (isMixed ? 1 : 0) + (!isMixed || work.alsoSingle ? 1 : 0);
  if (media.audio) load.cores += mixes * speed.soundMixPerSecond;
  return load;
}

function singleSize(video: Pick<VideoSettings, 'width' | 'height'>): { width: number; height: number } {
  const isSmaller = video.width * video.height < SINGLE_SIZE.width * SINGLE_SIZE.height;
  return isSmaller ? video : SINGLE_SIZE;
}

export function sumOf(loads: readonly Load[]): Load {
  const sum = { cores: 0, memoryBytes: 0 };
  for (const load of loads) {
    sum.cores += load.cores;
    sum.memoryBytes += load.memoryBytes;
  }
  return sum;
}

/** What recordings may take of a machine. */
export function limitOf(machine: Machine): Load {
  return { cores: machine.cores * (1 - RESERVE), memoryBytes: machine.memoryBytes * (1 - RESERVE) };
}

/** Sums of fractions are never exact. */
const ROUNDING = 1e-9;

/** Whether one more fits. The first always does: a box that would never record is of no use to anybody, and what it cannot keep up with it relieves. */
export function fits(cost: Load, running: readonly Load[], limit: Load): boolean {
  if (running.length === 0) return true;
  return roomFor(cost, sumOf(running), limit) >= 1;
}

/** How many more of a kind fit beside a load. */
export function roomFor(cost: Load, load: Load, limit: Load): number {
  const byCores = (limit.cores - load.cores) / cost.cores;
  const byMemory = (limit.memoryBytes - load.memoryBytes) / cost.memoryBytes;
  return Math.max(0, Math.floor(Math.min(byCores, byMemory) + ROUNDING));
}
