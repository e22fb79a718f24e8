import { isDeepStrictEqual } from 'node:util';
import type { HardwareEncoder } from '../../shared/encoders.ts';
import type { FfmpegFound } from '../capture/encode/ffmpeg.ts';
import type { Clock, Timeout } from '../delivery/clock.ts';
import type { Logger } from '../logging.ts';
import type { Settings } from '../settings/settings.ts';
import type { MeasureTask } from './measure.ts';
import type { Machine } from './model.ts';
import {
  ASSUMED_PRESET,
  ASSUMED_SPEED,
  type Conditions,
  type Measurement,
  parseMeasurement,
  type Speed,
  withPreset,
} from './speed.ts';

export interface MeasuringDeps {
  facts: { get(key: string): string | null; set(key: string, value: string): void };
  /** Read anew each time. */
  settings: Pick<Settings, 'video' | 'audio'>;
  /** Null when none works: nothing can be measured then, and nothing recorded. */
  ffmpeg: Pick<FfmpegFound, 'path' | 'version' | 'hasFpsMode'> | null;
  /** The encoder of graphics hardware that recordings get; null for x264. */
  hardware(): HardwareEncoder | null;
  machine: Machine & { cpu: string };
  /** Makes an empty directory for a measurement. */
  directory(): string;
  /** Whether nothing is recorded or has to be done now. */
  isQuiet(): boolean;
  measure(task: MeasureTask, signal: AbortSignal): Promise<Speed>;
  /** A measurement was kept. */
  onMeasured(measurement: Measurement): void;
  clock: Clock;
  log: Logger;
}

const FACT = 'capacity';
const SOFTWARE = 'libx264';
/** Between the box's start, or a quiet moment, and a look at whether there is something to measure. */
const LOOK_EVERY_MS = 20_000;
/** A measurement that failed is not tried again by itself before this. */
const RETRY_AFTER_MS = 3_600_000;
/** More encoders than this at a time tell nothing new. */
const MOST_PARALLEL = 8;

/** Keeps what the machine was measured to do, and measures it again when that would come out otherwise. */
export class Measuring {
  readonly #deps: MeasuringDeps;
  #kept: Measurement | null;
  #running: { done: Promise<void>; giveWay: AbortController } | null = null;
  #failure: { atMs: number; message: string } | null = null;
  #timer: Timeout | null = null;

  constructor(deps: MeasuringDeps) {
    this.#deps = deps;
    this.#kept = parseMeasurement(deps.facts.get(FACT));
  }

  get kept(): Measurement | null {
    return this.#kept;
  }

  /** `due`: what is kept is not what would be measured now. */
  get state(): 'idle' | 'due' | 'measuring' {
    if (this.#running) return 'measuring';
    return this.#deps.ffmpeg === null || this.#isUpToDate() ? 'idle' : 'due';
  }

  /** Why the last measurement failed; null when it did not. */
  get problem(): string | null {
    return this.#failure?.message ?? null;
  }

  /**
   * What the pieces cost with the encoder and the preset that are set, as far as that is known. Graphics hardware that was not measured
   * counts as x264, which costs more.
   */
  speed(): Speed {
    const { preset } = this.#deps.settings.video;
    const measuredWith = this.#kept?.conditions.encoder;
    if (this.#kept && measuredWith !== SOFTWARE && measuredWith === this.#encoder) return this.#kept.speed;
    const { speed, conditions } =
      measuredWith === SOFTWARE && this.#kept
        ? this.#kept
        : { speed: ASSUMED_SPEED, conditions: { preset: ASSUMED_PRESET } };
    return withPreset(speed, conditions.preset, preset);
  }

  /** Begins to measure; whoever calls knows that nothing else has to be done. */
  begin(): void {
    const giveWay = new AbortController();
    const done = this.#measure(giveWay.signal).finally(() => {
      this.#running = null;
    });
    this.#running = { done, giveWay };
  }

  giveWay(): void {
    this.#running?.giveWay.abort(new Error('a recording begins'));
  }

  start(): void {
    this.#timer = this.#deps.clock.setTimeout(() => this.#look(), LOOK_EVERY_MS);
  }

  /** Ends a measurement that runs; resolves when it is gone. */
  async stop(): Promise<void> {
    if (this.#timer) this.#deps.clock.clearTimeout(this.#timer);
    this.#running?.giveWay.abort(new Error('the box is stopping'));
    await this.#running?.done;
  }

  #look(): void {
    this.start();
    const { clock, isQuiet } = this.#deps;
    const hasFailed = this.#failure !== null && clock.now() - this.#failure.atMs < RETRY_AFTER_MS;
    if (this.state === 'due' && !hasFailed && isQuiet()) this.begin();
  }

  #isUpToDate(): boolean {
    return isDeepStrictEqual(this.#kept?.conditions ?? null, this.#conditions());
  }

  get #encoder(): string {
    return this.#deps.hardware() ?? SOFTWARE;
  }

  #conditions(): Conditions | null {
    const { ffmpeg, settings, machine } = this.#deps;
    if (ffmpeg === null) return null;
    const { preset, crf, width, height, fps } = settings.video;
    return {
      ...{ ffmpegPath: ffmpeg.path, ffmpegVersion: ffmpeg.version, encoder: this.#encoder },
      ...{ preset, crf, width, height, fps, cpu: machine.cpu, cores: machine.cores },
    };
  }

  async #measure(signal: AbortSignal): Promise<void> {
    const { ffmpeg, settings, machine, directory, measure, clock, log } = this.#deps;
    // Settings may change meanwhile; what is measured is what was set before.
    const conditions = this.#conditions();
    const { layout: _, encoder: __, ...video } = structuredClone(settings.video);
    const coder = this.#deps.hardware();
    if (ffmpeg === null || conditions === null) return;
    try {
      const task = {
        ffmpeg: { path: ffmpeg.path, hasFpsMode: ffmpeg.hasFpsMode },
        video: coder === null ? video : { ...video, coder },
        ...{ audio: { ...settings.audio }, directory: directory() },
        // Graphics hardware may refuse a second encoder, and is not what is measured.
        parallel: coder === null ? Math.min(machine.cores, MOST_PARALLEL) : 1,
      };
      this.#keep({ conditions, speed: await measure(task, signal), atMs: clock.now() });
    } catch (error) {
      if (signal.aborted) return;
      this.#failure = { atMs: clock.now(), message: error instanceof Error ? error.message : 'unknown' };
      log.warn({ err: error }, 'the machine could not be measured');
    }
  }

  #keep(measurement: Measurement): void {
    const { facts, onMeasured, log } = this.#deps;
    this.#kept = measurement;
    this.#failure = null;
    try {
      facts.set(FACT, JSON.stringify(measurement));
      onMeasured(measurement);
    } catch (error) {
      log.error({ err: error }, 'the measurement could not be written down');
    }
  }
}
