import type { PcmBlock } from '../../main/capture/mix/types.ts';

/** Numbers 0…1, the same ones for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * How late things come, beyond the constant part of the way. `uniform`: anything up to the most, each independent; `spiky`: one in ten
 * up to the most, the others within 2 % of it; `waves`: slowly swelling and falling; `tail`: mostly little, seldom the most.
 */
export interface JitterPlan {
  kind: 'none' | 'uniform' | 'spiky' | 'waves' | 'tail';
  maxMs: number;
}

export interface SenderPlan {
  userId: string;
  seed: number;
  /** Recorder's time at which his first picture and first sample are due. */
  startMs: number;
  /** His clock against the recorder's: above 0 his seconds are longer, so he sends more slowly than he says. */
  clockPpm: number;
  audio: { sampleRate: number; channels: 1 | 2; jitter: JitterPlan; lostShare: number };
  video: { fps: number; jitter: JitterPlan };
  /** The line stands still and then gives everything at once; recorder's time. */
  stalls: readonly { atMs: number; durationMs: number }[];
  /** The way becomes longer (or shorter) for good; recorder's time. */
  steps: readonly { atMs: number; shiftMs: number }[];
  /**
   * Flash and beep come together about every so many ms, first `flashPhaseMs` after he began; by the recorder's clock, so that the turns
   * of participants with different clocks stay apart for hours.
   */
  flashPeriodMs: number;
  flashPhaseMs: number;
  /** Sound besides the beeps, in 16-bit units, by his time in seconds; null is silence. */
  sound: ((seconds: number) => number) | null;
}

export const AUDIO_MS = 20;
export const BEEP_MS = 60;
const BEEP_HZ = 1000;
const BEEP_AMPLITUDE = 12_000;

/** A calm sender on a perfect line; take what differs from it. */
export function calmSender(userId: string): SenderPlan {
  const jitter: JitterPlan = { kind: 'none', maxMs: 0 };
  return {
    userId,
    seed: 1,
    startMs: 0,
    clockPpm: 0,
    audio: { sampleRate: 48_000, channels: 1, jitter, lostShare: 0 },
    video: { fps: 15, jitter },
    stalls: [],
    steps: [],
    flashPeriodMs: 3600,
    flashPhaseMs: 500,
    sound: null,
  };
}

function jitterFrom(plan: JitterPlan, random: () => number): () => number {
  const { kind, maxMs } = plan;
  let phase = random() * 2 * Math.PI;
  switch (kind) {
    case 'none':
      return () => 0;
    case 'uniform':
      return () => random() * maxMs;
    case 'spiky':
      return () => random() * maxMs * (random() < 0.1 ? 1 : 0.02);
    case 'waves':
      return () => {
        phase += 0.02 + 0.02 * random();
        return ((1 + Math.sin(phase)) / 2) * 0.9 * maxMs + random() * 0.1 * maxMs;
      };
    case 'tail':
      return () => maxMs * random() ** 6;
  }
}

/** Something on its way: never before what was sent before it. */
class Line {
  readonly #plan: SenderPlan;
  readonly #jitter: () => number;
  #newestMs = Number.NEGATIVE_INFINITY;

  constructor(plan: SenderPlan, jitter: () => number) {
    this.#plan = plan;
    this.#jitter = jitter;
  }

  /** When something arrives that is due at `dueMs` of the recorder's time. */
  arrivalMs(dueMs: number): number {
    const { stalls, steps } = this.#plan;
    let arrivalMs = dueMs + this.#jitter();
    for (const { atMs, shiftMs } of steps) if (dueMs >= atMs) arrivalMs += shiftMs;
    for (const { atMs, durationMs } of stalls) {
      if (arrivalMs >= atMs && arrivalMs < atMs + durationMs) arrivalMs = atMs + durationMs;
    }
    this.#newestMs = Math.max(this.#newestMs, arrivalMs);
    return this.#newestMs;
  }
}

/**
 * One participant as the room's listener would meet him: blocks of sound and pictures, each at its arrival. Flash number f is in the
 * first picture at or after its time, and the beep's first sample belongs to the very same moment.
 */
export class SimulatedSender {
  readonly plan: SenderPlan;
  readonly #audioLine: Line;
  readonly #videoLine: Line;
  readonly #random: () => number;
  readonly #samples: Int16Array;
  readonly #framesPerBlock: number;
  /** Recorder's milliseconds in one of the sender's. */
  readonly #clockRate: number;
  #block = -1;
  #frame = -1;
  /** Recorder's time at which the next block and the next picture arrive. */
  nextAudioMs = 0;
  nextVideoMs = 0;
  blocksLost = 0;

