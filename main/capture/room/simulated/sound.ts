import type { Sound } from './media.ts';

const SOUND_RATE = 48_000;

/** Fills `target` with `samples` interleaved samples of the endless loop, from its sample `first` on, at another rate if need be. */
export function fillSound(
  sound: Sound,
  first: number,
  { sampleRate, channels, samples }: { sampleRate: number; channels: 1 | 2; samples: number },
  target: Int16Array,
): void {
  const step = SOUND_RATE / sampleRate;
  const round = Math.floor(first / sound.loopSamples);
  const isWithinRound = Math.floor((first + (samples - 1) * step) / sound.loopSamples) === round;
  if (!Number.isInteger(step) || !isWithinRound) {
    fillWith((i) => soundAt(sound, first + (i * SOUND_RATE) / sampleRate), channels, samples, target);
    return;
  }
  const begin = first - startOf(sound, round);
  const isInSound = begin >= 0 && begin + samples <= sound.samples.length;
  if (step === 1 && channels === 1 && isInSound) target.set(sound.samples.subarray(begin, begin + samples));
  else fillWith((i) => sound.samples[begin + i * step] ?? 0, channels, samples, target);
}

function fillWith(sampleOf: (i: number) => number, channels: 1 | 2, samples: number, target: Int16Array): void {
  for (let i = 0; i < samples; i += 1) {
    const value = sampleOf(i);
    for (let channel = 0; channel < channels; channel += 1) target[i * channels + channel] = value;
  }
}

/** Sample of the endless loop at a position that need not be whole: interpolated between its neighbours. */
function soundAt(sound: Sound, position: number): number {
  const whole = Math.floor(position);
  const left = sampleAt(sound, whole);
  const fraction = position - whole;
  return fraction === 0 ? left : Math.round(left + (sampleAt(sound, whole + 1) - left) * fraction);
}

function sampleAt(sound: Sound, index: number): number {
  return sound.samples[index - startOf(sound, Math.floor(index / sound.loopSamples))] ?? 0;
}

/** Rounds begin at the first whole sample, so that a loop length with a fraction never adds up to a drift. */
function startOf(sound: Sound, round: number): number {
  return Math.ceil(round * sound.loopSamples);
}
