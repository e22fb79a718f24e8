import { AudioMixer, BLOCK_SAMPLES } from '../../main/capture/mix/audio-mixer.ts';
import { MIXING_DELAY_MS } from '../../main/capture/mix/timeline.ts';
import { randomFrom } from './simulated-senders.ts';
import { soundKernel } from './sound-kernel.ts';

const RATE = 48_000;
const FULL = 32_767;
const DELAY_BLOCKS = MIXING_DELAY_MS / 20;
const VOICE_PITCHES_HZ = [95, 120, 150, 190, 210, 240];
/** Resonances of a throat: frequency and width in Hz. */
const FORMANTS = [
  [700, 130],
  [1220, 170],
  [2600, 250],
] as const;
const TONES_HZ = [300, 420, 610, 830, 1150, 1570];

/** Kinds of six participants who all use the whole range of 16 bits. */
export const TALKER_KINDS = ['voices', 'overdriven voices', 'tones'] as const;
export type TalkerKind = (typeof TALKER_KINDS)[number];

/** Raises (or lowers) a signal to full scale. */
function toFullScale(signal: Float64Array): Int16Array {
  const peak = signal.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return Int16Array.from(signal, (value) => Math.round((value / peak) * FULL));
}

/** Pulses of a voice box through three resonances, in syllables, with a little breath. */
function voice(index: number, seconds: number): Int16Array {
  const random = randomFrom(index + 9);
  const signal = new Float64Array(RATE * seconds);
  const resonators = FORMANTS.map(([hz, widthHz]) => ({
    hz,
    keep: Math.exp((-Math.PI * widthHz) / RATE),
    last: 0,
    before: 0,
  }));
  let phase = 0;
  for (let n = 0; n < signal.length; n++) {
    const at = n / RATE;
    phase += (VOICE_PITCHES_HZ[index]! * (1 + 0.1 * Math.sin(4.4 * at + index))) / RATE;
    let value = (random() - 0.5) * 0.05 - 0.02;
    if (phase >= 1) {
      phase -= 1;
      value += 1;
    }
    for (const resonator of resonators) {
      const hz = resonator.hz * (1 + 0.2 * Math.sin(14.5 * at + index + resonator.hz));
      const turn = 2 * resonator.keep * Math.cos((2 * Math.PI * hz) / RATE);
      value = value * (1 - resonator.keep) + turn * resonator.last - resonator.keep ** 2 * resonator.before;
      resonator.before = resonator.last;
      resonator.last = value;
    }
    signal[n] = value * Math.sqrt(Math.max(0, Math.sin((12.6 + 1.9 * index) * at + 2 * index)));
  }
  return toFullScale(signal);
}

/** What one of six participants sends, at full scale. */
export function talker(kind: TalkerKind, index: number, seconds: number): Int16Array {
  switch (kind) {
    case 'voices':
      return voice(index, seconds);
    case 'overdriven voices':
      return voice(index, seconds).map((sample) => Math.max(-FULL, Math.min(FULL, sample * 4)));
    case 'tones':
      return toFullScale(
        Float64Array.from({ length: RATE * seconds }, (_, n) => Math.sin((2 * Math.PI * TONES_HZ[index]! * n) / RATE)),
      );
  }
}

/** A sine of 48 kHz; `amplitudeOf` gives its amplitude in 16-bit units at each moment. */
export function sine(hz: number, seconds: number, amplitudeOf: (seconds: number) => number): Int16Array {
  return Int16Array.from({ length: RATE * seconds }, (_, n) =>
    Math.round(amplitudeOf(n / RATE) * Math.sin((2 * Math.PI * hz * n) / RATE)),
  );
}

/**
 * Mixes signals that arrive on time, 20 ms at a time. Blocks for which `sends` says no are never sent.
 * @returns the mix, as long as the signals
 */
export function mixDown(
  signals: readonly Int16Array[],
  sends: (signal: number, block: number) => boolean = () => true,
): Int16Array<ArrayBuffer> {
  const mixer = new AudioMixer(soundKernel);
  mixer.setActive(signals.map((_, index) => `user_${index}`));
  const blocks = Math.floor(Math.max(...signals.map(({ length }) => length)) / BLOCK_SAMPLES);
  const mixed = new Int16Array(blocks * BLOCK_SAMPLES);
  for (let block = 0; block < blocks + DELAY_BLOCKS; block++) {
    for (const [index, signal] of signals.entries()) {
      const data = signal.subarray(block * BLOCK_SAMPLES, (block + 1) * BLOCK_SAMPLES);
      if (data.length === BLOCK_SAMPLES && sends(index, block)) {
        mixer.push(`user_${index}`, { data, sampleRate: RATE, channels: 1 }, block * 20);
      }
    }
    const due = block - DELAY_BLOCKS;
    if (due >= 0) mixed.set(mixer.mix(due), due * BLOCK_SAMPLES);
  }
  return mixed;
}