  constructor(plan: SenderPlan) {
    this.plan = plan;
    this.#clockRate = 1 + plan.clockPpm / 1e6;
    this.#random = randomFrom(plan.seed);
    this.#audioLine = new Line(plan, jitterFrom(plan.audio.jitter, randomFrom(plan.seed + 1)));
    this.#videoLine = new Line(plan, jitterFrom(plan.video.jitter, randomFrom(plan.seed + 2)));
    this.#framesPerBlock = (plan.audio.sampleRate * AUDIO_MS) / 1000;
    this.#samples = new Int16Array(this.#framesPerBlock * plan.audio.channels);
    this.#nextBlock();
    this.#nextFrame();
  }

  /** Recorder's time that belongs to a moment of the sender's time on a line without jitter. */
  recorderMs(senderMs: number): number {
    return this.plan.startMs + senderMs * this.#clockRate;
  }

  /** Sender's time of flash f: that of the first picture at or after its wish. */
  flashMs(flash: number): number {
    const { flashPhaseMs, flashPeriodMs, video } = this.plan;
    const wishMs = (flashPhaseMs + flash * flashPeriodMs) / this.#clockRate;
    const frame = Math.ceil((wishMs * video.fps) / 1000 - 1e-9);
    return (frame * 1000) / video.fps;
  }

  /** Number of the newest flash whose time has come at a moment of the sender's time; below 0 before the first. */
  #flashAt(senderMs: number): number {
    const { flashPhaseMs, flashPeriodMs } = this.plan;
    return Math.floor((senderMs * this.#clockRate - flashPhaseMs) / flashPeriodMs);
  }

  /** The block that arrives at `nextAudioMs`; its buffer is overwritten by the next one. */
  takeAudio(): PcmBlock {
    const { sampleRate, channels } = this.plan.audio;
    this.#fill(this.#block * AUDIO_MS);
    this.#nextBlock();
    return { data: this.#samples, sampleRate, channels };
  }

  /** Time stamp of the picture that arrives at `nextVideoMs`, by the sender's clock; as the SDK gives it, in whole milliseconds. */
  get nextTimestampMs(): number {
    return Math.round(this.#frame * (1000 / this.plan.video.fps)) + 1;
  }

  /** What the picture that arrives at `nextVideoMs` shows: the number of the newest flash, -1 before the first. */
  takePicture(): number {
    const shownMs = (this.#frame * 1000) / this.plan.video.fps;
    let flash = this.#flashAt(shownMs) + 1;
    while (flash >= 0 && this.flashMs(flash) > shownMs + 1e-6) flash--;
    this.#nextFrame();
    return flash;
  }

  #nextBlock(): void {
    this.#block++;
    while (this.#random() < this.plan.audio.lostShare) {
      this.#block++;
      this.blocksLost++;
    }
    this.nextAudioMs = this.#audioLine.arrivalMs(this.recorderMs(this.#block * AUDIO_MS));
  }

  #nextFrame(): void {
    this.#frame++;
    this.nextVideoMs = this.#videoLine.arrivalMs(this.recorderMs((this.#frame * 1000) / this.plan.video.fps));
  }

  #fill(fromMs: number): void {
    const { sound, audio } = this.plan;
    const samples = this.#samples;
    const flash = this.#flashAt(fromMs + AUDIO_MS);
    // The beep waits for a picture, so that of the flash before may still be under way.
    const beepsMs = [flash - 1, flash]
      .filter((number) => number >= 0)
      .map((number) => this.flashMs(number))
      .filter((beepMs) => beepMs < fromMs + AUDIO_MS && beepMs + BEEP_MS > fromMs);
    if (sound === null && beepsMs.length === 0) {
      samples.fill(0);
      return;
    }
    for (let frame = 0; frame < this.#framesPerBlock; frame++) {
      const ms = fromMs + (frame * 1000) / audio.sampleRate;
      let value = sound === null ? 0 : sound(ms / 1000);
      for (const beepMs of beepsMs) {
        const sinceMs = ms - beepMs;
        if (sinceMs >= 0 && sinceMs < BEEP_MS)
          value += BEEP_AMPLITUDE * Math.sin((2 * Math.PI * BEEP_HZ * sinceMs) / 1000);
      }
      const rounded = Math.max(-32_768, Math.min(32_767, Math.round(value)));
      for (let channel = 0; channel < audio.channels; channel++) samples[frame * audio.channels + channel] = rounded;
    }
  }
}
