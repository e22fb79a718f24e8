import { LOOK_AHEAD } from './kernel/sound.ts';
import type { SoundKernel } from './kernel/sound-kernel.ts';
import { type Ceiling, Limiter } from './limiter.ts';
import { MIX_RATE } from './rate-converter.ts';
import { AUDIO_BLOCK_MS } from './timeline.ts';
import type { PcmBlock } from './types.ts';
import { Voice } from './voice.ts';

/** Samples of one mixed block: 20 ms at 48 kHz. */
export const BLOCK_SAMPLES = (MIX_RATE * AUDIO_BLOCK_MS) / 1000;

const FULL_SCALE = 32_768;
/** One talker is not changed; only what a change of his rate lifted above full scale is taken back. */
const SOLO_CEILING: Ceiling = { sample: FULL_SCALE, truePeak: Number.POSITIVE_INFINITY };
/** Highest level of several talkers, also between samples: 2.5 dB below full scale, 1.5 of it for what a lossy coder adds. */
const MIX_LEVEL = FULL_SCALE * 10 ** (-2.5 / 20);
const MIX_CEILING: Ceiling = { sample: MIX_LEVEL, truePeak: MIX_LEVEL };
/** So long after two were heard together the ceiling stays, so that it does not go up and down with every word. 1 s in samples. */
const MIX_HOLD = MIX_RATE;
/** Quieter than this (-60 dB below full scale) nobody counts as a talker. */
const AUDIBLE = 33;

/** How loud the mix and its participants were: root mean square of the loudest 20 ms, 0…1 of full scale. */
export interface Loudest {
  mix: number;
  users: Map<string, number>;
}

function levelOf(energy: number): number {
  return Math.sqrt(energy / BLOCK_SAMPLES) / FULL_SCALE;
}

/**
 * Sums the participants' sound on the recording's timeline, 48 kHz mono. Sound is placed where it arrived (see `Voice`); a muted,
 * stalled or absent participant is silence. A single talker passes unchanged, several together are limited without clipping such that
 * the encoded recording stays 1 dB below full scale, also between its samples.
 *
 * Block n has to be mixed when its end is `MIXING_DELAY_MS` in the past, and nothing of it may be pushed later than that. Mixing
 * earlier, as at the end of a recording, is allowed: what has not come is silence.
 */
export class AudioMixer {
  readonly #voices = new Map<string, Voice>();
  #active: ReadonlySet<string> = new Set();
  readonly #kernel: SoundKernel;
  #limiter: Limiter;
  #nextBlock: number | null = null;
  /** Samples rendered since two talkers were heard together. */
  #sinceSeveral = MIX_HOLD;
  /** Of the loudest block since `takeLoudest`: sum of squares in 16-bit units. */
  #loudestEnergy = 0;

  /** @param kernel may be that of other mixers as well */
  constructor(kernel: SoundKernel) {
    this.#kernel = kernel;
    this.#limiter = new Limiter(kernel);
  }

  /**
   * Who is recorded from now on. Sound of anybody else is ignored; what a participant said before he was taken out is still
   * mixed at its place.
   */
  setActive(userIds: Iterable<string>): void {
    this.#active = new Set(userIds);
  }

  /**
   * Takes over a block of a participant; `block.data` is read before returning.
   * @param arrivalMs when it arrived, in milliseconds on the recording's timeline; its first sample belongs there
   * @throws RangeError for a sample rate that cannot be mixed
   */
  push(userId: string, block: PcmBlock, arrivalMs: number): void {
    if (!this.#active.has(userId)) return;
    let voice = this.#voices.get(userId);
    if (voice === undefined) {
      voice = new Voice(this.#kernel);
      this.#voices.set(userId, voice);
    }
    voice.push(block, arrivalMs);
  }

  /**
   * Mixes block `blockIndex`, the 20 ms from blockIndex·20 ms on. Blocks are asked for one after the other; after a jump the
   * sound goes on at the new place.
   * @param mixed what the 960 samples are written into
   * @returns `mixed`, which belongs to the caller
   */
  mix(blockIndex: number, mixed: Int16Array<ArrayBuffer> = new Int16Array(BLOCK_SAMPLES)): Int16Array<ArrayBuffer> {
    const start = blockIndex * BLOCK_SAMPLES;
    if (blockIndex !== this.#nextBlock) {
      // The limiter gives back what it got 5 ms before: filled with the first 5 ms, it is in step from the first block on.
      this.#limiter = new Limiter(this.#kernel);
      for (const voice of this.#voices.values()) voice.interrupt();
      this.#render(start, LOOK_AHEAD);
    }
    this.#render(start + LOOK_AHEAD, BLOCK_SAMPLES);
    this.#nextBlock = blockIndex + 1;
    for (const [userId, voice] of this.#voices) {
      voice.loudestEnergy = Math.max(voice.loudestEnergy, voice.energy);
      if (voice.isDrained && !this.#active.has(userId)) this.#voices.delete(userId);
    }
    this.#loudestEnergy = Math.max(this.#loudestEnergy, this.#kernel.toPcm(BLOCK_SAMPLES));
    mixed.set(this.#kernel.scratch.pcm.subarray(0, BLOCK_SAMPLES));
    return mixed;
  }

  /** Level of a participant in the block mixed last: root mean square, 0…1 of full scale. */
  rms(userId: string): number {
    const voice = this.#voices.get(userId);
    return voice === undefined ? 0 : levelOf(voice.energy);
  }

  /** Levels of the loudest blocks since the last call: root mean square, 0…1 of full scale. Who was not heard is missing. */
  takeLoudest(): Loudest {
    const users = new Map<string, number>();
    for (const [userId, voice] of this.#voices) {
      users.set(userId, levelOf(voice.loudestEnergy));
      voice.loudestEnergy = 0;
    }
    const mix = levelOf(this.#loudestEnergy);
    this.#loudestEnergy = 0;
    return { mix, users };
  }

  /** Sums `count` samples of all voices into the kernel's `sum` and passes them through the limiter. */
  #render(at: number, count: number): void {
    const samples = this.#kernel.scratch.sum.subarray(0, count);
    samples.fill(0);
    let talkers = 0;
    for (const voice of this.#voices.values()) {
      voice.render(at, count);
      if (voice.peak > AUDIBLE) talkers++;
    }
    this.#sinceSeveral = talkers > 1 ? 0 : this.#sinceSeveral + count;
    this.#limiter.process(samples, this.#sinceSeveral < MIX_HOLD ? MIX_CEILING : SOLO_CEILING);
  }
}
