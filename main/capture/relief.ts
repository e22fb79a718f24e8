import { isHardware } from './encode/hardware.ts';
import type { VideoSettings } from './messages.ts';

/** How pictures are encoded now: with which preset, and whether all of them. */
export interface ReliefStep {
  /** 0 is as the recording was set; each step above is lighter. */
  level: number;
  preset: string;
  /** Every so many-th picture is encoded: 1 is all. */
  pictureEvery: number;
}

/** What the steps depend on. */
type ReliefVideo = Pick<VideoSettings, 'preset' | 'fps' | 'coder'>;

/** What an encoder that cannot keep up shows. */
export interface EncoderSigns {
  /** Counted since the recording's process began. */
  picturesSkipped: number;
  /** How far the slowest encoder is behind. */
  longestBacklogMs: number;
}

/** What lighter presets there are, the slowest first. */
const LIGHTER = ['veryfast', 'superfast', 'ultrafast'];
/** Presets from the slowest to the fastest. */
const BY_WEIGHT = ['veryslow', 'slower', 'slow', 'medium', 'fast', 'faster', ...LIGHTER];
/** Fewer pictures a second than this would be a slide show. */
const FEWEST_PICTURES_PER_SECOND = 5;

/** From what was set to the lightest: first the presets, which graphics hardware has none of, then the frame rate. */
export function reliefSteps({ preset, fps, coder }: ReliefVideo): ReliefStep[] {
  const presetsBelow = isHardware(coder) ? [] : LIGHTER;
  const lighter = presetsBelow.filter((name) => BY_WEIGHT.indexOf(name) > BY_WEIGHT.indexOf(preset));
  const presets = [preset, ...lighter];
  const lightest = presets.at(-1) ?? preset;
  const fewer = [2, 3].filter((every) => fps / every >= FEWEST_PICTURES_PER_SECOND);
  return [
    ...presets.map((name) => ({ preset: name, pictureEvery: 1 })),
    ...fewer.map((pictureEvery) => ({ preset: lightest, pictureEvery })),
  ].map((step, level) => ({ level, ...step }));
}

/** Behind by more than this, pictures are about to be left out. */
const STRAINED_MS = 700;
/** Behind by less than this, the encoder keeps up. */
const CALM_MS = 300;
/** A burst of work is no slow machine. */
const STRAINED_FOR_MS = 4_000;
/** Between two steps, so that the first one shows what it does. */
export const STEP_EVERY_MS = 8_000;
/** How long all has to be well before the next better step is tried. */
export const CALM_FOR_MS = 60_000;
/** A better step that did not last is tried ever more rarely, down to this. */
export const LONGEST_CALM_MS = 32 * CALM_FOR_MS;
/** Strain this soon after a better step means that the step was too much; one that lasted longer is held against nobody. */
const RELAPSE_MS = 2 * CALM_FOR_MS;

/**
 * Decides how much an encoder that cannot keep up is relieved. Pure: looks come from outside, about one a second. It steps down within
 * seconds and up after a minute at the earliest; a step up that turns out to be too much doubles the time until the next.
 */
export class Relief {
  readonly #steps: readonly ReliefStep[];
  #level = 0;
  #skipped = 0;
  #strainedSinceMs: number | null = null;
  #calmSinceMs: number | null = null;
  #changedMs = Number.NEGATIVE_INFINITY;
  /** When the last change was one for the better. */
  #steppedUpMs: number | null = null;
  #calmForMs = CALM_FOR_MS;

  constructor(video: ReliefVideo) {
    this.#steps = reliefSteps(video);
  }

  /** What counts now. */
  get step(): ReliefStep {
    return this.#steps[this.#level]!;
  }

  /** @returns the step that counts from now on, or null when nothing changes */
  look(nowMs: number, signs: EncoderSigns): ReliefStep | null {
    const isSkipping = signs.picturesSkipped > this.#skipped;
    this.#skipped = signs.picturesSkipped;
    const isStrained = isSkipping || signs.longestBacklogMs > STRAINED_MS;
    const isCalm = !isSkipping && signs.longestBacklogMs < CALM_MS;
    this.#strainedSinceMs = isStrained ? (this.#strainedSinceMs ?? nowMs) : null;
    this.#calmSinceMs = isCalm ? (this.#calmSinceMs ?? nowMs) : null;
    const sinceMs = (moment: number | null) => (moment === null ? 0 : nowMs - moment);
    if (nowMs - this.#changedMs < STEP_EVERY_MS) return null;
    if (this.#strainedSinceMs !== null && sinceMs(this.#strainedSinceMs) >= STRAINED_FOR_MS) return this.#down(nowMs);
    const calmMs = Math.min(sinceMs(this.#calmSinceMs), nowMs - this.#changedMs);
    return this.#calmSinceMs !== null && calmMs >= this.#calmForMs ? this.#up(nowMs) : null;
  }

  #down(nowMs: number): ReliefStep | null {
    if (this.#steppedUpMs !== null) {
      const isRelapse = nowMs - this.#steppedUpMs < RELAPSE_MS;
      this.#calmForMs = isRelapse ? Math.min(LONGEST_CALM_MS, 2 * this.#calmForMs) : CALM_FOR_MS;
    }
    this.#steppedUpMs = null;
    return this.#change(this.#level + 1, nowMs);
  }

  #up(nowMs: number): ReliefStep | null {
    const step = this.#change(this.#level - 1, nowMs);
    if (step) this.#steppedUpMs = nowMs;
    return step;
  }

  #change(level: number, nowMs: number): ReliefStep | null {
    const step = this.#steps[level];
    if (!step) return null;
    this.#level = level;
    this.#changedMs = nowMs;
    return step;
  }
}
