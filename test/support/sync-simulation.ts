import { AudioMixer } from '../../main/capture/mix/audio-mixer.ts';
import { AUDIO_BLOCK_MS, pictureMomentMs, Timeline, videoTimestampNs } from '../../main/capture/mix/timeline.ts';
import type { I420Frame } from '../../main/capture/mix/types.ts';
import { PictureLine } from '../../main/capture/picture-line.ts';
import { type SenderPlan, SimulatedSender } from './simulated-senders.ts';
import { soundKernel } from './sound-kernel.ts';

const SAMPLES_PER_MS = 48;
/** A beep has begun when a sample is louder than this, 0.05 ms after its first one. */
const ONSET_LEVEL = 3000;
/** How far from its moment a beep is looked for. */
const BEFORE_MS = 120;
const AFTER_MS = 330;

/** One flash and its beep in the recording. */
export interface FlashAndBeep {
  userId: string;
  /** Moment on the timeline at which both would be on a line without jitter. */
  dueMs: number;
  /** Start of the first picture that shows the flash. */
  flashMs: number;
  /** Moment of the beep's first sample. */
  beepMs: number;
}

export interface SyncRun {
  pairs: FlashAndBeep[];
  ticks: number;
  blocks: number;
  /** True when every tick and every block came once, in order. */
  inOrder: boolean;
  /** Flashes that were due long enough before the end to be in the recording. */
  flashesDue: number;
}

/** What the participants' pictures are drawn on. */
export interface Screen {
  /** The time has come of a picture of participant number `index` that shows flash `flash` (-1 before the first). */
  show(index: number, flash: number): void;
  /** Which flash of participant number `index` can be seen now. */
  shown(index: number): number;
}

/** A screen that only keeps a list. */
function listScreen(): Screen {
  const flashes = new Map<number, number>();
  return { show: (index, flash) => flashes.set(index, flash), shown: (index) => flashes.get(index) ?? -1 };
}

export interface SyncOptions {
  senders: readonly SenderPlan[];
  durationMs: number;
  fps?: number;
  screen?: Screen;
  /** Sees every mixed block. */
  onBlock?: (samples: Int16Array, block: number) => void;
}

interface Watched {
  index: number;
  sender: SimulatedSender;
  /** Start of the first picture that shows a flash. */
  flashesMs: Map<number, number>;
  beepsMs: Map<number, number>;
  /** Flash whose beep is looked for next. */
  nextBeep: number;
}

/** The smallest picture there is; its bytes hold the number of a flash. */
function flashFrame(flash: number): I420Frame {
  const data = new Uint8Array(6);
  new DataView(data.buffer).setInt32(0, flash);
  return { data, width: 2, height: 2, rotation: 0 };
}

function flashOf({ data }: I420Frame): number {
  return new DataView(data.buffer).getInt32(0);
}

/**
 * Plays simulated senders against the recorder's mixer, picture line and timeline, event by event in the order of an injected clock.
 * Pictures are taken and sound is mixed when the timeline says so, as stage and feed do.
 */
export function simulateSync(options: SyncOptions): SyncRun {
  const { senders, durationMs, fps = 15, screen = listScreen(), onBlock } = options;
  const watched = senders.map(
    (plan, index): Watched => ({
      index,
      sender: new SimulatedSender(plan),
      flashesMs: new Map(),
      beepsMs: new Map(),
      nextBeep: 0,
    }),
  );
  const mixer = new AudioMixer(soundKernel);
  mixer.setActive(senders.map(({ userId }) => userId));
  const timeline = new Timeline({ fps, t0Ms: 0 });
  const line = new PictureLine<number>({
    tickMs: 1000 / fps,
    hold: flashOf,
    draw: (userId, _, flash) => screen.show(Number(userId), flash),
    drop() {},
  });
  const run: SyncRun = { pairs: [], ticks: 0, blocks: 0, inOrder: true, flashesDue: 0 };

  const make = ({ ticks, blocks }: ReturnType<Timeline['advance']>) => {
    run.inOrder &&= ticks.from === run.ticks && blocks.from === run.blocks;
    for (let tick = ticks.from; tick < ticks.to; tick++) {
      line.playUntil(pictureMomentMs(tick, fps));
      for (const { index, flashesMs } of watched) {
        const flash = screen.shown(index);
        if (flash >= 0 && !flashesMs.has(flash)) flashesMs.set(flash, videoTimestampNs(tick, fps) / 1e6);
      }
    }
    for (let block = blocks.from; block < blocks.to; block++) {
      const samples = mixer.mix(block);
      onBlock?.(samples, block);
      for (const one of watched) findBeep(one, samples, block * AUDIO_BLOCK_MS);
    }
    run.ticks = ticks.to;
    run.blocks = blocks.to;
  };

  for (;;) {
    const { first, nextMs } = nextArrival(watched);
    if (Math.min(nextMs, timeline.nextDueMs) >= durationMs) break;
    if (timeline.nextDueMs < nextMs) make(timeline.advance(timeline.nextDueMs));
    else if (first.sender.nextAudioMs <= first.sender.nextVideoMs) {
      mixer.push(first.sender.plan.userId, first.sender.takeAudio(), nextMs);
    } else {
      const stampMs = first.sender.nextTimestampMs;
      line.add(`${first.index}`, 'main', flashFrame(first.sender.takePicture()), stampMs, nextMs);
    }
  }
  make(timeline.flush(durationMs));
  for (const one of watched) collect(one, run, durationMs);
  return run;
}

