import { AudioMixer } from '../../main/capture/mix/audio-mixer.ts';
import { AUDIO_BLOCK_MS, Timeline, videoTimestampNs } from '../../main/capture/mix/timeline.ts';
import { type SenderPlan, SimulatedSender } from './simulated-senders.ts';

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
  wallMs: number;
}

export interface SyncOptions {
  senders: readonly SenderPlan[];
  durationMs: number;
  fps?: number;
  /** Sees every mixed block. */
  onBlock?: (samples: Int16Array, block: number) => void;
}

interface Watched {
  sender: SimulatedSender;
  /** Newest flash that the canvas shows. */
  shown: number;
  flashesMs: Map<number, number>;
  beepsMs: Map<number, number>;
  /** Flash whose beep is expected next. */
  nextBeep: number;
}

/**
 * Plays simulated senders against the recorder's mixer and timeline, event by event in the order of an injected clock. The canvas is a
 * log: which flash of whom stands on it. Pictures are taken and sound is mixed when the timeline says so, as the feed does.
 */
export function simulateSync({ senders, durationMs, fps = 15, onBlock }: SyncOptions): SyncRun {
  const watched = senders.map(
    (plan): Watched => ({
      sender: new SimulatedSender(plan),
      shown: -1,
      flashesMs: new Map(),
      beepsMs: new Map(),
      nextBeep: 0,
    }),
  );
  const mixer = new AudioMixer();
  mixer.setActive(senders.map(({ userId }) => userId));
  const timeline = new Timeline({ fps, t0Ms: 0 });
  const run: SyncRun = { pairs: [], ticks: 0, blocks: 0, inOrder: true, wallMs: durationMs };

  const make = ({ ticks, blocks }: ReturnType<Timeline['advance']>) => {
    run.inOrder &&= ticks.from === run.ticks && blocks.from === run.blocks;
    for (let tick = ticks.from; tick < ticks.to; tick++) {
      for (const one of watched) {
        if (one.shown >= 0 && !one.flashesMs.has(one.shown))
          one.flashesMs.set(one.shown, videoTimestampNs(tick, fps) / 1e6);
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
    let first: Watched | null = null;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const one of watched) {
      const ms = Math.min(one.sender.nextAudioMs, one.sender.nextVideoMs);
      if (ms < nextMs) {
        first = one;
        nextMs = ms;
      }
    }
    if (Math.min(nextMs, timeline.nextDueMs) >= durationMs) break;
    if (first === null || timeline.nextDueMs < nextMs) make(timeline.advance(timeline.nextDueMs));
    else if (first.sender.nextAudioMs <= first.sender.nextVideoMs) {
      mixer.push(first.sender.plan.userId, first.sender.takeAudio(), nextMs);
    } else first.shown = first.sender.takePicture();
  }
  make(timeline.flush(durationMs));
  for (const { sender, flashesMs, beepsMs } of watched) {
    for (const [flash, beepMs] of beepsMs) {
      const flashMs = flashesMs.get(flash);
      if (flashMs === undefined) continue;
      run.pairs.push({ userId: sender.plan.userId, dueMs: sender.recorderMs(sender.flashMs(flash)), flashMs, beepMs });
    }
  }
  return run;
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

/** Beep minus flash, in ms: above 0 the sound comes after the picture. */
export function offsetMs({ beepMs, flashMs }: FlashAndBeep): number {
  return beepMs - flashMs;
}

/** Slope of a straight line through the offsets, ms per hour. */
export function slopeMsPerHour(pairs: readonly FlashAndBeep[], valueOf: (pair: FlashAndBeep) => number): number {
  const hours = pairs.map(({ dueMs }) => dueMs / 3_600_000);
  const values = pairs.map(valueOf);
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