function nextArrival(watched: readonly Watched[]): { first: Watched; nextMs: number } {
  let first = watched[0]!;
  let nextMs = Number.POSITIVE_INFINITY;
  for (const one of watched) {
    const ms = Math.min(one.sender.nextAudioMs, one.sender.nextVideoMs);
    if (ms < nextMs) {
      first = one;
      nextMs = ms;
    }
  }
  return { first, nextMs };
}

/** Looks for the beep that a sender's flash has to have in this block. */
function findBeep(one: Watched, samples: Int16Array, fromMs: number): void {
  for (;;) {
    const dueMs = one.sender.recorderMs(one.sender.flashMs(one.nextBeep));
    if (fromMs + AUDIO_BLOCK_MS <= dueMs - BEFORE_MS) return;
    if (fromMs >= dueMs + AFTER_MS) {
      one.nextBeep++;
      continue;
    }
    const begin = Math.max(0, Math.ceil((dueMs - BEFORE_MS - fromMs) * SAMPLES_PER_MS));
    for (let index = begin; index < samples.length; index++) {
      if (Math.abs(samples[index]!) > ONSET_LEVEL) {
        one.beepsMs.set(one.nextBeep++, fromMs + index / SAMPLES_PER_MS);
        return;
      }
    }
    return;
  }
}

/** Puts a sender's flashes and beeps together. */
function collect({ sender, flashesMs, beepsMs }: Watched, run: SyncRun, durationMs: number): void {
  const { userId } = sender.plan;
  for (let flash = 0; ; flash++) {
    const dueMs = sender.recorderMs(sender.flashMs(flash));
    if (dueMs > durationMs - 2 * AFTER_MS) return;
    run.flashesDue++;
    const flashMs = flashesMs.get(flash);
    const beepMs = beepsMs.get(flash);
    if (flashMs !== undefined && beepMs !== undefined) run.pairs.push({ userId, dueMs, flashMs, beepMs });
  }
}

/** Beep minus flash, in ms: above 0 the sound comes after the picture. */
export function offsetMs({ beepMs, flashMs }: FlashAndBeep): number {
  return beepMs - flashMs;
}

/** Where the beep is against a line without jitter, in ms. */
export function lateMs({ beepMs, dueMs }: FlashAndBeep): number {
  return beepMs - dueMs;
}

export interface OffsetFigures {
  pairs: number;
  /** Of the offsets with their sign: what is off as a whole. */
  medianMs: number;
  /** Of their sizes. */
  p50Ms: number;
  p95Ms: number;
  worstMs: number;
}

export function offsetFigures(pairs: readonly FlashAndBeep[]): OffsetFigures {
  const offsets = pairs.map(offsetMs).sort((a, b) => a - b);
  const sizes = offsets.map(Math.abs).sort((a, b) => a - b);
  const at = (sorted: number[], share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  const round = (value: number | undefined) => Math.round((value ?? Number.NaN) * 10) / 10;
  return {
    pairs: pairs.length,
    medianMs: round(at(offsets, 0.5)),
    p50Ms: round(at(sizes, 0.5)),
    p95Ms: round(at(sizes, 0.95)),
    worstMs: round(sizes.at(-1)),
  };
}

/** Slope of the straight line that lies nearest to the values, ms per hour. */
export function slopeMsPerHour(pairs: readonly FlashAndBeep[], measure: (pair: FlashAndBeep) => number): number {
  const hours = pairs.map(({ dueMs }) => dueMs / 3_600_000);
  const values = pairs.map(measure);
  const meanHour = hours.reduce((sum, hour) => sum + hour, 0) / hours.length;
  const meanValue = values.reduce((sum, value) => sum + value, 0) / values.length;
  let product = 0;
  let square = 0;
  for (const [index, hour] of hours.entries()) {
    product += (hour - meanHour) * (values[index]! - meanValue);
    square += (hour - meanHour) ** 2;
  }
  return product / square;
}
